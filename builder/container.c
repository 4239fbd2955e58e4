/* SPDX-License-Identifier: Apache-2.0 */
/* Running an image. */
#include "builder/container.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "builder/command.h"
#include "builder/emulator.h"
#include "builder/execute.h"
#include "builder/state.h"
#include "common/memory.h"
#include "oci/image.h"

#define HOSTNAME "bryo"

static int find_argv(const struct builder_container_options *o, const struct oci_run_config *config, struct strv *ret,
                     struct error *err)
{
        if (o->entrypoint && o->entrypoint[0])
                strv_add(ret, o->entrypoint);
        else if (!o->entrypoint)
                strv_extend(ret, &config->entrypoint.items);
        if (o->argv->count > 0)
                strv_extend(ret, o->argv);
        else if (!o->entrypoint)
                strv_extend(ret, &config->cmd.items);
        if (ret->count == 0)
                return error_set(err, EINVAL, "the image %s has no command: name one behind it", o->image);
        return 0;
}

static void find_env(const struct builder_container_options *o, const struct oci_run_config *config, struct strv *ret)
{
        strv_extend(ret, &config->env);
        if (o->tty)
                strv_env_set(ret, "TERM", "xterm");
        for (size_t i = 0; i < o->env->count; i++) {
                CLEANUP_FREE char *name = memory_strndup(o->env->items[i], strcspn(o->env->items[i], "="));

                strv_env_set(ret, name, o->env->items[i] + strlen(name) + 1);
        }
}

static int prepare(const struct builder_container_options *o, const struct builder_state *state, struct overlay_tree *tree,
                   struct builder_command *c, struct error *err)
{
        const struct oci_run_config *config = &state->config->config;

        if (find_argv(o, config, &c->argv, err) < 0)
                return -1;
        find_env(o, config, &c->env);
        c->cwd = memory_strdup(o->cwd ? o->cwd : builder_state_cwd(state));
        c->hostname = HOSTNAME;
        if (builder_command_prepare(c, tree, o->user ? o->user : config->user, err) < 0)
                return -1;
        c->view.tty = o->tty;
        c->view.tty_rows = o->tty_rows;
        c->view.tty_columns = o->tty_columns;
        c->view.stdin_fd = o->stdin_fd;
        c->view.stdout_fd = 1;
        c->view.stderr_fd = 2;
        return 0;
}

static int attend(void *context, struct sandbox_stage *stage, struct error *err)
{
        const struct builder_container_options *o = context;

        return o->attend(o->context, stage, sandbox_stage_take_tty(stage), err);
}

/* `x` lacks who attends to it. */
static int attend_to(const struct builder_container_options *o, struct builder_execution *x,
                     struct builder_container_result *ret, struct error *err)
{
        struct builder_container_options own = *o;
        int result;

        x->attend = attend;
        x->context = &own;
        result = builder_execute(x, &ret->exit, err);
        ret->not_executed = result < 0 && sandbox_stage_is_exec_failure(x->stage);
        return result;
}

/* A program for another machine, and nobody to run it. */
static void explain_start(const struct builder_state *state, struct error *err)
{
        int code = err->code;
        CLEANUP_FREE char *foreign = builder_emulator_explain(state->config->architecture, code);

        if (!foreign)
                return;
        error_clear(err);
        (void)error_set(err, code, "%s", foreign);
}

static int run_state(const struct builder_container_options *o, struct builder_workshop *w, struct builder_state *state,
                     struct builder_container_result *ret, struct error *err)
{
        CLEANUP_OVERLAY_TREE struct overlay_tree *tree = NULL;
        CLEANUP_UPPER struct builder_upper upper = { 0 };
        CLEANUP_COMMAND struct builder_command command = BUILDER_COMMAND_INIT;
        struct builder_execution x = { .log = o->log, .crowd = w->crowd };
        struct sandbox *sandbox;
        int result;

        if (builder_chain_open(&state->chain, w, NULL, &upper, &tree, err) < 0 ||
            prepare(o, state, tree, &command, err) < 0 || builder_workshop_sandbox(w, &sandbox, err) < 0)
                return -1;
        builder_emulator_ensure(w, state->config->architecture);
        if (sandbox_stage_open(sandbox, &x.stage, err) < 0)
                return -1;
        x.tree = tree;
        x.command = &command.view;
        result = attend_to(o, &x, ret, err);
        if (result < 0 && ret->not_executed)
                explain_start(state, err);
        sandbox_stage_close(x.stage);
        return result;
}

int builder_container_find(const struct builder_container_options *o, const struct oci_registry_options *registry,
                           enum builder_pull_policy policy, const struct builder_bases_watch *watch,
                           struct sha256_digest *ret, struct error *err)
{
        CLEANUP_WORKSHOP struct builder_workshop w = BUILDER_WORKSHOP_INIT;
        struct oci_registry_options own = *registry;
        const struct builder_base base = { .text = o->image };
        CLEANUP_ERROR struct error local_err = ERROR_INIT;
        struct builder_bases *bases;
        int result;

        /* any beginning of an ID will do here, and an image of the store is run whatever it is for */
        if (policy != BUILDER_PULL_ALWAYS && oci_image_resolve(o->store, o->image, ret, NULL, &local_err) == 0)
                return 0;
        if (policy == BUILDER_PULL_NEVER || (error_is_set(&local_err) && local_err.code != ENOENT))
                return error_move(err, &local_err);
        own.log = o->log;
        if (builder_workshop_open(&w, o->store, o->log, err) < 0)
                return -1;
        w.registry = oci_registry_new(&own);
        bases = builder_bases_new(&w, policy, watch);
        result = builder_bases_image(bases, &base, ret, err);
        builder_bases_free(bases);
        return result;
}

int builder_container_run(const struct builder_container_options *o, struct builder_container_result *ret,
                          struct error *err)
{
        CLEANUP_WORKSHOP struct builder_workshop w = BUILDER_WORKSHOP_INIT;
        CLEANUP_STATE struct builder_state state = BUILDER_STATE_INIT;

        *ret = (struct builder_container_result){ .not_executed = false };
        if (builder_workshop_open(&w, o->store, o->log, err) < 0 || builder_state_load(&state, &w, &o->id, err) < 0)
                return -1;
        builder_state_ensure_path(&state);
        return run_state(o, &w, &state, ret, err);
}
