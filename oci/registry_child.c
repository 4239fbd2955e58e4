/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The registry child: the one process that knows credentials and talks to registries. It opens no file of the store; it
 * writes into descriptors that it is handed. One thread takes requests, one drives the network (oci/http.c), and each
 * request is a thread of its own, so that authentication, redirects, retries and uploads read from top to bottom. Its
 * parent's death is the end-of-file on its control socket: everything under way ends with the process then.
 */
#include "oci/registry_child.h"

#include <errno.h>
#include <pthread.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <time.h>
#include <unistd.h>

#include "common/fd.h"
#include "common/memory.h"
#include "oci/child.h"
#include "oci/registry_client.h"
#include "oci/registry_frame.h"

/* Requests at a time; more wait in the socket. Blobs have their own, smaller limit. */
#define MAX_JOBS 64
/* What a thread needs at most is a URL and some headers on its stack. */
#define STACK_SIZE (256u * 1024)
/* PROGRESS frames: for whoever draws a bar, and for whoever reads the blob while it comes. */
#define PROGRESS_MS    50u
#define PROGRESS_BYTES (4u * 1024 * 1024)

struct child {
        struct registry_client *client; /* NULL: `unusable` says why */
        struct error unusable;
        pthread_mutex_t lock; /* guards `running` */
        pthread_cond_t ended;
        unsigned running;
};

struct work {
        struct child *child;
        struct registry_job job;
};

/* --- answers -------------------------------------------------------------------------- */

static void send_frame(const struct registry_job *job, const struct buffer *frame)
{
        CLEANUP_ERROR struct error err = ERROR_INIT;

        (void)oci_frame_send(job->answer, frame, NULL, 0, &err); /* whoever asked may be gone */
}

static void write_log(void *context, enum log_level level, const char *line)
{
        const struct registry_job *job = context;
        CLEANUP_BUFFER struct buffer frame = BUFFER_INIT;
        CLEANUP_FREE char *cut = memory_strndup(line, OCI_FRAME_TEXT_MAX);

        oci_frame_begin(&frame, REGISTRY_LOG);
        oci_frame_number(&frame, REGISTRY_TAG_LEVEL, level);
        oci_frame_text(&frame, REGISTRY_TAG_MESSAGE, cut);
        send_frame(job, &frame);
}

static uint64_t now_ms(void)
{
        struct timespec t;

        clock_gettime(CLOCK_MONOTONIC, &t);
        return (uint64_t)t.tv_sec * 1000 + (uint64_t)t.tv_nsec / 1000000;
}

void registry_job_progress(struct registry_job *job, uint64_t done, uint64_t total, bool now)
{
        CLEANUP_BUFFER struct buffer frame = BUFFER_INIT;
        uint64_t ms = now_ms();

        if (!now && ms - job->told_ms < PROGRESS_MS && done - job->told < PROGRESS_BYTES)
                return;
        job->told = done;
        job->told_ms = ms;
        oci_frame_begin(&frame, REGISTRY_PROGRESS);
        oci_frame_number(&frame, REGISTRY_TAG_DONE, done);
        oci_frame_number(&frame, REGISTRY_TAG_TOTAL, total);
        send_frame(job, &frame);
}

static void answer_error(const struct registry_job *job, const struct error *err)
{
        CLEANUP_BUFFER struct buffer frame = BUFFER_INIT;

        oci_frame_begin(&frame, REGISTRY_FAILED);
        oci_frame_failure(&frame, REGISTRY_TAG_CODE, REGISTRY_TAG_MESSAGE, err);
        send_frame(job, &frame);
}

static void answer_done(const struct registry_job *job)
{
        CLEANUP_BUFFER struct buffer frame = BUFFER_INIT;

        oci_frame_begin(&frame, REGISTRY_DONE);
        if (job->ret.text)
                oci_frame_text(&frame, REGISTRY_TAG_TEXT, job->ret.text);
        if (job->ret.media_type)
                oci_frame_text(&frame, REGISTRY_TAG_MEDIA_TYPE, job->ret.media_type);
        if (job->ret.origin)
                oci_frame_text(&frame, REGISTRY_TAG_ORIGIN, job->ret.origin);
        oci_frame_bytes(&frame, REGISTRY_TAG_DIGEST, job->ret.digest.bytes, sizeof(job->ret.digest.bytes));
        oci_frame_number(&frame, REGISTRY_TAG_SIZE, job->ret.size);
        oci_frame_number(&frame, REGISTRY_TAG_RESULT, job->ret.result);
        send_frame(job, &frame);
}

