/* SPDX-License-Identifier: Apache-2.0 */
#ifndef BRYO_DOCKERFILE_INSTRUCTION_H
#define BRYO_DOCKERFILE_INSTRUCTION_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "common/buffer.h"
#include "dockerfile/place.h"

/*
 * One instruction, its syntax checked and nothing expanded. Everything is owned
 * by the struct dockerfile it is part of, and constant once parsed. Pointers
 * named like the fields of the language (from, dest, ...) point into `flags`
 * and `args` of the same instruction.
 */

enum dockerfile_kind {
        DOCKERFILE_ADD,
        DOCKERFILE_ARG,
        DOCKERFILE_CMD,
        DOCKERFILE_COPY,
        DOCKERFILE_ENTRYPOINT,
        DOCKERFILE_ENV,
        DOCKERFILE_EXPOSE,
        DOCKERFILE_FROM,
        DOCKERFILE_HEALTHCHECK,
        DOCKERFILE_LABEL,
        DOCKERFILE_MAINTAINER,
        DOCKERFILE_ONBUILD,
        DOCKERFILE_RUN,
        DOCKERFILE_SHELL,
        DOCKERFILE_STOPSIGNAL,
        DOCKERFILE_USER,
        DOCKERFILE_VOLUME,
        DOCKERFILE_WORKDIR,
        DOCKERFILE_KIND_COUNT
};

/* --name=value in front of the arguments, in the order written; quotes and escapes are gone, variables are not. */
struct dockerfile_flag {
        char *name;
        char *value;                   /* "true" for a bare boolean; never NULL */
        struct dockerfile_place place; /* the whole flag */
};

/* `[n]<<[-]NAME` and the lines it brought along (RUN, COPY and ADD in their shell form only). */
struct dockerfile_heredoc {
        char *name;      /* the delimiter with its quotes removed; a COPY's file name */
        unsigned fd;     /* n, 0 when not written */
        bool expand;     /* no part of the delimiter was quoted */
        bool strip_tabs; /* <<- */
        char *raw;       /* the body as it stands in the file, line ends included */
        char *body;      /* the same without leading tabs when strip_tabs, else the bytes of `raw` */
        unsigned line;   /* the first of the body */
        bool alone;      /* the instruction is nothing but this heredoc: RUN <<EOF */
        struct dockerfile_place place;
};

/* NAME, NAME=VALUE or (has_value, legacy) NAME VALUE; both raw: expand the value, and for ENV and LABEL the key as
 * well. */
struct dockerfile_pair {
        struct dockerfile_word key;
        struct dockerfile_word value; /* text "" when has_value is false */
        bool has_value;               /* always, but for ARG */
};

/* ENV, LABEL and ARG. */
struct dockerfile_pairs {
        struct dockerfile_pair *items;
        size_t count;
        size_t cap;
        bool legacy; /* ENV KEY rest of line */
};

struct dockerfile_from {
        const struct dockerfile_word *image;
        const struct dockerfile_word *as;   /* the word AS as written, or NULL */
        const struct dockerfile_word *name; /* the stage name as written, or NULL */
        char *stage;                        /* the stage name in lower case, or NULL */
        const char *platform;               /* raw, or NULL */
};

/* One source of a COPY or ADD: a path (or URL), or a heredoc. */
struct dockerfile_copy_source {
        const struct dockerfile_word *path;
        const struct dockerfile_heredoc *heredoc; /* NULL: `path` is a path */
};

/* Values are raw; NULL or false when the flag is absent. `from` and the excludes are never expanded. */
struct dockerfile_copy {
        struct dockerfile_copy_source *sources; /* at least one, in the order written */
        size_t source_count;
        const struct dockerfile_word *dest;
        const struct dockerfile_flag *from;
        const struct dockerfile_flag *chown;
        const struct dockerfile_flag *chmod;
        const struct dockerfile_flag *checksum;
        const struct dockerfile_flag *keep_git_dir_flag;
        const struct dockerfile_flag *unpack_flag; /* NULL: not said; else unpack holds */
        const struct dockerfile_flag **excludes;
        size_t exclude_count;
        bool link;
        bool parents;
        bool keep_git_dir;
        bool unpack;
};

