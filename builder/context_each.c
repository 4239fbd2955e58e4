/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A directory of a context at once, a batch of its names at a time, so that several threads can work on the
 * files: they hash what nobody hashed before when digests are about to be asked for, and copy what was placed
 * meanwhile. What a key saw is remembered for the copy that follows. Opening, reading and closing many small files is
 * mostly waiting, whichever way.
 */
#include <pthread.h>
#include <sched.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <sys/stat.h>

#include "builder/context.h"
#include "common/memory.h"

#define BATCH       256 /* items in memory at a time */
#define DIRECTORIES 8   /* of them; each holds a descriptor, at every level of a deep tree */
#define THREADS_MAX 4
/* So little is hashed before a thread has started. */
#define WORTH_FILES 4
#define WORTH_BYTES ((uint64_t)64 << 10)

/* A file that was placed; its bytes are still to come. */
struct filling {
        const struct builder_item *item;
        struct overlay_ref file;
        struct timespec mtime;
};

struct builder_context_batch {
        struct context *context;
        struct builder_item items[BATCH];
        size_t count;
        size_t unknown[BATCH]; /* which of them are to be hashed */
        struct filling fillings[BATCH];
        size_t filling_count;
        size_t work_count;  /* of what the threads are at */
        atomic_size_t next; /* of these */
        pthread_mutex_t lock;
        struct error *err; /* of the first file that could not be filled, in the order of the names; guarded by lock */
        size_t failed;     /* which that is, or BATCH; guarded by lock */
};

/* Each item belongs to the thread that took its number, until all have ended. */
static void *hash_some(void *context)
{
        struct builder_context_batch *b = context;
        size_t i;

        while ((i = atomic_fetch_add(&b->next, 1)) < b->work_count) {
                struct builder_item *item = &b->items[b->unknown[i]];
                CLEANUP_ERROR struct error ignored = ERROR_INIT; /* whoever asks for the digest meets it again */

                item->known = builder_context_hash(b->context, item, &item->file, &ignored) == 0;
        }
        return NULL;
}

static void *fill_some(void *context)
{
        struct builder_context_batch *b = context;
        size_t i;

        while ((i = atomic_fetch_add(&b->next, 1)) < b->work_count) {
                const struct filling *f = &b->fillings[i];
                CLEANUP_ERROR struct error err = ERROR_INIT;

                if (builder_context_fill(b->context, f->item, &f->file, &f->mtime, &err) == 0)
                        continue;
                pthread_mutex_lock(&b->lock);
                if (i < b->failed) {
                        b->failed = i;
                        error_clear(b->err);
                        (void)error_move(b->err, &err);
                }
                pthread_mutex_unlock(&b->lock);
        }
        return NULL;
}

static size_t threads(void)
{
        cpu_set_t set;
        size_t cpus = sched_getaffinity(0, sizeof(set), &set) == 0 ? (size_t)CPU_COUNT(&set) : 1;

        return cpus < THREADS_MAX ? cpus : THREADS_MAX;
}

/* `count` pieces of work, `bytes` in all. Where no thread can be had, those that are there do it. */
static void work_together(struct builder_context_batch *b, size_t count, uint64_t bytes, void *(*work)(void *))
{
        bool worth = count >= 2 && (count >= WORTH_FILES || bytes >= WORTH_BYTES);
        size_t wanted = worth ? threads() - 1 : 0, started = 0;
        pthread_t helpers[THREADS_MAX];

        b->work_count = count;
        atomic_init(&b->next, 0);
        while (started < wanted && pthread_create(&helpers[started], NULL, work, b) == 0)
                started++;
        (void)work(b);
        while (started > 0)
                (void)pthread_join(helpers[--started], NULL);
}

static void hash_ahead(struct builder_context_batch *b)
{
        size_t count = 0;
        uint64_t bytes = 0;

        for (size_t i = 0; i < b->count; i++) {
                if (!S_ISREG(b->items[i].attr.mode) || b->items[i].known)
                        continue;
                b->unknown[count++] = i;
                bytes += b->items[i].attr.size;
        }
        if (count > 1)
                work_together(b, count, bytes, hash_some);
}

void builder_context_fill_later(const struct builder_item *item, const struct overlay_ref *file,
                                const struct timespec *mtime)
{
        struct builder_context_batch *b = item->batch;
        struct filling *f = &b->fillings[b->filling_count++];

        *f = (struct filling){item, OVERLAY_REF_INIT, *mtime};
        overlay_ref_copy(file, &f->file);
}

static int fill_placed(struct builder_context_batch *b, struct error *err)
{
        uint64_t bytes = 0;

        for (size_t i = 0; i < b->filling_count; i++)
                bytes += b->fillings[i].item->attr.size;
        b->err = err;
        b->failed = BATCH;
        if (b->filling_count > 0)
                work_together(b, b->filling_count, bytes, fill_some);
        return b->failed < BATCH ? -1 : 0;
}

