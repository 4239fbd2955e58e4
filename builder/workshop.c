/* SPDX-License-Identifier: Apache-2.0 */
/* The shared means of a job: store, pool of sources, sandbox. */
#include "builder/workshop.h"

#include <errno.h>
#include <string.h>

#include "common/fd.h"

/* Sources are named AREA/NAME after the store's areas, so that an index says where its bytes are. */
static int open_source(void *context, const char *name, int *ret_fd, struct error *err)
{
        struct builder_workshop *w = context;

        if (strncmp(name, "data/", 5) == 0)
                return oci_store_open_object(w->store, OCI_STORE_DATA, name + 5, ret_fd, NULL, err);
        if (strncmp(name, "blobs/", 6) == 0)
                return oci_store_open_object(w->store, OCI_STORE_BLOBS, name + 6, ret_fd, NULL, err);
        return error_set(err, EBADMSG, "a layer points at \"%s\", which no store has", name);
}

int builder_workshop_open(struct builder_workshop *w, struct oci_store *store, const struct log *log,
                          struct error *err)
{
        const struct overlay_pool_options options = { .open = open_source, .context = w, .log = log };

        *w = (struct builder_workshop)BUILDER_WORKSHOP_INIT;
        w->store = store;
        w->log = log;
        if (oci_store_gate(store, OCI_GATE_SHARED, false, &w->gate_fd, err) < 0)
                return -1;
        w->pool = overlay_pool_new(&options);
        return 0;
}

int builder_workshop_sandbox(struct builder_workshop *w, struct sandbox **ret, struct error *err)
{
        const struct sandbox_options options = { .log = w->log };

        if (w->sandbox == NULL && sandbox_open(&options, &w->sandbox, err) < 0)
                return -1;
        *ret = w->sandbox;
        return 0;
}

void builder_workshop_close(struct builder_workshop *w)
{
        sandbox_close(w->sandbox);
        overlay_pool_free(w->pool);
        w->gate_fd = fd_close(w->gate_fd);
        w->sandbox = NULL;
        w->pool = NULL;
}
