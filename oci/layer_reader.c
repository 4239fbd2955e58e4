/* SPDX-License-Identifier: Apache-2.0 */
/* Members of a tar become entries of a layer: paths are cleaned, whiteouts recognised, the impossible refused. */
#include "oci/layer_reader.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "common/buffer.h"
#include "common/memory.h"
#include "oci/limits.h"
#include "oci/quote.h"
#include "oci/stream.h"
#include "oci/tar_header.h"
#include "oci/tar_reader.h"

/* OCI image-spec layer.md, "Whiteouts"; the others are aufs's own files, which Docker once let into layers. */
#define WHITEOUT_PREFIX ".wh."
#define AUFS_PREFIX     ".wh..wh."
#define OPAQUE_NAME     AUFS_PREFIX ".opq"

struct oci_layer_reader {
        struct oci_stream *stream;
        struct oci_tar_reader *tar;
        struct oci_layer_options options;
        struct buffer path;
        struct buffer target;
        struct oci_entry entry;
        uint64_t count;
        uint64_t skipped;
};

static bool has_prefix(const char *s, const char *prefix)
{
        return strncmp(s, prefix, strlen(prefix)) == 0;
}

/* Sets `ret` to `name` cleaned as if it stood below a root: no ".", no "..", no empty components, no slash at the ends.
 */
static int clean(const char *name, struct buffer *ret, struct error *err)
{
        buffer_clear(ret);
        *buffer_reserve(ret, 1) = '\0';
        while (*name) {
                size_t n = strcspn(name, "/");

                if (n == 2 && memcmp(name, "..", 2) == 0) {
                        const char *slash = ret->size > 0 ? memrchr(ret->data, '/', ret->size) : NULL;

                        ret->size = slash ? (size_t)(slash - ret->data) : 0;
                } else if (n > OCI_LIMIT_NAME + (has_prefix(name, WHITEOUT_PREFIX) ? strlen(WHITEOUT_PREFIX) : 0)) {
                        return error_set(err, ENAMETOOLONG, "a name is longer than the limit of %u bytes",
                                         OCI_LIMIT_NAME);
                } else if (n > 0 && !(n == 1 && *name == '.')) {
                        if (ret->size > 0)
                                buffer_append_char(ret, '/');
                        buffer_append(ret, name, n);
                }
                name += n + (name[n] == '/');
        }
        if (ret->size > OCI_LIMIT_PATH)
                return error_set(err, ENAMETOOLONG, "the path is longer than the limit of %u bytes", OCI_LIMIT_PATH);
        ret->data[ret->size] = '\0';
        return 0;
}

/* True if any component but the last starts with the prefix. */
static bool has_parent_with(const char *path, const char *prefix)
{
        for (const char *slash = strchr(path, '/'); slash != NULL; path = slash + 1, slash = strchr(path, '/'))
                if (has_prefix(path, prefix))
                        return true;
        return false;
}

/* Turns the cleaned path ".../.wh.x" into the path of what it removes, in place. */
static int apply_whiteout(struct oci_layer_reader *r, char *base, struct error *err)
{
        struct oci_entry *e = &r->entry;
        const char *removed = base + strlen(WHITEOUT_PREFIX);

        if (e->kind != OCI_ENTRY_FILE && e->kind != OCI_ENTRY_HARDLINK)
                return error_set(err, EINVAL, "a whiteout that is not a file");
        if (*removed == '\0' || strcmp(removed, ".") == 0 || strcmp(removed, "..") == 0)
                return error_set(err, EINVAL, "a whiteout without a valid name");
        e->kind = OCI_ENTRY_WHITEOUT;
        if (strcmp(base, OPAQUE_NAME) == 0) {
                e->kind = OCI_ENTRY_OPAQUE;
                base[base > r->path.data ? -1 : 0] = '\0';
        } else {
                memmove(base, removed, strlen(removed) + 1);
        }
        /* of a whiteout nothing but the path means anything */
        *e = (struct oci_entry){.kind = e->kind, .path = r->path.data};
        return 0;
}

