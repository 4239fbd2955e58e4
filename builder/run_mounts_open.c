/* SPDX-License-Identifier: Apache-2.0 */
/* RUN --mount: what is mounted, for as long as the command runs. */
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "builder/run_mounts.h"
#include "builder/run_options.h"
#include "common/fd.h"
#include "common/memory.h"
#include "common/path.h"

static int fail(const struct builder_mounts *m, const struct builder_mount *one, struct error *err, struct error *cause)
{
        const struct dockerfile_place *place = one->flag ? &one->flag->place : &m->site->instruction->place;

        return builder_site_error(m->site, place, err, cause);
}

/* --- bind -------------------------------------------------------------------- */

static int is_directory(struct overlay_tree *tree, const char *path, bool *ret, struct error *err)
{
        CLEANUP_OVERLAY_REF struct overlay_ref ref = OVERLAY_REF_INIT;
        struct overlay_attr attr;

        if (overlay_tree_resolve(tree, NULL, path, 0, &ref, err) < 0 || overlay_node_stat(&ref, &attr, err) < 0)
                return -1;
        *ret = S_ISDIR(attr.mode);
        return 0;
}

/* The tree, and the path in it that is mounted. */
static int open_bind(struct builder_mounts *m, struct builder_mount *one, struct sandbox_mount *view, bool *ret_directory,
                     struct error *err)
{
        struct builder_job *job = m->site->job;
        struct overlay_tree *tree;

        view->source = one->spec.source && one->spec.source[0] ? one->spec.source : "/";
        if (one->from) {
                if (!one->tree &&
                    builder_chain_open(one->from, &job->workshop, NULL, &one->upper, &one->tree, err) < 0)
                        return -1;
                tree = one->tree;
        } else {
                if (builder_context_view_open(&job->workshop, one->host, one->spec.source ? one->spec.source : "",
                                              &one->view, err) < 0)
                        return -1;
                tree = builder_context_view_tree(one->view);
                view->source = builder_context_view_path(one->view);
        }
        if (is_directory(tree, view->source, ret_directory, err) < 0)
                return error_wrap(err, "--mount: the source %s", view->source);
        view->kind = SANDBOX_MOUNT_TREE;
        view->readonly = one->spec.readonly;
        if (builder_served_open(job, tree, &one->served, err) < 0 || builder_served_clone(one->served, &one->fd, err) < 0)
                return -1;
        view->fd = one->fd;
        return 0;
}

/* --- caches ------------------------------------------------------------------ */

static struct builder_cache_spec cache_spec(const struct builder_mounts *m, const struct builder_mount *one)
{
        const char *space = strv_env_find(m->site->job->options->build_args, "BUILDKIT_CACHE_MOUNT_NS");

        return (struct builder_cache_spec){
                .id = one->spec.id ? one->spec.id : one->target,
                .space = space ? space : "",
                .from = one->from,
                .source = one->spec.source,
                .mode = one->spec.mode,
                .uid = one->spec.uid,
                .gid = one->spec.gid,
                .sharing = one->spec.sharing,
                .readonly = one->spec.readonly,
        };
}

static int compare_caches(const struct builder_mounts *m, const struct builder_mount *a, const struct builder_mount *b)
{
        const struct builder_cache_spec x = cache_spec(m, a), y = cache_spec(m, b);

        return builder_cache_compare(&x, &y);
}

/* The cache mount that comes after `last` in the order in which everybody takes them. */
static struct builder_mount *next_cache(struct builder_mounts *m, const struct builder_mount *last)
{
        struct builder_mount *best = NULL;

        for (size_t i = 0; i < m->count; i++) {
                struct builder_mount *one = &m->items[i];

                if (one->spec.type != DOCKERFILE_MOUNT_CACHE || one->cache)
                        continue;
                if (last && compare_caches(m, one, last) < 0)
                        continue;
                if (!best || compare_caches(m, one, best) < 0)
                        best = one;
        }
        return best;
}

