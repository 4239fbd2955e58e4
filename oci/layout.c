/* SPDX-License-Identifier: Apache-2.0 */
/* Image archives as a set of named files. */
#include "oci/layout.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "common/fd.h"
#include "common/memory.h"
#include "common/path.h"
#include "oci/digest.h"
#include "oci/layer_reader.h"
#include "oci/limits.h"
#include "oci/quote.h"

#define BLOBS "blobs/sha256/"

struct member {
        char *name;
        char *target; /* of a symlink; else NULL */
        uint64_t offset;
        uint64_t size;
        size_t order; /* in the tar: of two with one name the last counts, as for whoever unpacks it */
};

struct oci_layout {
        char *name;
        int fd; /* the directory, or the plain tar */
        bool is_directory;
        struct member *members; /* of a tar, sorted by name, each once */
        size_t count;
        size_t cap;
};

static void free_member(struct member *m)
{
        free(m->name);
        free(m->target);
}

void oci_layout_close(struct oci_layout *l)
{
        if (l == NULL)
                return;
        for (size_t i = 0; i < l->count; i++)
                free_member(&l->members[i]);
        free(l->members);
        (void)fd_close(l->fd);
        free(l->name);
        free(l);
}

void oci_layout_cleanup(struct oci_layout **l)
{
        oci_layout_close(*l);
}

const char *oci_layout_name(const struct oci_layout *l)
{
        return l->name;
}

void oci_range_close(struct oci_range *r)
{
        if (r->owned)
                (void)fd_close(r->fd);
        *r = (struct oci_range){.fd = -1};
}

/* ---- opening a tar ----------------------------------------------------------------------- */

/* Files, and symlinks: archives of docker before 25 have a layer once and links to it (moby, image/tarexport). */
static int add_member(void *context, const struct oci_entry *e, struct error *err)
{
        struct oci_layout *l = context;
        bool whole = e->extent_count == 1 && e->extents[0].offset == 0 && e->extents[0].length == e->size;

        (void)err;
        if (e->kind != OCI_ENTRY_SYMLINK && (e->kind != OCI_ENTRY_FILE || (e->size > 0 && !whole)))
                return 0;
        memory_grow(&l->members, &l->cap, l->count + 1, sizeof(*l->members));
        l->members[l->count] = (struct member){
                .name = memory_strdup(e->path),
                .target = e->kind == OCI_ENTRY_SYMLINK ? memory_strdup(e->target) : NULL,
                .offset = e->size > 0 ? e->extents[0].source : 0,
                .size = e->size,
                .order = l->count,
        };
        l->count++;
        return 0;
}

static int compare_members(const void *a, const void *b)
{
        const struct member *x = a;
        const struct member *y = b;
        int order = strcmp(x->name, y->name);

        return order ? order : x->order < y->order ? -1 : 1;
}

static void sort_members(struct oci_layout *l)
{
        size_t kept = 0;

        if (l->count > 1)
                qsort(l->members, l->count, sizeof(*l->members), compare_members);
        for (size_t i = 0; i < l->count; i++) {
                if (i + 1 < l->count && strcmp(l->members[i].name, l->members[i + 1].name) == 0)
                        free_member(&l->members[i]);
                else
                        l->members[kept++] = l->members[i];
        }
        l->count = kept;
}

static int scan(struct oci_layout *l, int fd, struct error *err)
{
        static const struct oci_layer_options options = {.plain_names = true};
        struct oci_layer_reader *r;
        const struct oci_entry *e = NULL;
        int result;

        if (lseek(fd, 0, SEEK_SET) < 0)
                return error_errno(err, errno, "cannot seek in %s", l->name);
        if (oci_layer_reader_open(fd, &options, &r, err) < 0)
                return -1;
        do {
                result = oci_layer_reader_next(r, &e, err);
                if (result == 0 && e != NULL)
                        result = add_member(l, e, err);
        } while (result == 0 && e != NULL);
        oci_layer_reader_close(r);
        return result;
}

