# SPDX-License-Identifier: Apache-2.0
noinst_LIBRARIES += liboci.a
liboci_a_CFLAGS = $(AM_CFLAGS) $(ARCHIVE_CFLAGS) $(YAJL_CFLAGS)
liboci_a_SOURCES = \
	oci/archive.h \
	oci/config.h \
	oci/digest.c \
	oci/digest.h \
	oci/entry.h \
	oci/image.h \
	oci/json.c \
	oci/json.h \
	oci/json_writer.c \
	oci/json_writer.h \
	oci/labels.c \
	oci/labels.h \
	oci/layer_reader.h \
	oci/layer_writer.h \
	oci/limits.h \
	oci/manifest.h \
	oci/quote.c \
	oci/quote.h \
	oci/reference.c \
	oci/reference.h \
	oci/store.h \
	oci/time.c \
	oci/time.h \
	oci/utf8.c \
	oci/utf8.h

check_PROGRAMS += tests/unit/oci_json
TESTS += tests/unit/oci_json
tests_unit_oci_json_SOURCES = tests/unit/oci_json.c tests/unit/check.h
tests_unit_oci_json_LDADD = liboci.a libcommon.a $(ARCHIVE_LIBS) $(YAJL_LIBS) $(CRYPTO_LIBS)
check_PROGRAMS += tests/unit/oci_reference
TESTS += tests/unit/oci_reference
tests_unit_oci_reference_SOURCES = tests/unit/oci_reference.c tests/unit/check.h
tests_unit_oci_reference_LDADD = liboci.a libcommon.a $(ARCHIVE_LIBS) $(YAJL_LIBS) $(CRYPTO_LIBS)
