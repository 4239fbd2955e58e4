/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Uploads of blobs (distribution-spec, "Pushing blobs"): nothing if it is there, a mount if it is in another
 * repository, else POST and one PUT with all bytes. What was cut goes on in pieces (PATCH) from the byte that the
 * registry says it has; what is too much for it at once, too. A blob that is still being made is sent with one PATCH as
 * long as it grows, as docker sends them, and a PUT that names its digest then.
 */
#include "oci/registry_client.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "common/memory.h"
#include "oci/digest.h"
#include "oci/limits.h"
#include "oci/registry_frame.h"

/* A piece, once pieces are sent; halved for each "too large". */
#define PIECE_SIZE (64ull * 1024 * 1024)
#define PIECE_MIN  (1024ull * 1024)

struct upload {
        struct registry_job *job;
        struct registry_endpoint *endpoint;
        char *what; /* "blob sha256:..." */
        struct strv scopes;
        struct oci_url url; /* the upload's own, of the latest answer; no scheme: there is none */
        uint64_t offset;    /* bytes that the registry has */
        uint64_t piece;     /* bytes at once; 0: all */
        struct registry_retry retry;
        bool done;
};

static void on_sent(void *context, uint64_t size)
{
        struct upload *u = context;

        registry_job_progress(u->job, u->offset + size, u->job->size, false);
}

static int call(struct upload *u, const char *method, const struct oci_url *url, struct http_response *ret,
                struct error *err)
{
        const struct registry_call c = {
                .method = method, .url = url, .scopes = &u->scopes, .body_fd = -1, .limit = OCI_LIMIT_ERROR_BODY};

        return registry_call(u->job, u->endpoint, &c, ret, err);
}

static int fail(const struct upload *u, const struct http_response *response, struct error *err)
{
        return registry_response_error(u->endpoint, u->what, response, err);
}

/* --- without sending anything ---------------------------------------------------------- */

static int ask_for_blob(struct upload *u, bool *ret, struct error *err)
{
        CLEANUP_HTTP_RESPONSE struct http_response response = HTTP_RESPONSE_INIT;
        CLEANUP_URL struct oci_url url = OCI_URL_INIT;
        char digest[OCI_DIGEST_TEXT + 1];

        *ret = false;
        oci_digest_format(&u->job->ref.digest, digest);
        if (registry_endpoint_url(u->endpoint, &url, err, "/blobs/%s", digest) < 0 ||
            call(u, "HEAD", &url, &response, err) < 0)
                return error_wrap(err, "cannot ask for the %s", u->what);
        if (response.status == 401 || registry_status_is_transient(response.status))
                return fail(u, &response, err);
        *ret = response.status == 200; /* all else is no reason not to try */
        return 0;
}

/* The upload's URL of an answer. */
static int take_location(struct upload *u, const struct oci_url *from, const struct http_response *response,
                         struct error *err)
{
        const struct registry_call c = {.method = "PATCH"};
        struct oci_url next;

        if (registry_location(u->endpoint, &c, from, response, &next, err) < 0)
                return error_wrap(err, "the upload of the %s", u->what);
        oci_url_free(&u->url);
        u->url = next;
        return 0;
}

/*
 * Begins an upload; with `from` by asking for a mount of the blob from that repository, which the registry may answer
 * with an upload as well.
 */
static int begin(struct upload *u, const char *from, bool *ret_mounted, struct error *err)
{
        CLEANUP_HTTP_RESPONSE struct http_response response = HTTP_RESPONSE_INIT;
        CLEANUP_FREE char *encoded = from ? oci_url_encode(from) : NULL;
        CLEANUP_FREE char *query = NULL;
        CLEANUP_URL struct oci_url url = OCI_URL_INIT;
        char digest[OCI_DIGEST_TEXT + 1];

        *ret_mounted = false;
        oci_digest_format(&u->job->ref.digest, digest);
        query = from ? memory_printf("?mount=%s&from=%s", digest, encoded) : memory_strdup("");
        if (registry_endpoint_url(u->endpoint, &url, err, "/blobs/uploads/%s", query) < 0 ||
            call(u, "POST", &url, &response, err) < 0)
                return error_wrap(err, "cannot begin the upload of the %s", u->what);
        *ret_mounted = from && response.status == 201;
        if (*ret_mounted)
                return 0;
        if (response.status != 202)
                return fail(u, &response, err);
        u->offset = 0;
        return take_location(u, &url, &response, err);
}

