/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The layers of a pull. What the store has is taken: a layer of the same diff ID (its index, its tar), or its packed
 * blob. The rest is fetched by a few workers. Each has a second thread that follows the file while it grows, so that a
 * layer is unpacked and indexed when its last byte has come, and nothing is held in memory.
 */
#include <errno.h>
#include <pthread.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "builder/image_layers.h"
#include "builder/layer_import.h"
#include "builder/pull_private.h"
#include "common/crew.h"
#include "common/fd.h"
#include "common/map.h"
#include "common/memory.h"
#include "oci/digest.h"

/* More than the registry client lets through at once, so that a download is under way while others are being unpacked.
 */
#define WORKERS 6

struct fetch {
        struct builder_pull *pull;
        struct oci_image *image;
        const struct builder_pull_watch *watch;
        struct map *known; /* diff ID -> struct oci_image_layer of an image of the store; only read by workers */
        size_t *unique;    /* numbers of the layers to be had */
        size_t unique_count;
        pthread_mutex_t lock; /* guards bytes and the calls of `watch` */
        uint64_t bytes;
};

/* --- what is known already -------------------------------------------------------- */

static void free_known(void *value)
{
        oci_image_free(value);
}

/* A layer is known when its index and its bytes are here. One that was packed is worth more than one that was not. */
static int note_layers(void *context, const struct oci_image *i, struct error *err)
{
        struct fetch *f = context;
        struct oci_store *store = f->pull->options.workshop->store;

        (void)err;
        for (size_t n = 0; n < i->layer_count; n++) {
                const struct oci_image_layer *l = &i->layers[n];
                struct oci_image *copy;
                struct oci_image_layer *own;

                if (map_find(f->known, &l->diff_id, sizeof(l->diff_id)) || !l->index ||
                    !oci_store_has(store, OCI_STORE_INDEXES, l->index) ||
                    (l->writer == 0 && !oci_store_blob_has(store, &l->diff_id)))
                        continue;
                copy = oci_image_new(&i->id); /* of one layer: what owns a layer is an image */
                own = oci_image_add_layer(copy);
                own->diff_id = l->diff_id;
                own->size = l->size;
                own->index = memory_strdup(l->index);
                own->writer = l->writer;
                if (l->blob)
                        oci_image_layer_set_blob(own, l->blob);
                strv_extend(&own->origins, &l->origins);
                map_set(f->known, &l->diff_id, sizeof(l->diff_id), copy);
        }
        return 0;
}

static bool take_known(const struct fetch *f, struct oci_image_layer *l)
{
        const struct oci_image *known = map_find(f->known, &l->diff_id, sizeof(l->diff_id));

        if (!known)
                return false;
        l->size = known->layers[0].size;
        l->writer = known->layers[0].writer;
        l->index = memory_strdup(known->layers[0].index);
        /* the repositories that have the same blob; those of another packing do not count */
        if (known->layers[0].blob && sha256_equal(&known->layers[0].blob->digest, &l->blob->digest))
                strv_extend(&l->origins, &known->layers[0].origins);
        return true;
}

/* --- one layer ---------------------------------------------------------------------- */

struct task {
        struct fetch *fetch;
        struct crew *crew;
        struct oci_image_layer *layer;
        char name[OCI_DIGEST_TEXT + 1]; /* of the packed blob */
};

/* How a download ended that was read on the way. */
struct download {
        bool right;   /* the bytes have the digest that the descriptor says */
        bool refused; /* the reader could not read them */
};

/* A file that grows in one thread and is read in another. */
struct flow {
        const struct task *task; /* its layer is the reader's until it is joined */
        int fd;
        pthread_mutex_t lock; /* guards the rest */
        pthread_cond_t changed;
        uint64_t size;      /* bytes that are there */
        bool ended;         /* no more will come */
        bool cut;           /* because the download failed */
        bool refused;       /* the reader failed */
        struct error error; /* the reader's */
};

