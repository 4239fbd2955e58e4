/* SPDX-License-Identifier: Apache-2.0 */
#ifndef BRYO_BUILDER_VERIFY_H
#define BRYO_BUILDER_VERIFY_H

#include <stdbool.h>
#include <stddef.h>

#include "common/error.h"
#include "common/log.h"
#include "oci/store.h"

/*
 * Whether the store holds what it says, `bryo system check`:
 *
 *  - blobs by their digest,
 *  - indexes by the checksum of the file; their sources must be there and long enough,
 *  - the files of a layer, where its diff ID is known (an image has needed it): the tar is made again and hashed. Bytes
 *    that a command wrote and that no image has needed yet have no digest: of them only place and length are known,
 *  - downloads by their digest,
 *  - records of images, steps and cache mounts, and tags: whether they can be read, and what they point at is whole.
 *
 * What depends on something damaged is damaged. What can be had again without being missed (digests of contexts, parts
 * of keys, partial downloads, logs) is not looked at; a step of another boot that was never made durable is no damage.
 */
struct builder_verify_options {
        struct oci_store *store;
        const struct log *log; /* may be NULL */
        /*
         * The damaged goes to quarantine, names and records that need it too: the next build makes or fetches it again.
         * Waits until nothing else uses the store.
         */
        bool repair;
        /* What is damaged, "indexes/NAME", and why. */
        void (*found)(void *context, const char *what, const char *why);
        void *context;
};

struct builder_verify_result {
        size_t objects; /* that were looked at */
        size_t damaged;
        size_t quarantined;
};

/* Damage is no failure. A failure to put one thing into quarantine does not end it; the first such error is returned.
 */
int builder_verify(const struct builder_verify_options *options, struct builder_verify_result *ret, struct error *err);

#endif
