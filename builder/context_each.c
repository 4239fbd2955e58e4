/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A directory of a context at once. Where the digests of all its files are
 * about to be asked for, the files that nobody hashed before are hashed by several threads: reading many small
 * files is waiting and counting in turns. What was found is remembered for the copy that follows.
 */
#include <pthread.h>
#include <sched.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <sys/stat.h>

#include "builder/context.h"
#include "common/memory.h"

#define BATCH       256 /* items in memory at a time */
#define THREADS_MAX 4
/* So little is hashed before a thread has started. */
#define WORTH_FILES 4
#define WORTH_BYTES ((uint64_t)64 << 10)

struct batch {
        struct context *context;
        struct builder_item items[BATCH];
        size_t count;
        size_t unknown[BATCH]; /* which of them are to be hashed */
        size_t unknown_count;
        atomic_size_t next; /* of these */
};

/* Each item belongs to the thread that took its number, until all have ended. */
static void *hash_some(void *context)
{
        struct batch *b = context;
        size_t i;

        while ((i = atomic_fetch_add(&b->next, 1)) < b->unknown_count) {
                struct builder_item *item = &b->items[b->unknown[i]];
                CLEANUP_ERROR struct error ignored = ERROR_INIT; /* whoever asks for the digest meets it again */

                if (builder_context_hash(b->context, item, &item->file.digest, &ignored) == 0) {
                        item->file.plain = false; /* not known */
                        item->known = true;
                }
        }
        return NULL;
}

static size_t threads(void)
{
        cpu_set_t set;
        size_t cpus = sched_getaffinity(0, sizeof(set), &set) == 0 ? (size_t)CPU_COUNT(&set) : 1;

        return cpus < THREADS_MAX ? cpus : THREADS_MAX;
}

static void hash_ahead(struct batch *b)
{
        pthread_t helpers[THREADS_MAX];
        size_t wanted, started = 0;
        uint64_t bytes = 0;

        b->unknown_count = 0;
        atomic_init(&b->next, 0);
        for (size_t i = 0; i < b->count; i++) {
                if (!S_ISREG(b->items[i].attr.mode) || b->items[i].known)
                        continue;
                b->unknown[b->unknown_count++] = i;
                bytes += b->items[i].attr.size;
        }
        if (b->unknown_count < 2 || (b->unknown_count < WORTH_FILES && bytes < WORTH_BYTES))
                return;
        for (wanted = threads() - 1; started < wanted; started++)
                if (pthread_create(&helpers[started], NULL, hash_some, b) != 0)
                        break; /* then those that are there do it */
        (void)hash_some(b);
        while (started > 0)
                (void)pthread_join(helpers[--started], NULL);
}

static void empty_batch(struct batch *b)
{
        for (size_t i = 0; i < b->count; i++)
                builder_item_release(&b->items[i]);
        b->count = 0;
}

static void remember(const struct batch *b, const struct builder_item *item, struct builder_context_entry *ret)
{
        const struct sha256_digest *digest = NULL;

        ret->attr = item->attr;
        ret->device = item->device;
        ret->known = item->known;
        ret->file = item->file;
        if (!item->known && S_ISREG(item->attr.mode))
                digest = builder_context_seen_digest(b->context->seen, item->path);
        if (digest) {
                ret->known = true;
                ret->file = (struct builder_known_file){.digest = *digest};
        }
}

/* Where a link leads is part of the key: it is read once. */
static int read_target(const struct batch *b, struct builder_item *item, struct builder_context_entry *ret,
                       struct error *err)
{
        CLEANUP_BUFFER struct buffer target = BUFFER_INIT;

        if (builder_context_read_link(&b->context->base, item, &target, err) < 0)
                return -1;
        ret->target = memory_strdup(buffer_text(&target));
        item->target = ret->target;
        return 0;
}

