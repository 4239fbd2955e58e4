/* SPDX-License-Identifier: Apache-2.0 */
#ifndef BRYO_DOCKERFILE_PARSER_H
#define BRYO_DOCKERFILE_PARSER_H

#include <stddef.h>

#include "common/buffer.h"
#include "common/error.h"
#include "dockerfile/instruction.h"

/* Limits against hostile files; a real Dockerfile is far below each of them. */
#define DOCKERFILE_MAX_SIZE         (4u << 20)
#define DOCKERFILE_MAX_LINE         65535u /* bytes of a line; BuildKit's scanner has the same */
#define DOCKERFILE_MAX_INSTRUCTIONS 65536u

/* "# name=value" at the top of the file. */
struct dockerfile_directive {
        char *value;                   /* NULL: not there */
        struct dockerfile_place place; /* the value */
};

/* A parsed file; instructions in order, the first FROM at first_from. */
struct dockerfile {
        char *name;  /* as given, for messages */
        char escape; /* '\\' or '`' */
        struct dockerfile_directive escape_directive;
        struct dockerfile_directive syntax; /* as written; see dockerfile_syntax_check */
        struct dockerfile_directive check;  /* lint settings, raw */
        struct dockerfile_instruction *instructions;
        size_t instruction_count;
        size_t first_from;                /* instructions before it are global ARGs */
        struct dockerfile_source *source; /* the text, for excerpts */
};

/*
 * Parses a whole Dockerfile. `name` is how messages call it ("Dockerfile").
 * Nothing is expanded, looked up or read; every instruction's syntax is
 * checked, also in stages nobody needs. The text is copied.
 *
 * A failure leaves *ret untouched and a message that begins "NAME:LINE:COL: "
 * and ends with an excerpt of the file, a caret under the guilty word
 * (err->code EINVAL; EFBIG, without a place, for more than DOCKERFILE_MAX_SIZE).
 */
int dockerfile_parse(const char *text, size_t size, const char *name, struct dockerfile **ret, struct error *err);

/*
 * The same; after a failure *ret_before is the file with the instructions before the one that cannot be read, which only
 * dockerfile_lint_before may look at: where stages begin and end is not known of it. Untouched when there is none.
 */
int dockerfile_parse_keep(const char *text, size_t size, const char *name, struct dockerfile **ret,
                          struct dockerfile **ret_before, struct error *err);

/*
 * Parses one ONBUILD trigger as stored in an image's config: one instruction,
 * its heredocs behind it, always with '\' as escape character; not FROM,
 * MAINTAINER or ONBUILD. `name` is for messages ("ONBUILD of debian:12").
 * The result has exactly one instruction, and no FROM (first_from 1).
 */
int dockerfile_trigger_parse(const char *text, size_t size, const char *name, struct dockerfile **ret,
                             struct error *err);

/* Accepts NULL. */
void dockerfile_free(struct dockerfile *d);
void dockerfile_cleanup(struct dockerfile **d);
#define CLEANUP_DOCKERFILE __attribute__((cleanup(dockerfile_cleanup)))

/*
 * Sets `err` (EINVAL) to "NAME:LINE:COL: text" and an excerpt with a caret
 * under `place`; returns -1. For every later error that has a place in the
 * file, e.g. an unknown stage in --from. Control characters of the file come
 * out as '?', so that the message cannot drive a terminal.
 */
int dockerfile_error(const struct dockerfile *d, const struct dockerfile_place *place, struct error *err,
                     const char *format, ...) __attribute__((format(printf, 4, 5)));

/* Appends "   2 | text\n" for the lines first..last as they stand in the file; long lines are cut, control characters
 * shown as '?'. */
void dockerfile_excerpt(const struct dockerfile *d, unsigned first, unsigned last, struct buffer *ret);

/*
 * "# syntax=" names a frontend image that would parse the file. This parser is
 * built in and no foreign one is ever fetched: docker/dockerfile (also
 * -upstream and -labs, any tag, docker.io/ in front) means the built-in one,
 * anything else is an error that says so, with the place of the line. To be
 * asked before dockerfile_parse: a text for another frontend need not be a
 * Dockerfile at all, and may ask with "// syntax=...", as {"syntax": "..."}, or
 * behind a "#!" first line. `override` is the build argument BUILDKIT_SYNTAX,
 * or NULL: when given it is judged instead of the text and "dockerfile.v0" is
 * the built-in one too.
 */
int dockerfile_syntax_check(const char *text, size_t size, const char *name, const char *override, struct error *err);

#endif
