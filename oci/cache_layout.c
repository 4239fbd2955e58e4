/* SPDX-License-Identifier: Apache-2.0 */
/* A directory of step caches. */
#include "oci/cache_layout.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include "common/fd.h"
#include "common/map.h"
#include "common/memory.h"
#include "oci/layout.h"
#include "oci/limits.h"
#include "oci/store_private.h"

#define BLOBS       "blobs/sha256"
#define TEMPORARY   BLOBS "/.new." /* + 32 random characters */
#define DEFAULT_TAG "latest"
#define COPY_SIZE   (256u * 1024)

struct oci_cache_layout {
        struct oci_store *store;   /* borrowed */
        struct oci_layout *files;  /* the directory as readers see it */
        const char *path;          /* borrowed from files */
        int dir;                   /* to write: locked */
        struct oci_platform *host; /* made when needed */
};

void oci_cache_layout_close(struct oci_cache_layout *l)
{
        if (l == NULL)
                return;
        oci_layout_close(l->files);
        (void)fd_close(l->dir);
        oci_platform_free(l->host);
        free(l);
}

static int fail(const struct oci_cache_layout *l, const char *operation, const char *name, struct error *err)
{
        return error_errno(err, errno, "cannot %s %s/%s", operation, l->path, name);
}

/* ---- making ------------------------------------------------------------------------------ */

static int make_parents(const char *path, struct error *err)
{
        CLEANUP_FREE char *copy = memory_strdup(path);

        for (char *slash = strchr(copy + 1, '/');; slash = strchr(slash + 1, '/')) {
                if (slash)
                        *slash = '\0';
                if (mkdir(copy, 0777) < 0 && errno != EEXIST)
                        return error_errno(err, errno, "cannot make the directory %s", copy);
                if (!slash)
                        return 0;
                *slash = '/';
        }
}

/* Under a temporary name, then renamed: what has its final name is whole. */
static int write_file(const struct oci_cache_layout *l, const char *name, const void *bytes, size_t size,
                      struct error *err)
{
        char temporary[sizeof(TEMPORARY) + 32] = TEMPORARY;
        CLEANUP_FD int fd = -1;

        if (oci_store_random_name(temporary + strlen(temporary)) < 0)
                return fail(l, "name a new file in", "", err);
        fd = openat(l->dir, temporary, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC | O_NOFOLLOW, 0666);
        if (fd < 0)
                return fail(l, "make", name, err);
        if (fd_write_all(fd, bytes, size) < 0 || close(fd_steal(&fd)) < 0 ||
            renameat(l->dir, temporary, l->dir, name) < 0) {
                (void)fail(l, "write", name, err);
                (void)unlinkat(l->dir, temporary, 0); /* the error is told already */
                return -1;
        }
        return 0;
}

static int make_layout(const struct oci_cache_layout *l, struct error *err)
{
        if ((mkdirat(l->dir, "blobs", 0777) < 0 && errno != EEXIST) ||
            (mkdirat(l->dir, BLOBS, 0777) < 0 && errno != EEXIST))
                return fail(l, "make the directory", BLOBS, err);
        if (oci_layout_has(l->files, OCI_LAYOUT_FILE))
                return 0;
        return write_file(l, OCI_LAYOUT_FILE, OCI_LAYOUT_VERSION, strlen(OCI_LAYOUT_VERSION), err);
}

static int lock(const struct oci_cache_layout *l)
{
        int r;

        do
                r = flock(l->dir, LOCK_EX);
        while (r < 0 && errno == EINTR);
        return r;
}

int oci_cache_layout_open(struct oci_store *s, const char *path, bool write, struct oci_cache_layout **ret,
                          struct error *err)
{
        struct oci_cache_layout *l = memory_zalloc(1, sizeof(*l));
        int result = write ? make_parents(path, err) : 0;

