# SPDX-License-Identifier: Apache-2.0
noinst_LIBRARIES += liboci.a
liboci_a_CFLAGS = $(AM_CFLAGS) $(ARCHIVE_CFLAGS) $(YAJL_CFLAGS) $(CURL_CFLAGS) $(DEFLATE_CFLAGS) $(ZSTD_CFLAGS)
liboci_a_SOURCES = \
	oci/archive.h \
	oci/archive_load.c \
	oci/archive_save.c \
	oci/auth.c oci/auth.h \
	oci/auth_challenge.c oci/auth_challenge.h \
	oci/auth_token.c oci/auth_token.h \
	oci/child.c oci/child.h \
	oci/docker_manifest.c oci/docker_manifest.h \
	oci/compress.c \
	oci/compress.h \
	oci/compress_block.c \
	oci/compress_block.h \
	oci/compress_pool.c oci/compress_pool.h \
	oci/compressed.c \
	oci/compressed.h \
	oci/cache_config.c oci/cache_config.h \
	oci/cache_layout.c oci/cache_layout.h \
	oci/config.c \
	oci/config.h \
	oci/base64.c oci/base64.h \
	oci/credentials.c oci/credentials.h \
	oci/credentials_file.c oci/credentials_file.h \
	oci/credentials_helper.c oci/credentials_helper.h \
	oci/credentials_store.c oci/credentials_store.h \
	oci/digest.c \
	oci/digest.h \
	oci/entry.c \
	oci/entry.h \
	oci/fetch.c \
	oci/fetch.h \
	oci/fetch_child.c \
	oci/fetch_child.h \
	oci/fetch_curl.c \
	oci/fetch_curl.h \
	oci/fetch_frame.h \
	oci/fetch_header.c oci/fetch_header.h \
	oci/fetch_local.c \
	oci/fetch_local.h \
	oci/fetch_transfer.c \
	oci/fetch_transfer.h \
	oci/frame.c \
	oci/frame.h \
	oci/http.c oci/http.h \
	oci/http_transfer.c oci/http_transfer.h \
	oci/image.c \
	oci/image.h \
	oci/image_find.c \
	oci/index_choose.c \
	oci/index_combine.c \
	oci/json.c \
	oci/json.h \
	oci/json_text.c oci/json_text.h \
	oci/json_writer.c \
	oci/json_writer.h \
	oci/labels.c \
	oci/labels.h \
	oci/layer_reader.c \
	oci/layer_reader.h \
	oci/layer_writer.c \
	oci/layer_writer.h \
	oci/layout.c \
	oci/layout.h \
	oci/limits.h \
	oci/noise.c oci/noise.h \
	oci/manifest.c \
	oci/manifest.h \
	oci/pack.c \
	oci/pack.h \
	oci/pax.c \
	oci/pax.h \
	oci/platform.c \
	oci/platform.h \
	oci/quote.c \
	oci/quote.h \
	oci/reference.c \
	oci/reference.h \
	oci/registries.c oci/registries.h \
	oci/registries_certs.c \
	oci/registries_conf.c \
	oci/registries_private.h \
	oci/registry.c oci/registry.h oci/registry_frame.h \
	oci/authorities.c oci/authorities.h \
	oci/registry_authorities.c oci/registry_authorities.h \
	oci/registry_blob.c \
	oci/registry_child.c oci/registry_child.h \
	oci/registry_client.c oci/registry_client.h \
	oci/registry_endpoint.c \
	oci/registry_exchange.c \
	oci/registry_manifest.c \
	oci/registry_probe.c oci/registry_probe.h \
	oci/registry_upload.c \
	oci/sparse.c \
	oci/sparse.h \
	oci/store.c \
	oci/store.h \
	oci/store_blob.c \
	oci/store_lock.c \
	oci/store_object.c \
	oci/store_partial.c \
	oci/store_private.h \
	oci/store_ref.c \
	oci/store_scratch.c \
	oci/stream.c \
	oci/stream.h \
	oci/tar_header.c \
	oci/tar_header.h \
	oci/tar_reader.c \
	oci/tar_reader.h \
	oci/time.c \
	oci/time.h \
	oci/toml.c oci/toml.h \
	oci/url.c \
	oci/url.h \
	oci/user_file.c oci/user_file.h \
	oci/utf8.c \
	oci/utf8.h

