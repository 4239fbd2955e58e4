/* SPDX-License-Identifier: Apache-2.0 */
/* The thread that drives libcurl, and exchanges as calls that wait for it. */
#include "oci/http.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/eventfd.h>
#include <unistd.h>

#include "common/fd.h"
#include "common/memory.h"
#include "oci/http_transfer.h"

/* One poll; libcurl comes back earlier for its own timers. Also how long a stalled exchange may take to be given up. */
#define POLL_MS 500
/* The same while a body waits for more of its file: nobody tells when that grows, and looking takes microseconds. */
#define GROWING_MS 5
/* Idle connections that are kept; a client of registries talks to few hosts at once. */
#define KEPT_CONNECTIONS 32L

struct http {
        const struct fetch_curl *curl;
        CURLM *multi;
        int bell; /* eventfd: something below changed */
        pthread_t thread;
        pthread_mutex_t lock;             /* guards what follows, and what is marked L in the transfers */
        struct http_transfer **transfers; /* the first `running` are with libcurl */
        size_t count, running, cap;
        bool end;
};

/* --- the loop ------------------------------------------------------------------------------ */

static void ring(const struct http *h)
{
        const uint64_t one = 1;

        (void)!write(h->bell, &one, sizeof(one)); /* a full counter rings as well */
}

/* `lock` is held. */
static void finish_at(struct http *h, size_t i, CURLcode code)
{
        struct http_transfer *t = h->transfers[i];

        (void)h->curl->multi_remove_handle(h->multi, t->easy);
        h->transfers[i] = h->transfers[--h->running];
        h->transfers[h->running] = h->transfers[--h->count];
        t->code = code;
        t->done = true;
        pthread_cond_signal(&t->changed);
}

/* A transfer that is to go on, taken out of its flag; NULL when there is none. libcurl calls back in easy_pause: no
 * lock. */
static struct http_transfer *find_resumed(struct http *h)
{
        struct http_transfer *found = NULL;

        pthread_mutex_lock(&h->lock);
        for (size_t i = 0; i < h->running && !found; i++)
                if (h->transfers[i]->resume)
                        found = h->transfers[i];
        if (found)
                found->resume = false;
        pthread_mutex_unlock(&h->lock);
        return found;
}

/* What the callers asked for since the last time. False: the end. */
static bool take_orders(struct http *h)
{
        struct http_transfer *t;
        uint64_t rung;
        bool end;

        (void)!read(h->bell, &rung, sizeof(rung)); /* not blocking */
        pthread_mutex_lock(&h->lock);
        for (; h->running < h->count; h->running++)
                (void)h->curl->multi_add_handle(h->multi, h->transfers[h->running]->easy);
        for (size_t i = h->running; i-- > 0;)
                if (h->transfers[i]->abandoned)
                        finish_at(h, i, CURLE_ABORTED_BY_CALLBACK);
        end = h->end;
        pthread_mutex_unlock(&h->lock);
        while ((t = find_resumed(h)))
                (void)h->curl->easy_pause(t->easy, CURLPAUSE_CONT);
        return !end;
}

static void finish(struct http *h, CURL *easy, CURLcode code)
{
        pthread_mutex_lock(&h->lock);
        for (size_t i = 0; i < h->running; i++) {
                if (h->transfers[i]->easy != easy)
                        continue;
                finish_at(h, i, code);
                break;
        }
        pthread_mutex_unlock(&h->lock);
}

/* How long to wait for the network. */
static int find_patience(struct http *h)
{
        int ms = POLL_MS;

        pthread_mutex_lock(&h->lock);
        for (size_t i = 0; i < h->running; i++)
                if (h->transfers[i]->starved)
                        ms = GROWING_MS;
        pthread_mutex_unlock(&h->lock);
        return ms;
}

/* Bodies that waited for more look again. */
static void feed_starved(struct http *h)
{
        pthread_mutex_lock(&h->lock);
        for (size_t i = 0; i < h->running; i++) {
                struct http_transfer *t = h->transfers[i];

                t->resume = t->resume || t->starved;
                t->starved = false;
        }
        pthread_mutex_unlock(&h->lock);
}

static void *loop(void *context)
{
        struct http *h = context;
        struct curl_waitfd bell = {.fd = h->bell, .events = CURL_WAIT_POLLIN};
        const CURLMsg *message;
        int running, left;

        while (take_orders(h)) {
                (void)h->curl->multi_perform(h->multi, &running);
                while ((message = h->curl->multi_info_read(h->multi, &left)))
                        if (message->msg == CURLMSG_DONE)
                                finish(h, message->easy_handle, message->data.result);
                (void)h->curl->multi_poll(h->multi, &bell, 1, find_patience(h), NULL);
                feed_starved(h);
        }
        return NULL;
}

