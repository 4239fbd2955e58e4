/* SPDX-License-Identifier: Apache-2.0 */
/* The store as a whole: opening, making and checking its directories, and saying what went wrong with them. */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <dirent.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <sys/statvfs.h>
#include <unistd.h>

#include "common/fd.h"
#include "common/memory.h"
#include "oci/store_private.h"

#define FORMAT_FILE   "format"
#define FORMAT_PREFIX "bryo-store "
#define FORMAT        1
#define LOCK_FILE     "lock"

/* In the order they are made; areas are among them. */
static const char *const directories[] = {"blobs",      "blobs/sha256", "images",  "indexes",    "data",   "steps",
                                          "refs",       "tmp",          "digests", "downloads",  "caches", "partial",
                                          "compressed", "builds",       "parts",   "quarantine", "lists"};

const char *oci_store_area_name(enum oci_store_area area)
{
        static const char *const names[OCI_STORE_AREAS] = {
                [OCI_STORE_BLOBS] = "blobs/sha256",    [OCI_STORE_IMAGES] = "images",
                [OCI_STORE_INDEXES] = "indexes",       [OCI_STORE_DATA] = "data",
                [OCI_STORE_STEPS] = "steps",           [OCI_STORE_REFS] = "refs",
                [OCI_STORE_DIGESTS] = "digests",       [OCI_STORE_DOWNLOADS] = "downloads",
                [OCI_STORE_CACHES] = "caches",         [OCI_STORE_PARTIAL] = "partial",
                [OCI_STORE_COMPRESSED] = "compressed", [OCI_STORE_BUILDS] = "builds",
                [OCI_STORE_PARTS] = "parts",           [OCI_STORE_QUARANTINE] = "quarantine",
                [OCI_STORE_LISTS] = "lists",
        };

        return names[area];
}

/* ---- errors ------------------------------------------------------------------------ */

static const char *remedy(int code)
{
        switch (code) {
        case ENOSPC:
                return ": free some space, or let `bryo prune` do it";
        case EDQUOT:
                return ": free some space, or choose a store elsewhere with --root or $BRYO_ROOT";
        case EROFS:
                return ": choose a store that can be written with --root or $BRYO_ROOT";
        case EACCES:
        case EPERM:
                return ": the store must belong to the user who runs bryo; choose another one with --root or "
                       "$BRYO_ROOT";
        case ENOLCK:
        case EOPNOTSUPP:
                return ": its file system has no locks (of NFS the lock service may be missing); choose a store "
                       "elsewhere with "
                       "--root or $BRYO_ROOT";
        default:
                return "";
        }
}

int oci_store_fail(const struct oci_store *s, int code, const char *operation, const char *inside, const char *name,
                   struct error *err)
{
        return error_set(err, code, "cannot %s %s%s%s%s%s: %s%s", operation, s->path, inside ? "/" : "",
                         inside ? inside : "", name ? "/" : "", name ? name : "", strerror(code), remedy(code));
}

/* ---- directories --------------------------------------------------------------------- */

/* A directory that others may write, or own, could be filled with what they like. */
static int check_owner(const struct oci_store *s, int fd, const char *name, struct error *err)
{
        struct stat st;

        if (fstat(fd, &st) < 0)
                return oci_store_fail(s, errno, "look at", name, NULL, err);
        if (st.st_uid != geteuid())
                return error_set(err, EPERM,
                                 "the store's directory %s%s%s belongs to user %u, not to you (%u): refused", s->path,
                                 name ? "/" : "", name ? name : "", st.st_uid, geteuid());
        if ((st.st_mode & 022) != 0)
                return error_set(err, EPERM, "others may write to the store's directory %s%s%s: run chmod go-w on it",
                                 s->path, name ? "/" : "", name ? name : "");
        return 0;
}

/* mkdir with mode 0700 whatever the umask. */
static int make_directory(int dirfd, const char *name)
{
        if (mkdirat(dirfd, name, 0700) < 0)
                return errno == EEXIST ? 0 : -1;
        return fchmodat(dirfd, name, 0700, 0);
}

int oci_store_directory_open(const struct oci_store *s, int dirfd, const char *name, bool make, int *ret_fd,
                             struct error *err)
{
        CLEANUP_FD int fd = -1;

