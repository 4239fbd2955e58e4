/* SPDX-License-Identifier: Apache-2.0 */
/* From an image of the store to the manifest and blobs that the world sees. */
#include "oci/pack.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "common/crew.h"
#include "common/fd.h"
#include "common/memory.h"
#include "oci/digest.h"
#include "oci/limits.h"

/* Layers that are read and compressed at a time: one reader cannot feed many processors, and each holds a few MiB. */
#define WORKERS 4

struct packer {
        struct oci_store *store;
        const struct oci_image *image;
        const struct oci_pack_options *options;
        struct oci_packed *packed;
        struct oci_compressed_options compressed;
        bool *keeps;                 /* for each layer: it goes out as it came */
        struct oci_descriptor *made; /* for each that does not, but for repeated ones, once it is made */
};

void oci_packed_free(struct oci_packed *p)
{
        if (p == NULL)
                return;
        oci_manifest_free(p->manifest);
        buffer_free(&p->bytes);
        oci_descriptor_clear(&p->descriptor);
        free(p->places);
        free(p);
}

void oci_packed_cleanup(struct oci_packed **p)
{
        oci_packed_free(*p);
        *p = NULL;
}

/* ---- media types ----------------------------------------------------------------------- */

/* Layers as Docker and as OCI call them; what is in neither column stays as it is. */
static const struct {
        const char *docker; /* NULL: Docker has no such thing */
        const char *oci;
        enum oci_compression compression;
} types[] = {
        {"application/vnd.docker.image.rootfs.diff.tar", OCI_TYPE_LAYER, OCI_COMPRESSION_NONE},
        {OCI_TYPE_DOCKER_LAYER, OCI_TYPE_LAYER_GZIP, OCI_COMPRESSION_GZIP},
        {NULL, OCI_TYPE_LAYER_ZSTD, OCI_COMPRESSION_ZSTD},
        {"application/vnd.docker.image.rootfs.foreign.diff.tar",
         "application/vnd.oci.image.layer.nondistributable.v1.tar", OCI_COMPRESSION_NONE},
        {"application/vnd.docker.image.rootfs.foreign.diff.tar.gzip",
         "application/vnd.oci.image.layer.nondistributable.v1.tar+gzip", OCI_COMPRESSION_GZIP},
        {NULL, "application/vnd.oci.image.layer.nondistributable.v1.tar+zstd", OCI_COMPRESSION_ZSTD},
};

static bool is_docker(const struct oci_manifest *m)
{
        return strcmp(m->media_type, OCI_TYPE_DOCKER_MANIFEST) == 0;
}

static enum oci_compression compression_of(const char *type)
{
        for (size_t i = 0; i < sizeof(types) / sizeof(types[0]); i++)
                if (strcmp(types[i].oci, type) == 0 || (types[i].docker != NULL && strcmp(types[i].docker, type) == 0))
                        return types[i].compression;
        return OCI_COMPRESSION_NONE;
}

/* Gives the descriptor the manifest's family. */
static int translate(const struct packer *p, size_t layer, struct oci_descriptor *d, struct error *err)
{
        for (size_t i = 0; i < sizeof(types) / sizeof(types[0]); i++) {
                const char *to = p->options->docker_types ? types[i].docker : types[i].oci;
                const char *from = p->options->docker_types ? types[i].oci : types[i].docker;

                if (from == NULL || strcmp(from, d->media_type) != 0)
                        continue;
                if (to == NULL)
                        return error_set(
                                err, EINVAL,
                                "layer %zu is compressed with zstd, which Docker's media types cannot say: use "
                                "OCI's, or compress all layers with gzip (force-compression=true)",
                                layer + 1);
                free(d->media_type);
                d->media_type = memory_strdup(to);
                break;
        }
        return 0;
}

/* ---- layers ------------------------------------------------------------------------------ */

static bool has_blob(struct oci_store *s, const struct sha256_digest *digest, uint64_t size)
{
        CLEANUP_ERROR struct error ignored = ERROR_INIT;
        CLEANUP_FD int fd = -1;
        uint64_t is;

        return oci_store_blob_open(s, digest, &fd, &is, &ignored) == 0 && is == size;
}

static bool has_tar(const struct packer *p, const struct oci_image_layer *l)
{
        return has_blob(p->store, &l->diff_id, l->size) || (l->writer != 0 && p->options->stream.function != NULL);
}

