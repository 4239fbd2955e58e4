/* SPDX-License-Identifier: Apache-2.0 */
/* The places of step caches that travel: a directory, or a tag of a repository. */
#include "builder/cache_place.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "common/fd.h"
#include "common/memory.h"
#include "oci/cache_layout.h"
#include "oci/digest.h"
#include "oci/layer_reader.h"
#include "oci/limits.h"
#include "oci/reference.h"
#include "oci/registry.h"

struct builder_cache_place {
        const struct builder_cache_place_options *options; /* borrowed */
        struct builder_workshop *workshop;                 /* borrowed */
        struct oci_cache_layout *layout;                   /* a directory, or */
        struct oci_reference *reference;                   /* a registry's tag */
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

static int open_registry(struct builder_cache_place *p, struct error *err)
{
        if (oci_reference_parse(p->options->where, &p->reference, err) < 0)
                return -1;
        if (!p->options->digest)
                return 0;
        p->reference->has_digest = true;
        return oci_digest_parse(p->options->digest, &p->reference->digest, err);
}

int builder_cache_place_open(const struct builder_cache_place_options *o, struct builder_workshop *w, bool write,
                             struct builder_cache_place **ret, struct error *err)
{
        struct builder_cache_place *p = memory_zalloc(1, sizeof(*p));
        int result;

        p->options = o;
        p->workshop = w;
        result = o->kind == BUILDER_CACHE_REGISTRY ? open_registry(p, err)
                                                   : oci_cache_layout_open(w->store, o->where, write, &p->layout, err);
        if (result < 0) {
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
        oci_reference_free(p->reference);
        free(p);
}

char *builder_cache_place_origin(const struct builder_cache_place *p)
{
        return p->reference ? memory_printf("%s/%s", p->reference->domain, p->reference->path) : NULL;
}

/* --- manifests --------------------------------------------------------------------------- */

/* Of an index the manifest for this machine. */
static int load_from_registry(struct builder_cache_place *p, const struct oci_reference *ref, unsigned depth,
                              struct oci_manifest **ret, struct error *err)
{
        CLEANUP_REGISTRY_MANIFEST struct oci_registry_manifest m = OCI_REGISTRY_MANIFEST_INIT;
        CLEANUP_PLATFORM struct oci_platform *host = NULL;
        CLEANUP_INDEX struct oci_index *index = NULL;
        CLEANUP_REFERENCE struct oci_reference *child = NULL;
        const struct oci_descriptor *chosen;
        const char *what = p->options->where;
        const char *type;
        enum oci_document kind;