/* Unpacks into a nameless file of the store's scratch. */
static int spool(struct oci_store *s, struct oci_layout *l, int fd, struct error *err)
{
        static const struct oci_layer_options options = {.plain_names = true};
        CLEANUP_FREE char *name = memory_printf("archive.%d", fd);
        struct oci_layer_info info;
        int scratch;

        if (oci_store_scratch(s, &scratch, err) < 0)
                return -1;
        l->fd = openat(scratch, name, O_RDWR | O_CREAT | O_EXCL | O_CLOEXEC | O_NOFOLLOW, 0600);
        if (l->fd < 0 || unlinkat(scratch, name, 0) < 0)
                return error_errno(err, errno, "cannot make a file in the scratch of %s", oci_store_path(s));
        return oci_layer_ingest(fd, l->fd, &options, add_member, l, &info, err);
}

static bool is_plain(int fd)
{
        char head[1024];
        struct stat st;
        ssize_t n;

        if (fstat(fd, &st) < 0 || !S_ISREG(st.st_mode))
                return false;
        n = pread(fd, head, sizeof(head), 0);
        return n > 0 && oci_layer_detect(head, (size_t)n) == OCI_COMPRESSION_NONE;
}

static int open_tar(struct oci_store *s, struct oci_layout *l, int fd, struct error *err)
{
        if (is_plain(fd)) {
                l->fd = fcntl(fd, F_DUPFD_CLOEXEC, 3);
                if (l->fd < 0)
                        return error_errno(err, errno, "cannot read %s", l->name);
                if (scan(l, l->fd, err) < 0)
                        return -1;
        } else if (spool(s, l, fd, err) < 0) {
                return -1;
        }
        sort_members(l);
        return 0;
}

int oci_layout_open_fd(struct oci_store *s, int fd, const char *what, struct oci_layout **ret, struct error *err)
{
        CLEANUP_LAYOUT struct oci_layout *l = memory_zalloc(1, sizeof(*l));

        l->name = memory_strdup(what);
        l->fd = -1;
        if (open_tar(s, l, fd, err) < 0)
                return error_wrap(err, "%s", what);
        *ret = STEAL(l);
        return 0;
}

int oci_layout_open(struct oci_store *s, const char *path, struct oci_layout **ret, struct error *err)
{
        CLEANUP_LAYOUT struct oci_layout *l = NULL;
        CLEANUP_FD int fd = open(path, O_RDONLY | O_CLOEXEC | O_NOCTTY);
        struct stat st;

        if (fd < 0 || fstat(fd, &st) < 0)
                return error_errno(err, errno, "cannot open %s", path);
        if (!S_ISDIR(st.st_mode))
                return oci_layout_open_fd(s, fd, path, ret, err);
        l = memory_zalloc(1, sizeof(*l));
        l->name = memory_strdup(path);
        l->fd = fd_steal(&fd);
        l->is_directory = true;
        *ret = STEAL(l);
        return 0;
}

/* ---- finding files ------------------------------------------------------------------------ */

static int compare_name(const void *key, const void *member)
{
        return strcmp(key, ((const struct member *)member)->name);
}

static int fail_missing(const struct oci_layout *l, const char *name, struct error *err)
{
        CLEANUP_FREE char *quoted = oci_quote(name);

        return error_set(err, ENOENT, "%s has no file %s", l->name, quoted);
}

/* One of the fixed names below the directory, each directory on the way opened without following links. */
static int open_in_directory(const struct oci_layout *l, const char *name, int *ret_fd, struct error *err)
{
        CLEANUP_FREE char *copy = memory_strdup(name);
        CLEANUP_FD int dir = fcntl(l->fd, F_DUPFD_CLOEXEC, 3);
        char *rest = copy;
        char *part = strsep(&rest, "/");

        for (; dir >= 0 && rest != NULL; part = strsep(&rest, "/")) {
                int next = openat(dir, part, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);

                (void)fd_close(dir);
                dir = next;
        }
        *ret_fd = dir < 0 ? -1 : openat(dir, part, O_RDONLY | O_NOFOLLOW | O_CLOEXEC | O_NONBLOCK | O_NOCTTY);
        if (*ret_fd >= 0)
                return 0;
        if (errno == ENOENT)
                return fail_missing(l, name, err);
        return error_errno(err, errno, "cannot open %s/%s", l->name, name);
}

static int find_in_directory(const struct oci_layout *l, const char *name, struct oci_range *ret, struct error *err)
{
        CLEANUP_FD int fd = -1;
        struct stat st;

        if (open_in_directory(l, name, &fd, err) < 0)
                return -1;
        if (fstat(fd, &st) < 0)
                return error_errno(err, errno, "cannot open %s/%s", l->name, name);
        if (!S_ISREG(st.st_mode))
                return error_set(err, EINVAL, "%s/%s is not a file", l->name, name);
        *ret = (struct oci_range){.fd = fd_steal(&fd), .owned = true, .size = (uint64_t)st.st_size};
        return 0;
}

