/* SPDX-License-Identifier: Apache-2.0 */
/* Threads that pack blocks for whoever hands them in, and the bound on how many blocks there are. */
#include "oci/compress_pool.h"

#include <pthread.h>
#include <sched.h>
#include <stdlib.h>
#include <string.h>

#include "common/memory.h"
#include "oci/compress_block.h"

/* More would not be fed: a stream is read by one thread. */
#define THREADS_MAX 32u
/* Blocks besides one for each thread: streams at a time that always have one to fill, and one to write out. */
#define BLOCKS_MORE 6u

struct oci_compress_pool {
        unsigned limit; /* threads, at most */
        pthread_t *threads;
        pthread_mutex_t lock; /* guards the rest */
        pthread_cond_t handed_in, packed, given;
        struct oci_compress_block *first, *last; /* handed in, in that order */
        struct oci_compress_block *spare;
        unsigned thread_count, idle, block_count;
        unsigned waiting; /* blocks that were handed in and not taken */
        bool ending;
};

static unsigned find_limit(unsigned asked)
{
        unsigned count = asked;
        cpu_set_t set;

        if (count == 0)
                count = sched_getaffinity(0, sizeof(set), &set) == 0 ? (unsigned)CPU_COUNT(&set) : 1;
        return count < THREADS_MAX ? count : THREADS_MAX;
}

struct oci_compress_pool *oci_compress_pool_new(unsigned threads)
{
        struct oci_compress_pool *p = memory_zalloc(1, sizeof(*p));

        p->limit = find_limit(threads);
        p->threads = memory_zalloc(p->limit, sizeof(*p->threads));
        pthread_mutex_init(&p->lock, NULL);
        pthread_cond_init(&p->handed_in, NULL);
        pthread_cond_init(&p->packed, NULL);
        pthread_cond_init(&p->given, NULL);
        return p;
}

static void free_block(struct oci_compress_block *b)
{
        error_clear(&b->err);
        free(b->in);
        free(b->out);
        free(b);
}

void oci_compress_pool_free(struct oci_compress_pool *p)
{
        if (p == NULL)
                return;
        pthread_mutex_lock(&p->lock);
        p->ending = true;
        pthread_cond_broadcast(&p->handed_in);
        pthread_mutex_unlock(&p->lock);
        while (p->thread_count > 0)
                (void)pthread_join(p->threads[--p->thread_count], NULL);
        while (p->spare) {
                struct oci_compress_block *next = p->spare->next;

                free_block(p->spare);
                p->spare = next;
        }
        pthread_mutex_destroy(&p->lock);
        pthread_cond_destroy(&p->handed_in);
        pthread_cond_destroy(&p->packed);
        pthread_cond_destroy(&p->given);
        free(p->threads);
        free(p);
}

void oci_compress_pool_cleanup(struct oci_compress_pool **p)
{
        oci_compress_pool_free(*p);
        *p = NULL;
}

/* ---- blocks ---------------------------------------------------------------------------- */

static size_t larger(size_t a, size_t b)
{
        return a > b ? a : b;
}

/* For any compression: memory that is not written to costs nothing. */
static struct oci_compress_block *new_block(void)
{
        struct oci_compress_block *b = memory_zalloc(1, sizeof(*b));

        b->in = memory_alloc(larger(oci_block_size(OCI_COMPRESSION_GZIP), oci_block_size(OCI_COMPRESSION_ZSTD)));
        b->out = memory_alloc(larger(oci_block_bound(OCI_COMPRESSION_GZIP), oci_block_bound(OCI_COMPRESSION_ZSTD)));
        return b;
}

struct oci_compress_block *compress_pool_take(struct oci_compress_pool *p, bool wait)
{
        struct oci_compress_block *b = NULL;

        pthread_mutex_lock(&p->lock);
        while (!p->spare && p->block_count == p->limit + BLOCKS_MORE && wait)
                pthread_cond_wait(&p->given, &p->lock);
        if (p->spare) {
                b = p->spare;
                p->spare = b->next;
        } else if (p->block_count < p->limit + BLOCKS_MORE) {
                b = new_block();
                p->block_count++;
        }
        pthread_mutex_unlock(&p->lock);
        return b;
}

