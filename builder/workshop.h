/* SPDX-License-Identifier: Apache-2.0 */
#ifndef BRYO_BUILDER_WORKSHOP_H
#define BRYO_BUILDER_WORKSHOP_H

#include <stdbool.h>
#include <stdint.h>

#include "common/error.h"
#include "common/log.h"
#include "common/strv.h"
#include "oci/fetch.h"
#include "oci/registry.h"
#include "oci/store.h"
#include "overlay/crowd.h"
#include "overlay/source.h"
#include "sandbox/sandbox.h"

/*
 * What every job of the builder needs: the store, the pool through which bodies
 * are read, the one user namespace (made when the first command runs), and the
 * shared gate that keeps prune away. Build, run, import, load and save each
 * open one and close it at the end.
 */
struct builder_cache_import;

struct builder_workshop {
        struct oci_store *store;    /* borrowed */
        struct overlay_pool *pool;  /* owned */
        struct overlay_crowd *crowd; /* owned: what its mounts know about how busy the machine is */
        const struct log *log;      /* borrowed; may be NULL */
        struct sandbox *sandbox;    /* owned; NULL until the first command */
        bool emulates;              /* the sandbox has emulators of its own (emulator.h) */
        struct strv emulated;       /* architectures that were looked after */
        struct oci_fetch *fetch;    /* HTTP, for a build; owned, or NULL. Set by whoever has the settings */
        struct builder_cache_import *imports; /* what --cache-from names; owned, or NULL. Set by a build */
        struct oci_registry *registry; /* likewise, for registries */
        int gate_fd;                /* holds the shared gate; -1 where locks do not work */
};

#define BUILDER_WORKSHOP_INIT { .gate_fd = -1 }

/* Fails when prune holds the gate for good or the store's disk cannot be locked in a way that is not understood. */
int builder_workshop_open(struct builder_workshop *w, struct oci_store *store, const struct log *log,
                          struct error *err);
/* The sandbox, made at the first call; borrowed. */
int builder_workshop_sandbox(struct builder_workshop *w, struct sandbox **ret, struct error *err);
/* All trees and stages must be closed before. */
void builder_workshop_close(struct builder_workshop *w);
#define CLEANUP_WORKSHOP __attribute__((cleanup(builder_workshop_close)))

#endif
