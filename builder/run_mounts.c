/* SPDX-License-Identifier: Apache-2.0 */
/* RUN --mount: what the flags say, and what of it a step's key sees. Opening them: run_mounts_open.c */
#include "builder/run_mounts.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "builder/content.h"
#include "builder/copy.h"
#include "builder/named.h"
#include "builder/run_options.h"
#include "common/memory.h"
#include "common/path.h"
#include "dockerfile/expand.h"

static struct builder_mount *add(struct builder_mounts *m)
{
        struct builder_mount *one;

        memory_grow(&m->items, &m->cap, m->count + 1, sizeof(*m->items));
        one = &m->items[m->count++];
        *one = (struct builder_mount){.fd = -1};
        return one;
}

static int mount_error(const struct builder_mounts *m, const struct builder_mount *one, struct error *err,
                       struct error *cause)
{
        const struct dockerfile_place *place = one->flag ? &one->flag->place : &m->site->instruction->place;

        return builder_site_error(m->site, place, err, cause);
}

/* --- reading ---------------------------------------------------------------- */

static const char *find_variable(void *context, const char *name)
{
        const struct builder_site *site = context;

        return strv_env_find(&site->stage->state.env, name);
}

/* BuildKit numbers the sockets of one RUN. */
static char *default_target(const struct builder_mounts *m, const struct builder_mount *one)
{
        unsigned before = 0;

        for (const struct builder_mount *o = m->items; o != one; o++)
                before += o->spec.type == DOCKERFILE_MOUNT_SSH;
        return memory_printf("/run/buildkit/ssh_agent.%u", before);
}

static bool is_below(const char *path, const char *dir)
{
        size_t length = strlen(dir);

        return strncmp(path, dir, length) == 0 && (path[length] == '\0' || path[length] == '/');
}

static int find_target(struct builder_mounts *m, struct builder_mount *one, struct error *err)
{
        const struct dockerfile_place *place = &one->flag->place;
        const char *cwd = builder_state_cwd(&m->site->stage->state);

        if (one->spec.target)
                one->target = builder_site_join(cwd, one->spec.target);
        else if (one->spec.type == DOCKERFILE_MOUNT_SSH)
                one->target = default_target(m, one);
        else
                return 0; /* a secret that is only a variable */
        if (strcmp(one->target, "/") == 0)
                return dockerfile_error(m->site->file, place, err, "--mount: the target cannot be the root directory");
        if (is_below(one->target, "/proc") || is_below(one->target, "/sys") || strcmp(one->target, "/dev") == 0)
                return dockerfile_error(m->site->file, place, err,
                                        "--mount: nothing can be mounted on %s, which the sandbox provides",
                                        one->target);
        return 0;
}

static int find_from(struct builder_mounts *m, struct builder_mount *one, struct error *err)
{
        struct builder_job *job = m->site->job;
        const char *from = one->spec.from;
        CLEANUP_ERROR struct error cause = ERROR_INIT;
        size_t stage;

        if (!from || !from[0]) {
                if (one->spec.type == DOCKERFILE_MOUNT_BIND)
                        one->host = job->context;
                return 0;
        }
        if (one->spec.type != DOCKERFILE_MOUNT_BIND && one->spec.type != DOCKERFILE_MOUNT_CACHE)
                return dockerfile_error(m->site->file, &one->flag->place, err,
                                        "--mount: 'from' does not go with type=%s",
                                        dockerfile_mount_type_name(one->spec.type));
        if (builder_named_has(job->named, from)) {
                if (builder_named_open(job, from, &one->host, &one->image, &cause) < 0)
                        return builder_site_error(m->site, &one->flag->place, err, &cause);
                one->from = one->host ? NULL : &one->image.chain;
                if (!one->host || one->spec.type == DOCKERFILE_MOUNT_BIND)
                        return 0;
                return dockerfile_error(m->site->file, &one->flag->place, err,
                                        "--mount: a cache cannot begin with the named context %s, which is files: name "
                                        "a stage that copies them",
                                        from);
        }
        if (builder_plan_find_mount(&job->plan, m->site->index, m->site->file, one->flag, from, &stage, err) < 0)
                return -1;
        if (stage != BUILDER_NO_STAGE) {
                one->from = &job->stages[stage].state.chain;
                one->from_stage = true;
                return 0;
        }
        if (builder_job_base(job, from, NULL, 0, &one->image, &cause) < 0)
                return builder_site_image_error(m->site, &one->flag->place, from, err, &cause);
        one->from = &one->image.chain;
        return 0;
}

