/* SPDX-License-Identifier: Apache-2.0 */
/* What libcurl is told about one exchange, what it calls back, and what its failures mean. */
#include "oci/http_transfer.h"

#include <arpa/inet.h>
#include <errno.h>
#include <netinet/in.h>
#include <poll.h>
#include <string.h>
#include <strings.h>
#include <sys/socket.h>
#include <unistd.h>

#include "common/memory.h"
#include "oci/fetch_header.h"
#include "oci/fetch_local.h"
#include "oci/limits.h"

/* Bytes that lie between the two threads at most: some milliseconds of a fast network, so that neither waits. */
#define QUEUE_SIZE (1024u * 1024)
/* What libcurl reads and writes at once; the largest that 7.88 takes for reading. */
#define SOCKET_BUFFER   (512L * 1024)
#define CONNECT_SECONDS 30L
#define SLOWEST         64L /* bytes a second */
#define SENT_SECONDS    0.1
/* A longer header is left out: nothing that a registry says needs one. */
#define HEADER_MAX 8192u

/* --- callbacks of libcurl, in the loop's thread -------------------------------------------- */

static unsigned status_of(const struct http_transfer *t)
{
        long status = 0;

        (void)t->curl->easy_getinfo(t->easy, CURLINFO_RESPONSE_CODE, &status);
        return (unsigned)status;
}

static size_t queue_error_body(struct http_transfer *t, const char *bytes, size_t size)
{
        size_t room = OCI_LIMIT_ERROR_BODY - t->response->body.size;

        buffer_append(&t->response->body, bytes, size < room ? size : room);
        t->cut = size > room;
        return t->cut ? 0 : size;
}

static size_t on_body(char *bytes, size_t one, size_t size, void *context)
{
        struct http_transfer *t = context;
        unsigned status = status_of(t);
        size_t taken = size;

        (void)one; /* always 1 */
        if (status < 200 || status > 299)
                return queue_error_body(t, bytes, size);
        pthread_mutex_lock(t->lock);
        if (t->abandoned) {
                taken = 0;
        } else if (t->filled.size > 0 && t->filled.size + size > QUEUE_SIZE) {
                t->paused = true;
                taken = CURL_WRITEFUNC_PAUSE;
        } else {
                if (t->filled.size == 0)
                        pthread_cond_signal(&t->changed);
                buffer_append(&t->filled, bytes, size);
        }
        pthread_mutex_unlock(t->lock);
        return taken;
}

static void take_header(struct http_response *r, char *line)
{
        const char *value;

        if (!fetch_header_parse(line, &value))
                return;
        if (strcmp(line, "www-authenticate") != 0)
                fetch_header_keep(&r->headers, line, value);
        else if (r->challenges.count < OCI_LIMIT_CHALLENGES)
                strv_add(&r->challenges, value);
}

/* One line. A status line begins a new set: what came with a 1xx answer is forgotten. An empty one ends it. */
static size_t on_header(char *bytes, size_t one, size_t size, void *context)
{
        struct http_transfer *t = context;
        CLEANUP_FREE char *line = fetch_header_line(bytes, size);
        size_t length = strlen(line);

        (void)one;
        if (t->head) /* trailers */
                return size;
        if (strncmp(line, "HTTP/", 5) == 0) {
                strv_clear(&t->response->headers);
                strv_clear(&t->response->challenges);
        } else if (length == 0 && status_of(t) >= 200) {
                pthread_mutex_lock(t->lock);
                t->response->status = status_of(t);
                t->head = true;
                pthread_cond_signal(&t->changed);
                pthread_mutex_unlock(t->lock);
        } else if (length <= HEADER_MAX) {
                take_header(t->response, line);
        }
        return size;
}

/* A piece of the body's file. */
static size_t read_file(struct http_transfer *t, char *bytes, size_t size, bool may_end)
{
        const struct http_request *r = t->request;
        ssize_t n;

        do
                n = pread(r->body_fd, bytes, size, (off_t)(r->body_offset + t->read));
        while (n < 0 && errno == EINTR);
        if (n < 0 || (n == 0 && !may_end)) {
                t->body_errno = n < 0 ? errno : ENODATA;
                return CURL_READFUNC_ABORT;
        }
        t->read += (uint64_t)n;
        return (size_t)n;
}

/* What is asked before the file is looked at: that it was whole then makes its end the body's. */
static size_t read_growing(struct http_transfer *t, char *bytes, size_t size)
{
        struct pollfd fd = {.fd = t->request->whole, .events = POLLIN};
        bool whole = poll(&fd, 1, 0) > 0;
        size_t n = read_file(t, bytes, size, true);

        if (n > 0 || whole)
                return n;
        t->starved = true;
        return CURL_READFUNC_PAUSE;
}