/* --- one job ----------------------------------------------------------------------------- */

static void wipe(char *secret)
{
        if (secret)
                explicit_bzero(secret, strlen(secret));
        free(secret);
}

static void job_clear(struct registry_job *job)
{
        job->answer = fd_close(job->answer);
        job->body = fd_close(job->body);
        free(job->ref.domain);
        free(job->ref.path);
        free(job->ref.tag);
        strv_free(&job->from);
        free(job->text);
        free(job->media_type);
        free(job->user);
        wipe(job->secret);
        free(job->ret.text);
        free(job->ret.media_type);
        free(job->ret.origin);
}

static int expand(struct registry_job *job, struct error *err)
{
        const struct oci_registries *registries;
        struct oci_credentials *credentials;
        CLEANUP_REFERENCE struct oci_reference *ref = NULL;
        CLEANUP_BUFFER struct buffer full = BUFFER_INIT;

        if (registry_client_ensure_files(job->client, &registries, &credentials, err) < 0 ||
            oci_registries_expand(registries, job->text, &ref, err) < 0)
                return -1;
        oci_reference_format(ref, &full);
        job->ret.text = buffer_steal(&full);
        return 0;
}

static int run_job(struct registry_job *job, struct error *err)
{
        switch ((enum registry_operation)job->operation) {
        case REGISTRY_EXPAND:
                return expand(job, err);
        case REGISTRY_MANIFEST_GET:
                return registry_job_manifest_get(job, err);
        case REGISTRY_MANIFEST_HEAD:
                return registry_job_manifest_head(job, err);
        case REGISTRY_MANIFEST_PUT:
                return registry_job_manifest_put(job, err);
        case REGISTRY_BLOB_GET:
                return registry_job_blob_get(job, err);
        case REGISTRY_BLOB_HAS:
                return registry_job_blob_has(job, err);
        case REGISTRY_BLOB_PUT:
        case REGISTRY_BLOB_MOUNT:
                return registry_job_blob_put(job, err);
        case REGISTRY_BLOB_STREAM:
                return registry_job_blob_stream(job, err);
        case REGISTRY_TAGS:
                return registry_job_tags(job, err);
        case REGISTRY_LOGIN:
                job->ref.path = memory_strdup("login"); /* the configuration knows registries by what is in them */
                return registry_job_login(job, err);
        }
        return error_set(err, EPROTO, "the registry process was asked for something that it does not know");
}

static void *work(void *context)
{
        struct work *w = context;
        CLEANUP_ERROR struct error err = ERROR_INIT;
        struct child *child = w->child;

        registry_client_attach(w->job.client, &w->job);
        if (run_job(&w->job, &err) == 0)
                answer_done(&w->job);
        else
                answer_error(&w->job, &err);
        registry_client_attach(w->job.client, NULL);
        job_clear(&w->job);
        free(w);
        pthread_mutex_lock(&child->lock);
        child->running--;
        pthread_cond_signal(&child->ended);
        pthread_mutex_unlock(&child->lock);
        return NULL;
}

static int start_thread(struct work *w, struct error *err)
{
        pthread_attr_t attr;
        pthread_t thread;
        int rc;

        rc = pthread_attr_init(&attr);
        if (rc != 0)
                return error_errno(err, rc, "the registry process cannot start a thread");
        (void)pthread_attr_setdetachstate(&attr, PTHREAD_CREATE_DETACHED);
        (void)pthread_attr_setstacksize(&attr, STACK_SIZE);
        rc = pthread_create(&thread, &attr, work, w);
        (void)pthread_attr_destroy(&attr);
        return rc != 0 ? error_errno(err, rc, "the registry process cannot start a thread") : 0;
}

/* --- requests ------------------------------------------------------------------------------ */

static void take_text(const struct oci_frame_field *field, char **ret)
{
        wipe(*ret);
        *ret = memory_strndup(field->bytes, field->size);
}

