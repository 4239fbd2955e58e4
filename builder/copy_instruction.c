/* SPDX-License-Identifier: Apache-2.0 */
/* COPY and ADD: from words to keys to copied files. */
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <time.h>

#include "builder/accounts.h"
#include "builder/content.h"
#include "builder/copy.h"
#include "builder/image_find.h"
#include "builder/step.h"
#include "builder/unpack.h"
#include "common/fd.h"
#include "common/memory.h"
#include "dockerfile/expand.h"

/* One COPY or ADD, its words expanded. */
struct copying {
        const struct builder_site *site;
        const struct dockerfile_copy *in;
        struct strv sources; /* expanded; "" for a heredoc */
        struct strv bodies;  /* expanded heredocs; "" for a path */
        char *dest;
        char *chown;         /* expanded, or NULL */
        char *chmod;         /* expanded, or NULL */
        struct dockerfile_mode mode; /* if chmod */
        struct dockerfile_ignore *exclude;
        struct builder_state base;     /* --from an image: its state */
        struct builder_state *from;    /* the stage's or `base`; NULL: the context */
        struct builder_upper upper;    /* of `tree` */
        struct overlay_tree *tree;     /* the opened `from`; NULL until its content is needed */
        struct builder_source *source; /* the context (borrowed) or over `tree` (owned) */
};

static void copying_free(struct copying *c)
{
        if (c->from)
                builder_source_free(c->source);
        overlay_tree_close(c->tree);
        builder_upper_close(&c->upper);
        builder_state_free(&c->base);
        dockerfile_ignore_free(c->exclude);
        strv_free(&c->sources);
        strv_free(&c->bodies);
        free(c->dest);
        free(c->chown);
        free(c->chmod);
}

/* --- words ---------------------------------------------------------------------------- */

static int refuse(const struct copying *c, const struct dockerfile_flag *flag, const char *what, struct error *err)
{
        return dockerfile_error(c->site->file, flag ? &flag->place : &c->site->instruction->place, err,
                                "%s is not built yet: this bryo cannot build the file", what);
}

static int check_flags(const struct copying *c, struct error *err)
{
        const struct dockerfile_instruction *in = c->site->instruction;

        if (in->copy.parents)
                return refuse(c, dockerfile_flag_find(in, "parents"), "--parents", err);
        if (in->copy.link)
                return refuse(c, dockerfile_flag_find(in, "link"), "--link", err);
        if (in->copy.checksum)
                return refuse(c, in->copy.checksum, "--checksum", err);
        if (in->copy.keep_git_dir_flag)
                return refuse(c, in->copy.keep_git_dir_flag, "--keep-git-dir", err);
        if (in->copy.from && strchr(in->copy.from->value, '$'))
                return dockerfile_error(c->site->file, &in->copy.from->place, err,
                                        "--from takes no variables: name a stage that says FROM %s, and copy from that",
                                        in->copy.from->value);
        return 0;
}

static bool is_remote(const char *path)
{
        return strncasecmp(path, "http://", 7) == 0 || strncasecmp(path, "https://", 8) == 0 ||
               strncasecmp(path, "git://", 6) == 0 || strncmp(path, "git@", 4) == 0 || strncasecmp(path, "ssh://", 6) == 0;
}

static const char *find_variable(void *context, const char *name)
{
        const struct builder_site *site = context;

        return strv_env_find(&site->stage->state.env, name);
}

static int expand_heredoc(struct copying *c, const struct dockerfile_heredoc *doc, char **ret, struct error *err)
{
        struct builder_site site = *c->site;
        const struct dockerfile_scope scope = { find_variable, NULL, &site };
        CLEANUP_ERROR struct error cause = ERROR_INIT;

        if (!doc->expand) {
                *ret = memory_strdup(doc->body);
                return 0;
        }
        if (dockerfile_expand(&scope, '\\', DOCKERFILE_EXPAND_HEREDOC, doc->body, ret, &cause) < 0)
                return builder_site_error(&site, &doc->place, err, &cause);
        return 0;
}

