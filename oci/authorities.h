/* SPDX-License-Identifier: Apache-2.0 */
#ifndef BRYO_OCI_AUTHORITIES_H
#define BRYO_OCI_AUTHORITIES_H

#include "common/buffer.h"
#include "common/error.h"

/*
 * Whom TLS trusts, as certificates (PEM): the usual authorities (CURL_CA_BUNDLE, else SSL_CERT_FILE, else the host's bundle), and
 * beside them those that certs.d names for one host (oci/registries.h): for registries, and for what ADD and git fetch.
 */

/* The file of authorities that the user's environment names, or NULL. The environment's. */
const char *oci_authorities_named(void);
/* Appends the usual ones; nothing where there is no bundle. */
void oci_authorities_usual(struct buffer *ret);
/*
 * libcurl takes one file of authorities: `bundle` as a file in memory, at the path *ret_path as long as *ret_fd is open. Both
 * are the caller's.
 */
int oci_authorities_file(const struct buffer *bundle, int *ret_fd, char **ret_path, struct error *err);
/*
 * Appends the usual ones and those for "host" or "host:port", or nothing if the host has none of its own. EINVAL and others for
 * files that are there and cannot be read as certificates.
 */
int oci_authorities_find(const char *host, struct buffer *ret, struct error *err);

#endif
