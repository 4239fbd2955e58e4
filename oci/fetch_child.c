/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The fetch child: the one process that opens network connections and knows TLS and credentials. It has no part
 * in building: it opens no file of the store, it only writes into descriptors that it is handed. Its parent's death
 * is the end-of-file on its control socket.
 */
#include "oci/fetch_child.h"

#include <errno.h>
#include <poll.h>
#include <signal.h>

#include "common/fd.h"
#include "common/memory.h"
#include "oci/child.h"
#include "oci/fetch_curl.h"
#include "oci/fetch_frame.h"
#include "oci/fetch_transfer.h"

/* One poll; libcurl comes back earlier for its own timers. */
#define POLL_MS 1000
/* At a time; more wait in the socket. */
#define MAX_TRANSFERS 64

struct child {
        struct fetch_curl curl;
        struct error unusable; /* why there is no libcurl; each request is answered with it */
        CURLM *multi;
        struct fetch_transfer *transfers[MAX_TRANSFERS];
        size_t count;
};

static void answer_unusable(const struct child *c, int answer)
{
        CLEANUP_BUFFER struct buffer frame = BUFFER_INIT;
        CLEANUP_ERROR struct error err = ERROR_INIT;

        oci_frame_begin(&frame, FETCH_FAILED);
        oci_frame_failure(&frame, FETCH_TAG_CODE, FETCH_TAG_MESSAGE, &c->unusable);
        (void)oci_frame_send(answer, &frame, NULL, 0, &err); /* whoever asked may be gone */
}

static void begin(struct child *c, const struct buffer *request, int *fds)
{
        struct fetch_transfer *t = NULL;

        if (error_is_set(&c->unusable)) {
                answer_unusable(c, fds[0]);
                fds[0] = fd_close(fds[0]);
                fds[1] = fd_close(fds[1]);
                return;
        }
        fetch_transfer_begin(&c->curl, request, fds[0], fds[1], &t);
        if (!t)
                return;
        c->transfers[c->count++] = t;
        (void)c->curl.multi_add_handle(c->multi, fetch_transfer_handle(t));
}

/* *ret_end: the parent closed its end. */
static int take_requests(struct child *c, bool *ret_end, struct error *err)
{
        while (c->count < MAX_TRANSFERS) {
                CLEANUP_BUFFER struct buffer frame = BUFFER_INIT;
                CLEANUP_ERROR struct error receive_err = ERROR_INIT;
                int fds[2];

                if (oci_frame_receive(OCI_CHILD_SOCKET, true, &frame, fds, ARRAY_SIZE(fds), &receive_err) < 0)
                        return receive_err.code == EAGAIN ? 0 : error_move(err, &receive_err);
                if (frame.size == 0) {
                        *ret_end = true;
                        return 0;
                }
                if (fds[0] >= 0 && fds[1] >= 0)
                        begin(c, &frame, fds);
        }
        return 0;
}

static void drop(struct child *c, size_t i)
{
        (void)c->curl.multi_remove_handle(c->multi, fetch_transfer_handle(c->transfers[i]));
        fetch_transfer_free(c->transfers[i]);
        c->transfers[i] = c->transfers[--c->count];
}

static void finish(struct child *c, CURL *easy, CURLcode code)
{
        for (size_t i = 0; i < c->count; i++) {
                if (fetch_transfer_handle(c->transfers[i]) != easy)
                        continue;
                (void)c->curl.multi_remove_handle(c->multi, easy);
                if (fetch_transfer_finish(c->transfers[i], code))
                        (void)c->curl.multi_add_handle(c->multi, easy);
                else
                        drop(c, i);
                return;
        }
}

static int perform(struct child *c, struct error *err)
{
        CURLMcode code;
        const CURLMsg *message;
        int running, left;

        code = c->curl.multi_perform(c->multi, &running);
        if (code != CURLM_OK)
                return error_set(err, EIO, "libcurl: %s", c->curl.multi_strerror(code));
        while ((message = c->curl.multi_info_read(c->multi, &left)))
                if (message->msg == CURLMSG_DONE)
                        finish(c, message->easy_handle, message->data.result);
        return 0;
}

/* Whoever asked for a transfer and closed its socket does not want it any more. */
static void drop_cancelled(struct child *c, const struct curl_waitfd *fds)
{
        for (size_t i = c->count; i-- > 0;)
                if (fds[i + 1].revents != 0)
                        drop(c, i);
}

static int wait_for_something(struct child *c, struct error *err)
{
        struct curl_waitfd fds[MAX_TRANSFERS + 1] = {{.fd = OCI_CHILD_SOCKET, .events = CURL_WAIT_POLLIN}};
        CURLMcode code;
        int ready;

        if (c->count == MAX_TRANSFERS)
                fds[0].events = 0;
        for (size_t i = 0; i < c->count; i++)
                fds[i + 1] =
                        (struct curl_waitfd){.fd = fetch_transfer_socket(c->transfers[i]), .events = CURL_WAIT_POLLIN};
        code = c->curl.multi_poll(c->multi, fds, (unsigned)c->count + 1, POLL_MS, &ready);
        if (code != CURLM_OK)
                return error_set(err, EIO, "libcurl: %s", c->curl.multi_strerror(code));
        drop_cancelled(c, fds);
        return 0;
}

/* Without libcurl there is nothing to wait for but requests. */
static int wait_without_curl(struct error *err)
{
        struct pollfd fd = {.fd = OCI_CHILD_SOCKET, .events = POLLIN};

        if (poll(&fd, 1, -1) < 0 && errno != EINTR)
                return error_errno(err, errno, "the fetch process cannot wait for requests");
        return 0;
}

static int serve(struct child *c, struct error *err)
{
        bool end = false;

        while (!end) {
                if ((c->multi ? wait_for_something(c, err) : wait_without_curl(err)) < 0 ||
                    take_requests(c, &end, err) < 0)
                        return -1;
                if (c->multi && !end && perform(c, err) < 0)
                        return -1;
        }
        return 0;
}

int oci_fetch_child_main(struct error *err)
{
        struct child c = {.count = 0};
        int result;

        if (oci_child_check_socket(err) < 0)
                return -1;
        (void)signal(SIGPIPE, SIG_IGN);
        oci_child_adopt_proxy();
        if (fetch_curl_load(&c.curl, &c.unusable) == 0)
                c.multi = c.curl.multi_init();
        result = serve(&c, err);
        while (c.count > 0)
                drop(&c, c.count - 1);
        if (c.multi)
                (void)c.curl.multi_cleanup(c.multi);
        error_clear(&c.unusable);
        return result;
}