        l->store = s;
        l->dir = -1;
        if (result == 0)
                result = oci_layout_open(s, path, &l->files, err);
        if (result == 0)
                l->path = oci_layout_name(l->files);
        if (result == 0 && write) {
                l->dir = fd_open_directory(AT_FDCWD, path);
                if (l->dir < 0)
                        result = error_errno(err, errno, "cannot open the directory %s", path);
                else if (lock(l) < 0)
                        log_print(
                                oci_store_log(s), LOG_WARNING,
                                "cannot lock the directory %s (%s): let no two builds write their caches there at once",
                                path, strerror(errno));
        }
        if (result == 0 && write)
                result = make_layout(l, err);
        if (result < 0) {
                oci_cache_layout_close(l);
                return -1;
        }
        *ret = l;
        return 0;
}

/* ---- reading ------------------------------------------------------------------------------- */

/* *ret is NULL when the directory holds nothing yet. */
static int load_index(struct oci_cache_layout *l, struct oci_index **ret, struct error *err)
{
        CLEANUP_BUFFER struct buffer text = BUFFER_INIT;

        *ret = NULL;
        if (!oci_layout_has(l->files, OCI_LAYOUT_INDEX))
                return 0;
        if (oci_layout_load(l->files, OCI_LAYOUT_INDEX, OCI_LIMIT_JSON_SIZE, &text, err) < 0)
                return -1;
        return oci_index_parse(l->path, text.data, text.size, NULL, ret, err);
}

static const char *tag_of(const struct oci_descriptor *d)
{
        return oci_labels_find(&d->annotations, OCI_ANNOTATION_REF_NAME);
}

static const struct oci_descriptor *find_manifest(const struct oci_index *x, const char *tag,
                                                  const struct sha256_digest *digest)
{
        for (size_t i = 0; i < x->manifest_count; i++) {
                const struct oci_descriptor *d = &x->manifests[i];
                const char *name = tag_of(d);

                if (digest ? sha256_equal(&d->digest, digest) : name && strcmp(name, tag ? tag : DEFAULT_TAG) == 0)
                        return d;
        }
        return !digest && !tag && x->manifest_count == 1 ? &x->manifests[0] : NULL;
}

static int load_document(struct oci_cache_layout *l, const struct oci_descriptor *d, unsigned depth,
                         struct oci_manifest **ret, struct error *err)
{
        CLEANUP_BUFFER struct buffer bytes = BUFFER_INIT;
        CLEANUP_INDEX struct oci_index *index = NULL;
        const struct oci_descriptor *chosen;
        enum oci_document kind;

        if (oci_layout_load_blob(l->files, d, OCI_LIMIT_JSON_SIZE, &bytes, err) < 0 ||
            oci_document_detect(l->path, bytes.data, bytes.size, d->media_type, &kind, err) < 0)
                return -1;
        if (kind == OCI_DOCUMENT_MANIFEST)
                return oci_manifest_parse(l->path, bytes.data, bytes.size, d->media_type, ret, err);
        if (depth >= OCI_LIMIT_INDEX_DEPTH)
                return error_set(err, ELOOP, "%s: indexes are nested deeper than %u", l->path, OCI_LIMIT_INDEX_DEPTH);
        if (l->host == NULL)
                l->host = oci_platform_host();
        if (oci_index_parse(l->path, bytes.data, bytes.size, d->media_type, &index, err) < 0 ||
            oci_index_choose(l->path, index, l->host, &chosen, err) < 0)
                return -1;
        return load_document(l, chosen, depth + 1, ret, err);
}

int oci_cache_layout_load(struct oci_cache_layout *l, const char *tag, const struct sha256_digest *digest,
                          struct oci_manifest **ret, struct error *err)
{
        CLEANUP_INDEX struct oci_index *index = NULL;
        const struct oci_descriptor *d;

        *ret = NULL;
        if (load_index(l, &index, err) < 0)
                return -1;
        d = index ? find_manifest(index, tag, digest) : NULL;
        return d ? load_document(l, d, 0, ret, err) : 0;
}

