/* SPDX-License-Identifier: Apache-2.0 */
/* Objects of the store: written in scratch, renamed into their area, listed, synced, removed. */
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "common/fd.h"
#include "common/memory.h"
#include "common/strv.h"
#include "oci/limits.h"
#include "oci/quote.h"
#include "oci/store_private.h"

#define MAX_NAME 250

/* Seconds: a cached build must not write, and a day is near enough to tell what is used from what is not. */
#define TOUCH_AFTER 86400

struct oci_store_file {
        struct oci_store *store; /* borrowed */
        enum oci_store_area area;
        int fd;
        char *name; /* in scratch; NULL once committed */
};

bool oci_store_name_is_valid(enum oci_store_area area, const char *name)
{
        static const char first[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789_%";
        struct sha256_digest d;
        size_t n;

        if (area == OCI_STORE_BLOBS || area == OCI_STORE_IMAGES || area == OCI_STORE_PARTIAL)
                return sha256_from_hex(name, &d);
        n = strlen(name);
        if (n == 0 || n > MAX_NAME || strchr(first, name[0]) == NULL)
                return false;
        for (size_t i = 0; i < n; i++)
                if (strchr(first, name[i]) == NULL && name[i] != '.' && name[i] != '-')
                        return false;
        return true;
}

static int fail(struct oci_store *s, int code, const char *operation, enum oci_store_area area, const char *name,
                struct error *err)
{
        return oci_store_fail(s, code, operation, oci_store_area_name(area), name, err);
}

/* The area's directory for work on `name`. */
static int open_area(struct oci_store *s, enum oci_store_area area, const char *name, int *ret_fd, struct error *err)
{
        CLEANUP_FREE char *quoted = NULL;

        if (oci_store_name_is_valid(area, name))
                return oci_store_area_open(s, area, ret_fd, err);
        quoted = oci_quote(name);
        return error_set(err, EINVAL, "%s cannot be a name in %s/%s", quoted, s->path, oci_store_area_name(area));
}

bool oci_store_has(struct oci_store *s, enum oci_store_area area, const char *name)
{
        CLEANUP_ERROR struct error err = ERROR_INIT;
        struct stat st;
        int dir;

        return open_area(s, area, name, &dir, &err) == 0 && fstatat(dir, name, &st, AT_SYMLINK_NOFOLLOW) == 0 &&
               S_ISREG(st.st_mode);
}

int oci_store_open_object(struct oci_store *s, enum oci_store_area area, const char *name, int *ret_fd,
                          uint64_t *ret_size, struct error *err)
{
        CLEANUP_FD int fd = -1;
        struct stat st;
        int dir;

        if (open_area(s, area, name, &dir, err) < 0)
                return -1;
        fd = openat(dir, name, O_RDONLY | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK | O_NOCTTY);
        if (fd < 0 || fstat(fd, &st) < 0)
                return fail(s, errno, "open", area, name, err);
        if (!S_ISREG(st.st_mode))
                return error_set(err, EINVAL, "%s/%s/%s is not a file", s->path, oci_store_area_name(area), name);
        if (ret_size != NULL)
                *ret_size = (uint64_t)st.st_size;
        *ret_fd = fd_steal(&fd);
        return 0;
}

int oci_store_load(struct oci_store *s, enum oci_store_area area, const char *name, struct buffer *ret,
                   struct error *err)
{
        CLEANUP_FD int fd = -1;
        uint64_t size;

        if (oci_store_open_object(s, area, name, &fd, &size, err) < 0)
                return -1;
        if (size > OCI_LIMIT_RECORD)
                return error_set(err, EFBIG, "%s/%s/%s is larger than the limit of %u bytes", s->path,
                                 oci_store_area_name(area), name, OCI_LIMIT_RECORD);
        if (fd_pread_all(fd, buffer_reserve(ret, (size_t)size + 1), (size_t)size, 0) < 0)
                return fail(s, errno, "read", area, name, err);
        ret->size += (size_t)size;
        ret->data[ret->size] = '\0';
        return 0;
}

int oci_store_remove(struct oci_store *s, enum oci_store_area area, const char *name, struct error *err)
{
        int dir;

        if (open_area(s, area, name, &dir, err) < 0)
                return -1;
        if (unlinkat(dir, name, 0) < 0 && errno != ENOENT)
                return fail(s, errno, "remove", area, name, err);
        oci_store_area_touch(s, area);
        return 0;
}

/* ---- writing ---------------------------------------------------------------------------- */

int oci_store_file_open_new(int dirfd, const char *name)
{
        CLEANUP_FD int fd = openat(dirfd, name, O_RDWR | O_CREAT | O_EXCL | O_CLOEXEC | O_NOFOLLOW, 0600);

        /* an odd umask may have taken bits from the owner */
        if (fd < 0 || fchmod(fd, 0600) < 0)
                return -1;
        return fd_steal(&fd);
}

int oci_store_file_create(struct oci_store *s, enum oci_store_area area, struct oci_store_file **ret, struct error *err)
{
        CLEANUP_STORE_FILE struct oci_store_file *f = memory_zalloc(1, sizeof(*f));
        unsigned long long number;
        int scratch;

        f->store = s;
        f->area = area;
        f->fd = -1;
        if (oci_store_scratch(s, &scratch, err) < 0)
                return -1;
        pthread_mutex_lock(&s->lock);
        number = s->counter++;
        pthread_mutex_unlock(&s->lock);
        f->name = memory_printf("object.%llu", number);
        f->fd = oci_store_file_open_new(scratch, f->name);
        if (f->fd < 0) {
                (void)oci_store_fail(s, errno, "make", "tmp", f->name, err);
                free(STEAL(f->name)); /* nothing to unlink */
                return -1;
        }
        *ret = STEAL(f);
        return 0;
}

int oci_store_file_fd(const struct oci_store_file *f)
{
        return f->fd;
}

int oci_store_file_sync(struct oci_store_file *f, struct error *err)
{
        if (fsync(f->fd) < 0)
                return oci_store_fail(f->store, errno, "sync", "tmp", f->name, err);
        return 0;
}

/* Renames; the file must not be open any more, since some file systems report a full disk at close only. */
static int rename_into(struct oci_store_file *f, const char *name, struct error *err)
{
        struct oci_store *s = f->store;
        int dir;

        if (open_area(s, f->area, name, &dir, err) < 0)
                return -1;
        if (close(fd_steal(&f->fd)) < 0)
                return oci_store_fail(s, errno, "write", "tmp", f->name, err);
        if (renameat(s->scratch_fd, f->name, dir, name) < 0)
                return fail(s, errno, "rename to", f->area, name, err);
        free(STEAL(f->name));
        oci_store_area_touch(s, f->area);
        return 0;
}

int oci_store_file_commit(struct oci_store_file *f, const char *name, struct error *err)
{
        if (oci_store_has(f->store, f->area, name))
                return 0;
        return rename_into(f, name, err);
}

void oci_store_file_free(struct oci_store_file *f)
{
        if (f == NULL)
                return;
        (void)fd_close(f->fd);
        if (f->name != NULL) /* if this fails, the file goes with the scratch */
                (void)unlinkat(f->store->scratch_fd, f->name, 0);
        free(f->name);
        free(f);
}

void oci_store_file_cleanup(struct oci_store_file **f)
{
        oci_store_file_free(*f);
}

/* True if the object is there with exactly these bytes. */
static bool is_unchanged(struct oci_store *s, enum oci_store_area area, const char *name, const void *bytes,
                         size_t size)
{
        CLEANUP_ERROR struct error err = ERROR_INIT;
        CLEANUP_BUFFER struct buffer old = BUFFER_INIT;

        return oci_store_load(s, area, name, &old, &err) == 0 && old.size == size && memcmp(old.data, bytes, size) == 0;
}

/* "AREA/NAME", the key in the set of what was synced. */
static char *synced_key(enum oci_store_area area, const char *name)
{
        return memory_printf("%s/%s", oci_store_area_name(area), name);
}

static void set_synced(struct oci_store *s, enum oci_store_area area, const char *name, bool synced)
{
        CLEANUP_FREE char *key = synced_key(area, name);

        pthread_mutex_lock(&s->lock);
        if (synced)
                oci_labels_set(&s->synced, key, "");
        else
                oci_labels_remove(&s->synced, key);
        pthread_mutex_unlock(&s->lock);
}

int oci_store_replace(struct oci_store *s, enum oci_store_area area, const char *name, const void *bytes, size_t size,
                      bool durable, bool *ret_changed, struct error *err)
{
        CLEANUP_STORE_FILE struct oci_store_file *f = NULL;

        if (ret_changed != NULL)
                *ret_changed = false;
        if (is_unchanged(s, area, name, bytes, size))
                return 0;
        if (oci_store_file_create(s, area, &f, err) < 0)
                return -1;
        if (fd_write_all(f->fd, bytes, size) < 0)
                return oci_store_fail(s, errno, "write", "tmp", f->name, err);
        if (durable && oci_store_file_sync(f, err) < 0)
                return -1;
        if (rename_into(f, name, err) < 0)
                return -1;
        set_synced(s, area, name, durable);
        if (ret_changed != NULL)
                *ret_changed = true;
        return 0;
}

int oci_store_save(struct oci_store *s, enum oci_store_area area, const char *name, const void *bytes, size_t size,
                   struct error *err)
{
        return oci_store_replace(s, area, name, bytes, size, false, NULL, err);
}

int oci_store_sync(struct oci_store *s, enum oci_store_area area, const char *name, struct error *err)
{
        CLEANUP_FREE char *key = synced_key(area, name);
        CLEANUP_FD int fd = -1;
        bool synced;

        pthread_mutex_lock(&s->lock);
        synced = oci_labels_find(&s->synced, key) != NULL;
        pthread_mutex_unlock(&s->lock);
        if (!synced) {
                if (oci_store_open_object(s, area, name, &fd, NULL, err) < 0)
                        return -1;
                /* a blob was synced before it got its name */
                if (area != OCI_STORE_BLOBS && fsync(fd) < 0)
                        return fail(s, errno, "sync", area, name, err);
                set_synced(s, area, name, true);
        }
        return oci_store_area_sync(s, area, err);
}

void oci_store_touch(struct oci_store *s, enum oci_store_area area, const char *name)
{
        static const struct timespec now[2] = {{.tv_nsec = UTIME_OMIT}, {.tv_nsec = UTIME_NOW}};
        CLEANUP_ERROR struct error err = ERROR_INIT;
        struct stat st;
        int dir;

        if (open_area(s, area, name, &dir, &err) < 0 || fstatat(dir, name, &st, AT_SYMLINK_NOFOLLOW) < 0)
                return;
        if (time(NULL) - st.st_mtime >= TOUCH_AFTER && utimensat(dir, name, now, AT_SYMLINK_NOFOLLOW) < 0)
                log_print(s->log, LOG_DEBUG, "cannot note the use of %s/%s: %s", oci_store_area_name(area), name, strerror(errno));
}

/* The first part of the area's path stands for it: nothing else may have a '/'. */
static char *quarantine_name(enum oci_store_area area, const char *name)
{
        const char *inside = oci_store_area_name(area);

        return memory_printf("%.*s-%.*s", (int)strcspn(inside, "/"), inside, MAX_NAME - 16, name);
}

int oci_store_quarantine(struct oci_store *s, enum oci_store_area area, const char *name, struct error *err)
{
        CLEANUP_FREE char *new_name = quarantine_name(area, name);
        int from, to;

        if (open_area(s, area, name, &from, err) < 0 || oci_store_area_open(s, OCI_STORE_QUARANTINE, &to, err) < 0)
                return -1;
        if (renameat(from, name, to, new_name) < 0 && errno != ENOENT)
                return fail(s, errno, "put into quarantine", area, name, err);
        oci_store_area_touch(s, area);
        set_synced(s, area, name, false);
        return oci_store_area_sync(s, area, err);
}

/* ---- logs ------------------------------------------------------------------------------------- */

int oci_store_log_create(struct oci_store *s, const char *name, int *ret_fd, struct error *err)
{
        CLEANUP_FD int fd = -1;
        int dir;

        if (open_area(s, OCI_STORE_BUILDS, name, &dir, err) < 0)
                return -1;
        fd = openat(dir, name, O_WRONLY | O_APPEND | O_CREAT | O_EXCL | O_CLOEXEC | O_NOFOLLOW, 0600);
        if (fd < 0 || fchmod(fd, 0600) < 0)
                return fail(s, errno, "make", OCI_STORE_BUILDS, name, err);
        /* where it cannot be locked, nobody can ask whether it is: it looks finished */
        (void)flock(fd, LOCK_EX | LOCK_NB);
        *ret_fd = fd_steal(&fd);
        return 0;
}

bool oci_store_log_is_growing(int fd)
{
        if (flock(fd, LOCK_SH | LOCK_NB) < 0)
                return errno == EWOULDBLOCK;
        (void)flock(fd, LOCK_UN);
        return false;
}

void oci_store_begin_sync(struct oci_store *s, enum oci_store_area area, const char *name)
{
        CLEANUP_ERROR struct error err = ERROR_INIT;
        CLEANUP_FD int fd = -1;

        if (oci_store_open_object(s, area, name, &fd, NULL, &err) == 0)
                (void)sync_file_range(fd, 0, 0, SYNC_FILE_RANGE_WRITE);
}

/* ---- listing --------------------------------------------------------------------------------- */

static int compare_names(const void *a, const void *b)
{
        return strcmp(*(char *const *)a, *(char *const *)b);
}

static int list_names(struct oci_store *s, enum oci_store_area area, int dir, struct strv *ret, struct error *err)
{
        int fd = openat(dir, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
        DIR *d = fd < 0 ? NULL : fdopendir(fd);
        const struct dirent *e;

        if (d == NULL) {
                (void)fail(s, errno, "list", area, NULL, err);
                (void)fd_close(fd);
                return -1;
        }
        errno = 0;
        while ((e = readdir(d)) != NULL)
                if (oci_store_name_is_valid(area, e->d_name))
                        strv_add(ret, e->d_name);
        if (errno != 0)
                (void)fail(s, errno, "list", area, NULL, err);
        (void)closedir(d);
        if (error_is_set(err))
                return -1;
        if (ret->count > 1)
                qsort(ret->items, ret->count, sizeof(*ret->items), compare_names);
        return 0;
}

int oci_store_each(struct oci_store *s, enum oci_store_area area, oci_store_object_function *each, void *context,
                   struct error *err)
{
        CLEANUP_STRV struct strv names = STRV_INIT;
        int dir;

        if (oci_store_area_open(s, area, &dir, err) < 0 || list_names(s, area, dir, &names, err) < 0)
                return -1;
        for (size_t i = 0; i < names.count; i++) {
                struct oci_store_object o = {.name = names.items[i]};
                struct stat st;

                if (fstatat(dir, o.name, &st, AT_SYMLINK_NOFOLLOW) < 0) {
                        if (errno == ENOENT)
                                continue;
                        return fail(s, errno, "look at", area, o.name, err);
                }
                if (!S_ISREG(st.st_mode))
                        continue;
                o.size = (uint64_t)st.st_size;
                o.disk = (uint64_t)st.st_blocks * 512;
                o.mtime = st.st_mtime;
                o.used = (int64_t)st.st_mtim.tv_sec * 1000000000 + st.st_mtim.tv_nsec;
                if (each(context, &o, err) < 0)
                        return -1;
        }
        return 0;
}
