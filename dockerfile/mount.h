/* SPDX-License-Identifier: Apache-2.0 */
#ifndef BRYO_DOCKERFILE_MOUNT_H
#define BRYO_DOCKERFILE_MOUNT_H

#include <stdbool.h>
#include <stdint.h>

#include "common/error.h"
#include "common/strv.h"
#include "dockerfile/expand.h"

/* RUN --mount=... : comma separated values, quoting as in RFC 4180 (Dockerfile reference, "RUN --mount"). */

enum dockerfile_mount_type {
        DOCKERFILE_MOUNT_BIND,
        DOCKERFILE_MOUNT_CACHE,
        DOCKERFILE_MOUNT_TMPFS,
        DOCKERFILE_MOUNT_SECRET,
        DOCKERFILE_MOUNT_SSH,
};

enum dockerfile_mount_sharing {
        DOCKERFILE_MOUNT_SHARED,
        DOCKERFILE_MOUNT_PRIVATE,
        DOCKERFILE_MOUNT_LOCKED,
};

/* Strings are owned and NULL when not said. */
struct dockerfile_mount {
        enum dockerfile_mount_type type;
        char *from;
        char *source; /* never set for a secret: there it is `id` */
        char *target; /* as written; relative to WORKDIR if it does not begin with '/'. A secret without target and env:
                         /run/secrets/NAME; ssh without: NULL, the builder picks */
        char *id;  /* secret: basename of target when not said; ssh: "default"; cache: NULL means the cleaned target */
        char *env; /* secret: the variable to set */
        bool readonly;
        bool required;
        enum dockerfile_mount_sharing sharing;
        bool has_mode, has_uid, has_gid;
        uint32_t mode; /* the default of the type when not said: cache 0755, secret 0400, ssh 0600 */
        uint32_t uid;
        uint32_t gid;
        uint64_t size; /* tmpfs, bytes; 0 = no limit */
        struct strv
                ignored; /* options other builders know and that mean nothing here: z, Z, relabel, bind-propagation */
};

/*
 * Reads one spec. With a scope every value but from's is expanded first; without
 * one (NULL) only what does not depend on variables is checked, and values
 * that hold a '$' are left as they are. *ret is valid only on success; give it
 * to dockerfile_mount_clear.
 */
int dockerfile_mount_parse(const char *spec, const struct dockerfile_scope *scope, char escape,
                           struct dockerfile_mount *ret, struct error *err);
void dockerfile_mount_clear(struct dockerfile_mount *m);

/* "bind", "cache", ... */
const char *dockerfile_mount_type_name(enum dockerfile_mount_type type);

#endif