static int take_caches(struct builder_mounts *m, struct error *err)
{
        struct builder_mount *last = NULL;

        for (struct builder_mount *one; (one = next_cache(m, last)); last = one) {
                const struct builder_cache_spec spec = cache_spec(m, one);
                CLEANUP_ERROR struct error cause = ERROR_INIT;

                if (last && compare_caches(m, one, last) == 0) {
                        one->cache = last->cache; /* one directory on two targets */
                } else {
                        if (builder_cache_acquire(m->site->job, &spec, &one->cache, &cause) < 0)
                                return fail(m, one, err, &cause);
                        one->owner = true;
                }
        }
        return 0;
}

static int open_cache(struct builder_mount *one, struct sandbox_mount *view, struct error *err)
{
        view->kind = SANDBOX_MOUNT_TREE;
        view->source = one->spec.source && one->spec.source[0] ? one->spec.source : "/";
        view->readonly = one->spec.readonly;
        if (builder_cache_clone(one->cache, &one->fd, err) < 0)
                return -1;
        view->fd = one->fd;
        return 0;
}

/* --- secrets and agents --------------------------------------------------------- */

static int open_secret(struct builder_mounts *m, struct builder_mount *one, struct sandbox_mount *view,
                       struct builder_command *command, struct error *err)
{
        const struct dockerfile_mount *s = &one->spec;
        bool found;

        if (builder_secret_load(m->site->job->options->run, s->id, &one->secret, &found, err) < 0)
                return -1;
        one->absent = !found;
        if (!found && s->required)
                return error_set(err, ENOENT, "the secret \"%s\" is required: give it with --secret id=%s,src=FILE or "
                                 "--secret id=%s,env=NAME", s->id, s->id, s->id);
        if (!found)
                return 0;
        if (s->env) {
                if (one->secret.size > 0 && memchr(one->secret.data, '\0', one->secret.size))
                        return error_set(err, EINVAL, "the secret \"%s\" has NUL bytes and cannot be the variable %s", s->id,
                                         s->env);
                strv_env_set(&command->env, s->env, buffer_text(&one->secret));
        }
        view->kind = SANDBOX_MOUNT_FILE;
        view->bytes = buffer_text(&one->secret);
        view->size = one->secret.size;
        return 0;
}

static int open_agent(struct builder_mounts *m, struct builder_mount *one, struct sandbox_mount *view,
                      struct builder_command *command, struct error *err)
{
        const char *path = builder_agent_find(m->site->job->options->run, one->spec.id);

        one->absent = !path;
        if (!path && one->spec.required)
                return error_set(err, ENOENT, "the ssh agent \"%s\" is required: give it with --ssh %s", one->spec.id,
                                 strcmp(one->spec.id, "default") == 0 ? "default" : "ID=SOCKET");
        if (!path)
                return 0;
        if (!m->agent)
                m->agent = builder_agent_new(m->site->job->options->log);
        builder_agent_add(m->agent, path);
        if (!strv_env_find(&command->env, "SSH_AUTH_SOCK"))
                strv_env_set(&command->env, "SSH_AUTH_SOCK", one->target);
        view->kind = SANDBOX_MOUNT_SOCKET;
        return 0;
}

/* --- all of them ------------------------------------------------------------------ */

static int open_one(struct builder_mounts *m, struct builder_mount *one, struct sandbox_mount *view,
                    struct builder_command *command, bool *ret_directory, struct error *err)
{
        *view = (struct sandbox_mount){ .target = one->target,
                                        .fd = -1,
                                        .mode = one->spec.mode,
                                        .uid = one->spec.uid,
                                        .gid = one->spec.gid };
        switch (one->spec.type) {
        case DOCKERFILE_MOUNT_BIND:
                return open_bind(m, one, view, ret_directory, err);
        case DOCKERFILE_MOUNT_CACHE:
                *ret_directory = true;
                return open_cache(one, view, err);
        case DOCKERFILE_MOUNT_TMPFS:
                *ret_directory = true;
                view->kind = SANDBOX_MOUNT_TMPFS;
                view->size = one->spec.size;
                return 0;
        case DOCKERFILE_MOUNT_SECRET:
                return open_secret(m, one, view, command, err);
        case DOCKERFILE_MOUNT_SSH:
                return open_agent(m, one, view, command, err);
        }
        return 0;
}

