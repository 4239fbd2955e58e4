/* SPDX-License-Identifier: Apache-2.0 */
/* The keys of COPY and ADD: what is written, and the content that it selects. */
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "builder/content.h"
#include "builder/copying.h"
#include "common/memory.h"

/* What the instruction says is in the step's title, but for variables. */
static void add_parts(const struct copying *c, struct builder_parts *parts)
{
        builder_parts_add_text(parts, "the destination", NULL, c->target);
        builder_parts_add_text(parts, "--chown", NULL, c->chown);
        builder_parts_add_text(parts, "--chmod", NULL, c->chmod);
        for (size_t i = 0; i < c->sources.count; i++)
                if (c->in->sources[i].heredoc)
                        builder_parts_add_text(parts, "here-document", c->in->sources[i].heredoc->name, c->bodies.items[i]);
}

static void key_begin(const struct copying *c, const char *kind, struct sha256 *hash)
{
        builder_step_key_begin(c->site, kind, c->link, hash);
        add_parts(c, &c->site->stage->parts);
        sha256_field_string(hash, dockerfile_kind_name(c->site->instruction->kind));
        sha256_field_string(hash, c->target);
        sha256_field_string(hash, c->in->parents ? "parents" : "");
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

void builder_copying_definition_key(const struct copying *c, struct sha256_digest *ret)
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

/* The directories that --parents makes take their attributes along. */
static int hash_parents(struct copying *c, const char *root, const char *path, struct sha256 *hash, struct error *err)
{
        CLEANUP_FREE char *names = memory_strdup(path);

        sha256_field_string(hash, path);
        for (char *slash = strchr(names, '/'); slash; slash = strchr(slash + 1, '/')) {
                CLEANUP_ITEM struct builder_item dir = BUILDER_ITEM_INIT;
                CLEANUP_FREE char *dir_path = NULL;

                *slash = '\0';
                dir_path = memory_printf("%s/%s", root, names);
                *slash = '/';
                if (c->source->ops->find(c->source, dir_path, &dir, err) < 0 ||
                    builder_content_hash_attributes(c->source, &dir, hash, err) < 0)
                        return -1;
        }
        return 0;
}

/* What --parents selected is never reached through a link, so the last name is looked up in its directory. */
static int hash_below(struct copying *c, const char *root, const char *path, struct sha256 *hash, struct error *err)
{
        const struct builder_content_options options = { c->exclude, path, &c->site->stage->parts };
        CLEANUP_FREE char *whole = memory_printf("%s/%s", root, path);
        CLEANUP_ITEM struct builder_item dir = BUILDER_ITEM_INIT;
        CLEANUP_ITEM struct builder_item item = BUILDER_ITEM_INIT;

        if (hash_parents(c, root, path, hash, err) < 0)
                return -1;
        if (path[0] == '\0')
                return c->source->ops->find(c->source, root, &item, err) < 0
                               ? -1
                               : builder_content_hash(c->source, &item, &options, hash, err);
        *strrchr(whole, '/') = '\0';
        if (c->source->ops->find(c->source, whole, &dir, err) < 0 ||
            c->source->ops->child(c->source, &dir, base_name(path), &item, err) < 0)
                return -1;
        return builder_content_hash(c->source, &item, &options, hash, err);
}

static int hash_path(struct copying *c, const char *root, const char *path, struct sha256 *hash, struct error *err)
{
        const struct builder_content_options options = { c->exclude, "", &c->site->stage->parts };
        CLEANUP_ITEM struct builder_item item = BUILDER_ITEM_INIT;

        if (c->in->parents)
                return hash_below(c, root, path, hash, err);
        sha256_field_string(hash, base_name(path));
        if (c->source->ops->find(c->source, path, &item, err) < 0)
                return -1;
        if (c->exclude && !S_ISDIR(item.attr.mode) && dockerfile_ignore_matches(c->exclude, base_name(path), NULL))
                return 0;
        return builder_content_hash(c->source, &item, &options, hash, err);
}

static int hash_source(struct copying *c, size_t i, struct sha256 *hash, struct error *err)
{
        CLEANUP_SELECTION struct builder_selection selection = BUILDER_SELECTION_INIT;
        CLEANUP_ERROR struct error cause = ERROR_INIT;

        if (c->remotes[i]) {
                builder_remote_hash(c->remotes[i], hash);
                builder_remote_add_part(c->remotes[i], c->sources.items[i], &c->site->stage->parts);
                return 0;
        }
        if (builder_copying_select(c, i, &selection, err) < 0)
                return -1;
        for (size_t k = 0; k < selection.paths.count; k++)
                if (hash_path(c, selection.roots.items[k], selection.paths.items[k], hash, &cause) < 0)
                        return builder_site_error(c->site, &c->in->sources[i].path->place, err, &cause);
        return 0;
}

int builder_copying_content_key(void *context, struct sha256_digest *ret, struct error *err)
{
        struct copying *c = context;
        struct sha256 hash;

        if (builder_copying_open(c, err) < 0)
                return -1;
        key_begin(c, c->from ? "copy from a tree" : "copy from the context", &hash);
        for (size_t i = 0; i < c->sources.count; i++)
                if (!c->in->sources[i].heredoc && hash_source(c, i, &hash, err) < 0)
                        return -1;
        sha256_final(&hash, ret);
        return 0;
}
