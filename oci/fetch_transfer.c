/* SPDX-License-Identifier: Apache-2.0 */
/* One request in the fetch child: what it may do, where its bytes go, what is answered. */
#include "oci/fetch_transfer.h"

#include <arpa/inet.h>
#include <errno.h>
#include <netinet/in.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

#include "common/fd.h"
#include "common/memory.h"
#include "common/sha256.h"
#include "common/strv.h"
#include "oci/authorities.h"
#include "oci/fetch.h"
#include "oci/fetch_frame.h"
#include "oci/fetch_header.h"
#include "oci/fetch_local.h"
#include "oci/url.h"

#define MAX_REDIRECTS    10
#define CONNECT_SECONDS  30L
#define SLOWEST          64L /* bytes a second */
#define PROGRESS_SECONDS 0.2

struct fetch_transfer {
        const struct fetch_curl *curl;
        CURL *easy;
        struct curl_slist *headers;
        int answer, body;     /* owned */
        struct oci_url first; /* what was asked for */
        struct oci_url url;   /* where it is by now */
        char *authorization;  /* for the origin of `first` */
        int authorities;      /* a file in memory with those of the host (oci/authorities.h); -1: the usual ones. Owned */
        struct strv asked;    /* "Name: value" */
        enum oci_fetch_method method;
        uint64_t limit, stall, seconds;
        struct timespec deadline;
        unsigned redirects;
        bool far;           /* `first` is no local address: a redirect must not reach one */
        bool refused_local; /* a name that led to one was refused */
        struct strv got;    /* response headers, name=value */
        uint64_t done;
        struct sha256 hash;
        struct timespec told; /* when progress was last sent */
        struct error failure; /* set in a callback: why the transfer was given up */
};

/* --- answers ---------------------------------------------------------------- */

static void send_frame(const struct fetch_transfer *t, const struct buffer *frame)
{
        CLEANUP_ERROR struct error err = ERROR_INIT;

        /* nobody waits any more: the socket's end-of-file tells the child's loop */
        (void)oci_frame_send(t->answer, frame, NULL, 0, &err);
}

static void answer_error(const struct fetch_transfer *t, const struct error *err)
{
        CLEANUP_BUFFER struct buffer frame = BUFFER_INIT;

        oci_frame_begin(&frame, FETCH_FAILED);
        oci_frame_failure(&frame, FETCH_TAG_CODE, FETCH_TAG_MESSAGE, err);
        send_frame(t, &frame);
}

static void answer_done(struct fetch_transfer *t, long status)
{
        CLEANUP_BUFFER struct buffer frame = BUFFER_INIT;
        CLEANUP_FREE char *url = oci_url_format(&t->url);
        struct sha256_digest digest;

        sha256_final(&t->hash, &digest);
        oci_frame_begin(&frame, FETCH_DONE);
        oci_frame_number(&frame, FETCH_TAG_STATUS, (uint64_t)status);
        oci_frame_text(&frame, FETCH_TAG_URL, url);
        oci_frame_number(&frame, FETCH_TAG_DONE, t->done);
        oci_frame_bytes(&frame, FETCH_TAG_DIGEST, digest.bytes, sizeof(digest.bytes));
        for (size_t i = 0; i < t->got.count; i++)
                oci_frame_text(&frame, FETCH_TAG_HEADER, t->got.items[i]);
        send_frame(t, &frame);
}

/* --- callbacks of libcurl ------------------------------------------------------ */

static long status_of(const struct fetch_transfer *t)
{
        long status = 0;

        (void)t->curl->easy_getinfo(t->easy, CURLINFO_RESPONSE_CODE, &status);
        return status;
}

