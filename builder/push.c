/* SPDX-License-Identifier: Apache-2.0 */
/* From the store to registries. */
#include "builder/push.h"

#include <errno.h>
#include <pthread.h>
#include <stdlib.h>
#include <string.h>

#include "builder/pack.h"
#include "builder/push_stream.h"
#include "common/crew.h"
#include "common/fd.h"
#include "common/memory.h"
#include "oci/digest.h"
#include "oci/image.h"
#include "oci/reference.h"

/* As many as the registry client sends at once. */
#define WORKERS 4

struct push {
        const struct builder_push_options *options;
        struct oci_image *image;
        struct oci_packed *packed;
        struct strv done;            /* "registry/repository" that have all blobs, by this push */
        struct oci_reference *to;    /* the repository at hand; borrowed */
        struct push_streams streams; /* to the first destination */
        pthread_mutex_t lock;        /* guards `result` and the calls of the watch */
        struct builder_push_result *result;
};

/* --- one blob ------------------------------------------------------------------------ */

struct task {
        struct push *push;
        struct crew *crew;
        const struct oci_descriptor *descriptor;
        char name[OCI_DIGEST_TEXT + 1];
};

static void tell(const struct task *t, uint64_t done, uint64_t total)
{
        const struct builder_push_watch *watch = t->push->options->watch;

        if (!watch || !watch->transfer)
                return;
        pthread_mutex_lock(&t->push->lock);
        watch->transfer(watch->context, t->name, done, total);
        pthread_mutex_unlock(&t->push->lock);
}

static bool progress(void *context, uint64_t done, uint64_t total)
{
        const struct task *t = context;
        const struct builder_push_watch *watch = t->push->options->watch;

        if (done < total) /* the whole is told when the registry has it */
                tell(t, done, total);
        return !crew_is_over(t->crew) && !(watch && watch->is_cancelled && watch->is_cancelled(watch->context));
}

/* Paths of repositories of the same registry that have the blob: what this push filled, then what the layer knows. */
static void find_origins(const struct push *p, const struct oci_descriptor *d, struct strv *ret)
{
        CLEANUP_FREE char *prefix = memory_printf("%s/", p->to->domain);
        const struct strv *lists[2] = {&p->done, NULL};

        for (size_t n = 0; n < p->image->layer_count; n++)
                if (p->image->layers[n].blob && sha256_equal(&p->image->layers[n].blob->digest, &d->digest))
                        lists[1] = &p->image->layers[n].origins;
        for (size_t k = 0; k < ARRAY_SIZE(lists); k++)
                for (size_t i = 0; lists[k] && i < lists[k]->count; i++) {
                        const char *path = lists[k]->items[i] + strlen(prefix);

                        if (strncmp(lists[k]->items[i], prefix, strlen(prefix)) == 0 &&
                            strcmp(path, p->to->path) != 0 && !strv_has(ret, path))
                                strv_add(ret, path);
                }
}

static void count(const struct task *t, enum oci_registry_pushed pushed)
{
        struct push *p = t->push;

        pthread_mutex_lock(&p->lock);
        p->result->uploaded += pushed == OCI_REGISTRY_UPLOADED;
        p->result->mounted += pushed == OCI_REGISTRY_MOUNTED;
        p->result->there += pushed == OCI_REGISTRY_THERE;
        p->result->bytes += pushed == OCI_REGISTRY_UPLOADED ? t->descriptor->size : 0;
        pthread_mutex_unlock(&p->lock);
}

static int put(const struct task *t, int fd, struct error *err)
{
        struct push *p = t->push;
        const struct oci_registry_progress watch = {progress, (void *)t};
        CLEANUP_STRV struct strv from = STRV_INIT;
        enum oci_registry_pushed pushed;

        find_origins(p, t->descriptor, &from);
        if (oci_registry_blob_put(p->options->workshop->registry, p->to, t->descriptor, fd, &from, &watch, &pushed,
                                  err) < 0)
                return -1;
        count(t, pushed);
        return 0;
}

static int put_stored(const struct task *t, const struct sha256_digest *digest, struct error *err)
{
        CLEANUP_FD int fd = -1;
        uint64_t size;

        if (oci_store_blob_open(t->push->options->workshop->store, digest, &fd, &size, err) < 0)
                return -1;
        if (size != t->descriptor->size)
                return error_set(err, EBADMSG, "it has %llu bytes in the store, and the manifest says %llu",
                                 (unsigned long long)size, (unsigned long long)t->descriptor->size);
        return put(t, fd, err);
}

