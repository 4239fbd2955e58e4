/* SPDX-License-Identifier: Apache-2.0 */
/* RUN: the command in the sandbox, on the stage's tree, and what is said when it fails. */
#include <errno.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>

#include "builder/emulator.h"
#include "builder/execute.h"
#include "builder/output.h"
#include "builder/run_instruction.h"
#include "builder/run_options.h"
#include "common/memory.h"

/* --- failures ------------------------------------------------------------------------ */

static void append_to_message(struct error *err, const char *text)
{
        char *message = memory_printf("%s%s%s", err->message, err->message[0] && err->message[strlen(err->message) - 1] == '\n' ? "" : "\n", text);
        size_t length = strlen(message);

        if (length > 0 && message[length - 1] == '\n')
                message[length - 1] = '\0';
        free(err->message);
        err->message = message;
}

/* The interpreter that the first line of a script in a here-document names; NULL: there is none. Heap text. */
static char *interpreter(const struct dockerfile_instruction *in)
{
        const char *body = in->heredoc_count > 0 && in->heredocs[0].alone ? in->heredocs[0].body : "";

        if (strncmp(body, "#!", 2) != 0)
                return NULL;
        body += 2 + strspn(body + 2, " \t");
        return memory_strndup(body, strcspn(body, " \t\r\n"));
}

/* What a shell means by a status (POSIX, "Exit Status for Commands"); "" when nothing. Heap text. */
static char *explain_status(const struct dockerfile_instruction *in, int status)
{
        CLEANUP_FREE char *script = status == 127 ? interpreter(in) : NULL;

        if (script)
                return memory_printf(" (a program was not found: is %s in the image?)", script);
        if (status == 126)
                return memory_strdup(" (a program that cannot be executed)");
        if (status == 127)
                return memory_strdup(" (a program was not found)");
        if (status == 128 + SIGKILL)
                return memory_strdup(" (a process was killed, as the kernel does when memory runs out)");
        if (status > 128 && status < 128 + 32) /* the signals with names */
                return memory_printf(" (a process was ended by signal %d, %s)", status - 128, strsignal(status - 128));
        return memory_strdup("");
}

/* Lines of an instruction that stand below its marked first one, at most. */
#define MAX_LINES_BELOW 8

/* The rest of an instruction that has several lines, here-documents included: the command is in all of them. */
static void append_rest(const struct dockerfile *file, const struct dockerfile_instruction *in, struct buffer *ret)
{
        unsigned first = in->place.line + 1;
        unsigned last = in->last_line;
        bool cut = last >= first + MAX_LINES_BELOW;

        if (last < first)
                return;
        dockerfile_excerpt(file, first, cut ? first + MAX_LINES_BELOW - 2 : last, ret);
        if (cut)
                buffer_append_string(ret, "     | ...\n");
}

static int command_failed(const struct builder_run *r, const struct sandbox_exit *status,
                          const struct builder_output *output, struct error *err)
{
        const struct dockerfile_instruction *in = r->site->instruction;
        CLEANUP_BUFFER struct buffer text = BUFFER_INIT;
        CLEANUP_BUFFER struct buffer tail = BUFFER_INIT;
        CLEANUP_FREE char *meaning = explain_status(in, status->signaled ? 0 : status->status);

        if (status->signaled)
                (void)dockerfile_error(r->site->file, &in->place, err, "the command was killed by signal %d (%s): %s",
                                       status->status, strsignal(status->status), in->original);
        else
                (void)dockerfile_error(r->site->file, &in->place, err, "the command failed with exit status %d%s: %s",
                                       status->status, meaning, in->original);
        append_rest(r->site->file, in, &text);
        builder_output_tail(output, "  | ", &tail);
        if (tail.size > 0)
                buffer_printf(&text, "its last output:\n%s", tail.data);
        if (!r->site->job->options->run->attend_shell)
                buffer_append_string(&text, "to look inside: bryo build --on-error=shell ...");
        append_to_message(err, buffer_text(&text));
        err->code = ECHILD;
        return -1;
}

/* Bytes that could not be read or written: what the command made of it is not the reason. */
static int file_system_failed(const struct builder_run *r, const struct sandbox_exit *status, struct error *cause,
                              struct error *err)
{
        error_wrap(cause, "the command %s %d after its file system had failed",
                   status->signaled ? "was killed by signal" : "failed with exit status", status->status);
        return builder_site_error(r->site, &r->site->instruction->place, err, cause);
}

/* --- running --------------------------------------------------------------------------- */

