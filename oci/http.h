/* SPDX-License-Identifier: Apache-2.0 */
#ifndef BRYO_OCI_HTTP_H
#define BRYO_OCI_HTTP_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "common/buffer.h"
#include "common/error.h"
#include "common/strv.h"
#include "oci/fetch_curl.h"
#include "oci/url.h"

/*
 * HTTP exchanges in the registry child. One thread drives libcurl for all of them, so that they share one pool of
 * connections (HTTP/2 where it is offered); each exchange is a call that lasts as long as it, and bodies pass between
 * the two threads through a bounded buffer: digests and the disk never hold up the network. Internal to this room.
 *
 * What an exchange never does: follow a redirect, read netrc, send cookies or a Referer, authenticate by itself. Only
 * http and https, TLS 1.2 or later, proxies from the environment.
 */
struct http;

/* Starts the thread. `curl` outlives it. */
int http_new(const struct fetch_curl *curl, struct http **ret, struct error *err);
/* No exchange may be under way. NULL is fine. */
void http_free(struct http *h);

/* Whom to believe, for one endpoint; borrowed for the exchange. All zero: https by the usual authorities. */
struct http_trust {
        bool insecure;                  /* any certificate */
        const char *authorities;        /* a file (PEM) instead of the usual bundle; NULL */
        const char *client_certificate; /* files for TLS client authentication, or both NULL */
        const char *client_key;
};

/* Where a 2xx body goes, piece by piece, in the thread of the exchange. -1 ends it with that error. */
struct http_sink {
        /* Before the first piece; also when there will be none. May be NULL. */
        int (*head)(void *context, unsigned status, const struct strv *headers, struct error *err);
        int (*piece)(void *context, const char *bytes, size_t size, struct error *err);
        void *context;
};

struct http_request {
        const char *method;
        const struct oci_url *url;
        const struct strv *headers; /* "Name: value", not for credentials; may be NULL */
        const char *authorization;  /* the value of Authorization; NULL */
        const struct http_trust *trust;
        bool far; /* refuse to connect to an address of this machine or its link (oci/fetch_local.h) */
        /* The body: `body` if it is not NULL, else `body_size` bytes of `body_fd` from `body_offset` on. */
        const char *body;
        int body_fd;
        uint64_t body_offset, body_size;
        /* The file is still being written: the body ends where it does once something can be read from `whole`, a socket. Its
         * size is not said before (chunks, or HTTP/2), and `body_size` is not looked at. */
        bool growing;
        int whole;
        bool has_body;
        void (*sent)(void *context, uint64_t size); /* now and then; may be NULL */
        void *sent_context;
        const struct http_sink *sink; /* NULL: the body goes into the response */
        size_t limit;                 /* of a 2xx body in the response */
        int cancel;                   /* a socket: when its far end is closed the exchange is given up (ECANCELED) */
        unsigned stall_seconds;
};

struct http_response {
        unsigned status;
        struct strv headers; /* name=value of OCI_FETCH_HEADERS that came, names in lower case; of several, the first */
        struct strv challenges; /* all values of WWW-Authenticate */
        struct buffer body; /* without a sink, or of a status that is no 2xx; the latter cut at OCI_LIMIT_ERROR_BODY */
        bool local;         /* the connection was to an address of this machine or its link */
};

#define HTTP_RESPONSE_INIT                                                                                             \
        {                                                                                                              \
                .status = 0                                                                                            \
        }

/*
 * 0 means that there was a whole answer, whatever its status. Error codes: ECONNRESET (it ended early; may be tried
 * again), ETIMEDOUT (the same), ECONNREFUSED, EHOSTUNREACH (no such name), EACCES (certificate), EPROTONOSUPPORT (what
 * answers speaks no TLS), EPERM (address refused), EFBIG, ECANCELED, those of the sink, EIO. `ret` is to be empty, and
 * is cleared by the caller also after a failure.
 */
int http_do(struct http *h, const struct http_request *request, struct http_response *ret, struct error *err);
void http_response_clear(struct http_response *r);
#define CLEANUP_HTTP_RESPONSE __attribute__((cleanup(http_response_clear)))

#endif