/* --- layers that are not a file of the store ---------------------------------------------- */

static int write_out(void *context, const void *bytes, size_t size, struct error *err)
{
        const int *fd = context;

        return fd_write_all(*fd, bytes, size) < 0
                       ? error_errno(err, errno, "cannot write the layer into the store's scratch")
                       : 0;
}

static bool is_there(const struct task *t, struct error *err)
{
        struct push *p = t->push;
        bool there = false;

        if (oci_registry_blob_has(p->options->workshop->registry, p->to, t->descriptor, &there, err) < 0 || !there)
                return false;
        count(t, OCI_REGISTRY_THERE);
        return true;
}

/* A layer of ours that goes as a plain tar: an upload may be tried again, so it needs a file. */
static int put_tar(const struct task *t, const struct oci_image_layer *layer, struct error *err)
{
        struct builder_workshop *w = t->push->options->workshop;
        const struct oci_layer_stream from = builder_pack_stream(w);
        CLEANUP_STORE_FILE struct oci_store_file *file = NULL;
        int fd;

        if (oci_store_blob_has(w->store, &layer->diff_id))
                return put_stored(t, &layer->diff_id, err);
        if (is_there(t, err))
                return 0;
        if (error_is_set(err) || oci_store_file_create(w->store, OCI_STORE_BLOBS, &file, err) < 0)
                return -1;
        fd = oci_store_file_fd(file);
        return oci_layer_stream_tar(w->store, layer, &from, write_out, &fd, err) < 0 ? -1 : put(t, fd, err);
}

/* Fetches the blob back from one of the repositories that have it. */
static int fetch_back(const struct task *t, const struct oci_image_layer *layer, struct error *err)
{
        struct builder_workshop *w = t->push->options->workshop;
        CLEANUP_STORE_PARTIAL struct oci_store_partial *partial = NULL;

        if (oci_store_partial_open(w->store, &t->descriptor->digest, &partial, err) < 0)
                return -1;
        for (size_t i = 0; partial && i < layer->origins.count; i++) {
                CLEANUP_REFERENCE struct oci_reference *from = NULL;
                CLEANUP_ERROR struct error one = ERROR_INIT;

                if (oci_reference_parse(layer->origins.items[i], &from, &one) == 0 &&
                    oci_registry_blob_get(w->registry, from, t->descriptor, oci_store_partial_fd(partial), NULL,
                                          &one) == 0)
                        return oci_store_partial_commit(partial, err);
                log_print(w->log, LOG_WARNING, "cannot have %s from %s again: %s", t->name, layer->origins.items[i],
                          one.message);
        }
        return partial ? error_set(err, ENOENT,
                                   "the blob it came as is not kept here, and it cannot be had again from where it "
                                   "came from; "
                                   "--force-compression makes another one")
                       : 0;
}

/* What the registry has, here or in another of its repositories, needs no bytes. */
static int put_elsewhere(const struct task *t, const struct oci_image_layer *layer, struct error *err)
{
        CLEANUP_ERROR struct error refusal = ERROR_INIT;

        if (put(t, -1, &refusal) == 0)
                return 0;
        if (refusal.code != ENOENT)
                return error_move(err, &refusal);
        if (fetch_back(t, layer, err) < 0)
                return -1;
        return put_stored(t, &t->descriptor->digest, err);
}

static int put_layer(const struct task *t, size_t n, struct error *err)
{
        const struct oci_image_layer *layer = &t->push->image->layers[n];
        const struct oci_registry_progress watch = {progress, (void *)t};
        enum oci_registry_pushed pushed;

        if (push_streams_wait(&t->push->streams, n, t->descriptor, &watch, &pushed, err)) {
                count(t, pushed);
                return 0;
        }
        if (error_is_set(err))
                return -1;
        switch (t->push->packed->places[n]) {
        case OCI_PACKED_TAR:
                return put_tar(t, layer, err);
        case OCI_PACKED_ELSEWHERE:
                return put_elsewhere(t, layer, err);
        case OCI_PACKED_BLOB:
                break;
        }
        return put_stored(t, &t->descriptor->digest, err);
}

