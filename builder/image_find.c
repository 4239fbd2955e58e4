/* SPDX-License-Identifier: Apache-2.0 */
/* From an image's name to the state a stage begins with. */
#include "builder/image_find.h"

#include <errno.h>

#include "common/memory.h"
#include "oci/image.h"
#include "oci/reference.h"

static int not_here(const struct oci_reference *reference, struct error *err)
{
        CLEANUP_BUFFER struct buffer name = BUFFER_INIT;

        oci_reference_format_familiar(reference, &name);
        return error_set(err, ENOENT,
                         "the image %s is not in the store: bring it in with `bryo load -i ARCHIVE` or `bryo import ROOTFS.tar %s` "
                         "(pulling from registries is not built yet)",
                         name.data, name.data);
}

int builder_image_find(struct builder_workshop *w, const char *text, struct builder_state *ret, struct error *err)
{
        CLEANUP_REFERENCE struct oci_reference *reference = NULL;
        CLEANUP_ERROR struct error find_err = ERROR_INIT;
        struct sha256_digest id;

        if (oci_reference_parse(text, &reference, err) < 0)
                return -1;
        if (oci_image_resolve(w->store, text, &id, NULL, &find_err) < 0)
                return find_err.code == ENOENT ? not_here(reference, err) : error_move(err, &find_err);
        if (builder_state_load(ret, w, &id, err) < 0)
                return -1;
        if (ret->config->config.on_build.count > 0)
                return error_set(err, ENOTSUP, "the image %s has ONBUILD triggers, which are not built yet: first is \"%s\"", text,
                                 ret->config->config.on_build.items[0]);
        return 0;
}