static int take_field(struct registry_job *job, const struct oci_frame_field *field, struct error *err)
{
        switch (field->tag) {
        case REGISTRY_TAG_OPERATION:
                job->operation = (unsigned)field->number;
                return 0;
        case REGISTRY_TAG_SIZE:
                job->size = field->number;
                return 0;
        case REGISTRY_TAG_DIGEST:
                if (field->size != sizeof(job->ref.digest.bytes))
                        break;
                memcpy(job->ref.digest.bytes, field->bytes, field->size);
                job->ref.has_digest = job->has_digest = true;
                return 0;
        case REGISTRY_TAG_FROM:
                strv_take(&job->from, memory_strndup(field->bytes, field->size));
                return 0;
        case REGISTRY_TAG_TEXT:
                take_text(field, &job->text);
                return 0;
        case REGISTRY_TAG_DOMAIN:
                take_text(field, &job->ref.domain);
                return 0;
        case REGISTRY_TAG_PATH:
                take_text(field, &job->ref.path);
                return 0;
        case REGISTRY_TAG_TAG:
                take_text(field, &job->ref.tag);
                return 0;
        case REGISTRY_TAG_MEDIA_TYPE:
                take_text(field, &job->media_type);
                return 0;
        case REGISTRY_TAG_USER:
                take_text(field, &job->user);
                return 0;
        case REGISTRY_TAG_SECRET:
                take_text(field, &job->secret);
                return 0;
        default:
                break;
        }
        return error_set(err, EPROTO, "a request to the registry process has a field that is none of a request's");
}

/* What each operation counts on. */
static int check_job(const struct registry_job *job, struct error *err)
{
        bool expands = job->operation == REGISTRY_EXPAND, logs_in = job->operation == REGISTRY_LOGIN;
        bool of_blob = job->operation == REGISTRY_BLOB_GET || job->operation == REGISTRY_BLOB_HAS ||
                       job->operation == REGISTRY_BLOB_PUT || job->operation == REGISTRY_BLOB_MOUNT;
        bool complete = expands   ? job->text != NULL
                        : logs_in ? job->ref.domain && job->user && job->secret
                        : of_blob ? job->ref.domain && job->ref.path && job->has_digest
                                  : job->ref.domain && job->ref.path;

        if (!complete || (job->operation == REGISTRY_MANIFEST_PUT && !job->media_type))
                return error_set(err, EPROTO, "a request to the registry process is not complete");
        return 0;
}

static int read_job(struct registry_job *job, const struct buffer *frame, struct error *err)
{
        struct oci_frame_field field;
        unsigned type;
        size_t at = 0;

        if (oci_frame_check(frame, REGISTRY_TAG_MAX, &type, err) < 0)
                return -1;
        if (type != REGISTRY_REQUEST)
                return error_set(err, EPROTO, "the registry process got a message that is no request");
        while (oci_frame_next(frame, &at, &field))
                if (take_field(job, &field, err) < 0)
                        return -1;
        return check_job(job, err);
}

static void begin(struct child *c, const struct buffer *frame, int answer, int body)
{
        struct work *w = memory_zalloc(1, sizeof(*w));
        CLEANUP_ERROR struct error err = ERROR_INIT;

        w->child = c;
        w->job = (struct registry_job){.client = c->client, .answer = answer, .body = body};
        w->job.log = (struct log){write_log, &w->job};
        pthread_mutex_lock(&c->lock);
        while (c->running >= MAX_JOBS)
                pthread_cond_wait(&c->ended, &c->lock);
        c->running++;
        pthread_mutex_unlock(&c->lock);
        if (!c->client)
                (void)error_set(&err, c->unusable.code, "%s", c->unusable.message);
        if (!error_is_set(&err) && read_job(&w->job, frame, &err) == 0 && start_thread(w, &err) == 0)
                return;
        answer_error(&w->job, &err);
        job_clear(&w->job);
        free(w);
        pthread_mutex_lock(&c->lock);
        c->running--;
        pthread_mutex_unlock(&c->lock);
}

/* --- options ------------------------------------------------------------------------------- */

