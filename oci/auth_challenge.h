/* SPDX-License-Identifier: Apache-2.0 */
#ifndef BRYO_OCI_AUTH_CHALLENGE_H
#define BRYO_OCI_AUTH_CHALLENGE_H

#include <stddef.h>

#include "common/strv.h"

/*
 * WWW-Authenticate (RFC 9110, section 11.6.1), as registries and token servers send it: several challenges in one
 * header or in several, parameters as tokens or quoted strings, schemes and names in any letter case, optional white
 * space everywhere, empty list elements. Internal to this room.
 *
 *     WWW-Authenticate: Bearer realm="https://auth.docker.io/token",service="registry.docker.io",scope="a:b:pull,push"
 */
enum auth_scheme { AUTH_OTHER, AUTH_BASIC, AUTH_BEARER };

struct auth_challenge {
        enum auth_scheme scheme;
        char *realm, *service, *scope, *error; /* NULL when not given; of a name that came twice, the first */
};

struct auth_challenges {
        struct auth_challenge *items;
        size_t count, cap;
};

#define AUTH_CHALLENGES_INIT                                                                                           \
        {                                                                                                              \
                NULL, 0, 0                                                                                             \
        }

/*
 * Reads the values of all headers. What cannot be read ends its header: the challenges before it stay. Never fails: an
 * answer without a challenge that we know says so by an empty list.
 */
void auth_challenges_parse(const struct strv *values, struct auth_challenges *ret);
void auth_challenges_free(struct auth_challenges *c);
#define CLEANUP_CHALLENGES __attribute__((cleanup(auth_challenges_free)))

/* The strongest that bryo can answer: Bearer with a realm, then Basic; NULL. */
const struct auth_challenge *auth_challenges_choose(const struct auth_challenges *c);

#endif
