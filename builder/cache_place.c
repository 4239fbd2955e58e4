/* SPDX-License-Identifier: Apache-2.0 */
/* The places of step caches that travel: one table of functions for a directory (a registry is the second). */
#include "builder/cache_place.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "common/fd.h"
#include "common/memory.h"
#include "oci/cache_layout.h"
#include "oci/digest.h"
#include "oci/layer_reader.h"

struct builder_cache_place {
        const struct builder_cache_place_options *options; /* borrowed */
        struct builder_workshop *workshop;                 /* borrowed */
        struct oci_cache_layout *layout;
};

void builder_cache_place_options_free(struct builder_cache_place_options *o)
{
        free(o->where);
        free(o->tag);
        free(o->digest);
        *o = (struct builder_cache_place_options){.where = NULL};
}

void builder_cache_options_free(struct builder_cache_options *o)
{
        for (size_t i = 0; i < o->from_count; i++)
                builder_cache_place_options_free(&o->from[i]);
        for (size_t i = 0; i < o->to_count; i++)
                builder_cache_place_options_free(&o->to[i]);
        free(o->from);
        free(o->to);
        *o = (struct builder_cache_options){.from = NULL};
}

char *builder_cache_place_title(const struct builder_cache_place_options *o)
{
        return o->kind == BUILDER_CACHE_INLINE ? memory_strdup("the cache in the image")
                                               : memory_printf("the cache in %s", o->where);
}

int builder_cache_place_open(const struct builder_cache_place_options *o, struct builder_workshop *w, bool write,
                             struct builder_cache_place **ret, struct error *err)
{
        struct builder_cache_place *p;

        if (o->kind == BUILDER_CACHE_REGISTRY)
                return error_set(err, ENOTSUP, "caches in registries are not built yet; write type=local");
        p = memory_zalloc(1, sizeof(*p));
        p->options = o;
        p->workshop = w;
        if (oci_cache_layout_open(w->store, o->where, write, &p->layout, err) < 0) {
                builder_cache_place_close(p);
                return -1;
        }
        *ret = p;
        return 0;
}

void builder_cache_place_close(struct builder_cache_place *p)
{
        if (p == NULL)
                return;
        oci_cache_layout_close(p->layout);
        free(p);
}

int builder_cache_place_manifest(struct builder_cache_place *p, struct oci_manifest **ret, struct error *err)
{
        struct sha256_digest digest;

        if (p->options->digest && oci_digest_parse(p->options->digest, &digest, err) < 0)
                return -1;
        return oci_cache_layout_load(p->layout, p->options->tag, p->options->digest ? &digest : NULL, ret, err);
}

/* --- reading ---------------------------------------------------------------------------- */

/* The bytes of a blob from byte 0 of a descriptor. */
static int open_blob(struct builder_cache_place *p, const struct oci_descriptor *d, int *ret_fd, struct error *err)
{
        return oci_cache_layout_blob(p->layout, d, ret_fd, err);
}

int builder_cache_place_load(struct builder_cache_place *p, const struct oci_descriptor *d, size_t limit,
                             struct buffer *ret, struct error *err)
{
        char text[OCI_DIGEST_TEXT + 1];
        CLEANUP_FD int fd = -1;
        struct sha256_digest is;

        oci_digest_format(&d->digest, text);
        if (d->size > limit)
                return error_set(err, EFBIG, "%s is larger than the limit of %zu bytes", text, limit);
        if (open_blob(p, d, &fd, err) < 0)
                return -1;
        if (fd_pread_all(fd, buffer_reserve(ret, (size_t)d->size + 1), (size_t)d->size, 0) < 0)
                return error_errno(err, errno, "cannot read %s", text);
        sha256_of(ret->data + ret->size, (size_t)d->size, &is);
        ret->size += (size_t)d->size;
        ret->data[ret->size] = '\0';
        return sha256_equal(&is, &d->digest) ? 0
                                             : error_set(err, EBADMSG, "the bytes of %s do not have that digest", text);
}

int builder_cache_place_layer(struct builder_cache_place *p, const struct oci_descriptor *d,
                              const struct sha256_digest *diff_id, uint64_t size, struct error *err)
{
        const struct oci_layer_options options = {.log = p->workshop->log};
        CLEANUP_STORE_FILE struct oci_store_file *file = NULL;
        CLEANUP_FD int fd = -1;
        struct oci_layer_info info;
        char text[OCI_DIGEST_TEXT + 1];

        if (oci_store_blob_has(p->workshop->store, diff_id))
                return 0;
        oci_digest_format(&d->digest, text);
        if (open_blob(p, d, &fd, err) < 0 ||
            oci_store_file_create(p->workshop->store, OCI_STORE_BLOBS, &file, err) < 0 ||
            oci_layer_ingest_range(fd, 0, d->size, oci_store_file_fd(file), &options, &info, err) < 0)
                return -1;
        if (!sha256_equal(&info.blob_digest, &d->digest))
                return error_set(err, EBADMSG, "the bytes of %s do not have that digest", text);
        if (!sha256_equal(&info.diff_id, diff_id) || info.size != size)
                return error_set(err, EBADMSG, "the layer %s does not hold what the cache says of it", text);
        return oci_store_blob_commit(file, diff_id, err);
}

/* --- writing ------------------------------------------------------------------------------ */

int builder_cache_place_has(struct builder_cache_place *p, const struct oci_descriptor *d, bool *ret, struct error *err)
{
        CLEANUP_ERROR struct error missing = ERROR_INIT;
        CLEANUP_FD int fd = -1;

        *ret = oci_cache_layout_blob(p->layout, d, &fd, &missing) == 0;
        /* one of another size is there, and will be replaced */
        return *ret || missing.code == ENOENT || missing.code == EBADMSG ? 0 : error_move(err, &missing);
}

int builder_cache_place_put(struct builder_cache_place *p, const struct oci_descriptor *d, int fd, struct error *err)
{
        return oci_cache_layout_put(p->layout, d, fd, err);
}

int builder_cache_place_commit(struct builder_cache_place *p, const void *manifest, size_t size, struct error *err)
{
        return oci_cache_layout_commit(p->layout, p->options->tag, manifest, size, err);
}
