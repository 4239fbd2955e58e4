# SPDX-License-Identifier: Apache-2.0
noinst_LIBRARIES += liboverlay.a
liboverlay_a_CFLAGS = $(AM_CFLAGS) $(CRYPTO_CFLAGS)
liboverlay_a_SOURCES = \
	overlay/acl.c overlay/acl.h \
	overlay/body.c overlay/body.h \
	overlay/change.c overlay/change.h \
	overlay/data.c overlay/data.h \
	overlay/edit.c overlay/edit.h \
	overlay/file.c overlay/file.h \
	overlay/graft.c \
	overlay/index.h \
	overlay/index_format.h \
	overlay/index_open.c \
	overlay/index_read.c overlay/index_read.h \
	overlay/index_walk.c \
	overlay/index_write.c overlay/index_write.h \
	overlay/layer.c \
	overlay/links.c \
	overlay/list.c overlay/list.h \
	overlay/names.c overlay/names.h \
	overlay/node.c overlay/node.h \
	overlay/ops.c overlay/ops.h \
	overlay/ops_data.c \
	overlay/path.c overlay/path.h \
	overlay/read.c \
	overlay/report.c overlay/report.h \
	overlay/seal.c overlay/seal.h \
	overlay/seal_emit.c \
	overlay/seal_mark.c \
	overlay/source.c overlay/source.h \
	overlay/stub.c \
	overlay/tree.c overlay/tree.h \
	overlay/view.c overlay/view.h \
	overlay/xattrs.c overlay/xattrs.h \
	overlay/tree_ops.h

overlay_test_libs = liboverlay.a libcommon.a $(CRYPTO_LIBS)

check_PROGRAMS += tests/unit/overlay_seal
TESTS += tests/unit/overlay_seal
tests_unit_overlay_seal_SOURCES = tests/unit/overlay_seal.c tests/unit/overlay_fixture.h tests/unit/check.h
tests_unit_overlay_seal_LDADD = $(overlay_test_libs)
