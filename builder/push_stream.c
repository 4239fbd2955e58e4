/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Layers are sent while they are compressed: a fast network is busy from the first bytes on, and behind a slow one the
 * time for compressing costs nothing. The price is that nobody can ask first whether the registry has the blob, since its
 * digest is not known; that is asked as soon as it is, if much is still to be sent then.
 */
#include "builder/push_stream.h"

#include <errno.h>
#include <stdlib.h>

#include "common/memory.h"
#include "oci/digest.h"

/* Not yet sent: what is less has arrived before an answer could come. */
#define MUCH ((uint64_t)1 << 20)

static void *begin(void *context, const struct oci_image_layer *layer, int fd)
{
        struct push_streams *s = context;
        struct oci_registry_upload *upload = NULL;
        CLEANUP_ERROR struct error err = ERROR_INIT;

        if (oci_registry_upload_begin(s->workshop->registry, s->to, fd, &upload, &err) < 0)
                log_print(s->workshop->log, LOG_INFO, "a layer is sent when it is whole: %s", err.message);
        s->uploads[layer - s->image->layers] = upload;
        return upload;
}

static void end(void *context, void *begun, const struct oci_descriptor *d)
{
        (void)context;
        if (d) /* else close gives it up */
                oci_registry_upload_whole(begun, d);
}

void push_streams_open(struct push_streams *s, struct builder_workshop *w, const struct oci_image *image, const struct oci_reference *to)
{
        *s = (struct push_streams){.workshop = w, .image = image, .to = to, .watch = {begin, end, s}};
        s->uploads = memory_zalloc(image->layer_count, sizeof(struct oci_registry_upload *));
}

static void drop(struct push_streams *s, size_t layer)
{
        oci_registry_upload_free(STEAL(s->uploads[layer]));
}

void push_streams_close(struct push_streams *s)
{
        for (size_t n = 0; s->uploads && n < s->image->layer_count; n++)
                drop(s, n);
        free(STEAL(s->uploads));
}

bool push_streams_wait(struct push_streams *s, size_t layer, const struct oci_descriptor *d,
                       const struct oci_registry_progress *progress, enum oci_registry_pushed *ret, struct error *err)
{
        struct oci_registry_upload *upload = s->uploads ? s->uploads[layer] : NULL;
        CLEANUP_ERROR struct error why = ERROR_INIT;
        char name[OCI_DIGEST_TEXT + 1];
        bool there = false;
        int result = 0;

        if (!upload)
                return false;
        *ret = OCI_REGISTRY_UPLOADED;
        if (d->size - oci_registry_upload_sent(upload) > MUCH &&
            oci_registry_blob_has(s->workshop->registry, s->to, d, &there, &why) == 0 && there)
                *ret = OCI_REGISTRY_THERE;
        error_clear(&why);
        if (!there)
                result = oci_registry_upload_wait(upload, progress, &why);
        drop(s, layer);
        if (result == 0)
                return true;
        if (why.code == ECANCELED) {
                (void)error_move(err, &why);
                return false;
        }
        oci_digest_format(&d->digest, name);
        log_print(s->workshop->log, LOG_INFO, "sending %s began while it was compressed, and begins again: %s", name, why.message);
        return false;
}