int http_new(const struct fetch_curl *curl, struct http **ret, struct error *err)
{
        struct http *h = memory_zalloc(1, sizeof(*h));
        int rc;

        h->curl = curl;
        pthread_mutex_init(&h->lock, NULL);
        h->bell = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
        h->multi = curl->multi_init();
        rc = h->bell < 0 ? errno : !h->multi ? ENOMEM : 0;
        if (rc == 0)
                (void)curl->multi_setopt(h->multi, CURLMOPT_MAXCONNECTS, KEPT_CONNECTIONS);
        if (rc == 0)
                rc = pthread_create(&h->thread, NULL, loop, h);
        if (rc == 0) {
                *ret = h;
                return 0;
        }
        if (h->multi)
                (void)curl->multi_cleanup(h->multi);
        (void)fd_close(h->bell);
        pthread_mutex_destroy(&h->lock);
        free(h);
        return error_errno(err, rc, "cannot start the thread of the network");
}

void http_free(struct http *h)
{
        if (!h)
                return;
        pthread_mutex_lock(&h->lock);
        h->end = true;
        pthread_mutex_unlock(&h->lock);
        ring(h);
        (void)pthread_join(h->thread, NULL);
        (void)h->curl->multi_cleanup(h->multi);
        (void)fd_close(h->bell);
        pthread_mutex_destroy(&h->lock);
        free(h->transfers);
        free(h);
}

/* --- the caller ----------------------------------------------------------------------------- */

static int take_piece(const struct http_request *r, struct http_response *response, const struct buffer *piece,
                      struct error *err)
{
        if (r->sink)
                return r->sink->piece(r->sink->context, piece->data, piece->size, err);
        if (piece->size > r->limit - response->body.size)
                return error_set(err, EFBIG, "the answer of %s is larger than the limit of %zu bytes", r->url->host,
                                 r->limit);
        buffer_append(&response->body, piece->data, piece->size);
        return 0;
}

static int tell_head(const struct http_request *r, const struct http_response *response, struct error *err)
{
        if (response->status < 200 || response->status > 299 || !r->sink || !r->sink->head)
                return 0;
        return r->sink->head(r->sink->context, response->status, &response->headers, err);
}

/* What happened since the last time; copied under the lock, acted on without it. */
struct news {
        struct buffer piece;
        bool head, done;
        uint64_t sent;
};

/* Waits for something that `told` does not say yet. */
static void wait_for_news(struct http *h, struct http_transfer *t, struct news *told)
{
        bool resume;

        buffer_clear(&told->piece);
        pthread_mutex_lock(&h->lock);
        while (!t->done && t->filled.size == 0 && t->head == told->head && t->sent == told->sent)
                pthread_cond_wait(&t->changed, &h->lock);
        if (t->filled.size > 0) { /* the two buffers change places: neither thread allocates again */
                struct buffer empty = told->piece;

                told->piece = t->filled;
                t->filled = empty;
        }
        told->head = t->head;
        told->done = t->done;
        told->sent = t->sent;
        resume = t->paused;
        t->resume = t->resume || resume;
        t->paused = false;
        pthread_mutex_unlock(&h->lock);
        if (resume)
                ring(h);
}

static void abandon(struct http *h, struct http_transfer *t)
{
        pthread_mutex_lock(&h->lock);
        t->abandoned = true;
        ring(h);
        while (!t->done)
                pthread_cond_wait(&t->changed, &h->lock);
        pthread_mutex_unlock(&h->lock);
}

static int attend(struct http *h, struct http_transfer *t, struct error *err)
{
        struct news told = {.head = false};
        bool head = false;
        uint64_t sent = 0;
        int result = 0;

        do {
                wait_for_news(h, t, &told);
                if (told.head && !head)
                        result = tell_head(t->request, t->response, err);
                head = told.head;
                if (told.sent != sent && t->request->sent)
                        t->request->sent(t->request->sent_context, told.sent);
                sent = told.sent;
                if (result == 0 && told.piece.size > 0)
                        result = take_piece(t->request, t->response, &told.piece, err);
        } while (result == 0 && (!told.done || told.piece.size > 0));
        if (result < 0)
                abandon(h, t);
        buffer_free(&told.piece);
        return result;
}

static void submit(struct http *h, struct http_transfer *t)
{
        pthread_mutex_lock(&h->lock);
        memory_grow(&h->transfers, &h->cap, h->count + 1, sizeof(struct http_transfer *));
        h->transfers[h->count++] = t;
        pthread_mutex_unlock(&h->lock);
        ring(h);
}

int http_do(struct http *h, const struct http_request *request, struct http_response *ret, struct error *err)
{
        struct http_transfer t = {.curl = h->curl, .lock = &h->lock, .request = request, .response = ret};
        int result;

        pthread_cond_init(&t.changed, NULL);
        result = http_transfer_prepare(&t, err);
        if (result == 0) {
                submit(h, &t);
                result = attend(h, &t, err);
                if (result == 0)
                        result = http_transfer_explain(&t, err);
        }
        http_transfer_clear(&t);
        pthread_cond_destroy(&t.changed);
        return result;
}

void http_response_clear(struct http_response *r)
{
        strv_free(&r->headers);
        strv_free(&r->challenges);
        buffer_free(&r->body);
        *r = (struct http_response)HTTP_RESPONSE_INIT;
}
