/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Locks of the store, all flock(2) on files of their own: the kernel gives them back when their owner dies, on whatever
 * host, and nobody ever asks whether a process number is still alive.
 */
#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include "common/fd.h"
#include "common/memory.h"
#include "oci/store_private.h"

#define LOCK_FILE "lock"

/* ---- the gate -------------------------------------------------------------------------------- */

static int lock_file(int fd, int operation)
{
        int r;

        do
                r = flock(fd, operation);
        while (r < 0 && errno == EINTR);
        return r;
}

int oci_store_cache_lock(struct oci_store *s, const char *name, bool exclusive, bool wait, int *ret_fd,
                         struct error *err)
{
        CLEANUP_FREE char *file = memory_printf("%s.lock", name);
        CLEANUP_FD int fd = -1;
        int area;

        *ret_fd = -1;
        if (oci_store_area_open(s, OCI_STORE_CACHES, &area, err) < 0)
                return -1;
        fd = openat(area, file, O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0600);
        if (fd < 0 || fchmod(fd, 0600) < 0) /* made under an odd umask it could not be opened again */
                return oci_store_fail(s, errno, "open", oci_store_area_name(OCI_STORE_CACHES), file, err);
        if (lock_file(fd, (exclusive ? LOCK_EX : LOCK_SH) | (wait ? 0 : LOCK_NB)) < 0) {
                if (errno == EWOULDBLOCK)
                        return error_set(err, EWOULDBLOCK, "the cache is in use");
                log_print(s->log, LOG_WARNING, "cannot lock %s/%s/%s (%s): let no two builds use this cache at once",
                          s->path, oci_store_area_name(OCI_STORE_CACHES), file, strerror(errno));
                return 0;
        }
        *ret_fd = fd_steal(&fd);
        return 0;
}

int oci_store_gate(struct oci_store *s, enum oci_gate mode, bool nowait, int *ret_fd, struct error *err)
{
        int operation = mode == OCI_GATE_EXCLUSIVE ? LOCK_EX : LOCK_SH;
        CLEANUP_FD int fd = openat(s->root_fd, LOCK_FILE, O_RDWR | O_CLOEXEC | O_NOFOLLOW);

        *ret_fd = -1;
        if (fd < 0 && (errno == EROFS || errno == EACCES)) /* NFS locks exclusively only what is open for writing */
                fd = openat(s->root_fd, LOCK_FILE, O_RDONLY | O_CLOEXEC | O_NOFOLLOW);
        if (fd < 0)
                return oci_store_fail(s, errno, "open", LOCK_FILE, NULL, err);
        if (lock_file(fd, operation | LOCK_NB) < 0) {
                if (errno == EWOULDBLOCK && nowait)
                        return error_set(err, EWOULDBLOCK, "the store %s is in use by another bryo", s->path);
                if (errno == EWOULDBLOCK) {
                        log_print(s->log, LOG_INFO, "waiting for another bryo that uses the store %s", s->path);
                        errno = lock_file(fd, operation) < 0 ? errno : 0;
                }
                if (errno != 0 && mode == OCI_GATE_EXCLUSIVE)
                        return oci_store_fail(s, errno, "lock", LOCK_FILE, NULL, err);
                if (errno != 0) {
                        log_print(s->log, LOG_WARNING,
                                  "cannot lock %s/" LOCK_FILE " (%s): do not run bryo prune meanwhile", s->path,
                                  strerror(errno));
                        return 0;
                }
        }
        *ret_fd = fd_steal(&fd);
        return 0;
}

bool oci_store_lacks_locks(int code)
{
        return code == ENOLCK || code == EOPNOTSUPP || code == ENOSYS || code == EINVAL;
}

bool oci_store_is_named(int dirfd, const char *name, int fd)
{
        struct stat open_file, named;

        return fstat(fd, &open_file) == 0 && fstatat(dirfd, name, &named, AT_SYMLINK_NOFOLLOW) == 0 &&
               open_file.st_ino == named.st_ino && open_file.st_dev == named.st_dev;
}

/* ---- steps ------------------------------------------------------------------------------------ */

/*
 * The file is removed by its holder, so one that was opened may be gone by the time it is locked: then the name stands
 * for nothing any more, and the next attempt makes a new file.
 */
static int try_step(int tmp, const char *name, int *ret_fd)
{
        for (;;) {
                CLEANUP_FD int fd = openat(tmp, name, O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0600);

                if (fd < 0 || fchmod(fd, 0600) < 0)
                        return errno;
                if (lock_file(fd, LOCK_EX | LOCK_NB) < 0) {
                        int failed = errno;

                        if (oci_store_lacks_locks(failed)) /* the file means nothing; what stays is swept when a store is opened */
                                (void)unlinkat(tmp, name, 0);
                        return failed;
                }
                if (oci_store_is_named(tmp, name, fd)) {
                        *ret_fd = fd_steal(&fd);
                        return 0;
                }
        }
}

int oci_store_step_lock(struct oci_store *s, const char *key, int *ret_fd, struct error *err)
{
        CLEANUP_FREE char *name = memory_printf(OCI_STORE_STEP_LOCK "%s", key);
        CLEANUP_FD int tmp = -1;
        int failed;

        *ret_fd = -1;
        if (oci_store_directory_open(s, s->root_fd, OCI_STORE_TMP, false, &tmp, err) < 0)
                return -1;
        failed = try_step(tmp, name, ret_fd);
        if (failed == 0)
                return 0;
        if (failed == EWOULDBLOCK)
                return error_set(err, EWOULDBLOCK, "the step is being executed by another build");
        if (failed == ENOSPC || failed == EDQUOT || failed == EROFS || failed == EACCES)
                return oci_store_fail(s, failed, "make", OCI_STORE_TMP, name, err);
        log_print(s->log, LOG_WARNING,
                  "cannot lock %s/" OCI_STORE_TMP "/%s (%s): builds may execute the same step twice", s->path, name,
                  strerror(failed));
        return 0;
}

void oci_store_step_unlock(struct oci_store *s, const char *key, int fd)
{
        CLEANUP_FREE char *name = memory_printf(OCI_STORE_TMP "/" OCI_STORE_STEP_LOCK "%s", key);

        if (fd < 0)
                return;
        if (unlinkat(s->root_fd, name, 0) < 0 && errno != ENOENT)
                log_print(s->log, LOG_WARNING, "cannot remove %s/%s: %s", s->path, name, strerror(errno));
        (void)fd_close(fd);
}

int oci_store_step_sweep(int tmp, const char *name)
{
        CLEANUP_FD int fd = openat(tmp, name, O_RDWR | O_CLOEXEC | O_NOFOLLOW);

        if (fd < 0)
                return errno == ENOENT ? 0 : errno;
        if (flock(fd, LOCK_EX | LOCK_NB) < 0 && !oci_store_lacks_locks(errno))
                return errno == EWOULDBLOCK ? 0 : errno;
        if (!oci_store_is_named(tmp, name, fd))
                return 0; /* its holder has removed it; under the name is perhaps the next one's */
        /* whoever has opened it meanwhile finds it without a name, and makes another */
        return unlinkat(tmp, name, 0) < 0 && errno != ENOENT ? errno : 0;
}
