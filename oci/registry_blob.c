/* SPDX-License-Identifier: Apache-2.0 */
/* Downloads of blobs: appended to a file, checked while they stream, gone on with where they were cut. */
#include "oci/registry_client.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "common/fd.h"
#include "common/memory.h"
#include "oci/digest.h"
#include "oci/limits.h"

#define READ_SIZE (1024u * 1024)

struct download {
        struct registry_job *job;
        struct registry_endpoint *endpoint;
        char *what; /* "blob sha256:..." */
        struct sha256 hash;
        uint64_t done; /* bytes in the file, and in `hash` */
        uint64_t skip; /* of the body: the server began before `done` */
        bool restart;  /* the server cannot go on where we are, or what it says about it makes no sense */
};

/* What lies in the file from an earlier call counts as any bytes do: the digest decides in the end. */
static int hash_present(struct download *d, struct error *err)
{
        CLEANUP_FREE char *bytes = NULL;
        struct stat st;

        if (fstat(d->job->body, &st) < 0)
                return error_errno(err, errno, "cannot look at the file of the %s", d->what);
        if ((uint64_t)st.st_size > d->job->size) {
                if (ftruncate(d->job->body, 0) < 0)
                        return error_errno(err, errno, "cannot empty the file of the %s", d->what);
                return 0;
        }
        bytes = memory_alloc(READ_SIZE);
        while (d->done < (uint64_t)st.st_size) {
                uint64_t left = (uint64_t)st.st_size - d->done;
                size_t size = left < READ_SIZE ? (size_t)left : READ_SIZE;

                if (fd_pread_all(d->job->body, bytes, size, (off_t)d->done) < 0)
                        return error_errno(err, errno, "cannot read what is there of the %s", d->what);
                sha256_update(&d->hash, bytes, size);
                d->done += size;
        }
        return 0;
}

static int forget_bytes(struct download *d, struct error *err)
{
        sha256_init(&d->hash);
        d->done = 0;
        if (ftruncate(d->job->body, 0) < 0)
                return error_errno(err, errno, "cannot empty the file of the %s", d->what);
        return 0;
}

/* --- the body ----------------------------------------------------------------------------- */

/* "bytes 10-99/100" or "bytes 10-99/\*": where the body begins. False: nothing that can be used. */
static bool parse_range(const char *text, uint64_t *ret_begin)
{
        char *end;

        if (!text || strncmp(text, "bytes ", 6) != 0 || text[6] < '0' || text[6] > '9')
                return false;
        errno = 0;
        *ret_begin = strtoull(text + 6, &end, 10);
        return errno == 0 && *end == '-';
}

/* A length that does not fit is known before the bytes come: nothing is written then. */
static int check_length(const struct download *d, uint64_t begin, const struct strv *headers, struct error *err)
{
        const char *text = strv_env_find(headers, "content-length");
        uint64_t length;
        char *end;

        if (!text)
                return 0;
        errno = 0;
        length = strtoull(text, &end, 10);
        if (errno != 0 || *end != '\0' || length <= d->job->size - begin)
                return 0; /* a shorter one is as a cut: the next request goes on there */
        return error_set(err, EBADMSG, "the %s: %s would send %llu bytes, and %llu are to come", d->what,
                         d->endpoint->config->host, (unsigned long long)length,
                         (unsigned long long)(d->job->size - begin));
}

static int on_head(void *context, unsigned status, const struct strv *headers, struct error *err)
{
        struct download *d = context;
        uint64_t begin = 0;

        d->skip = 0;
        if (status == 206 && !parse_range(strv_env_find(headers, "content-range"), &begin))
                return error_set(err, EPROTO, "the %s: %s sends a part and does not say which", d->what,
                                 d->endpoint->config->host);
        if (begin > d->done) {
                d->restart = true;
                return error_set(err, EAGAIN, "the %s: %s sends from byte %llu on, and %llu was asked for", d->what,
                                 d->endpoint->config->host, (unsigned long long)begin, (unsigned long long)d->done);
        }
        d->skip = d->done - begin; /* 200: Range was ignored, everything comes again */
        if (d->skip > 0)
                log_print(&d->job->log, LOG_DEBUG, "the %s: %s ignores Range; its first %llu bytes are skipped",
                          d->what, d->endpoint->config->host, (unsigned long long)d->skip);
        return check_length(d, begin, headers, err);
}

static int on_piece(void *context, const char *bytes, size_t size, struct error *err)
{
        struct download *d = context;
        size_t skipped = d->skip < size ? (size_t)d->skip : size;

        d->skip -= skipped;
        bytes += skipped;
        size -= skipped;
        if (size > d->job->size - d->done)
                return error_set(err, EBADMSG, "the %s: %s sends more than its %llu bytes", d->what,
                                 d->endpoint->config->host, (unsigned long long)d->job->size);
        if (fd_pwrite_all(d->job->body, bytes, size, (off_t)d->done) < 0)
                return error_errno(err, errno, "cannot write the %s", d->what);
        d->done += size;
        registry_job_progress(d->job, d->done, d->job->size, false);
        sha256_update(&d->hash, bytes, size);
        return 0;
}

/* --- requests ------------------------------------------------------------------------------- */

