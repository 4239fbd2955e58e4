/* SPDX-License-Identifier: Apache-2.0 */
/* Operations on locks: flock, fcntl's by description and by process. */
#include <errno.h>
#include <fcntl.h>
#include <sys/file.h>
#include <sys/wait.h>
#include <unistd.h>

#include "common/memory.h"
#include "tests/model/args.h"
#include "tests/model/ops.h"
#include "tests/model/side.h"

static const int flocks[] = {LOCK_SH, LOCK_EX, LOCK_UN};
static const short kinds[] = {F_RDLCK, F_WRLCK, F_UNLCK};

int64_t op_flock(struct side *s, const uint64_t *a, struct result *r)
{
        (void)r;
        return side_result(flock(side_slot(s, a[0]), flocks[a[1] % ARRAY_SIZE(flocks)] | LOCK_NB));
}

/* Two descriptors that may be of one inode under two names: then they exclude each other. */
int64_t op_flock_pair(struct side *s, const uint64_t *a, struct result *r)
{
        int one = side_slot(s, a[0]), other = side_slot(s, a[1]);
        int64_t rc;

        result_note(r, "first %lld", (long long)side_result(flock(one, LOCK_EX | LOCK_NB)));
        rc = side_result(flock(other, LOCK_EX | LOCK_NB));
        (void)flock(one, LOCK_UN);
        (void)flock(other, LOCK_UN);
        return rc;
}

static struct flock range(const uint64_t *a)
{
        return (struct flock){.l_type = kinds[a[0] % ARRAY_SIZE(kinds)],
                              .l_whence = SEEK_SET,
                              .l_start = (off_t)a[1],
                              .l_len = (off_t)a[2]};
}

int64_t op_lock_range(struct side *s, const uint64_t *a, struct result *r)
{
        struct flock lock = range(a + 1);

        (void)r;
        return side_result(fcntl(side_slot(s, a[0]), F_OFD_SETLK, &lock));
}

/* A child asks who holds what this process locked, and is told to wait. */
int64_t op_lock_posix(struct side *s, const uint64_t *a, struct result *r)
{
        struct flock lock = range(a + 1);
        int fd = side_slot(s, a[0]), status;
        int64_t rc = side_result(fcntl(fd, F_SETLK, &lock));
        pid_t pid;

        if (rc < 0)
                return rc;
        pid = vfork();
        if (pid == 0) {
                struct flock asked = range(a + 1);

                asked.l_type = F_WRLCK;
                _exit(fcntl(fd, F_GETLK, &asked) < 0 ? 100 : asked.l_type == F_UNLCK ? 1 : 2);
        }
        if (pid < 0 || waitpid(pid, &status, 0) < 0)
                return -errno;
        result_note(r, "the child sees %d", WEXITSTATUS(status));
        lock.l_type = F_UNLCK;
        return side_result(fcntl(fd, F_SETLK, &lock));
}