int oci_cache_layout_blob(struct oci_cache_layout *l, const struct oci_descriptor *d, int *ret_fd, struct error *err)
{
        CLEANUP_RANGE struct oci_range range = {.fd = -1};

        if (oci_layout_find_blob(l->files, d, &range, err) < 0)
                return -1;
        *ret_fd = fcntl(range.fd, F_DUPFD_CLOEXEC, 3);
        return *ret_fd < 0 ? fail(l, "read", BLOBS, err) : 0;
}

/* ---- writing --------------------------------------------------------------------------------- */

static int copy_bytes(const struct oci_cache_layout *l, int from, uint64_t size, int to, struct error *err)
{
        CLEANUP_FREE char *bytes = memory_alloc(COPY_SIZE);

        for (uint64_t at = 0; at < size;) {
                size_t n = size - at < COPY_SIZE ? (size_t)(size - at) : COPY_SIZE;

                if (fd_pread_all(from, bytes, n, (off_t)at) < 0)
                        return error_errno(err, errno, "cannot read a blob for the cache in %s", l->path);
                if (fd_write_all(to, bytes, n) < 0)
                        return fail(l, "write", BLOBS, err);
                at += n;
        }
        return 0;
}

int oci_cache_layout_put(struct oci_cache_layout *l, const struct oci_descriptor *d, int fd, struct error *err)
{
        char name[sizeof(BLOBS) + 1 + SHA256_HEX_SIZE] = BLOBS "/";
        char temporary[sizeof(TEMPORARY) + 32] = TEMPORARY;
        CLEANUP_FD int out = -1;
        struct stat st;

        sha256_to_hex(&d->digest, name + strlen(name));
        if (fstatat(l->dir, name, &st, AT_SYMLINK_NOFOLLOW) == 0 && S_ISREG(st.st_mode) &&
            (uint64_t)st.st_size == d->size)
                return 0;
        if (oci_store_random_name(temporary + strlen(temporary)) < 0)
                return fail(l, "name a new file in", BLOBS, err);
        out = openat(l->dir, temporary, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC | O_NOFOLLOW, 0666);
        if (out < 0)
                return fail(l, "make a file in", BLOBS, err);
        if (copy_bytes(l, fd, d->size, out, err) == 0) {
                if (close(fd_steal(&out)) == 0 && renameat(l->dir, temporary, l->dir, name) == 0)
                        return 0;
                (void)fail(l, "write", name, err);
        }
        (void)unlinkat(l->dir, temporary, 0); /* the error is told already */
        return -1;
}

/* --- what nobody names any more */

static void mark(struct map *kept, const struct oci_descriptor *d)
{
        map_set(kept, d->digest.bytes, sizeof(d->digest.bytes), kept);
}

/* Marks a manifest or index and all that it names. */
static int mark_document(struct oci_cache_layout *l, const struct oci_descriptor *d, unsigned depth, struct map *kept,
                         struct error *err)
{
        CLEANUP_BUFFER struct buffer bytes = BUFFER_INIT;
        CLEANUP_INDEX struct oci_index *index = NULL;
        CLEANUP_MANIFEST struct oci_manifest *m = NULL;
        enum oci_document kind;

        mark(kept, d);
        if (oci_layout_load_blob(l->files, d, OCI_LIMIT_JSON_SIZE, &bytes, err) < 0 ||
            oci_document_detect(l->path, bytes.data, bytes.size, d->media_type, &kind, err) < 0)
                return -1;
        if (kind == OCI_DOCUMENT_MANIFEST) {
                if (oci_manifest_parse(l->path, bytes.data, bytes.size, d->media_type, &m, err) < 0)
                        return -1;
                mark(kept, &m->config);
                for (size_t i = 0; i < m->layer_count; i++)
                        mark(kept, &m->layers[i]);
                return 0;
        }
        if (depth >= OCI_LIMIT_INDEX_DEPTH)
                return error_set(err, ELOOP, "%s: indexes are nested deeper than %u", l->path, OCI_LIMIT_INDEX_DEPTH);
        if (oci_index_parse(l->path, bytes.data, bytes.size, d->media_type, &index, err) < 0)
                return -1;
        for (size_t i = 0; i < index->manifest_count; i++)
                if (mark_document(l, &index->manifests[i], depth + 1, kept, err) < 0)
                        return -1;
        return 0;
}

