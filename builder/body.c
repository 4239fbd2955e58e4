/* SPDX-License-Identifier: Apache-2.0 */
/* From the name of a source to the file of the store that has its bytes. */
#include "builder/body.h"

#include <errno.h>
#include <string.h>

bool builder_body_parse(const char *source, struct builder_body *ret)
{
        if (strncmp(source, "data/", 5) == 0)
                *ret = (struct builder_body){OCI_STORE_DATA, source + 5};
        else if (strncmp(source, "blobs/", 6) == 0)
                *ret = (struct builder_body){OCI_STORE_BLOBS, source + 6};
        else
                return false;
        return true;
}

static int refuse(const char *source, struct error *err)
{
        return error_set(err, EBADMSG, "a layer points at \"%s\", which no store has", source);
}

int builder_body_open(struct oci_store *store, const char *source, int *ret_fd, struct error *err)
{
        CLEANUP_ERROR struct error first = ERROR_INIT;
        CLEANUP_ERROR struct error second = ERROR_INIT;
        struct builder_body body;

        if (!builder_body_parse(source, &body))
                return refuse(source, err);
        if (oci_store_open_object(store, body.area, body.name, ret_fd, NULL, &first) == 0)
                return 0;
        if (body.area == OCI_STORE_BLOBS && first.code == ENOENT &&
            oci_store_open_object(store, OCI_STORE_DATA, body.name, ret_fd, NULL, &second) == 0)
                return 0;
        return error_move(err, &first);
}

int builder_body_sync(struct oci_store *store, const char *source, struct error *err)
{
        struct builder_body body;

        if (!builder_body_parse(source, &body))
                return refuse(source, err);
        if (body.area == OCI_STORE_BLOBS && !oci_store_has(store, OCI_STORE_BLOBS, body.name))
                body.area = OCI_STORE_DATA;
        return oci_store_sync(store, body.area, body.name, err);
}