/* Sets *ret_skip for what is not part of the tree: files of aufs. */
static int check_whiteout(struct oci_layer_reader *r, bool *ret_skip, struct error *err)
{
        char *slash = r->path.size > 0 ? memrchr(r->path.data, '/', r->path.size) : NULL;
        char *base = slash ? slash + 1 : r->path.data;

        *ret_skip = false;
        if (r->options.plain_names || r->path.size == 0)
                return 0;
        if ((has_prefix(base, AUFS_PREFIX) && strcmp(base, OPAQUE_NAME) != 0) ||
            has_parent_with(r->path.data, AUFS_PREFIX)) {
                *ret_skip = true;
                return 0;
        }
        if (has_parent_with(r->path.data, WHITEOUT_PREFIX))
                return error_set(err, EINVAL, "a path below a whiteout");
        return has_prefix(base, WHITEOUT_PREFIX) ? apply_whiteout(r, base, err) : 0;
}

static int fill_target(struct oci_layer_reader *r, const struct oci_tar_member *m, struct error *err)
{
        if (m->link == NULL)
                return 0;
        if (strlen(m->link) > OCI_LIMIT_PATH)
                return error_set(err, ENAMETOOLONG, "the link target is longer than the limit of %u bytes",
                                 OCI_LIMIT_PATH);
        r->entry.target = m->link;
        if (m->kind != OCI_ENTRY_HARDLINK)
                return 0;
        if (clean(m->link, &r->target, err) < 0)
                return -1;
        r->entry.target = r->target.data;
        if (r->target.size == 0)
                return error_set(err, EINVAL, "a hard link to the root directory");
        return 0;
}

static int check_target(const struct oci_layer_reader *r, struct error *err)
{
        const struct oci_entry *e = &r->entry;

        if (e->kind != OCI_ENTRY_HARDLINK)
                return 0;
        if (strcmp(e->target, e->path) == 0)
                return error_set(err, EINVAL, "a hard link to itself");
        if (!r->options.plain_names &&
            (has_prefix(e->target, AUFS_PREFIX) || has_parent_with(e->target, WHITEOUT_PREFIX)))
                return error_set(err, EINVAL, "a hard link to a file of aufs: rebuild the image with a newer builder");
        return 0;
}

static int fill_entry(struct oci_layer_reader *r, const struct oci_tar_member *m, bool *ret_skip, struct error *err)
{
        if (clean(m->name, &r->path, err) < 0)
                return -1;
        r->entry = (struct oci_entry){
                .kind = m->kind,
                .path = r->path.data,
                .mode = m->mode,
                .uid = m->uid,
                .gid = m->gid,
                .mtime = m->mtime,
                .mtime_ns = m->mtime_ns,
                .size = m->size,
                .rdev_major = m->rdev_major,
                .rdev_minor = m->rdev_minor,
                .xattrs = m->xattrs,
                .xattr_count = m->xattr_count,
                .extents = m->extents,
                .extent_count = m->extent_count,
        };
        if (r->path.size == 0 && m->kind != OCI_ENTRY_DIRECTORY)
                return error_set(err, EINVAL, "an entry for the root that is not a directory");
        if (check_whiteout(r, ret_skip, err) < 0 || *ret_skip || r->entry.kind == OCI_ENTRY_WHITEOUT ||
            r->entry.kind == OCI_ENTRY_OPAQUE)
                return error_is_set(err) ? -1 : 0;
        if (fill_target(r, m, err) < 0)
                return -1;
        return check_target(r, err);
}

static int open_stream(const struct oci_stream_input *input, int out_fd, bool copy,
                       const struct oci_layer_options *options, struct oci_layer_reader **ret, struct error *err)
{
        struct oci_layer_reader *r = memory_zalloc(1, sizeof(*r));

        if (options != NULL)
                r->options = *options;
        if (oci_stream_open(input, out_fd, copy, &r->stream, err) < 0) {
                oci_layer_reader_close(r);
                return -1;
        }
        r->tar = oci_tar_reader_new(r->stream);
        *ret = r;
        return 0;
}

