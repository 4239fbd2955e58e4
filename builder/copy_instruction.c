/* SPDX-License-Identifier: Apache-2.0 */
/* COPY and ADD: from words to keys to copied files. */
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "builder/accounts.h"
#include "builder/copying.h"
#include "builder/named.h"
#include "builder/unpack.h"
#include "common/fd.h"
#include "common/memory.h"

static void copying_free(struct copying *c)
{
        if (c->owns_source)
                builder_source_free(c->source);
        overlay_tree_close(c->tree);
        builder_upper_close(&c->upper);
        builder_state_free(&c->base);
        dockerfile_ignore_free(c->exclude);
        for (size_t i = 0; c->remotes && i < c->in->source_count; i++)
                builder_remote_free(c->remotes[i]);
        free(c->remotes);
        strv_free(&c->sources);
        strv_free(&c->bodies);
        free(c->dest);
        free(c->target);
        free(c->chown);
        free(c->chmod);
}

/* --- where from --------------------------------------------------------------------------- */

static void use_context(struct copying *c, struct builder_source *context)
{
        c->owns_source = context && context->ops->for_step;
        c->source = c->owns_source ? context->ops->for_step(context) : context;
}

static int find_from(struct copying *c, struct error *err)
{
        struct builder_job *job = c->site->job;
        CLEANUP_ERROR struct error cause = ERROR_INIT;
        struct builder_source *named = NULL;
        size_t stage;

        if (!c->in->from) {
                use_context(c, job->context);
                return 0;
        }
        if (builder_plan_find_source(&job->plan, c->site->index, c->site->file, c->in->from, &stage, err) < 0)
                return -1;
        if (stage != BUILDER_NO_STAGE) {
                c->from = &job->stages[stage].state;
                return 0;
        }
        if (builder_named_has(job->named, c->in->from->value)) {
                if (builder_named_open(job, c->in->from->value, &named, &c->base, &cause) < 0)
                        return builder_site_error(c->site, &c->in->from->place, err, &cause);
                use_context(c, named);
                c->from = named ? NULL : &c->base;
                return 0;
        }
        if (builder_job_base(job, c->in->from->value, NULL, 0, &c->base, &cause) < 0)
                return builder_site_image_error(c->site, &c->in->from->place, c->in->from->value, err, &cause);
        c->from = &c->base;
        return 0;
}

/* The tree of --from is opened when the definition key has missed, and not before. */
int builder_copying_open(struct copying *c, struct error *err)
{
        struct builder_job *job = c->site->job;
        CLEANUP_FREE char *where = NULL;

        if (c->source)
                return 0;
        if (builder_chain_open(&c->from->chain, &job->workshop, NULL, &c->upper, &c->tree, err) < 0)
                return -1;
        c->source = builder_tree_source_new(c->tree, job->bodies, job->workshop.log);
        where = memory_printf("the %s %s", c->from == &c->base ? "image" : "stage", c->in->from->value);
        builder_tree_source_name(c->source, where);
        c->owns_source = true;
        return 0;
}

/* Accepted, as BuildKit does, but it is seldom what was meant. */
static void warn_of_nothing(struct copying *c, const struct dockerfile_word *word)
{
        if (!c->warned)
                log_print(c->site->job->workshop.log, LOG_WARNING, "%s:%u: \"%s\" matches nothing", c->site->file->name,
                          word->place.line, word->text);
        c->warned = true;
}

int builder_copying_select(struct copying *c, size_t i, struct builder_selection *ret, struct error *err)
{
        const struct dockerfile_word *word = c->in->sources[i].path;
        CLEANUP_ERROR struct error cause = ERROR_INIT;
        size_t before = ret->paths.count;
        int result = c->in->parents ? builder_copy_select_parents(c->source, c->sources.items[i], ret, &cause)
                                    : builder_copy_select(c->source, c->sources.items[i], ret, &cause);

        if (result < 0)
                return builder_site_error(c->site, &word->place, err, &cause);
        if (ret->paths.count == before)
                warn_of_nothing(c, word);
        return 0;
}

/* --- doing it ------------------------------------------------------------------------------------ */

/* What the sources of one instruction share while they are placed. */
struct placing {
        struct copying *c;
        struct builder_copy *copy;
        const struct overlay_owner *owner; /* --chown; NULL: none */
        struct strv *made;
};