static size_t on_body(char *bytes, size_t one, size_t size, void *context)
{
        struct fetch_transfer *t = context;
        long status = status_of(t);

        (void)one; /* always 1 */
        if (status < 200 || status > 299)
                return size;
        if (size > t->limit - t->done) {
                (void)error_set(&t->failure, EFBIG, "it is larger than the limit of %llu bytes",
                                (unsigned long long)t->limit);
                return 0;
        }
        if (fd_write_all(t->body, bytes, size) < 0) {
                (void)error_errno(&t->failure, errno, "cannot write what was received");
                return 0;
        }
        sha256_update(&t->hash, bytes, size);
        t->done += size;
        return size;
}

/* One line of a header. A status line begins a new set: what came with 1xx answers and redirects is forgotten. */
static size_t on_header(char *bytes, size_t one, size_t size, void *context)
{
        struct fetch_transfer *t = context;
        CLEANUP_FREE char *line = fetch_header_line(bytes, size);
        const char *value;

        (void)one;
        if (strncmp(line, "HTTP/", 5) == 0) {
                strv_clear(&t->got);
                return size;
        }
        if (strlen(line) <= OCI_FRAME_TEXT_MAX / 4 && fetch_header_parse(line, &value))
                fetch_header_keep(&t->got, line, value);
        return size;
}

static int on_progress(void *context, curl_off_t total, curl_off_t now, curl_off_t up_total, curl_off_t up_now)
{
        struct fetch_transfer *t = context;
        CLEANUP_BUFFER struct buffer frame = BUFFER_INIT;

        (void)now;
        (void)up_total;
        (void)up_now;
        if (fetch_curl_seconds_since(&t->told) < PROGRESS_SECONDS)
                return 0;
        clock_gettime(CLOCK_MONOTONIC, &t->told);
        oci_frame_begin(&frame, FETCH_PROGRESS);
        oci_frame_number(&frame, FETCH_TAG_DONE, t->done);
        oci_frame_number(&frame, FETCH_TAG_TOTAL, total > 0 ? (uint64_t)total : 0);
        send_frame(t, &frame);
        return 0;
}

/* The one place where every connection is made: a redirect that was to stay outside does not come in by name either. */
static curl_socket_t on_socket(void *context, curlsocktype purpose, struct curl_sockaddr *address)
{
        struct fetch_transfer *t = context;

        (void)purpose;
        if (t->redirects > 0 && t->far && !fetch_local_is_proxy(t->url.scheme, fetch_local_port(&address->addr)) &&
            fetch_local_is_address(&address->addr)) {
                t->refused_local = true;
                return CURL_SOCKET_BAD;
        }
        return socket(address->family, address->socktype | SOCK_CLOEXEC, address->protocol);
}

/* --- setting up ------------------------------------------------------------------ */

/* Remaining time, at least one second: the deadline is that of the whole request, not of each redirect. */
static long remaining(const struct fetch_transfer *t)
{
        double left = (double)t->seconds - fetch_curl_seconds_since(&t->deadline);

        return left < 1 ? 1 : (long)left;
}

#define SET(option, value) ok = ok && t->curl->easy_setopt(t->easy, option, value) == CURLE_OK

/* What is the same for each hop. */
static bool set_rules(const struct fetch_transfer *t)
{
        bool ok = fetch_curl_set_rules(t->curl, t->easy) && fetch_curl_set_trust(t->curl, t->easy);

        SET(CURLOPT_CONNECTTIMEOUT, t->stall < (uint64_t)CONNECT_SECONDS ? (long)t->stall : CONNECT_SECONDS);
        SET(CURLOPT_LOW_SPEED_LIMIT, SLOWEST);
        SET(CURLOPT_LOW_SPEED_TIME, (long)t->stall);
        return ok;
}

static bool set_callbacks(struct fetch_transfer *t)
{
        bool ok = true;

        SET(CURLOPT_PRIVATE, t);
        SET(CURLOPT_WRITEFUNCTION, on_body);
        SET(CURLOPT_WRITEDATA, t);
        SET(CURLOPT_HEADERFUNCTION, on_header);
        SET(CURLOPT_HEADERDATA, t);
        SET(CURLOPT_XFERINFOFUNCTION, on_progress);
        SET(CURLOPT_XFERINFODATA, t);
        SET(CURLOPT_NOPROGRESS, 0L);
        SET(CURLOPT_OPENSOCKETFUNCTION, on_socket);
        SET(CURLOPT_OPENSOCKETDATA, t);
        return ok;
}