/* The stage's own process; all stages live in one user namespace, made by the first that comes here. */
static int open_init(const struct builder_site *site, struct error *err)
{
        struct builder_job *job = site->job;
        struct sandbox *sandbox;
        int result = 0;

        pthread_mutex_lock(&job->lock);
        if (job->cancelled)
                result = error_set(err, ECANCELED, "another stage failed");
        else if (!site->stage->init && (result = builder_workshop_sandbox(&job->workshop, &sandbox, err)) == 0) {
                builder_emulator_ensure(&job->workshop, site->stage->state.config->architecture);
                result = sandbox_stage_open(sandbox, &site->stage->init, err);
        }
        pthread_mutex_unlock(&job->lock);
        if (result == 0 && !site->stage->pump)
                result = sandbox_pump_open(&site->stage->pump, err);
        return result;
}

struct attending {
        struct builder_run *run;
        struct builder_output *output; /* NULL: a shell on a terminal */
};

static int attend(void *context, struct sandbox_stage *stage, struct error *err)
{
        const struct attending *a = context;
        const struct builder_run_options *o = a->run->site->job->options->run;

        if (builder_mounts_attend(&a->run->mounts, stage, err) < 0)
                return -1;
        if (a->output)
                return builder_output_attend(a->output, stage, err);
        return o->attend_shell(o->shell_context, stage, sandbox_stage_take_tty(stage), err);
}

static int run_command(struct attending *a, struct overlay_tree *tree, const struct builder_command *command,
                       struct sandbox_exit *ret, struct error *err)
{
        const struct builder_execution x = {
                .stage = a->run->site->stage->init,
                .tree = tree,
                .command = &command->view,
                .log = a->run->site->job->workshop.log,
                .crowd = a->run->site->job->workshop.crowd,
                .attend = attend,
                .context = a,
        };

        return builder_execute(&x, ret, err);
}

/* The script of a here-document is one more mount, in front: it lies in the sandbox's own /dev. */
static void add_script(const struct builder_run *r, struct builder_command *command, struct sandbox_mount *mounts)
{
        size_t count = command->view.mount_count;

        mounts[0] = (struct sandbox_mount){ .kind = SANDBOX_MOUNT_FILE,
                                            .target = r->script_path,
                                            .bytes = buffer_text(&r->script),
                                            .size = r->script.size,
                                            .executable = true,
                                            .fd = -1,
                                            .mode = 0755 };
        if (count > 0)
                memcpy(mounts + 1, command->view.mounts, count * sizeof(*mounts));
        command->view.mounts = mounts;
        command->view.mount_count = count + 1;
}

/* What names the user that a RUN has: the stage's last USER in front of it, or, where the base image does, the RUN. */
static const struct dockerfile_place *user_place(const struct builder_site *site)
{
        const struct builder_stage_plan *stage = &site->job->plan.stages[site->index];
        const struct dockerfile_place *user = &site->instruction->place;

        for (size_t i = stage->first; site->file == site->job->file && i < stage->end; i++) {
                const struct dockerfile_instruction *in = &site->job->file->instructions[i];

                if (in == site->instruction)
                        break;
                if (in->kind == DOCKERFILE_USER)
                        user = &in->args[0].place;
        }
        return user;
}

/* Arguments and environment are given; everything else of the command and its mounts. On failure mounts may be open. */
static int prepare(struct builder_run *r, struct overlay_tree *tree, struct builder_command *command, struct error *err)
{
        const struct builder_state *s = &r->site->stage->state;
        CLEANUP_ERROR struct error cause = ERROR_INIT;

        strv_extend(&command->env, &r->proxies);
        for (size_t i = 0; i < r->env.count; i++) {
                CLEANUP_FREE char *name = memory_strndup(r->env.items[i], strcspn(r->env.items[i], "="));

                strv_env_set(&command->env, name, r->env.items[i] + strlen(name) + 1);
        }
        command->cwd = memory_strdup(builder_state_cwd(s));
        command->hostname = r->hostname;
        command->options = r->site->job->options->run;
        if (builder_command_prepare(command, tree, s->config->config.user, &cause) < 0)
                return builder_site_error(
                        r->site, command->user.home ? &r->site->instruction->place : user_place(r->site), err, &cause);
        if (r->network == DOCKERFILE_NETWORK_NONE)
                command->view.network = SANDBOX_NETWORK_NONE;
        return builder_mounts_open(&r->mounts, tree, command, err);
}

static int run_prepared(struct attending *a, struct overlay_tree *tree, struct builder_command *command,
                        struct sandbox_exit *ret, struct error *err)
{
        struct sandbox_mount *mounts = memory_zalloc(command->view.mount_count + 1, sizeof(*mounts));
        int result;

        if (a->run->script_path)
                add_script(a->run, command, mounts);
        result = run_command(a, tree, command, ret, err);
        free(mounts);
        return result;
}