check_PROGRAMS += tests/unit/oci_cache_config
TESTS += tests/unit/oci_cache_config
tests_unit_oci_cache_config_SOURCES = tests/unit/oci_cache_config.c tests/unit/check.h
tests_unit_oci_cache_config_LDADD = liboci.a libcommon.a $(YAJL_LIBS) $(CRYPTO_LIBS)

check_PROGRAMS += tests/unit/oci_archive
TESTS += tests/unit/oci_archive
tests_unit_oci_archive_SOURCES = tests/unit/oci_archive.c tests/unit/check.h tests/unit/archive_build.h tests/unit/tar_build.h
tests_unit_oci_archive_LDADD = liboci.a libcommon.a $(ARCHIVE_LIBS) $(YAJL_LIBS) $(CRYPTO_LIBS)
check_PROGRAMS += tests/unit/oci_archive_judges
TESTS += tests/unit/oci_archive_judges
tests_unit_oci_archive_judges_SOURCES = tests/unit/oci_archive_judges.c tests/unit/check.h tests/unit/archive_build.h tests/unit/tar_build.h
tests_unit_oci_archive_judges_LDADD = liboci.a libcommon.a $(ARCHIVE_LIBS) $(YAJL_LIBS) $(CRYPTO_LIBS)
check_PROGRAMS += tests/unit/oci_config
TESTS += tests/unit/oci_config
tests_unit_oci_config_SOURCES = tests/unit/oci_config.c tests/unit/check.h
tests_unit_oci_config_LDADD = liboci.a libcommon.a $(ARCHIVE_LIBS) $(YAJL_LIBS) $(CRYPTO_LIBS)
check_PROGRAMS += tests/unit/oci_credentials
TESTS += tests/unit/oci_credentials
tests_unit_oci_credentials_SOURCES = tests/unit/oci_credentials.c tests/unit/check.h
tests_unit_oci_credentials_LDADD = liboci.a libcommon.a $(YAJL_LIBS)
check_PROGRAMS += tests/unit/oci_credentials_store
TESTS += tests/unit/oci_credentials_store
tests_unit_oci_credentials_store_SOURCES = tests/unit/oci_credentials_store.c tests/unit/check.h
tests_unit_oci_credentials_store_LDADD = liboci.a libcommon.a $(YAJL_LIBS)
check_PROGRAMS += tests/unit/oci_json
TESTS += tests/unit/oci_json
tests_unit_oci_json_SOURCES = tests/unit/oci_json.c tests/unit/check.h
tests_unit_oci_json_LDADD = liboci.a libcommon.a $(ARCHIVE_LIBS) $(YAJL_LIBS) $(CRYPTO_LIBS)
check_PROGRAMS += tests/unit/oci_json_text
TESTS += tests/unit/oci_json_text
tests_unit_oci_json_text_SOURCES = tests/unit/oci_json_text.c tests/unit/check.h
tests_unit_oci_json_text_LDADD = liboci.a libcommon.a $(YAJL_LIBS)
check_PROGRAMS += tests/unit/oci_layer_compressed
TESTS += tests/unit/oci_layer_compressed
tests_unit_oci_layer_compressed_SOURCES = tests/unit/oci_layer_compressed.c tests/unit/check.h tests/unit/tar_build.h
tests_unit_oci_layer_compressed_LDADD = liboci.a libcommon.a $(ARCHIVE_LIBS) $(YAJL_LIBS) $(CRYPTO_LIBS)
check_PROGRAMS += tests/unit/oci_layer_differential
TESTS += tests/unit/oci_layer_differential
tests_unit_oci_layer_differential_SOURCES = tests/unit/oci_layer_differential.c tests/unit/check.h tests/unit/tar_build.h
tests_unit_oci_layer_differential_LDADD = liboci.a libcommon.a $(ARCHIVE_LIBS) $(YAJL_LIBS) $(CRYPTO_LIBS)
check_PROGRAMS += tests/unit/oci_malformed
TESTS += tests/unit/oci_malformed
tests_unit_oci_malformed_SOURCES = tests/unit/oci_malformed.c tests/unit/check.h
tests_unit_oci_malformed_CFLAGS = $(AM_CFLAGS) $(CURL_CFLAGS)
tests_unit_oci_malformed_LDADD = liboci.a libcommon.a $(ARCHIVE_LIBS) $(YAJL_LIBS) $(CRYPTO_LIBS)
check_PROGRAMS += tests/unit/oci_layer_reader
TESTS += tests/unit/oci_layer_reader
tests_unit_oci_layer_reader_SOURCES = tests/unit/oci_layer_reader.c tests/unit/check.h tests/unit/tar_build.h
tests_unit_oci_layer_reader_LDADD = liboci.a libcommon.a $(ARCHIVE_LIBS) $(YAJL_LIBS) $(CRYPTO_LIBS)
check_PROGRAMS += tests/unit/oci_layer_writer
TESTS += tests/unit/oci_layer_writer
tests_unit_oci_layer_writer_SOURCES = tests/unit/oci_layer_writer.c tests/unit/check.h tests/unit/tar_build.h
tests_unit_oci_layer_writer_LDADD = liboci.a libcommon.a $(ARCHIVE_LIBS) $(YAJL_LIBS) $(CRYPTO_LIBS)
check_PROGRAMS += tests/unit/oci_registry_probe
TESTS += tests/unit/oci_registry_probe
tests_unit_oci_registry_probe_SOURCES = tests/unit/oci_registry_probe.c tests/unit/check.h
tests_unit_oci_registry_probe_LDADD = liboci.a libcommon.a

