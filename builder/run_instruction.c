/* SPDX-License-Identifier: Apache-2.0 */
/* RUN: a command in the sandbox, on the stage's tree. */
#include <errno.h>
#include <string.h>
#include <strings.h>

#include "builder/command.h"
#include "builder/execute.h"
#include "builder/output.h"
#include "builder/step.h"
#include "common/memory.h"

/* As in BuildKit: files that a build makes depend on it. */
#define HOSTNAME "buildkitsandbox"

struct running {
        const struct builder_site *site;
        struct strv argv;
        struct strv env; /* what the key sees */
        struct strv proxies; /* seen by the command only */
};

static void running_free(struct running *r)
{
        strv_free(&r->argv);
        strv_free(&r->env);
        strv_free(&r->proxies);
}

static int refuse(const struct builder_site *site, const struct dockerfile_place *place, const char *what,
                  struct error *err)
{
        return dockerfile_error(site->file, place, err, "%s is not built yet: this bryo cannot build the file", what);
}

static int check_flags(const struct builder_site *site, struct error *err)
{
        const struct dockerfile_run *run = &site->instruction->run;

        if (run->mount_count > 0)
                return refuse(site, &run->mounts[0]->place, "RUN --mount", err);
        if (run->device_count > 0)
                return refuse(site, &run->devices[0]->place, "RUN --device", err);
        if (run->security == DOCKERFILE_SECURITY_INSECURE)
                return dockerfile_error(site->file, &run->security_flag->place, err,
                                        "--security=insecure is refused: without root there are no privileges to give");
        return 0;
}

static int find_argv(struct running *r, struct error *err)
{
        const struct dockerfile_instruction *in = r->site->instruction;
        CLEANUP_BUFFER struct buffer text = BUFFER_INIT;

        switch (dockerfile_run_text(in, &text)) {
        case DOCKERFILE_RUN_JSON:
                for (size_t i = 0; i < in->arg_count; i++)
                        strv_add(&r->argv, in->args[i].text);
                if (r->argv.count == 0)
                        return dockerfile_error(r->site->file, &in->place, err, "RUN needs a command");
                return 0;
        case DOCKERFILE_RUN_SCRIPT:
                return refuse(r->site, &in->heredocs[0].place, "a RUN heredoc that begins with #!", err);
        case DOCKERFILE_RUN_SHELL:
                break;
        }
        builder_state_shell(&r->site->stage->state, &r->argv);
        strv_add(&r->argv, buffer_text(&text));
        return 0;
}

static bool is_proxy(const char *entry)
{
        static const char *const names[] = { "http_proxy", "https_proxy", "ftp_proxy", "no_proxy", "all_proxy" };
        size_t length = strcspn(entry, "=");

        for (size_t i = 0; i < ARRAY_SIZE(names); i++)
                if (length == strlen(names[i]) && strncasecmp(entry, names[i], length) == 0)
                        return true;
        return false;
}

/* Proxies given with --build-arg need no ARG, and are in neither key nor history unless one declares them. */
static void find_env(struct running *r)
{
        const struct strv *given = r->site->job->options->build_args;

        strv_extend(&r->env, &r->site->stage->state.env);
        for (size_t i = 0; i < given->count; i++)
                if (is_proxy(given->items[i]))
                        strv_add(&r->proxies, given->items[i]);
}

static void make_key(const struct running *r, struct sha256_digest *ret)
{
        const struct builder_state *s = &r->site->stage->state;
        struct sha256 hash;

        builder_step_key_begin(r->site, "run", false, &hash);
        for (size_t i = 0; i < r->argv.count; i++)
                sha256_field_string(&hash, r->argv.items[i]);
        sha256_field_string(&hash, "");
        for (size_t i = 0; i < r->env.count; i++)
                sha256_field_string(&hash, r->env.items[i]);
        sha256_field_string(&hash, "");
        sha256_field_string(&hash, builder_state_cwd(s));
        sha256_field_string(&hash, s->config->config.user ? s->config->config.user : "");
        sha256_field_string(&hash, r->site->instruction->run.network == DOCKERFILE_NETWORK_NONE ? "none" : "host");
        sha256_final(&hash, ret);
}

