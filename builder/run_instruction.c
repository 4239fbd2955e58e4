/* SPDX-License-Identifier: Apache-2.0 */
/* RUN: what it runs, its key and its history. Running it: run_execute.c */
#include "builder/run_instruction.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "builder/proxies.h"
#include "builder/run_options.h"
#include "builder/step.h"
#include "common/memory.h"

/* As in BuildKit: files that a build makes depend on it. */
#define HOSTNAME "buildkitsandbox"

/* Where BuildKit puts a here-document that is a script. */
#define SCRIPT_DIR "/dev/pipes"

static void run_free(struct builder_run *r)
{
        strv_free(&r->argv);
        strv_free(&r->env);
        strv_free(&r->proxies);
        buffer_free(&r->script);
        free(r->script_path);
        builder_mounts_free(&r->mounts);
}

static int check_flags(const struct builder_site *site, struct error *err)
{
        const struct dockerfile_run *run = &site->instruction->run;

        if (run->device_count > 0)
                return dockerfile_error(site->file, &run->devices[0]->place, err,
                                        "--device is refused: without root no device of the host can be handed on");
        if (run->security == DOCKERFILE_SECURITY_INSECURE)
                return dockerfile_error(site->file, &run->security_flag->place, err,
                                        "--security=insecure is refused: without root there are no privileges to give");
        return 0;
}

static int find_argv(struct builder_run *r, struct error *err)
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
                r->script_path = memory_printf(SCRIPT_DIR "/%s", in->heredocs[0].name);
                buffer_append(&r->script, text.data, text.size);
                builder_state_shell(&r->site->stage->state, &r->argv);
                strv_add(&r->argv, r->script_path);
                return 0;
        case DOCKERFILE_RUN_SHELL:
                break;
        }
        builder_state_shell(&r->site->stage->state, &r->argv);
        strv_add(&r->argv, buffer_text(&text));
        return 0;
}

/* --- environment --------------------------------------------------------------------- */

/* Proxies given with --build-arg need no ARG, and are in neither key nor history unless one declares them. */
static void find_env(struct builder_run *r)
{
        const struct strv *given = r->site->job->options->build_args;
        const struct strv *configured = &r->site->job->options->run->proxies;

        strv_extend(&r->env, &r->site->stage->state.env);
        for (size_t i = 0; i < configured->count; i++)
                builder_proxy_set(&r->proxies, configured->items[i]);
        for (size_t i = 0; i < given->count; i++)
                builder_proxy_set(&r->proxies, given->items[i]);
}

/* BUILDKIT_SANDBOX_HOSTNAME */
static int find_hostname(struct builder_run *r, struct error *err)
{
        const char *given = strv_env_find(r->site->job->options->build_args, "BUILDKIT_SANDBOX_HOSTNAME");

        r->hostname = given && given[0] ? given : HOSTNAME;
        for (const char *c = r->hostname; *c; c++)
                if ((unsigned char)*c <= ' ' || *c == 0x7f)
                        return error_set(err, EINVAL, "BUILDKIT_SANDBOX_HOSTNAME: a host name has no white space in it");
        return 0;
}

static void find_network(struct builder_run *r)
{
        const struct dockerfile_run *run = &r->site->instruction->run;

        r->network = run->network;
        if (run->network == DOCKERFILE_NETWORK_DEFAULT)
                r->network = r->site->job->options->run->network;
}

/* --- key and history ------------------------------------------------------------------- */

static void hash_words(struct sha256 *hash, const struct strv *words)
{
        for (size_t i = 0; i < words->count; i++)
                sha256_field_string(hash, words->items[i]);
        sha256_field_string(hash, "");
}

static void hash_options(const struct builder_run_options *o, struct sha256 *hash)
{
        for (size_t i = 0; i < o->rlimit_count; i++)
                sha256_field(hash, &o->rlimits[i], sizeof(o->rlimits[i]));
        for (size_t i = 0; i < o->volume_count; i++)
                sha256_field_string(hash, o->volumes[i].target);
        if (o->shm_size)
                sha256_field(hash, &o->shm_size, sizeof(o->shm_size));
        if (o->capabilities)
                sha256_field(hash, &o->capabilities, sizeof(o->capabilities));
        hash_words(hash, &o->host_names);
}

