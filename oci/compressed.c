/* SPDX-License-Identifier: Apache-2.0 */
/* Compressed layers of our own making, kept in the store. */
#include "oci/compressed.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>

#include "common/fd.h"
#include "common/memory.h"
#include "oci/digest.h"
#include "oci/json.h"
#include "oci/json_writer.h"

#define VERSION   1
#define COPY_SIZE (256u * 1024)
/* What is smaller has been made before anybody could do much with half of it. */
#define WATCH_MIN ((uint64_t)4 << 20)
#define SYNC_STEP ((uint64_t)8 << 20)

/* ---- the tar --------------------------------------------------------------------------- */

/* Bytes on their way to somebody else, digested. */
struct checked {
        oci_write_function *write;
        void *context;
        struct sha256 hash;
        uint64_t size;
};

static int write_checked(void *context, const void *bytes, size_t size, struct error *err)
{
        struct checked *c = context;

        sha256_update(&c->hash, bytes, size);
        c->size += size;
        return c->write(c->context, bytes, size, err);
}

static int stream_blob(struct oci_store *s, const struct oci_image_layer *layer, struct checked *c, struct error *err)
{
        CLEANUP_FREE char *bytes = memory_alloc(COPY_SIZE);
        CLEANUP_FD int fd = -1;
        uint64_t size;

        if (oci_store_blob_open(s, &layer->diff_id, &fd, &size, err) < 0)
                return -1;
        for (uint64_t at = 0; at < size;) {
                size_t n = size - at < COPY_SIZE ? (size_t)(size - at) : COPY_SIZE;

                if (fd_pread_all(fd, bytes, n, (off_t)at) < 0)
                        return error_errno(err, errno, "cannot read the tar of a layer in %s", oci_store_path(s));
                if (write_checked(c, bytes, n, err) < 0)
                        return -1;
                at += n;
        }
        return 0;
}

int oci_layer_stream_tar(struct oci_store *s, const struct oci_image_layer *layer, const struct oci_layer_stream *from,
                         oci_write_function *write, void *write_context, struct error *err)
{
        struct checked c = {.write = write, .context = write_context};
        bool stored = oci_store_blob_has(s, &layer->diff_id);
        char text[OCI_DIGEST_TEXT + 1];
        struct sha256_digest is;

        oci_digest_format(&layer->diff_id, text);
        sha256_init(&c.hash);
        if (!stored && (layer->writer == 0 || from->function == NULL))
                return error_set(err, ENOENT, "the tar of layer %s is not in %s", text, oci_store_path(s));
        if ((stored ? stream_blob(s, layer, &c, err) : from->function(from->context, layer, write_checked, &c, err)) <
            0)
                return -1;
        sha256_final(&c.hash, &is);
        if (c.size == layer->size && sha256_equal(&is, &layer->diff_id))
                return 0;
        return error_set(err, EBADMSG, "the bytes of layer %s in %s are not what they were (%llu of %llu bytes)", text,
                         oci_store_path(s), (unsigned long long)c.size, (unsigned long long)layer->size);
}

/* ---- records --------------------------------------------------------------------------- */

static char *record_name(const struct sha256_digest *diff_id, const struct oci_compress_options *o)
{
        char hex[SHA256_HEX_SIZE + 1];

        sha256_to_hex(diff_id, hex);
        return memory_printf("%s-%s-%d", hex, oci_compression_name(o->compression), oci_compress_level(o));
}

static int save_record(struct oci_store *s, const char *name, const struct oci_descriptor *d, struct error *err)
{
        CLEANUP_BUFFER struct buffer text = BUFFER_INIT;
        struct oci_json_writer w = OCI_JSON_WRITER(&text);

        oci_json_begin_object(&w, NULL);
        oci_json_add_int(&w, "version", VERSION);
        oci_descriptor_format(&w, "blob", d);
        oci_json_end_object(&w);
        return oci_store_save(s, OCI_STORE_COMPRESSED, name, text.data, text.size, err);
}

static int parse_record(const char *what, const struct buffer *text, struct oci_descriptor *ret, struct error *err)
{
        CLEANUP_JSON struct oci_json *v = NULL;
        const struct oci_json *blob = NULL;
        int64_t version = 0;

        if (oci_json_parse(what, text->data, text->size, &v, err) < 0)
                return -1;
        if (oci_json_kind(v) != OCI_JSON_OBJECT)
                return error_set(err, EINVAL, "%s is not an object", what);
        if (oci_json_get_int(what, v, "version", &version, err) < 0 ||
            oci_json_get_object(what, v, "blob", &blob, err) < 0)
                return -1;
        if (version != VERSION || blob == NULL)
                return error_set(err, EINVAL, "%s has no blob, or version %lld where this bryo knows %d", what,
                                 (long long)version, VERSION);
        return oci_descriptor_parse(what, blob, ret, err);
}

int oci_compressed_load(struct oci_store *s, const char *name, struct sha256_digest *ret_diff_id,
                        struct oci_descriptor *ret, struct error *err)
{
        CLEANUP_FREE char *what = memory_printf("%s/%s/%s", oci_store_path(s), "compressed", name);
        CLEANUP_FREE char *hex = memory_strndup(name, SHA256_HEX_SIZE);
        CLEANUP_BUFFER struct buffer text = BUFFER_INIT;

        if (!sha256_from_hex(hex, ret_diff_id) || name[SHA256_HEX_SIZE] != '-')
                return error_set(err, EINVAL, "%s is not named after a layer", what);
        if (oci_store_load(s, OCI_STORE_COMPRESSED, name, &text, err) < 0)
                return -1;
        return parse_record(what, &text, ret, err);
}

