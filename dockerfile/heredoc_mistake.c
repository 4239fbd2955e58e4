/* SPDX-License-Identifier: Apache-2.0 */
/* Finds the guilty word of a here-document: expansion sees the body as one text, and its errors have no place. */
#include "dockerfile/heredoc_mistake.h"

#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

#include "common/memory.h"

/* How many $ of the line are tried for the one that is to be marked, at most: each costs an expansion of its rest. */
#define MAX_TRIES 50

static bool fails_alike(const struct dockerfile_scope *scope, const char *text, const char *message)
{
        const struct dockerfile_scope quiet = {.find = scope->find, .context = scope->context};
        CLEANUP_ERROR struct error cause = ERROR_INIT;
        CLEANUP_FREE char *ignored = NULL;

        return dockerfile_expand(&quiet, '\\', DOCKERFILE_EXPAND_HEREDOC, text, &ignored, &cause) < 0 &&
               strcmp(cause.message, message) == 0;
}

static struct dockerfile_place mark(const struct dockerfile_scope *scope, unsigned line, const char *text,
                                    const char *message)
{
        const char *from = strchr(text, '$');
        unsigned tries = 0;
        size_t width;

        for (const char *p = from; p && tries++ < MAX_TRIES; p = strchr(p + 1, '$'))
                if (fails_alike(scope, p, message))
                        from = p;
        width = strcspn(from, "}");
        return (struct dockerfile_place){line, (unsigned)(from - text) + 1, (unsigned)(width + (from[width] == '}'))};
}

struct dockerfile_place dockerfile_heredoc_mistake(const struct dockerfile_scope *scope,
                                                   const struct dockerfile_heredoc *doc, const char *message)
{
        const char *at = doc->raw;

        for (unsigned line = doc->line; *at; line++) {
                size_t size = strcspn(at, "\n");
                CLEANUP_FREE char *text = memory_strndup(at, size);

                text[strcspn(text, "\r")] = '\0';
                if (strchr(text, '$') && fails_alike(scope, text, message))
                        return mark(scope, line, text, message);
                at += size + (at[size] == '\n');
        }
        return doc->place;
}
