/* SPDX-License-Identifier: Apache-2.0 */
#ifndef BRYO_BUILDER_PUSH_STREAM_H
#define BRYO_BUILDER_PUSH_STREAM_H

#include "builder/workshop.h"
#include "oci/compressed.h"
#include "oci/image.h"
#include "oci/reference.h"
#include "oci/registry.h"

/*
 * Uploads of the layers of one image to one repository that begin while the layers are being compressed. Internal to
 * push.c.
 */
struct push_streams {
        struct builder_workshop *workshop;      /* all borrowed */
        const struct oci_image *image;
        const struct oci_reference *to;
        struct oci_compressed_watch watch;      /* for packing the image */
        struct oci_registry_upload **uploads;   /* for each layer; NULL: none began, or it is not wanted any more */
};

/* `s` stays where it is until close. */
void push_streams_open(struct push_streams *s, struct builder_workshop *w, const struct oci_image *image, const struct oci_reference *to);
/* Gives up what has not ended. */
void push_streams_close(struct push_streams *s);
/*
 * Waits for the upload of a layer, if there is one. True: the registry has the blob now, and *ret tells how it came by it. False
 * without an error: the blob is to be sent as any other; the log says why if an upload went wrong. ECANCELED when
 * `progress` says so.
 */
bool push_streams_wait(struct push_streams *s, size_t layer, const struct oci_descriptor *d,
                       const struct oci_registry_progress *progress, enum oci_registry_pushed *ret, struct error *err);

#endif
