/* SPDX-License-Identifier: Apache-2.0 */
/* One index of several packed images: what a build for several platforms gives. */
#include <string.h>

#include "common/memory.h"
#include "oci/pack.h"

void oci_index_combine(struct oci_packed *const *packed, size_t count, const struct oci_labels *annotations,
                       struct buffer *ret_bytes, struct oci_descriptor *ret)
{
        bool docker = count > 0 && strcmp(packed[0]->manifest->media_type, OCI_TYPE_DOCKER_MANIFEST) == 0;
        struct oci_index *index = oci_index_new(docker ? OCI_TYPE_DOCKER_INDEX : OCI_TYPE_INDEX);

        for (size_t i = 0; i < count; i++)
                (void)oci_index_add_manifest(index, &packed[i]->descriptor);
        if (annotations)
                oci_labels_copy(&index->annotations, annotations);
        oci_index_format(index, ret_bytes);
        *ret = (struct oci_descriptor){.media_type = memory_strdup(index->media_type), .size = ret_bytes->size};
        sha256_of(ret_bytes->data, ret_bytes->size, &ret->digest);
        oci_index_free(index);
}