static int read_flag(struct builder_mounts *m, const struct dockerfile_flag *flag, struct error *err)
{
        struct builder_site context = *m->site;
        const struct dockerfile_scope scope = {find_variable, NULL, &context};
        CLEANUP_ERROR struct error cause = ERROR_INIT;
        struct builder_mount *one = add(m);

        one->flag = flag;
        if (dockerfile_mount_parse(flag->value, &scope, m->site->file->escape, &one->spec, &cause) < 0) {
                one->spec = (struct dockerfile_mount){.ignored = STRV_INIT};
                return builder_site_error(m->site, &flag->place, err, &cause);
        }
        for (size_t i = 0; i < one->spec.ignored.count; i++)
                log_print(m->site->job->options->log, LOG_INFO,
                          "--mount: the option %s means nothing here and is ignored", one->spec.ignored.items[i]);
        return find_target(m, one, err) < 0 ? -1 : find_from(m, one, err);
}

/* --volume: a directory of the host in every RUN of the build. */
static int add_volume(struct builder_mounts *m, const struct builder_volume *v, struct error *err)
{
        struct builder_mount *one = add(m);

        one->spec = (struct dockerfile_mount){.type = DOCKERFILE_MOUNT_BIND, .readonly = !v->discard};
        one->volume = memory_strdup(v->source);
        one->target = memory_strdup(v->target);
        return builder_volume_open(v, m->site->job->options->log, &one->host, &one->spec.source, err);
}

static int compare_targets(const void *a, const void *b)
{
        const struct builder_mount *x = a, *y = b;

        return strcmp(x->target ? x->target : "", y->target ? y->target : "");
}

int builder_mounts_read(const struct builder_site *site, struct builder_mounts *ret, struct error *err)
{
        const struct builder_run_options *o = site->job->options->run;
        const struct dockerfile_run *run = &site->instruction->run;

        *ret = (struct builder_mounts){.site = site};
        for (size_t i = 0; i < run->mount_count; i++)
                if (read_flag(ret, run->mounts[i], err) < 0)
                        return -1;
        for (size_t i = 0; i < o->volume_count; i++)
                if (add_volume(ret, &o->volumes[i], err) < 0)
                        return -1;
        if (ret->count > 1)
                qsort(ret->items, ret->count, sizeof(*ret->items), compare_targets);
        /* `from` points into the mount itself where it is an image */
        for (size_t i = 0; i < ret->count; i++)
                if (ret->items[i].image.config)
                        ret->items[i].from = &ret->items[i].image.chain;
        return 0;
}

/* --- the key -------------------------------------------------------------------- */

static int hash_path(const struct builder_mounts *m, const struct builder_mount *one, struct builder_source *source,
                     struct sha256 *hash, struct error *err)
{
        CLEANUP_ITEM struct builder_item item = BUILDER_ITEM_INIT;
        CLEANUP_ERROR struct error cause = ERROR_INIT;
        const struct builder_content_options all = {.below = "", .parts = &m->site->stage->parts};
        const char *path = one->spec.source ? one->spec.source : "";

        if (source->ops->find(source, path, &item, &cause) == 0) {
                if (builder_content_hash(source, &item, &all, hash, &cause) < 0)
                        return mount_error(m, one, err, &cause);
                return 0;
        }
        if (cause.code == ENOENT) {
                error_clear(&cause);
                (void)builder_copy_missing(source, path, &cause);
        }
        return mount_error(m, one, err, &cause);
}

static int open_tree(const struct builder_mounts *m, struct builder_mount *one, struct error *err)
{
        CLEANUP_ERROR struct error cause = ERROR_INIT;

        if (one->tree)
                return 0;
        if (builder_chain_open(one->from, &m->site->job->workshop, NULL, &one->upper, &one->tree, &cause) < 0)
                return mount_error(m, one, err, &cause);
        return 0;
}