/* From the first of the repositories that the registry looks into; a refusal costs nothing but the question. */
static int mount(struct upload *u, bool *ret_mounted, struct error *err)
{
        *ret_mounted = false;
        for (size_t i = 0; i < u->job->from.count && !*ret_mounted && !u->url.scheme; i++) {
                const char *from = u->job->from.items[i];
                CLEANUP_ERROR struct error mount_err = ERROR_INIT;
                int result;

                if (strcmp(from, u->endpoint->config->repository) == 0)
                        continue;
                strv_take(&u->scopes, memory_printf("repository:%s:pull", from));
                result = begin(u, from, ret_mounted, &mount_err);
                free(u->scopes.items[--u->scopes.count]);
                u->scopes.items[u->scopes.count] = NULL;
                if (result == 0)
                        continue;
                if (mount_err.code == ECANCELED)
                        return error_move(err, &mount_err);
                log_print(&u->job->log, LOG_INFO, "no mount from %s: %s", from, mount_err.message);
        }
        return 0;
}

/* --- sending ------------------------------------------------------------------------------ */

/* The registry's "0-99": 100 bytes. "0-0" is said of one byte and of none: false, as for what cannot be read. */
static bool parse_range(const char *text, uint64_t size, uint64_t *ret)
{
        unsigned long long last;
        char *end;

        if (text && strncmp(text, "bytes=", 6) == 0)
                text += 6;
        if (!text || strncmp(text, "0-", 2) != 0 || text[2] < '0' || text[2] > '9')
                return false;
        errno = 0;
        last = strtoull(text + 2, &end, 10);
        if (errno != 0 || *end != '\0' || last == 0 || last >= size)
                return false;
        *ret = last + 1;
        return true;
}

/* A new upload in place of one that is lost; unless the blob turns out to be there: the answer may have been all that
 * was lost. */
static int begin_again(struct upload *u, struct error *err)
{
        bool mounted;

        if (ask_for_blob(u, &u->done, err) < 0)
                return -1;
        if (u->done)
                return 0;
        log_print(&u->job->log, LOG_INFO, "the upload of the %s is lost; beginning again", u->what);
        return begin(u, NULL, &mounted, err);
}

/* Asks the upload how far it is. */
static int ask_for_offset(struct upload *u, struct error *err)
{
        CLEANUP_HTTP_RESPONSE struct http_response response = HTTP_RESPONSE_INIT;
        CLEANUP_FREE char *text = oci_url_format(&u->url);
        CLEANUP_URL struct oci_url url = OCI_URL_INIT;
        uint64_t offset;

        if (oci_url_parse(text, &url, err) < 0 || call(u, "GET", &url, &response, err) < 0)
                return -1;
        if ((response.status != 204 && response.status != 200 && response.status != 202) ||
            !parse_range(strv_env_find(&response.headers, "range"), u->job->size, &offset))
                return begin_again(u, err);
        u->offset = offset;
        if (!strv_env_find(&response.headers, "location"))
                return 0;
        return take_location(u, &url, &response, err);
}

static int add_digest(const struct upload *u, struct oci_url *ret, struct error *err)
{
        CLEANUP_FREE char *text = oci_url_format(&u->url);
        CLEANUP_FREE char *whole = NULL;
        CLEANUP_FREE char *encoded = NULL;
        char digest[OCI_DIGEST_TEXT + 1];

        oci_digest_format(&u->job->ref.digest, digest);
        encoded = oci_url_encode(digest);
        whole = memory_printf("%s%cdigest=%s", text, u->url.query ? '&' : '?', encoded);
        return oci_url_parse(whole, ret, err);
}

/* One piece: with PUT and the digest when it is all of the blob, or when all of it is there; with PATCH otherwise. */
static int send_piece(struct upload *u, struct oci_url *ret_url, bool *ret_last, struct http_response *response,
                      struct error *err)
{
        static char type[] = "Content-Type: application/octet-stream";
        uint64_t left = u->job->size - u->offset;
        uint64_t size = u->piece != 0 && left > u->piece ? u->piece : left;
        CLEANUP_FREE char *range = memory_printf("Content-Range: %llu-%llu", (unsigned long long)u->offset,
                                                 (unsigned long long)(u->offset + size) - (size > 0));
        CLEANUP_FREE char *text = oci_url_format(&u->url);
        char *items[] = {type, range, NULL};
        struct strv headers = {.items = items, .count = 1};
        struct registry_call c = {.url = ret_url,
                                  .headers = &headers,
                                  .scopes = &u->scopes,
                                  .blob = true,
                                  .body_fd = u->job->body,
                                  .body_offset = u->offset,
                                  .body_size = size,
                                  .sent = on_sent,
                                  .sent_context = u,
                                  .limit = OCI_LIMIT_ERROR_BODY};

