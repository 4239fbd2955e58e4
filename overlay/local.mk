# SPDX-License-Identifier: Apache-2.0
noinst_LIBRARIES += liboverlay.a
liboverlay_a_CFLAGS = $(AM_CFLAGS) $(CRYPTO_CFLAGS)
liboverlay_a_SOURCES = \
	overlay/acl.c overlay/acl.h \
	overlay/body.c overlay/body.h \
	overlay/change.c overlay/change.h \
	overlay/children.c overlay/children.h \
	overlay/data.c overlay/data.h \
	overlay/edit.c overlay/edit.h \
	overlay/extents.c overlay/extents.h \
	overlay/file.c overlay/file.h \
	overlay/graft.c \
	overlay/index.h \
	overlay/index_bytes.c overlay/index_bytes.h \
	overlay/index_format.h \
	overlay/index_open.c \
	overlay/index_read.c overlay/index_read.h \
	overlay/index_walk.c \
	overlay/index_write.c overlay/index_write.h \
	overlay/layer.c \
	overlay/links.c \
	overlay/list.c overlay/list.h \
	overlay/load.c \
	overlay/names.c overlay/names.h \
	overlay/node.c overlay/node.h \
	overlay/ops.c overlay/ops.h \
	overlay/ops_data.c \
	overlay/path.c overlay/path.h \
	overlay/read.c \
	overlay/read_ahead.c overlay/read_ahead.h \
	overlay/report.c overlay/report.h \
	overlay/reserve.c overlay/reserve.h \
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

overlay_tree_tests = \
	tests/unit/overlay_body \
	tests/unit/overlay_children \
	tests/unit/overlay_crowd \
	tests/unit/overlay_extents \
	tests/unit/overlay_index \
	tests/unit/overlay_layer \
	tests/unit/overlay_model \
	tests/unit/overlay_merged \
	tests/unit/overlay_names \
	tests/unit/overlay_hostile \
	tests/unit/overlay_read_ahead \
	tests/unit/overlay_reserve \
	tests/unit/overlay_scale \
	tests/unit/overlay_seal \
	tests/unit/overlay_threads
check_PROGRAMS += $(overlay_tree_tests)
TESTS += $(overlay_tree_tests)
overlay_tree_support = tests/unit/overlay_fixture.h tests/unit/overlay_index_use.h tests/unit/overlay_reimport.h tests/unit/check.h
tests_unit_overlay_body_SOURCES = tests/unit/overlay_body.c $(overlay_tree_support)
tests_unit_overlay_body_LDADD = $(overlay_test_libs)
tests_unit_overlay_children_SOURCES = tests/unit/overlay_children.c $(overlay_tree_support)
tests_unit_overlay_children_LDADD = $(overlay_test_libs)
tests_unit_overlay_crowd_SOURCES = tests/unit/overlay_crowd.c tests/unit/check.h
tests_unit_overlay_crowd_LDADD = $(overlay_test_libs)
tests_unit_overlay_extents_SOURCES = tests/unit/overlay_extents.c tests/unit/check.h
tests_unit_overlay_extents_LDADD = $(overlay_test_libs)
tests_unit_overlay_index_SOURCES = tests/unit/overlay_index.c $(overlay_tree_support)
tests_unit_overlay_index_LDADD = $(overlay_test_libs)
tests_unit_overlay_layer_SOURCES = tests/unit/overlay_layer.c $(overlay_tree_support)
tests_unit_overlay_layer_LDADD = $(overlay_test_libs)
tests_unit_overlay_model_SOURCES = tests/unit/overlay_model.c $(overlay_tree_support)
tests_unit_overlay_model_LDADD = $(overlay_test_libs)
tests_unit_overlay_merged_SOURCES = tests/unit/overlay_merged.c $(overlay_tree_support)
tests_unit_overlay_merged_LDADD = $(overlay_test_libs)
tests_unit_overlay_merged_LDFLAGS = $(AM_LDFLAGS) -Wl,--wrap=overlay_index_read_dirent
tests_unit_overlay_names_SOURCES = tests/unit/overlay_names.c $(overlay_tree_support)
tests_unit_overlay_names_LDADD = $(overlay_test_libs)
tests_unit_overlay_hostile_SOURCES = tests/unit/overlay_hostile.c $(overlay_tree_support)
tests_unit_overlay_hostile_LDADD = $(overlay_test_libs)
tests_unit_overlay_read_ahead_SOURCES = tests/unit/overlay_read_ahead.c tests/unit/check.h
tests_unit_overlay_read_ahead_LDADD = $(overlay_test_libs)
tests_unit_overlay_read_ahead_LDFLAGS = $(AM_LDFLAGS) -Wl,--wrap=overlay_read_ahead_helps
tests_unit_overlay_reserve_SOURCES = tests/unit/overlay_reserve.c $(overlay_tree_support)
tests_unit_overlay_reserve_LDADD = $(overlay_test_libs)
tests_unit_overlay_scale_SOURCES = tests/unit/overlay_scale.c $(overlay_tree_support)
tests_unit_overlay_scale_LDADD = $(overlay_test_libs)
tests_unit_overlay_seal_SOURCES = tests/unit/overlay_seal.c $(overlay_tree_support)
tests_unit_overlay_seal_LDADD = $(overlay_test_libs)
tests_unit_overlay_threads_SOURCES = tests/unit/overlay_threads.c $(overlay_tree_support)
tests_unit_overlay_threads_LDADD = $(overlay_test_libs)