static size_t on_read(char *bytes, size_t one, size_t size, void *context)
{
        struct http_transfer *t = context;
        const struct http_request *r = t->request;
        uint64_t left = r->body_size - t->read;

        (void)one;
        if (r->growing)
                return read_growing(t, bytes, size);
        if (size > left)
                size = (size_t)left;
        if (size == 0)
                return 0;
        if (!r->body)
                return read_file(t, bytes, size, false);
        memcpy(bytes, r->body + t->read, size);
        t->read += size;
        return size;
}

/* A body that must be sent once more, as when a connection of the pool turned out to be closed. */
static int on_seek(void *context, curl_off_t offset, int origin)
{
        struct http_transfer *t = context;

        if (origin != SEEK_SET || offset < 0 || (!t->request->growing && (uint64_t)offset > t->request->body_size))
                return CURL_SEEKFUNC_FAIL;
        t->read = (uint64_t)offset;
        return CURL_SEEKFUNC_OK;
}

static int on_progress(void *context, curl_off_t total, curl_off_t now, curl_off_t up_total, curl_off_t up_now)
{
        struct http_transfer *t = context;
        struct pollfd fd = {.fd = t->request->cancel, .events = 0}; /* its end-of-file is always told */

        (void)total;
        (void)now;
        (void)up_total;
        if (fetch_curl_seconds_since(&t->told) < SENT_SECONDS)
                return 0;
        clock_gettime(CLOCK_MONOTONIC, &t->told);
        if (fd.fd >= 0 && poll(&fd, 1, 0) > 0) {
                t->cancelled = true;
                return 1;
        }
        pthread_mutex_lock(t->lock);
        if (up_now > 0 && (uint64_t)up_now != t->sent) {
                t->sent = (uint64_t)up_now;
                pthread_cond_signal(&t->changed);
        }
        pthread_mutex_unlock(t->lock);
        return 0;
}

/* The one place where every connection is made: what is to stay outside does not come in by name either. */
static curl_socket_t on_socket(void *context, curlsocktype purpose, struct curl_sockaddr *address)
{
        struct http_transfer *t = context;

        (void)purpose;
        if (t->request->far && !fetch_local_is_proxy(t->request->url->scheme, fetch_local_port(&address->addr)) &&
            fetch_local_is_address(&address->addr)) {
                t->refused_local = true;
                return CURL_SOCKET_BAD;
        }
        return socket(address->family, address->socktype | SOCK_CLOEXEC, address->protocol);
}

/* --- setting up ----------------------------------------------------------------------------- */

#define SET(option, value) ok = ok && t->curl->easy_setopt(t->easy, option, value) == CURLE_OK

static bool set_rules(const struct http_transfer *t)
{
        long stall = (long)t->request->stall_seconds;
        bool ok = fetch_curl_set_rules(t->curl, t->easy);

        SET(CURLOPT_SUPPRESS_CONNECT_HEADERS, 1L);
        SET(CURLOPT_CONNECTTIMEOUT, stall < CONNECT_SECONDS ? stall : CONNECT_SECONDS);
        SET(CURLOPT_LOW_SPEED_LIMIT, SLOWEST);
        SET(CURLOPT_LOW_SPEED_TIME, stall);
        SET(CURLOPT_BUFFERSIZE, SOCKET_BUFFER);
        SET(CURLOPT_UPLOAD_BUFFERSIZE, SOCKET_BUFFER);
        SET(CURLOPT_PIPEWAIT, 1L); /* whoever comes while a connection is made waits for it, which with HTTP/2 serves all */
        return ok;
}

static bool set_trust(const struct http_transfer *t)
{
        const struct http_trust *trust = t->request->trust;
        bool ok = fetch_curl_set_trust(t->curl, t->easy);

        if (!trust)
                return ok;
        if (trust->insecure) {
                SET(CURLOPT_SSL_VERIFYPEER, 0L);
                SET(CURLOPT_SSL_VERIFYHOST, 0L);
        }
        if (trust->authorities)
                SET(CURLOPT_CAINFO, trust->authorities);
        if (trust->client_certificate) {
                SET(CURLOPT_SSLCERT, trust->client_certificate);
                SET(CURLOPT_SSLKEY, trust->client_key);
        }
        return ok;
}

