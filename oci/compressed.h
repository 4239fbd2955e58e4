/* SPDX-License-Identifier: Apache-2.0 */
#ifndef BRYO_OCI_COMPRESSED_H
#define BRYO_OCI_COMPRESSED_H

#include <stdbool.h>

#include "common/error.h"
#include "oci/compress.h"
#include "oci/image.h"
#include "oci/layer_writer.h"
#include "oci/manifest.h"
#include "oci/store.h"

/*
 * The compressed blobs that bryo made of layers. Each is a blob of the store with a record in OCI_STORE_COMPRESSED,
 *
 *     DIFFID-COMPRESSION-LEVEL    {"version":1,"blob":{descriptor}}
 *
 * so that a second push or save of a layer compresses nothing. Records and blobs go when no tagged image has the layer
 * (builder/reach.h), and an upkeep may remove them any time: they can be made again. What a pulled or loaded layer came
 * as is no such blob: it is oci_image_layer.blob.
 */

/*
 * Streams the uncompressed tar of one layer, exactly layer->size bytes whose digest is layer->diff_id (checked), into
 * `write`. Asked only for layers with a writer version; the others are read from their blob.
 */
typedef int oci_layer_stream_function(void *context, const struct oci_image_layer *layer, oci_write_function *write,
                                      void *write_context, struct error *err);

struct oci_layer_stream {
        oci_layer_stream_function *function; /* may be NULL when no layer needs it */
        void *context;
};

/*
 * The layer's tar into `write`: from its blob, or from `from`. Its digest and size are checked; EBADMSG names the
 * layer, after the bytes were given away, so what was made of them must be dropped. ENOENT when the tar is not to be
 * had.
 */
int oci_layer_stream_tar(struct oci_store *s, const struct oci_image_layer *layer, const struct oci_layer_stream *from,
                         oci_write_function *write, void *write_context, struct error *err);

/*
 * The descriptor (OCI media type, no annotations) of the layer's blob if it was made before: *ret_found tells, and is
 * false too when the record is there but the blob was dropped. `ret` is empty; the caller clears it. NONE is always
 * found: the tar itself.
 */
int oci_compressed_find(struct oci_store *s, const struct oci_image_layer *layer, const struct oci_compress_options *o,
                        bool *ret_found, struct oci_descriptor *ret, struct error *err);
/*
 * For whoever wants a blob while it is made, such as an upload. The calls come from the thread that makes it. `begin` may be
 * called once there are so many bytes that it is worth it; `fd` grows until `end` is called, and is good until then. What
 * `begin` returns is handed to `end`; NULL is no interest, and no `end`. `end` has NULL when the blob came to nothing, else its
 * descriptor: the file is whole then, though it has no name yet.
 */
struct oci_compressed_watch {
        void *(*begin)(void *context, const struct oci_image_layer *layer, int fd);
        void (*end)(void *context, void *begun, const struct oci_descriptor *d);
        void *context;
};

struct oci_compressed_options {
        struct oci_compress_options compress;
        struct oci_layer_stream stream;
        const struct oci_compressed_watch *watch; /* may be NULL */
};

/*
 * The same, made if missing: the blob is then in the store, synced, and its record written. NONE stores nothing: the
 * descriptor is the tar's, and oci_layer_stream_tar gives the bytes. Two processes that make one blob make the same
 * bytes; whoever comes second finds it there. The caller holds the shared gate. `ret` as above.
 */
int oci_compressed_ensure(struct oci_store *s, const struct oci_image_layer *layer, const struct oci_compressed_options *o,
                          struct oci_descriptor *ret, struct error *err);

/* What a record says: the layer, and the blob (the caller clears it). Any failure to read it is EINVAL or its cause. */
int oci_compressed_load(struct oci_store *s, const char *name, struct sha256_digest *ret_diff_id,
                        struct oci_descriptor *ret, struct error *err);

#endif
