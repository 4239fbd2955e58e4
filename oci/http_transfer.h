/* SPDX-License-Identifier: Apache-2.0 */
#ifndef BRYO_OCI_HTTP_TRANSFER_H
#define BRYO_OCI_HTTP_TRANSFER_H

#include <pthread.h>
#include <time.h>

#include "oci/http.h"

/*
 * One exchange between its two threads: the caller's, which waits and takes the body, and the loop's, in which libcurl
 * calls back. Internal to http.c and http_transfer.c.
 */
struct http_transfer {
        const struct fetch_curl *curl;
        pthread_mutex_t *lock; /* of the loop; guards what is marked L */
        const struct http_request *request;
        struct http_response *response; /* the loop's until `head`, then the caller's */
        CURL *easy;
        struct curl_slist *headers;
        pthread_cond_t changed; /* L: anything below changed */
        struct buffer filled;   /* L: what came and was not yet taken */
        bool head;              /* L: status and headers are complete */
        bool done;              /* L: libcurl is done with it, `code` says how */
        bool paused;            /* L: libcurl waits until `filled` was taken */
        bool resume;            /* L: the loop is to wake libcurl up */
        bool abandoned;         /* L: the caller wants no more */
        uint64_t sent;          /* L: bytes of the request's body */
        CURLcode code;
        uint64_t read;        /* of the request's body, by libcurl */
        bool refused_local;   /* an address was refused */
        bool cancelled;       /* nobody waits any more */
        bool cut;             /* an error's body was longer than anybody wants to read: what is there is enough */
        int body_errno;       /* the request's body could not be read */
        bool starved;         /* libcurl waits for more of a body that grows: the loop's alone */
        struct timespec told; /* when `sent` was last told */
        char words[CURL_ERROR_SIZE]; /* what libcurl says of a failure */
};

/* Sets the handle up for the request. */
int http_transfer_prepare(struct http_transfer *t, struct error *err);
/* After `done`: 0, or the error that it ended with. */
int http_transfer_explain(const struct http_transfer *t, struct error *err);
void http_transfer_clear(struct http_transfer *t);

#endif