static void empty_batch(struct builder_context_batch *b)
{
        for (size_t i = 0; i < b->filling_count; i++)
                overlay_ref_release(&b->fillings[i].file);
        b->filling_count = 0;
        for (size_t i = 0; i < b->count; i++)
                builder_item_release(&b->items[i]);
        b->count = 0;
}

static void remember(const struct builder_context_batch *b, const struct builder_item *item,
                     struct builder_context_entry *ret)
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
static int read_target(const struct builder_context_batch *b, struct builder_item *item,
                       struct builder_context_entry *ret, struct error *err)
{
        CLEANUP_BUFFER struct buffer target = BUFFER_INIT;

        if (builder_context_read_link(&b->context->base, item, &target, err) < 0)
                return -1;
        ret->target = memory_strdup(buffer_text(&target));
        item->target = ret->target;
        return 0;
}

/* What is visited. A key's walk fills `entries`, a copy's opens what a key saw; both have the same names, either may be
 * NULL. */
struct listing {
        const struct builder_item *dir;
        const struct strv *names;
        struct builder_context_entry *entries;
        const struct builder_context_entry *seen;
        bool digested;
};

static int show(struct builder_context_batch *b, const struct listing *l, size_t first, builder_item_function *visit,
                void *context, struct error *err)
{
        struct builder_context_entry *fill = l->entries;

        for (size_t i = 0; i < b->count; i++) {
                if (!l->seen)
                        b->items[i].listed = fill != NULL;
                if (fill && S_ISLNK(b->items[i].attr.mode) && read_target(b, &b->items[i], &fill[first + i], err) < 0)
                        return -1;
                if (visit(context, l->names->items[first + i], &b->items[i], err) < 0)
                        return -1;
                if (fill)
                        remember(b, &b->items[i], &fill[first + i]);
        }
        return fill_placed(b, err);
}

static int open_item(struct builder_context_batch *b, const struct listing *l, size_t i, struct builder_item *ret,
                     struct error *err)
{
        struct builder_source *s = &b->context->base;

        if (l->seen)
                return builder_context_reopen(b->context, l->dir, l->names->items[i], &l->seen[i], ret, err);
        return s->ops->child(s, l->dir, l->names->items[i], ret, err);
}

static int open_batch(struct builder_context_batch *b, const struct listing *l, size_t first, struct error *err)
{
        unsigned directories = 0;

        while (b->count < BATCH && directories < DIRECTORIES && first + b->count < l->names->count) {
                struct builder_item *item = &b->items[b->count++];

                *item = (struct builder_item)BUILDER_ITEM_INIT;
                if (open_item(b, l, first + b->count - 1, item, err) < 0)
                        return -1;
                item->batch = b;
                directories += S_ISDIR(item->attr.mode);
        }
        return 0;
}

static int each(struct context *c, const struct listing *l, builder_item_function *visit, void *context,
                struct error *err)
{
        struct builder_context_batch *b = memory_alloc(sizeof(*b));
        int result = 0;

        b->context = c;
        b->count = b->filling_count = 0;
        pthread_mutex_init(&b->lock, NULL);
        for (size_t first = 0, count = 0; result == 0 && first < l->names->count; first += count) {
                result = open_batch(b, l, first, err);
                count = b->count;
                if (result == 0 && l->digested)
                        hash_ahead(b);
                if (result == 0)
                        result = show(b, l, first, visit, context, err);
                empty_batch(b);
        }
        pthread_mutex_destroy(&b->lock);
        free(b);
        return result;
}

int builder_context_each_digested(struct builder_source *s, const struct builder_item *dir,
                                  builder_item_function *visit, void *context, struct error *err)
{
        struct context *c = builder_context_of(s);
        CLEANUP_STRV struct strv names = STRV_INIT;
        struct builder_context_listing *found = NULL;
        struct listing l = {.dir = dir, .names = &names, .digested = true};

        if (s->ops->list(s, dir, &names, err) < 0)
                return -1;
        if (c->seen)
                found = builder_context_seen_add(c->seen, dir->path, &names);
        if (found) {
                l.names = &found->names;
                l.entries = found->entries;
        }
        return each(c, &l, visit, context, err);
}

int builder_context_each(struct builder_source *s, const struct builder_item *dir, builder_item_function *visit,
                         void *context, struct error *err)
{
        struct context *c = builder_context_of(s);
        const struct builder_context_listing *found = c->seen ? builder_context_seen_find(c->seen, dir->path) : NULL;
        CLEANUP_STRV struct strv names = STRV_INIT;
        struct listing l = {.dir = dir, .names = &names};

        if (found) {
                l.names = &found->names;
                l.seen = found->entries;
        } else if (s->ops->list(s, dir, &names, err) < 0) {
                return -1;
        }
        return each(c, &l, visit, context, err);
}
