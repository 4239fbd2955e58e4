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

# the FUSE server
liboverlay_a_CFLAGS += $(FUSE_CFLAGS)
liboverlay_a_SOURCES += \
	overlay/handlers.c overlay/handlers.h \
	overlay/handlers_data.c overlay/handlers_data.h \
	overlay/loop.c overlay/loop.h \
	overlay/loop_client.c overlay/loop_client.h \
	overlay/server.c overlay/server.h \
	overlay/session.c overlay/session.h \
	overlay/session_init.c overlay/session_init.h \
	overlay/session_request.c overlay/session_request.h
