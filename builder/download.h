/* SPDX-License-Identifier: Apache-2.0 */
#ifndef BRYO_BUILDER_DOWNLOAD_H
#define BRYO_BUILDER_DOWNLOAD_H

#include <stdint.h>
#include <time.h>

#include "builder/workshop.h"
#include "common/sha256.h"

/*
 * Files from URLs. Their bytes are data files of the store, and a record in OCI_STORE_DOWNLOADS remembers for each URL
 * which one, so that the next build only asks whether it changed (RFC 9110, "Conditional Requests"). Lines of "word
 * value":
 *
 *     bryo-download 1
 *     url TEXT             without credentials, for people
 *     data NAME            in OCI_STORE_DATA
 *     digest HEX
 *     size N
 *     etag TEXT            absent if the server gave none
 *     modified TEXT        Last-Modified as it came; absent if the server gave none
 *
 * The record's name is the digest of the URL and of the credential: what one user may read another one must ask for.
 */
struct builder_download_request {
        const char *url;           /* with credentials, if there are any */
        const char *authorization; /* for the Authorization header; NULL: what the URL says */
        const struct sha256_digest
                *digest; /* what it must be; NULL: anything. What the store has of it is not asked for again */
        bool (*is_cancelled)(void *context); /* may be NULL */
        void *context;
};

struct builder_download {
        char *data; /* name in OCI_STORE_DATA; owned */
        struct sha256_digest digest;
        uint64_t size;
        char *etag, *modified; /* or NULL; owned */
};

#define BUILDER_DOWNLOAD_INIT                                                                                          \
        {                                                                                                              \
                .data = NULL                                                                                           \
        }

/* Fetches, or finds out that the store's bytes still are what the URL means. Nothing is kept of what is not complete.
 */
int builder_download(struct builder_workshop *w, const struct builder_download_request *request,
                     struct builder_download *ret, struct error *err);
void builder_download_free(struct builder_download *d);
#define CLEANUP_DOWNLOAD __attribute__((cleanup(builder_download_free)))

/* Last-Modified, or 1970 without one, as BuildKit. */
time_t builder_download_mtime(const struct builder_download *d);
/*
 * What a file is called that a URL brings into a directory: the last name of its path, as BuildKit has it, else
 * "__unnamed__"; heap text. Content-Disposition has no say, and nothing in it is a path.
 */
char *builder_download_file_name(const char *url);

/* The data file of a record as it stands in the store, for prune; *ret is NULL when the record is not understood. */
int builder_download_record_data(struct oci_store *store, const char *record, char **ret_data, uint64_t *ret_size,
                                 struct error *err);
/* The digest that the data file of a record has; *ret_found is false when the record is not understood. */
int builder_download_record_digest(struct oci_store *store, const char *record, bool *ret_found,
                                   struct sha256_digest *ret, struct error *err);

#endif
