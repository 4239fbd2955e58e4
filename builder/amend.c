/* SPDX-License-Identifier: Apache-2.0 */
/* Changes of an image's config that the command line asks for. */
#include "builder/amend.h"

#include <stdlib.h>
#include <string.h>

#include "common/memory.h"

/* Splits NAME=VALUE; without "=" the value is "". */
static const char *split(const char *text, char **ret_name)
{
        size_t length = strcspn(text, "=");

        *ret_name = memory_strndup(text, length);
        return text[length] == '=' ? text + length + 1 : text + length;
}

void builder_amend_base(const struct builder_amendments *a, struct builder_state *state)
{
        struct oci_run_config *config = &state->config->config;

        if (a->drop_labels)
                oci_labels_free(&config->labels);
        for (size_t i = 0; i < a->unset_labels.count; i++)
                oci_labels_remove(&config->labels, a->unset_labels.items[i]);
        for (size_t i = 0; i < a->env.count; i++) {
                CLEANUP_FREE char *name = NULL;
                const char *value = split(a->env.items[i], &name);

                strv_env_set(&config->env, name, value);
                strv_env_set(&state->env, name, value);
        }
}

static void unset_env(struct strv *env, const char *name)
{
        struct strv kept = STRV_INIT;

        for (size_t i = 0; i < env->count; i++)
                if (strcspn(env->items[i], "=") != strlen(name) || strncmp(env->items[i], name, strlen(name)) != 0)
                        strv_add(&kept, env->items[i]);
        strv_free(env);
        *env = kept;
}

void builder_amend_result(const struct builder_amendments *a, struct builder_state *state)
{
        struct oci_run_config *config = &state->config->config;

        for (size_t i = 0; i < a->unset_env.count; i++)
                unset_env(&config->env, a->unset_env.items[i]);
        for (size_t i = 0; i < a->labels.count; i++) {
                CLEANUP_FREE char *name = NULL;
                const char *value = split(a->labels.items[i], &name);

                oci_labels_set(&config->labels, name, value);
        }
}
