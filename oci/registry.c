/* SPDX-License-Identifier: Apache-2.0 */
/* The near side of registries: starts the registry child, hands it requests, and takes its answers. */
#include "oci/registry.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include "common/fd.h"
#include "common/memory.h"
#include "oci/child.h"
#include "oci/limits.h"
#include "oci/registry_frame.h"

struct oci_registry {
        const struct log *log;
        struct buffer options; /* the OPTIONS frame */
        struct oci_child child;
};

/* What comes with DONE. */
struct answer {
        char *text, *media_type, *origin;
        struct sha256_digest digest;
        uint64_t size, result;
};

static void answer_clear(struct answer *a)
{
        free(a->text);
        free(a->media_type);
        free(a->origin);
        *a = (struct answer){.text = NULL};
}

#define CLEANUP_ANSWER __attribute__((cleanup(answer_clear)))

/* --- the child ---------------------------------------------------------------------- */

static void add_text(struct buffer *frame, enum registry_tag tag, const char *text)
{
        if (text)
                oci_frame_text(frame, tag, text);
}

static void add_texts(struct buffer *frame, enum registry_tag tag, const struct strv *texts)
{
        for (size_t i = 0; texts && i < texts->count; i++)
                oci_frame_text(frame, tag, texts->items[i]);
}

struct oci_registry *oci_registry_new(const struct oci_registry_options *o)
{
        struct oci_registry *r = memory_zalloc(1, sizeof(*r));

        r->log = o->log;
        oci_frame_begin(&r->options, REGISTRY_OPTIONS);
        add_text(&r->options, REGISTRY_TAG_AUTHFILE, o->authfile);
        add_text(&r->options, REGISTRY_TAG_CREDENTIALS, o->credentials);
        oci_frame_number(&r->options, REGISTRY_TAG_RESTRICTED, o->names != NULL);
        add_texts(&r->options, REGISTRY_TAG_NAME, o->names);
        add_text(&r->options, REGISTRY_TAG_CERT_DIR, o->cert_dir);
        oci_frame_number(&r->options, REGISTRY_TAG_TLS, o->tls);
        add_texts(&r->options, REGISTRY_TAG_MIRROR, o->mirrors);
        oci_frame_number(&r->options, REGISTRY_TAG_ONLY_MIRRORS, o->only_mirrors);
        add_texts(&r->options, REGISTRY_TAG_AUTHORITY, o->authorities);
        add_texts(&r->options, REGISTRY_TAG_CLIENT, o->clients);
        add_texts(&r->options, REGISTRY_TAG_INSECURE, o->insecure);
        oci_frame_number(&r->options, REGISTRY_TAG_RETRIES, o->retries);
        oci_frame_number(&r->options, REGISTRY_TAG_DELAY, o->retry_delay_ms);
        oci_frame_number(&r->options, REGISTRY_TAG_STALL, o->stall_seconds);
        oci_child_init(&r->child, OCI_REGISTRY_VERB, "the registry process", &r->options);
        return r;
}

void oci_registry_add_name(struct oci_registry *r, const char *name)
{
        oci_frame_text(&r->options, REGISTRY_TAG_NAME, name);
}

void oci_registry_start(struct oci_registry *r)
{
        oci_child_start(&r->child);
}

void oci_registry_free(struct oci_registry *r)
{
        if (!r)
                return;
        oci_child_clear(&r->child);
        if (r->options.data)
                explicit_bzero(r->options.data, r->options.size); /* --creds */
        buffer_free(&r->options);
        free(r);
}

/* --- answers ------------------------------------------------------------------------ */

static void take_field(const struct oci_frame_field *field, struct answer *ret)
{
        if (field->tag == REGISTRY_TAG_TEXT && !ret->text)
                ret->text = memory_strndup(field->bytes, field->size);
        else if (field->tag == REGISTRY_TAG_MEDIA_TYPE && !ret->media_type)
                ret->media_type = memory_strndup(field->bytes, field->size);
        else if (field->tag == REGISTRY_TAG_ORIGIN && !ret->origin)
                ret->origin = memory_strndup(field->bytes, field->size);
        else if (field->tag == REGISTRY_TAG_DIGEST && field->size == sizeof(ret->digest.bytes))
                memcpy(ret->digest.bytes, field->bytes, sizeof(ret->digest.bytes));
        else if (field->tag == REGISTRY_TAG_SIZE)
                ret->size = field->number;
        else if (field->tag == REGISTRY_TAG_RESULT)
                ret->result = field->number;
}