/* "RUN |1 A=b /bin/sh -c make # buildkit" */
static char *history_line(const struct running *r)
{
        const struct strv *args = &r->site->stage->state.args;
        CLEANUP_BUFFER struct buffer text = BUFFER_INIT;

        buffer_append_string(&text, "RUN");
        if (args->count > 0)
                buffer_printf(&text, " |%zu", args->count);
        for (size_t i = 0; i < args->count; i++)
                buffer_printf(&text, " %s", args->items[i]);
        for (size_t i = 0; i < r->argv.count; i++)
                buffer_printf(&text, " %s", r->argv.items[i]);
        buffer_append_string(&text, " # buildkit");
        return buffer_steal(&text);
}

static int command_failed(const struct running *r, const struct sandbox_exit *status, struct error *err)
{
        const struct dockerfile_instruction *in = r->site->instruction;

        if (status->signaled)
                (void)dockerfile_error(r->site->file, &in->place, err, "the command was killed by signal %d (%s): %s",
                                       status->status, strsignal(status->status), in->original);
        else
                (void)dockerfile_error(r->site->file, &in->place, err, "the command failed with exit status %d: %s",
                                       status->status, in->original);
        err->code = ECHILD;
        return -1;
}

/* The stage's own process; all stages live in one user namespace, made by the first that comes here. */
static int open_init(const struct builder_site *site, struct error *err)
{
        struct builder_job *job = site->job;
        struct sandbox *sandbox;
        int result = 0;

        pthread_mutex_lock(&job->lock);
        if (job->cancelled)
                result = error_set(err, ECANCELED, "another stage failed");
        else if (!site->stage->init && (result = builder_workshop_sandbox(&job->workshop, &sandbox, err)) == 0)
                result = sandbox_stage_open(sandbox, &site->stage->init, err);
        pthread_mutex_unlock(&job->lock);
        return result;
}

static int run_command(struct running *r, unsigned number, struct overlay_tree *tree, struct builder_command *command,
                       struct sandbox_exit *ret, struct error *err)
{
        struct builder_job *job = r->site->job;
        CLEANUP_OUTPUT struct builder_output output = { .pipes = SANDBOX_OUTPUT_INIT };
        const struct builder_execution x = {
                .stage = r->site->stage->init,
                .tree = tree,
                .command = &command->view,
                .log = job->workshop.log,
                .attend = builder_output_attend,
                .context = &output,
        };

        if (builder_output_open(&output, job, number, err) < 0)
                return -1;
        command->view.stdout_fd = output.pipes.write_fds[0];
        command->view.stderr_fd = output.pipes.write_fds[1];
        return builder_execute(&x, ret, err);
}

static int execute(void *context, unsigned number, struct overlay_tree *tree, struct strv *made, struct error *err)
{
        struct running *r = context;
        const struct builder_state *s = &r->site->stage->state;
        CLEANUP_COMMAND struct builder_command command = BUILDER_COMMAND_INIT;
        CLEANUP_ERROR struct error cause = ERROR_INIT;
        struct sandbox_exit status = { false, 0 };

        (void)made;
        if (open_init(r->site, err) < 0)
                return -1;
        strv_extend(&command.argv, &r->argv);
        strv_extend(&command.env, &r->proxies);
        for (size_t i = 0; i < r->env.count; i++) {
                CLEANUP_FREE char *name = memory_strndup(r->env.items[i], strcspn(r->env.items[i], "="));

                strv_env_set(&command.env, name, r->env.items[i] + strlen(name) + 1);
        }
        command.cwd = memory_strdup(builder_state_cwd(s));
        command.hostname = HOSTNAME;
        if (builder_command_prepare(&command, tree, s->config->config.user, &cause) < 0)
                return builder_site_error(r->site, &r->site->instruction->place, err, &cause);
        if (r->site->instruction->run.network == DOCKERFILE_NETWORK_NONE)
                command.view.network = SANDBOX_NETWORK_NONE;
        if (run_command(r, number, tree, &command, &status, &cause) < 0)
                return builder_site_error(r->site, &r->site->instruction->place, err, &cause);
        if (status.signaled || status.status != 0)
                return command_failed(r, &status, err);
        overlay_tree_unstub(tree);
        return 0;
}

int builder_do_run(const struct builder_site *site, struct error *err)
{
        struct running r = { .site = site };
        CLEANUP_FREE char *created_by = NULL;
        struct builder_step step = { .title = site->instruction->original, .execute = execute, .context = &r };
        int result = check_flags(site, err);

        if (result == 0)
                result = find_argv(&r, err);
        if (result == 0) {
                find_env(&r);
                make_key(&r, &step.key);
                created_by = history_line(&r);
                step.created_by = created_by;
                result = builder_step_take(site, &step, err);
        }
        running_free(&r);
        return result;
}