enum dockerfile_network { DOCKERFILE_NETWORK_DEFAULT, DOCKERFILE_NETWORK_NONE, DOCKERFILE_NETWORK_HOST };
enum dockerfile_security { DOCKERFILE_SECURITY_SANDBOX, DOCKERFILE_SECURITY_INSECURE };

struct dockerfile_run {
        const struct dockerfile_flag *
                *mounts; /* read each with dockerfile_mount_parse; already checked once without variables */
        size_t mount_count;
        const struct dockerfile_flag **devices;
        size_t device_count;
        const struct dockerfile_flag *network_flag; /* NULL: not said */
        const struct dockerfile_flag *security_flag;
        enum dockerfile_network network;
        enum dockerfile_security security;
};

/* Durations in nanoseconds, 0 = inherit. The command is in args (is_json: CMD, else CMD-SHELL). */
struct dockerfile_healthcheck {
        bool none;
        int64_t interval;
        int64_t timeout;
        int64_t start_period;
        int64_t start_interval;
        int retries;
};

struct dockerfile_onbuild {
        char *expression; /* what goes into the image's OnBuild list: the trigger and its heredocs */
        enum dockerfile_kind kind;
};

struct dockerfile_instruction {
        enum dockerfile_kind kind;
        char *keyword;  /* as written, whatever its case */
        char *original; /* the whole instruction on one line, continuations joined, without heredoc bodies: for messages
                           and history */
        char *rest;     /* the part of it behind keyword and flags */
        unsigned first_line;
        unsigned last_line;            /* heredocs included */
        struct dockerfile_place place; /* the keyword */
        bool empty_continuation;       /* blank lines inside a continuation (lint NoEmptyContinuation) */

        struct dockerfile_flag *flags;
        size_t flag_count;

        /*
         * is_json: the elements of the array. Else: RUN, CMD, ENTRYPOINT,
         * HEALTHCHECK CMD: one word, the command line; USER, WORKDIR,
         * STOPSIGNAL, MAINTAINER, ONBUILD: one word, the rest of the line;
         * FROM, COPY, ADD, EXPOSE, VOLUME: the words. ENV, LABEL, ARG: none,
         * see `pairs`.
         */
        bool is_json;
        struct dockerfile_word *args;
        size_t arg_count;

        struct dockerfile_heredoc *heredocs;
        size_t heredoc_count;

        char *comment; /* the comment block right above, one line each, without '#'; NULL */

        union {
                struct dockerfile_from from;
                struct dockerfile_copy copy; /* COPY and ADD */
                struct dockerfile_pairs pairs;
                struct dockerfile_run run;
                struct dockerfile_healthcheck healthcheck;
                struct dockerfile_onbuild onbuild;
        };
};

/* "FROM", "RUN", ... */
const char *dockerfile_kind_name(enum dockerfile_kind kind);

/* The flag of that name, or NULL; the last one if it may be repeated. */
const struct dockerfile_flag *dockerfile_flag_find(const struct dockerfile_instruction *i, const char *name);

/* What the comment block says about `name` ("# NAME text", first match), or NULL; points into i->comment up to a
 * newline: *ret_size. */
const char *dockerfile_instruction_describe(const struct dockerfile_instruction *i, const char *name, size_t *ret_size);

/* How a RUN in shell form is to be run when it has heredocs (Dockerfile reference, "Here-Documents"). */
enum dockerfile_run_shape {
        DOCKERFILE_RUN_JSON,   /* args are the argv */
        DOCKERFILE_RUN_SHELL,  /* the text goes to the shell: SHELL... + text */
        DOCKERFILE_RUN_SCRIPT, /* one heredoc that begins with "#!": the text is an executable file named
                                  heredocs[0].name in /dev/pipes, run through the shell by that path */
};

/* Appends the text for the shell or the file (for DOCKERFILE_RUN_JSON nothing) to `ret`. */
enum dockerfile_run_shape dockerfile_run_text(const struct dockerfile_instruction *i, struct buffer *ret);

#endif
