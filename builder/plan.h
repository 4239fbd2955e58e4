/* SPDX-License-Identifier: Apache-2.0 */
#ifndef BRYO_BUILDER_PLAN_H
#define BRYO_BUILDER_PLAN_H

#include <stdbool.h>
#include <stddef.h>

#include "common/error.h"
#include "common/strv.h"
#include "dockerfile/parser.h"
#include "oci/platform.h"

/*
 * The build graph: the stages of a Dockerfile, what each stands on, and which
 * of them the target needs. Pure text work: nothing is looked up but the
 * triggers of base images, which may need further stages.
 */
#define BUILDER_NO_STAGE ((size_t)-1)

struct builder_stage_plan {
        const struct dockerfile_instruction *from;
        size_t first, end; /* the instructions below FROM: first <= i < end */
        const char *name;  /* lower case; NULL when unnamed. Borrowed from the file */
        char *image;       /* what FROM names, expanded; owned */
        struct oci_platform
                *platform; /* what FROM --platform asks for, or the build; NULL: nothing. Owned; only if needed */
        size_t base;       /* the stage it names, or BUILDER_NO_STAGE: an image or scratch */
        bool scratch;
        bool named; /* `image` is a named context (named.h), which stands for the whole stage if it has the stage's name
                     */
        bool needed;
        size_t *sources; /* the stages that its COPY --from read; owned */
        size_t source_count;
        struct dockerfile **triggers; /* ONBUILD of what FROM names, run before its own instructions: each is parsed by
                                         itself and has one instruction. Owned; only if needed */
        size_t trigger_count;
        unsigned step_count; /* FROM and the instructions that make layers, for "[name 2/5]" */
};

struct builder_plan {
        const struct dockerfile *file; /* borrowed */
        struct builder_stage_plan *stages;
        size_t count;
        size_t target;
        struct strv globals; /* NAME=VALUE of the ARGs before the first FROM and of the platform, in order */
        struct strv unused;  /* names of build arguments that nothing declares, for a warning */
};

#define BUILDER_PLAN_INIT                                                                                              \
        {                                                                                                              \
                .file = NULL                                                                                           \
        }

struct builder_plan_options {
        const struct strv *build_args;       /* NAME=VALUE from the command line */
        const char *target;                  /* stage name or index; NULL: the last stage */
        const struct oci_platform *platform; /* what is built for; NULL: this machine, and bases as they are */
        const char *base;                    /* what the first FROM means; NULL: what it names */
        /*
         * Appends the ONBUILD triggers of an image to `ret`; NULL: images have none. Called for the images that
         * needed stages begin with, `platform` is NULL where none is asked for; a failure is one of that FROM.
         */
        int (*find_triggers)(void *context, const char *image, const struct oci_platform *platform, struct strv *ret,
                             struct error *err);
        /* Told of the image of the first FROM that names one; may be NULL. */
        void (*tell_first)(void *context, const char *image);
        bool (*is_named)(void *context, const char *name); /* whether a name is a named context; NULL: none is */
        void *context;
};

/*
 * Errors point into the file: a stage that does not exist or comes later, a base that expands to nothing. Those of a
 * trigger quote the trigger.
 */
int builder_plan_make(const struct dockerfile *file, const struct builder_plan_options *options,
                      struct builder_plan *ret, struct error *err);
void builder_plan_free(struct builder_plan *plan);
#define CLEANUP_PLAN __attribute__((cleanup(builder_plan_free)))

/*
 * The stage that a --from of `file` (the plan's, or a trigger) means in stage `current`: a name in any case, or an
 * index; *ret is BUILDER_NO_STAGE when it must be an image. Fails for a stage that is `current` or comes after it.
 */
int builder_plan_find_source(const struct builder_plan *plan, size_t current, const struct dockerfile *file,
                             const struct dockerfile_flag *from, size_t *ret, struct error *err);
/*
 * What to say in front of "there is no image NAME", when stage `current` asked for it: "no stage is called bulider (did
 * you mean builder?); ", "the stage NAME begins later, in line 7; ", or "". `stages`: where a name without tag, digest
 * or directory more likely means a stage, those above are listed when none is near. Heap text.
 */
char *builder_plan_stage_hint(const struct builder_plan *plan, size_t current, const char *name, bool stages);
/* The stage that the command line calls `text`: a name in any case, or an index. The error names the stages there are.
 */
int builder_plan_find_stage(const struct builder_plan *plan, const char *text, size_t *ret, struct error *err);
/* The same for `from` of a RUN --mount, which takes no index. */
int builder_plan_find_mount(const struct builder_plan *plan, size_t current, const struct dockerfile *file,
                            const struct dockerfile_flag *flag, const char *from, size_t *ret, struct error *err);
/*
 * Adds the arguments of the platform, which FROM lines and stages may use (Dockerfile reference, "Automatic platform
 * ARGs"); --build-args of these names stand above them. `platform` is what is built for, NULL this machine; `target` is
 * --target, or NULL: TARGETSTAGE is then the last stage's name.
 */
void builder_plan_platform(struct strv *globals, const struct strv *build_args, const struct dockerfile *file,
                           const struct oci_platform *platform, const char *target);
/* "build" or "stage-2": how progress calls a stage. Heap text. */
char *builder_plan_stage_title(const struct builder_plan *plan, size_t stage);
/* True for the instructions that change files. */
bool builder_plan_makes_layer(const struct dockerfile_instruction *i);

#endif
