/* SPDX-License-Identifier: Apache-2.0 */
/* The shared means of a job: store, pool of sources, sandbox. */
#include "builder/workshop.h"

#include "builder/body.h"
#include "builder/cache_import.h"
#include "common/fd.h"

static int open_source(void *context, const char *name, int *ret_fd, struct error *err)
{
        const struct builder_workshop *w = context;

        return builder_body_open(w->store, name, ret_fd, err);
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
        w->crowd = overlay_crowd_new("/proc/loadavg");
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
        builder_cache_import_free(w->imports);
        overlay_pool_free(w->pool);
        overlay_crowd_free(w->crowd);
        oci_fetch_free(w->fetch);
        oci_registry_free(w->registry);
        strv_free(&w->emulated);
        w->emulates = false;
        w->gate_fd = fd_close(w->gate_fd);
        w->sandbox = NULL;
        w->fetch = NULL;
        w->imports = NULL;
        w->registry = NULL;
        w->pool = NULL;
        w->crowd = NULL;
}
