/* SPDX-License-Identifier: Apache-2.0 */
/* The values of `bryo build`'s flags. */
#include "cmd/build_values.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>

#include "cmd/build_cache.h"
#include "cmd/epoch.h"
#include "cmd/number.h"
#include "common/fd.h"
#include "common/memory.h"
#include "oci/config.h"
#include "oci/platform.h"

#define MAX_ARG_FILE ((size_t)1 << 20)

/* --- variables ------------------------------------------------------------- */

/* NAME alone takes the value from the environment; without one there it stays undefined. */
static int complete(const char *flag, const char *text, struct strv *ret, struct error *err)
{
        CLEANUP_FREE char *name = memory_strndup(text, strcspn(text, "="));
        const char *value = text[strlen(name)] == '=' ? text + strlen(name) + 1 : getenv(name);

        if (name[0] == '\0')
                return error_set(err, OPTIONS_EUSAGE, "%s %s has no name: write %s NAME=VALUE", flag, text, flag);
        if (value)
                strv_env_set(ret, name, value);
        return 0;
}

static int complete_all(const char *flag, const struct strv *texts, struct strv *ret, struct error *err)
{
        for (size_t i = 0; i < texts->count; i++)
                if (complete(flag, texts->items[i], ret, err) < 0)
                        return -1;
        return 0;
}

/* A NAME=VALUE in each line; blank lines and lines that begin with # are skipped (buildah-build.1). */
static int read_arg_file(const char *path, struct strv *ret, struct error *err)
{
        CLEANUP_BUFFER struct buffer text = BUFFER_INIT;
        char *rest;

        if (fd_read_file(AT_FDCWD, path, MAX_ARG_FILE, false, &text, err) < 0)
                return error_wrap(err, "--build-arg-file");
        buffer_append_char(&text, '\0');
        for (char *line = strtok_r(text.data, "\n", &rest); line; line = strtok_r(NULL, "\n", &rest)) {
                line += strspn(line, " \t\r");
                line[strcspn(line, "\r")] = '\0';
                if (line[0] != '\0' && line[0] != '#' && complete("--build-arg-file", line, ret, err) < 0)
                        return error_wrap(err, "%s", path);
        }
        return 0;
}

static int read_build_args(const struct build_flags *f, struct strv *ret, struct error *err)
{
        for (size_t i = 0; i < f->build_arg_files.count; i++)
                if (read_arg_file(f->build_arg_files.items[i], ret, err) < 0)
                        return -1;
        return complete_all("--build-arg", &f->build_args, ret, err);
}

static int read_amendments(const struct build_flags *f, struct builder_amendments *ret, struct error *err)
{
        strv_copy(&ret->labels, &f->labels);
        strv_copy(&ret->unset_env, &f->unset_env);
        strv_copy(&ret->unset_labels, &f->unset_labels);
        ret->drop_labels = f->inherit_labels && strcmp(f->inherit_labels, "false") == 0;
        return complete_all("--env", &f->env, &ret->env, err);
}

/* --- single values --------------------------------------------------------- */

static int read_jobs(const char *text, unsigned *ret, struct error *err)
{
        uint64_t value = 0;

        if (text && !cmd_number_parse(text, 0, 1024, &value))
                return error_set(err, OPTIONS_EUSAGE, "--jobs %s: give a number from 0 (one for each CPU) to 1024",
                                 text);
        *ret = (unsigned)value;
        return 0;
}

static int read_pull(const struct build_flags *f, enum builder_pull_policy *ret, struct error *err)
{
        const char *text = f->pull_always ? "always" : f->pull_never ? "never" : f->pull;

        return registry_flags_read_pull(text, ret, err);
}

/* One of --platform's; the same one twice is built once. */
static int add_platform(struct build_values *v, const char *text, struct error *err)
{
        CLEANUP_PLATFORM struct oci_platform *p = NULL;
        CLEANUP_BUFFER struct buffer name = BUFFER_INIT;

        if (strcmp(text, "local") == 0)
                p = oci_platform_host();
        else if (oci_platform_parse(text, &p, err) < 0) {
                err->code = OPTIONS_EUSAGE;
                return error_wrap(err, "--platform %s", text);
        }
        oci_platform_normalize(p);
        oci_platform_format(p, &name);
        if (strv_has(&v->platform_names, name.data))
                return 0;
        strv_add(&v->platform_names, name.data);
        v->platforms = memory_realloc(v->platforms, v->platform_names.count, sizeof(struct oci_platform *));
        v->platforms[v->platform_names.count - 1] = STEAL(p);
        return 0;
}

