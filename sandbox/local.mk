# SPDX-License-Identifier: Apache-2.0

# The init: static and without sanitizers (it runs where no library is, as pid 1, with its address space forked not exec'd),
# stripped because all of it is copied into memory by every build that runs something.
noinst_PROGRAMS += sandbox/bryo-init
sandbox_bryo_init_CFLAGS = -std=gnu11 $(WARN_CFLAGS) -fvisibility=hidden -ffunction-sections -fdata-sections -fstack-protector-strong
sandbox_bryo_init_LDFLAGS = -static -Wl,--gc-sections -Wl,-s
sandbox_bryo_init_SOURCES = \
	sandbox/init/attach.c \
	sandbox/init/command.c \
	sandbox/init/deliver.c \
	sandbox/init/descriptors.c \
	sandbox/init/emulate.c \
	sandbox/init/execute.c \
	sandbox/init/filter.c \
	sandbox/init/identity.c \
	sandbox/init/init.h \
	sandbox/init/main.c \
	sandbox/init/mounts.c \
	sandbox/init/outer.c \
	sandbox/init/ready.c \
	sandbox/init/resolve.c \
	sandbox/init/root.c \
	sandbox/init/stage.c \
	sandbox/init/syscalls.h \
	sandbox/init/terminal.c \
	sandbox/limits.c sandbox/limits.h \
	sandbox/protocol.c sandbox/protocol.h \
	sandbox/sandbox.h

noinst_LIBRARIES += libsandbox.a
libsandbox_a_SOURCES = \
	sandbox/emulator.c \
	sandbox/helper.c sandbox/helper.h \
	sandbox/hint.c sandbox/hint.h \
	sandbox/idmap.c sandbox/idmap.h \
	sandbox/limits.c sandbox/limits.h \
	sandbox/mapping.c sandbox/mapping.h \
	sandbox/output.c sandbox/output.h \
	sandbox/private.h \
	sandbox/program.c sandbox/program.h \
	sandbox/protocol.c sandbox/protocol.h \
	sandbox/report.c sandbox/report.h \
	sandbox/sandbox.c sandbox/sandbox.h \
	sandbox/stage.c

# program.c takes the init in with .incbin, which no dependency tracking sees
sandbox/program.$(OBJEXT): sandbox/bryo-init$(EXEEXT)

sandbox_test_ldadd = libsandbox.a libcommon.a $(CRYPTO_LIBS)
sandbox_test_headers = tests/unit/sandbox_fixture.h tests/unit/unprivileged.h tests/unit/check.h

# what tests put into their root
check_PROGRAMS += tests/unit/sandbox_inside
tests_unit_sandbox_inside_SOURCES = tests/unit/sandbox_inside.c
tests_unit_sandbox_inside_CFLAGS = -std=gnu11 $(WARN_CFLAGS)
tests_unit_sandbox_inside_LDFLAGS = -static

check_PROGRAMS += tests/unit/sandbox_run
TESTS += tests/unit/sandbox_run
tests_unit_sandbox_run_SOURCES = tests/unit/sandbox_run.c $(sandbox_test_headers)
tests_unit_sandbox_run_LDADD = $(sandbox_test_ldadd)

check_PROGRAMS += tests/unit/sandbox_refuse
TESTS += tests/unit/sandbox_refuse
tests_unit_sandbox_refuse_SOURCES = tests/unit/sandbox_refuse.c $(sandbox_test_headers)
tests_unit_sandbox_refuse_LDADD = $(sandbox_test_ldadd)

check_PROGRAMS += tests/unit/sandbox_terminal
TESTS += tests/unit/sandbox_terminal
tests_unit_sandbox_terminal_SOURCES = tests/unit/sandbox_terminal.c $(sandbox_test_headers)
tests_unit_sandbox_terminal_LDADD = $(sandbox_test_ldadd)

check_PROGRAMS += tests/unit/sandbox_kill
TESTS += tests/unit/sandbox_kill
tests_unit_sandbox_kill_SOURCES = tests/unit/sandbox_kill.c $(sandbox_test_headers)
tests_unit_sandbox_kill_LDADD = $(sandbox_test_ldadd)

check_PROGRAMS += tests/unit/sandbox_fallback
TESTS += tests/unit/sandbox_fallback
tests_unit_sandbox_fallback_SOURCES = tests/unit/sandbox_fallback.c $(sandbox_test_headers)
tests_unit_sandbox_fallback_LDADD = $(sandbox_test_ldadd)

check_PROGRAMS += tests/unit/sandbox_hint
TESTS += tests/unit/sandbox_hint
tests_unit_sandbox_hint_SOURCES = tests/unit/sandbox_hint.c $(sandbox_test_headers)
tests_unit_sandbox_hint_LDADD = $(sandbox_test_ldadd)

check_PROGRAMS += tests/unit/sandbox_idmap
TESTS += tests/unit/sandbox_idmap
tests_unit_sandbox_idmap_SOURCES = tests/unit/sandbox_idmap.c tests/unit/check.h
tests_unit_sandbox_idmap_LDADD = $(sandbox_test_ldadd)

check_PROGRAMS += tests/unit/sandbox_protocol
TESTS += tests/unit/sandbox_protocol
tests_unit_sandbox_protocol_SOURCES = tests/unit/sandbox_protocol.c tests/unit/check.h
tests_unit_sandbox_protocol_LDADD = $(sandbox_test_ldadd)

check_PROGRAMS += tests/unit/sandbox_resolve
TESTS += tests/unit/sandbox_resolve
tests_unit_sandbox_resolve_SOURCES = tests/unit/sandbox_resolve.c sandbox/init/resolve.c $(sandbox_test_headers)
tests_unit_sandbox_resolve_LDADD = $(sandbox_test_ldadd)

check_PROGRAMS += tests/unit/sandbox_direct
TESTS += tests/unit/sandbox_direct
tests_unit_sandbox_direct_SOURCES = tests/unit/sandbox_direct.c $(sandbox_test_headers)
tests_unit_sandbox_direct_LDADD = $(sandbox_test_ldadd)

check_PROGRAMS += tests/unit/sandbox_fuse
TESTS += tests/unit/sandbox_fuse
tests_unit_sandbox_fuse_SOURCES = tests/unit/sandbox_fuse.c $(sandbox_test_headers)
tests_unit_sandbox_fuse_LDADD = $(sandbox_test_ldadd)

# prints figures, has no opinion
check_PROGRAMS += tests/unit/sandbox_speed
tests_unit_sandbox_speed_SOURCES = tests/unit/sandbox_speed.c $(sandbox_test_headers)
tests_unit_sandbox_speed_LDADD = $(sandbox_test_ldadd)

check_PROGRAMS += tests/unit/sandbox_filter
TESTS += tests/unit/sandbox_filter
tests_unit_sandbox_filter_SOURCES = tests/unit/sandbox_filter.c $(sandbox_test_headers)
tests_unit_sandbox_filter_LDADD = $(sandbox_test_ldadd)
