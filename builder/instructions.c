/* SPDX-License-Identifier: Apache-2.0 */
/* The instructions that change the image's config only. Each is one history entry without a layer. */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "builder/gotext.h"
#include "builder/job.h"
#include "common/memory.h"
#include "dockerfile/value.h"

static struct oci_run_config *config_of(const struct builder_site *site)
{
        return &site->stage->state.config->config;
}

static void add_history(const struct builder_site *site, const struct buffer *text)
{
        builder_state_add_history(&site->stage->state, buffer_text(text), true);
}

static void replace(char **field, char *value)
{
        free(*field);
        *field = value;
}

/* --- variables ---------------------------------------------------------------------- */

static int expand_pair(const struct builder_site *site, const struct dockerfile_pair *pair, char **ret_key,
                       char **ret_value, struct error *err)
{
        const struct dockerfile_place *place = &pair->key.place;

        if (builder_site_expand(site, pair->key.text, place, ret_key, err) < 0)
                return -1;
        if ((*ret_key)[0] == '\0')
                return dockerfile_error(site->file, place, err, "the name is empty");
        return builder_site_expand(site, pair->value.text, &pair->value.place, ret_value, err);
}

/* All of one ENV or LABEL sees the variables as they were before it. */
static int expand_pairs(const struct builder_site *site, struct strv *ret_keys, struct strv *ret_values, struct error *err)
{
        const struct dockerfile_pairs *pairs = &site->instruction->pairs;

        for (size_t i = 0; i < pairs->count; i++) {
                CLEANUP_FREE char *key = NULL;
                CLEANUP_FREE char *value = NULL;

                if (expand_pair(site, &pairs->items[i], &key, &value, err) < 0)
                        return -1;
                strv_add(ret_keys, key);
                strv_add(ret_values, value);
        }
        return 0;
}

int builder_do_env(const struct builder_site *site, struct error *err)
{
        CLEANUP_STRV struct strv keys = STRV_INIT;
        CLEANUP_STRV struct strv values = STRV_INIT;
        CLEANUP_BUFFER struct buffer text = BUFFER_INIT;

        if (expand_pairs(site, &keys, &values, err) < 0)
                return -1;
        buffer_append_string(&text, "ENV");
        for (size_t i = 0; i < keys.count; i++) {
                strv_env_set(&config_of(site)->env, keys.items[i], values.items[i]);
                strv_env_set(&site->stage->state.env, keys.items[i], values.items[i]);
                buffer_printf(&text, " %s=%s", keys.items[i], values.items[i]);
        }
        add_history(site, &text);
        return 0;
}

int builder_do_label(const struct builder_site *site, struct error *err)
{
        CLEANUP_STRV struct strv keys = STRV_INIT;
        CLEANUP_STRV struct strv values = STRV_INIT;
        CLEANUP_BUFFER struct buffer text = BUFFER_INIT;

        if (expand_pairs(site, &keys, &values, err) < 0)
                return -1;
        buffer_append_string(&text, "LABEL");
        for (size_t i = 0; i < keys.count; i++) {
                oci_labels_set(&config_of(site)->labels, keys.items[i], values.items[i]);
                buffer_printf(&text, " %s=%s", keys.items[i], values.items[i]);
        }
        add_history(site, &text);
        return 0;
}

/* The value of one ARG: the command line's, else its default, else that of the global ARG of this name, else none. */
static int argument_value(const struct builder_site *site, const struct dockerfile_pair *pair, char **ret, struct error *err)
{
        const char *given = strv_env_find(site->job->options->build_args, pair->key.text);
        const char *global = strv_env_find(&site->job->plan.globals, pair->key.text);

        *ret = NULL;
        if (given && site->job->epoch_text && strcmp(pair->key.text, "SOURCE_DATE_EPOCH") == 0)
                given = site->job->epoch_text; /* not the word that it was given as */
        if (given)
                *ret = memory_strdup(given);
        else if (pair->has_value)
                return builder_site_expand(site, pair->value.text, &pair->value.place, ret, err);
        else if (global)
                *ret = memory_strdup(global);
        return 0;
}

/* Unlike ENV, the arguments of one line see each other. */
int builder_do_arg(const struct builder_site *site, struct error *err)
{
        const struct dockerfile_pairs *pairs = &site->instruction->pairs;
        CLEANUP_BUFFER struct buffer text = BUFFER_INIT;

        buffer_append_string(&text, "ARG");
        for (size_t i = 0; i < pairs->count; i++) {
                const char *name = pairs->items[i].key.text;
                CLEANUP_FREE char *value = NULL;

                if (argument_value(site, &pairs->items[i], &value, err) < 0)
                        return -1;
                buffer_printf(&text, " %s", name);
                if (!value)
                        continue;
                buffer_printf(&text, "=%s", value);
                strv_env_set(&site->stage->state.env, name, value);
                strv_env_set(&site->stage->state.args, name, value);
        }
        add_history(site, &text);
        return 0;
}

