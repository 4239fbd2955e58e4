/* SPDX-License-Identifier: Apache-2.0 */
#ifndef BRYO_DOCKERFILE_LINT_H
#define BRYO_DOCKERFILE_LINT_H

#include <stdbool.h>
#include <stddef.h>

#include "common/error.h"
#include "common/strv.h"
#include "dockerfile/ignore.h"
#include "dockerfile/outline.h"
#include "dockerfile/parser.h"

/*
 * The checks of a Dockerfile: rules, names and sentences are those of
 * BuildKit's linter, so that what people wrote about its warnings holds here.
 * Instructions in, warnings out: what a rule must know of the context or of a
 * base image comes in with the options.
 */
struct dockerfile_lint_rule {
        const char *name;
        const char *description;
        const char *page; /* of https://docs.docker.com/go/dockerfile/rule/PAGE/; NULL: there is none */
        bool experimental;
};

struct dockerfile_warning {
        const struct dockerfile_lint_rule *rule;
        char *detail;                   /* owned */
        unsigned first_line, last_line; /* of the instruction */
        size_t order;                   /* in which it was found */
};

/* In the order of their lines. */
struct dockerfile_warnings {
        struct dockerfile_warning *items;
        size_t count;
        size_t cap;
        bool fail; /* error=true was said */
};

/* What a rule wants to know of a base image. */
struct dockerfile_base {
        struct strv env; /* NAME=VALUE */
        bool has_shell;  /* the config has a SHELL */
        char *platform;  /* "linux/amd64", owned; NULL: not known */
};

struct dockerfile_lint_options {
        const struct strv *build_args;          /* NAME=VALUE */
        const struct strv *platform;            /* the predefined global arguments: TARGETPLATFORM=linux/amd64, ... */
        const char *target;                     /* a stage's name or index: only what it needs is checked; NULL: all */
        const char *base;                       /* stands for what the first FROM names; NULL: what it names */
        const struct strv *env;                 /* NAME=VALUE at the start of every stage that is on no other; NULL: none */
        const char *check;                      /* stands above the file's check directive; NULL: that holds */
        const struct dockerfile_ignore *ignore; /* of the context; NULL: there is none */
        /* Fills *ret (empty before) with what is known of the image; false: nothing is. May be NULL. */
        bool (*find_base)(void *context, const char *image, struct dockerfile_base *ret);
        /* True if it can be an image's name. */
        bool (*is_reference)(const char *text);
        void *context;
};

/*
 * Checks the file; *ret and *ret_outline (may be NULL) are filled and to be cleared by the caller also after a failure.
 * An error (EINVAL) is a check setting that cannot be read, or a word that cannot be expanded: a build that comes there
 * stops as well. Where the base image is not known ${NAME:?} is let pass.
 */
int dockerfile_lint(const struct dockerfile *d, const struct dockerfile_lint_options *options,
                    struct dockerfile_warnings *ret, struct dockerfile_outline *ret_outline, struct error *err);
/*
 * What is known without following the stages, for a build that fails before that: of a `whole` file, or of one that could
 * not be parsed to its end (dockerfile_parse_keep), as BuildKit's parser warns on its way. `check` is as in the options;
 * settings that cannot be read warn of nothing.
 */
void dockerfile_lint_before(const struct dockerfile *d, bool whole, const char *check, struct dockerfile_warnings *ret);
void dockerfile_warnings_clear(struct dockerfile_warnings *w);

/* "A, B": the rules that warned, each once. Heap text. */
char *dockerfile_warnings_rules(const struct dockerfile_warnings *w);

#endif
