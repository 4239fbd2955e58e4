/* SPDX-License-Identifier: Apache-2.0 */
/* The bytes of an index file: all of a small one, the pieces that are looked at of a large one. */
#include "overlay/index_bytes.h"

#include <errno.h>
#include <pthread.h>
#include <sys/mman.h>
#include <sys/resource.h>

#include "common/fd.h"
#include "common/memory.h"

/* Layers of a step are far below this: they cost one read and keep no descriptor. */
#define READ_LIMIT ((uint64_t)256 << 10)

struct index_loader {
        pthread_mutex_t lock; /* one thread reads at a time */
        int fd;
        uint8_t *at;
        atomic_int failure;
};

/* A descriptor that is kept is one that somebody else lacks: past a quarter of the limit none is. */
static bool is_near_limit(int fd)
{
        struct rlimit limit;

        return getrlimit(RLIMIT_NOFILE, &limit) < 0 || (rlim_t)fd >= limit.rlim_cur / 4;
}

int overlay_index_bytes_open(struct index_bytes *bytes, int *fd, uint64_t size, const char *label, struct error *err)
{
        bool whole = size <= READ_LIMIT || is_near_limit(*fd);
        /* pages come when they are filled */
        void *at = mmap(NULL, size, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);

        if (at == MAP_FAILED)
                return error_errno(err, errno, "cannot get memory for the %ju bytes of %s", (uintmax_t)size, label);
        *bytes = (struct index_bytes){.at = at, .size = size};
        if (whole && fd_pread_all(*fd, at, size, 0) < 0) {
                error_errno(err, errno, "cannot read %s", label);
                overlay_index_bytes_close(bytes);
                return -1;
        }
        if (whole)
                return 0;
        bytes->loader = memory_zalloc(1, sizeof(*bytes->loader));
        pthread_mutex_init(&bytes->loader->lock, NULL);
        bytes->loader->fd = fd_steal(fd);
        bytes->loader->at = at;
        /* one more: an empty range may lie behind the last byte */
        bytes->have = memory_zalloc(size / INDEX_PIECE_SIZE + 2, sizeof(*bytes->have));
        return 0;
}

void overlay_index_bytes_close(struct index_bytes *bytes)
{
        if (bytes->loader != NULL) {
                pthread_mutex_destroy(&bytes->loader->lock);
                bytes->loader->fd = fd_close(bytes->loader->fd);
                free(bytes->loader);
        }
        free(bytes->have);
        if (bytes->at != NULL)
                munmap((void *)(uintptr_t)bytes->at, bytes->size);
        *bytes = (struct index_bytes){0};
}

/* The loader's lock is held. */
static bool load_piece(const struct index_bytes *bytes, uint64_t piece)
{
        uint64_t begin = piece * INDEX_PIECE_SIZE, rest = bytes->size > begin ? bytes->size - begin : 0;
        struct index_loader *loader = bytes->loader;

        if (atomic_load_explicit(&bytes->have[piece], memory_order_relaxed) != 0)
                return true;
        if (rest > INDEX_PIECE_SIZE)
                rest = INDEX_PIECE_SIZE;
        if (fd_pread_all(loader->fd, loader->at + begin, (size_t)rest, (off_t)begin) < 0) {
                int none = 0;

                atomic_compare_exchange_strong(&loader->failure, &none, errno);
                return false;
        }
        atomic_store_explicit(&bytes->have[piece], 1, memory_order_release);
        return true;
}

bool overlay_index_bytes_fill(const struct index_bytes *bytes, uint64_t offset, uint64_t size)
{
        uint64_t last = (size > 0 ? offset + size - 1 : offset) / INDEX_PIECE_SIZE;
        bool good = true;

        if (bytes->have == NULL)
                return true;
        pthread_mutex_lock(&bytes->loader->lock);
        for (uint64_t piece = offset / INDEX_PIECE_SIZE; good && piece <= last; piece++)
                good = load_piece(bytes, piece);
        pthread_mutex_unlock(&bytes->loader->lock);
        return good;
}

int overlay_index_bytes_failure(const struct index_bytes *bytes)
{
        return bytes->loader != NULL ? atomic_load(&bytes->loader->failure) : 0;
}