static void take_log(const struct oci_registry *r, const struct buffer *frame)
{
        enum log_level level = LOG_INFO;
        CLEANUP_FREE char *line = NULL;
        struct oci_frame_field field;
        size_t at = 0;

        while (oci_frame_next(frame, &at, &field)) {
                if (field.tag == REGISTRY_TAG_LEVEL && field.number <= LOG_WARNING)
                        level = (enum log_level)field.number;
                else if (field.tag == REGISTRY_TAG_MESSAGE && !line)
                        line = memory_strndup(field.bytes, field.size);
        }
        if (line)
                log_print(r->log, level, "%s", line);
}

static bool tell_progress(const struct oci_registry_progress *progress, const struct buffer *frame)
{
        struct oci_frame_field field;
        uint64_t done = 0, total = 0;
        size_t at = 0;

        while (oci_frame_next(frame, &at, &field)) {
                if (field.tag == REGISTRY_TAG_DONE)
                        done = field.number;
                else if (field.tag == REGISTRY_TAG_TOTAL)
                        total = field.number;
        }
        return !progress || !progress->function || progress->function(progress->context, done, total);
}

/* One message of the child; *ret_done tells whether it was the answer. */
static int receive_answer(const struct oci_registry *r, int socket, const struct oci_registry_progress *progress,
                          struct answer *ret, bool *ret_done, struct error *err)
{
        CLEANUP_BUFFER struct buffer frame = BUFFER_INIT;
        struct oci_frame_field field;
        unsigned type;
        size_t at = 0;

        *ret_done = false;
        if (oci_frame_receive(socket, false, &frame, NULL, 0, err) < 0)
                return -1;
        if (frame.size == 0)
                return error_set(err, EIO, "the registry process ended before it was done");
        if (oci_frame_check(&frame, REGISTRY_TAG_MAX, &type, err) < 0)
                return -1;
        switch ((enum registry_frame_type)type) {
        case REGISTRY_PROGRESS:
                return tell_progress(progress, &frame) ? 0 : error_set(err, ECANCELED, "given up");
        case REGISTRY_LOG:
                take_log(r, &frame);
                return 0;
        case REGISTRY_FAILED:
                return oci_frame_take_failure(&frame, REGISTRY_TAG_CODE, REGISTRY_TAG_MESSAGE, "the registry process",
                                              err);
        case REGISTRY_DONE:
                while (oci_frame_next(&frame, &at, &field))
                        take_field(&field, ret);
                *ret_done = true;
                return 0;
        case REGISTRY_OPTIONS:
        case REGISTRY_REQUEST:
        case REGISTRY_WHOLE:
                break;
        }
        return error_set(err, EPROTO, "the registry process sent something that is no answer");
}

/* One request all the way; `fd` is -1 when it has no body. */
static int talk(struct oci_registry *r, const struct buffer *frame, int fd,
                const struct oci_registry_progress *progress, struct answer *ret, struct error *err)
{
        CLEANUP_FD int answers = -1;
        bool done = false;

        if (oci_child_ask(&r->child, frame, fd, &answers, err) < 0)
                return -1;
        while (!done)
                if (receive_answer(r, answers, progress, ret, &done, err) < 0)
                        return -1;
        return 0;
}

/* --- requests ----------------------------------------------------------------------- */

static void begin_request(struct buffer *frame, enum registry_operation operation, const struct oci_reference *ref)
{
        oci_frame_begin(frame, REGISTRY_REQUEST);
        oci_frame_number(frame, REGISTRY_TAG_OPERATION, operation);
        if (!ref)
                return;
        oci_frame_text(frame, REGISTRY_TAG_DOMAIN, ref->domain);
        oci_frame_text(frame, REGISTRY_TAG_PATH, ref->path);
}

