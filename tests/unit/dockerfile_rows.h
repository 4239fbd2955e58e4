/* SPDX-License-Identifier: Apache-2.0 */
#ifndef BRYO_TESTS_UNIT_DOCKERFILE_ROWS_H
#define BRYO_TESTS_UNIT_DOCKERFILE_ROWS_H

#include "common/buffer.h"
#include "common/memory.h"
#include "dockerfile/parser.h"
#include "tests/unit/check.h"

/* What the tests of the parser share: a parsed file as one line of text, and tables of files and what becomes of them.
 */

static void dump_pairs(const struct dockerfile_pairs *pairs, struct buffer *b)
{
        for (size_t k = 0; k < pairs->count; k++)
                buffer_printf(b, " (%s%s%s)", pairs->items[k].key.text, pairs->items[k].has_value ? "=" : "",
                              pairs->items[k].value.text);
        buffer_append_string(b, pairs->legacy ? " legacy" : "");
}

static void dump_details(const struct dockerfile_instruction *i, struct buffer *b)
{
        const struct dockerfile_healthcheck *h = &i->healthcheck;

        if (i->kind == DOCKERFILE_ENV || i->kind == DOCKERFILE_LABEL || i->kind == DOCKERFILE_ARG)
                dump_pairs(&i->pairs, b);
        else if (i->kind == DOCKERFILE_FROM)
                buffer_printf(b, " stage=%s platform=%s", i->from.stage ? i->from.stage : "-",
                              i->from.platform ? i->from.platform : "-");
        else if (i->kind == DOCKERFILE_HEALTHCHECK)
                buffer_printf(b, " none=%d %lld/%lld/%lld/%lld x%d", h->none, (long long)h->interval,
                              (long long)h->timeout, (long long)h->start_period, (long long)h->start_interval,
                              h->retries);
        else if (i->kind == DOCKERFILE_ONBUILD)
                buffer_printf(b, " trigger{%s}", i->onbuild.expression);
}

/* "LINES KIND --flag=value (json) [arg]... <<heredoc{body}; " for each instruction. */
static char *dump(const struct dockerfile *d)
{
        struct buffer b = BUFFER_INIT;

        for (size_t n = 0; n < d->instruction_count; n++) {
                const struct dockerfile_instruction *i = &d->instructions[n];

                buffer_printf(&b, "%s%u-%u %s", n ? "; " : "", i->first_line, i->last_line,
                              dockerfile_kind_name(i->kind));
                for (size_t k = 0; k < i->flag_count; k++)
                        buffer_printf(&b, " --%s=%s", i->flags[k].name, i->flags[k].value);
                buffer_append_string(&b, i->is_json ? " json" : "");
                for (size_t k = 0; k < i->arg_count; k++)
                        buffer_printf(&b, " [%s]", i->args[k].text);
                for (size_t k = 0; k < i->heredoc_count; k++)
                        buffer_printf(&b, " <<%s%s%s:%u{%s}", i->heredocs[k].name, i->heredocs[k].expand ? "" : "!",
                                      i->heredocs[k].strip_tabs ? "-" : "", i->heredocs[k].fd, i->heredocs[k].body);
                dump_details(i, &b);
        }
        return buffer_steal(&b);
}

/* Parses; the dump, or "error: message". */
static char *parse_n(const char *text, size_t size)
{
        CLEANUP_DOCKERFILE struct dockerfile *d = NULL;
        CLEANUP_ERROR struct error err = ERROR_INIT;

        if (dockerfile_parse(text, size, "Dockerfile", &d, &err) < 0)
                return memory_printf("error: %s", err.message);
        return dump(d);
}

static char *parse(const char *text)
{
        return parse_n(text, strlen(text));
}

struct row {
        const char *text;
        const char *expected;
};

/* Every text stands behind "FROM a\n"; the expectation behind what that gives. */
static void check_rows(const struct row *rows, size_t count)
{
        for (size_t k = 0; k < count; k++) {
                CLEANUP_FREE char *text = memory_printf("FROM a\n%s", rows[k].text);
                CLEANUP_FREE char *is = parse(text);
                CLEANUP_FREE char *expected =
                        rows[k].expected[0] ? memory_printf("1-1 FROM [a] stage=- platform=-; %s", rows[k].expected)
                                            : memory_strdup("1-1 FROM [a] stage=- platform=-");

                if (strcmp(is, expected) != 0)
                        printf("# row %zu: %s\n", k, rows[k].text);
                CHECK_STR(is, expected);
        }
}

__attribute__((unused)) static void check_errors(const struct row *rows, size_t count)
{
        for (size_t k = 0; k < count; k++) {
                CLEANUP_FREE char *is = parse(rows[k].text);
                CLEANUP_FREE char *expected = memory_printf("error: %s", rows[k].expected);

                if (strncmp(is, expected, strlen(expected)) != 0) {
                        printf("# row %zu: %s\n", k, rows[k].text);
                        CHECK_STR(is, expected);
                }
        }
}

#endif
