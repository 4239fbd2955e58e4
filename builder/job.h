/* SPDX-License-Identifier: Apache-2.0 */
#ifndef BRYO_BUILDER_JOB_H
#define BRYO_BUILDER_JOB_H

#include <pthread.h>

#include "builder/build.h"
#include "builder/parts.h"
#include "builder/plan.h"
#include "builder/source.h"
#include "builder/state.h"

/*
 * One build while it goes on: the plan, the means, and a state for each stage
 * that the target needs. Internal to builder/; build.h is what others see.
 *
 * Stages that do not need each other run in threads of their own
 * (schedule.h). A stage is touched by its thread only, until it is done; then
 * everybody may read it. What all threads share is guarded by the job's lock.
 */
struct builder_cache;
struct builder_explain;
struct builder_note;

struct builder_stage {
        struct builder_state state;
        unsigned step;              /* steps begun, for "[name 2/5]" */
        struct builder_note *notes; /* of its steps, for caches that are written (cache_export.h); owned */
        size_t note_count, note_cap;
        struct builder_parts parts; /* of the key that was made last (parts.h) */
        const char *explained;      /* the step in `explain` that is looked up; borrowed from there */
        bool no_cache;              /* its steps are executed, whatever the cache holds */
        struct sandbox_stage *init; /* the stage's own process; NULL until its first command runs. Owned; the pointer
                                       changes under the job's lock, so that others can kill what runs */
        struct sandbox_pump *pump;  /* of the commands' output; there if `init` is. Owned */
};

struct builder_job {
        const struct builder_build_options *options;
        struct builder_workshop workshop;
        struct dockerfile *file;        /* owned */
        struct dockerfile *unreadable;  /* owned; instead of it: what stands before an instruction that cannot be read */
        struct builder_plan plan;
        struct builder_stage *stages;   /* plan.count of them; owned */
        struct builder_source *context; /* owned */
        bool context_is_directory;      /* of the host */
        struct builder_time context_made;
        bool has_epoch;                 /* SOURCE_DATE_EPOCH (epoch.h) */
        int64_t epoch;
        char *epoch_text;               /* what an ARG of that name sees; NULL: what was given. Owned */
        struct builder_named *named;    /* owned */
        struct builder_bases *bases;    /* the images that names mean; owned */
        struct builder_lazy_base *lazy_bases; /* those of which only the config was fetched (lazy_base.h); owned */
        struct builder_body_table *bodies; /* owned */
        struct sandbox_stage *holder;   /* holds the mounts of served trees (trees.h); NULL until the first. Owned */
        struct builder_explain *explain; /* guarded by `lock`. Owned */
        struct builder_cache *caches;   /* the live ones (cache_mount.h), guarded by cache_lock */
        struct strv cache_names;        /* of all that were used, guarded by cache_lock */
        pthread_mutex_t cache_lock;     /* taken before `lock`, if both are */
        pthread_mutex_t lock;           /* guards holder, lazy_bases and the four below, the workshop's sandbox, and the progress callbacks */
        unsigned steps;                 /* begun in the whole build: the numbers of the progress output */
        bool cancelled;                 /* a stage failed: nothing new begins */
        bool executed;                  /* some step did not hit */
};

/* Opens the workshop, the named contexts and the inputs; builder_job_close must follow whatever it returns. */
int builder_job_open(struct builder_job *job, struct error *err);
void builder_job_close(struct builder_job *job);

/* True once a stage failed: whoever waits for something gives up. */
bool builder_job_is_cancelled(struct builder_job *job);

/* Tells that a step begins which is no instruction; returns its number. One of the two ends must follow (job_progress.c). */
unsigned builder_job_begin(struct builder_job *job, const char *title);
/* How far a transfer of the step is; for builder_transfer. */
void builder_job_transfer(struct builder_job *job, unsigned step, const char *name, uint64_t done, uint64_t total);
void builder_job_end(struct builder_job *job, unsigned step, enum builder_outcome outcome);
/* It failed, or was stopped because another step had failed. */
void builder_job_fail(struct builder_job *job, unsigned step, const struct error *err);

/*
 * The images of the build (bases.h), with what is told of pulls as steps. `platform` is what is asked for, NULL: what the build is for;
 * `step` shows the layers that are pulled, 0: a step of its own does.
 */
void builder_job_open_bases(struct builder_job *job);
int builder_job_base(struct builder_job *job, const char *text, const struct oci_platform *platform, unsigned step,
                     struct builder_state *ret, struct error *err);

/* Where an instruction is executed. */
struct builder_site {
        struct builder_job *job;
        size_t index; /* of the stage in the plan */
        struct builder_stage *stage;
        const struct dockerfile *file; /* what errors quote: the Dockerfile, or the trigger of a base image */
        const struct dockerfile_instruction *instruction;
};

/* Tells that the next step of the stage begins: `text` is the instruction on one line. Ends as builder_job_begin. */
unsigned builder_site_begin(const struct builder_site *site, const char *text);

/* An error in the file at `place`, the cause appended: for errors that come from below. Returns -1. */
int builder_site_error(const struct builder_site *site, const struct dockerfile_place *place, struct error *err,
                       struct error *cause);

/* The same for an image that could not be had: a stage of nearly that name is proposed. */
int builder_site_image_error(const struct builder_site *site, const struct dockerfile_place *place, const char *name,
                             struct error *err, struct error *cause);

/* Expands a word of the instruction with the stage's variables; *ret is heap text. */
int builder_site_expand(const struct builder_site *site, const char *text, const struct dockerfile_place *place,
                        char **ret, struct error *err);

/* The same, split into words at unquoted white space; appended to `ret`. */
int builder_site_expand_words(const struct builder_site *site, const char *text, const struct dockerfile_place *place,
                              struct strv *ret, struct error *err);
/* A directory name after another: relative to it unless absolute; cleaned of dots and doubled slashes. Heap text. */
char *builder_site_join(const char *cwd, const char *path);

/* The instructions, one function for each kind; config.c, copy_instruction.c, run_instruction.c, workdir.c. */
typedef int builder_instruction_function(const struct builder_site *site, struct error *err);
builder_instruction_function builder_do_add, builder_do_arg, builder_do_cmd, builder_do_copy, builder_do_entrypoint,
        builder_do_env, builder_do_expose, builder_do_label, builder_do_run, builder_do_shell, builder_do_stopsignal,
        builder_do_user, builder_do_volume, builder_do_workdir, builder_do_maintainer, builder_do_healthcheck,
        builder_do_onbuild;

#endif
