/* SPDX-License-Identifier: Apache-2.0 */
#ifndef BRYO_OCI_FETCH_TRANSFER_H
#define BRYO_OCI_FETCH_TRANSFER_H

#include <stdbool.h>

#include "common/buffer.h"
#include "oci/fetch_curl.h"

/*
 * One request in the fetch child, with all its redirects: where the rules of oci/fetch.h are kept. Internal to this
 * room.
 *
 * It is made from a request frame, driven by a multi handle of libcurl, and answers on its own socket.
 */
struct fetch_transfer;

/*
 * Takes the descriptors over, also on failure. A request that cannot be made is answered with the error at once, and
 * *ret is NULL. Every easy handle carries its transfer as CURLOPT_PRIVATE.
 */
void fetch_transfer_begin(const struct fetch_curl *curl, const struct buffer *request, int answer, int body,
                          struct fetch_transfer **ret);
CURL *fetch_transfer_handle(const struct fetch_transfer *t);
/* Where it answers: when this says end-of-file, nobody waits any more. */
int fetch_transfer_socket(const struct fetch_transfer *t);
/*
 * libcurl is done with the handle. True: a redirect was accepted, the handle is to be added again. False: the answer
 * was sent and the transfer can only be freed.
 */
bool fetch_transfer_finish(struct fetch_transfer *t, CURLcode code);
/* The handle must not be in a multi handle any more. NULL is fine. */
void fetch_transfer_free(struct fetch_transfer *t);

#endif