static int wait_for_bytes(void *context, uint64_t offset, uint64_t *ret_size, struct error *err)
{
        struct flow *f = context;
        bool cut;

        pthread_mutex_lock(&f->lock);
        while (f->size <= offset && !f->ended)
                pthread_cond_wait(&f->changed, &f->lock);
        *ret_size = f->size;
        cut = f->cut;
        pthread_mutex_unlock(&f->lock);
        return cut ? error_set(err, ECANCELED, "the download was cut") : 0;
}

static void *read_layer(void *context)
{
        struct flow *f = context;
        const struct oci_layer_feed feed = {.fd = f->fd, .wait = wait_for_bytes, .context = f};

        if (builder_layer_receive(f->task->fetch->pull->options.workshop, &feed, f->task->layer, &f->error) < 0) {
                pthread_mutex_lock(&f->lock);
                f->refused = true;
                pthread_mutex_unlock(&f->lock);
        }
        return NULL;
}

static bool is_over(const struct task *t)
{
        const struct builder_pull_watch *watch = t->fetch->watch;

        return crew_is_over(t->crew) || (watch->is_cancelled && watch->is_cancelled(watch->context));
}

static void tell(const struct task *t, uint64_t done, uint64_t total)
{
        const struct builder_pull_watch *watch = t->fetch->watch;

        if (!watch->transfer)
                return;
        pthread_mutex_lock(&t->fetch->lock);
        watch->transfer(watch->context, t->name, done, total);
        pthread_mutex_unlock(&t->fetch->lock);
}

static bool progress(void *context, uint64_t done, uint64_t total)
{
        struct flow *f = context;
        bool refused;

        pthread_mutex_lock(&f->lock);
        if (done > f->size)
                f->size = done;
        refused = f->refused;
        pthread_cond_broadcast(&f->changed);
        pthread_mutex_unlock(&f->lock);
        if (done < total) /* the whole is told when it has its name */
                tell(f->task, done, total);
        return !refused && !is_over(f->task);
}

static void end_flow(struct flow *f, bool cut, uint64_t size)
{
        pthread_mutex_lock(&f->lock);
        f->ended = true;
        f->cut = cut;
        if (!cut)
                f->size = size;
        pthread_cond_broadcast(&f->changed);
        pthread_mutex_unlock(&f->lock);
}

/* True for what is about the bytes of a layer, not about this machine. */
static bool is_about_content(int code)
{
        static const int codes[] = {EBADMSG, EINVAL, ENODATA, ENAMETOOLONG, E2BIG, ENOTSUP};

        for (size_t i = 0; i < ARRAY_SIZE(codes); i++)
                if (code == codes[i])
                        return true;
        return false;
}

/*
 * The reader's error says what is wrong with the layer; the download's only that it was given up for that. Bytes that
 * cannot be read are EBADMSG like those with another digest: they may be what a power cut left of an earlier download.
 */
static int flow_result(struct flow *f, int downloaded, struct error *download_err, struct error *err)
{
        if (f->refused && (downloaded == 0 || download_err->code == ECANCELED)) {
                if (is_about_content(f->error.code))
                        f->error.code = EBADMSG;
                return error_move(err, &f->error);
        }
        return downloaded < 0 ? error_move(err, download_err) : 0;
}

/* Reads a layer while `download` fills its file; without it the file is whole. */
static int run_flow(const struct task *t, int fd, struct download *download, struct error *err)
{
        CLEANUP_ERROR struct error download_err = ERROR_INIT;
        struct flow flow = {.task = t, .fd = fd, .error = ERROR_INIT};
        const struct builder_pull *pull = t->fetch->pull;
        const struct oci_registry_progress watch = {progress, &flow};
        pthread_t reader;
        int downloaded = 0, result;

        pthread_mutex_init(&flow.lock, NULL);
        pthread_cond_init(&flow.changed, NULL);
        result = pthread_create(&reader, NULL, read_layer, &flow);
        if (result != 0) {
                result = error_errno(err, result, "cannot start a thread");
        } else {
                if (download)
                        downloaded = oci_registry_blob_get(pull->options.registry, pull->ref, t->layer->blob, fd,
                                                           &watch, &download_err);
                end_flow(&flow, downloaded < 0, t->layer->blob->size);
                pthread_join(reader, NULL);
                if (download)
                        *download = (struct download){.right = downloaded == 0, .refused = flow.refused};
                result = flow_result(&flow, downloaded, &download_err, err);
        }
        error_clear(&flow.error);
        pthread_cond_destroy(&flow.changed);
        pthread_mutex_destroy(&flow.lock);
        return result;
}

