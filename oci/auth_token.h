/* SPDX-License-Identifier: Apache-2.0 */
#ifndef BRYO_OCI_AUTH_TOKEN_H
#define BRYO_OCI_AUTH_TOKEN_H

#include "oci/auth.h"

/* One token of a token server, by GET with Basic, or by POST (OAuth2). Internal to auth.c. */
struct auth_token_request {
        const struct auth_request *request;
        const struct oci_url *realm; /* has passed auth_realm_check */
        const char *service;         /* NULL: none was named */
        const struct strv *scopes;
};

/* Errors as auth_answer's. The caller frees *ret_token. */
int auth_token_fetch(const struct auth_token_request *t, char **ret_token, unsigned *ret_seconds, struct error *err);

#endif