        *ret_last = left == 0 || (u->offset == 0 && u->piece == 0);
        c.method = *ret_last ? "PUT" : "PATCH";
        headers.count = *ret_last ? 1 : 2;
        if ((*ret_last ? add_digest(u, ret_url, err) : oci_url_parse(text, ret_url, err)) < 0)
                return -1;
        return registry_call_once(u->job, u->endpoint, &c, response, err);
}

/* After a cut, or an answer that means that the two sides count differently: where the registry is, it knows best. */
static int recover(struct upload *u, const struct http_response *response, struct error *err)
{
        if (!registry_retry_again(u->job, u->endpoint, &u->retry, response, err))
                return error_is_set(err) ? -1 : fail(u, response, err);
        if (u->piece == 0)
                u->piece = PIECE_SIZE;
        return ask_for_offset(u, err);
}

static int shrink(struct upload *u, const struct http_response *response, struct error *err)
{
        u->piece = u->piece == 0 ? PIECE_SIZE : u->piece / 2;
        while (u->piece >= u->job->size - u->offset && u->piece > PIECE_MIN)
                u->piece /= 2;
        if (u->piece < PIECE_MIN || u->job->size <= PIECE_MIN)
                return fail(u, response, err);
        log_print(&u->job->log, LOG_INFO, "the %s is too large for %s at once: sending %llu MiB at a time", u->what,
                  u->endpoint->config->host, (unsigned long long)(u->piece >> 20));
        return ask_for_offset(u, err);
}

static int take_patched(struct upload *u, const struct oci_url *url, const struct http_response *response,
                        uint64_t sent, struct error *err)
{
        uint64_t offset;

        if (parse_range(strv_env_find(&response->headers, "range"), u->job->size, &offset) &&
            offset <= u->offset + sent)
                u->offset = offset;
        else
                u->offset += sent;
        u->retry.count = 0;
        return take_location(u, url, response, err);
}

static int step(struct upload *u, struct error *err)
{
        CLEANUP_HTTP_RESPONSE struct http_response response = HTTP_RESPONSE_INIT;
        CLEANUP_URL struct oci_url url = OCI_URL_INIT;
        uint64_t left = u->job->size - u->offset;
        bool last = false;

        if (send_piece(u, &url, &last, &response, err) < 0)
                return recover(u, NULL, err);
        if (last && (response.status == 201 || response.status == 204 || response.status == 200)) {
                u->done = true;
                return 0;
        }
        if (!last && (response.status == 202 || response.status == 201 || response.status == 204))
                return take_patched(u, &url, &response, u->piece != 0 && left > u->piece ? u->piece : left, err);
        if (response.status == 413)
                return shrink(u, &response, err);
        if ((response.status == 416 || response.status == 404) &&
            u->retry.count < registry_client_options(u->job->client)->retries) {
                u->retry.count++;
                log_print(&u->job->log, LOG_INFO, "the upload of the %s: %s answered %u; asking how far it is", u->what,
                          u->endpoint->config->host, response.status);
                return ask_for_offset(u, err);
        }
        return recover(u, &response, err);
}

static int upload(struct upload *u, struct error *err)
{
        bool mounted = false;

        if (!u->url.scheme && begin(u, NULL, &mounted, err) < 0)
                return -1;
        while (!u->done)
                if (step(u, err) < 0)
                        return error_wrap(err, "cannot upload the %s", u->what);
        registry_job_progress(u->job, u->job->size, u->job->size, true);
        u->job->ret.result = OCI_REGISTRY_UPLOADED;
        return 0;
}

/* --- a blob that is still being made ------------------------------------------------------ */

/* Waits until the blob is whole, and learns what it is. */
static int receive_whole(struct registry_job *job, struct error *err)
{
        CLEANUP_BUFFER struct buffer frame = BUFFER_INIT;
        struct oci_frame_field field;
        unsigned type;
        size_t at = 0;

        if (oci_frame_receive(job->answer, false, &frame, NULL, 0, err) < 0)
                return -1;
        if (frame.size == 0)
                return error_set(err, ECANCELED, "given up");
        if (oci_frame_check(&frame, REGISTRY_TAG_MAX, &type, err) < 0)
                return -1;
        while (oci_frame_next(&frame, &at, &field)) {
                if (field.tag == REGISTRY_TAG_SIZE) {
                        job->size = field.number;
                } else if (field.tag == REGISTRY_TAG_DIGEST && field.size == sizeof(job->ref.digest.bytes)) {
                        memcpy(job->ref.digest.bytes, field.bytes, field.size);
                        job->has_digest = true;
                }
        }
        return type == REGISTRY_WHOLE && job->has_digest
                       ? 0
                       : error_set(err, EPROTO, "the registry process was not told what it is sending");
}