/* Where the bytes of a descriptor that names layer `l` are; false if nowhere that the options allow. */
static bool place(const struct packer *p, const struct oci_image_layer *l, const struct oci_descriptor *d,
                  enum oci_packed_place *ret)
{
        if (sha256_equal(&d->digest, &l->diff_id) && has_tar(p, l))
                *ret = OCI_PACKED_TAR;
        else if (has_blob(p->store, &d->digest, d->size))
                *ret = OCI_PACKED_BLOB;
        else if (p->options->elsewhere)
                *ret = OCI_PACKED_ELSEWHERE;
        else
                return false;
        return true;
}

/* True if a blob of this type is what the options ask for: a layer of ours has no form but the one that is asked for,
 * also when it went somewhere in another before. */
static bool may_stay(const struct packer *p, const struct oci_image_layer *l, const char *type)
{
        return (l->writer == 0 && !p->options->force) || compression_of(type) == p->options->compress.compression;
}

/* True if the layer goes out as it came. */
static bool keeps_blob(const struct packer *p, const struct oci_image_layer *l, enum oci_packed_place *ret)
{
        char text[OCI_DIGEST_TEXT + 1];

        if (l->blob == NULL || !may_stay(p, l, l->blob->media_type))
                return false;
        if (place(p, l, l->blob, ret))
                return true;
        oci_digest_format(&l->blob->digest, text);
        log_print(p->options->log, LOG_WARNING,
                  "layer %s is compressed again, and so gets another digest: the blob it came as is not kept here",
                  text);
        return false;
}

/* The first layer that is made of the same tar: its blob is that of layer `n`, too, which does not go out as it came. */
static size_t first_of(const struct packer *p, size_t n)
{
        size_t i = 0;

        while (p->keeps[i] || !sha256_equal(&p->image->layers[i].diff_id, &p->image->layers[n].diff_id))
                i++;
        return i;
}

static int make_layer(struct crew *crew, void *context, size_t n, struct error *err)
{
        struct packer *p = context;

        (void)crew; /* what is half compressed is given up with its thread's next layer: it takes seconds */
        if (p->keeps[n] || first_of(p, n) < n)
                return 0;
        if (oci_compressed_ensure(p->store, &p->image->layers[n], &p->compressed, &p->made[n], err) < 0)
                return error_wrap(err, "layer %zu", n + 1);
        return 0;
}

static int add_layer(const struct packer *p, size_t n, struct error *err)
{
        const bool plain = p->options->compress.compression == OCI_COMPRESSION_NONE;
        const struct oci_descriptor *from = p->keeps[n] ? p->image->layers[n].blob : &p->made[first_of(p, n)];

        if (!p->keeps[n])
                p->packed->places[n] = plain ? OCI_PACKED_TAR : OCI_PACKED_BLOB;
        return translate(p, n, oci_manifest_add_layer(p->packed->manifest, from), err);
}

static int pack_layers(struct packer *p, struct error *err)
{
        const size_t count = p->image->layer_count;
        CLEANUP_COMPRESS_POOL struct oci_compress_pool *pool = oci_compress_pool_new(p->options->compress.threads);
        int result;

        p->compressed = (struct oci_compressed_options){p->options->compress, p->options->stream, p->options->watch};
        p->compressed.compress.pool = pool;
        p->keeps = memory_zalloc(count, sizeof(*p->keeps));
        p->made = memory_zalloc(count, sizeof(*p->made));
        for (size_t n = 0; n < count; n++)
                p->keeps[n] = keeps_blob(p, &p->image->layers[n], &p->packed->places[n]);
        result = crew_run(count, WORKERS, make_layer, p, err);
        for (size_t n = 0; n < count && result == 0; n++)
                result = add_layer(p, n, err);
        for (size_t n = 0; n < count; n++)
                oci_descriptor_clear(&p->made[n]);
        free(p->made);
        free(p->keeps);
        return result;
}

/* ---- manifests ------------------------------------------------------------------------------ */

static bool has_labels(const struct oci_labels *l)
{
        return l != NULL && l->count > 0;
}

/* True if the manifest is what the options ask for, and its layers are to be had. */
static bool fits(struct packer *p, const struct oci_manifest *m)
{
        const struct oci_pack_options *o = p->options;

        if (m->layer_count != p->image->layer_count || !sha256_equal(&m->config.digest, &p->image->id) ||
            (o->docker_types && !is_docker(m)) || (o->oci_types && is_docker(m)) ||
            has_labels(o->annotations))
                return false;
        for (size_t n = 0; n < m->layer_count; n++) {
                if (!may_stay(p, &p->image->layers[n], m->layers[n].media_type))
                        return false;
                if (!place(p, &p->image->layers[n], &m->layers[n], &p->packed->places[n]))
                        return false;
        }
        return true;
}

