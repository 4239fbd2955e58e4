/* SPDX-License-Identifier: Apache-2.0 */
/* The wildcards of COPY and ADD. */
#include "dockerfile/glob.h"

#include <stdlib.h>
#include <string.h>

#include "common/buffer.h"
#include "common/memory.h"
#include "dockerfile/pattern.h"

struct dockerfile_glob {
        struct dockerfile_pattern *pattern;
};

bool dockerfile_glob_is(const char *text)
{
        for (; *text; text++) {
                if (strchr("*?[", *text))
                        return true;
                if (*text == '\\' && *++text == '\0')
                        return false;
        }
        return false;
}

char *dockerfile_glob_unescape(const char *text)
{
        struct buffer out = BUFFER_INIT;

        for (; *text; text++) {
                if (*text == '\\' && text[1] != '\0')
                        text++;
                buffer_append_char(&out, *text);
        }
        return buffer_steal(&out);
}

static int parse(const char *pattern, enum dockerfile_pattern_kind kind, struct dockerfile_glob **ret,
                 struct error *err)
{
        struct dockerfile_pattern *p;

        if (dockerfile_pattern_parse(pattern, kind, &p, err) < 0)
                return -1;
        *ret = memory_zalloc(1, sizeof(**ret));
        (*ret)->pattern = p;
        return 0;
}

int dockerfile_glob_parse(const char *pattern, struct dockerfile_glob **ret, struct error *err)
{
        return parse(pattern, DOCKERFILE_PATTERN_GLOB, ret, err);
}

int dockerfile_glob_parse_deep(const char *pattern, struct dockerfile_glob **ret, struct error *err)
{
        return parse(pattern, DOCKERFILE_PATTERN_DEEP, ret, err);
}

void dockerfile_glob_free(struct dockerfile_glob *g)
{
        if (!g)
                return;
        dockerfile_pattern_free(g->pattern);
        free(g);
}

bool dockerfile_glob_matches(const struct dockerfile_glob *g, const char *path)
{
        return dockerfile_pattern_matches(g->pattern, path, false);
}

bool dockerfile_glob_may_contain(const struct dockerfile_glob *g, const char *dir)
{
        return dockerfile_pattern_may_contain(g->pattern, dir);
}
