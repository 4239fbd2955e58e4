/* SPDX-License-Identifier: Apache-2.0 */
#ifndef BRYO_OCI_CREDENTIALS_STORE_H
#define BRYO_OCI_CREDENTIALS_STORE_H

#include <stdbool.h>
#include <stddef.h>

#include "common/error.h"
#include "oci/credentials.h"

/*
 * Keeping credentials where docker keeps them, for `login` and `logout`: in a credential helper, if the file names one
 * for the registry, else in the file's `auths`. Of a file everything else stays byte for byte; it is replaced as a
 * whole, has mode 0600 then, and two logins at a time do not lose each other.
 */

/*
 * The file that is written: `authfile`, or else $REGISTRY_AUTH_FILE, or else config.json of $DOCKER_CONFIG or
 * ~/.docker. Heap text, or NULL with ENOENT where none of it is known.
 */
char *oci_credentials_store_path(const char *authfile, struct error *err);

/*
 * Keeps a credential for `name` ("docker.io", "quay.io/org": a path only in files). *ret_helper is the helper that has
 * it now (heap text), or NULL: it is in the file, readable for whoever can read that.
 */
int oci_credentials_store_save(const char *path, const char *name, const struct oci_credential *credential,
                               char **ret_helper, struct error *err);
/* Forgets one name; *ret_found: there was something. */
int oci_credentials_store_erase(const char *path, const char *name, bool *ret_found, struct error *err);
/* Forgets all of them, those of the helpers that the file names for hosts too; *ret_count of them. */
int oci_credentials_store_erase_all(const char *path, size_t *ret_count, struct error *err);

#endif
