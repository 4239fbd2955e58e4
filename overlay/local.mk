# SPDX-License-Identifier: Apache-2.0
noinst_LIBRARIES += liboverlay.a
liboverlay_a_CFLAGS = $(AM_CFLAGS) $(CRYPTO_CFLAGS)
liboverlay_a_SOURCES = \
	overlay/index.h \
	overlay/source.h \
	overlay/tree.h \
	overlay/tree_ops.h
