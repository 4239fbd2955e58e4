/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Writing OCI layouts. First a plan of all blobs is made, so that the index and every size are known; then the files
 * are written in the canonical order of a layer tar (blobs by digest, index.json, oci-layout), into a tar or a
 * directory.
 */
#include <errno.h>
#include <fcntl.h>
#include <dirent.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "common/fd.h"
#include "common/memory.h"
#include "oci/archive.h"
#include "oci/docker_manifest.h"
#include "oci/layout.h"
#include "oci/reference.h"

#define COPY_SIZE (256u * 1024)

/* One file of blobs/sha256, and where its bytes come from. */
struct blob {
        struct sha256_digest digest;
        uint64_t size;
        const struct buffer *bytes;          /* borrowed: a manifest; else NULL */
        const struct oci_image_layer *layer; /* its tar is wanted; NULL: the store has the blob */
};

struct plan {
        struct oci_store *store;
        const struct oci_archive_save_options *options;
        struct oci_packed **packed; /* by item; owned */
        size_t packed_count;
        struct blob *blobs;
        size_t count;
        size_t cap;
        struct oci_index *index;
        struct buffer inner; /* the index of combined images */
};

/* Where files go: a tar, or a directory. */
struct sink {
        struct oci_layer_writer *tar; /* NULL: directory */
        int dir;
        const char *path;
        int fd; /* the file under construction */
};

static void plan_free(struct plan *p)
{
        for (size_t i = 0; i < p->packed_count; i++)
                oci_packed_free(p->packed[i]);
        free(p->packed);
        free(p->blobs);
        oci_index_free(p->index);
        buffer_free(&p->inner);
}

/* ---- planning ------------------------------------------------------------------------------ */

static void add_blob(struct plan *p, const struct blob *blob)
{
        for (size_t i = 0; i < p->count; i++)
                if (sha256_equal(&p->blobs[i].digest, &blob->digest))
                        return;
        memory_grow(&p->blobs, &p->cap, p->count + 1, sizeof(*p->blobs));
        p->blobs[p->count++] = *blob;
}

static void add_packed(struct plan *p, const struct oci_image *image, const struct oci_packed *packed)
{
        const struct oci_manifest *m = packed->manifest;

        for (size_t n = 0; n < m->layer_count; n++) {
                struct blob b = {.digest = m->layers[n].digest, .size = m->layers[n].size};

                b.layer = packed->places[n] == OCI_PACKED_TAR ? &image->layers[n] : NULL;
                add_blob(p, &b);
        }
        add_blob(p, &(struct blob){.digest = m->config.digest, .size = m->config.size});
        add_blob(p, &(struct blob){
                            .digest = packed->descriptor.digest, .size = packed->bytes.size, .bytes = &packed->bytes});
}

static int add_name(struct plan *p, const struct oci_descriptor *d, const char *name, struct error *err)
{
        CLEANUP_REFERENCE struct oci_reference *r = NULL;
        CLEANUP_BUFFER struct buffer full = BUFFER_INIT;
        struct oci_descriptor *entry;

        if (oci_reference_parse(name, &r, err) < 0)
                return -1;
        oci_reference_format(r, &full);
        entry = oci_index_add_manifest(p->index, d);
        oci_labels_set(&entry->annotations, OCI_ANNOTATION_IMAGE_NAME, buffer_text(&full));
        if (r->tag != NULL)
                oci_labels_set(&entry->annotations, OCI_ANNOTATION_REF_NAME, r->tag);
        return 0;
}

static int plan_item(struct plan *p, const struct oci_archive_item *item, struct error *err)
{
        const struct oci_descriptor *d;

        if (oci_image_pack(p->store, item->image, item->pack ? item->pack : &p->options->pack, &p->packed[p->packed_count], err) < 0)
                return error_wrap(err, "cannot save the image");
        d = &p->packed[p->packed_count++]->descriptor;
        add_packed(p, item->image, p->packed[p->packed_count - 1]);
        if (p->options->combine)
                return 0;
        for (size_t n = 0; item->names != NULL && n < item->names->count; n++)
                if (add_name(p, d, item->names->items[n], err) < 0)
                        return -1;
        if (item->names == NULL || item->names->count == 0)
                (void)oci_index_add_manifest(p->index, d);
        return 0;
}

/* The images are listed by an index of their own, and that one stands in index.json under all names. */
static int combine(struct plan *p, const struct oci_archive_item *items, size_t count, struct error *err)
{
        struct oci_descriptor d;
        int result = 0;
        bool named = false;

        oci_index_combine(p->packed, count, p->options->index_annotations, &p->inner, &d);
        if (p->options->index_descriptor_annotations)
                oci_labels_copy(&d.annotations, p->options->index_descriptor_annotations);
        add_blob(p, &(struct blob){.digest = d.digest, .size = d.size, .bytes = &p->inner});
        for (size_t i = 0; i < count && result == 0; i++) {
                for (size_t n = 0; items[i].names && n < items[i].names->count && result == 0; n++) {
                        result = add_name(p, &d, items[i].names->items[n], err);
                        named = true;
                }
        }
        if (!named)
                (void)oci_index_add_manifest(p->index, &d);
        oci_descriptor_clear(&d);
        return result;
}