static int expand_source(struct copying *c, const struct dockerfile_copy_source *source, struct error *err)
{
        CLEANUP_FREE char *text = NULL;

        if (source->heredoc) {
                if (expand_heredoc(c, source->heredoc, &text, err) < 0)
                        return -1;
                strv_add(&c->sources, "");
                strv_take(&c->bodies, STEAL(text));
                return 0;
        }
        if (builder_site_expand(c->site, source->path->text, &source->path->place, &text, err) < 0)
                return -1;
        if (c->site->instruction->kind == DOCKERFILE_ADD && is_remote(text))
                return dockerfile_error(c->site->file, &source->path->place, err,
                                        "ADD of a URL or git repository is not built yet: this bryo cannot build the file");
        strv_add(&c->sources, text);
        strv_add(&c->bodies, "");
        return 0;
}

static int expand_mode(struct copying *c, struct error *err)
{
        const struct dockerfile_flag *flag = c->in->chmod;
        CLEANUP_ERROR struct error cause = ERROR_INIT;

        if (!flag)
                return 0;
        if (builder_site_expand(c->site, flag->value, &flag->place, &c->chmod, err) < 0)
                return -1;
        if (dockerfile_mode_parse(c->chmod, &c->mode, &cause) < 0)
                return builder_site_error(c->site, &flag->place, err, &cause);
        return 0;
}

static int expand_excludes(struct copying *c, struct error *err)
{
        CLEANUP_ERROR struct error cause = ERROR_INIT;
        const char **patterns;
        int result;

        if (c->in->exclude_count == 0)
                return 0;
        patterns = memory_zalloc(c->in->exclude_count, sizeof(char *));
        for (size_t i = 0; i < c->in->exclude_count; i++)
                patterns[i] = c->in->excludes[i]->value;
        result = dockerfile_ignore_new(patterns, c->in->exclude_count, &c->exclude, &cause);
        free(patterns);
        return result < 0 ? builder_site_error(c->site, &c->in->excludes[0]->place, err, &cause) : 0;
}

static int expand_all(struct copying *c, struct error *err)
{
        if (check_flags(c, err) < 0)
                return -1;
        for (size_t i = 0; i < c->in->source_count; i++)
                if (expand_source(c, &c->in->sources[i], err) < 0)
                        return -1;
        if (builder_site_expand(c->site, c->in->dest->text, &c->in->dest->place, &c->dest, err) < 0)
                return -1;
        if (c->in->chown && builder_site_expand(c->site, c->in->chown->value, &c->in->chown->place, &c->chown, err) < 0)
                return -1;
        return expand_mode(c, err) < 0 ? -1 : expand_excludes(c, err);
}

/* --- where from --------------------------------------------------------------------------- */

static int find_from(struct copying *c, struct error *err)
{
        struct builder_job *job = c->site->job;
        CLEANUP_ERROR struct error cause = ERROR_INIT;
        size_t stage;

        if (!c->in->from) {
                c->source = job->context;
                return 0;
        }
        if (builder_plan_find_source(&job->plan, c->site->index, c->site->file, c->in->from, &stage, err) < 0)
                return -1;
        if (stage != BUILDER_NO_STAGE) {
                c->from = &job->stages[stage].state;
                return 0;
        }
        if (builder_image_find(&job->workshop, c->in->from->value, &c->base, &cause) < 0)
                return builder_site_error(c->site, &c->in->from->place, err, &cause);
        c->from = &c->base;
        return 0;
}

/* The tree of --from is opened when the definition key has missed, and not before. */
static int open_source(struct copying *c, struct error *err)
{
        struct builder_job *job = c->site->job;

        if (c->source)
                return 0;
        if (builder_chain_open(&c->from->chain, &job->workshop, NULL, &c->upper, &c->tree, err) < 0)
                return -1;
        c->source = builder_tree_source_new(c->tree, job->workshop.log);
        return 0;
}

static int select_source(struct copying *c, size_t i, struct strv *ret, struct error *err)
{
        CLEANUP_ERROR struct error cause = ERROR_INIT;

        if (builder_copy_select(c->source, c->sources.items[i], ret, &cause) < 0)
                return builder_site_error(c->site, &c->in->sources[i].path->place, err, &cause);
        return 0;
}

/* --- keys ------------------------------------------------------------------------------------ */