/* True if an earlier layer is the same blob: it is sent once. */
static bool is_repeated(const struct oci_manifest *m, size_t n)
{
        for (size_t i = 0; i < n; i++)
                if (sha256_equal(&m->layers[i].digest, &m->layers[n].digest))
                        return true;
        return false;
}

/* Task 0 is the config, the others are the layers. */
static int put_blob(struct crew *crew, void *context, size_t number, struct error *err)
{
        struct push *p = context;
        const struct oci_manifest *m = p->packed->manifest;
        struct task t = {.push = p, .crew = crew, .descriptor = number == 0 ? &m->config : &m->layers[number - 1]};
        int result;

        if (number > 0 && is_repeated(m, number - 1))
                return 0;
        oci_digest_format(&t.descriptor->digest, t.name);
        tell(&t, 0, t.descriptor->size);
        result = number == 0 ? put_stored(&t, &t.descriptor->digest, err) : put_layer(&t, number - 1, err);
        if (result < 0)
                return number == 0 ? error_wrap(err, "config %s", t.name)
                                   : error_wrap(err, "layer %zu, %s", number, t.name);
        tell(&t, t.descriptor->size, t.descriptor->size);
        return 0;
}

/* --- destinations -------------------------------------------------------------------------- */

/* True when the registry has the very manifest under the name: then it has all that the manifest names. */
static bool is_current(struct push *p, const struct oci_reference *ref)
{
        CLEANUP_REGISTRY_MANIFEST struct oci_registry_manifest m = OCI_REGISTRY_MANIFEST_INIT;
        CLEANUP_ERROR struct error ignored = ERROR_INIT;

        /* what is wrong beyond "not there" shows at the next request, which is not optional */
        return oci_registry_manifest_head(p->options->workshop->registry, ref, &m, &ignored) == 0 &&
               sha256_equal(&m.digest, &p->packed->descriptor.digest);
}

static int push_blobs(struct push *p, struct oci_reference *ref, struct error *err)
{
        CLEANUP_FREE char *repository = memory_printf("%s/%s", ref->domain, ref->path);

        if (strv_has(&p->done, repository))
                return 0;
        p->to = ref;
        if (crew_run(1 + p->packed->manifest->layer_count, WORKERS, put_blob, p, err) < 0)
                return -1;
        strv_add(&p->done, repository);
        return 0;
}

int builder_push_manifest(struct builder_workshop *w, const struct oci_reference *ref, const struct oci_descriptor *d,
                          const struct buffer *bytes, bool keep_tags, struct error *err)
{
        CLEANUP_BUFFER struct buffer name = BUFFER_INIT;

        if (oci_registry_manifest_put(w->registry, ref, d->media_type, bytes->data, bytes->size, err) == 0)
                return 0;
        if (!keep_tags || err->code != EEXIST)
                return -1;
        oci_reference_format_familiar(ref, &name);
        log_print(w->log, LOG_WARNING, "%s stays what it is: %s", buffer_text(&name), err->message);
        error_clear(err);
        return 0;
}

static int push_one(struct push *p, const char *destination, struct error *err)
{
        CLEANUP_REFERENCE struct oci_reference *ref = NULL;
        CLEANUP_FREE char *repository = NULL;

        if (oci_reference_parse(destination, &ref, err) < 0)
                return -1;
        if (p->options->by_digest) {
                free(STEAL(ref->tag));
                ref->has_digest = true;
                ref->digest = p->packed->descriptor.digest;
        }
        repository = memory_printf("%s/%s", ref->domain, ref->path);
        if (is_current(p, ref)) {
                p->result->current++;
                if (!strv_has(&p->done, repository))
                        strv_add(&p->done, repository);
                return 0;
        }
        if (push_blobs(p, ref, err) < 0)
                return -1;
        return builder_push_manifest(p->options->workshop, ref, &p->packed->descriptor, &p->packed->bytes,
                                     p->options->keep_tags, err);
}

/* --- what is remembered ---------------------------------------------------------------------- */

/*
 * Where each layer's blob is now. A layer that came from outside keeps the descriptor it came with; one of ours has the
 * form it was pushed in last.
 */