static int hash_bind(struct builder_mounts *m, struct builder_mount *one, bool content, struct sha256 *hash,
                     struct error *err)
{
        struct builder_source *source;
        int result;

        if (one->volume) /* the host's business, as its network is: only where it appears is told */
                return 0;
        if (!one->from) {
                sha256_field_string(hash, "context");
                return hash_path(m, one, one->host, hash, err);
        }
        if (!content || !one->from_stage) {
                sha256_field_string(hash, "chain");
                sha256_field(hash, one->from->identity.bytes, sizeof(one->from->identity.bytes));
                builder_parts_add(&m->site->stage->parts, "what is mounted at", one->target, one->from->identity.bytes,
                                  sizeof(one->from->identity.bytes));
                sha256_field_string(hash, one->spec.source ? one->spec.source : "");
                return 0;
        }
        if (open_tree(m, one, err) < 0)
                return -1;
        sha256_field_string(hash, "tree");
        source = builder_tree_source_new(one->tree, NULL, m->site->job->workshop.log);
        result = hash_path(m, one, source, hash, err);
        builder_source_free(source);
        return result;
}

static void add_parts(const struct builder_mounts *m, const struct builder_mount *one, const void *numbers, size_t size)
{
        const struct dockerfile_mount *s = &one->spec;
        CLEANUP_BUFFER struct buffer text = BUFFER_INIT;

        buffer_printf(&text, "%s %s %s %s %llu ", dockerfile_mount_type_name(s->type), s->id ? s->id : "",
                      s->env ? s->env : "", s->source ? s->source : "", (unsigned long long)s->size);
        buffer_append(&text, numbers, size);
        builder_parts_add(&m->site->stage->parts, "--mount of", one->target, text.data, text.size);
}

/* As in BuildKit: `sharing`, an id that nobody wrote and the content of caches and secrets are not in it. */
static int hash_one(struct builder_mounts *m, struct builder_mount *one, bool content, struct sha256 *hash,
                    struct error *err)
{
        const struct dockerfile_mount *s = &one->spec;
        const uint32_t numbers[] = {s->readonly, s->required, s->mode, s->uid, s->gid};

        add_parts(m, one, numbers, sizeof(numbers));
        sha256_field_string(hash, dockerfile_mount_type_name(s->type));
        sha256_field_string(hash, one->target ? one->target : "");
        sha256_field_string(hash, s->id ? s->id : "");
        sha256_field_string(hash, s->env ? s->env : "");
        sha256_field(hash, numbers, sizeof(numbers));
        sha256_field(hash, &s->size, sizeof(s->size));
        if (s->type == DOCKERFILE_MOUNT_BIND)
                return hash_bind(m, one, content, hash, err);
        sha256_field_string(hash, s->source ? s->source : "");
        if (one->from)
                sha256_field(hash, one->from->identity.bytes, sizeof(one->from->identity.bytes));
        return 0;
}

int builder_mounts_hash(struct builder_mounts *m, bool content, struct sha256 *hash, struct error *err)
{
        for (size_t i = 0; i < m->count; i++)
                if (hash_one(m, &m->items[i], content, hash, err) < 0)
                        return -1;
        return 0;
}

bool builder_mounts_can_refine(const struct builder_mounts *m)
{
        for (size_t i = 0; i < m->count; i++)
                if (m->items[i].spec.type == DOCKERFILE_MOUNT_BIND && m->items[i].from_stage)
                        return true;
        return false;
}

static void free_one(struct builder_mount *one)
{
        overlay_tree_close(one->tree);
        builder_upper_close(&one->upper);
        builder_context_view_free(one->view);
        if (one->volume)
                builder_source_free(one->host);
        builder_state_free(&one->image);
        dockerfile_mount_clear(&one->spec);
        free(one->volume);
        free(one->target);
}

void builder_mounts_free(struct builder_mounts *m)
{
        for (size_t i = 0; i < m->count; i++)
                free_one(&m->items[i]);
        free(m->items);
        free(m->view);
        *m = (struct builder_mounts)BUILDER_MOUNTS_INIT;
}
