/* SPDX-License-Identifier: Apache-2.0 */
#ifndef BRYO_BUILDER_PULL_IMAGE_H
#define BRYO_BUILDER_PULL_IMAGE_H

#include "builder/pull.h"

/* `bryo pull`: what the registry has under a name becomes what the store has under it. */
struct builder_pull_request {
        struct builder_workshop *workshop;      /* with its registry client; borrowed */
        const char *text;                       /* what the user typed */
        const struct oci_platform *platform;    /* that is asked for; NULL: this machine's */
        const struct builder_pull_watch *watch; /* may be NULL */
};

struct builder_pulled {
        struct sha256_digest image; /* its ID */
        struct sha256_digest
                digest; /* what the name stands for at the registry: of the index, or else of the manifest */
        char *name;     /* full, with a tag if the user gave one or none; owned */
        bool is_new;    /* the store did not have it under that name */
        uint64_t bytes; /* that came */
};

#define CLEANUP_PULLED __attribute__((cleanup(builder_pulled_clear)))

/* `ret` is to be cleared also after a failure. */
int builder_pull_image(const struct builder_pull_request *request, struct builder_pulled *ret, struct error *err);
void builder_pulled_clear(struct builder_pulled *p);

#endif