static bool set_callbacks(struct http_transfer *t)
{
        bool ok = true;

        SET(CURLOPT_PRIVATE, t);
        SET(CURLOPT_ERRORBUFFER, t->words);
        SET(CURLOPT_WRITEFUNCTION, on_body);
        SET(CURLOPT_WRITEDATA, t);
        SET(CURLOPT_HEADERFUNCTION, on_header);
        SET(CURLOPT_HEADERDATA, t);
        SET(CURLOPT_READFUNCTION, on_read);
        SET(CURLOPT_READDATA, t);
        SET(CURLOPT_SEEKFUNCTION, on_seek);
        SET(CURLOPT_SEEKDATA, t);
        SET(CURLOPT_XFERINFOFUNCTION, on_progress);
        SET(CURLOPT_XFERINFODATA, t);
        SET(CURLOPT_NOPROGRESS, 0L);
        SET(CURLOPT_OPENSOCKETFUNCTION, on_socket);
        SET(CURLOPT_OPENSOCKETDATA, t);
        return ok;
}

static bool set_method(const struct http_transfer *t)
{
        const struct http_request *r = t->request;
        bool ok = true;

        if (strcmp(r->method, "HEAD") == 0) {
                SET(CURLOPT_NOBODY, 1L);
        } else if (strcmp(r->method, "GET") == 0) {
                SET(CURLOPT_HTTPGET, 1L);
        } else { /* with a length also when there is no body: registries insist on it; unless nobody knows it yet */
                SET(CURLOPT_UPLOAD, 1L);
                SET(CURLOPT_INFILESIZE_LARGE, r->growing ? (curl_off_t)-1 : (curl_off_t)r->body_size);
                SET(CURLOPT_CUSTOMREQUEST, r->method);
        }
        return ok;
}

static bool set_request(struct http_transfer *t)
{
        CLEANUP_FREE char *url = oci_url_format(t->request->url);
        const struct http_request *r = t->request;
        bool ok = set_method(t);

        for (size_t i = 0; r->headers && i < r->headers->count; i++)
                t->headers = t->curl->slist_append(t->headers, r->headers->items[i]);
        if (r->authorization) {
                CLEANUP_FREE char *header = memory_printf("Authorization: %s", r->authorization);

                t->headers = t->curl->slist_append(t->headers, header);
                explicit_bzero(header, strlen(header));
        }
        SET(CURLOPT_URL, url);
        SET(CURLOPT_HTTPHEADER, t->headers);
        return ok;
}

#undef SET

/* A line break in a header would be a header of its own (CWE-113). */
static int check_request(const struct http_request *r, struct error *err)
{
        if (strcmp(r->url->scheme, "http") != 0 && strcmp(r->url->scheme, "https") != 0)
                return error_set(err, EINVAL, "%s: only http and https are spoken to registries", r->url->scheme);
        if (r->authorization && strpbrk(r->authorization, "\r\n"))
                return error_set(err, EINVAL, "the credential for %s has a line break", r->url->host);
        for (size_t i = 0; r->headers && i < r->headers->count; i++)
                if (strpbrk(r->headers->items[i], "\r\n"))
                        return error_set(err, EINVAL, "a header for %s has a line break", r->url->host);
        return 0;
}

int http_transfer_prepare(struct http_transfer *t, struct error *err)
{
        if (check_request(t->request, err) < 0)
                return -1;
        clock_gettime(CLOCK_MONOTONIC, &t->told);
        t->easy = t->curl->easy_init();
        if (!t->easy || !set_rules(t) || !set_trust(t) || !set_callbacks(t) || !set_request(t))
                return error_set(err, ENOTSUP,
                                 "libcurl refuses a setting that bryo insists on: it is too old or built without it");
        return 0;
}

void http_transfer_clear(struct http_transfer *t)
{
        if (t->easy)
                t->curl->easy_cleanup(t->easy);
        for (struct curl_slist *h = t->headers; h; h = h->next)
                explicit_bzero(h->data, strlen(h->data));
        t->curl->slist_free_all(t->headers);
        buffer_free(&t->filled);
}

/* --- what became of it ------------------------------------------------------------------------ */

/* With a proxy the address is the proxy's, which says nothing about the host. */
static void find_local(const struct http_transfer *t)
{
        struct sockaddr_in6 six = {.sin6_family = AF_INET6};
        struct sockaddr_in four = {.sin_family = AF_INET};
        char *ip = NULL;
        long port = 0;

        t->response->local = fetch_local_is_host(t->request->url->host);
        (void)t->curl->easy_getinfo(t->easy, CURLINFO_PRIMARY_PORT, &port);
        if (fetch_local_is_proxy(t->request->url->scheme, (unsigned)port) ||
            t->curl->easy_getinfo(t->easy, CURLINFO_PRIMARY_IP, &ip) != CURLE_OK || !ip)
                return;
        if (inet_pton(AF_INET, ip, &four.sin_addr) == 1)
                t->response->local = fetch_local_is_address((const struct sockaddr *)&four);
        else if (inet_pton(AF_INET6, ip, &six.sin6_addr) == 1)
                t->response->local = fetch_local_is_address((const struct sockaddr *)&six);
}