/* From the packed blob of the store, whoever brought it. */
static int unpack_stored(const struct task *t, struct error *err)
{
        const struct oci_image_layer *layer = t->layer;
        CLEANUP_FD int fd = -1;
        uint64_t size;

        if (oci_store_blob_open(t->fetch->pull->options.workshop->store, &layer->blob->digest, &fd, &size, err) < 0)
                return -1;
        if (size != layer->blob->size)
                return error_set(err, EBADMSG, "it has %llu bytes in the store, and the manifest says %llu",
                                 (unsigned long long)size, (unsigned long long)layer->blob->size);
        return run_flow(t, fd, NULL, err);
}

/* The bytes first, and then what is in them: the client leaves a mirror whose bytes have another digest. */
static int fetch_and_read(const struct task *t, int fd, struct error *err)
{
        struct flow flow = {
                .task = t, .fd = fd, .lock = PTHREAD_MUTEX_INITIALIZER, .changed = PTHREAD_COND_INITIALIZER};
        const struct oci_registry_progress watch = {progress, &flow};
        const struct builder_pull *pull = t->fetch->pull;

        if (oci_registry_blob_get(pull->options.registry, pull->ref, t->layer->blob, fd, &watch, err) < 0)
                return -1;
        return run_flow(t, fd, NULL, err);
}

/*
 * Once more, from nothing, when what could not be read is not known to be the layer: what lay there from a cut download
 * (a power cut may leave anything), or what a mirror sends. Bytes that have the right digest are not asked for again: a
 * layer that is what its descriptor says and cannot be read stays refused, and goes.
 */
static int fetch_whole(const struct task *t, struct oci_store_partial *partial, struct error *err)
{
        struct builder_workshop *w = t->fetch->pull->options.workshop;
        int fd = oci_store_partial_fd(partial);
        CLEANUP_ERROR struct error first = ERROR_INIT;
        struct download download = {.right = false};
        struct stat st;

        if (fstat(fd, &st) < 0)
                return error_errno(err, errno, "cannot look at what was downloaded before");
        if (run_flow(t, fd, &download, &first) == 0)
                return 0;
        if (first.code != EBADMSG || download.right || is_over(t) || (!download.refused && st.st_size == 0))
                return error_move(err, &first);
        log_print(w->log, LOG_INFO, "layer %s is fetched once more: %s", t->name, first.message);
        if (ftruncate(fd, 0) < 0)
                return error_errno(err, errno, "cannot empty what was downloaded");
        return fetch_and_read(t, fd, err);
}

static int fetch_blob(const struct task *t, struct error *err)
{
        struct builder_workshop *w = t->fetch->pull->options.workshop;
        CLEANUP_STORE_PARTIAL struct oci_store_partial *partial = NULL;

        if (oci_store_partial_open(w->store, &t->layer->blob->digest, &partial, err) < 0)
                return -1;
        if (!partial)
                return unpack_stored(t, err);
        if (fetch_whole(t, partial, err) < 0) {
                if (err->code == EBADMSG)
                        oci_store_partial_drop(partial);
                return -1;
        }
        if (oci_store_partial_commit(partial, err) < 0)
                return -1;
        pthread_mutex_lock(&t->fetch->lock);
        t->fetch->bytes += t->layer->blob->size;
        pthread_mutex_unlock(&t->fetch->lock);
        return 0;
}

/* The tar is here, under its diff ID: a plain layer that was pulled before, or one whose index went. */
static int import_tar(const struct task *t, struct error *err)
{
        struct builder_workshop *w = t->fetch->pull->options.workshop;
        struct oci_image_layer *layer = t->layer;
        CLEANUP_FD int fd = -1;

        return oci_store_blob_open(w->store, &layer->diff_id, &fd, &layer->size, err) < 0
                       ? -1
                       : builder_layer_import(w, layer, err);
}