# the FUSE server
liboverlay_a_CFLAGS += $(FUSE_CFLAGS)
liboverlay_a_SOURCES += \
	overlay/handlers.c overlay/handlers.h \
	overlay/handlers_data.c overlay/handlers_data.h \
	overlay/crowd.c overlay/crowd.h \
	overlay/loop.c overlay/loop.h \
	overlay/loop_client.c overlay/loop_client.h \
	overlay/loop_load.c overlay/loop_load.h \
	overlay/loop_serve.c \
	overlay/loop_state.h \
	overlay/loop_thread.c overlay/loop_thread.h \
	overlay/loop_watch.c \
	overlay/server.c overlay/server.h \
	overlay/session.c overlay/session.h \
	overlay/session_init.c overlay/session_init.h \
	overlay/session_request.c overlay/session_request.h \
	overlay/session_seek.c overlay/session_seek.h

overlay_server_tests = \
	tests/unit/overlay_server_attrs \
	tests/unit/overlay_server_counts \
	tests/unit/overlay_server_fuzz \
	tests/unit/overlay_server_life \
	tests/unit/overlay_server_loop \
	tests/unit/overlay_server_posix \
	tests/unit/overlay_server_request
check_PROGRAMS += $(overlay_server_tests)
TESTS += $(overlay_server_tests)
overlay_server_ldadd = liboverlay.a libcommon.a $(FUSE_LIBS) $(CRYPTO_LIBS)
overlay_server_support = tests/unit/check.h tests/unit/overlay_server_mount.h tests/unit/plain_fork.h tests/unit/overlay_server_tree.h
tests_unit_overlay_server_attrs_SOURCES = tests/unit/overlay_server_attrs.c $(overlay_server_support)
tests_unit_overlay_server_attrs_LDADD = $(overlay_server_ldadd)
tests_unit_overlay_server_counts_SOURCES = tests/unit/overlay_server_counts.c $(overlay_server_support)
tests_unit_overlay_server_counts_LDADD = $(overlay_server_ldadd)
tests_unit_overlay_server_fuzz_SOURCES = tests/unit/overlay_server_fuzz.c $(overlay_server_support)
tests_unit_overlay_server_fuzz_LDADD = $(overlay_server_ldadd)
tests_unit_overlay_server_life_SOURCES = tests/unit/overlay_server_life.c $(overlay_server_support)
tests_unit_overlay_server_life_LDADD = $(overlay_server_ldadd)
tests_unit_overlay_server_loop_SOURCES = tests/unit/overlay_server_loop.c $(overlay_server_support)
tests_unit_overlay_server_loop_LDADD = $(overlay_server_ldadd)
tests_unit_overlay_server_posix_SOURCES = tests/unit/overlay_server_posix.c $(overlay_server_support)
tests_unit_overlay_server_posix_LDADD = $(overlay_server_ldadd)
tests_unit_overlay_server_request_SOURCES = tests/unit/overlay_server_request.c tests/unit/check.h
tests_unit_overlay_server_request_LDADD = $(overlay_server_ldadd)

# fuzz targets, which replay their corpus as tests
overlay_fuzz_targets = tests/fuzz/overlay_index tests/fuzz/overlay_requests
check_PROGRAMS += $(overlay_fuzz_targets)
TESTS += $(overlay_fuzz_targets)
EXTRA_DIST += tests/fuzz/overlay_index.corpus tests/fuzz/overlay_requests.corpus
tests_fuzz_overlay_index_SOURCES = tests/fuzz/overlay_index.c tests/fuzz/replay.h $(overlay_tree_support)
tests_fuzz_overlay_index_LDADD = $(overlay_test_libs)
tests_fuzz_overlay_index_LDFLAGS = $(AM_LDFLAGS) $(FUZZ_LDFLAGS)
tests_fuzz_overlay_requests_SOURCES = tests/fuzz/overlay_requests.c tests/fuzz/replay.h
tests_fuzz_overlay_requests_LDADD = $(overlay_server_ldadd)
tests_fuzz_overlay_requests_LDFLAGS = $(AM_LDFLAGS) $(FUZZ_LDFLAGS)