static void key_begin(const struct copying *c, const char *kind, struct sha256 *hash)
{
        builder_step_key_begin(c->site, kind, hash);
        sha256_field_string(hash, dockerfile_kind_name(c->site->instruction->kind));
        sha256_field_string(hash, c->dest);
        sha256_field_string(hash, builder_state_cwd(&c->site->stage->state));
        sha256_field_string(hash, c->chown ? c->chown : "");
        sha256_field_string(hash, c->chmod ? c->chmod : "");
        sha256_field_string(hash, c->in->unpack_flag ? c->in->unpack_flag->value : "");
        for (size_t i = 0; i < c->in->exclude_count; i++)
                sha256_field_string(hash, c->in->excludes[i]->value);
        for (size_t i = 0; i < c->sources.count; i++) {
                const struct dockerfile_heredoc *doc = c->in->sources[i].heredoc;

                sha256_field_string(hash, doc ? doc->name : "");
                sha256_field_string(hash, c->bodies.items[i]);
        }
}

/* The definition: which chain, which words. Another chain may still hold the same files: then content_key hits. */
static void definition_key(const struct copying *c, struct sha256_digest *ret)
{
        struct sha256 hash;

        key_begin(c, "copy from a chain", &hash);
        sha256_field(&hash, c->from->chain.identity.bytes, sizeof(c->from->chain.identity.bytes));
        for (size_t i = 0; i < c->sources.count; i++)
                sha256_field_string(&hash, c->sources.items[i]);
        sha256_final(&hash, ret);
}

static const char *base_name(const char *path)
{
        const char *slash = strrchr(path, '/');

        return slash ? slash + 1 : path;
}

static int hash_path(struct copying *c, const char *path, const struct dockerfile_place *place, struct sha256 *hash,
                     struct error *err)
{
        CLEANUP_ITEM struct builder_item item = BUILDER_ITEM_INIT;
        CLEANUP_ERROR struct error cause = ERROR_INIT;

        sha256_field_string(hash, base_name(path));
        if (c->source->ops->find(c->source, path, &item, &cause) < 0 ||
            builder_content_hash(c->source, &item, hash, &cause) < 0)
                return builder_site_error(c->site, place, err, &cause);
        return 0;
}

/* What is copied: base names and content. */
static int content_key(void *context, struct sha256_digest *ret, struct error *err)
{
        struct copying *c = context;
        struct sha256 hash;

        if (open_source(c, err) < 0)
                return -1;
        key_begin(c, c->from ? "copy from a tree" : "copy from the context", &hash);
        for (size_t i = 0; i < c->sources.count; i++) {
                CLEANUP_STRV struct strv paths = STRV_INIT;

                if (c->in->sources[i].heredoc)
                        continue;
                if (select_source(c, i, &paths, err) < 0)
                        return -1;
                for (size_t k = 0; k < paths.count; k++)
                        if (hash_path(c, paths.items[k], &c->in->sources[i].path->place, &hash, err) < 0)
                                return -1;
        }
        sha256_final(&hash, ret);
        return 0;
}

/* --- doing it ------------------------------------------------------------------------------------ */

/* ADD unpacks what is a tar by its content; a .gz that holds no tar is copied. */
static int try_unpack(struct copying *c, struct builder_copy *copy, const char *path, const struct overlay_owner *owner,
                      struct strv *made, bool *ret_done, struct error *err)
{
        CLEANUP_ITEM struct builder_item item = BUILDER_ITEM_INIT;
        CLEANUP_OVERLAY_REF struct overlay_ref dest = OVERLAY_REF_INIT;
        CLEANUP_FD int fd = -1;
        char *data = NULL;

        *ret_done = false;
        if (c->site->instruction->kind != DOCKERFILE_ADD || (c->in->unpack_flag && !c->in->unpack))
                return 0;
        if (c->source->ops->find(c->source, path, &item, err) < 0)
                return -1;
        if (!S_ISREG(item.attr.mode))
                return 0;
        if (builder_context_open_file(c->source, &item, &fd, err) < 0 || builder_unpack_detect(fd, ret_done, err) < 0)
                return -1;
        if (!*ret_done)
                return 0;
        if (builder_copy_directory(copy, &dest, err) < 0 ||
            builder_unpack(&c->site->job->workshop, fd, dest.tree, &dest, owner, &data, err) < 0)
                return error_wrap(err, "cannot unpack %s", path);
        strv_take(made, data);
        return 0;
}