static int have_layer(const struct task *t, struct error *err)
{
        struct builder_workshop *w = t->fetch->pull->options.workshop;
        struct oci_image_layer *layer = t->layer;
        CLEANUP_ERROR struct error stored_err = ERROR_INIT;

        if (take_known(t->fetch, layer))
                return 0;
        if (oci_store_blob_has(w->store, &layer->diff_id))
                return import_tar(t, err);
        if (oci_store_blob_has(w->store, &layer->blob->digest)) {
                if (unpack_stored(t, &stored_err) == 0)
                        return 0;
                if (stored_err.code != EBADMSG)
                        return error_move(err, &stored_err);
                log_print(w->log, LOG_WARNING, "the blob %s of the store is damaged and fetched anew: %s", t->name,
                          stored_err.message);
                if (oci_store_blob_remove(w->store, &layer->blob->digest, err) < 0)
                        return -1;
        }
        return fetch_blob(t, err);
}

static int settle_layer(struct crew *crew, void *context, size_t number, struct error *err)
{
        struct fetch *f = context;
        const size_t n = f->unique[number];
        const struct oci_reference *ref = f->pull->ref;
        CLEANUP_FREE char *repository = memory_printf("%s/%s", ref->domain, ref->path);
        struct task t = {.fetch = f, .crew = crew, .layer = &f->image->layers[n]};

        oci_image_layer_set_blob(t.layer, &f->pull->parsed->layers[n]);
        oci_digest_format(&t.layer->blob->digest, t.name);
        tell(&t, 0, t.layer->blob->size);
        if (have_layer(&t, err) < 0 || builder_image_sync_layer(f->pull->options.workshop, t.layer, err) < 0)
                return error_wrap(err, "layer %zu, %s", n + 1, t.name);
        (void)oci_image_layer_add_origin(t.layer, repository);
        tell(&t, t.layer->blob->size, t.layer->blob->size);
        return 0;
}

/* --- all of them ---------------------------------------------------------------------- */

/* The same layer may be in an image twice (an empty one, mostly); it is had once. */
static void choose_layers(struct fetch *f)
{
        f->unique = memory_zalloc(f->image->layer_count + 1, sizeof(*f->unique));
        for (size_t n = 0; n < f->image->layer_count; n++) {
                size_t i = 0;

                while (!sha256_equal(&f->image->layers[i].diff_id, &f->image->layers[n].diff_id))
                        i++;
                if (i == n)
                        f->unique[f->unique_count++] = n;
        }
}

static void copy_layers(struct fetch *f)
{
        for (size_t n = 0; n < f->image->layer_count; n++) {
                struct oci_image_layer *to = &f->image->layers[n];
                size_t i = 0;

                while (!sha256_equal(&f->image->layers[i].diff_id, &to->diff_id))
                        i++;
                if (i == n)
                        continue;
                to->size = f->image->layers[i].size;
                to->writer = f->image->layers[i].writer;
                to->index = memory_strdup(f->image->layers[i].index);
                oci_image_layer_set_blob(to, &f->pull->parsed->layers[n]);
                strv_extend(&to->origins, &f->image->layers[i].origins);
        }
}

int builder_pull_layers(struct builder_pull *p, struct oci_image *image, const struct builder_pull_watch *watch,
                        uint64_t *bytes, struct error *err)
{
        struct fetch f = {.pull = p, .image = image, .watch = watch};
        int result;

        f.known = map_new(free_known);
        pthread_mutex_init(&f.lock, NULL);
        choose_layers(&f);
        result = oci_image_each(p->options.workshop->store, note_layers, &f, err);
        if (result == 0)
                result = crew_run(f.unique_count, WORKERS, settle_layer, &f, err);
        if (result == 0)
                copy_layers(&f);
        *bytes += f.bytes;
        pthread_mutex_destroy(&f.lock);
        map_free(f.known);
        free(f.unique);
        return result;
}