/* --- what a container starts with ------------------------------------------------------ */

/* Exec form: the words; shell form: SHELL and the command line. Nothing is expanded. */
static void command_of(const struct builder_site *site, struct strv *ret)
{
        const struct dockerfile_instruction *in = site->instruction;

        if (!in->is_json)
                builder_state_shell(&site->stage->state, ret);
        for (size_t i = 0; i < in->arg_count; i++)
                strv_add(ret, in->args[i].text);
}

static void add_list_history(const struct builder_site *site, const struct strv *words, bool quoted)
{
        CLEANUP_BUFFER struct buffer text = BUFFER_INIT;

        buffer_printf(&text, "%s ", dockerfile_kind_name(site->instruction->kind));
        builder_gotext_list(&text, words, quoted);
        add_history(site, &text);
}

int builder_do_cmd(const struct builder_site *site, struct error *err)
{
        CLEANUP_STRV struct strv words = STRV_INIT;

        (void)err;
        command_of(site, &words);
        oci_argv_assign(&config_of(site)->cmd, &words);
        config_of(site)->args_escaped = true;
        site->stage->state.cmd_set = true;
        add_list_history(site, &words, true);
        return 0;
}

int builder_do_entrypoint(const struct builder_site *site, struct error *err)
{
        CLEANUP_STRV struct strv words = STRV_INIT;

        (void)err;
        command_of(site, &words);
        oci_argv_assign(&config_of(site)->entrypoint, &words);
        if (!site->stage->state.cmd_set)
                oci_argv_assign(&config_of(site)->cmd, NULL);
        add_list_history(site, &words, true);
        return 0;
}

int builder_do_shell(const struct builder_site *site, struct error *err)
{
        const struct dockerfile_instruction *in = site->instruction;
        CLEANUP_STRV struct strv words = STRV_INIT;

        (void)err;
        for (size_t i = 0; i < in->arg_count; i++)
                strv_add(&words, in->args[i].text);
        oci_argv_assign(&config_of(site)->shell, &words);
        add_list_history(site, &words, false);
        return 0;
}

static int expand_only_word(const struct builder_site *site, char **ret, struct error *err)
{
        const struct dockerfile_word *word = &site->instruction->args[0];

        return builder_site_expand(site, word->text, &word->place, ret, err);
}

int builder_do_user(const struct builder_site *site, struct error *err)
{
        CLEANUP_BUFFER struct buffer text = BUFFER_INIT;
        char *user = NULL;

        if (expand_only_word(site, &user, err) < 0)
                return -1;
        replace(&config_of(site)->user, user);
        buffer_printf(&text, "USER %s", user);
        add_history(site, &text);
        return 0;
}

int builder_do_stopsignal(const struct builder_site *site, struct error *err)
{
        CLEANUP_BUFFER struct buffer text = BUFFER_INIT;
        CLEANUP_ERROR struct error cause = ERROR_INIT;
        CLEANUP_FREE char *name = NULL;
        int number;

        if (expand_only_word(site, &name, err) < 0)
                return -1;
        if (dockerfile_signal_parse(name, &number, &cause) < 0)
                return builder_site_error(site, &site->instruction->args[0].place, err, &cause);
        buffer_printf(&text, "STOPSIGNAL %s", name);
        replace(&config_of(site)->stop_signal, STEAL(name));
        add_history(site, &text);
        return 0;
}

static void add_unique(struct strv *set, const char *text)
{
        if (!strv_has(set, text))
                strv_add(set, text);
}

int builder_do_volume(const struct builder_site *site, struct error *err)
{
        const struct dockerfile_instruction *in = site->instruction;
        CLEANUP_STRV struct strv words = STRV_INIT;

        for (size_t i = 0; i < in->arg_count; i++) {
                CLEANUP_FREE char *path = NULL;

                if (builder_site_expand(site, in->args[i].text, &in->args[i].place, &path, err) < 0)
                        return -1;
                if (path[0] == '\0')
                        return dockerfile_error(site->file, &in->args[i].place, err, "VOLUME needs a path that is not empty");
                add_unique(&config_of(site)->volumes, path);
                strv_add(&words, path);
        }
        add_list_history(site, &words, false);
        return 0;
}