static bool note_layer(struct push *p, size_t n)
{
        struct oci_image_layer *layer = &p->image->layers[n];
        const struct oci_descriptor *d = &p->packed->manifest->layers[n];
        bool changed = false;

        if (!layer->blob || (layer->writer != 0 && !sha256_equal(&layer->blob->digest, &d->digest))) {
                oci_image_layer_set_blob(layer, d);
                changed = true;
        }
        for (size_t i = 0; i < p->done.count && sha256_equal(&layer->blob->digest, &d->digest); i++)
                changed = oci_image_layer_add_origin(layer, p->done.items[i]) || changed;
        return changed;
}

/* A manifest that was asked to be something special (annotations, Docker's types) is not what the next one gets
 * unasked. */
static bool is_usual(const struct push *p)
{
        const struct oci_pack_options *o = p->options->pack;

        return p->packed->manifest->annotations.count == 0 && (!o || (!o->docker_types && !o->force));
}

/* The record is a help for later, and the push is done: that it cannot be written is said, and no failure. */
static void note(struct push *p)
{
        struct builder_workshop *w = p->options->workshop;
        CLEANUP_ERROR struct error err = ERROR_INIT;
        bool changed = false;

        for (size_t n = 0; n < p->image->layer_count; n++)
                changed = note_layer(p, n) || changed;
        if (!p->image->manifest && is_usual(p)) {
                if (oci_store_blob_save(w->store, p->packed->bytes.data, p->packed->bytes.size, NULL, &err) < 0) {
                        log_print(w->log, LOG_INFO, "%s", err.message);
                        return;
                }
                p->image->manifest = memory_zalloc(1, sizeof(*p->image->manifest));
                p->image->manifest->media_type = memory_strdup(p->packed->descriptor.media_type);
                p->image->manifest->digest = p->packed->descriptor.digest;
                p->image->manifest->size = p->packed->descriptor.size;
                changed = true;
        }
        if (changed && oci_image_save(w->store, p->image, &err) < 0)
                log_print(w->log, LOG_INFO, "%s", err.message);
}

/* --- the whole --------------------------------------------------------------------------------- */

/* Layers that are compressed go to the first destination meanwhile. */
static int pack(struct push *p, struct oci_reference **ret_first, struct error *err)
{
        static const struct oci_pack_options usual = OCI_PACK_DEFAULT;
        struct builder_workshop *w = p->options->workshop;
        struct oci_pack_options options = p->options->pack ? *p->options->pack : usual;
        CLEANUP_ERROR struct error later = ERROR_INIT; /* whoever pushes there says what is wrong with the name */

        options.elsewhere = true;
        options.stream = builder_pack_stream(w);
        options.log = w->log;
        if (oci_image_load(w->store, p->options->image, &p->image, err) < 0)
                return -1;
        if (p->options->destinations->count > 0 &&
            oci_reference_parse(p->options->destinations->items[0], ret_first, &later) == 0) {
                push_streams_open(&p->streams, w, p->image, *ret_first);
                options.watch = &p->streams.watch;
        }
        return oci_image_pack(w->store, p->image, &options, &p->packed, err);
}

static int push_all(struct push *p, struct error *err)
{
        const struct strv *to = p->options->destinations;

        for (size_t i = 0; i < to->count; i++) {
                if (push_one(p, to->items[i], err) < 0)
                        return error_wrap(err, "cannot push to %s", to->items[i]);
                push_streams_close(&p->streams); /* they were the first one's */
        }
        return 0;
}

int builder_push(const struct builder_push_options *o, struct builder_push_result *ret, struct error *err)
{
        CLEANUP_REFERENCE struct oci_reference *first = NULL;
        struct push p = {.options = o, .result = ret};
        int result;

        *ret = (struct builder_push_result){.bytes = 0};
        pthread_mutex_init(&p.lock, NULL);
        result = pack(&p, &first, err);
        if (result == 0)
                result = push_all(&p, err);
        if (p.packed) {
                note(&p); /* also what a push that failed at its second destination did at the first */
                oci_descriptor_copy(&ret->manifest, &p.packed->descriptor);
        }
        push_streams_close(&p.streams);
        pthread_mutex_destroy(&p.lock);
        oci_packed_free(p.packed);
        oci_image_free(p.image);
        strv_free(&p.done);
        return result;
}
