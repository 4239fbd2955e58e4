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

/* What a file asks for, and where that stands in it. */
struct request {
        char *syntax;
        size_t at; /* bytes from the start of the text */
        size_t size;
};

/* Looks for "PREFIX syntax = value" among the directives that start at text[at]. */
static bool find_behind(const char *text, size_t at, const char *prefix, struct request *ret)
{
        static const char *const others[] = {"escape", "check"};
        size_t skip = strlen(prefix);

        while (text[at] != '\0') {
                size_t end = at + strcspn(text + at, "\n");
                bool known = false;
                struct dockerfile_setting s;

                if (strncmp(text + at, prefix, skip) != 0 || !dockerfile_setting_split(text, at + skip, end, &s))
                        return false;
                if (dockerfile_setting_is(text, &s, "syntax")) {
                        ret->at = s.value;
                        ret->size = strcspn(text + s.value, " \t\r\n");
                        ret->syntax = memory_strndup(text + s.value, ret->size);
                        return true;
                }
                for (size_t k = 0; k < ARRAY_SIZE(others); k++)
                        known |= dockerfile_setting_is(text, &s, others[k]);
                if (!known)
                        return false;
                at = end + (text[end] == '\n');
        }
        return false;
}

/* Fills *ret; the text has a NUL behind it. ret->syntax stays NULL when it asks for nothing. */
static void find_request(const char *text, struct request *ret)
{
        size_t at = strncmp(text, "\xEF\xBB\xBF", 3) == 0 ? 3 : 0;

        *ret = (struct request){0};
        if (strncmp(text + at, "#!", 2) == 0) {
                at += strcspn(text + at, "\n");
                at += text[at] == '\n';
        }
        if (find_behind(text, at, "#", ret) || find_behind(text, at, "//", ret))
                return;
        at += strspn(text + at, " \t\r\n");
        ret->at = at;
        ret->size = 1;
        if (text[at] == '{')
                ret->syntax = dockerfile_json_find(text + at, strlen(text + at), "syntax");
}

static int refuse(const char *text, size_t size, const char *name, const struct request *r, struct error *err)
{
        struct dockerfile_place place = {.line = 1, .width = (unsigned)r->size};
        struct dockerfile_source *source = NULL;
        size_t line_start = 0;

        if (dockerfile_source_new(text, size, name, &source, err) < 0)
                return -1;
        /* Lines of the source have no byte order mark in front of them. */
        if (source->size < size)
                line_start = size - source->size;
        for (const char *newline = text; (newline = memchr(newline, '\n', r->at - (size_t)(newline - text)));) {
                line_start = (size_t)(++newline - text);
                place.line++;
        }
        place.column = (unsigned)(r->at - line_start) + 1;
        dockerfile_source_error(source, &place, err,
                                "the syntax '%s' is not built in: bryo never runs a foreign frontend, its own speaks "
                                "docker/dockerfile:1 (--build-arg BUILDKIT_SYNTAX=dockerfile.v0 ignores the line)",
                                r->syntax);
        dockerfile_source_free(source);
        return -1;
}

int dockerfile_syntax_check(const char *text, size_t size, const char *name, const char *override, struct error *err)
{
        /* ends at the first NUL, which only the parser complains about */
        CLEANUP_FREE char *copy = memory_strndup(text ? text : "", size);
        CLEANUP_FREE char *wanted = NULL;
        struct request found;

        if (override && override[0] != '\0') {
                if (strcmp(override, "dockerfile.v0") == 0 || is_builtin(override))
                        return 0;
                return error_set(err, EINVAL, "BUILDKIT_SYNTAX=%s: bryo never runs a foreign frontend", override);
        }
        find_request(copy, &found);
        wanted = found.syntax;
        if (!wanted || is_builtin(wanted))
                return 0;
        return refuse(text, size, name, &found, err);
}