static int expose(const struct builder_site *site, const char *word, const struct dockerfile_place *place,
                  struct strv *ret, struct error *err)
{
        CLEANUP_ERROR struct error cause = ERROR_INIT;
        char text[DOCKERFILE_PORT_SIZE];
        struct dockerfile_ports ports;

        if (dockerfile_ports_parse(word, &ports, &cause) < 0)
                return builder_site_error(site, place, err, &cause);
        for (unsigned port = ports.first; port <= ports.last; port++) {
                dockerfile_port_format((uint16_t)port, ports.protocol, text);
                add_unique(&config_of(site)->exposed_ports, text);
                add_unique(ret, text);
        }
        return 0;
}

static int compare_texts(const void *a, const void *b)
{
        return strcmp(*(char *const *)a, *(char *const *)b);
}

int builder_do_expose(const struct builder_site *site, struct error *err)
{
        const struct dockerfile_instruction *in = site->instruction;
        CLEANUP_STRV struct strv ports = STRV_INIT;

        for (size_t i = 0; i < in->arg_count; i++) {
                CLEANUP_STRV struct strv words = STRV_INIT;

                if (builder_site_expand_words(site, in->args[i].text, &in->args[i].place, &words, err) < 0)
                        return -1;
                for (size_t k = 0; k < words.count; k++)
                        if (expose(site, words.items[k], &in->args[i].place, &ports, err) < 0)
                                return -1;
        }
        /* as BuildKit has them there: by their text */
        if (ports.count > 1)
                qsort(ports.items, ports.count, sizeof(*ports.items), compare_texts);
        add_list_history(site, &ports, false);
        return 0;
}

int builder_do_maintainer(const struct builder_site *site, struct error *err)
{
        CLEANUP_BUFFER struct buffer text = BUFFER_INIT;
        const char *author = site->instruction->args[0].text;

        (void)err;
        replace(&site->stage->state.config->author, memory_strdup(author));
        buffer_printf(&text, "MAINTAINER %s", author);
        add_history(site, &text);
        return 0;
}

/* --- triggers and health ---------------------------------------------------------------- */

/* Kept as text; it is expanded where it runs. BuildKit writes no history for it either. */
int builder_do_onbuild(const struct builder_site *site, struct error *err)
{
        (void)err;
        strv_add(&config_of(site)->on_build, site->instruction->onbuild.expression);
        return 0;
}

static void add_healthcheck_test(const struct builder_site *site, struct strv *test)
{
        const struct dockerfile_instruction *in = site->instruction;

        if (in->healthcheck.none) {
                strv_add(test, "NONE");
                return;
        }
        strv_add(test, in->is_json ? "CMD" : "CMD-SHELL");
        for (size_t i = 0; i < in->arg_count; i++)
                strv_add(test, in->args[i].text);
}

/* {Test:[CMD-SHELL true] Interval:5m0s Timeout:0s StartPeriod:0s StartInterval:0s Retries:3} */
static void add_healthcheck_text(const struct oci_healthcheck *check, struct buffer *text)
{
        const struct {
                const char *name;
                int64_t value;
        } times[] = {
                { "Interval", check->interval },
                { "Timeout", check->timeout },
                { "StartPeriod", check->start_period },
                { "StartInterval", check->start_interval },
        };

        buffer_append_string(text, "{Test:");
        builder_gotext_list(text, &check->test, false);
        for (size_t i = 0; i < ARRAY_SIZE(times); i++) {
                buffer_printf(text, " %s:", times[i].name);
                builder_gotext_duration(text, times[i].value);
        }
        buffer_printf(text, " Retries:%lld}", (long long)check->retries);
}

int builder_do_healthcheck(const struct builder_site *site, struct error *err)
{
        const struct dockerfile_healthcheck *in = &site->instruction->healthcheck;
        struct oci_healthcheck *check = memory_zalloc(1, sizeof(*check));
        CLEANUP_BUFFER struct buffer text = BUFFER_INIT;

        (void)err;
        add_healthcheck_test(site, &check->test);
        check->interval = in->interval;
        check->timeout = in->timeout;
        check->start_period = in->start_period;
        check->start_interval = in->start_interval;
        check->retries = in->retries;
        if (config_of(site)->healthcheck)
                strv_free(&config_of(site)->healthcheck->test);
        free(config_of(site)->healthcheck);
        config_of(site)->healthcheck = check;
        buffer_append_string(&text, "HEALTHCHECK ");
        add_healthcheck_text(check, &text);
        add_history(site, &text);
        return 0;
}
