# SPDX-License-Identifier: Apache-2.0
noinst_LIBRARIES += libbuilder.a
libbuilder_a_SOURCES = \
	builder/accounts.c builder/accounts.h \
	builder/amend.c builder/amend.h \
	builder/archive_entry.c builder/archive_entry.h \
	builder/body_table.c builder/body_table.h \
	builder/build.c builder/build.h \
	builder/cache_export.c builder/cache_export.h \
	builder/cache_import.c builder/cache_import.h \
	builder/cache_options.h \
	builder/cache_place.c builder/cache_place.h \
	builder/cache_mount.c builder/cache_mount.h \
	builder/cache_publish.c builder/cache_publish.h \
	builder/cache_record.c builder/cache_record.h \
	builder/chain.c builder/chain.h \
	builder/command.c builder/command.h \
	builder/commit.c builder/commit.h \
	builder/container.c builder/container.h \
	builder/content.c builder/content.h \
	builder/context.c builder/context.h builder/context_ahead.c builder/context_ahead.h builder/context_each.c builder/context_file.c builder/context_seen.c builder/context_seen.h \
	builder/context_view.c builder/context_view.h \
	builder/copy.c builder/copy.h \
	builder/copying.h \
	builder/copy_instruction.c \
	builder/copy_key.c \
	builder/copy_missing.c \
	builder/copy_parents.c \
	builder/copy_select.c \
	builder/copy_words.c \
	builder/digest_cache.c builder/digest_cache.h \
	builder/download.c builder/download.h \
	builder/emulator.c builder/emulator.h builder/epoch.c builder/epoch.h \
	builder/execute.c builder/execute.h \
	builder/explain.c builder/explain.h \
	builder/export.h builder/export_directory.c builder/export_tar.c builder/export_tree.c builder/export_tree.h \
	builder/git.c builder/git.h \
	builder/host_secret.c builder/host_secret.h \
	builder/git_command.c builder/git_command.h \
	builder/git_url.c builder/git_url.h \
	builder/random_name.c builder/random_name.h \
	builder/remote.c builder/remote.h \
	builder/scratch_tree.c builder/scratch_tree.h \
	builder/gotext.c builder/gotext.h \
	builder/bases.c builder/bases.h \
	builder/image_find.c builder/image_find.h \
	builder/index.c builder/index.h \
	builder/inputs.c builder/inputs.h \
	builder/instructions.c \
	builder/job.h builder/job_base.c builder/job_progress.c \
	builder/layer_import.c builder/layer_import.h \
	builder/layer_tar.c builder/layer_tar.h \
	builder/lazy_base.c builder/lazy_base.h \
	builder/lint.c builder/lint.h \
	builder/lock_wait.c builder/lock_wait.h \
	builder/pack.c builder/pack.h \
	builder/output.c builder/output.h \
	builder/named.c builder/named.h \
	builder/named_stage.c builder/named_stage.h \
	builder/origin.c builder/origin.h \
	builder/parts.c builder/parts.h \
	builder/plan.c builder/plan.h \
	builder/manifest_list.c builder/manifest_list.h \
	builder/push.c builder/push.h \
	builder/push_stream.c builder/push_stream.h \
	builder/pull.c builder/pull.h builder/pull_private.h builder/pull_find.c builder/pull_find.h builder/pull_image.c builder/pull_image.h builder/pull_layers.c \
	builder/progress.h \
	builder/builtin_args.c builder/builtin_args.h \
	builder/proxies.c builder/proxies.h \
	builder/record.c builder/record.h \
	builder/resolver.c builder/resolver.h \
	builder/agent.c builder/agent.h \
	builder/run_execute.c \
	builder/run_instruction.c builder/run_instruction.h \
	builder/run_mounts.c builder/run_mounts.h \
	builder/run_mounts_open.c \
	builder/run_options.c builder/run_options.h \
	builder/run_secrets.c \
	builder/schedule.c builder/schedule.h \
	builder/siblings.c builder/siblings.h \
	builder/site.c \
	builder/source.c builder/source.h \
	builder/squash.c builder/squash.h \
	builder/state.c builder/state.h \
	builder/step.c builder/step.h \
	builder/tar_states.c builder/tar_states.h \
	builder/tree_source.c \
	builder/tree_walk.c builder/tree_walk.h \
	builder/trees.c builder/trees.h \
	builder/unpack.c builder/unpack.h \
	builder/users.c builder/users.h \
	builder/workdir.c \
	builder/workshop.c builder/workshop.h

check_PROGRAMS += tests/unit/builder_users
TESTS += tests/unit/builder_users
tests_unit_builder_users_SOURCES = tests/unit/builder_users.c tests/unit/check.h
tests_unit_builder_users_LDADD = libbuilder.a libdockerfile.a libcommon.a