/* Why a command could not be executed, where there is more to say than the kernel's word; else `ret` stays empty. */
static void explain_start(const struct builder_run *r, const struct error *cause, struct error *ret)
{
        CLEANUP_FREE char *foreign = builder_emulator_explain(r->site->stage->state.config->architecture, cause->code);

        if (foreign)
                (void)error_set(ret, cause->code, "cannot run \"%s\": %s", r->argv.items[0], foreign);
        else if (cause->code == ENOENT && !r->site->instruction->is_json)
                (void)error_set(ret, ENOENT,
                                "cannot run \"%s\": the image has no such shell: write RUN [\"PROGRAM\", "
                                "\"ARGUMENT\"], name one with SHELL, or begin with a base that has it",
                                r->argv.items[0]);
        else if (cause->code == EACCES)
                (void)error_set(ret, EACCES, "%s (chmod +x makes a file executable)", cause->message);
}

/* Whether the stage has a RUN after this one. */
static bool another_follows(const struct builder_site *site)
{
        const struct builder_job *job = site->job;
        const struct builder_stage_plan *plan = &job->plan.stages[site->index];
        bool is_trigger = site->file != job->file; /* triggers come before the stage's own instructions */

        for (size_t i = plan->first; i < plan->end; i++) {
                const struct dockerfile_instruction *in = &job->file->instructions[i];

                if (in->kind == DOCKERFILE_RUN && (is_trigger || in > site->instruction))
                        return true;
        }
        return false;
}

/* One command with the RUN's mounts: mounts are closed again, whatever happens. `a->output` NULL: on a terminal. */
static int run_once(struct attending *a, struct overlay_tree *tree, const struct strv *argv, struct sandbox_exit *ret,
                    struct error *err)
{
        CLEANUP_COMMAND struct builder_command command = BUILDER_COMMAND_INIT;
        CLEANUP_ERROR struct error cause = ERROR_INIT;
        CLEANUP_ERROR struct error shell_err = ERROR_INIT;
        CLEANUP_ERROR struct error close_err = ERROR_INIT;
        struct builder_run *r = a->run;
        int result;

        strv_extend(&command.argv, argv);
        result = prepare(r, tree, &command, err);
        if (result == 0) {
                command.view.tty = !a->output;
                command.view.another_follows = another_follows(r->site);
                command.view.tty_rows = r->site->job->options->run->shell_rows;
                command.view.tty_columns = r->site->job->options->run->shell_columns;
                if (a->output) {
                        command.view.stdout_fd = a->output->pipes.write_fds[0];
                        command.view.stderr_fd = a->output->pipes.write_fds[1];
                }
                result = run_prepared(a, tree, &command, ret, &cause);
                if (result < 0 && sandbox_stage_is_exec_failure(r->site->stage->init))
                        explain_start(r, &cause, &shell_err);
                if (result < 0)
                        (void)builder_site_error(r->site, &r->site->instruction->place, err,
                                                 error_is_set(&shell_err) ? &shell_err : &cause);
        }
        if (builder_mounts_close(&r->mounts, &close_err) < 0 && result == 0)
                result = error_move(err, &close_err);
        return result;
}

/* --on-error=shell: the step failed already, so what goes wrong here is only told. */
static void open_shell(struct builder_run *r, struct overlay_tree *tree)
{
        struct attending a = { .run = r };
        CLEANUP_STRV struct strv argv = STRV_INIT;
        CLEANUP_STRV struct strv shell = STRV_INIT;
        CLEANUP_ERROR struct error err = ERROR_INIT;
        struct sandbox_exit status;

        builder_state_shell(&r->site->stage->state, &shell);
        strv_add(&argv, shell.items[0]);
        if (run_once(&a, tree, &argv, &status, &err) < 0)
                log_print(r->site->job->options->log, LOG_WARNING, "cannot open a shell in the failed step: %s", err.message);
}

int builder_run_execute(void *context, unsigned number, struct overlay_tree *tree, struct strv *made, struct error *err)
{
        struct builder_run *r = context;
        CLEANUP_OUTPUT struct builder_output output = { .pipes = SANDBOX_OUTPUT_INIT };
        struct attending a = { .run = r, .output = &output };
        CLEANUP_ERROR struct error cause = ERROR_INIT;
        struct sandbox_exit status = { false, 0 };

        (void)made;
        if (open_init(r->site, err) < 0 || builder_output_open(&output, r->site->stage->pump, r->site->job, number, err) < 0 ||
            run_once(&a, tree, &r->argv, &status, err) < 0)
                return -1;
        if (status.signaled || status.status != 0) {
                if (overlay_tree_failure(tree, &cause) < 0)
                        (void)file_system_failed(r, &status, &cause, err);
                else
                        (void)command_failed(r, &status, &output, err);
                if (r->site->job->options->run->attend_shell)
                        open_shell(r, tree);
                return -1;
        }
        overlay_tree_unstub(tree);
        return 0;
}