        if (make && make_directory(dirfd, name) < 0)
                return oci_store_fail(s, errno, "make directory", name, NULL, err);
        fd = openat(dirfd, name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
        if (fd < 0)
                return oci_store_fail(s, errno, "open directory", name, NULL, err);
        if (check_owner(s, fd, name, err) < 0)
                return -1;
        *ret_fd = fd_steal(&fd);
        return 0;
}

int oci_store_area_open(struct oci_store *s, enum oci_store_area area, int *ret_fd, struct error *err)
{
        int result = 0;

        pthread_mutex_lock(&s->lock);
        if (s->area_fds[area] < 0)
                /* stores that were made before these areas were known lack them */
                result = oci_store_directory_open(s, s->root_fd, oci_store_area_name(area), area >= OCI_STORE_DIGESTS,
                                                  &s->area_fds[area], err);
        *ret_fd = s->area_fds[area];
        pthread_mutex_unlock(&s->lock);
        return result;
}

void oci_store_area_touch(struct oci_store *s, enum oci_store_area area)
{
        pthread_mutex_lock(&s->lock);
        s->directory_synced[area] = false;
        pthread_mutex_unlock(&s->lock);
}

int oci_store_area_sync(struct oci_store *s, enum oci_store_area area, struct error *err)
{
        bool synced;
        int fd;

        if (oci_store_area_open(s, area, &fd, err) < 0)
                return -1;
        pthread_mutex_lock(&s->lock);
        synced = s->directory_synced[area];
        s->directory_synced[area] = true; /* a rename during the fsync clears it again */
        pthread_mutex_unlock(&s->lock);
        if (synced || fsync(fd) == 0)
                return 0;
        oci_store_area_touch(s, area);
        return oci_store_fail(s, errno, "sync directory", oci_store_area_name(area), NULL, err);
}

/* ---- making a store -------------------------------------------------------------------- */

/* Makes `path` and its parents, each lasting over a power cut. */
static int make_root(const struct oci_store *s, struct error *err)
{
        CLEANUP_FREE char *path = memory_strdup(s->path);

        for (char *slash = strchr(path + 1, '/');; slash = strchr(slash + 1, '/')) {
                CLEANUP_FD int parent = -1;
                char *last;

                if (slash != NULL)
                        *slash = '\0';
                if (mkdir(path, 0700) == 0) {
                        if (chmod(path, 0700) < 0)
                                return oci_store_fail(s, errno, "make", NULL, NULL, err);
                        last = strrchr(path, '/');
                        if (last != NULL)
                                *last = '\0';
                        parent = fd_open_directory(AT_FDCWD, last == NULL ? "." : last == path ? "/" : path);
                        if (parent < 0 || fsync(parent) < 0)
                                return oci_store_fail(s, errno, "sync the directory above", NULL, NULL, err);
                        if (last != NULL)
                                *last = '/';
                } else if (errno != EEXIST && !(errno == EROFS && access(path, F_OK) == 0)) {
                        return oci_store_fail(s, errno, "make", NULL, NULL, err);
                }
                if (slash == NULL)
                        return 0;
                *slash = '/';
        }
}

static bool is_ours(const char *name)
{
        for (size_t i = 0; i < ARRAY_SIZE(directories); i++)
                if (strcmp(name, directories[i]) == 0)
                        return true;
        return strcmp(name, ".") == 0 || strcmp(name, "..") == 0 || strcmp(name, LOCK_FILE) == 0 ||
               strncmp(name, FORMAT_FILE, strlen(FORMAT_FILE)) == 0;
}

/* Only an empty directory, or one where making a store was interrupted, becomes a store. */
static int check_empty(const struct oci_store *s, struct error *err)
{
        int fd = openat(s->root_fd, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
        DIR *d = fd < 0 ? NULL : fdopendir(fd);
        const struct dirent *e;
        bool foreign = false;

        if (d == NULL) {
                (void)oci_store_fail(s, errno, "list", NULL, NULL, err);
                (void)fd_close(fd);
                return -1;
        }
        while ((e = readdir(d)) != NULL && !foreign)
                foreign = !is_ours(e->d_name);
        (void)closedir(d);
        if (foreign)
                return error_set(
                        err, ENOTEMPTY,
                        "%s is not a bryo store and not empty: choose another directory with --root or $BRYO_ROOT",
                        s->path);
        return 0;
}

/* The lock file, and the format file as the last step. */
static int make_files(const struct oci_store *s, struct error *err)
{
        static const char text[] = FORMAT_PREFIX "1\n";
        char name[sizeof(FORMAT_FILE) + 33] = FORMAT_FILE ".";
        CLEANUP_FD int lock = openat(s->root_fd, LOCK_FILE, O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0600);
        CLEANUP_FD int fd = -1;

        if (lock < 0 || fchmod(lock, 0600) < 0)
                return oci_store_fail(s, errno, "make", LOCK_FILE, NULL, err);
        if (flock(lock, LOCK_SH | LOCK_NB) < 0 && errno != EWOULDBLOCK)
                log_print(s->log, LOG_WARNING,
                          "files in %s cannot be locked (%s): bryo prune works there only with --idle", s->path,
                          strerror(errno));
        if (oci_store_random_name(name + strlen(name)) < 0)
                return oci_store_fail(s, errno, "get random bytes for", FORMAT_FILE, NULL, err);
        fd = oci_store_file_open_new(s->root_fd, name);
        if (fd < 0 || fd_write_all(fd, text, strlen(text)) < 0 || fsync(fd) < 0 ||
            renameat(s->root_fd, name, s->root_fd, FORMAT_FILE) < 0 || fsync(s->root_fd) < 0)
                return oci_store_fail(s, errno, "write", FORMAT_FILE, NULL, err);
        return 0;
}

static int make_store(const struct oci_store *s, struct error *err)
{
        if (check_empty(s, err) < 0)
                return -1;
        if (fchmod(s->root_fd, 0700) < 0)
                return oci_store_fail(s, errno, "make", NULL, NULL, err);
        for (size_t i = 0; i < ARRAY_SIZE(directories); i++) {
                CLEANUP_FD int fd = -1;

                if (oci_store_directory_open(s, s->root_fd, directories[i], true, &fd, err) < 0)
                        return -1;
        }
        return make_files(s, err);
}

/* ---- opening ------------------------------------------------------------------------------ */

static int check_format(const struct oci_store *s, const char *text, struct error *err)
{
        char *end;
        unsigned long version;

        if (strncmp(text, FORMAT_PREFIX, strlen(FORMAT_PREFIX)) != 0)
                return error_set(err, EINVAL, "%s/" FORMAT_FILE " does not say which format the store has", s->path);
        version = strtoul(text + strlen(FORMAT_PREFIX), &end, 10);
        if (version == 0 || strcmp(end, "\n") != 0)
                return error_set(err, EINVAL, "%s/" FORMAT_FILE " does not say which format the store has", s->path);
        if (version > FORMAT)
                return error_set(err, ENOTSUP,
                                 "the store %s has format %lu, this bryo knows up to %d: use a newer bryo, or another "
                                 "store with --root",
                                 s->path, version, FORMAT);
        return 0;
}

static int open_root(struct oci_store *s, struct error *err)
{
        CLEANUP_BUFFER struct buffer format = BUFFER_INIT;
        CLEANUP_ERROR struct error missing = ERROR_INIT;

        s->root_fd = fd_open_directory(AT_FDCWD, s->path);
        if (s->root_fd < 0 && errno == ENOENT) {
                if (make_root(s, err) < 0)
                        return -1;
                s->root_fd = fd_open_directory(AT_FDCWD, s->path);
        }
        if (s->root_fd < 0)
                return oci_store_fail(s, errno, "open", NULL, NULL, err);
        if (fd_read_file(s->root_fd, FORMAT_FILE, 64, true, &format, &missing) < 0) {
                if (missing.code != ENOENT) {
                        (void)error_move(err, &missing);
                        return error_wrap(err, "cannot open the store %s", s->path);
                }
                return make_store(s, err);
        }
        if (check_format(s, buffer_text(&format), err) < 0)
                return -1;
        return check_owner(s, s->root_fd, NULL, err);
}

int oci_store_open(const char *root, const struct log *log, struct oci_store **ret, struct error *err)
{
        CLEANUP_STORE struct oci_store *s = memory_zalloc(1, sizeof(*s));

        s->path = memory_strdup(root);
        for (size_t n = strlen(s->path); n > 1 && s->path[n - 1] == '/'; n--)
                s->path[n - 1] = '\0';
        s->log = log;
        s->root_fd = s->scratch_fd = s->scratch_lock_fd = -1;
        for (size_t i = 0; i < OCI_STORE_AREAS; i++)
                s->area_fds[i] = -1;
        if (pthread_mutex_init(&s->lock, NULL) != 0)
                abort(); /* out of memory, see common/memory.h */
        if (*s->path == '\0')
                return error_set(err, EINVAL, "the path of the store is empty");
        if (open_root(s, err) < 0 || oci_store_scratch_sweep(s, false, err) < 0)
                return -1;
        *ret = STEAL(s);
        return 0;
}

void oci_store_close(struct oci_store *s)
{
        if (s == NULL)
                return;
        oci_store_scratch_close(s);
        for (size_t i = 0; i < OCI_STORE_AREAS; i++)
                (void)fd_close(s->area_fds[i]);
        (void)fd_close(s->root_fd);
        oci_labels_free(&s->synced);
        (void)pthread_mutex_destroy(&s->lock);
        free(s->path);
        free(s);
}

void oci_store_cleanup(struct oci_store **s)
{
        oci_store_close(*s);
}

const char *oci_store_path(const struct oci_store *s)
{
        return s->path;
}

int oci_store_fd(const struct oci_store *s)
{
        return s->root_fd;
}

const struct log *oci_store_log(const struct oci_store *s)
{
        return s->log;
}

int oci_store_free_space(const struct oci_store *s, uint64_t *ret_bytes, uint64_t *ret_inodes, struct error *err)
{
        struct statvfs v;

        if (fstatvfs(s->root_fd, &v) < 0)
                return oci_store_fail(s, errno, "ask for the free space of", NULL, NULL, err);
        *ret_bytes = (uint64_t)v.f_bavail * v.f_frsize;
        *ret_inodes = v.f_favail;
        return 0;
}