static void remove_unmarked(const struct oci_cache_layout *l, const struct map *kept)
{
        int fd = openat(l->dir, BLOBS, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
        DIR *d = fd < 0 ? NULL : fdopendir(fd);
        const struct dirent *e;

        if (d == NULL) {
                (void)fd_close(fd);
                return;
        }
        while ((e = readdir(d)) != NULL) {
                struct sha256_digest digest;
                bool ours = sha256_from_hex(e->d_name, &digest) && !map_find(kept, digest.bytes, sizeof(digest.bytes));

                /* what an export that was killed left: we hold the lock, so its writer is gone */
                ours = ours || strncmp(e->d_name, ".new.", 5) == 0;
                if (ours && unlinkat(dirfd(d), e->d_name, 0) < 0)
                        log_print(oci_store_log(l->store), LOG_WARNING, "cannot remove %s/" BLOBS "/%s: %s", l->path,
                                  e->d_name, strerror(errno));
        }
        (void)closedir(d);
}

/* Nothing is removed unless everything that the index names can be read. */
static void sweep(struct oci_cache_layout *l, const struct oci_index *index)
{
        CLEANUP_ERROR struct error err = ERROR_INIT;
        struct map *kept = map_new(NULL);
        int result = 0;

        for (size_t i = 0; i < index->manifest_count && result == 0; i++)
                result = mark_document(l, &index->manifests[i], 0, kept, &err);
        if (result == 0)
                remove_unmarked(l, kept);
        else
                log_print(oci_store_log(l->store), LOG_WARNING, "old blobs stay in %s: %s", l->path, err.message);
        map_free(kept);
}

/* The other tags' manifests, and this one. */
static struct oci_index *replace(const struct oci_index *old, const char *tag, const struct oci_descriptor *d)
{
        struct oci_index *index = oci_index_new(OCI_TYPE_INDEX);
        struct oci_descriptor *entry;

        for (size_t i = 0; old && i < old->manifest_count; i++) {
                const char *name = tag_of(&old->manifests[i]);

                if (!name || strcmp(name, tag) != 0)
                        (void)oci_index_add_manifest(index, &old->manifests[i]);
        }
        entry = oci_index_add_manifest(index, d);
        oci_labels_set(&entry->annotations, OCI_ANNOTATION_REF_NAME, tag);
        return index;
}

static int put_bytes(struct oci_cache_layout *l, const struct oci_descriptor *d, const void *bytes, struct error *err)
{
        char name[sizeof(BLOBS) + 1 + SHA256_HEX_SIZE] = BLOBS "/";

        sha256_to_hex(&d->digest, name + strlen(name));
        return write_file(l, name, bytes, (size_t)d->size, err);
}

int oci_cache_layout_commit(struct oci_cache_layout *l, const char *tag, const void *manifest, size_t size,
                            struct error *err)
{
        CLEANUP_INDEX struct oci_index *old = NULL;
        CLEANUP_INDEX struct oci_index *index = NULL;
        CLEANUP_BUFFER struct buffer text = BUFFER_INIT;
        char type[] = OCI_TYPE_MANIFEST;
        struct oci_descriptor d = {.media_type = type, .size = size};

        sha256_of(manifest, size, &d.digest);
        if (put_bytes(l, &d, manifest, err) < 0 || load_index(l, &old, err) < 0)
                return -1;
        index = replace(old, tag ? tag : DEFAULT_TAG, &d);
        oci_index_format(index, &text);
        if (write_file(l, OCI_LAYOUT_INDEX, text.data, text.size, err) < 0)
                return -1;
        sweep(l, index);
        return 0;
}
