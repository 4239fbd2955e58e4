# SPDX-License-Identifier: Apache-2.0
noinst_LIBRARIES += libdockerfile.a
libdockerfile_a_CFLAGS = $(AM_CFLAGS) $(YAJL_CFLAGS)
libdockerfile_a_SOURCES = \
	dockerfile/copy.c \
	dockerfile/directive.c dockerfile/directive.h \
	dockerfile/duration.c \
	dockerfile/expand.c dockerfile/expand.h \
	dockerfile/flags.c dockerfile/flags.h \
	dockerfile/frontend.c \
	dockerfile/glob.c dockerfile/glob.h \
	dockerfile/healthcheck.c \
	dockerfile/heredoc.c dockerfile/heredoc.h \
	dockerfile/heredoc_mistake.c dockerfile/heredoc_mistake.h \
	dockerfile/ignore.c dockerfile/ignore.h \
	dockerfile/instruction.c dockerfile/instruction.h \
	dockerfile/json_words.c dockerfile/json_words.h \
	dockerfile/line.c dockerfile/line.h \
	dockerfile/lint.c dockerfile/lint.h \
	dockerfile/lint_config.c \
	dockerfile/lint_file.c \
	dockerfile/lint_from.c \
	dockerfile/lint_instruction.c \
	dockerfile/lint_rules.h \
	dockerfile/lint_stage.c dockerfile/lint_stage.h \
	dockerfile/mode.c \
	dockerfile/mount.c dockerfile/mount.h \
	dockerfile/outline.c dockerfile/outline.h \
	dockerfile/owner.c \
	dockerfile/pairs.c \
	dockerfile/parser.c dockerfile/parser.h \
	dockerfile/pattern.c dockerfile/pattern.h \
	dockerfile/place.h \
	dockerfile/ports.c \
	dockerfile/run.c \
	dockerfile/shell_pattern.c dockerfile/shell_pattern.h \
	dockerfile/signal.c \
	dockerfile/size.c \
	dockerfile/source.c dockerfile/source.h \
	dockerfile/suggest.c dockerfile/suggest.h \
	dockerfile/syntax.h \
	dockerfile/utf8.c dockerfile/utf8.h \
	dockerfile/value.h \
	dockerfile/words.c dockerfile/words.h

dockerfile_test_libs = libdockerfile.a libcommon.a $(YAJL_LIBS)
dockerfile_tests = \
	tests/fuzz/dockerfile_parse \
	tests/unit/dockerfile_expand \
	tests/unit/dockerfile_heredocs \
	tests/unit/dockerfile_hostile \
	tests/unit/dockerfile_ignore \
	tests/unit/dockerfile_lint \
	tests/unit/dockerfile_lines \
	tests/unit/dockerfile_parser \
	tests/unit/dockerfile_speed \
	tests/unit/dockerfile_value
check_PROGRAMS += $(dockerfile_tests)
TESTS += $(dockerfile_tests)
EXTRA_DIST += tests/fuzz/dockerfile_parse.corpus
tests_fuzz_dockerfile_parse_SOURCES = tests/fuzz/dockerfile_parse.c tests/fuzz/replay.h
tests_fuzz_dockerfile_parse_LDFLAGS = $(AM_LDFLAGS) $(FUZZ_LDFLAGS)
tests_fuzz_dockerfile_parse_LDADD = $(dockerfile_test_libs)
tests_unit_dockerfile_expand_SOURCES = tests/unit/dockerfile_expand.c tests/unit/check.h
tests_unit_dockerfile_expand_LDADD = $(dockerfile_test_libs)
tests_unit_dockerfile_heredocs_SOURCES = tests/unit/dockerfile_heredocs.c tests/unit/dockerfile_rows.h tests/unit/check.h
tests_unit_dockerfile_heredocs_LDADD = $(dockerfile_test_libs)
tests_unit_dockerfile_hostile_SOURCES = tests/unit/dockerfile_hostile.c tests/unit/check.h
tests_unit_dockerfile_hostile_LDADD = $(dockerfile_test_libs)
tests_unit_dockerfile_ignore_SOURCES = tests/unit/dockerfile_ignore.c tests/unit/check.h
tests_unit_dockerfile_ignore_LDADD = $(dockerfile_test_libs)
tests_unit_dockerfile_lint_SOURCES = tests/unit/dockerfile_lint.c tests/unit/check.h
tests_unit_dockerfile_lint_LDADD = $(dockerfile_test_libs)
tests_unit_dockerfile_lines_SOURCES = tests/unit/dockerfile_lines.c tests/unit/dockerfile_rows.h tests/unit/check.h
tests_unit_dockerfile_lines_LDADD = $(dockerfile_test_libs)
tests_unit_dockerfile_parser_SOURCES = tests/unit/dockerfile_parser.c tests/unit/dockerfile_rows.h tests/unit/check.h
tests_unit_dockerfile_parser_LDADD = $(dockerfile_test_libs)
tests_unit_dockerfile_speed_SOURCES = tests/unit/dockerfile_speed.c tests/unit/check.h
tests_unit_dockerfile_speed_LDADD = $(dockerfile_test_libs)
tests_unit_dockerfile_value_SOURCES = tests/unit/dockerfile_value.c tests/unit/check.h
tests_unit_dockerfile_value_LDADD = $(dockerfile_test_libs)