/* ---- finding and making ------------------------------------------------------------------ */

static const char *media_type(enum oci_compression c)
{
        if (c == OCI_COMPRESSION_NONE)
                return OCI_TYPE_LAYER;
        return c == OCI_COMPRESSION_GZIP ? OCI_TYPE_LAYER_GZIP : OCI_TYPE_LAYER_ZSTD;
}

static bool has_blob(struct oci_store *s, const struct oci_descriptor *d)
{
        CLEANUP_ERROR struct error ignored = ERROR_INIT;
        CLEANUP_FD int fd = -1;
        uint64_t size;

        return oci_store_blob_open(s, &d->digest, &fd, &size, &ignored) == 0 && size == d->size;
}

int oci_compressed_find(struct oci_store *s, const struct oci_image_layer *layer, const struct oci_compress_options *o,
                        bool *ret_found, struct oci_descriptor *ret, struct error *err)
{
        CLEANUP_FREE char *name = record_name(&layer->diff_id, o);
        struct oci_descriptor kept = {.media_type = NULL};
        CLEANUP_ERROR struct error load_err = ERROR_INIT;
        struct sha256_digest diff_id;

        *ret_found = true;
        if (oci_compress_check(o, err) < 0)
                return -1;
        if (o->compression == OCI_COMPRESSION_NONE) {
                *ret = (struct oci_descriptor){.digest = layer->diff_id, .size = layer->size};
                ret->media_type = memory_strdup(media_type(o->compression));
                return 0;
        }
        *ret_found = oci_compressed_load(s, name, &diff_id, &kept, &load_err) == 0 && has_blob(s, &kept);
        if (*ret_found) {
                *ret = kept;
                return 0;
        }
        oci_descriptor_clear(&kept);
        if (error_is_set(&load_err) && load_err.code != ENOENT)
                log_print(oci_store_log(s), LOG_WARNING, "a layer is compressed again: %s", load_err.message);
        return 0;
}

/* A blob on its way into the store. */
struct packed {
        const struct oci_store *store;
        const struct oci_image_layer *layer;
        const struct oci_compressed_watch *watch; /* NULL: nobody */
        void *watched;                            /* what its `begin` returned */
        int fd;
        struct sha256 hash;
        uint64_t size, begun; /* bytes; those that the kernel was told to write to the disk */
};

/* The disk works while the rest is compressed, so that the sync at the end finds little to do. Only a hint. */
static void begin_sync(struct packed *p)
{
        if (p->size - p->begun < SYNC_STEP)
                return;
        (void)sync_file_range(p->fd, (off_t)p->begun, (off_t)(p->size - p->begun), SYNC_FILE_RANGE_WRITE);
        p->begun = p->size;
}

static int write_packed(void *context, const void *bytes, size_t size, struct error *err)
{
        struct packed *p = context;

        sha256_update(&p->hash, bytes, size);
        if (fd_write_all(p->fd, bytes, size) < 0)
                return error_errno(err, errno, "cannot write a compressed layer into %s", oci_store_path(p->store));
        if (p->watch && p->size < WATCH_MIN && p->size + size >= WATCH_MIN)
                p->watched = p->watch->begin(p->watch->context, p->layer, p->fd);
        p->size += size;
        begin_sync(p);
        return 0;
}

static int pack(struct oci_store *s, const struct oci_compressed_options *o, struct packed *p, struct error *err)
{
        CLEANUP_COMPRESSOR struct oci_compressor *c = NULL;

        if (oci_compressor_new(&o->compress, write_packed, p, &c, err) < 0 ||
            oci_layer_stream_tar(s, p->layer, &o->stream, oci_compressor_write, c, err) < 0)
                return -1;
        return oci_compressor_finish(c, err);
}

static int make(struct oci_store *s, const struct oci_image_layer *layer, const struct oci_compressed_options *o,
                struct oci_descriptor *ret, struct error *err)
{
        CLEANUP_STORE_FILE struct oci_store_file *file = NULL;
        struct packed p = {.store = s, .layer = layer, .watch = o->watch};
        struct oci_descriptor made = {.media_type = NULL};
        int result;

        if (oci_store_file_create(s, OCI_STORE_BLOBS, &file, err) < 0)
                return -1;
        p.fd = oci_store_file_fd(file);
        sha256_init(&p.hash);
        result = pack(s, o, &p, err);
        if (result == 0) {
                made.media_type = memory_strdup(media_type(o->compress.compression));
                made.size = p.size;
                sha256_final(&p.hash, &made.digest);
        }
        if (p.watched)
                p.watch->end(p.watch->context, p.watched, result == 0 ? &made : NULL);
        if (result == 0)
                result = oci_store_blob_commit(file, &made.digest, err);
        if (result < 0)
                oci_descriptor_clear(&made);
        else
                *ret = made;
        return result;
}

int oci_compressed_ensure(struct oci_store *s, const struct oci_image_layer *layer, const struct oci_compressed_options *o,
                          struct oci_descriptor *ret, struct error *err)
{
        CLEANUP_FREE char *name = record_name(&layer->diff_id, &o->compress);
        bool found = false;

        if (oci_compressed_find(s, layer, &o->compress, &found, ret, err) < 0)
                return -1;
        if (found)
                return 0;
        if (make(s, layer, o, ret, err) < 0)
                return -1;
        if (save_record(s, name, ret, err) == 0)
                return 0;
        oci_descriptor_clear(ret);
        return -1;
}
