/* SPDX-License-Identifier: Apache-2.0 */
#ifndef BRYO_OCI_FETCH_FRAME_H
#define BRYO_OCI_FETCH_FRAME_H

#include "oci/frame.h"

/*
 * What passes between a process and its fetch child (oci/fetch.h), as frames of oci/frame.h. Internal to this room.
 *
 * On the control socket, to the child: REQUEST, with two descriptors: the socket on which this one request is answered,
 * and where the body goes (a descriptor on /dev/null if nowhere). On the answering socket, from the child: any number
 * of PROGRESS, then DONE or FAILED. Closing either socket's far end is the order to give up: one request, or
 * everything.
 */
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

#endif
