/* SPDX-License-Identifier: Apache-2.0 */
#ifndef BRYO_OCI_REGISTRY_FRAME_H
#define BRYO_OCI_REGISTRY_FRAME_H

#include "oci/frame.h"

/*
 * What passes between a process and its registry child (oci/registry.h), as frames of oci/frame.h. Internal to this
 * room.
 *
 * On the control socket, to the child: OPTIONS once, first; then REQUESTs, each with two descriptors: the socket on
 * which this one request is answered, and the file for its body (a descriptor on /dev/null if there is none). On the
 * answering socket, from the child: any number of PROGRESS and LOG, then DONE or FAILED. Closing either socket's far
 * end is the order to give up: one request, or everything. Credentials of the command line pass here and nowhere else:
 * neither argv nor the environment of the child has them.
 */
enum registry_frame_type {
        REGISTRY_OPTIONS = 1,
        REGISTRY_REQUEST,
        REGISTRY_PROGRESS,
        REGISTRY_LOG,
        REGISTRY_DONE,
        REGISTRY_FAILED,
        REGISTRY_WHOLE /* to the child, on the answering socket of a BLOB_STREAM: DIGEST and SIZE of what the file has become */
};

enum registry_operation {
        REGISTRY_EXPAND = 1,
        REGISTRY_MANIFEST_GET, /* the bytes go to the file */
        REGISTRY_MANIFEST_HEAD,
        REGISTRY_MANIFEST_PUT, /* the bytes are in the file */
        REGISTRY_BLOB_GET,
        REGISTRY_BLOB_HAS,
        REGISTRY_BLOB_PUT,
        REGISTRY_BLOB_MOUNT, /* a put without the file */
        REGISTRY_BLOB_STREAM, /* the file is still being written */
        REGISTRY_TAGS, /* go to the file, each with a line feed */
        REGISTRY_LOGIN
};

enum registry_tag {
        REGISTRY_TAG_OPERATION = 1, /* number: enum registry_operation */
        REGISTRY_TAG_TEXT,          /* text: a reference to expand; its expansion */
        REGISTRY_TAG_DOMAIN,        /* text, of a reference; the host of a login */
        REGISTRY_TAG_PATH,          /* text */
        REGISTRY_TAG_TAG,           /* text */
        REGISTRY_TAG_DIGEST,        /* 32 bytes */
        REGISTRY_TAG_MEDIA_TYPE,    /* text */
        REGISTRY_TAG_SIZE,          /* number: bytes */
        REGISTRY_TAG_FROM,          /* text: path of a repository; repeated */
        REGISTRY_TAG_USER,          /* text */
        REGISTRY_TAG_SECRET,        /* text */
        /* options */
        REGISTRY_TAG_AUTHFILE,     /* text */
        REGISTRY_TAG_CREDENTIALS,  /* text */
        REGISTRY_TAG_RESTRICTED,   /* number: 1 when the credentials are for the registries of NAMEs alone */
        REGISTRY_TAG_NAME,         /* text: of an image, as it was typed; repeated */
        REGISTRY_TAG_CERT_DIR,     /* text */
        REGISTRY_TAG_TLS,          /* number: enum oci_registry_tls */
        REGISTRY_TAG_MIRROR,       /* text; repeated */
        REGISTRY_TAG_ONLY_MIRRORS, /* number: 1 or 0 */
        REGISTRY_TAG_AUTHORITY,    /* text; repeated */
        REGISTRY_TAG_CLIENT,       /* text; repeated */
        REGISTRY_TAG_INSECURE,     /* text; repeated */
        REGISTRY_TAG_RETRIES,      /* number */
        REGISTRY_TAG_DELAY,        /* number: milliseconds */
        REGISTRY_TAG_STALL,        /* number: seconds */
        /* answers */
        REGISTRY_TAG_DONE,    /* number: bytes */
        REGISTRY_TAG_TOTAL,   /* number: bytes */
        REGISTRY_TAG_LEVEL,   /* number: enum log_level */
        REGISTRY_TAG_ORIGIN,  /* text */
        REGISTRY_TAG_RESULT,  /* number: of blob_has 0 or 1, of blob_put enum oci_registry_pushed */
        REGISTRY_TAG_CODE,    /* number: errno value of an error */
        REGISTRY_TAG_MESSAGE, /* text of a log line or an error */
        REGISTRY_TAG_MAX
};

#endif