static int request(struct download *d, struct http_response *response, struct error *err)
{
        CLEANUP_FREE char *range = memory_printf("Range: bytes=%llu-", (unsigned long long)d->done);
        CLEANUP_FREE char *scope = memory_printf("repository:%s:pull", d->endpoint->config->repository);
        char *header_items[] = {range, NULL}, *scope_items[] = {scope, NULL};
        const struct strv headers = {.items = header_items, .count = 1};
        const struct strv scopes = {.items = scope_items, .count = 1};
        const struct http_sink sink = {.head = on_head, .piece = on_piece, .context = d};
        CLEANUP_URL struct oci_url url = OCI_URL_INIT;
        const struct registry_call call = {.method = "GET",
                                           .url = &url,
                                           .headers = d->done > 0 ? &headers : NULL,
                                           .scopes = &scopes,
                                           .blob = true,
                                           .body_fd = -1,
                                           .sink = &sink};
        char digest[OCI_DIGEST_TEXT + 1];

        oci_digest_format(&d->job->ref.digest, digest);
        if (registry_endpoint_url(d->endpoint, &url, err, "/blobs/%s", digest) < 0)
                return -1;
        return registry_call_once(d->job, d->endpoint, &call, response, err);
}

/* One more request for what is missing. *ret_again: it did not bring all, and another one may. */
static int attempt(struct download *d, struct registry_retry *retry, bool *ret_again, struct error *err)
{
        CLEANUP_HTTP_RESPONSE struct http_response response = HTTP_RESPONSE_INIT;
        uint64_t before = d->done;
        int result = request(d, &response, err);
        bool answered = result == 0;

        *ret_again = false;
        if (answered && (response.status == 200 || response.status == 206)) {
                if (d->done == d->job->size)
                        return 0;
                result = error_set(err, ECONNRESET, "%s sent %llu bytes of %llu", d->endpoint->config->host,
                                   (unsigned long long)d->done, (unsigned long long)d->job->size);
                answered = false;
        }
        if (d->restart || (answered && response.status == 416 && d->done > 0)) {
                d->restart = false;
                log_print(&d->job->log, LOG_INFO, "the %s: %s cannot go on at byte %llu; beginning again", d->what,
                          d->endpoint->config->host, (unsigned long long)d->done);
                if (!error_is_set(err))
                        (void)error_set(err, EAGAIN, "the %s: %s has no such part", d->what, d->endpoint->config->host);
                answered = false;
                if (d->done > 0) {
                        CLEANUP_ERROR struct error forget_err = ERROR_INIT;

                        if (forget_bytes(d, &forget_err) < 0) {
                                error_clear(err);
                                return error_move(err, &forget_err);
                        }
                }
        }
        if (d->done - before >= OCI_LIMIT_RETRY_PROGRESS && d->done > before)
                retry->count = 0;
        *ret_again = registry_retry_again(d->job, d->endpoint, retry, answered ? &response : NULL, err);
        if (*ret_again)
                return 0;
        return error_is_set(err) ? -1 : registry_response_error(d->endpoint, d->what, &response, err);
}

static int check(struct download *d, struct error *err)
{
        char text[OCI_DIGEST_TEXT + 1];
        struct sha256_digest digest;

        sha256_final(&d->hash, &digest);
        if (sha256_equal(&digest, &d->job->ref.digest))
                return 0;
        oci_digest_format(&digest, text);
        return error_set(err, EBADMSG, "the %s from %s: its bytes have the digest %s", d->what,
                         d->endpoint->config->host, text);
}

static int download(struct download *d, struct error *err)
{
        struct registry_retry retry = {.count = 0};
        bool again = true;

        if (hash_present(d, err) < 0)
                return -1;
        registry_job_progress(d->job, d->done, d->job->size, true);
        while (again && d->done < d->job->size)
                if (attempt(d, &retry, &again, err) < 0)
                        return -1;
        registry_job_progress(d->job, d->done, d->job->size, true);
        return check(d, err);
}

static int get_from(struct registry_job *job, struct registry_endpoint *e, struct error *err)
{
        char digest[OCI_DIGEST_TEXT + 1];
        CLEANUP_FREE char *what = NULL;
        struct download d = {.job = job, .endpoint = e};

        oci_digest_format(&job->ref.digest, digest);
        what = memory_printf("blob %s of %s", digest, e->config->repository);
        d.what = what;
        sha256_init(&d.hash);
        if (download(&d, err) == 0)
                return 0;
        if (err->code == EBADMSG) { /* nothing of it may be gone on with */
                CLEANUP_ERROR struct error forget_err = ERROR_INIT;

                if (forget_bytes(&d, &forget_err) < 0)
                        return error_wrap(err, "%s", forget_err.message);
        }
        return -1;
}

int registry_job_blob_get(struct registry_job *job, struct error *err)
{
        return registry_job_each_endpoint(job, OCI_REGISTRIES_PULL, get_from, err);
}

/* --- is it there --------------------------------------------------------------------------- */

static int has(struct registry_job *job, struct registry_endpoint *e, struct error *err)
{
        CLEANUP_HTTP_RESPONSE struct http_response response = HTTP_RESPONSE_INIT;
        CLEANUP_URL struct oci_url url = OCI_URL_INIT;
        CLEANUP_FREE char *scope = memory_printf("repository:%s:pull", e->config->repository);
        char *items[] = {scope, NULL};
        const struct strv scopes = {.items = items, .count = 1};
        const struct registry_call call = {.method = "HEAD", .url = &url, .scopes = &scopes, .body_fd = -1};
        char digest[OCI_DIGEST_TEXT + 1];

        oci_digest_format(&job->ref.digest, digest);
        if (registry_endpoint_url(e, &url, err, "/blobs/%s", digest) < 0 ||
            registry_call(job, e, &call, &response, err) < 0)
                return -1;
        if (response.status != 200 && response.status != 404)
                return registry_response_error(e, digest, &response, err);
        job->ret.result = response.status == 200;
        return 0;
}

int registry_job_blob_has(struct registry_job *job, struct error *err)
{
        return registry_job_each_endpoint(job, OCI_REGISTRIES_PUSH, has, err);
}
