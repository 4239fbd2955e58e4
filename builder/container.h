/* SPDX-License-Identifier: Apache-2.0 */
#ifndef BRYO_BUILDER_CONTAINER_H
#define BRYO_BUILDER_CONTAINER_H

#include <stdbool.h>

#include "common/error.h"
#include "common/log.h"
#include "common/strv.h"
#include "builder/bases.h"
#include "oci/registry.h"
#include "oci/store.h"
#include "sandbox/sandbox.h"

/* `bryo run`: an image's command in the same sandbox as RUN, on an upper that is thrown away. */
struct builder_container_options {
        struct oci_store *store;   /* borrowed */
        const struct log *log;     /* may be NULL */
        const char *image;         /* a reference or image ID */
        struct sha256_digest id;   /* what builder_container_find made of it */
        const struct strv *argv;   /* replaces the image's CMD unless empty */
        const struct strv *env;    /* NAME=VALUE, over the image's Env */
        const char *entrypoint;    /* replaces the image's (and drops its CMD); "" is none; NULL keeps it */
        const char *cwd;           /* NULL: the image's WorkingDir */
        const char *user;          /* NULL: the image's User */
        bool tty;                  /* a terminal of the container's own; `attend` gets its master */
        unsigned short tty_rows, tty_columns; /* its size; 0: unknown */
        int stdin_fd;              /* without tty; -1: /dev/null */
        /* Called while the command runs, until sandbox_stage_fd(stage) is readable. The terminal's master (or -1) is the callee's. */
        int (*attend)(void *context, struct sandbox_stage *stage, int tty_fd, struct error *err);
        void *context;
};

struct builder_container_result {
        struct sandbox_exit exit;
        bool not_executed; /* after a failure: the command itself could not be executed (err->code says why), nothing else is wrong */
};

/*
 * Finds the image `o->image` in the store, or pulls it as the policy says; *ret is for o->id. The watch may be NULL, and
 * the options' log is not looked at.
 */
int builder_container_find(const struct builder_container_options *o, const struct oci_registry_options *registry,
                           enum builder_pull_policy policy, const struct builder_bases_watch *watch,
                           struct sha256_digest *ret, struct error *err);
/* Runs it to its end. A command that ends badly is a success with its status in `ret`. */
int builder_container_run(const struct builder_container_options *o, struct builder_container_result *ret,
                          struct error *err);

#endif
