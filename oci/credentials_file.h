/* SPDX-License-Identifier: Apache-2.0 */
#ifndef BRYO_OCI_CREDENTIALS_FILE_H
#define BRYO_OCI_CREDENTIALS_FILE_H

#include <stdbool.h>
#include <stddef.h>

#include "common/error.h"
#include "common/strv.h"
#include "oci/credentials.h"

/*
 * One file of credentials: docker's config.json and containers' auth.json, which is a subset of it.
 *
 *     {"auths": {KEY: {"auth": base64 of USER:PASSWORD, "identitytoken": T, "registrytoken": T}}, "credHelpers": {HOST:
 * NAME}, "credsStore": NAME}
 *
 * A KEY is host[/path...] or a URL, of which only the host counts.
 */
struct oci_credentials_file;

/* The usual places (oci/credentials.h), those that the environment makes meaningful, in their order. */
void oci_credentials_file_places(struct strv *ret);

/*
 * Reads a file. *ret is NULL, with success, when there is none. A regular file only (or /dev/null), of a limited size.
 * EINVAL for text that is no such document. The caller frees *ret.
 */
int oci_credentials_file_load(const char *path, struct oci_credentials_file **ret, struct error *err);
/* The same from memory; `what` names it in messages. */
int oci_credentials_file_parse(const char *what, const void *text, size_t size, struct oci_credentials_file **ret,
                               struct error *err);
void oci_credentials_file_free(struct oci_credentials_file *f);
void oci_credentials_file_cleanup(struct oci_credentials_file **f);
#define CLEANUP_CREDENTIALS_FILE __attribute__((cleanup(oci_credentials_file_cleanup)))

/* True when users other than the owner can read it. */
bool oci_credentials_file_is_open(const struct oci_credentials_file *f);
/* The file as it was read; "" where there is nothing. Valid as long as `f`. */
const char *oci_credentials_file_text(const struct oci_credentials_file *f);

/* The helper that this file names for the host: of `credHelpers`, else `credsStore`. *ret is NULL when none; heap text.
 */
int oci_credentials_file_helper(const struct oci_credentials_file *f, const char *host, char **ret, struct error *err);
/* The longest key of `auths` for host/repository (NULL: host) that has a credential in it; all NULL when none. */
int oci_credentials_file_find(const struct oci_credentials_file *f, const char *host, const char *repository,
                              struct oci_credential *ret, struct error *err);
/* The keys of `auths` that are exactly host[/path], as they are written. */
void oci_credentials_file_keys(const struct oci_credentials_file *f, const char *name, struct strv *ret);
/* host[/path] for every key of `auths` and every host of `credHelpers`, each once. */
void oci_credentials_file_names(const struct oci_credentials_file *f, struct strv *ret);

/* "docker.io" for each name of Docker Hub, else the host in lower case. Heap text. */
char *oci_credentials_host(const char *host);

#endif
