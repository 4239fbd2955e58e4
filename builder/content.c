/* SPDX-License-Identifier: Apache-2.0 */
/* The digest of what a COPY takes in. */
#include "builder/content.h"

#include <errno.h>
#include <sys/stat.h>

static int hash_item(struct builder_source *s, const struct builder_item *item, unsigned depth, struct sha256 *hash,
                     struct error *err);

static void hash_number(struct sha256 *hash, uint64_t number)
{
        unsigned char bytes[8];

        for (size_t i = 0; i < sizeof(bytes); i++)
                bytes[i] = (unsigned char)(number >> (8 * i));
        sha256_update(hash, bytes, sizeof(bytes));
}

static int hash_xattr(void *context, const char *name, const void *value, size_t size, struct error *err)
{
        struct sha256 *hash = context;

        (void)err;
        sha256_update(hash, "x", 1);
        sha256_field_string(hash, name);
        sha256_field(hash, value, size);
        return 0;
}

static int hash_link(struct builder_source *s, const struct builder_item *item, struct sha256 *hash, struct error *err)
{
        CLEANUP_BUFFER struct buffer target = BUFFER_INIT;

        if (s->ops->read_link(s, item, &target, err) < 0)
                return -1;
        sha256_field(hash, buffer_text(&target), target.size);
        return 0;
}

static int hash_body(struct builder_source *s, const struct builder_item *item, struct sha256 *hash, struct error *err)
{
        struct sha256_digest digest;

        if (s->ops->digest(s, item, &digest, err) < 0)
                return -1;
        sha256_update(hash, digest.bytes, sizeof(digest.bytes));
        return 0;
}

static int hash_children(struct builder_source *s, const struct builder_item *dir, unsigned depth, struct sha256 *hash,
                         struct error *err)
{
        CLEANUP_STRV struct strv names = STRV_INIT;
        int result = 0;

        if (s->ops->list(s, dir, &names, err) < 0)
                return -1;
        hash_number(hash, names.count);
        for (size_t i = 0; i < names.count && result == 0; i++) {
                CLEANUP_ITEM struct builder_item child = BUILDER_ITEM_INIT;

                if (s->ops->child(s, dir, names.items[i], &child, err) < 0)
                        return -1;
                sha256_field_string(hash, names.items[i]);
                result = hash_item(s, &child, depth + 1, hash, err);
        }
        return result;
}

static int hash_item(struct builder_source *s, const struct builder_item *item, unsigned depth, struct sha256 *hash,
                     struct error *err)
{
        const struct overlay_attr *a = &item->attr;

        if (depth > BUILDER_MAX_DEPTH)
                return error_set(err, ELOOP, "%s: directories are nested deeper than %d", item->path, BUILDER_MAX_DEPTH);
        hash_number(hash, a->mode);
        hash_number(hash, (uint64_t)a->uid << 32 | a->gid);
        if (s->ops->each_xattr(s, item, hash_xattr, hash, err) < 0)
                return -1;
        sha256_update(hash, ".", 1);
        if (S_ISDIR(a->mode))
                return hash_children(s, item, depth, hash, err);
        if (S_ISLNK(a->mode))
                return hash_link(s, item, hash, err);
        if (S_ISREG(a->mode))
                return hash_body(s, item, hash, err);
        hash_number(hash, a->rdev);
        return 0;
}

int builder_content_hash(struct builder_source *s, const struct builder_item *item, struct sha256 *hash,
                         struct error *err)
{
        return hash_item(s, item, 0, hash, err);
}