static void take_option(struct registry_client_options *o, const struct oci_frame_field *field)
{
        if (field->tag == REGISTRY_TAG_AUTHFILE)
                take_text(field, &o->authfile);
        else if (field->tag == REGISTRY_TAG_CREDENTIALS)
                take_text(field, &o->credentials);
        else if (field->tag == REGISTRY_TAG_RESTRICTED)
                o->restricted = field->number != 0;
        else if (field->tag == REGISTRY_TAG_NAME)
                strv_take(&o->names, memory_strndup(field->bytes, field->size));
        else if (field->tag == REGISTRY_TAG_CERT_DIR)
                take_text(field, &o->cert_dir);
        else if (field->tag == REGISTRY_TAG_TLS)
                o->tls = field->number == OCI_REGISTRY_TLS_ON    ? OCI_REGISTRY_TLS_ON
                         : field->number == OCI_REGISTRY_TLS_OFF ? OCI_REGISTRY_TLS_OFF
                                                                 : OCI_REGISTRY_TLS_DEFAULT;
        else if (field->tag == REGISTRY_TAG_MIRROR)
                strv_take(&o->mirrors, memory_strndup(field->bytes, field->size));
        else if (field->tag == REGISTRY_TAG_INSECURE)
                strv_take(&o->insecure, memory_strndup(field->bytes, field->size));
        else if (field->tag == REGISTRY_TAG_ONLY_MIRRORS)
                o->only_mirrors = field->number != 0;
        else if (field->tag == REGISTRY_TAG_AUTHORITY)
                strv_take(&o->authorities, memory_strndup(field->bytes, field->size));
        else if (field->tag == REGISTRY_TAG_CLIENT)
                strv_take(&o->clients, memory_strndup(field->bytes, field->size));
        else if (field->tag == REGISTRY_TAG_RETRIES)
                o->retries = (unsigned)field->number;
        else if (field->tag == REGISTRY_TAG_DELAY)
                o->retry_delay_ms = (unsigned)field->number;
        else if (field->tag == REGISTRY_TAG_STALL)
                o->stall_seconds = (unsigned)field->number;
}

static int read_options(struct child *c, bool *ret_end, struct error *err)
{
        struct registry_client_options options = {.authfile = NULL};
        CLEANUP_BUFFER struct buffer frame = BUFFER_INIT;
        struct oci_frame_field field;
        unsigned type;
        size_t at = 0;

        if (oci_frame_receive(OCI_CHILD_SOCKET, false, &frame, NULL, 0, err) < 0)
                return -1;
        *ret_end = frame.size == 0;
        if (*ret_end)
                return 0;
        if (oci_frame_check(&frame, REGISTRY_TAG_MAX, &type, err) < 0)
                return -1;
        if (type != REGISTRY_OPTIONS)
                return error_set(err, EPROTO, "the registry process got no options");
        while (oci_frame_next(&frame, &at, &field))
                take_option(&options, &field);
        explicit_bzero(frame.data, frame.size);
        (void)registry_client_new(&options, &c->client, &c->unusable); /* the error is the answer to each request */
        return 0;
}

static int serve(struct child *c, struct error *err)
{
        bool end = false;

        if (read_options(c, &end, err) < 0)
                return -1;
        while (!end) {
                CLEANUP_BUFFER struct buffer frame = BUFFER_INIT;
                int fds[2];

                if (oci_frame_receive(OCI_CHILD_SOCKET, false, &frame, fds, ARRAY_SIZE(fds), err) < 0)
                        return -1;
                end = frame.size == 0;
                if (fds[0] >= 0 && fds[1] >= 0)
                        begin(c, &frame, fds[0], fds[1]);
                if (!end)
                        explicit_bzero(frame.data, frame.size);
        }
        return 0;
}

/* Taking libcurl and OpenSSL down takes milliseconds, for which the parent would wait; the leak checker wants to see it. */
static bool is_tidy(void)
{
#ifdef BRYO_SANITIZED
        return true;
#else
        return false;
#endif
}

int oci_registry_child_main(struct error *err)
{
        struct child c = {.client = NULL};
        int result;

        if (oci_child_check_socket(err) < 0)
                return -1;
        (void)signal(SIGPIPE, SIG_IGN);
#ifndef BRYO_SANITIZED                   /* the leak checker traces the process at its end */
        (void)prctl(PR_SET_DUMPABLE, 0); /* nobody reads credentials from its memory, nor finds them in a core file */
#endif
        oci_child_adopt_proxy();
        pthread_mutex_init(&c.lock, NULL);
        pthread_cond_init(&c.ended, NULL);
        result = serve(&c, err);
        pthread_mutex_lock(&c.lock);
        if (c.running > 0 || (result == 0 && !is_tidy()))
                _exit(result < 0 ? 1 : 0); /* nobody waits for what is under way */
        pthread_mutex_unlock(&c.lock);
        registry_client_free(c.client);
        error_clear(&c.unusable);
        return result;
}
