# SPDX-License-Identifier: Apache-2.0
# A room adds its unit tests to check_PROGRAMS and TESTS. One runner takes them, the house's own
# checks and the end-to-end tests, so that one line counts all of them.
EXTRA_DIST += tests/run tests/skips.txt tests/tsan.supp tests/apps tests/e2e tests/everything tests/fixtures tests/golden tests/house tests/model/corpus tests/mutations tests/soak tests/servers

# The file system probe: static and without sanitizers, since it runs inside of images.
check_PROGRAMS += tests/fs/probe
tests_fs_probe_CFLAGS = -std=gnu11 $(WARN_CFLAGS)
tests_fs_probe_LDFLAGS = -static
tests_fs_probe_SOURCES = \
	tests/fs/acl.c \
	tests/fs/bytes.c \
	tests/fs/caps.c \
	tests/fs/copies.c \
	tests/fs/dirs.c \
	tests/fs/holes.c \
	tests/fs/identity.c \
	tests/fs/links.c \
	tests/fs/listing.c \
	tests/fs/locks.c \
	tests/fs/maps.c \
	tests/fs/modes.c \
	tests/fs/names.c \
	tests/fs/open_files.c \
	tests/fs/owners.c \
	tests/fs/probe.c tests/fs/probe.h \
	tests/fs/renames.c \
	tests/fs/special.c \
	tests/fs/times.c \
	tests/fs/trees.c \
	tests/fs/xattrs.c \
	common/memory.c common/memory.h

# The model checker of the union file system: doc/model-checking.md.
check_PROGRAMS += tests/model/union
TESTS += tests/model/union
tests_model_union_SOURCES = \
	tests/model/args.c tests/model/args.h \
	tests/model/channel.c tests/model/channel.h \
	tests/model/client.c tests/model/client.h \
	tests/model/compare.c tests/model/compare.h \
	tests/model/corpus.c tests/model/corpus.h \
	tests/model/generate.c tests/model/generate.h \
	tests/model/kinds.c \
	tests/model/mounts.c tests/model/mounts.h \
	tests/model/op.c tests/model/op.h \
	tests/model/ops.h \
	tests/model/ops_attrs.c \
	tests/model/ops_bytes.c \
	tests/model/ops_dirs.c \
	tests/model/ops_holes.c \
	tests/model/ops_locks.c \
	tests/model/ops_maps.c \
	tests/model/ops_names.c \
	tests/model/ops_open.c \
	tests/model/ops_special.c \
	tests/model/ops_xattrs.c \
	tests/model/run.c tests/model/run.h \
	tests/model/shrink.c tests/model/shrink.h \
	tests/model/side.c tests/model/side.h \
	tests/model/stage.c tests/model/stage.h \
	tests/model/union.c
tests_model_union_LDADD = libbuilder.a libdockerfile.a liboverlay.a libsandbox.a liboci.a libcommon.a \
	$(FUSE_LIBS) $(CAP_LIBS) $(ARCHIVE_LIBS) $(YAJL_LIBS) $(CRYPTO_LIBS)

CHECK_SUITES = unit house e2e
# left out of the suite `brief`, that is of the unit tests of a second build of the same sources
long_tests = tests/model/union tests/unit/dockerfile_hostile tests/unit/overlay_server_loop
CHECK_FLAGS =
SOAK_ROUNDS = 10

# Stands in for the target that automake would make out of TESTS.
check-TESTS: $(check_PROGRAMS) $(bin_PROGRAMS)
	@selected=; \
	for suite in $(CHECK_SUITES); do \
		case $$suite in \
		unit) selected="$$selected $(TESTS)" ;; \
		brief) selected="$$selected $(filter-out $(long_tests), $(TESTS))" ;; \
		house) selected="$$selected $(abs_top_srcdir)/tests/house" ;; \
		e2e) selected="$$selected $(abs_top_srcdir)/tests/e2e" ;; \
		*) echo "no suite is called $$suite: there are unit, brief, house and e2e" >&2; exit 1 ;; \
		esac; \
	done; \
	$(abs_top_srcdir)/tests/run --build $(abs_top_builddir) $(CHECK_FLAGS) $$selected

# For tools/test, which runs the suites of several builds under one count.
check-programs: $(check_PROGRAMS)

# For tools/fuzz.
fuzz-programs: $(filter tests/fuzz/%, $(check_PROGRAMS))

print-unit-tests:
	@echo $(TESTS)

# Long runs: random kills on one store, the end-to-end tests again and again and under ThreadSanitizer, then sequences of the model checker until stopped.
soak: all $(check_PROGRAMS)
	$(abs_top_srcdir)/tests/run --build $(abs_top_builddir) $(CHECK_FLAGS) $(abs_top_srcdir)/tests/soak
	$(abs_top_srcdir)/tests/run --build $(abs_top_builddir) $(CHECK_FLAGS) --repeat $(SOAK_ROUNDS) $(abs_top_srcdir)/tests/e2e
	$(abs_top_srcdir)/tools/test --threads
	$(abs_top_srcdir)/tools/as-user $(abs_top_builddir)/tests/model/union --sequences 0

.PHONY: check-TESTS check-programs fuzz-programs print-unit-tests soak
