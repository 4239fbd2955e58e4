/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Scratch: one directory for each process that writes, tmp/RANDOM, with a file `lock` in it that the process holds
 * with flock. Whoever gets that lock knows that the owner is dead, on this or another host; process numbers say nothing
 * on a shared file system.
 *
 * Making and sweeping may race; the rules are: the maker takes the lock without waiting and then checks that the lock
 * file is still there, else it starts again with another name; the sweeper removes the lock file last.
 */
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/random.h>
#include <sys/stat.h>
#include <unistd.h>

#include "common/fd.h"
#include "common/memory.h"
#include "oci/store_private.h"

#define TMP_DIRECTORY OCI_STORE_TMP
#define LOCK_FILE     "lock"
#define MAX_DEPTH     64 /* scratch is ours and flat; this only bounds the recursion */
#define ATTEMPTS      16

int oci_store_random_name(char ret[33])
{
        unsigned char bytes[16];

        if (getrandom(bytes, sizeof(bytes), 0) != (ssize_t)sizeof(bytes))
                return -1;
        for (size_t i = 0; i < sizeof(bytes); i++) {
                ret[2 * i] = "0123456789abcdef"[bytes[i] >> 4];
                ret[2 * i + 1] = "0123456789abcdef"[bytes[i] & 15];
        }
        ret[32] = '\0';
        return 0;
}

/* ---- removing --------------------------------------------------------------------------- */

/* Removes what is in a directory, but not `keep`. `dirfd` is consumed. First error wins, work goes on. */
static int remove_content(int dirfd, const char *keep, int depth)
{
        DIR *d = fdopendir(dirfd);
        const struct dirent *e;
        int failed = 0;

        if (d == NULL) {
                int saved = errno;

                (void)fd_close(dirfd);
                return saved;
        }
        while ((e = readdir(d)) != NULL) {
                int fd, r;

                if (strcmp(e->d_name, ".") == 0 || strcmp(e->d_name, "..") == 0 ||
                    (keep != NULL && strcmp(e->d_name, keep) == 0))
                        continue;
                if (unlinkat(dirfd, e->d_name, 0) == 0 || errno == ENOENT)
                        continue;
                r = errno;
                fd = depth < MAX_DEPTH ? openat(dirfd, e->d_name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC) : -1;
                if (fd >= 0)
                        r = remove_content(fd, NULL, depth + 1);
                if (fd >= 0 && r == 0)
                        r = unlinkat(dirfd, e->d_name, AT_REMOVEDIR) < 0 ? errno : 0;
                failed = failed ? failed : r;
        }
        (void)closedir(d);
        return failed;
}

/*
 * Removes tmp/NAME, whose lock this process holds; the lock file goes last. NFS keeps that as `.nfsXXXX` in the
 * directory for as long as it is open, so there the lock ends before the directory goes: *lock_fd is -1 then. A sweeper
 * that comes in between finds an empty directory, and removes it as well. Returns 0 or an errno.
 */
