# SPDX-License-Identifier: Apache-2.0
noinst_LIBRARIES += libbuilder.a
libbuilder_a_SOURCES = \
	builder/users.c builder/users.h

check_PROGRAMS += tests/unit/builder_users
TESTS += tests/unit/builder_users
tests_unit_builder_users_SOURCES = tests/unit/builder_users.c tests/unit/check.h
tests_unit_builder_users_LDADD = libbuilder.a libcommon.a