static void begin_manifest(struct buffer *frame, enum registry_operation operation, const struct oci_reference *ref)
{
        begin_request(frame, operation, ref);
        add_text(frame, REGISTRY_TAG_TAG, ref->tag);
        if (ref->has_digest)
                oci_frame_bytes(frame, REGISTRY_TAG_DIGEST, ref->digest.bytes, sizeof(ref->digest.bytes));
}

static void begin_blob(struct buffer *frame, enum registry_operation operation, const struct oci_reference *repository,
                       const struct oci_descriptor *d)
{
        begin_request(frame, operation, repository);
        oci_frame_bytes(frame, REGISTRY_TAG_DIGEST, d->digest.bytes, sizeof(d->digest.bytes));
        oci_frame_number(frame, REGISTRY_TAG_SIZE, d->size);
}

/* A file of no directory for a body that is no blob of the store. */
static int open_scratch(int *ret, struct error *err)
{
        *ret = memfd_create("bryo-registry", MFD_CLOEXEC);
        return *ret < 0 ? error_errno(err, errno, "cannot make a file in memory") : 0;
}

static int read_scratch(int fd, uint64_t limit, struct buffer *ret, struct error *err)
{
        struct stat st;

        if (fstat(fd, &st) < 0)
                return error_errno(err, errno, "cannot read what the registry process wrote");
        if ((uint64_t)st.st_size > limit)
                return error_set(err, EFBIG, "the registry process wrote %lld bytes: the limit is %llu",
                                 (long long)st.st_size, (unsigned long long)limit);
        if (fd_pread_all(fd, buffer_reserve(ret, (size_t)st.st_size + 1), (size_t)st.st_size, 0) < 0)
                return error_errno(err, errno, "cannot read what the registry process wrote");
        ret->size = (size_t)st.st_size;
        ret->data[ret->size] = '\0';
        return 0;
}

int oci_registry_expand(struct oci_registry *r, const char *text, struct strv *ret, struct error *err)
{
        CLEANUP_BUFFER struct buffer frame = BUFFER_INIT;
        CLEANUP_ANSWER struct answer answer = {.text = NULL};

        begin_request(&frame, REGISTRY_EXPAND, NULL);
        oci_frame_text(&frame, REGISTRY_TAG_TEXT, text);
        if (talk(r, &frame, -1, NULL, &answer, err) < 0)
                return -1;
        if (!answer.text)
                return error_set(err, EPROTO, "the registry process answered without a name");
        strv_take(ret, STEAL(answer.text));
        return 0;
}

void oci_registry_manifest_clear(struct oci_registry_manifest *m)
{
        free(m->media_type);
        free(m->origin);
        buffer_free(&m->bytes);
        *m = (struct oci_registry_manifest)OCI_REGISTRY_MANIFEST_INIT;
}

static void take_manifest(struct answer *answer, struct oci_registry_manifest *ret)
{
        ret->media_type = answer->media_type ? STEAL(answer->media_type) : memory_strdup("");
        ret->origin = answer->origin ? STEAL(answer->origin) : memory_strdup("");
        ret->digest = answer->digest;
        ret->size = answer->size;
}

int oci_registry_manifest_get(struct oci_registry *r, const struct oci_reference *ref,
                              struct oci_registry_manifest *ret, struct error *err)
{
        CLEANUP_BUFFER struct buffer frame = BUFFER_INIT;
        CLEANUP_ANSWER struct answer answer = {.text = NULL};
        CLEANUP_FD int file = -1;
        struct sha256_digest digest;

        begin_manifest(&frame, REGISTRY_MANIFEST_GET, ref);
        if (open_scratch(&file, err) < 0 || talk(r, &frame, file, NULL, &answer, err) < 0)
                return -1;
        take_manifest(&answer, ret);
        if (read_scratch(file, OCI_LIMIT_JSON_SIZE, &ret->bytes, err) < 0)
                return -1;
        sha256_of(ret->bytes.data, ret->bytes.size, &digest);
        if (!sha256_equal(&digest, &ret->digest) || ret->bytes.size != ret->size)
                return error_set(err, EBADMSG, "the registry process handed over other bytes than it checked");
        return 0;
}