check_PROGRAMS += tests/unit/builder_resolver
TESTS += tests/unit/builder_resolver
tests_unit_builder_resolver_SOURCES = tests/unit/builder_resolver.c tests/unit/check.h
tests_unit_builder_resolver_LDADD = libbuilder.a libcommon.a
check_PROGRAMS += tests/unit/builder_gotext
TESTS += tests/unit/builder_gotext
tests_unit_builder_gotext_SOURCES = tests/unit/builder_gotext.c tests/unit/check.h
tests_unit_builder_gotext_LDADD = libbuilder.a libcommon.a

check_PROGRAMS += tests/unit/builder_plan
TESTS += tests/unit/builder_plan
tests_unit_builder_plan_SOURCES = tests/unit/builder_plan.c tests/unit/check.h
tests_unit_builder_plan_LDADD = libbuilder.a libdockerfile.a liboci.a libcommon.a $(YAJL_LIBS) $(CRYPTO_LIBS)

check_PROGRAMS += tests/unit/builder_copy
TESTS += tests/unit/builder_copy
tests_unit_builder_copy_SOURCES = tests/unit/builder_copy.c tests/unit/check.h
tests_unit_builder_copy_LDADD = $(BUILDER_STORE_LIBS)

# images from outside, to outside, and away
libbuilder_a_SOURCES += \
	builder/archive.c builder/archive.h \
	builder/body.c builder/body.h \
	builder/image_layers.c builder/image_layers.h \
	builder/key_agent.c builder/key_agent.h \
	builder/import.c builder/import.h \
	builder/prune.c builder/prune.h \
	builder/ranges.c builder/ranges.h \
	builder/reach.c builder/reach.h \
	builder/usage.c builder/usage.h \
	builder/verify.c builder/verify.h

check_PROGRAMS += tests/unit/builder_ranges
TESTS += tests/unit/builder_ranges
tests_unit_builder_ranges_SOURCES = tests/unit/builder_ranges.c tests/unit/check.h
tests_unit_builder_ranges_LDADD = libbuilder.a libcommon.a

BUILDER_STORE_SOURCES = tests/unit/builder_store.c tests/unit/builder_store.h tests/unit/check.h
BUILDER_STORE_LIBS = libbuilder.a libdockerfile.a liboverlay.a libsandbox.a liboci.a libcommon.a \
	$(FUSE_LIBS) $(CAP_LIBS) $(ARCHIVE_LIBS) $(YAJL_LIBS) $(CRYPTO_LIBS)
check_PROGRAMS += tests/unit/builder_archive tests/unit/builder_body_table tests/unit/builder_digest_cache tests/unit/builder_import tests/unit/builder_prune
TESTS += tests/unit/builder_archive tests/unit/builder_body_table tests/unit/builder_digest_cache tests/unit/builder_import tests/unit/builder_prune
tests_unit_builder_body_table_SOURCES = tests/unit/builder_body_table.c $(BUILDER_STORE_SOURCES)
tests_unit_builder_body_table_LDADD = $(BUILDER_STORE_LIBS)
tests_unit_builder_digest_cache_SOURCES = tests/unit/builder_digest_cache.c $(BUILDER_STORE_SOURCES)
tests_unit_builder_digest_cache_LDADD = $(BUILDER_STORE_LIBS)
tests_unit_builder_archive_SOURCES = tests/unit/builder_archive.c $(BUILDER_STORE_SOURCES)
tests_unit_builder_archive_LDADD = $(BUILDER_STORE_LIBS)
tests_unit_builder_import_SOURCES = tests/unit/builder_import.c $(BUILDER_STORE_SOURCES)
tests_unit_builder_import_LDADD = $(BUILDER_STORE_LIBS)
tests_unit_builder_prune_SOURCES = tests/unit/builder_prune.c $(BUILDER_STORE_SOURCES)
tests_unit_builder_prune_LDADD = $(BUILDER_STORE_LIBS)

check_PROGRAMS += tests/unit/builder_git_url
TESTS += tests/unit/builder_git_url
tests_unit_builder_git_url_SOURCES = tests/unit/builder_git_url.c tests/unit/check.h
tests_unit_builder_git_url_LDADD = libbuilder.a liboci.a libcommon.a

check_PROGRAMS += tests/unit/builder_parts
TESTS += tests/unit/builder_parts
tests_unit_builder_parts_SOURCES = tests/unit/builder_parts.c tests/unit/check.h
tests_unit_builder_parts_LDADD = libbuilder.a libcommon.a