void compress_pool_give(struct oci_compress_pool *p, struct oci_compress_block *b)
{
        error_clear(&b->err);
        b->in_size = 0;
        pthread_mutex_lock(&p->lock);
        b->next = p->spare;
        p->spare = b;
        pthread_cond_signal(&p->given);
        pthread_mutex_unlock(&p->lock);
}

/* ---- packing --------------------------------------------------------------------------- */

/* `packer` is kept for blocks of the same kind. */
static void pack(struct oci_compress_block *b, struct oci_block_packer **packer)
{
        if (*packer && !oci_block_packer_is(*packer, b->compression, b->level)) {
                oci_block_packer_free(*packer);
                *packer = NULL;
        }
        if (!*packer)
                *packer = oci_block_packer_new(b->compression, b->level);
        (void)oci_block_pack(*packer, b->in, b->in_size, b->out, &b->out_size, &b->err);
}

void compress_pool_pack(struct oci_compress_block *b, enum oci_compression compression, int level)
{
        struct oci_block_packer *packer = NULL;

        b->compression = compression;
        b->level = level;
        pack(b, &packer);
        oci_block_packer_free(packer);
}

/* The next block, or NULL when nobody wants any more. */
static struct oci_compress_block *take_first(struct oci_compress_pool *p)
{
        struct oci_compress_block *b;

        pthread_mutex_lock(&p->lock);
        p->idle++;
        while (!p->first && !p->ending)
                pthread_cond_wait(&p->handed_in, &p->lock);
        p->idle--;
        b = p->first;
        if (b) {
                p->first = b->next;
                p->waiting--;
        }
        pthread_mutex_unlock(&p->lock);
        return b;
}

static void *work(void *context)
{
        struct oci_compress_pool *p = context;
        struct oci_block_packer *packer = NULL;
        struct oci_compress_block *b;

        while ((b = take_first(p))) {
                pack(b, &packer);
                pthread_mutex_lock(&p->lock);
                b->packed = true;
                pthread_cond_broadcast(&p->packed);
                pthread_mutex_unlock(&p->lock);
        }
        oci_block_packer_free(packer);
        return NULL;
}

/* One more if those that are idle are fewer than the blocks that wait. `lock` is held. False: there is no thread at all. */
static bool ensure_thread(struct oci_compress_pool *p)
{
        if (p->limit == 1)
                return false;
        if (p->waiting >= p->idle && p->thread_count < p->limit &&
            pthread_create(&p->threads[p->thread_count], NULL, work, p) == 0)
                p->thread_count++;
        return p->thread_count > 0;
}

void compress_pool_submit(struct oci_compress_pool *p, struct oci_compress_block *b, enum oci_compression compression, int level)
{
        bool alone;

        b->compression = compression;
        b->level = level;
        b->packed = false;
        b->next = NULL;
        pthread_mutex_lock(&p->lock);
        alone = !ensure_thread(p);
        if (!alone) {
                p->waiting++;
                if (p->first)
                        p->last->next = b;
                else
                        p->first = b;
                p->last = b;
                pthread_cond_signal(&p->handed_in);
        }
        pthread_mutex_unlock(&p->lock);
        if (!alone)
                return;
        compress_pool_pack(b, compression, level);
        b->packed = true;
}

bool compress_pool_is_packed(struct oci_compress_pool *p, const struct oci_compress_block *b)
{
        bool packed;

        pthread_mutex_lock(&p->lock);
        packed = b->packed;
        pthread_mutex_unlock(&p->lock);
        return packed;
}

void compress_pool_wait(struct oci_compress_pool *p, const struct oci_compress_block *b)
{
        pthread_mutex_lock(&p->lock);
        while (!b->packed)
                pthread_cond_wait(&p->packed, &p->lock);
        pthread_mutex_unlock(&p->lock);
}