int oci_registry_manifest_head(struct oci_registry *r, const struct oci_reference *ref,
                               struct oci_registry_manifest *ret, struct error *err)
{
        CLEANUP_BUFFER struct buffer frame = BUFFER_INIT;
        CLEANUP_ANSWER struct answer answer = {.text = NULL};

        begin_manifest(&frame, REGISTRY_MANIFEST_HEAD, ref);
        if (talk(r, &frame, -1, NULL, &answer, err) < 0)
                return -1;
        take_manifest(&answer, ret);
        return 0;
}

int oci_registry_manifest_put(struct oci_registry *r, const struct oci_reference *ref, const char *media_type,
                              const void *bytes, size_t size, struct error *err)
{
        CLEANUP_BUFFER struct buffer frame = BUFFER_INIT;
        CLEANUP_ANSWER struct answer answer = {.text = NULL};
        CLEANUP_FD int file = -1;

        if (size > OCI_LIMIT_JSON_SIZE)
                return error_set(err, EFBIG, "a manifest of %zu bytes: registries take at most %u", size,
                                 OCI_LIMIT_JSON_SIZE);
        begin_manifest(&frame, REGISTRY_MANIFEST_PUT, ref);
        oci_frame_text(&frame, REGISTRY_TAG_MEDIA_TYPE, media_type);
        oci_frame_number(&frame, REGISTRY_TAG_SIZE, size);
        if (open_scratch(&file, err) < 0)
                return -1;
        if (fd_write_all(file, bytes, size) < 0)
                return error_errno(err, errno, "cannot hand the manifest over");
        return talk(r, &frame, file, NULL, &answer, err);
}

int oci_registry_blob_get(struct oci_registry *r, const struct oci_reference *repository,
                          const struct oci_descriptor *d, int fd, const struct oci_registry_progress *progress,
                          struct error *err)
{
        CLEANUP_BUFFER struct buffer frame = BUFFER_INIT;
        CLEANUP_ANSWER struct answer answer = {.text = NULL};

        begin_blob(&frame, REGISTRY_BLOB_GET, repository, d);
        return talk(r, &frame, fd, progress, &answer, err);
}

int oci_registry_blob_has(struct oci_registry *r, const struct oci_reference *repository,
                          const struct oci_descriptor *d, bool *ret, struct error *err)
{
        CLEANUP_BUFFER struct buffer frame = BUFFER_INIT;
        CLEANUP_ANSWER struct answer answer = {.text = NULL};

        begin_blob(&frame, REGISTRY_BLOB_HAS, repository, d);
        if (talk(r, &frame, -1, NULL, &answer, err) < 0)
                return -1;
        *ret = answer.result != 0;
        return 0;
}

int oci_registry_blob_put(struct oci_registry *r, const struct oci_reference *repository,
                          const struct oci_descriptor *d, int fd, const struct strv *from,
                          const struct oci_registry_progress *progress, enum oci_registry_pushed *ret,
                          struct error *err)
{
        CLEANUP_BUFFER struct buffer frame = BUFFER_INIT;
        CLEANUP_ANSWER struct answer answer = {.text = NULL};

        begin_blob(&frame, fd < 0 ? REGISTRY_BLOB_MOUNT : REGISTRY_BLOB_PUT, repository, d);
        add_texts(&frame, REGISTRY_TAG_FROM, from);
        if (talk(r, &frame, fd, progress, &answer, err) < 0)
                return -1;
        if (answer.result > OCI_REGISTRY_THERE)
                return error_set(err, EPROTO, "the registry process answered a push with something unknown");
        *ret = (enum oci_registry_pushed)answer.result;
        return 0;
}

/* --- uploads of what is still being made --------------------------------------------- */

struct oci_registry_upload {
        const struct oci_registry *registry;
        int answers;
        bool done;
        uint64_t sent, size; /* bytes; the size is 0 until it is known */
        const struct oci_registry_progress *progress; /* NULL: nobody is told */
        struct answer answer;
        struct error failure; /* what it ended with */
};

int oci_registry_upload_begin(struct oci_registry *r, const struct oci_reference *repository, int fd,
                              struct oci_registry_upload **ret, struct error *err)
{
        CLEANUP_BUFFER struct buffer frame = BUFFER_INIT;
        int answers = -1;

