/* SPDX-License-Identifier: Apache-2.0 */
/* The digest of what a COPY takes in. */
#include "builder/content.h"

#include <errno.h>
#include <string.h>
#include <sys/stat.h>

#include "common/memory.h"

struct walk {
        const struct dockerfile_ignore *exclude;
        struct sha256 *hash;
        struct builder_parts *parts; /* may be NULL */
        struct buffer *path;         /* of the item, for its part */
        unsigned depth;
};

static int hash_item(struct builder_source *s, const struct builder_item *item, const char *below, const struct walk *w,
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

/* What of an item is told when it changed. Its extended attributes are not looked at again for that. */
static void add_part(const struct walk *w, const struct builder_item *item, const void *bytes, size_t size)
{
        unsigned char part[12 + SHA256_DIGEST_SIZE] = {0};
        const uint32_t numbers[3] = {item->attr.mode, item->attr.uid, item->attr.gid};

        memcpy(part, numbers, sizeof(numbers));
        memcpy(part + sizeof(numbers), bytes, size < SHA256_DIGEST_SIZE ? size : SHA256_DIGEST_SIZE);
        builder_parts_add(w->parts, S_ISDIR(item->attr.mode) ? "directory" : "file", buffer_text(w->path), part,
                          sizeof(part));
}

static int hash_link(struct builder_source *s, const struct builder_item *item, const struct walk *w, struct error *err)
{
        CLEANUP_BUFFER struct buffer target = BUFFER_INIT;

        if (s->ops->read_link(s, item, &target, err) < 0)
                return -1;
        sha256_field(w->hash, buffer_text(&target), target.size);
        add_part(w, item, buffer_text(&target), target.size);
        return 0;
}

static int hash_body(struct builder_source *s, const struct builder_item *item, const struct walk *w, struct error *err)
{
        struct sha256_digest digest;

        if (s->ops->digest(s, item, &digest, err) < 0)
                return -1;
        sha256_update(w->hash, digest.bytes, sizeof(digest.bytes));
        add_part(w, item, digest.bytes, sizeof(digest.bytes));
        return 0;
}

/* A directory whose names are being hashed; `below` is the path that --exclude knows it by. */
struct hashing {
        struct builder_source *s;
        const char *below;
        struct walk walk;
};

static int hash_child(void *context, const char *name, const struct builder_item *child, struct error *err)
{
        const struct hashing *h = context;
        const struct dockerfile_ignore *exclude = h->walk.exclude;
        const struct walk *w = &h->walk;
        const size_t length = w->path->size;
        CLEANUP_FREE char *path = NULL;
        int result;

        if (exclude) {
                path = memory_printf("%s%s%s", h->below, h->below[0] ? "/" : "", name);
                if (dockerfile_ignore_matches(exclude, path, NULL) &&
                    !(S_ISDIR(child->attr.mode) && dockerfile_ignore_may_contain(exclude, path)))
                        return 0;
        }
        sha256_update(h->walk.hash, "n", 1);
        sha256_field_string(h->walk.hash, name);
        if (length > 0)
                buffer_append_char(w->path, '/');
        buffer_append_string(w->path, name);
        result = hash_item(h->s, child, path ? path : "", w, err);
        buffer_truncate(w->path, length);
        return result;
}

static int hash_children(struct builder_source *s, const struct builder_item *dir, const char *below,
                         const struct walk *w, struct error *err)
{
        struct hashing h = {s, below, *w};

        h.walk.depth++;
        add_part(w, dir, "", 0);
        /* what --exclude leaves out is not to be read */
        if ((w->exclude ? builder_source_each : builder_source_each_digested)(s, dir, hash_child, &h, err) < 0)
                return -1;
        sha256_update(w->hash, "/", 1);
        return 0;
}

int builder_content_hash_attributes(struct builder_source *s, const struct builder_item *item, struct sha256 *hash,
                                    struct error *err)
{
        hash_number(hash, item->attr.mode);
        hash_number(hash, (uint64_t)item->attr.uid << 32 | item->attr.gid);
        if (s->ops->each_xattr(s, item, hash_xattr, hash, err) < 0)
                return -1;
        sha256_update(hash, ".", 1);
        return 0;
}

static int hash_item(struct builder_source *s, const struct builder_item *item, const char *below, const struct walk *w,
                     struct error *err)
{
        const struct overlay_attr *a = &item->attr;

        if (S_ISDIR(a->mode) && w->depth > BUILDER_MAX_DEPTH)
                return error_set(err, ELOOP, "%s: directories are nested deeper than %d", item->path,
                                 BUILDER_MAX_DEPTH);
        if (builder_content_hash_attributes(s, item, w->hash, err) < 0)
                return -1;
        if (S_ISDIR(a->mode))
                return hash_children(s, item, below, w, err);
        if (S_ISLNK(a->mode))
                return hash_link(s, item, w, err);
        if (S_ISREG(a->mode))
                return hash_body(s, item, w, err);
        hash_number(w->hash, a->rdev);
        add_part(w, item, &a->rdev, sizeof(a->rdev));
        return 0;
}

int builder_content_hash(struct builder_source *s, const struct builder_item *item,
                         const struct builder_content_options *options, struct sha256 *hash, struct error *err)
{
        CLEANUP_BUFFER struct buffer path = BUFFER_INIT;
        const struct walk w = {options->exclude, hash, options->parts, &path, 0};

        buffer_append_string(&path, item->path ? item->path : "");
        return hash_item(s, item, options->below, &w, err);
}
