/* SPDX-License-Identifier: Apache-2.0 */
#ifndef BRYO_OCI_CREDENTIALS_H
#define BRYO_OCI_CREDENTIALS_H

#include <stdbool.h>

#include "common/error.h"
#include "common/log.h"
#include "common/strv.h"

/*
 * Which credential belongs to a registry. To be used in the registry child and nowhere else: what is found here never
 * leaves that process but for the registry it belongs to.
 *
 * Asked in this order, and the first place that knows the registry decides:
 *
 *   1. --creds, for the registries that it was given for; never for a mirror
 *   2. --authfile, or else $REGISTRY_AUTH_FILE: then this file alone
 *   3. $DOCKER_AUTH_CONFIG, whose value is the text of such a file (docker 28.1, GitLab's runners)
 *   4. $DOCKER_CONFIG/config.json, when the variable is set: what was said beats what is usual
 *   5. $XDG_RUNTIME_DIR/containers/auth.json (/run/containers/UID/auth.json without the variable), where podman logs in
 *   6. $XDG_CONFIG_HOME/containers/auth.json (~/.config)
 *   7. ~/.docker/config.json, when $DOCKER_CONFIG is not set
 *
 * Within one file: `credHelpers` of the host, `credsStore`, then `auths`, whose longest key wins: host/path, ..., host.
 * Keys may be URLs (https://HOST/v1/). Docker Hub is docker.io, index.docker.io, registry-1.docker.io and
 * https://index.docker.io/v1/ alike. A helper that is missing or fails is told as a warning and the search goes on; a
 * file that cannot be read as one is an error (docker-credential-helpers, containers-auth.json(5)).
 */
struct oci_credentials;

struct oci_credentials_options {
        const struct log *log; /* warnings: a helper that failed, a file that others can read. May be NULL. Borrowed */
        const char *authfile;  /* --authfile; NULL: the usual places. It must exist */
        const char *credentials;       /* --creds USER[:PASSWORD]; NULL: none */
        const struct strv *registries; /* that it is for ("docker.io"); NULL: whichever is asked first-hand. Copied */
        unsigned helper_seconds;       /* how long a credential helper may take; 0: 120 */
};

struct oci_credential {
        char *user;           /* NULL: anonymous, or one of the tokens below */
        char *secret;         /* the password; not NULL beside a user */
        char *identity_token; /* a refresh token for the token server (OAuth2), instead of user and secret; or NULL */
        char *registry_token; /* a Bearer token for the registry itself, instead of all others; or NULL */
        char *origin; /* where it was found, for messages ("/x/auth.json", "docker-credential-pass"); NULL: nowhere */
};

#define OCI_CREDENTIAL_INIT                                                                                            \
        {                                                                                                              \
                .user = NULL                                                                                           \
        }

/* Reads nothing yet. Copies what it is given, but for the log. EINVAL for --creds that are none. */
int oci_credentials_new(const struct oci_credentials_options *options, struct oci_credentials **ret, struct error *err);
void oci_credentials_free(struct oci_credentials *c);
void oci_credentials_cleanup(struct oci_credentials **c);
#define CLEANUP_CREDENTIALS __attribute__((cleanup(oci_credentials_cleanup)))

/*
 * The credential for `repository` ("library/debian"; NULL for the registry as a whole) of `host` ("docker.io",
 * "localhost:5000": the name of the reference, or the mirror's own). `named` is the registry that the reference names,
 * NULL for a mirror: what --creds is judged by. All NULL in *ret when there is none, which is no error. Files are read
 * at each call; what a helper said is kept as long as `c` lives. From any thread; helpers run one at a time.
 */
int oci_credentials_find(struct oci_credentials *c, const char *host, const char *repository, const char *named,
                         struct oci_credential *ret, struct error *err);
/* Overwrites the secrets before it frees them. */
void oci_credential_free(struct oci_credential *credential);
#define CLEANUP_CREDENTIAL __attribute__((cleanup(oci_credential_free)))

#endif
