/* SPDX-License-Identifier: Apache-2.0 */
#ifndef BRYO_OCI_FETCH_H
#define BRYO_OCI_FETCH_H

#include <stdbool.h>
#include <stdint.h>

#include "common/error.h"
#include "common/log.h"
#include "common/sha256.h"
#include "common/strv.h"

/*
 * HTTP, done by a process of its own. The process that calls here opens no
 * connection and loads no TLS: it starts a child (`bryo fetch-child`, a hidden
 * verb) when the first request is made, and hands it each request with the descriptor that the body goes to. The child
 * loads libcurl, follows redirects by the rules below, and ends when this process does.
 *
 * The rules, whoever asks:
 *   - only http and https; a redirect never leads from https to http, and there are at most 10;
 *   - `authorization` goes to the origin (scheme, host, port) of the URL and to no other;
 *   - a redirect to another host never reaches this machine itself or a link-local address (cloud metadata), unless
 *     the URL named such an address to begin with;
 *   - no netrc, no cookies, no Referer, no automatic authentication; a connection with credentials is never reused;
 *   - proxies from the environment (http_proxy, https_proxy, all_proxy, no_proxy in both cases);
 *   - trust: CURL_CA_BUNDLE, SSL_CERT_FILE, SSL_CERT_DIR, or libcurl's default bundle.
 */
struct oci_fetch;

/* The verb that main must map to oci_fetch_child_main (oci/fetch_child.h). */
#define OCI_FETCH_VERB "fetch-child"

struct oci_fetch_options {
        const struct log *log;  /* may be NULL */
        unsigned stall_seconds; /* a transfer slower than 64 bytes a second for so long is given up; 0: 60 */
        unsigned total_seconds; /* for one request with all its redirects; 0: 6 hours */
        uint64_t limit;         /* bytes of one body; 0: 16 GiB */
};

/* Starts nothing yet. Never fails. Requests may be made from any thread. */
struct oci_fetch *oci_fetch_new(const struct oci_fetch_options *options);
/* Ends the child, if there is one, and waits for it. NULL is fine. */
void oci_fetch_free(struct oci_fetch *f);

enum oci_fetch_method { OCI_FETCH_GET, OCI_FETCH_HEAD };

struct oci_fetch_request {
        enum oci_fetch_method method;
        const char *url;            /* credentials in it are sent as Basic, unless `authorization` is given */
        const struct strv *headers; /* "Name: value"; may be NULL. Not for credentials */
        const char *authorization;  /* the value of Authorization; may be NULL */
        int fd;         /* the body of a 2xx answer is written here, from its position on; -1: dropped. Borrowed */
        uint64_t limit; /* a smaller limit than that of the options; 0: none */
        /* Called now and then; `total` is 0 when unknown. False gives the transfer up (ECANCELED). May be NULL. */
        bool (*progress)(void *context, uint64_t done, uint64_t total);
        void *context;
};

struct oci_fetch_response {
        unsigned status;             /* of the last answer; never a redirect that is followed */
        char *url;                   /* where it came from at last, without credentials; owned */
        struct strv headers;         /* name=value, names in lower case, of those in OCI_FETCH_HEADERS that came */
        uint64_t size;               /* bytes written */
        struct sha256_digest digest; /* of the bytes written */
};

#define OCI_FETCH_RESPONSE_INIT                                                                                        \
        {                                                                                                              \
                .url = NULL                                                                                            \
        }

/* The response headers that are handed back: all that a client of files and of registries asks for. */
#define OCI_FETCH_HEADERS                                                                                              \
        {                                                                                                              \
                "etag", "last-modified", "content-type", "content-disposition", "content-length", "content-range",     \
                        "docker-content-digest", "link", "location", "oci-subject", "range", "retry-after",            \
                        "www-authenticate"                                                                             \
        }

/*
 * One request, all the way. 0 means that there was an answer, whatever its status; -1 that there was none or an
 * incomplete one, and what was written to `fd` is then worthless. Errors name the URL without credentials.
 */
int oci_fetch_do(struct oci_fetch *f, const struct oci_fetch_request *request, struct oci_fetch_response *ret,
                 struct error *err);
void oci_fetch_response_free(struct oci_fetch_response *r);
#define CLEANUP_FETCH_RESPONSE __attribute__((cleanup(oci_fetch_response_free)))

#endif