/* Whom this hop's host is trusted by: what counts for one host does not for the next. */
static int set_authorities(struct fetch_transfer *t, struct error *err)
{
        CLEANUP_FREE char *host = t->url.port ? memory_printf("%s:%u", t->url.host, t->url.port) : memory_strdup(t->url.host);
        CLEANUP_BUFFER struct buffer bundle = BUFFER_INIT;
        CLEANUP_FREE char *path = NULL;
        CLEANUP_FD int fd = -1;

        if (strcmp(t->url.scheme, "https") != 0)
                return 0;
        if (oci_authorities_find(host, &bundle, err) < 0)
                return -1;
        if (bundle.size == 0 && t->authorities < 0)
                return 0;
        if (bundle.size == 0)
                oci_authorities_usual(&bundle);
        if (oci_authorities_file(&bundle, &fd, &path, err) < 0)
                return -1;
        if (t->curl->easy_setopt(t->easy, CURLOPT_CAINFO, path) != CURLE_OK)
                return error_set(err, ENOTSUP, "libcurl takes no file of authorities");
        t->authorities = fd_close(t->authorities);
        t->authorities = fd_steal(&fd);
        return 0;
}

/* What belongs to this hop: the URL, the headers, and the credential if it is still the same origin. */
static bool set_hop(struct fetch_transfer *t)
{
        CLEANUP_FREE char *url = oci_url_format(&t->url);
        bool with_credential = t->authorization && oci_url_is_same_origin(&t->first, &t->url);
        bool alone = with_credential || t->redirects > 0;
        bool ok = true;

        t->curl->slist_free_all(t->headers);
        t->headers = t->curl->slist_append(NULL, "Accept-Encoding:");
        for (size_t i = 0; i < t->asked.count; i++)
                t->headers = t->curl->slist_append(t->headers, t->asked.items[i]);
        if (with_credential) {
                CLEANUP_FREE char *header = memory_printf("Authorization: %s", t->authorization);

                t->headers = t->curl->slist_append(t->headers, header);
        }
        SET(CURLOPT_URL, url);
        SET(CURLOPT_HTTPHEADER, t->headers);
        SET(CURLOPT_NOBODY, t->method == OCI_FETCH_HEAD ? 1L : 0L);
        /* a connection that knows somebody is not lent to others, and one that others made is not taken */
        SET(CURLOPT_FRESH_CONNECT, alone ? 1L : 0L);
        SET(CURLOPT_FORBID_REUSE, alone ? 1L : 0L);
        SET(CURLOPT_TIMEOUT, remaining(t));
        t->done = 0;
        sha256_init(&t->hash);
        return ok;
}

#undef SET

static int check_url(const struct oci_url *url, struct error *err)
{
        if (strcmp(url->scheme, "http") != 0 && strcmp(url->scheme, "https") != 0)
                return error_set(err, EINVAL, "%s: only http and https are fetched", url->scheme);
        return 0;
}

static int take_field(struct fetch_transfer *t, const struct oci_frame_field *field, struct error *err)
{
        CLEANUP_FREE char *text = memory_strndup(field->bytes, field->size);

        switch ((enum fetch_tag)field->tag) {
        case FETCH_TAG_METHOD:
                t->method = field->number == OCI_FETCH_HEAD ? OCI_FETCH_HEAD : OCI_FETCH_GET;
                return 0;
        case FETCH_TAG_URL:
                oci_url_free(&t->first);
                oci_url_free(&t->url);
                return oci_url_parse(text, &t->first, err) < 0 || oci_url_parse(text, &t->url, err) < 0 ? -1 : 0;
        case FETCH_TAG_HEADER:
                strv_add(&t->asked, text);
                return 0;
        case FETCH_TAG_AUTHORIZATION:
                free(t->authorization);
                t->authorization = STEAL(text);
                return 0;
        case FETCH_TAG_LIMIT:
                t->limit = field->number;
                return 0;
        case FETCH_TAG_STALL:
                t->stall = field->number;
                return 0;
        case FETCH_TAG_TIME:
                t->seconds = field->number;
                return 0;
        case FETCH_TAG_DONE:
        case FETCH_TAG_TOTAL:
        case FETCH_TAG_STATUS:
        case FETCH_TAG_DIGEST:
        case FETCH_TAG_CODE:
        case FETCH_TAG_MESSAGE:
        case FETCH_TAG_MAX:
                break;
        }
        return error_set(err, EPROTO, "a request to the fetch process has a field that is none of a request's");
}