        if (oci_registry_manifest_get(p->workshop->registry, ref, &m, err) < 0)
                return -1;
        type = m.media_type[0] ? m.media_type : NULL;
        if (oci_document_detect(what, m.bytes.data, m.bytes.size, type, &kind, err) < 0)
                return -1;
        if (kind == OCI_DOCUMENT_MANIFEST)
                return oci_manifest_parse(what, m.bytes.data, m.bytes.size, type, ret, err);
        if (depth >= OCI_LIMIT_INDEX_DEPTH)
                return error_set(err, ELOOP, "%s: indexes are nested deeper than %u", what, OCI_LIMIT_INDEX_DEPTH);
        host = oci_platform_host();
        if (oci_index_parse(what, m.bytes.data, m.bytes.size, type, &index, err) < 0 ||
            oci_index_choose(what, index, host, &chosen, err) < 0)
                return -1;
        child = oci_reference_copy(ref);
        child->has_digest = true;
        child->digest = chosen->digest;
        return load_from_registry(p, child, depth + 1, ret, err);
}

int builder_cache_place_manifest(struct builder_cache_place *p, struct oci_manifest **ret, struct error *err)
{
        CLEANUP_ERROR struct error cause = ERROR_INIT;
        struct sha256_digest digest;

        *ret = NULL;
        if (p->reference) {
                if (load_from_registry(p, p->reference, 0, ret, &cause) == 0)
                        return 0;
                return cause.code == ENOENT ? 0 : error_move(err, &cause);
        }
        if (p->options->digest && oci_digest_parse(p->options->digest, &digest, err) < 0)
                return -1;
        return oci_cache_layout_load(p->layout, p->options->tag, p->options->digest ? &digest : NULL, ret, err);
}

/* --- scratch ------------------------------------------------------------------------------- */

int builder_cache_scratch(struct builder_workshop *w, int *ret_fd, struct error *err)
{
        CLEANUP_STORE_FILE struct oci_store_file *file =
                NULL; /* loses its name at once, and lives on as a descriptor */

        if (oci_store_file_create(w->store, OCI_STORE_DATA, &file, err) < 0)
                return -1;
        *ret_fd = fcntl(oci_store_file_fd(file), F_DUPFD_CLOEXEC, 3);
        return *ret_fd < 0 ? error_errno(err, errno, "cannot keep a scratch file for the cache") : 0;
}

/* --- blobs --------------------------------------------------------------------------------- */

/* The bytes of a blob from byte 0 of a descriptor; those of a registry are checked already. */
static int open_blob(struct builder_cache_place *p, const struct oci_descriptor *d, int *ret_fd, struct error *err)
{
        if (p->layout)
                return oci_cache_layout_blob(p->layout, d, ret_fd, err);
        if (builder_cache_scratch(p->workshop, ret_fd, err) < 0)
                return -1;
        return oci_registry_blob_get(p->workshop->registry, p->reference, d, *ret_fd, NULL, err);
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

/* As open_blob, of a registry; a download that is cut goes on with the next build. */
static int keep_blob(struct builder_cache_place *p, const struct oci_descriptor *d, int *ret_fd, struct error *err)
{
        CLEANUP_STORE_PARTIAL struct oci_store_partial *partial = NULL;
        struct oci_store *store = p->workshop->store;
        uint64_t size;

        if (oci_store_partial_open(store, &d->digest, &partial, err) < 0)
                return -1;
        if (partial && (oci_registry_blob_get(p->workshop->registry, p->reference, d, oci_store_partial_fd(partial),
                                              NULL, err) < 0 ||
                        oci_store_partial_commit(partial, err) < 0))
                return -1;
        return oci_store_blob_open(store, &d->digest, ret_fd, &size, err);
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
        if ((p->layout ? open_blob(p, d, &fd, err) : keep_blob(p, d, &fd, err)) < 0)
                return -1;
        if (oci_store_blob_has(p->workshop->store, diff_id)) /* the blob is the tar */
                return d->size == size
                               ? 0
                               : error_set(err, EBADMSG, "the layer %s does not hold what the cache says of it", text);
        if (oci_store_file_create(p->workshop->store, OCI_STORE_BLOBS, &file, err) < 0 ||
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

        if (p->reference)
                return oci_registry_blob_has(p->workshop->registry, p->reference, d, ret, err);
        *ret = oci_cache_layout_blob(p->layout, d, &fd, &missing) == 0;
        /* one of another size is there, and will be replaced */
        return *ret || missing.code == ENOENT || missing.code == EBADMSG ? 0 : error_move(err, &missing);
}

int builder_cache_place_put(struct builder_cache_place *p, const struct oci_descriptor *d, int fd, struct error *err)
{
        enum oci_registry_pushed pushed;

        if (p->reference)
                return oci_registry_blob_put(p->workshop->registry, p->reference, d, fd, NULL, NULL, &pushed, err);
        return oci_cache_layout_put(p->layout, d, fd, err);
}

int builder_cache_place_commit(struct builder_cache_place *p, const void *manifest, size_t size, struct error *err)
{
        if (p->reference)
                return oci_registry_manifest_put(p->workshop->registry, p->reference, OCI_TYPE_MANIFEST, manifest, size,
                                                 err);
        return oci_cache_layout_commit(p->layout, p->options->tag, manifest, size, err);
}
