/* SPDX-License-Identifier: Apache-2.0 */
/* Which frontend a file asks for with "# syntax=", and whether that is the one built in here. */
#include "dockerfile/parser.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "common/memory.h"
#include "dockerfile/directive.h"
#include "dockerfile/json_words.h"
#include "dockerfile/source.h"

/* True for docker/dockerfile and docker/dockerfile-upstream, with any tag or digest, or none. */
static bool is_builtin(const char *value)
{
        static const char *const hosts[] = {"docker.io/", "index.docker.io/", "registry-1.docker.io/"};
        static const char *const images[] = {"docker/dockerfile-upstream", "docker/dockerfile-labs",
                                             "docker/dockerfile"};

        for (size_t k = 0; k < ARRAY_SIZE(hosts); k++)
                if (strncmp(value, hosts[k], strlen(hosts[k])) == 0) {
                        value += strlen(hosts[k]);
                        break;
                }
        for (size_t k = 0; k < ARRAY_SIZE(images); k++) {
                size_t size = strlen(images[k]);

                if (strncmp(value, images[k], size) == 0 && (value[size] == '\0' || strchr(":@ \t", value[size])))
                        return true;
        }
        return false;
}

int dockerfile_syntax_check(const struct dockerfile *d, const char *override, struct error *err)
{
        static const char advice[] = "bryo never runs a foreign frontend, its own speaks docker/dockerfile:1 "
                                     "(--build-arg BUILDKIT_SYNTAX=dockerfile.v0 ignores the line)";
        static const struct dockerfile_place nowhere = {0, 0, 0};
        CLEANUP_FREE char *wanted = NULL;

        if (override && override[0] != '\0') {
                if (strcmp(override, "dockerfile.v0") == 0 || is_builtin(override))
                        return 0;
                return error_set(err, EINVAL, "BUILDKIT_SYNTAX=%s: bryo never runs a foreign frontend", override);
        }
        wanted = dockerfile_syntax_detect(d->source->text, d->source->size);
        if (!wanted || is_builtin(wanted))
                return 0;
        return dockerfile_error(d, d->syntax.value ? &d->syntax.place : &nowhere, err,
                                "the syntax '%s' is not built in: %s", wanted, advice);
}

/* Looks for "PREFIX syntax = value" among the directives that start at `text`. */
static char *detect_behind(const char *text, size_t size, const char *prefix)
{
        static const char *const names[] = {"syntax", "escape", "check"};
        size_t skip = strlen(prefix);

        while (size > 0) {
                const char *newline = memchr(text, '\n', size);
                size_t line = newline ? (size_t)(newline - text) : size;
                bool known = false;
                struct dockerfile_setting s;

                if (line < skip || strncmp(text, prefix, skip) != 0 || !dockerfile_setting_split(text, skip, line, &s))
                        return NULL;
                if (dockerfile_setting_is(text, &s, "syntax"))
                        return memory_strndup(text + s.value, strcspn(text + s.value, " \t\r\n"));
                for (size_t k = 0; k < ARRAY_SIZE(names); k++)
                        known |= dockerfile_setting_is(text, &s, names[k]);
                if (!known)
                        return NULL;
                line += newline != NULL;
                text += line;
                size -= line;
        }
        return NULL;
}

char *dockerfile_syntax_detect(const char *text, size_t size)
{
        CLEANUP_FREE char *copy = memory_strndup(text ? text : "", size);
        const char *at = copy;
        char *found;

        if (strncmp(at, "\xEF\xBB\xBF", 3) == 0)
                at += 3;
        if (strncmp(at, "#!", 2) == 0) {
                at += strcspn(at, "\n");
                at += *at == '\n';
        }
        found = detect_behind(at, strlen(at), "#");
        if (!found)
                found = detect_behind(at, strlen(at), "//");
        if (!found && at[strspn(at, " \t\r\n")] == '{')
                found = dockerfile_json_find(at, strlen(at), "syntax");
        return found;
}