static int explain_connection(const struct http_transfer *t, struct error *err)
{
        const struct oci_url *url = t->request->url;
        CLEANUP_FREE char *proxy = fetch_local_proxy_words(url->scheme);
        long code = 0;

        if (t->refused_local)
                return error_set(err, EPERM, "%s is an address of this machine or its link: refused", url->host);
        (void)t->curl->easy_getinfo(t->easy, CURLINFO_OS_ERRNO, &code);
        return error_errno(err, code > 0 ? (int)code : ECONNREFUSED, "cannot connect to %s port %u%s", url->host,
                           oci_url_port(url), proxy);
}

static int explain_proxy(const struct http_transfer *t, struct error *err)
{
        CLEANUP_FREE char *proxy = fetch_local_proxy_words(t->request->url->scheme);

        return error_set(err, EHOSTUNREACH, "%s cannot be reached%s: the host of the proxy is not known",
                         t->request->url->host, proxy);
}

/*
 * A peer that speaks TLS and refuses ours says so with an alert (RFC 8446, 6.2), for one that a certificate of the
 * client is missing, which with TLS 1.3 comes after the handshake. libcurl has no code for it, only OpenSSL's or
 * GnuTLS's words.
 */
static bool is_refused(const struct http_transfer *t)
{
        return strstr(t->words, " alert ") || strstr(t->words, "fatal alert");
}

static int explain_refusal(const struct http_transfer *t, struct error *err)
{
        return error_set(err, EACCES,
                         "%s refuses the TLS connection (%s): does it want a client's certificate? certs.d or "
                         "--cert-dir name one",
                         t->request->url->host, t->words);
}

/* libcurl has one code for a peer that speaks no TLS, and for a connection that ended while it was negotiated. */
static int explain_handshake(const struct http_transfer *t, struct error *err)
{
        long code = 0;

        (void)t->curl->easy_getinfo(t->easy, CURLINFO_OS_ERRNO, &code);
        if (code == ECONNRESET || code == EPIPE)
                return error_set(err, ECONNRESET, "%s closed the connection while TLS was negotiated",
                                 t->request->url->host);
        return error_set(err, EPROTONOSUPPORT,
                         "%s does not speak TLS as it should (if it speaks plain http, it must be named as insecure)",
                         t->request->url->host);
}

int http_transfer_explain(const struct http_transfer *t, struct error *err)
{
        const char *host = t->request->url->host;
        const char *words = t->curl->easy_strerror(t->code);

        find_local(t);
        if (t->cut || (t->code == CURLE_OK && t->head))
                return 0;
        if (t->cancelled)
                return error_set(err, ECANCELED, "given up");
        if (t->body_errno != 0)
                return error_errno(err, t->body_errno, "cannot read what is to be sent to %s", host);
        if (is_refused(t) && t->code != CURLE_PEER_FAILED_VERIFICATION)
                return explain_refusal(t, err);
        switch ((int)t->code) { /* of more than a hundred */
        case CURLE_OPERATION_TIMEDOUT:
                return error_set(err, ETIMEDOUT, "%s did not answer in time", host);
        case CURLE_COULDNT_CONNECT:
                return explain_connection(t, err);
        case CURLE_COULDNT_RESOLVE_HOST:
                return error_set(err, EHOSTUNREACH, "the host %s is not known", host);
        case CURLE_COULDNT_RESOLVE_PROXY:
                return explain_proxy(t, err);
        case CURLE_PEER_FAILED_VERIFICATION:
                return error_set(err, EACCES,
                                 "the certificate of %s is not trusted (%s): certs.d, --cert-dir or SSL_CERT_FILE can "
                                 "name its authority",
                                 host, words);
        case CURLE_SSL_CACERT_BADFILE:
        case CURLE_SSL_CERTPROBLEM:
                return error_set(err, EACCES, "%s: %s", host, words);
        case CURLE_SSL_CONNECT_ERROR:
                return explain_handshake(t, err);
        case CURLE_UNSUPPORTED_PROTOCOL: /* as libcurl calls what does not begin with HTTP/ */
        case CURLE_WEIRD_SERVER_REPLY:
                return error_set(err, ECONNRESET, "%s answers with something that is no HTTP", host);
        case CURLE_OK: /* without a head: an answer that was none */
        case CURLE_GOT_NOTHING:
        case CURLE_PARTIAL_FILE:
        case CURLE_SEND_ERROR:
        case CURLE_RECV_ERROR:
        case CURLE_HTTP2:
        case CURLE_HTTP2_STREAM:
                return error_set(err, ECONNRESET, "%s closed the connection early", host);
        default:
                return error_set(err, EIO, "%s: %s", host, words);
        }
}