check_PROGRAMS += tests/unit/oci_reference
TESTS += tests/unit/oci_reference
tests_unit_oci_reference_SOURCES = tests/unit/oci_reference.c tests/unit/check.h
tests_unit_oci_reference_LDADD = liboci.a libcommon.a $(ARCHIVE_LIBS) $(YAJL_LIBS) $(CRYPTO_LIBS)
check_PROGRAMS += tests/unit/oci_registries
TESTS += tests/unit/oci_registries
tests_unit_oci_registries_SOURCES = tests/unit/oci_registries.c tests/unit/check.h
tests_unit_oci_registries_LDADD = liboci.a libcommon.a
check_PROGRAMS += tests/unit/oci_toml
TESTS += tests/unit/oci_toml
tests_unit_oci_toml_SOURCES = tests/unit/oci_toml.c tests/unit/check.h
tests_unit_oci_toml_LDADD = liboci.a libcommon.a
check_PROGRAMS += tests/unit/oci_store
TESTS += tests/unit/oci_store
tests_unit_oci_store_SOURCES = tests/unit/oci_store.c tests/unit/check.h tests/unit/store_build.h
tests_unit_oci_store_LDADD = liboci.a libcommon.a $(ARCHIVE_LIBS) $(YAJL_LIBS) $(CRYPTO_LIBS)
check_PROGRAMS += tests/unit/oci_store_scratch
TESTS += tests/unit/oci_store_scratch
tests_unit_oci_store_scratch_SOURCES = tests/unit/oci_store_scratch.c tests/unit/check.h tests/unit/store_build.h
tests_unit_oci_store_scratch_LDADD = liboci.a libcommon.a $(ARCHIVE_LIBS) $(YAJL_LIBS) $(CRYPTO_LIBS)
check_PROGRAMS += tests/unit/oci_store_partial
TESTS += tests/unit/oci_store_partial
tests_unit_oci_store_partial_SOURCES = tests/unit/oci_store_partial.c tests/unit/check.h tests/unit/store_build.h
tests_unit_oci_store_partial_LDADD = liboci.a libcommon.a $(ARCHIVE_LIBS) $(YAJL_LIBS) $(CRYPTO_LIBS)
check_PROGRAMS += tests/unit/oci_layer_feed
TESTS += tests/unit/oci_layer_feed
tests_unit_oci_layer_feed_SOURCES = tests/unit/oci_layer_feed.c tests/unit/check.h tests/unit/tar_build.h
tests_unit_oci_layer_feed_LDADD = liboci.a libcommon.a $(ARCHIVE_LIBS) $(YAJL_LIBS) $(CRYPTO_LIBS)
check_PROGRAMS += tests/unit/oci_url
TESTS += tests/unit/oci_url
tests_unit_oci_url_SOURCES = tests/unit/oci_url.c tests/unit/check.h
tests_unit_oci_url_LDADD = liboci.a libcommon.a
check_PROGRAMS += tests/unit/oci_fetch
TESTS += tests/unit/oci_fetch
tests_unit_oci_fetch_SOURCES = tests/unit/oci_fetch.c tests/unit/check.h
tests_unit_oci_fetch_LDADD = liboci.a libcommon.a $(CRYPTO_LIBS)
EXTRA_DIST += doc/layer.md
check_PROGRAMS += tests/unit/oci_compress
TESTS += tests/unit/oci_compress
tests_unit_oci_compress_SOURCES = tests/unit/oci_compress.c tests/unit/check.h tests/unit/archive_build.h tests/unit/tar_build.h
tests_unit_oci_compress_LDADD = liboci.a libcommon.a $(ARCHIVE_LIBS) $(YAJL_LIBS) $(CRYPTO_LIBS)
check_PROGRAMS += tests/unit/oci_pack
TESTS += tests/unit/oci_pack
tests_unit_oci_pack_SOURCES = tests/unit/oci_pack.c tests/unit/check.h tests/unit/archive_build.h tests/unit/tar_build.h
tests_unit_oci_pack_LDADD = liboci.a libcommon.a $(ARCHIVE_LIBS) $(YAJL_LIBS) $(CRYPTO_LIBS)
# The registry client as a command, for scripts: tests/registry/*.sh.
check_PROGRAMS += tests/registry/client
tests_registry_client_SOURCES = tests/registry/client.c
tests_registry_client_LDADD = liboci.a libcommon.a $(YAJL_LIBS) $(CRYPTO_LIBS)
check_PROGRAMS += tests/unit/oci_auth
TESTS += tests/unit/oci_auth
tests_unit_oci_auth_SOURCES = tests/unit/oci_auth.c tests/unit/check.h
tests_unit_oci_auth_CFLAGS = $(AM_CFLAGS) $(CURL_CFLAGS)
tests_unit_oci_auth_LDADD = liboci.a libcommon.a $(YAJL_LIBS) $(CRYPTO_LIBS)
check_PROGRAMS += tests/fuzz/oci_wire
TESTS += tests/fuzz/oci_wire
EXTRA_DIST += tests/fuzz/oci_wire.corpus
tests_fuzz_oci_wire_SOURCES = tests/fuzz/oci_wire.c tests/fuzz/replay.h
tests_fuzz_oci_wire_CFLAGS = $(AM_CFLAGS) $(CURL_CFLAGS)
tests_fuzz_oci_wire_LDFLAGS = $(AM_LDFLAGS) $(FUZZ_LDFLAGS)
tests_fuzz_oci_wire_LDADD = liboci.a libcommon.a $(YAJL_LIBS) $(CRYPTO_LIBS)
