/* SPDX-License-Identifier: Apache-2.0 */
/* Where indexes become the layers that leave the store. */
#include "builder/pack.h"

#include "builder/layer_tar.h"
#include "oci/image.h"

static int stream_layer(void *context, const struct oci_image_layer *layer, oci_write_function *write,
                        void *write_context, struct error *err)
{
        return builder_layer_tar_stream(context, layer->index, write, write_context, err);
}

struct oci_layer_stream builder_pack_stream(struct builder_workshop *w)
{
        return (struct oci_layer_stream){.function = stream_layer, .context = w};
}

int builder_pack_describe(struct oci_store *store, const struct log *log, const struct sha256_digest *image,
                          const struct oci_pack_options *options, struct oci_descriptor *ret, struct error *err)
{
        static const struct oci_pack_options usual = OCI_PACK_DEFAULT;
        CLEANUP_WORKSHOP struct builder_workshop w = BUILDER_WORKSHOP_INIT;
        struct oci_pack_options own = options ? *options : usual;
        CLEANUP_PACKED struct oci_packed *packed = NULL;
        CLEANUP_IMAGE struct oci_image *record = NULL;

        own.log = log;
        own.stream = builder_pack_stream(&w);
        if (builder_workshop_open(&w, store, log, err) < 0 || oci_image_load(store, image, &record, err) < 0 ||
            oci_image_pack(store, record, &own, &packed, err) < 0)
                return -1;
        oci_descriptor_copy(ret, &packed->descriptor);
        return 0;
}
