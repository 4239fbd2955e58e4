/* SPDX-License-Identifier: Apache-2.0 */
#ifndef BRYO_DOCKERFILE_EXPAND_H
#define BRYO_DOCKERFILE_EXPAND_H

#include "common/error.h"
#include "common/strv.h"

/*
 * Word expansion: quotes, escapes and $variables, as BuildKit does it (its
 * frontend/dockerfile/shell is the reference): $v ${v} ${v:-w} ${v-w} ${v:+w}
 * ${v+w} ${v:?m} ${v?m} ${v#p} ${v##p} ${v%p} ${v%%p} ${v/p/r} ${v//p/r}.
 */

/* No result is longer; a longer one is an error (ARG values that double line by line). */
#define DOCKERFILE_MAX_EXPANSION (1u << 20)
/* ${a:-${b:-...}} deeper than this is an error. */
#define DOCKERFILE_MAX_NESTING 200

struct dockerfile_scope {
        /* The value, valid until the next call, or NULL if undefined (an ARG without a value is undefined, not empty).
         */
        const char *(*find)(void *context, const char *name);
        /* Told each name that was used and is undefined, for lint; may be NULL. */
        void (*undefined)(void *context, const char *name);
        void *context;
};

enum dockerfile_expansion {
        DOCKERFILE_EXPAND_WORD,    /* arguments: quotes are processed and removed */
        DOCKERFILE_EXPAND_HEREDOC, /* COPY and ADD bodies: quotes are text; the escape character is always '\' and every
                                      one is removed */
};

/*
 * Expands `text`; *ret is a heap string, untouched on failure. `escape` is the
 * file's escape character (ignored for heredocs). Errors say what is
 * wrong and with which piece, without a place: wrap them with dockerfile_error.
 */
int dockerfile_expand(const struct dockerfile_scope *scope, char escape, enum dockerfile_expansion mode,
                      const char *text, char **ret, struct error *err);

/*
 * Expands, then splits at unquoted white space, that of unquoted variables
 * included; empty words vanish (EXPOSE). Appends to `ret`, nothing on failure.
 */
int dockerfile_expand_words(const struct dockerfile_scope *scope, char escape, const char *text, struct strv *ret,
                            struct error *err);

#endif
