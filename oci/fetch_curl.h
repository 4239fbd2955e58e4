/* SPDX-License-Identifier: Apache-2.0 */
#ifndef BRYO_OCI_FETCH_CURL_H
#define BRYO_OCI_FETCH_CURL_H

#define CURL_DISABLE_TYPECHECK /* its macros would hide the prototypes that the table is made of */
#include <curl/curl.h>
#include <stdbool.h>
#include <time.h>

#include "common/error.h"

/*
 * libcurl, loaded when the fetch child starts and by nobody else: as a shared library of bryo it would cost every
 * command some five milliseconds of start-up, with all that it brings along. Internal to this room.
 *
 * The table has the prototypes of curl/curl.h. curl_easy_setopt and curl_easy_getinfo are variadic: the caller
 * must give exactly the type that the option's manual page names (long, never int).
 */
#define FETCH_CURL_FUNCTIONS(X)                                                                                        \
        X(global_init)                                                                                                 \
        X(easy_init)                                                                                                   \
        X(easy_cleanup)                                                                                                \
        X(easy_setopt)                                                                                                 \
        X(easy_getinfo)                                                                                                \
        X(easy_strerror) X(slist_append) X(slist_free_all) X(multi_init) X(multi_cleanup) X(multi_add_handle)          \
                X(multi_remove_handle) X(multi_perform) X(multi_poll) X(multi_info_read) X(easy_pause)                 \
                        X(multi_strerror) X(multi_setopt)

struct fetch_curl {
        void *library;
#define FETCH_CURL_FIELD(name) __typeof__(curl_##name) *name;
        FETCH_CURL_FUNCTIONS(FETCH_CURL_FIELD)
#undef FETCH_CURL_FIELD
};

/* Loads and initialises it. It stays loaded: TLS libraries do not like to go. ENOPKG when there is none. */
int fetch_curl_load(struct fetch_curl *ret, struct error *err);

/* What holds for every transfer of every child, each setting named even where it is libcurl's default. False: refused.
 */
bool fetch_curl_set_rules(const struct fetch_curl *curl, CURL *easy);
/* Seconds of CLOCK_MONOTONIC since `then`: for callbacks that libcurl calls more often than anybody needs to be told.
 */
double fetch_curl_seconds_since(const struct timespec *then);
/* Which authorities are trusted: CURL_CA_BUNDLE, SSL_CERT_FILE, SSL_CERT_DIR, or libcurl's default bundle. */
bool fetch_curl_set_trust(const struct fetch_curl *curl, CURL *easy);

#endif