/* Sends what there is of the blob until there is no more. */
static int send_growing(struct upload *u, struct oci_url *ret_url, struct http_response *response, struct error *err)
{
        static char type[] = "Content-Type: application/octet-stream";
        CLEANUP_FREE char *text = oci_url_format(&u->url);
        char *items[] = {type, NULL};
        const struct strv headers = {.items = items, .count = 1};
        const struct registry_call c = {.method = "PATCH",
                                        .url = ret_url,
                                        .headers = &headers,
                                        .scopes = &u->scopes,
                                        .blob = true,
                                        .body_fd = u->job->body,
                                        .growing = true,
                                        .sent = on_sent,
                                        .sent_context = u,
                                        .limit = OCI_LIMIT_ERROR_BODY};

        return oci_url_parse(text, ret_url, err) < 0 ? -1 : registry_call_once(u->job, u->endpoint, &c, response, err);
}

static int stream(struct upload *u, struct error *err)
{
        CLEANUP_HTTP_RESPONSE struct http_response response = HTTP_RESPONSE_INIT;
        CLEANUP_ERROR struct error cut = ERROR_INIT;
        CLEANUP_URL struct oci_url url = OCI_URL_INIT;
        bool mounted;
        int result;

        if (begin(u, NULL, &mounted, err) < 0)
                return -1;
        result = send_growing(u, &url, &response, &cut);
        if (receive_whole(u->job, err) < 0)
                return -1;
        if (result == 0 && (response.status == 202 || response.status == 201 || response.status == 204))
                return take_patched(u, &url, &response, u->job->size, err);
        if (result < 0)
                (void)error_move(err, &cut);
        return recover(u, result < 0 ? NULL : &response, err);
}

static int stream_to(struct registry_job *job, struct registry_endpoint *e, struct error *err)
{
        CLEANUP_FREE char *what = memory_printf("blob of %s that is being made", e->config->repository);
        struct upload u = {.job = job, .endpoint = e, .what = what};
        int result;

        strv_take(&u.scopes, memory_printf("repository:%s:pull,push", e->config->repository));
        result = stream(&u, err);
        if (result == 0)
                result = upload(&u, err);
        strv_free(&u.scopes);
        oci_url_free(&u.url);
        return result;
}

int registry_job_blob_stream(struct registry_job *job, struct error *err)
{
        return registry_job_each_endpoint(job, OCI_REGISTRIES_PUSH, stream_to, err);
}

/* A mount that was refused has begun an upload. The registry forgets it by itself, only later. */
static void give_up(struct upload *u)
{
        CLEANUP_HTTP_RESPONSE struct http_response response = HTTP_RESPONSE_INIT;
        CLEANUP_ERROR struct error ignored = ERROR_INIT;

        if (u->url.scheme && call(u, "DELETE", &u->url, &response, &ignored) < 0)
                log_print(&u->job->log, LOG_DEBUG, "the upload of the %s stays: %s", u->what, ignored.message);
}

/* --- a blob that is whole ------------------------------------------------------------------ */

static int put(struct upload *u, struct error *err)
{
        bool there = false, mounted = false;

        if (ask_for_blob(u, &there, err) < 0 || (!there && mount(u, &mounted, err) < 0))
                return -1;
        if (!there && !mounted && u->job->operation == REGISTRY_BLOB_MOUNT) {
                give_up(u);
                return error_set(err, ENOENT, "the registry neither has the %s nor mounts it", u->what);
        }
        if (!there && !mounted)
                return upload(u, err);
        u->job->ret.result = there ? OCI_REGISTRY_THERE : OCI_REGISTRY_MOUNTED;
        return 0;
}

static int put_to(struct registry_job *job, struct registry_endpoint *e, struct error *err)
{
        char digest[OCI_DIGEST_TEXT + 1];
        CLEANUP_FREE char *what = NULL;
        struct upload u = {.job = job, .endpoint = e};
        int result;

        oci_digest_format(&job->ref.digest, digest);
        u.what = what = memory_printf("blob %s of %s", digest, e->config->repository);
        strv_take(&u.scopes, memory_printf("repository:%s:pull,push", e->config->repository));
        result = put(&u, err);
        strv_free(&u.scopes);
        oci_url_free(&u.url);
        return result;
}

int registry_job_blob_put(struct registry_job *job, struct error *err)
{
        return registry_job_each_endpoint(job, OCI_REGISTRIES_PUSH, put_to, err);
}
