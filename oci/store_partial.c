/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Blobs on their way in. The file's own lock says who fills it, so that two pulls of one image fetch each layer once,
 * and what a killed pull left is found by the next. Whoever gets the lock looks whether the file still is the one under
 * its name: it may have been committed, or dropped, while it waited.
 */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include "common/fd.h"
#include "common/memory.h"
#include "oci/store_private.h"

struct oci_store_partial {
        struct oci_store *store; /* borrowed */
        struct sha256_digest digest;
        char hex[SHA256_HEX_SIZE + 1];
        int fd;                      /* holds the lock; -1 once let go */
        struct oci_store_file *file; /* instead, where there are no locks */
};

static int fail(const struct oci_store_partial *p, const char *operation, struct error *err)
{
        return oci_store_fail(p->store, errno, operation, oci_store_area_name(OCI_STORE_PARTIAL), p->hex, err);
}

static int lock(int fd, int operation)
{
        int r;

        do
                r = flock(fd, operation);
        while (r < 0 && errno == EINTR);
        return r;
}

/* Takes the lock, waiting for whoever has it. *ret_locked is false where the file system has no locks. */
static int take_lock(const struct oci_store_partial *p, bool *ret_locked, struct error *err)
{
        *ret_locked = lock(p->fd, LOCK_EX | LOCK_NB) == 0;
        if (!*ret_locked && errno == EWOULDBLOCK) {
                log_print(p->store->log, LOG_DEBUG, "waiting for whoever is downloading sha256:%.12s", p->hex);
                if (lock(p->fd, LOCK_EX) < 0)
                        return fail(p, "lock", err);
                *ret_locked = true;
        }
        return 0;
}

/* Opens and locks; *ret_again when somebody else was done with it meanwhile. */
static int open_once(struct oci_store_partial *p, int dir, bool *ret_again, struct error *err)
{
        struct stat st;
        bool locked;

        *ret_again = false;
        p->fd = openat(dir, p->hex, O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK, 0600);
        if (p->fd < 0 || fchmod(p->fd, 0600) < 0 || fstat(p->fd, &st) < 0)
                return fail(p, "open", err);
        if (!S_ISREG(st.st_mode))
                return error_set(err, EINVAL, "%s/partial/%s is not a file", p->store->path, p->hex);
        if (take_lock(p, &locked, err) < 0)
                return -1;
        if (locked) {
                *ret_again = !oci_store_is_named(dir, p->hex, p->fd);
                if (*ret_again)
                        p->fd = fd_close(p->fd);
                return 0;
        }
        log_print(p->store->log, LOG_INFO, "%s cannot lock files: a download that is cut begins anew", p->store->path);
        p->fd = fd_close(p->fd);
        return oci_store_file_create(p->store, OCI_STORE_BLOBS, &p->file, err);
}

int oci_store_partial_open(struct oci_store *s, const struct sha256_digest *digest, struct oci_store_partial **ret,
                           struct error *err)
{
        CLEANUP_STORE_PARTIAL struct oci_store_partial *p = memory_zalloc(1, sizeof(*p));
        bool again = true;
        int dir;

        *ret = NULL;
        p->store = s;
        p->digest = *digest;
        p->fd = -1;
        sha256_to_hex(digest, p->hex);
        if (oci_store_area_open(s, OCI_STORE_PARTIAL, &dir, err) < 0)
                return -1;
        while (again) {
                if (oci_store_blob_has(s, digest))
                        return 0;
                if (open_once(p, dir, &again, err) < 0)
                        return -1;
        }
        /* committed between the look and the lock */
        if (oci_store_blob_has(s, digest))
                return 0;
        *ret = STEAL(p);
        return 0;
}

int oci_store_partial_fd(const struct oci_store_partial *p)
{
        return p->file ? oci_store_file_fd(p->file) : p->fd;
}

int oci_store_partial_commit(struct oci_store_partial *p, struct error *err)
{
        int from, to;

        if (p->file)
                return oci_store_blob_commit(p->file, &p->digest, err);
        if (oci_store_area_open(p->store, OCI_STORE_PARTIAL, &from, err) < 0 ||
            oci_store_area_open(p->store, OCI_STORE_BLOBS, &to, err) < 0)
                return -1;
        if (renameat(from, p->hex, to, p->hex) < 0)
                return fail(p, "move to the blobs", err);
        oci_store_area_touch(p->store, OCI_STORE_BLOBS);
        p->fd = fd_close(p->fd);
        return 0;
}

void oci_store_partial_drop(struct oci_store_partial *p)
{
        CLEANUP_ERROR struct error ignored = ERROR_INIT;
        int dir;

        if (p->fd < 0)
                return;
        /* should the removal fail, the next download finds bytes with a wrong digest and begins anew */
        if (oci_store_area_open(p->store, OCI_STORE_PARTIAL, &dir, &ignored) == 0 && unlinkat(dir, p->hex, 0) < 0)
                log_print(p->store->log, LOG_DEBUG, "%s/partial/%s stays", p->store->path, p->hex);
        p->fd = fd_close(p->fd);
}

void oci_store_partial_free(struct oci_store_partial *p)
{
        struct stat st;

        if (p == NULL)
                return;
        if (p->fd >= 0 && fstat(p->fd, &st) == 0 && st.st_size == 0)
                oci_store_partial_drop(p);
        p->fd = fd_close(p->fd);
        oci_store_file_free(p->file);
        free(p);
}

void oci_store_partial_cleanup(struct oci_store_partial **p)
{
        oci_store_partial_free(*p);
}