static bool is_below(const char *path, const char *dir)
{
        size_t length = strlen(dir);

        return strncmp(path, dir, length) == 0 && path[length] == '/';
}

/* What lies in an earlier mount, or in the sandbox's own /dev, is made by the sandbox when that is there. */
static int make_stub(const struct builder_mounts *m, const struct sandbox_mount *view, struct overlay_tree *tree,
                     bool directory, struct error *err)
{
        if (is_below(view->target, "/dev"))
                return 0;
        for (size_t i = 0; i < m->view_count; i++)
                if (is_below(view->target, m->view[i].target))
                        return 0;
        return overlay_tree_stub(tree, view->target, directory, NULL, err);
}

static int open_all(struct builder_mounts *m, struct overlay_tree *tree, struct builder_command *command, struct error *err)
{
        m->view = memory_zalloc(m->count + 1, sizeof(*m->view));
        for (size_t i = 0; i < m->count; i++) {
                struct builder_mount *one = &m->items[i];
                struct sandbox_mount *view = &m->view[m->view_count];
                CLEANUP_ERROR struct error cause = ERROR_INIT;
                bool directory = false;

                if (open_one(m, one, view, command, &directory, &cause) < 0)
                        return fail(m, one, err, &cause);
                if (!one->target || one->absent)
                        continue;
                if (make_stub(m, view, tree, directory, &cause) < 0)
                        return fail(m, one, err, &cause);
                m->view_count++;
        }
        return 0;
}

int builder_mounts_open(struct builder_mounts *m, struct overlay_tree *tree, struct builder_command *command,
                        struct error *err)
{
        if (take_caches(m, err) < 0 || open_all(m, tree, command, err) < 0)
                return -1;
        command->view.mounts = m->view;
        command->view.mount_count = m->view_count;
        command->view.env = strv_array(&command->env);
        return 0;
}

int builder_mounts_attend(struct builder_mounts *m, struct sandbox_stage *stage, struct error *err)
{
        if (!m->agent)
                return 0;
        return builder_agent_start(m->agent, stage, err);
}

/* A tree that is thrown away; what went wrong in reading it is not. */
static int close_bind(struct builder_mount *one, struct error *err)
{
        struct overlay_tree *tree = one->view ? builder_context_view_tree(one->view) : one->tree;
        bool was_served = one->served != NULL;

        if (builder_served_close(STEAL(one->served), err) < 0)
                return -1;
        if (was_served && overlay_tree_failure(tree, err) < 0)
                return -1;
        return one->view ? builder_context_view_check(one->view, err) : 0;
}

static int close_one(struct builder_mount *one, struct error *err)
{
        int result = 0;

        one->fd = fd_close(one->fd);
        if (one->secret.data)
                explicit_bzero(one->secret.data, one->secret.size);
        buffer_free(&one->secret);
        if (one->spec.type == DOCKERFILE_MOUNT_BIND)
                result = close_bind(one, err);
        if (one->owner)
                result = builder_cache_release(one->cache, err);
        one->cache = NULL;
        one->owner = false;
        return result;
}

int builder_mounts_close(struct builder_mounts *m, struct error *err)
{
        int result = 0;

        builder_agent_free(m->agent);
        m->agent = NULL;
        /* all clones first: two mounts may be of one tree */
        for (size_t i = 0; i < m->count; i++)
                m->items[i].fd = fd_close(m->items[i].fd);
        for (size_t i = 0; i < m->count; i++) {
                CLEANUP_ERROR struct error cause = ERROR_INIT;

                if (close_one(&m->items[i], &cause) == 0)
                        continue;
                if (result == 0)
                        (void)fail(m, &m->items[i], err, &cause);
                result = -1;
        }
        free(m->view);
        m->view = NULL;
        m->view_count = 0;
        return result;
}