/* --platform may be repeated, and hold a list. */
static int read_platforms(const struct build_flags *f, struct build_values *v, struct error *err)
{
        CLEANUP_FREE char *parts = NULL;

        for (size_t i = 0; i < f->platforms.count; i++) {
                CLEANUP_FREE char *list = memory_strdup(f->platforms.items[i]);
                char *rest = list, *text;

                while ((text = strsep(&rest, ",")))
                        if (add_platform(v, text + strspn(text, " "), err) < 0)
                                return -1;
        }
        if (!f->os && !f->arch && !f->variant)
                return 0;
        parts = memory_printf("%s/%s%s%s", f->os ? f->os : "linux", f->arch ? f->arch : oci_config_host_architecture(),
                              f->variant ? "/" : "", f->variant ? f->variant : "");
        return add_platform(v, parts, err);
}

static int read_epoch(struct build_flags *f, const struct build_outputs *outputs, struct build_values *v,
                      struct error *err)
{
        const char *from_environment = getenv("SOURCE_DATE_EPOCH");
        const char *given = f->epoch;

        if (!given && build_outputs_epoch(outputs, &given, err) < 0)
                return -1;
        v->keep_times = build_outputs_keep_times(outputs) ||
                        (f->rewrite_timestamp && strcmp(f->rewrite_timestamp, "false") == 0);
        v->squash = f->squash_all ? BUILDER_SQUASH_ALL : f->squash ? BUILDER_SQUASH_OWN : BUILDER_SQUASH_NONE;
        v->epoch_given = given != NULL;
        if (given && cmd_epoch_find(given, &v->has_epoch, &v->epoch, err) < 0)
                return -1;
        /* buildx hands the environment's on as build argument, so that an ARG of that name sees it */
        if (from_environment && from_environment[0] && !strv_env_find(&v->build_args, "SOURCE_DATE_EPOCH"))
                strv_env_set(&v->build_args, "SOURCE_DATE_EPOCH", from_environment);
        return 0;
}

static void read_stages(const struct build_flags *f, struct strv *ret)
{
        for (size_t i = 0; i < f->no_cache_stages.count; i++) {
                CLEANUP_FREE char *list = memory_strdup(f->no_cache_stages.items[i]);
                char *rest;

                for (char *name = strtok_r(list, ",", &rest); name; name = strtok_r(NULL, ",", &rest))
                        strv_add(ret, name);
        }
}

/* --creds is for the registries that the command line speaks of: what is pushed, caches, contexts that are images. When
 * there are none, the builder gives it to the registry of the first FROM. */
static void read_names(const struct build_flags *f, const struct build_outputs *outputs, struct build_values *v)
{
        static const char image[] = "=docker-image://";

        for (size_t i = 0; i < outputs->count; i++)
                if (outputs->items[i].push)
                        strv_extend(&v->names, outputs->items[i].names.count > 0 ? &outputs->items[i].names : &f->tags);
        for (size_t i = 0; i < v->cache.from_count; i++)
                if (v->cache.from[i].kind == BUILDER_CACHE_REGISTRY)
                        strv_add(&v->names, v->cache.from[i].where);
        for (size_t i = 0; i < v->cache.to_count; i++)
                if (v->cache.to[i].kind == BUILDER_CACHE_REGISTRY)
                        strv_add(&v->names, v->cache.to[i].where);
        for (size_t i = 0; i < f->contexts.count; i++) {
                const char *at = strstr(f->contexts.items[i], image);

                if (at)
                        strv_add(&v->names, at + strlen(image));
        }
        if (v->names.count > 0)
                v->registry.names = &v->names;
}

int build_values_read(struct build_flags *f, const struct build_outputs *outputs, struct build_values *v,
                      struct error *err)
{
        *v = (struct build_values){.jobs = 0};
        read_stages(f, &v->no_cache_stages);
        if (read_build_args(f, &v->build_args, err) < 0 || read_amendments(f, &v->amendments, err) < 0 ||
            read_jobs(f->jobs, &v->jobs, err) < 0 || read_pull(f, &v->pull, err) < 0 ||
            registry_flags_read(&f->registry, &v->registry, err) < 0 || read_platforms(f, v, err) < 0 ||
            build_cache_read(f, &v->cache, err) < 0)
                return -1;
        read_names(f, outputs, v);
        return read_epoch(f, outputs, v, err);
}

void build_values_free(struct build_values *v)
{
        for (size_t i = 0; i < v->platform_names.count; i++)
                oci_platform_free(v->platforms[i]);
        free(v->platforms);
        strv_free(&v->platform_names);
        strv_free(&v->names);
        strv_free(&v->build_args);
        strv_free(&v->no_cache_stages);
        builder_cache_options_free(&v->cache);
        strv_free(&v->amendments.labels);
        strv_free(&v->amendments.env);
        strv_free(&v->amendments.unset_env);
        strv_free(&v->amendments.unset_labels);
}
