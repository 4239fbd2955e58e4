/* SPDX-License-Identifier: Apache-2.0 */
/* The near side of HTTP: starts the fetch child and talks to it. */
#include "oci/fetch.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "common/fd.h"
#include "common/memory.h"
#include "oci/child.h"
#include "oci/fetch_frame.h"
#include "oci/url.h"

#define DEFAULT_STALL 60u
#define DEFAULT_TOTAL (6u * 60 * 60)
#define DEFAULT_LIMIT (1ull << 34)

struct oci_fetch {
        struct oci_fetch_options options;
        struct oci_child child;
};

struct oci_fetch *oci_fetch_new(const struct oci_fetch_options *options)
{
        struct oci_fetch *f = memory_zalloc(1, sizeof(*f));

        f->options = *options;
        if (f->options.stall_seconds == 0)
                f->options.stall_seconds = DEFAULT_STALL;
        if (f->options.total_seconds == 0)
                f->options.total_seconds = DEFAULT_TOTAL;
        if (f->options.limit == 0)
                f->options.limit = DEFAULT_LIMIT;
        oci_child_init(&f->child, OCI_FETCH_VERB, "the fetch process", NULL);
        return f;
}

void oci_fetch_free(struct oci_fetch *f)
{
        if (!f)
                return;
        oci_child_clear(&f->child);
        free(f);
}

/* --- one request ------------------------------------------------------------------ */

static void make_request(const struct oci_fetch *f, const struct oci_fetch_request *request, const struct oci_url *url,
                         struct buffer *ret)
{
        CLEANUP_FREE char *bare = oci_url_format(url);
        CLEANUP_FREE char *basic = oci_url_basic(url);
        const char *authorization = request->authorization ? request->authorization : basic;
        uint64_t limit = request->limit && request->limit < f->options.limit ? request->limit : f->options.limit;

        oci_frame_begin(ret, FETCH_REQUEST);
        oci_frame_number(ret, FETCH_TAG_METHOD, request->method);
        oci_frame_text(ret, FETCH_TAG_URL, bare);
        for (size_t i = 0; request->headers && i < request->headers->count; i++)
                oci_frame_text(ret, FETCH_TAG_HEADER, request->headers->items[i]);
        if (authorization)
                oci_frame_text(ret, FETCH_TAG_AUTHORIZATION, authorization);
        oci_frame_number(ret, FETCH_TAG_LIMIT, limit);
        oci_frame_number(ret, FETCH_TAG_STALL, f->options.stall_seconds);
        oci_frame_number(ret, FETCH_TAG_TIME, f->options.total_seconds);
}

/* A line break in a header would be a header of its own (CWE-113). */
static int check_headers(const struct oci_fetch_request *request, struct error *err)
{
        if (request->authorization && strpbrk(request->authorization, "\r\n"))
                return error_set(err, EINVAL, "the credential for the host has a line break");
        for (size_t i = 0; request->headers && i < request->headers->count; i++)
                if (strpbrk(request->headers->items[i], "\r\n"))
                        return error_set(err, EINVAL, "a header has a line break");
        return 0;
}

static void take_field(const struct oci_frame_field *field, struct oci_fetch_response *ret)
{
        if (field->tag == FETCH_TAG_STATUS)
                ret->status = (unsigned)field->number;
        else if (field->tag == FETCH_TAG_URL && !ret->url)
                ret->url = memory_strndup(field->bytes, field->size);
        else if (field->tag == FETCH_TAG_DONE)
                ret->size = field->number;
        else if (field->tag == FETCH_TAG_DIGEST && field->size == sizeof(ret->digest.bytes))
                memcpy(ret->digest.bytes, field->bytes, sizeof(ret->digest.bytes));
        else if (field->tag == FETCH_TAG_HEADER)
                strv_take(&ret->headers, memory_strndup(field->bytes, field->size));
}

static bool tell_progress(const struct oci_fetch_request *request, const struct buffer *frame)
{
        struct oci_frame_field field;
        uint64_t done = 0, total = 0;
        size_t at = 0;

        while (oci_frame_next(frame, &at, &field)) {
                if (field.tag == FETCH_TAG_DONE)
                        done = field.number;
                else if (field.tag == FETCH_TAG_TOTAL)
                        total = field.number;
        }
        return !request->progress || request->progress(request->context, done, total);
}

/* One message of the child; *ret_done tells whether it was the answer. */
static int receive_answer(int socket, const struct oci_fetch_request *request, struct oci_fetch_response *ret,
                          bool *ret_done, struct error *err)
{
        CLEANUP_BUFFER struct buffer frame = BUFFER_INIT;
        unsigned type;
        struct oci_frame_field field;
        size_t at = 0;

        *ret_done = false;
        if (oci_frame_receive(socket, false, &frame, NULL, 0, err) < 0)
                return -1;
        if (frame.size == 0)
                return error_set(err, EIO, "the fetch process ended before it was done");
        if (oci_frame_check(&frame, FETCH_TAG_MAX, &type, err) < 0)
                return -1;
        switch ((enum fetch_frame_type)type) {
        case FETCH_PROGRESS:
                return tell_progress(request, &frame) ? 0 : error_set(err, ECANCELED, "given up");
        case FETCH_FAILED:
                return oci_frame_take_failure(&frame, FETCH_TAG_CODE, FETCH_TAG_MESSAGE, "the fetch process", err);
        case FETCH_DONE:
                while (oci_frame_next(&frame, &at, &field))
                        take_field(&field, ret);
                *ret_done = true;
                return 0;
        case FETCH_REQUEST:
                break;
        }
        return error_set(err, EPROTO, "the fetch process sent something that is no answer");
}

static int talk(struct oci_fetch *f, const struct oci_fetch_request *request, const struct buffer *frame,
                struct oci_fetch_response *ret, struct error *err)
{
        CLEANUP_FD int answers = -1;
        bool done = false;

        if (oci_child_ask(&f->child, frame, request->fd, &answers, err) < 0)
                return -1;
        while (!done)
                if (receive_answer(answers, request, ret, &done, err) < 0)
                        return -1;
        return 0;
}

int oci_fetch_do(struct oci_fetch *f, const struct oci_fetch_request *request, struct oci_fetch_response *ret,
                 struct error *err)
{
        CLEANUP_BUFFER struct buffer frame = BUFFER_INIT;
        CLEANUP_URL struct oci_url url = OCI_URL_INIT;
        CLEANUP_FREE char *shown = NULL;

        *ret = (struct oci_fetch_response)OCI_FETCH_RESPONSE_INIT;
        if (oci_url_parse(request->url, &url, err) < 0)
                return -1;
        shown = oci_url_format(&url);
        make_request(f, request, &url, &frame);
        if (check_headers(request, err) < 0 || talk(f, request, &frame, ret, err) < 0) {
                oci_fetch_response_free(ret);
                return error_wrap(err, "cannot fetch %s", shown);
        }
        if (!ret->url)
                ret->url = STEAL(shown);
        return 0;
}

void oci_fetch_response_free(struct oci_fetch_response *r)
{
        free(r->url);
        strv_free(&r->headers);
        *r = (struct oci_fetch_response)OCI_FETCH_RESPONSE_INIT;
}