static int read_request(struct fetch_transfer *t, const struct buffer *request, struct error *err)
{
        unsigned type;
        struct oci_frame_field field;
        size_t at = 0;

        if (oci_frame_check(request, FETCH_TAG_MAX, &type, err) < 0)
                return -1;
        if (type != FETCH_REQUEST)
                return error_set(err, EPROTO, "the fetch process got a message that is no request");
        while (oci_frame_next(request, &at, &field))
                if (take_field(t, &field, err) < 0)
                        return -1;
        if (!t->url.scheme)
                return error_set(err, EPROTO, "a request to the fetch process has no URL");
        return check_url(&t->url, err);
}

static int set_up(struct fetch_transfer *t, const struct buffer *request, struct error *err)
{
        if (read_request(t, request, err) < 0)
                return -1;
        t->far = !fetch_local_is_host(t->first.host);
        t->easy = t->curl->easy_init();
        if (!t->easy || !set_rules(t) || !set_callbacks(t) || !set_hop(t))
                return error_set(err, ENOTSUP,
                                 "libcurl refuses a setting that bryo insists on: it is too old or built without it");
        return set_authorities(t, err);
}

void fetch_transfer_begin(const struct fetch_curl *curl, const struct buffer *request, int answer, int body,
                          struct fetch_transfer **ret)
{
        struct fetch_transfer *t = memory_zalloc(1, sizeof(*t));
        CLEANUP_ERROR struct error err = ERROR_INIT;

        t->curl = curl;
        t->authorities = -1;
        t->answer = answer;
        t->body = body;
        clock_gettime(CLOCK_MONOTONIC, &t->deadline);
        t->told = t->deadline;
        *ret = t;
        if (set_up(t, request, &err) == 0)
                return;
        answer_error(t, &err);
        fetch_transfer_free(t);
        *ret = NULL;
}

CURL *fetch_transfer_handle(const struct fetch_transfer *t)
{
        return t->easy;
}

int fetch_transfer_socket(const struct fetch_transfer *t)
{
        return t->answer;
}

/* --- finishing ----------------------------------------------------------------------- */

static int check_redirect(const struct fetch_transfer *t, const struct oci_url *to, struct error *err)
{
        CLEANUP_FREE char *shown = oci_url_format(to);

        if (check_url(to, err) < 0)
                return error_wrap(err, "the server redirects to %s", shown);
        if (strcmp(t->url.scheme, "https") == 0 && strcmp(to->scheme, "https") != 0)
                return error_set(err, EPERM,
                                 "the server redirects from https to %s, which anybody on the way can change: refused",
                                 shown);
        if (t->redirects >= MAX_REDIRECTS)
                return error_set(err, ELOOP, "more than %d redirects", MAX_REDIRECTS);
        if (t->far && fetch_local_is_host(to->host))
                return error_set(err, EPERM,
                                 "the server redirects to %s, an address of this machine or its link: refused", shown);
        return 0;
}