static int remove_locked(int tmp_fd, const char *name, int scratch_fd, int *lock_fd)
{
        int content = openat(scratch_fd, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
        int failed;

        if (content < 0)
                return errno;
        failed = remove_content(content, LOCK_FILE, 0);
        if (failed == 0 && unlinkat(scratch_fd, LOCK_FILE, 0) < 0 && errno != ENOENT)
                failed = errno;
        if (failed == 0 && unlinkat(tmp_fd, name, AT_REMOVEDIR) < 0 && errno != ENOENT)
                failed = errno;
        if (failed == ENOTEMPTY || failed == EEXIST || failed == EBUSY) {
                *lock_fd = fd_close(*lock_fd);
                failed = unlinkat(tmp_fd, name, AT_REMOVEDIR) < 0 && errno != ENOENT ? errno : 0;
        }
        return failed;
}

/* The lock file of a scratch directory, made if it is not there. */
static int open_lock(int scratch_fd)
{
        CLEANUP_FD int fd = openat(scratch_fd, LOCK_FILE, O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0600);

        if (fd < 0 || fchmod(fd, 0600) < 0)
                return -1;
        return fd_steal(&fd);
}

/* Removes tmp/NAME if its owner is dead. */
static int sweep_one(const struct oci_store *s, int tmp_fd, const char *name, bool idle)
{
        CLEANUP_FD int scratch = openat(tmp_fd, name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
        CLEANUP_FD int lock = -1;
        struct stat st;

        if (scratch < 0)
                return errno == ENOENT ? 0 : errno == ENOTDIR ? (unlinkat(tmp_fd, name, 0) < 0 ? errno : 0) : errno;
        if (fstat(scratch, &st) < 0)
                return errno;
        if (st.st_uid != geteuid())
                return EPERM;
        /* its maker may be about to take the lock: it will find it taken, or gone, and begin anew */
        lock = open_lock(scratch);
        if (lock < 0)
                return errno == ENOENT ? 0 : errno;
        if (flock(lock, LOCK_EX | LOCK_NB) < 0 && !(idle && oci_store_lacks_locks(errno)))
                return errno == EWOULDBLOCK ? 0 : errno;
        if (!oci_store_is_named(scratch, LOCK_FILE, lock))
                return 0; /* another sweeper was faster */
        log_print(s->log, LOG_DEBUG, "removing what a dead process left in %s/" TMP_DIRECTORY "/%s", s->path, name);
        return remove_locked(tmp_fd, name, scratch, &lock);
}

int oci_store_scratch_sweep(struct oci_store *s, bool idle, struct error *err)
{
        CLEANUP_FD int tmp = -1;
        int fd;
        DIR *d;
        const struct dirent *e;

        if (oci_store_directory_open(s, s->root_fd, TMP_DIRECTORY, false, &tmp, err) < 0)
                return -1;
        fd = openat(tmp, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
        d = fd < 0 ? NULL : fdopendir(fd);
        if (d == NULL) {
                (void)oci_store_fail(s, errno, "list", TMP_DIRECTORY, NULL, err);
                (void)fd_close(fd);
                return -1;
        }
        while ((e = readdir(d)) != NULL) {
                int failed;

                if (e->d_name[0] == '.' || (s->scratch_name != NULL && strcmp(e->d_name, s->scratch_name) == 0))
                        continue;
                if (strncmp(e->d_name, OCI_STORE_STEP_LOCK, strlen(OCI_STORE_STEP_LOCK)) == 0)
                        failed = oci_store_step_sweep(tmp, e->d_name);
                else
                        failed = sweep_one(s, tmp, e->d_name, idle);
                if (failed != 0) /* stale scratch harms nobody: say so and go on */
                        log_print(s->log, LOG_WARNING, "cannot remove %s/" TMP_DIRECTORY "/%s: %s", s->path, e->d_name,
                                  strerror(failed));
        }
        (void)closedir(d);
        return 0;
}

/* ---- making -------------------------------------------------------------------------------- */

/* One attempt. Returns 1 when a sweeper came in between: try another name. */
static int make_once(struct oci_store *s, int tmp_fd, struct error *err)
{
        char name[33];
        CLEANUP_FD int scratch = -1;
        CLEANUP_FD int lock = -1;

        if (oci_store_random_name(name) < 0)
                return oci_store_fail(s, errno, "get random bytes for", TMP_DIRECTORY, NULL, err);
        if (mkdirat(tmp_fd, name, 0700) < 0 || fchmodat(tmp_fd, name, 0700, 0) < 0)
                return errno == EEXIST || errno == ENOENT
                               ? 1
                               : oci_store_fail(s, errno, "make directory", TMP_DIRECTORY, name, err);
        scratch = openat(tmp_fd, name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
        if (scratch < 0)
                return errno == ENOENT ? 1 : oci_store_fail(s, errno, "open directory", TMP_DIRECTORY, name, err);
        lock = open_lock(scratch);
        if (lock < 0)
                return errno == ENOENT ? 1 : oci_store_fail(s, errno, "make", TMP_DIRECTORY, name, err);
        if (flock(lock, LOCK_EX | LOCK_NB) < 0) {
                if (errno == EWOULDBLOCK)
                        return 1;
                log_print(s->log, LOG_WARNING,
                          "cannot lock files in %s (%s): only bryo prune --idle removes what a crash leaves there", s->path,
                          strerror(errno));
        }
        if (!oci_store_is_named(scratch, LOCK_FILE, lock))
                return 1;
        s->scratch_name = memory_strdup(name);
        s->scratch_fd = fd_steal(&scratch);
        s->scratch_lock_fd = fd_steal(&lock);
        return 0;
}

static int make(struct oci_store *s, struct error *err)
{
        CLEANUP_FD int tmp = -1;

        if (oci_store_directory_open(s, s->root_fd, TMP_DIRECTORY, false, &tmp, err) < 0)
                return -1;
        for (int i = 0; i < ATTEMPTS; i++) {
                int r = make_once(s, tmp, err);

                if (r <= 0)
                        return r;
        }
        return error_set(err, EAGAIN,
                         "cannot make scratch in %s/" TMP_DIRECTORY ": it is removed as fast as it is made", s->path);
}

int oci_store_scratch(struct oci_store *s, int *ret_fd, struct error *err)
{
        int result = 0;

        pthread_mutex_lock(&s->lock);
        if (s->scratch_fd < 0)
                result = make(s, err);
        *ret_fd = s->scratch_fd;
        pthread_mutex_unlock(&s->lock);
        return result;
}

void oci_store_scratch_close(struct oci_store *s)
{
        CLEANUP_FD int tmp = -1;
        int failed = 0;

        if (s->scratch_fd < 0)
                return;
        tmp = openat(s->root_fd, TMP_DIRECTORY, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
        failed = tmp < 0 ? errno : remove_locked(tmp, s->scratch_name, s->scratch_fd, &s->scratch_lock_fd);
        if (failed != 0)
                log_print(s->log, LOG_WARNING, "cannot remove %s/" TMP_DIRECTORY "/%s: %s", s->path, s->scratch_name,
                          strerror(failed));
        s->scratch_fd = fd_close(s->scratch_fd);
        s->scratch_lock_fd = fd_close(s->scratch_lock_fd);
        free(STEAL(s->scratch_name));
}
