/* SPDX-License-Identifier: Apache-2.0 */
#ifndef BRYO_OCI_FETCH_FRAME_H
#define BRYO_OCI_FETCH_FRAME_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "common/buffer.h"
#include "common/error.h"

/*
 * What passes between a process and its fetch child (oci/fetch.h). Internal to this room.
 *
 *     frame = "BF" version type field*         one packet of a close-on-exec SOCK_SEQPACKET pair
 *     field = tag length bytes                 tag 1 byte, length 4 bytes little endian
 *
 * On the control socket, to the child: REQUEST, with two descriptors: the socket on which this one request is answered,
 * and where the body goes (a descriptor on /dev/null if nowhere). On the answering socket, from the child: any number
 * of PROGRESS, then DONE or FAILED. Closing either socket's far end is the order to give up: one request, or
 * everything.
 */
#define FETCH_FRAME_VERSION 1
/* A URL, some headers and a credential; a frame that is larger is refused before it is sent. */
#define FETCH_FRAME_MAX 65536u
/* No server that means well sends more in one header or has a longer URL; curl's own limit for all headers is 300 KiB.
 */
#define FETCH_TEXT_MAX 16384u

enum fetch_frame_type { FETCH_REQUEST = 1, FETCH_PROGRESS, FETCH_DONE, FETCH_FAILED };

enum fetch_tag {
        FETCH_TAG_METHOD = 1,    /* number: enum oci_fetch_method */
        FETCH_TAG_URL,           /* text, without credentials */
        FETCH_TAG_HEADER,        /* text: "Name: value" to the child, "name=value" from it; repeated */
        FETCH_TAG_AUTHORIZATION, /* text */
        FETCH_TAG_LIMIT,         /* number: bytes */
        FETCH_TAG_STALL,         /* number: seconds */
        FETCH_TAG_TIME,          /* number: seconds */
        FETCH_TAG_DONE,          /* number: bytes */
        FETCH_TAG_TOTAL,         /* number: bytes */
        FETCH_TAG_STATUS,        /* number: HTTP status */
        FETCH_TAG_DIGEST,        /* 32 bytes */
        FETCH_TAG_CODE,          /* number: errno value of an error */
        FETCH_TAG_MESSAGE,       /* text of an error */
        FETCH_TAG_MAX
};

/* Begins a frame in an empty buffer, and adds to it. */
void fetch_frame_begin(struct buffer *b, enum fetch_frame_type type);
void fetch_frame_text(struct buffer *b, enum fetch_tag tag, const char *text);
void fetch_frame_bytes(struct buffer *b, enum fetch_tag tag, const void *bytes, size_t size);
void fetch_frame_number(struct buffer *b, enum fetch_tag tag, uint64_t number);

/* One field of a received frame. `bytes` has `size` bytes and no NUL. */
struct fetch_field {
        enum fetch_tag tag;
        const char *bytes;
        size_t size;
        uint64_t number; /* if size is 8 */
};

/* Walks a frame: *at is 0 at first. True with the next field. */
bool fetch_frame_next(const struct buffer *b, size_t *at, struct fetch_field *ret);
/* Checks the head and that all fields fit, so that fetch_frame_next can be trusted to end at the end. */
int fetch_frame_check(const struct buffer *b, enum fetch_frame_type *ret_type, struct error *err);

/* Sends one frame with `count` descriptors. EMSGSIZE for one that is too large, EPIPE when the far end is closed. */
int fetch_frame_send(int socket, const struct buffer *b, const int *fds, size_t count, struct error *err);
/*
 * Receives one frame into an empty buffer; descriptors, close-on-exec, into fds (at most `max`; the rest of the array
 * is -1). An empty buffer afterwards is the end of file. EAGAIN is err->code when `nowait` and there is none.
 */
int fetch_frame_receive(int socket, bool nowait, struct buffer *b, int *fds, size_t max, struct error *err);

#endif
