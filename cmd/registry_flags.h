/* SPDX-License-Identifier: Apache-2.0 */
#ifndef BRYO_CMD_REGISTRY_FLAGS_H
#define BRYO_CMD_REGISTRY_FLAGS_H

#include "builder/bases.h"
#include "cmd/options.h"
#include "oci/registry.h"

/* The flags of every verb that talks to registries, as podman, buildah and kaniko spell them. Texts are borrowed from
 * argv. */
struct registry_flags {
        const char *authfile, *cert_dir, *creds, *tls_verify, *retries, *retry_delay;
        struct strv mirrors, insecure;
        /* of bryo build alone */
        struct strv authorities, clients;
        bool only_mirrors, keep_tags;
};

/* Rows for an option table, in the order of the help. */
#define CMD_REGISTRY_ROWS(f)                                                                                           \
        {"authfile",     0,      OPTION_TEXT,                                                                          \
         &(f)->authfile, "FILE", "Credentials of registries (default: those of docker and podman)"},                   \
                {"cert-dir", 0, OPTION_TEXT, &(f)->cert_dir, "DIR", "Certificates for registries (default: certs.d)"}, \
                {"creds", 0, OPTION_TEXT, &(f)->creds, "USER[:PASSWORD]", "Credentials for the registry"},             \
                {"insecure-registry", 0,      OPTION_LIST,                                                             \
                 &(f)->insecure,      "HOST", "This registry may be asked by http, or with any certificate"},          \
                {"registry-mirror", 0,                                                                                 \
                 OPTION_LIST,       &(f)->mirrors,                                                                     \
                 "[REG=]HOST[/PATH]", "Ask this registry before docker.io, or before REG"},                                             \
                {"retry", 0, OPTION_TEXT, &(f)->retries, "N", "Try a request again so often (default: 5)"},            \
                {"retry-delay",     0,          OPTION_TEXT,                                                           \
                 &(f)->retry_delay, "DURATION", "Before the first time (default: 1s); doubled each time"},             \
        {                                                                                                              \
                "tls-verify", 0, OPTION_MAYBE, &(f)->tls_verify, "true|false", "Talk https, and check certificates"    \
        }

/* What the flags say; `ret` borrows from `f`. Errors are of usage. */
int registry_flags_read(const struct registry_flags *f, struct oci_registry_options *ret, struct error *err);
void registry_flags_free(struct registry_flags *f);
#define CLEANUP_REGISTRY_FLAGS __attribute__((cleanup(registry_flags_free)))

/*
 * --pull: true, always, newer and ifnewer ask the registry; missing, ifmissing and false (docker's default, said aloud)
 * take what the store has first; never asks nobody. Without the flag (NULL) what $BRYO_PULL says, else missing.
 */
int registry_flags_read_pull(const char *text, enum builder_pull_policy *ret, struct error *err);

#endif