/* *ret_again: there was an acceptable redirect, and the handle is ready for it. */
static int follow(struct fetch_transfer *t, bool *ret_again, struct error *err)
{
        char *location = NULL;
        struct oci_url to;

        *ret_again = false;
        /* made absolute by libcurl; none for an answer that is no redirect */
        if (t->curl->easy_getinfo(t->easy, CURLINFO_REDIRECT_URL, &location) != CURLE_OK || !location)
                return 0;
        if (strncasecmp(location, "http://", 7) != 0 && strncasecmp(location, "https://", 8) != 0)
                return error_set(err, EPERM, "the server redirects to %.*s: only http and https are fetched",
                                 (int)strcspn(location, "/?#"), location);
        if (oci_url_parse(location, &to, err) < 0)
                return error_wrap(err, "the server redirects");
        if (check_redirect(t, &to, err) < 0) {
                oci_url_free(&to);
                return -1;
        }
        t->redirects++;
        oci_url_free(&t->url);
        t->url = to;
        strv_clear(&t->got);
        if (!set_hop(t))
                return error_set(err, EIO, "libcurl refuses to follow the redirect");
        if (set_authorities(t, err) < 0)
                return -1;
        *ret_again = true;
        return 0;
}

static int explain(struct fetch_transfer *t, CURLcode code, struct error *err)
{
        CLEANUP_FREE char *proxy = fetch_local_proxy_words(t->url.scheme);

        if (error_is_set(&t->failure))
                return error_move(err, &t->failure);
        if (t->refused_local)
                return error_set(err, EPERM,
                                 "the server redirects to %s, an address of this machine or its link: refused",
                                 t->url.host);
        if (code == CURLE_OPERATION_TIMEDOUT && t->done > 0)
                return error_set(err, ETIMEDOUT, "it came too slowly, and was given up after %llu bytes",
                                 (unsigned long long)t->done);
        if (code == CURLE_OPERATION_TIMEDOUT)
                return error_set(err, ETIMEDOUT, "%s did not answer in time", t->url.host);
        if (code == CURLE_COULDNT_CONNECT)
                return error_set(err, ECONNREFUSED, "cannot connect to %s port %u%s", t->url.host,
                                 oci_url_port(&t->url), proxy);
        if (code == CURLE_COULDNT_RESOLVE_PROXY)
                return error_set(err, EHOSTUNREACH, "%s cannot be reached%s: the host of the proxy is not known",
                                 t->url.host, proxy);
        if (code == CURLE_COULDNT_RESOLVE_HOST)
                return error_set(err, EHOSTUNREACH, "the host %s is not known", t->url.host);
        if (code == CURLE_GOT_NOTHING)
                return error_set(err, EIO, "%s closed the connection without an answer", t->url.host);
        if (code == CURLE_PARTIAL_FILE)
                return error_set(err, EIO, "the server closed the connection after %llu bytes, before the end",
                                 (unsigned long long)t->done);
        if (code == CURLE_PEER_FAILED_VERIFICATION || code == CURLE_SSL_CACERT_BADFILE)
                return error_set(
                        err, EACCES,
                        "the certificate of %s is not trusted (%s): certs.d or SSL_CERT_FILE can name its authority",
                        t->url.host, t->curl->easy_strerror(code));
        return error_set(err, EIO, "%s: %s", t->url.host, t->curl->easy_strerror(code));
}

bool fetch_transfer_finish(struct fetch_transfer *t, CURLcode code)
{
        CLEANUP_ERROR struct error err = ERROR_INIT;
        bool again = false;
        int result = code == CURLE_OK ? follow(t, &again, &err) : explain(t, code, &err);

        if (result < 0)
                answer_error(t, &err);
        else if (!again)
                answer_done(t, status_of(t));
        return again;
}

void fetch_transfer_free(struct fetch_transfer *t)
{
        if (!t)
                return;
        t->curl->easy_cleanup(t->easy);
        t->curl->slist_free_all(t->headers);
        fd_close(t->answer);
        fd_close(t->body);
        fd_close(t->authorities);
        oci_url_free(&t->first);
        oci_url_free(&t->url);
        free(t->authorization);
        strv_free(&t->asked);
        strv_free(&t->got);
        error_clear(&t->failure);
        free(t);
}
