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

static int resolve(struct builder_workshop *w, const char *text, struct sha256_digest *ret, struct error *err)
{
        CLEANUP_REFERENCE struct oci_reference *reference = NULL;
        CLEANUP_ERROR struct error find_err = ERROR_INIT;

        if (oci_reference_parse(text, &reference, err) < 0)
                return -1;
        if (oci_image_resolve(w->store, text, ret, NULL, &find_err) == 0)
                return 0;
        return find_err.code == ENOENT ? not_here(reference, err) : error_move(err, &find_err);
}

int builder_image_find(struct builder_workshop *w, const char *text, struct builder_state *ret, struct error *err)
{
        struct sha256_digest id;

        if (resolve(w, text, &id, err) < 0)
                return -1;
        return builder_state_load(ret, w, &id, err);
}

int builder_image_triggers(struct builder_workshop *w, const char *text, struct strv *ret, struct error *err)
{
        struct oci_config *config = NULL;
        struct sha256_digest id;

        if (resolve(w, text, &id, err) < 0 || oci_image_load_config(w->store, &id, &config, err) < 0)
                return -1;
        strv_extend(ret, &config->config.on_build);
        oci_config_free(config);
        return 0;
}
