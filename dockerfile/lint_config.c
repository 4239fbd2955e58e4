/* SPDX-License-Identifier: Apache-2.0 */
/* The settings of the linter: "skip=A,B;error=true;experimental=all", in a directive, a build argument or a comment. */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "common/memory.h"
#include "dockerfile/directive.h"
#include "dockerfile/lint_rules.h"
#include "dockerfile/utf8.h"

#define EXAMPLE "write skip=RULE,RULE;error=true;experimental=RULE"

static char *trimmed(const char *text, size_t start, size_t end)
{
        dockerfile_utf8_trim(text, &start, &end);
        return memory_strndup(text + start, end - start);
}

static void read_rules(const char *list, bool *all, struct strv *ret)
{
        if (strcmp(list, "all") == 0) {
                *all = true;
                return;
        }
        for (const char *at = list;; at++) {
                size_t size = strcspn(at, ",");

                strv_take(ret, trimmed(at, 0, size));
                at += size;
                if (*at == '\0')
                        return;
        }
}

/* The spellings of Go's strconv.ParseBool. */
static int read_bool(const char *text, bool *ret, struct error *err)
{
        static const char *const yes[] = {"1", "t", "T", "true", "TRUE", "True"};
        static const char *const no[] = {"0", "f", "F", "false", "FALSE", "False"};

        for (size_t i = 0; i < ARRAY_SIZE(yes); i++)
                if (strcmp(text, yes[i]) == 0 || strcmp(text, no[i]) == 0) {
                        *ret = strcmp(text, yes[i]) == 0;
                        return 0;
                }
        return error_set(err, EINVAL, "the check option error is true or false, not '%s'", text);
}

static int read_option(const char *text, size_t size, struct dockerfile_lint_config *ret, struct error *err)
{
        const char *equals = memchr(text, '=', size);
        CLEANUP_FREE char *name = trimmed(text, 0, equals ? (size_t)(equals - text) : size);
        CLEANUP_FREE char *value = equals ? trimmed(text, (size_t)(equals - text) + 1, size) : NULL;

        if (!value)
                return error_set(err, EINVAL, "the check option '%s' has no value: " EXAMPLE, name);
        if (strcmp(name, "skip") == 0)
                read_rules(value, &ret->skip_all, &ret->skipped);
        else if (strcmp(name, "experimental") == 0)
                read_rules(value, &ret->experimental_all, &ret->experimental);
        else if (strcmp(name, "error") == 0)
                return read_bool(value, &ret->error, err);
        else
                return error_set(err, EINVAL, "there is no check option '%s': " EXAMPLE, name);
        return 0;
}

int dockerfile_lint_config_parse(const char *text, struct dockerfile_lint_config *ret, struct error *err)
{
        size_t start = 0;
        size_t end = strlen(text);

        dockerfile_utf8_trim(text, &start, &end);
        while (start < end) {
                const char *semicolon = memchr(text + start, ';', end - start);
                size_t size = semicolon ? (size_t)(semicolon - text) - start : end - start;

                if (read_option(text + start, size, ret, err) < 0)
                        return -1;
                start += size + 1;
        }
        return 0;
}

void dockerfile_lint_config_clear(struct dockerfile_lint_config *c)
{
        strv_free(&c->skipped);
        strv_free(&c->experimental);
        *c = (struct dockerfile_lint_config){0};
}

char *dockerfile_lint_comment_find(const struct dockerfile_instruction *i)
{
        for (const char *line = i->comment; line && *line; line += strcspn(line, "\n"), line += *line == '\n') {
                size_t size = strcspn(line, "\n");
                struct dockerfile_setting s;

                if (!dockerfile_setting_split(line, 0, size, &s) || !dockerfile_setting_is(line, &s, "check"))
                        continue;
                for (size = s.value; size < s.value_end && line[size] != ' ';)
                        size++;
                return memory_strndup(line + s.value, size - s.value);
        }
        return NULL;
}