        begin_request(&frame, REGISTRY_BLOB_STREAM, repository);
        if (oci_child_ask(&r->child, &frame, fd, &answers, err) < 0)
                return -1;
        *ret = memory_zalloc(1, sizeof(**ret));
        (*ret)->registry = r;
        (*ret)->answers = answers;
        return 0;
}

void oci_registry_upload_whole(struct oci_registry_upload *u, const struct oci_descriptor *d)
{
        CLEANUP_ERROR struct error ignored = ERROR_INIT; /* if nobody listens any more, wait tells why */
        CLEANUP_BUFFER struct buffer frame = BUFFER_INIT;

        u->size = d->size;
        oci_frame_begin(&frame, REGISTRY_WHOLE);
        oci_frame_bytes(&frame, REGISTRY_TAG_DIGEST, d->digest.bytes, sizeof(d->digest.bytes));
        oci_frame_number(&frame, REGISTRY_TAG_SIZE, d->size);
        (void)oci_frame_send(u->answers, &frame, NULL, 0, &ignored);
}

static bool note_sent(void *context, uint64_t done, uint64_t total)
{
        struct oci_registry_upload *u = context;

        (void)total;
        u->sent = done;
        return !u->progress || !u->progress->function || u->progress->function(u->progress->context, done, u->size);
}

static void take_upload_answer(struct oci_registry_upload *u)
{
        const struct oci_registry_progress noted = {note_sent, u};

        if (receive_answer(u->registry, u->answers, &noted, &u->answer, &u->done, &u->failure) < 0)
                u->done = true;
}

uint64_t oci_registry_upload_sent(struct oci_registry_upload *u)
{
        struct pollfd fd = {.fd = u->answers, .events = POLLIN};

        while (!u->done && poll(&fd, 1, 0) > 0)
                take_upload_answer(u);
        return u->sent;
}

int oci_registry_upload_wait(struct oci_registry_upload *u, const struct oci_registry_progress *progress, struct error *err)
{
        u->progress = progress;
        while (!u->done)
                take_upload_answer(u);
        return error_is_set(&u->failure) ? error_move(err, &u->failure) : 0;
}

void oci_registry_upload_free(struct oci_registry_upload *u)
{
        if (!u)
                return;
        (void)fd_close(u->answers);
        answer_clear(&u->answer);
        error_clear(&u->failure);
        free(u);
}

int oci_registry_tags(struct oci_registry *r, const struct oci_reference *repository, struct strv *ret,
                      struct error *err)
{
        CLEANUP_BUFFER struct buffer frame = BUFFER_INIT;
        CLEANUP_BUFFER struct buffer text = BUFFER_INIT;
        CLEANUP_ANSWER struct answer answer = {.text = NULL};
        CLEANUP_FD int file = -1;

        begin_request(&frame, REGISTRY_TAGS, repository);
        if (open_scratch(&file, err) < 0 || talk(r, &frame, file, NULL, &answer, err) < 0 ||
            read_scratch(file, (uint64_t)OCI_LIMIT_TAGS * (OCI_LIMIT_TAG + 1), &text, err) < 0)
                return -1;
        for (const char *line = buffer_text(&text); *line;) {
                size_t size = strcspn(line, "\n");

                strv_take(ret, memory_strndup(line, size));
                line += size + (line[size] != '\0');
        }
        return 0;
}

int oci_registry_login(struct oci_registry *r, const char *host, const char *user, const char *secret,
                       struct error *err)
{
        CLEANUP_BUFFER struct buffer frame = BUFFER_INIT;
        CLEANUP_ANSWER struct answer answer = {.text = NULL};
        int result;

        begin_request(&frame, REGISTRY_LOGIN, NULL);
        oci_frame_text(&frame, REGISTRY_TAG_DOMAIN, host);
        oci_frame_text(&frame, REGISTRY_TAG_USER, user);
        oci_frame_text(&frame, REGISTRY_TAG_SECRET, secret);
        result = talk(r, &frame, -1, NULL, &answer, err);
        explicit_bzero(frame.data, frame.size);
        return result;
}
