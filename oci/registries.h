/* SPDX-License-Identifier: Apache-2.0 */
#ifndef BRYO_OCI_REGISTRIES_H
#define BRYO_OCI_REGISTRIES_H

#include <stdbool.h>
#include <stddef.h>

#include "common/buffer.h"
#include "common/error.h"
#include "common/log.h"
#include "common/strv.h"
#include "oci/reference.h"

/*
 * Whom to talk to for a reference: registries.conf of containers (containers-registries.conf(5), version 2), certs.d of
 * docker and containers (containers-certs.d(5)), and the flags.
 *
 * registries.conf is $CONTAINERS_REGISTRIES_CONF, or else ~/.config/containers/registries.conf, or else
 * /etc/containers/registries.conf; then the drop-ins *.conf of /etc/containers/registries.conf.d and of
 * ~/.config/containers/registries.conf.d, in the order of their names: a later [[registry]] of the same prefix and a
 * later alias win. Unqualified-search registries are not followed: names resolve as docker's do.
 *
 * Certificates for a registry are *.crt (authorities), *.cert and *.key (a client's) in the first directory HOST[:PORT]
 * of
 * ~/.config/containers/certs.d, ~/.config/docker/certs.d, /etc/containers/certs.d and /etc/docker/certs.d.
 */
struct oci_registries;

enum oci_registries_tls {
        OCI_REGISTRIES_TLS_DEFAULT, /* as the files say */
        OCI_REGISTRIES_TLS_ON,  /* --tls-verify=true: verified https for everybody, loopback too, whatever the files say
                                 */
        OCI_REGISTRIES_TLS_OFF, /* --tls-verify=false: as if every registry was insecure */
};

struct oci_registries_options {
        const struct log *log; /* may be NULL. Borrowed */
        const char *cert_dir;  /* --cert-dir: instead of certs.d, for every registry; NULL */
        enum oci_registries_tls tls;
        const struct strv *mirrors; /* --registry-mirror [REGISTRY[/PATH]=][http://]HOST[/PREFIX], of docker.io if it
                                       does not say of which; asked before configured ones. May be NULL */
        bool only_mirrors;          /* what has such a mirror is not asked for at its registry */
        const struct strv *authorities; /* HOST=FILE: certificates that are trusted there, too; may be NULL */
        const struct strv *clients;  /* HOST=CERTIFICATE,KEY: files for TLS client authentication there; may be NULL */
        const struct strv *insecure; /* --insecure-registry HOST; may be NULL */
};

enum oci_registries_scheme {
        OCI_REGISTRIES_HTTPS,
        /* https first; http only if what answers there speaks no TLS or nobody listens, never after a bad certificate
         */
        OCI_REGISTRIES_HTTPS_OR_HTTP,
        OCI_REGISTRIES_HTTP,
};

/* One place where the image may be had. */
struct oci_registries_endpoint {
        char *host;       /* host[:port] to connect to: "registry-1.docker.io" */
        char *account;    /* what oci_credentials_find is asked with: "docker.io" */
        char *repository; /* the repository's path there */
        enum oci_registries_scheme scheme;
        bool verify;              /* check the certificate */
        bool mirror;              /* only for pulls; a failure of any kind means: the next endpoint */
        struct buffer ca;         /* certificates (PEM) that are trusted here beside the usual ones; may be empty */
        char *client_certificate; /* files for TLS client authentication, or both NULL */
        char *client_key;
};

struct oci_registries_endpoints {
        struct oci_registries_endpoint *items; /* mirrors first, the registry itself last */
        size_t count;
        size_t cap;
};

#define OCI_REGISTRIES_ENDPOINTS_INIT                                                                                  \
        {                                                                                                              \
                NULL, 0, 0                                                                                             \
        }

/* Reads the configuration. EINVAL for what is wrong in it, with file and line. The caller frees *ret. */
int oci_registries_load(const struct oci_registries_options *options, struct oci_registries **ret, struct error *err);
void oci_registries_free(struct oci_registries *r);
void oci_registries_cleanup(struct oci_registries **r);
#define CLEANUP_REGISTRIES __attribute__((cleanup(oci_registries_cleanup)))

enum oci_registries_purpose { OCI_REGISTRIES_PULL, OCI_REGISTRIES_PUSH };

/*
 * The endpoints of a reference, at least one; for a push the registry itself alone. EPERM when the configuration blocks
 * it. The files of certs.d are read here. From any thread.
 */
int oci_registries_resolve(const struct oci_registries *r, const struct oci_reference *ref,
                           enum oci_registries_purpose purpose, struct oci_registries_endpoints *ret,
                           struct error *err);
void oci_registries_endpoints_free(struct oci_registries_endpoints *e);
#define CLEANUP_ENDPOINTS __attribute__((cleanup(oci_registries_endpoints_free)))

/*
 * What a user typed, as the full reference that is meant: an alias of [aliases] for a short name (without a registry),
 * its tag or digest kept; else as oci_reference_parse. The caller frees *ret.
 */
int oci_registries_expand(const struct oci_registries *r, const char *text, struct oci_reference **ret,
                          struct error *err);

#endif