static const struct member *find_member(const struct oci_layout *l, const char *name)
{
        return l->count ? bsearch(name, l->members, l->count, sizeof(*l->members), compare_name) : NULL;
}

/* What a link names, relative to where it lies, among the members alone; only one link is followed, so none can loop.
 */
static const struct member *find_target(const struct oci_layout *l, const struct member *link)
{
        const char *slash = strrchr(link->name, '/');
        int size = slash && link->target[0] != '/' ? (int)(slash - link->name) : 0;
        CLEANUP_FREE char *joined = memory_printf("%.*s/%s", size, link->name, link->target);
        CLEANUP_FREE char *cleaned = path_clean(joined);
        const struct member *m = find_member(l, cleaned);

        return m && m->target ? NULL : m;
}

int oci_layout_find(const struct oci_layout *l, const char *name, struct oci_range *ret, struct error *err)
{
        const struct member *m;

        *ret = (struct oci_range){.fd = -1};
        if (l->is_directory)
                return find_in_directory(l, name, ret, err);
        m = find_member(l, name);
        if (m != NULL && m->target != NULL)
                m = find_target(l, m);
        if (m == NULL)
                return fail_missing(l, name, err);
        *ret = (struct oci_range){.fd = l->fd, .offset = m->offset, .size = m->size};
        return 0;
}

bool oci_layout_has(const struct oci_layout *l, const char *name)
{
        CLEANUP_ERROR struct error ignored = ERROR_INIT;
        CLEANUP_RANGE struct oci_range r = {.fd = -1};

        return oci_layout_find(l, name, &r, &ignored) == 0;
}

int oci_layout_find_blob(const struct oci_layout *l, const struct oci_descriptor *d, struct oci_range *ret,
                         struct error *err)
{
        char name[sizeof(BLOBS) + SHA256_HEX_SIZE] = BLOBS;

        sha256_to_hex(&d->digest, name + strlen(BLOBS));
        if (oci_layout_find(l, name, ret, err) < 0)
                return -1;
        if (ret->size == d->size)
                return 0;
        error_set(err, EBADMSG, "%s: %s has %llu bytes, but %llu were announced", l->name, name,
                  (unsigned long long)ret->size, (unsigned long long)d->size);
        oci_range_close(ret);
        return -1;
}

static int load(const struct oci_layout *l, const char *name, const struct oci_range *r, size_t limit,
                struct buffer *ret, struct error *err)
{
        if (r->size > limit)
                return error_set(err, EFBIG, "%s: %s is larger than the limit of %zu bytes", l->name, name, limit);
        if (fd_pread_all(r->fd, buffer_reserve(ret, (size_t)r->size + 1), (size_t)r->size, (off_t)r->offset) < 0)
                return error_errno(err, errno, "cannot read %s of %s", name, l->name);
        ret->size += (size_t)r->size;
        ret->data[ret->size] = '\0';
        return 0;
}

int oci_layout_load(const struct oci_layout *l, const char *name, size_t limit, struct buffer *ret, struct error *err)
{
        CLEANUP_FREE char *quoted = oci_quote(name);
        CLEANUP_RANGE struct oci_range r = {.fd = -1};

        if (oci_layout_find(l, name, &r, err) < 0)
                return -1;
        return load(l, quoted, &r, limit, ret, err);
}

int oci_layout_load_blob(const struct oci_layout *l, const struct oci_descriptor *d, size_t limit, struct buffer *ret,
                         struct error *err)
{
        CLEANUP_RANGE struct oci_range r = {.fd = -1};
        struct sha256_digest is;
        char text[OCI_DIGEST_TEXT + 1];
        size_t before = ret->size;

        oci_digest_format(&d->digest, text);
        if (oci_layout_find_blob(l, d, &r, err) < 0 || load(l, text, &r, limit, ret, err) < 0)
                return -1;
        sha256_of(ret->data + before, ret->size - before, &is);
        if (sha256_equal(&is, &d->digest))
                return 0;
        return error_set(err, EBADMSG, "%s: the bytes of blob %s do not have that digest", l->name, text);
}