/* ADD unpacks a file of the context that is a tar by its content, and one from a URL only when told to. */
static bool may_unpack(const struct copying *c, bool remote)
{
        if (c->site->instruction->kind != DOCKERFILE_ADD)
                return false;
        return c->in->unpack_flag ? c->in->unpack : !remote;
}

/* *ret_done is false for what is no archive: a .gz that holds no tar is copied. */
static int try_unpack(const struct placing *p, struct builder_source *source, const char *path, bool *ret_done,
                      struct error *err)
{
        CLEANUP_ITEM struct builder_item item = BUILDER_ITEM_INIT;
        CLEANUP_OVERLAY_REF struct overlay_ref dest = OVERLAY_REF_INIT;
        CLEANUP_FD int fd = -1;
        char *data = NULL;

        *ret_done = false;
        if (source->ops->find(source, path, &item, err) < 0)
                return -1;
        if (!S_ISREG(item.attr.mode))
                return 0;
        if (source->ops->open_file(source, &item, &fd, err) < 0 || builder_unpack_detect(fd, ret_done, err) < 0)
                return -1;
        if (!*ret_done)
                return 0;
        if (builder_copy_directory(p->copy, &dest, err) < 0 ||
            builder_unpack(&p->c->site->job->workshop, fd, dest.tree, &dest, p->owner, &data, err) < 0)
                return error_wrap(err, "cannot unpack %s", path);
        strv_take(p->made, data);
        return 0;
}

static int place_path(const struct placing *p, const char *root, const char *path, struct error *err)
{
        struct builder_source *source = p->c->source;
        bool done = false;
        int result;

        if (p->c->in->parents)
                result = builder_copy_below(p->copy, source, root, path, err);
        else if (may_unpack(p->c, false) && try_unpack(p, source, path, &done, err) < 0)
                return -1;
        else
                result = done ? 0 : builder_copy_path(p->copy, source, path, err);
        return result < 0 || done ? result : builder_source_keep(source, p->made, err);
}

static int place_remote(const struct placing *p, struct builder_remote *remote, struct error *err)
{
        struct builder_source *source;
        const char *path;
        bool done = false;

        if (builder_remote_files(remote, &source, &path, err) < 0)
                return -1;
        if (builder_remote_is_file(remote) && may_unpack(p->c, true) && try_unpack(p, source, path, &done, err) < 0)
                return -1;
        if (done)
                return 0;
        return builder_copy_path(p->copy, source, path, err) < 0 ? -1 : builder_source_keep(source, p->made, err);
}

static int place_source(const struct placing *p, size_t i, const struct builder_selection *selection, struct error *err)
{
        const struct dockerfile_heredoc *doc = p->c->in->sources[i].heredoc;
        const char *body = p->c->bodies.items[i];

        if (doc)
                return builder_copy_bytes(p->copy, doc->name, body, strlen(body), err);
        if (p->c->remotes[i])
                return place_remote(p, p->c->remotes[i], err);
        for (size_t k = 0; k < selection->paths.count; k++)
                if (place_path(p, selection->roots.items[k], selection->paths.items[k], err) < 0)
                        return -1;
        return 0;
}

/* The tree of --link is empty, so no name is ever found in it; say what to do instead of naming a file. */
static int link_owner(const struct copying *c, struct error *err)
{
        error_clear(err);
        return error_set(
                err, EINVAL,
                "--chown=%s: --link copies without the image's /etc/passwd and /etc/group to look names up in: "
                "use numbers, or drop --link",
                c->chown);
}

static int find_owner(struct copying *c, struct overlay_tree *tree, struct overlay_owner *ret, struct error *err)
{
        CLEANUP_ACCOUNTS struct builder_account_files files = BUILDER_ACCOUNT_FILES_INIT;
        struct builder_accounts accounts;
        uint32_t uid, gid;

        if (builder_accounts_load(tree, &files, err) < 0)
                return -1;
        accounts = builder_accounts_view(&files);
        if (builder_owner_find(c->chown, &accounts, &uid, &gid, err) < 0)
                return c->link ? link_owner(c, err) : error_wrap(err, "--chown=%s", c->chown);
        *ret = (struct overlay_owner){uid, gid};
        return 0;
}

/* What is not in the context is fetched before anything is copied, so that its errors point at the source. */
static int open_remote(struct copying *c, size_t i, struct error *err)
{
        CLEANUP_ERROR struct error cause = ERROR_INIT;
        struct builder_source *source;
        const char *path;

        if (builder_remote_files(c->remotes[i], &source, &path, &cause) < 0)
                return builder_site_error(c->site, &c->in->sources[i].path->place, err, &cause);
        return 0;
}

