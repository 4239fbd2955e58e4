# SPDX-License-Identifier: Apache-2.0
noinst_LIBRARIES += libcommon.a
libcommon_a_CFLAGS = $(AM_CFLAGS) $(CRYPTO_CFLAGS)
libcommon_a_SOURCES = \
	common/buffer.c common/buffer.h \
	common/crew.c common/crew.h \
	common/environment.c common/environment.h \
	common/error.c common/error.h \
	common/fd.c common/fd.h \
	common/log.c common/log.h \
	common/map.c common/map.h \
	common/memory.c common/memory.h \
	common/path.c common/path.h \
	common/redact.c common/redact.h \
	common/rooted.c common/rooted.h \
	common/sha256.c common/sha256.h \
	common/sha256_ahead.c common/sha256_ahead.h \
	common/siphash.c common/siphash.h \
	common/spawn.c common/spawn.h \
	common/strv.c common/strv.h

check_PROGRAMS += tests/unit/common_rooted
TESTS += tests/unit/common_rooted
tests_unit_common_rooted_SOURCES = tests/unit/common_rooted.c tests/unit/check.h
tests_unit_common_rooted_LDADD = libcommon.a $(CRYPTO_LIBS)

check_PROGRAMS += tests/unit/common_sha256_ahead
TESTS += tests/unit/common_sha256_ahead
tests_unit_common_sha256_ahead_SOURCES = tests/unit/common_sha256_ahead.c tests/unit/check.h
tests_unit_common_sha256_ahead_LDADD = libcommon.a $(CRYPTO_LIBS)

check_PROGRAMS += tests/unit/common_map
TESTS += tests/unit/common_map
tests_unit_common_map_SOURCES = tests/unit/common_map.c tests/unit/check.h
tests_unit_common_map_LDADD = libcommon.a $(CRYPTO_LIBS)

check_PROGRAMS += tests/unit/common_values
TESTS += tests/unit/common_values
tests_unit_common_values_SOURCES = tests/unit/common_values.c tests/unit/check.h
tests_unit_common_values_LDADD = libcommon.a $(CRYPTO_LIBS)