static int compare_blobs(const void *a, const void *b)
{
        return memcmp(&((const struct blob *)a)->digest, &((const struct blob *)b)->digest,
                      sizeof(struct sha256_digest));
}

static int make_plan(struct plan *p, const struct oci_archive_item *items, size_t count, struct error *err)
{
        p->packed = memory_zalloc(count, sizeof(*p->packed));
        p->index = oci_index_new(OCI_TYPE_INDEX);
        for (size_t i = 0; i < count; i++)
                if (plan_item(p, &items[i], err) < 0)
                        return -1;
        if (p->options->combine && combine(p, items, count, err) < 0)
                return -1;
        if (p->count > 1)
                qsort(p->blobs, p->count, sizeof(*p->blobs), compare_blobs);
        return 0;
}

/* ---- sinks ----------------------------------------------------------------------------------- */

static int sink_fail(const struct sink *k, const char *name, struct error *err)
{
        return error_errno(err, errno, "cannot write %s/%s", k->path, name);
}

static int sink_directory(struct sink *k, const char *name, struct error *err)
{
        struct oci_entry e = {.kind = OCI_ENTRY_DIRECTORY, .path = name, .mode = 0755};

        if (k->tar != NULL)
                return oci_layer_writer_entry(k->tar, &e, err);
        return mkdirat(k->dir, name, 0777) < 0 ? sink_fail(k, name, err) : 0;
}

static int sink_begin(struct sink *k, const char *name, uint64_t size, struct error *err)
{
        struct oci_entry e = {.kind = OCI_ENTRY_FILE, .path = name, .mode = 0644, .size = size};

        if (k->tar != NULL)
                return oci_layer_writer_entry(k->tar, &e, err);
        k->fd = openat(k->dir, name, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC | O_NOFOLLOW, 0666);
        return k->fd < 0 ? sink_fail(k, name, err) : 0;
}

static int sink_write(struct sink *k, const char *name, const void *bytes, size_t size, struct error *err)
{
        if (k->tar != NULL)
                return oci_layer_writer_body(k->tar, bytes, size, err);
        return fd_write_all(k->fd, bytes, size) < 0 ? sink_fail(k, name, err) : 0;
}

static int sink_end(struct sink *k, const char *name, struct error *err)
{
        if (k->tar == NULL && close(fd_steal(&k->fd)) < 0)
                return sink_fail(k, name, err);
        return 0;
}

static int sink_file(struct sink *k, const char *name, const void *bytes, size_t size, struct error *err)
{
        if (sink_begin(k, name, size, err) < 0 || sink_write(k, name, bytes, size, err) < 0)
                return -1;
        return sink_end(k, name, err);
}

/* ---- writing blobs ------------------------------------------------------------------------------ */

/* Bytes on their way into the sink, digested. */
struct checked {
        struct sink *sink;
        const char *name;
        uint64_t size;
        struct sha256 hash;
};

static int write_checked(void *context, const void *bytes, size_t size, struct error *err)
{
        struct checked *c = context;

        sha256_update(&c->hash, bytes, size);
        c->size += size;
        return sink_write(c->sink, c->name, bytes, size, err);
}

static int copy_stored(struct plan *p, const struct blob *b, struct checked *c, struct error *err)
{
        CLEANUP_FREE char *bytes = memory_alloc(COPY_SIZE);
        CLEANUP_FD int fd = -1;
        uint64_t size;

        if (oci_store_blob_open(p->store, &b->digest, &fd, &size, err) < 0)
                return -1;
        for (uint64_t at = 0; at < size;) {
                size_t n = size - at < COPY_SIZE ? (size_t)(size - at) : COPY_SIZE;

                if (fd_pread_all(fd, bytes, n, (off_t)at) < 0)
                        return error_errno(err, errno, "cannot read %s of the store", c->name);
                if (write_checked(c, bytes, n, err) < 0)
                        return -1;
                at += n;
        }
        return 0;
}

/* A tar is checked by who gives it. */
static int write_tar(void *context, const void *bytes, size_t size, struct error *err)
{
        const struct checked *c = context;

        return sink_write(c->sink, c->name, bytes, size, err);
}

