# SPDX-License-Identifier: Apache-2.0
noinst_LIBRARIES += liboci.a
liboci_a_CFLAGS = $(AM_CFLAGS) $(ARCHIVE_CFLAGS) $(YAJL_CFLAGS)
liboci_a_SOURCES = \
	oci/archive.h \
	oci/config.h \
	oci/digest.h \
	oci/entry.h \
	oci/image.h \
	oci/json.h \
	oci/json_writer.h \
	oci/labels.h \
	oci/layer_reader.h \
	oci/layer_writer.h \
	oci/limits.h \
	oci/manifest.h \
	oci/quote.h \
	oci/reference.h \
	oci/store.h \
	oci/time.h