/* `entries` of the same names, or NULL. */
static int show(struct batch *b, const struct strv *names, size_t first, struct builder_context_entry *entries,
                builder_item_function *visit, void *context, struct error *err)
{
        for (size_t i = 0; i < b->count; i++) {
                b->items[i].listed = entries != NULL;
                if (entries && S_ISLNK(b->items[i].attr.mode) &&
                    read_target(b, &b->items[i], &entries[first + i], err) < 0)
                        return -1;
                if (visit(context, names->items[first + i], &b->items[i], err) < 0)
                        return -1;
                if (entries)
                        remember(b, &b->items[i], &entries[first + i]);
        }
        return 0;
}

static int fill(struct batch *b, const struct builder_item *dir, const struct strv *names, size_t first,
                struct error *err)
{
        struct builder_source *s = &b->context->base;

        while (b->count < BATCH && first + b->count < names->count) {
                struct builder_item *item = &b->items[b->count++];

                *item = (struct builder_item)BUILDER_ITEM_INIT;
                if (s->ops->child(s, dir, names->items[first + b->count - 1], item, err) < 0)
                        return -1;
        }
        return 0;
}

static int each_batch(struct context *c, const struct builder_item *dir, const struct strv *names,
                      struct builder_context_entry *entries, builder_item_function *visit, void *context,
                      struct error *err)
{
        struct batch *b = memory_alloc(sizeof(*b));
        int result = 0;

        b->context = c;
        b->count = 0;
        for (size_t first = 0; result == 0 && first < names->count; first += BATCH) {
                result = fill(b, dir, names, first, err);
                if (result == 0) {
                        hash_ahead(b);
                        result = show(b, names, first, entries, visit, context, err);
                }
                empty_batch(b);
        }
        free(b);
        return result;
}

int builder_context_each_digested(struct builder_source *s, const struct builder_item *dir,
                                  builder_item_function *visit, void *context, struct error *err)
{
        struct context *c = builder_context_of(s);
        CLEANUP_STRV struct strv names = STRV_INIT;
        struct builder_context_listing *listing = NULL;

        if (s->ops->list(s, dir, &names, err) < 0)
                return -1;
        if (c->seen)
                listing = builder_context_seen_add(c->seen, dir->path, &names);
        return each_batch(c, dir, listing ? &listing->names : &names, listing ? listing->entries : NULL, visit, context,
                          err);
}

/* --- what a key saw ------------------------------------------------------------- */

static int show_seen(struct context *c, const struct builder_item *dir, const char *name,
                     const struct builder_context_entry *entry, builder_item_function *visit, void *context,
                     struct error *err)
{
        CLEANUP_ITEM struct builder_item item = BUILDER_ITEM_INIT;

        if (builder_context_reopen(c, dir, name, entry, &item, err) < 0)
                return -1;
        return visit(context, name, &item, err);
}

static int show_found(struct builder_source *s, const struct builder_item *dir, const char *name,
                      builder_item_function *visit, void *context, struct error *err)
{
        CLEANUP_ITEM struct builder_item item = BUILDER_ITEM_INIT;

        return s->ops->child(s, dir, name, &item, err) < 0 ? -1 : visit(context, name, &item, err);
}

int builder_context_each(struct builder_source *s, const struct builder_item *dir, builder_item_function *visit,
                         void *context, struct error *err)
{
        struct context *c = builder_context_of(s);
        const struct builder_context_listing *listing = c->seen ? builder_context_seen_find(c->seen, dir->path) : NULL;
        CLEANUP_STRV struct strv names = STRV_INIT;
        int result = 0;

        if (listing) {
                for (size_t i = 0; result == 0 && i < listing->names.count; i++)
                        result = show_seen(c, dir, listing->names.items[i], &listing->entries[i], visit, context, err);
                return result;
        }
        if (s->ops->list(s, dir, &names, err) < 0)
                return -1;
        for (size_t i = 0; result == 0 && i < names.count; i++)
                result = show_found(s, dir, names.items[i], visit, context, err);
        return result;
}