static int fill_blob(struct plan *p, const struct blob *b, struct checked *c, struct error *err)
{
        struct sha256_digest is;

        if (b->layer != NULL)
                return oci_layer_stream_tar(p->store, b->layer, &p->options->pack.stream, write_tar, c, err);
        sha256_init(&c->hash);
        if ((b->bytes != NULL ? write_checked(c, b->bytes->data, b->bytes->size, err) : copy_stored(p, b, c, err)) < 0)
                return -1;
        sha256_final(&c->hash, &is);
        if (c->size != b->size || !sha256_equal(&is, &b->digest))
                return error_set(err, EBADMSG, "the bytes of %s are not what they were (%llu of %llu bytes)", c->name,
                                 (unsigned long long)c->size, (unsigned long long)b->size);
        return 0;
}

static int write_blob(struct plan *p, struct sink *k, const struct blob *b, struct error *err)
{
        char name[16 + SHA256_HEX_SIZE] = "blobs/sha256/";
        struct checked c = {.sink = k, .name = name};

        sha256_to_hex(&b->digest, name + strlen(name));
        if (sink_begin(k, name, b->size, err) < 0)
                return -1;
        if (fill_blob(p, b, &c, err) < 0)
                return error_wrap(err, "cannot save the image");
        return sink_end(k, name, err);
}

static int write_plan(struct plan *p, const struct buffer *docker, struct sink *k, struct error *err)
{
        CLEANUP_BUFFER struct buffer index = BUFFER_INIT;

        if (sink_directory(k, "blobs", err) < 0 || sink_directory(k, "blobs/sha256", err) < 0)
                return -1;
        for (size_t i = 0; i < p->count; i++)
                if (write_blob(p, k, &p->blobs[i], err) < 0)
                        return -1;
        oci_index_format(p->index, &index);
        if (sink_file(k, OCI_LAYOUT_INDEX, index.data, index.size, err) < 0)
                return -1;
        if (docker->size > 0 && sink_file(k, "manifest.json", docker->data, docker->size, err) < 0)
                return -1;
        return sink_file(k, OCI_LAYOUT_FILE, OCI_LAYOUT_VERSION, strlen(OCI_LAYOUT_VERSION), err);
}

static int save(struct oci_store *s, const struct oci_archive_item *items, size_t count,
                const struct oci_archive_save_options *options, struct sink *k, struct error *err)
{
        static const struct oci_archive_save_options usual = {.pack = OCI_PACK_DEFAULT};
        struct plan p = {.store = s, .options = options ? options : &usual};
        CLEANUP_BUFFER struct buffer docker = BUFFER_INIT;
        int result = make_plan(&p, items, count, err);

        if (result == 0 && p.options->docker)
                oci_docker_manifest_format(items, p.packed, count, &docker);
        if (result == 0)
                result = write_plan(&p, &docker, k, err);
        plan_free(&p);
        return result;
}

/* ---- the two forms ---------------------------------------------------------------------------------- */

static int write_out(void *context, const void *bytes, size_t size, struct error *err)
{
        const int *fd = context;

        return fd_write_all(*fd, bytes, size) < 0 ? error_errno(err, errno, "cannot write the archive") : 0;
}

int oci_archive_save_tar(struct oci_store *s, const struct oci_archive_item *items, size_t count,
                         const struct oci_archive_save_options *options, int out_fd, struct error *err)
{
        struct sink k = {.tar = oci_layer_writer_new(write_out, &out_fd), .dir = -1, .path = "the archive", .fd = -1};
        int result = save(s, items, count, options, &k, err);

        if (result == 0)
                result = oci_layer_writer_finish(k.tar, err);
        oci_layer_writer_free(k.tar);
        return result;
}

static int check_empty(int dir, const char *path, struct error *err)
{
        int fd = openat(dir, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
        DIR *d = fd < 0 ? NULL : fdopendir(fd);
        const struct dirent *e;
        bool empty = true;

        if (d == NULL) {
                error_errno(err, errno, "cannot list %s", path);
                return fd_close(fd);
        }
        while ((e = readdir(d)) != NULL)
                empty = empty && (strcmp(e->d_name, ".") == 0 || strcmp(e->d_name, "..") == 0);
        (void)closedir(d);
        return empty ? 0 : error_set(err, ENOTEMPTY, "cannot save to %s: the directory is not empty", path);
}

int oci_archive_save_directory(struct oci_store *s, const struct oci_archive_item *items, size_t count,
                               const struct oci_archive_save_options *options, const char *path, struct error *err)
{
        CLEANUP_FD int dir = -1;
        struct sink k = {.path = path, .fd = -1};
        int result;

        if (mkdir(path, 0777) < 0 && errno != EEXIST)
                return error_errno(err, errno, "cannot make directory %s", path);
        dir = fd_open_directory(AT_FDCWD, path);
        if (dir < 0)
                return error_errno(err, errno, "cannot open directory %s", path);
        if (check_empty(dir, path, err) < 0)
                return -1;
        k.dir = dir;
        result = save(s, items, count, options, &k, err);
        (void)fd_close(k.fd); /* open only after a failure */
        return result;
}
