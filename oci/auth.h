/* SPDX-License-Identifier: Apache-2.0 */
#ifndef BRYO_OCI_AUTH_H
#define BRYO_OCI_AUTH_H

#include <stdbool.h>

#include "common/error.h"
#include "common/strv.h"
#include "oci/auth_challenge.h"
#include "oci/credentials.h"
#include "oci/http.h"
#include "oci/url.h"

/*
 * Answering the challenges of registries: Basic, and Bearer with the tokens of a token server (distribution,
 * docs/spec/auth/{token,scope,oauth}.md). Tokens are kept by origin, user and scope until 90 % of their life are over,
 * and are fetched once however many requests wait for one. Internal to this room, used in the registry child only.
 *
 * What a hostile registry can make of this: it names the token server (realm). The user's credential for that registry
 * goes there, as it does with every client; so the realm must be https, or http on loopback when the registry itself is
 * plain; without a user part; and never this machine or its link when the registry is outside, which is checked on the
 * address that is connected to. Redirects of a token server to another origin are refused.
 */
struct auth;

struct auth *auth_new(void);
void auth_free(struct auth *a);

/* Who asks for what. Everything is borrowed for the call. */
struct auth_request {
        const struct oci_url *origin; /* of the registry: a token goes there and nowhere else */
        bool local;                   /* the registry is on this machine or its link */
        const struct oci_credential *credential;
        const struct strv *scopes; /* "repository:a/b:pull,push", ... */
        struct http *http;
        const struct http_trust *trust; /* of the registry; a token server on another host has the usual one */
        int cancel;
        unsigned stall_seconds;
};

/*
 * The value of Authorization for a request whose origin has challenged us before: *ret is NULL when it has not, or when
 * there is nothing to answer with. Fetches a token if none is left. The caller frees *ret.
 */
int auth_find(struct auth *a, const struct auth_request *request, char **ret, struct error *err);
/*
 * The answer to a 401: remembers the challenge, forgets `refused` (what was sent as Authorization, or NULL) and makes
 * another. EACCES when there is none: no challenge that is known, no credential for it, or the same answer again.
 * EAGAIN, ECONNRESET or ETIMEDOUT: the token server may answer later.
 */
int auth_answer(struct auth *a, const struct auth_request *request, const struct auth_challenges *challenges,
                const char *refused, char **ret, struct error *err);

/* --- for tests: rules without a network ---------------------------------------- */

/* True if a token for the scopes `have` serves for the scope `want`: the same resource, and all of its actions. */
bool auth_scopes_cover(const struct strv *have, const char *want);
/* Whether a credential may be sent to `realm`; the reason why not is the error. */
int auth_realm_check(const struct oci_url *origin, bool local, const char *realm, struct oci_url *ret,
                     struct error *err);
/* The token in an answer of a token server, and how many seconds it lives. */
int auth_token_parse(const char *what, const void *bytes, size_t size, char **ret_token, unsigned *ret_seconds,
                     struct error *err);

#endif
