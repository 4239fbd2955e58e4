# SPDX-License-Identifier: Apache-2.0
bin_PROGRAMS += bryo
bryo_SOURCES = \
	cmd/arguments.c cmd/arguments.h \
	cmd/build.c \
	cmd/build_flags.c cmd/build_flags.h \
	cmd/build_foreign.c \
	cmd/annotations.c cmd/annotations.h \
	cmd/build_output_write.c \
	cmd/build_platforms.c cmd/build_platforms.h \
	cmd/build_platforms_make.c \
	cmd/exists.c \
	cmd/template.c cmd/template.h \
	cmd/build_log.c cmd/build_log.h \
	cmd/build_log_list.c \
	cmd/build_output.c cmd/build_output.h \
	cmd/build_load.c cmd/build_load.h \
	cmd/build_push.c \
	cmd/build_report.c cmd/build_report.h \
	cmd/build_cache.c cmd/build_cache.h \
	cmd/build_values.c cmd/build_values.h \
	cmd/columns.c cmd/columns.h \
	cmd/csv.c cmd/csv.h \
	cmd/build_run.c cmd/build_run.h \
	cmd/check.c cmd/check.h \
	cmd/check_json.c cmd/check_json.h \
	cmd/epoch.c cmd/epoch.h \
	cmd/event_json.h \
	cmd/event_read.c \
	cmd/event_write.c \
	cmd/failures.c cmd/failures.h \
	cmd/export.c \
	cmd/fetch_child.c \
	cmd/registry_child.c \
	cmd/fetch_limits.c cmd/fetch_limits.h \
	cmd/history.c \
	cmd/image_prune.c \
	cmd/import.c \
	cmd/indent.c cmd/indent.h \
	cmd/input.c cmd/input.h \
	cmd/inspect.c \
	cmd/inspect_remote.c cmd/inspect_remote.h \
	cmd/global.c cmd/global.h \
	cmd/interrupt.c cmd/interrupt.h \
	cmd/kaniko.c \
	cmd/load.c \
	cmd/login.c \
	cmd/logout.c \
	cmd/logs.c \
	cmd/ls.c \
	cmd/main.c \
	cmd/manifest.c \
	cmd/imagetools.c cmd/info.c cmd/platforms.c cmd/platforms.h cmd/program.c cmd/program.h cmd/buildx.c cmd/foreign_verbs.c cmd/foreign_verbs.h \
	cmd/name.c cmd/name.h \
	cmd/notice.c cmd/notice.h \
	cmd/number.c cmd/number.h \
	cmd/options.c cmd/options.h \
	cmd/pack_flags.c cmd/pack_flags.h \
	cmd/output.c cmd/output.h \
	cmd/parent.c cmd/parent.h \
	cmd/progress.c cmd/progress.h cmd/progress_sink.h \
	cmd/progress_live.c cmd/progress_live.h \
	cmd/progress_plain.c \
	cmd/progress_relay.c cmd/progress_relay.h \
	cmd/progress_tty.c \
	cmd/prune.c \
	cmd/registry_name.c cmd/registry_name.h \
	cmd/pull.c \
	cmd/push.c \
	cmd/registry_flags.c cmd/registry_flags.h \
	cmd/rm.c \
	cmd/run.c \
	cmd/save.c \
	cmd/secret.c cmd/secret.h \
	cmd/store.c cmd/store.h \
	cmd/system_check.c \
	cmd/system_df.c \
	cmd/table.c cmd/table.h \
	cmd/tag.c \
	cmd/transfers.c cmd/transfers.h \
	cmd/terminal.c cmd/terminal.h \
	cmd/text.c cmd/text.h \
	cmd/units.c cmd/units.h \
	cmd/upkeep.c cmd/upkeep.h \
	cmd/verbs.h \
	cmd/version.c
# From the callers down: a static library gives only what somebody before it asked for.
bryo_LDADD = libbuilder.a libdockerfile.a liboverlay.a libsandbox.a liboci.a libcommon.a \
	$(FUSE_LIBS) $(CAP_LIBS) $(ARCHIVE_LIBS) $(YAJL_LIBS) $(CRYPTO_LIBS)

check_PROGRAMS += tests/unit/cmd_options tests/unit/cmd_units
TESTS += tests/unit/cmd_options tests/unit/cmd_units
tests_unit_cmd_options_SOURCES = tests/unit/cmd_options.c tests/unit/check.h \
	cmd/arguments.c cmd/arguments.h cmd/options.c cmd/options.h
tests_unit_cmd_options_LDADD = libdockerfile.a libcommon.a $(YAJL_LIBS)
tests_unit_cmd_units_SOURCES = tests/unit/cmd_units.c tests/unit/check.h \
	cmd/columns.c cmd/columns.h \
	cmd/indent.c cmd/indent.h cmd/table.c cmd/table.h cmd/text.c cmd/text.h cmd/units.c cmd/units.h
tests_unit_cmd_units_LDADD = liboci.a libcommon.a
check_PROGRAMS += tests/unit/cmd_event
TESTS += tests/unit/cmd_event
tests_unit_cmd_event_SOURCES = tests/unit/cmd_event.c tests/unit/check.h cmd/event_json.h cmd/event_read.c cmd/event_write.c
tests_unit_cmd_event_LDADD = liboci.a libcommon.a $(YAJL_LIBS) $(CRYPTO_LIBS)
check_PROGRAMS += tests/unit/cmd_template
TESTS += tests/unit/cmd_template
tests_unit_cmd_template_SOURCES = tests/unit/cmd_template.c tests/unit/check.h cmd/options.h cmd/template.c cmd/template.h
tests_unit_cmd_template_LDADD = liboci.a libcommon.a $(YAJL_LIBS) $(CRYPTO_LIBS)
check_PROGRAMS += tests/unit/cmd_live
TESTS += tests/unit/cmd_live
tests_unit_cmd_live_SOURCES = tests/unit/cmd_live.c tests/unit/check.h cmd/columns.c cmd/columns.h \
	cmd/progress_live.c cmd/progress_live.h cmd/progress_sink.h cmd/text.c cmd/text.h cmd/units.c cmd/units.h
tests_unit_cmd_live_LDADD = liboci.a libcommon.a
