/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A directory of a context at once. Where the digests of all its files are
 * about to be asked for, the files that nobody hashed before are hashed by several threads: reading many small
 * files is waiting and counting in turns.
 */
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

static int show(struct batch *b, const struct strv *names, size_t first, builder_item_function *visit, void *context,
                struct error *err)
{
        for (size_t i = 0; i < b->count; i++)
                if (visit(context, names->items[first + i], &b->items[i], err) < 0)
                        return -1;
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

int builder_context_each(struct builder_source *s, const struct builder_item *dir, builder_item_function *visit,
                         void *context, struct error *err)
{
        CLEANUP_STRV struct strv names = STRV_INIT;
        struct batch *b;
        int result = s->ops->list(s, dir, &names, err);

        if (result < 0)
                return -1;
        b = memory_alloc(sizeof(*b));
        b->context = builder_context_of(s);
        b->count = 0;
        for (size_t first = 0; result == 0 && first < names.count; first += BATCH) {
                result = fill(b, dir, &names, first, err);
                if (result == 0) {
                        hash_ahead(b);
                        result = show(b, &names, first, visit, context, err);
                }
                empty_batch(b);
        }
        free(b);
        return result;
}