/* The manifest the image came with. *ret_done = false when it cannot be used. */
static int pack_own(struct packer *p, bool *ret_done, struct error *err)
{
        const struct oci_descriptor *own = p->image->manifest;
        CLEANUP_MANIFEST struct oci_manifest *m = NULL;
        CLEANUP_BUFFER struct buffer bytes = BUFFER_INIT;
        char text[OCI_DIGEST_TEXT + 1];

        *ret_done = false;
        if (own == NULL)
                return 0;
        oci_digest_format(&own->digest, text);
        if (oci_store_blob_load(p->store, &own->digest, OCI_LIMIT_JSON_SIZE, &bytes, err) < 0 ||
            oci_manifest_parse(text, bytes.data, bytes.size, own->media_type, &m, err) < 0)
                return -1;
        if (!fits(p, m))
                return 0;
        p->packed->manifest = STEAL(m);
        p->packed->bytes = bytes;
        bytes = (struct buffer)BUFFER_INIT;
        *ret_done = true;
        return 0;
}

static int pack_new(struct packer *p, uint64_t config_size, struct error *err)
{
        const bool docker = p->options->docker_types;
        struct oci_manifest *m = oci_manifest_new(docker ? OCI_TYPE_DOCKER_MANIFEST : OCI_TYPE_MANIFEST);

        p->packed->manifest = m;
        m->config = (struct oci_descriptor){.digest = p->image->id, .size = config_size};
        m->config.media_type = memory_strdup(docker ? OCI_TYPE_DOCKER_CONFIG : OCI_TYPE_CONFIG);
        if (p->options->annotations != NULL)
                oci_labels_copy(&m->annotations, p->options->annotations);
        if (pack_layers(p, err) < 0)
                return -1;
        oci_manifest_format(m, &p->packed->bytes);
        return 0;
}

static struct oci_platform *platform_of(const struct oci_config *c)
{
        struct oci_platform *p = memory_zalloc(1, sizeof(*p));

        p->architecture = memory_strdup(c->architecture ? c->architecture : "");
        p->os = memory_strdup(c->os ? c->os : "");
        p->os_version = c->os_version ? memory_strdup(c->os_version) : NULL;
        p->variant = c->variant ? memory_strdup(c->variant) : NULL;
        strv_copy(&p->os_features, &c->os_features);
        return p;
}

/* What the options ask that no image can be. */
static int check(const struct oci_pack_options *o, struct error *err)
{
        if (o->docker_types && o->compress.compression == OCI_COMPRESSION_ZSTD)
                return error_set(err, EINVAL,
                                 "Docker's media types cannot say zstd: use OCI's media types, or another compression");
        if (o->docker_types && has_labels(o->annotations))
                return error_set(err, EINVAL, "Docker's media types cannot say annotations: use OCI's media types");
        return oci_compress_check(&o->compress, err);
}

int oci_image_pack(struct oci_store *s, const struct oci_image *image, const struct oci_pack_options *o,
                   struct oci_packed **ret, struct error *err)
{
        CLEANUP_PACKED struct oci_packed *packed = memory_zalloc(1, sizeof(*packed));
        struct packer p = {.store = s, .image = image, .options = o, .packed = packed};
        CLEANUP_CONFIG struct oci_config *config = NULL;
        CLEANUP_FD int fd = -1;
        uint64_t config_size;
        bool done;

        packed->places = memory_zalloc(image->layer_count + 1, sizeof(*packed->places));
        if (check(o, err) < 0 || oci_image_load_config(s, &image->id, &config, err) < 0 ||
            oci_store_blob_open(s, &image->id, &fd, &config_size, err) < 0 || pack_own(&p, &done, err) < 0)
                return -1;
        if (!done && pack_new(&p, config_size, err) < 0)
                return -1;
        packed->descriptor.media_type = memory_strdup(packed->manifest->media_type);
        sha256_of(packed->bytes.data, packed->bytes.size, &packed->descriptor.digest);
        packed->descriptor.size = packed->bytes.size;
        packed->descriptor.platform = platform_of(config);
        if (o->descriptor_annotations != NULL)
                oci_labels_copy(&packed->descriptor.annotations, o->descriptor_annotations);
        *ret = STEAL(packed);
        return 0;
}
