/* SPDX-License-Identifier: Apache-2.0 */
#ifndef BRYO_OCI_CREDENTIALS_HELPER_H
#define BRYO_OCI_CREDENTIALS_HELPER_H

#include "common/error.h"
#include "oci/credentials.h"

/*
 * The programs docker-credential-NAME, one process for each question (docker-credential-helpers: "get", "store" and
 * "erase" are the only argument; host or JSON on standard input; the answer, and an error's text too, on standard
 * output). What is secret goes through descriptors alone: never into an argument or the environment. The helper has the
 * user's environment but for variables that are credentials themselves.
 */

/* A helper's NAME comes from a file: letters, digits, '.', '_' and '-', not first. EINVAL for another. */
int oci_credentials_helper_check(const char *name, struct error *err);

/* The server as helpers know it: "https://index.docker.io/v1/" for Docker Hub, else the host. Heap text. */
char *oci_credentials_helper_server(const char *host);

/*
 * Asks for a host's credential; all NULL in *ret when the helper knows none. ENOENT: no such program; ETIMEDOUT: not
 * within `seconds`; EINVAL: a bad name or host; else EIO with the first line of what the helper said.
 */
int oci_credentials_helper_get(const char *name, const char *host, unsigned seconds, struct oci_credential *ret,
                               struct error *err);
/* Lets the helper keep it: user and secret, or the identity token. */
int oci_credentials_helper_store(const char *name, const char *host, unsigned seconds,
                                 const struct oci_credential *credential, struct error *err);
/* Lets it forget; that it did not know the host is no error. */
int oci_credentials_helper_erase(const char *name, const char *host, unsigned seconds, struct error *err);

#endif
