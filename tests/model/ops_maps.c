/* SPDX-License-Identifier: Apache-2.0 */
/* Operations on mapped files. Touching a page beyond the end of the file is SIGBUS, and must be on both sides. */
#include <errno.h>
#include <fcntl.h>
#include <setjmp.h>
#include <signal.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include "tests/model/args.h"
#include "tests/model/ops.h"
#include "tests/model/side.h"

#define MAP_BYTES 65536

/* A signal handler has nowhere else to look. */
static sigjmp_buf *fault_return;

static void on_fault(int signal)
{
        (void)signal;
        if (fault_return)
                siglongjmp(*fault_return, 1);
        _exit(99);
}

enum touch { TOUCH_READ, TOUCH_WRITE };

/* Reads or writes `size` bytes at `offset`: 0, or -EFAULT for a SIGBUS. */
static int64_t touch(struct side_map map, const uint64_t *a, enum touch what, struct result *r)
{
        struct sigaction action = {.sa_handler = on_fault}, old;
        size_t offset = a[0] % map.size, size = 1 + a[1] % 9000;
        char bytes[9000];
        sigjmp_buf back;
        struct stat st;
        volatile int64_t rc = 0;

        if (fstat(map.fd, &st) < 0)
                return -errno;
        if (size > map.size - offset)
                size = map.size - offset;
        /* What is written behind the end, in its page, is lost or shows when the file grows: POSIX leaves it open. */
        if ((off_t)offset >= st.st_size && (off_t)offset < (st.st_size + 4095) / 4096 * 4096)
                return 0;
        if ((off_t)offset < st.st_size && (off_t)(offset + size) > st.st_size)
                size = (size_t)st.st_size - offset;
        side_fill(bytes, sizeof(bytes), a[2]);
        sigaction(SIGBUS, &action, &old);
        fault_return = &back;
        if (sigsetjmp(back, 1) != 0)
                rc = -EFAULT;
        else if (what == TOUCH_WRITE)
                memcpy(map.bytes + offset, bytes, size);
        else
                memcpy(bytes, map.bytes + offset, size);
        fault_return = NULL;
        sigaction(SIGBUS, &old, NULL);
        if (rc == 0 && what == TOUCH_READ)
                result_bytes(r, "mapped", bytes, size);
        return rc;
}

static int64_t with_map(struct side *s, const uint64_t *a, int flags, enum touch what, struct result *r)
{
        struct side_map map = {.size = MAP_BYTES, .fd = side_slot(s, a[0])};
        int64_t rc;

        map.bytes =
                mmap(NULL, map.size, PROT_READ | (what == TOUCH_WRITE ? PROT_WRITE : 0), flags, side_slot(s, a[0]), 0);
        if (map.bytes == MAP_FAILED)
                return -errno;
        rc = touch(map, a + 1, what, r);
        if (rc == 0 && what == TOUCH_WRITE && msync(map.bytes, map.size, MS_SYNC) < 0)
                rc = -errno;
        munmap(map.bytes, map.size);
        return rc;
}

int64_t op_map_write(struct side *s, const uint64_t *a, struct result *r)
{
        return with_map(s, a, MAP_SHARED, TOUCH_WRITE, r);
}

int64_t op_map_read(struct side *s, const uint64_t *a, struct result *r)
{
        return with_map(s, a, MAP_SHARED, TOUCH_READ, r);
}

/* What is written to a private mapping reaches nobody. */
int64_t op_map_private(struct side *s, const uint64_t *a, struct result *r)
{
        return with_map(s, a, MAP_PRIVATE, TOUCH_WRITE, r);
}

int64_t op_map_keep(struct side *s, const uint64_t *a, struct result *r)
{
        struct side_map *map = &s->maps[a[1] % SIDE_MAPS];
        char *bytes = mmap(NULL, MAP_BYTES, PROT_READ | PROT_WRITE, MAP_SHARED, side_slot(s, a[0]), 0);

        (void)r;
        if (bytes == MAP_FAILED)
                return -errno;
        (void)side_unmap(map);
        *map = (struct side_map){bytes, MAP_BYTES, fcntl(side_slot(s, a[0]), F_DUPFD_CLOEXEC, 0)};
        return 0;
}

int64_t op_map_poke(struct side *s, const uint64_t *a, struct result *r)
{
        const struct side_map *map = &s->maps[a[0] % SIDE_MAPS];

        return map->bytes ? touch(*map, a + 1, a[0] & 4 ? TOUCH_READ : TOUCH_WRITE, r) : -EBADF;
}

int64_t op_map_sync(struct side *s, const uint64_t *a, struct result *r)
{
        const struct side_map *map = &s->maps[a[0] % SIDE_MAPS];

        (void)r;
        return map->bytes ? side_result(msync(map->bytes, map->size, a[0] & 4 ? MS_ASYNC : MS_SYNC)) : -EBADF;
}

int64_t op_map_drop(struct side *s, const uint64_t *a, struct result *r)
{
        (void)r;
        return side_unmap(&s->maps[a[0] % SIDE_MAPS]);
}
