# SPDX-License-Identifier: Apache-2.0
noinst_LIBRARIES += liboverlay.a
liboverlay_a_CFLAGS = $(AM_CFLAGS) $(CRYPTO_CFLAGS)
liboverlay_a_SOURCES = \
	overlay/index.h \
	overlay/index_format.h \
	overlay/index_open.c \
	overlay/index_read.c overlay/index_read.h \
	overlay/index_write.c overlay/index_write.h \
	overlay/source.c overlay/source.h \
	overlay/tree.h \
	overlay/tree_ops.h