/* An argument hides a variable of its name in what the command sees, or is hidden by it. */
static void add_variables(const struct builder_run *r, struct builder_parts *parts)
{
        for (size_t i = 0; i < r->env.count; i++) {
                CLEANUP_FREE char *name = memory_strndup(r->env.items[i], strcspn(r->env.items[i], "="));
                bool is_argument = strv_env_find(&r->site->stage->state.args, name) != NULL;

                builder_parts_add_text(parts, is_argument ? "argument" : "variable", name, r->env.items[i]);
        }
}

static void add_options(const struct builder_run_options *o, struct builder_parts *parts)
{
        builder_parts_add(parts, "--ulimit", NULL, o->rlimits, o->rlimit_count * sizeof(*o->rlimits));
        builder_parts_add(parts, "--shm-size", NULL, &o->shm_size, sizeof(o->shm_size));
        builder_parts_add(parts, "the capabilities", NULL, &o->capabilities, sizeof(o->capabilities));
        for (size_t i = 0; i < o->volume_count; i++)
                builder_parts_add_text(parts, "--volume", o->volumes[i].target, "");
        for (size_t i = 0; i < o->host_names.count; i++)
                builder_parts_add_text(parts, "--add-host", o->host_names.items[i], "");
}

static void add_parts(const struct builder_run *r)
{
        const struct builder_state *s = &r->site->stage->state;
        struct builder_parts *parts = &r->site->stage->parts;
        CLEANUP_BUFFER struct buffer words = BUFFER_INIT;

        for (size_t i = 0; i < r->argv.count; i++)
                buffer_append(&words, r->argv.items[i], strlen(r->argv.items[i]) + 1);
        builder_parts_add(parts, "the command", NULL, words.data, words.size);
        if (r->script_path)
                builder_parts_add(parts, "the here-document", NULL, r->script.data, r->script.size);
        add_variables(r, parts);
        builder_parts_add_text(parts, "the working directory", NULL, builder_state_cwd(s));
        builder_parts_add_text(parts, "the user", NULL, s->config->config.user);
        builder_parts_add_text(parts, "the network", NULL, r->network == DOCKERFILE_NETWORK_NONE ? "none" : "host");
        builder_parts_add_text(parts, "the host name", NULL, r->hostname);
        add_options(r->site->job->options->run, parts);
}

static int make_key(struct builder_run *r, bool content, struct sha256_digest *ret, struct error *err)
{
        const struct builder_state *s = &r->site->stage->state;
        struct sha256 hash;

        builder_step_key_begin(r->site, content ? "run on content" : "run", false, &hash);
        hash_words(&hash, &r->argv);
        hash_words(&hash, &r->env);
        add_parts(r);
        sha256_field_string(&hash, builder_state_cwd(s));
        sha256_field_string(&hash, s->config->config.user ? s->config->config.user : "");
        sha256_field_string(&hash, r->network == DOCKERFILE_NETWORK_NONE ? "none" : "host");
        sha256_field_string(&hash, r->hostname);
        if (r->script_path)
                sha256_field(&hash, r->script.data, r->script.size);
        hash_options(r->site->job->options->run, &hash);
        if (builder_mounts_hash(&r->mounts, content, &hash, err) < 0)
                return -1;
        sha256_final(&hash, ret);
        return 0;
}

static int refine(void *context, struct sha256_digest *ret, struct error *err)
{
        return make_key(context, true, ret, err);
}

/* "RUN |1 A=b /bin/sh -c make # buildkit" */
static char *history_line(const struct builder_run *r)
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

static int take(struct builder_run *r, struct error *err)
{
        CLEANUP_FREE char *created_by = history_line(r);
        struct builder_step step = { .title = r->site->instruction->original,
                                     .created_by = created_by,
                                     .execute = builder_run_execute,
                                     .context = r };

        if (make_key(r, false, &step.key, err) < 0)
                return -1;
        if (builder_mounts_can_refine(&r->mounts))
                step.refine = refine;
        return builder_step_take(r->site, &step, err);
}

int builder_do_run(const struct builder_site *site, struct error *err)
{
        struct builder_run r = { .site = site };
        int result = check_flags(site, err);

        if (result == 0)
                result = find_argv(&r, err);
        if (result == 0)
                result = find_hostname(&r, err);
        if (result == 0)
                result = builder_mounts_read(site, &r.mounts, err);
        if (result == 0) {
                find_env(&r);
                find_network(&r);
                result = take(&r, err);
        }
        run_free(&r);
        return result;
}