/* One selection for each source, empty for what is not in the context; to be freed with free_selections also after a
 * failure. */
static int select_all(struct copying *c, struct builder_selection **ret, struct error *err)
{
        *ret = memory_zalloc(c->sources.count, sizeof(**ret));
        for (size_t i = 0; i < c->sources.count; i++) {
                int result = 0;

                if (c->remotes[i])
                        result = open_remote(c, i, err);
                else if (!c->in->sources[i].heredoc)
                        result = builder_copying_select(c, i, &(*ret)[i], err);
                if (result < 0)
                        return -1;
        }
        return 0;
}

static void free_selections(const struct copying *c, struct builder_selection *selections)
{
        for (size_t i = 0; i < c->sources.count; i++)
                builder_selection_free(&selections[i]);
        free(selections);
}

static int copy_all(struct copying *c, struct overlay_tree *tree, const struct builder_selection *selections,
                    const struct builder_copy_options *options, struct strv *made, struct error *err)
{
        CLEANUP_COPY struct builder_copy *copy = NULL;
        CLEANUP_OVERLAY_REF struct overlay_ref dest = OVERLAY_REF_INIT;
        struct placing p = {.c = c, .owner = options->owner, .made = made};
        size_t total = 0;

        for (size_t i = 0; i < c->sources.count; i++)
                total += c->in->sources[i].heredoc || c->remotes[i] ? 1 : selections[i].paths.count;
        /* more than one file cannot go to one file's name; a directory brings its contents wherever */
        p.copy = copy = builder_copy_begin(tree, c->target, total > 1, options);
        /* a directory whatever is found for it, as BuildKit makes it */
        if (c->in->parents && builder_copy_directory(copy, &dest, err) < 0)
                return -1;
        for (size_t i = 0; i < c->sources.count; i++)
                if (place_source(&p, i, &selections[i], err) < 0)
                        return -1;
        return builder_copy_finish(copy, err);
}

static int execute(void *context, unsigned number, struct overlay_tree *tree, struct strv *made, struct error *err)
{
        struct copying *c = context;
        struct builder_copy_options options = {.exclude = c->exclude, .cwd = builder_state_cwd(&c->site->stage->state)};
        CLEANUP_ERROR struct error cause = ERROR_INIT;
        struct overlay_owner owner;
        struct builder_selection *selections = NULL;
        int result;

        (void)number;
        clock_gettime(CLOCK_REALTIME, &options.now);
        options.mode = c->chmod ? &c->mode : NULL;
        options.bodies = c->site->job->bodies;
        if (c->chown) {
                if (find_owner(c, tree, &owner, &cause) < 0)
                        return builder_site_error(c->site, &c->in->chown->place, err, &cause);
                options.owner = &owner;
        }
        if (builder_copying_open(c, err) < 0)
                return -1;
        result = select_all(c, &selections, err);
        if (result == 0 && copy_all(c, tree, selections, &options, made, &cause) < 0)
                result = builder_site_error(c->site, &c->in->dest->place, err, &cause);
        free_selections(c, selections);
        return result;
}

static int take(struct copying *c, struct error *err)
{
        CLEANUP_FREE char *created_by = builder_copying_history(c);
        struct builder_step step = {
                .title = c->site->instruction->original,
                .created_by = created_by,
                .execute = execute,
                .context = c,
                .by_key = true,
                .alone = c->link,
        };
        int result;

        if (c->from) {
                builder_copying_definition_key(c, &step.key);
                step.refine = builder_copying_content_key;
                return builder_step_take(c->site, &step, err);
        }
        if (builder_copying_content_key(c, &step.key, err) < 0)
                return -1;
        result = builder_step_take(c->site, &step, err);
        if (result == 0 || err->code != ESTALE)
                return result;
        /* a file changed between key and copy: once more, with what it is now */
        error_clear(err);
        c->site->stage->step--;
        return builder_copying_content_key(c, &step.key, err) < 0 ? -1 : builder_step_take(c->site, &step, err);
}

int builder_do_copy(const struct builder_site *site, struct error *err)
{
        struct copying c = {.site = site, .in = &site->instruction->copy};
        int result = builder_copying_expand(&c, err);

        if (result == 0)
                result = find_from(&c, err);
        if (result == 0)
                result = take(&c, err);
        copying_free(&c);
        return result;
}

int builder_do_add(const struct builder_site *site, struct error *err)
{
        return builder_do_copy(site, err);
}
