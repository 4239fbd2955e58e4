/* SPDX-License-Identifier: Apache-2.0 */
#ifndef BRYO_OCI_FRAME_H
#define BRYO_OCI_FRAME_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "common/buffer.h"
#include "common/error.h"

/*
 * What passes between a process and its children for HTTP and registries (oci/fetch.h, oci/registry.h): bounded,
 * versioned messages. Internal to this room; what types and tags mean is in fetch_frame.h and registry_frame.h.
 *
 *     frame = "BF" version type field*         one packet of a close-on-exec SOCK_SEQPACKET pair
 *     field = tag length bytes                 tag 1 byte, never 0; length 4 bytes little endian
 */
#define OCI_FRAME_VERSION 1
/* A URL, some headers and a credential; a frame that is larger is refused before it is sent. */
#define OCI_FRAME_MAX 65536u
/* No server that means well sends more in one header or has a longer URL; curl's own limit for all headers is 300 KiB.
 */
#define OCI_FRAME_TEXT_MAX 16384u

/* Begins a frame in an empty buffer, and adds to it. */
void oci_frame_begin(struct buffer *b, unsigned type);
void oci_frame_text(struct buffer *b, unsigned tag, const char *text);
void oci_frame_bytes(struct buffer *b, unsigned tag, const void *bytes, size_t size);
void oci_frame_number(struct buffer *b, unsigned tag, uint64_t number);

/* One field of a received frame. `bytes` has `size` bytes and no NUL. */
struct oci_frame_field {
        unsigned tag;
        const char *bytes;
        size_t size;
        uint64_t number; /* if size is 8 */
};

/* Walks a frame: *at is 0 at first. True with the next field. */
bool oci_frame_next(const struct buffer *b, size_t *at, struct oci_frame_field *ret);
/* Checks the head, that all tags are below `tag_max` and that all fields fit: oci_frame_next then ends at the end. */
int oci_frame_check(const struct buffer *b, unsigned tag_max, unsigned *ret_type, struct error *err);

/* An error as two fields: its errno value, and its message, cut to OCI_FRAME_TEXT_MAX. */
void oci_frame_failure(struct buffer *b, unsigned code_tag, unsigned message_tag, const struct error *failure);
/* The error that a received frame carries so; always -1. `what` is who sent it: "the fetch process". */
int oci_frame_take_failure(const struct buffer *b, unsigned code_tag, unsigned message_tag, const char *what,
                           struct error *err);

/* Sends one frame with `count` descriptors. EMSGSIZE for one that is too large, EPIPE when the far end is closed. */
int oci_frame_send(int socket, const struct buffer *b, const int *fds, size_t count, struct error *err);
/*
 * Receives one frame into an empty buffer; descriptors, close-on-exec, into fds (at most `max`; the rest of the array
 * is -1). An empty buffer afterwards is the end of file. EAGAIN is err->code when `nowait` and there is none.
 */
int oci_frame_receive(int socket, bool nowait, struct buffer *b, int *fds, size_t max, struct error *err);

#endif