int oci_layer_reader_open(int fd, const struct oci_layer_options *options, struct oci_layer_reader **ret,
                          struct error *err)
{
        return open_stream(&(struct oci_stream_input){.fd = fd}, -1, false, options, ret, err);
}

void oci_layer_reader_close(struct oci_layer_reader *r)
{
        if (r == NULL)
                return;
        oci_tar_reader_free(r->tar);
        oci_stream_close(r->stream);
        buffer_free(&r->path);
        buffer_free(&r->target);
        free(r);
}

static int wrap(const struct oci_tar_member *m, struct error *err)
{
        CLEANUP_FREE char *quoted = oci_quote(m->name);

        return error_wrap(err, "tar member %s", quoted);
}

int oci_layer_reader_next(struct oci_layer_reader *r, const struct oci_entry **ret, struct error *err)
{
        const struct oci_tar_member *m;
        bool skip = true;

        *ret = NULL;
        while (skip) {
                if (oci_tar_reader_next(r->tar, &m, err) < 0)
                        return -1;
                if (m == NULL) {
                        if (r->skipped > 0)
                                log_print(r->options.log, LOG_INFO,
                                          "left out %llu members of a layer that aufs had made for itself",
                                          (unsigned long long)r->skipped);
                        return 0;
                }
                skip = false;
                if (fill_entry(r, m, &skip, err) < 0)
                        return wrap(m, err);
                r->skipped += skip;
        }
        r->count++;
        *ret = &r->entry;
        return 0;
}

static int ingest(struct oci_layer_reader *r, oci_entry_function *entry, void *context, struct oci_layer_info *ret,
                  struct error *err)
{
        const struct oci_entry *e;

        do {
                if (oci_layer_reader_next(r, &e, err) < 0)
                        return -1;
                if (e != NULL && entry != NULL && entry(context, e, err) < 0)
                        return -1;
        } while (e != NULL);
        if (oci_stream_finish(r->stream, ret, err) < 0)
                return -1;
        ret->entry_count = r->count;
        return 0;
}

static int ingest_input(const struct oci_stream_input *input, int out_fd, const struct oci_layer_options *options,
                        oci_entry_function *entry, void *context, struct oci_layer_info *ret, struct error *err)
{
        struct oci_layer_reader *r;
        int result;

        if (open_stream(input, out_fd, true, options, &r, err) < 0)
                return -1;
        result = ingest(r, entry, context, ret, err);
        oci_layer_reader_close(r);
        return result;
}

int oci_layer_ingest(int in_fd, int out_fd, const struct oci_layer_options *options, oci_entry_function *entry,
                     void *context, struct oci_layer_info *ret, struct error *err)
{
        return ingest_input(&(struct oci_stream_input){.fd = in_fd}, out_fd, options, entry, context, ret, err);
}

int oci_layer_ingest_range(int in_fd, uint64_t offset, uint64_t size, int out_fd,
                           const struct oci_layer_options *options, struct oci_layer_info *ret, struct error *err)
{
        struct oci_stream_input input = {.fd = in_fd, .ranged = true, .offset = offset, .size = size};

        return ingest_input(&input, out_fd, options, NULL, NULL, ret, err);
}

int oci_layer_ingest_feed(const struct oci_layer_feed *feed, int out_fd, const struct oci_layer_options *options,
                          oci_entry_function *entry, void *context, struct oci_layer_info *ret, struct error *err)
{
        return ingest_input(&(struct oci_stream_input){.fd = feed->fd, .feed = feed}, out_fd, options, entry, context, ret, err);
}

bool oci_layer_is_archive(const void *bytes, size_t size)
{
        if (size >= OCI_TAR_BLOCK && oci_tar_block_is_header(bytes))
                return true;
        return oci_layer_detect(bytes, size) != OCI_COMPRESSION_NONE;
}