static int copy_source(struct copying *c, struct builder_copy *copy, size_t i, const struct strv *paths,
                       const struct overlay_owner *owner, struct strv *made, struct error *err)
{
        const struct dockerfile_heredoc *doc = c->in->sources[i].heredoc;

        if (doc)
                return builder_copy_bytes(copy, doc->name, c->bodies.items[i], strlen(c->bodies.items[i]), err);
        for (size_t k = 0; k < paths->count; k++) {
                bool done;

                if (try_unpack(c, copy, paths->items[k], owner, made, &done, err) < 0)
                        return -1;
                if (!done && builder_copy_path(copy, c->source, paths->items[k], err) < 0)
                        return -1;
        }
        return 0;
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
                return error_wrap(err, "--chown=%s", c->chown);
        *ret = (struct overlay_owner){ uid, gid };
        return 0;
}

/* One vector of selected paths for each source; to be freed with free_selection also after a failure. */
static int select_all(struct copying *c, struct strv **ret, struct error *err)
{
        *ret = memory_zalloc(c->sources.count, sizeof(**ret));
        for (size_t i = 0; i < c->sources.count; i++)
                if (!c->in->sources[i].heredoc && select_source(c, i, &(*ret)[i], err) < 0)
                        return -1;
        return 0;
}

static void free_selection(const struct copying *c, struct strv *paths)
{
        for (size_t i = 0; i < c->sources.count; i++)
                strv_free(&paths[i]);
        free(paths);
}

static int copy_all(struct copying *c, struct overlay_tree *tree, const struct strv *paths,
                    const struct builder_copy_options *options, struct strv *made, struct error *err)
{
        CLEANUP_COPY struct builder_copy *copy = NULL;
        size_t total = 0;

        for (size_t i = 0; i < c->sources.count; i++)
                total += c->in->sources[i].heredoc ? 1 : paths[i].count;
        /* more than one file cannot go to one file's name; a directory brings its contents wherever */
        if (builder_copy_begin(tree, c->dest, total > 1, options, &copy, err) < 0)
                return -1;
        for (size_t i = 0; i < c->sources.count; i++)
                if (copy_source(c, copy, i, &paths[i], options->owner, made, err) < 0)
                        return -1;
        return 0;
}

static int execute(void *context, unsigned number, struct overlay_tree *tree, struct strv *made, struct error *err)
{
        struct copying *c = context;
        struct builder_copy_options options = { .exclude = c->exclude, .cwd = builder_state_cwd(&c->site->stage->state) };
        CLEANUP_ERROR struct error cause = ERROR_INIT;
        struct overlay_owner owner;
        struct strv *paths = NULL;
        int result;

        (void)number;
        clock_gettime(CLOCK_REALTIME, &options.now);
        options.mode = c->chmod ? &c->mode : NULL;
        if (c->chown) {
                if (find_owner(c, tree, &owner, &cause) < 0)
                        return builder_site_error(c->site, &c->in->chown->place, err, &cause);
                options.owner = &owner;
        }
        if (open_source(c, err) < 0)
                return -1;
        result = select_all(c, &paths, err);
        if (result == 0 && copy_all(c, tree, paths, &options, made, &cause) < 0)
                result = builder_site_error(c->site, &c->in->dest->place, err, &cause);
        free_selection(c, paths);
        return result;
}

static int take(struct copying *c, struct error *err)
{
        CLEANUP_FREE char *created_by = memory_printf("%s # buildkit", c->site->instruction->original);
        struct builder_step step = {
                .title = c->site->instruction->original,
                .created_by = created_by,
                .execute = execute,
                .context = c,
                .by_key = true,
        };

        int result;

        if (c->from) {
                definition_key(c, &step.key);
                step.refine = content_key;
                return builder_step_take(c->site, &step, err);
        }
        if (content_key(c, &step.key, err) < 0)
                return -1;
        result = builder_step_take(c->site, &step, err);
        if (result == 0 || err->code != ESTALE)
                return result;
        /* a file changed between key and copy: once more, with what it is now */
        error_clear(err);
        c->site->stage->step--;
        return content_key(c, &step.key, err) < 0 ? -1 : builder_step_take(c->site, &step, err);
}

int builder_do_copy(const struct builder_site *site, struct error *err)
{
        struct copying c = { .site = site, .in = &site->instruction->copy };
        int result = expand_all(&c, err);

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
