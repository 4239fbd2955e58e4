/* SPDX-License-Identifier: Apache-2.0 */
/* Keeping what a build says while it says it. */
#include "cmd/build_log.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/random.h>

#include "cmd/event_json.h"
#include "common/fd.h"
#include "common/memory.h"
#include "oci/json_writer.h"
#include "oci/time.h"

#define MAX_BUILDS ((size_t)100)
#define MAX_ALL    ((uint64_t)256 << 20)
#define MAX_ONE    ((uint64_t)64 << 20)

struct recorder {
        struct oci_store *store; /* borrowed; not used any more after FINISH */
        char id[CMD_BUILD_ID + 1];
        char *name;
        struct cmd_event_writer *writer;
        struct buffer pending; /* lines from before the first step that counts */
        int fd;                /* -1 until then */
        uint64_t size;
        bool *first; /* by number of the step - 1: it is the first of its stage */
        size_t count, cap;
        bool clipped, broken, finished;
};

int cmd_build_id_make(char ret[CMD_BUILD_ID + 1], struct error *err)
{
        static const char letters[] = "abcdefghijklmnopqrstuvwxyz012345"; /* 32: every value of 5 bits */
        unsigned char random[CMD_BUILD_ID];

        if (getrandom(random, sizeof(random), 0) != (ssize_t)sizeof(random))
                return error_errno(err, errno, "cannot get random bytes");
        for (size_t i = 0; i < sizeof(random); i++)
                ret[i] = letters[random[i] % 32];
        ret[CMD_BUILD_ID] = '\0';
        return 0;
}

/* --- the bounds ------------------------------------------------------------------ */

struct kept {
        char *name; /* owned */
        int64_t mtime;
        uint64_t disk;
};

struct kept_list {
        struct kept *items;
        size_t count, cap;
};

static int collect(void *context, const struct oci_store_object *o, struct error *err)
{
        struct kept_list *list = context;

        (void)err;
        memory_grow(&list->items, &list->cap, list->count + 1, sizeof(*list->items));
        list->items[list->count++] = (struct kept){memory_strdup(o->name), o->mtime, o->disk};
        return 0;
}

static int newest_first(const void *a, const void *b)
{
        const struct kept *one = a, *other = b;

        return one->mtime < other->mtime ? 1 : one->mtime > other->mtime ? -1 : strcmp(one->name, other->name);
}

static bool is_growing(struct oci_store *store, const char *name)
{
        CLEANUP_ERROR struct error err = ERROR_INIT;
        CLEANUP_FD int fd = -1;

        return oci_store_open_object(store, OCI_STORE_BUILDS, name, &fd, NULL, &err) == 0 &&
               oci_store_log_is_growing(fd);
}

/* Makes room for one more: the oldest go, but for those that are still written. */
static int make_room(struct oci_store *store, struct error *err)
{
        struct kept_list list = {NULL, 0, 0};
        uint64_t sum = 0;
        int result = oci_store_each(store, OCI_STORE_BUILDS, collect, &list, err);

        if (list.count > 1)
                qsort(list.items, list.count, sizeof(*list.items), newest_first);
        for (size_t i = 0; i < list.count; i++) {
                sum += list.items[i].disk;
                if (result == 0 && (i + 1 >= MAX_BUILDS || sum > MAX_ALL) && !is_growing(store, list.items[i].name))
                        result = oci_store_remove(store, OCI_STORE_BUILDS, list.items[i].name, err);
                free(list.items[i].name);
        }
        free(list.items);
        return result;
}

/* --- writing ------------------------------------------------------------------------ */

static void append_time(struct oci_json_writer *w, const char *key, int64_t time)
{
        CLEANUP_BUFFER struct buffer text = BUFFER_INIT;

        oci_time_format((struct timespec){.tv_sec = time / 1000000000, .tv_nsec = time % 1000000000}, &text);
        oci_json_add_string(w, key, text.data);
}

static void format_first(const struct recorder *r, int64_t time, struct buffer *ret)
{
        struct oci_json_writer w = OCI_JSON_WRITER(ret);

        oci_json_begin_object(&w, NULL);
        oci_json_begin_object(&w, "build");
        oci_json_add_string(&w, "id", r->id);
        oci_json_add_string(&w, "name", r->name);
        append_time(&w, "started", time);
        oci_json_end_object(&w);
        oci_json_end_object(&w);
        buffer_append_char(ret, '\n');
}

static void format_last(const struct recorder *r, const struct cmd_event *e, struct buffer *ret)
{
        struct oci_json_writer w = OCI_JSON_WRITER(ret);

        oci_json_begin_object(&w, NULL);
        oci_json_begin_object(&w, "build");
        oci_json_add_string(&w, "id", r->id);
        append_time(&w, "completed", e->time);
        oci_json_add_string(&w, "status",
                            e->outcome == BUILDER_DONE        ? "completed"
                            : e->outcome == BUILDER_CANCELLED ? "canceled"
                                                              : "error");
        oci_json_add_string_if(&w, "error", e->message);
        oci_json_end_object(&w);
        oci_json_end_object(&w);
        buffer_append_char(ret, '\n');
}

/* A log that cannot be written must not fail a build; the disk that is full will tell of itself. */
static void write_out(struct recorder *r, struct buffer *lines)
{
        if (!r->broken && lines->size > 0 && fd_write_all(r->fd, lines->data, lines->size) < 0) {
                int code = errno;

                r->broken = true; /* before the warning, which comes back as an event */
                log_print(oci_store_log(r->store), LOG_WARNING,
                          "the log of this build ends here: cannot write %s/%s/%s: %s", oci_store_path(r->store),
                          oci_store_area_name(OCI_STORE_BUILDS), r->id, strerror(code));
        }
        r->size += lines->size;
        buffer_clear(lines);
}

static void open_file(struct recorder *r)
{
        CLEANUP_ERROR struct error err = ERROR_INIT;

        if (make_room(r->store, &err) == 0 && oci_store_log_create(r->store, r->id, &r->fd, &err) == 0)
                return;
        r->broken = true;
        log_print(oci_store_log(r->store), LOG_WARNING, "the log of this build is not kept: %s", err.message);
}

/* --- events --------------------------------------------------------------------------- */

static void note_begin(struct recorder *r, const struct cmd_event *e)
{
        memory_grow(&r->first, &r->cap, e->step, sizeof(*r->first));
        while (r->count < e->step)
                r->first[r->count++] = true;
        r->first[e->step - 1] = !e->view->stage || e->view->index == 1;
}

/* Whether a build that had nothing to say until now has: a command speaks, a step was executed, or something failed. */
static bool is_worth(const struct recorder *r, const struct cmd_event *e)
{
        switch (e->kind) {
        case CMD_EVENT_OUTPUT:
                return true;
        case CMD_EVENT_END:
                return e->outcome == BUILDER_FAILED || (e->outcome == BUILDER_DONE && !r->first[e->step - 1]);
        case CMD_EVENT_FINISH:
                return e->outcome == BUILDER_FAILED && r->count > 0;
        case CMD_EVENT_BEGIN:
        case CMD_EVENT_TRANSFER:
        case CMD_EVENT_NOTE:
        case CMD_EVENT_LOG:
        case CMD_EVENT_RESULT:
                break;
        }
        return false;
}

/* What a command says beyond the bound of one log is left out; what became of its step is not. */
static bool is_clipped(struct recorder *r, const struct cmd_event *e)
{
        const struct cmd_event note = {
                .kind = CMD_EVENT_LOG,
                .time = e->time,
                .level = LOG_WARNING,
                .message = "the log is as large as one may be: what commands said from here on was not kept",
        };

        if (e->kind != CMD_EVENT_OUTPUT || r->size + e->size * 4 / 3 < MAX_ONE)
                return false;
        if (!r->clipped)
                cmd_event_writer_format(r->writer, &note, &r->pending);
        r->clipped = true;
        return true;
}

static void tell(void *context, const struct cmd_event *e)
{
        struct recorder *r = context;

        if (r->finished || r->broken)
                return;
        if (r->fd < 0 && r->pending.size == 0)
                format_first(r, e->time, &r->pending);
        if (e->kind == CMD_EVENT_BEGIN)
                note_begin(r, e);
        if (!is_clipped(r, e))
                cmd_event_writer_format(r->writer, e, &r->pending);
        if (e->kind == CMD_EVENT_FINISH)
                format_last(r, e, &r->pending);
        if (r->fd < 0 && is_worth(r, e))
                open_file(r);
        if (r->fd >= 0)
                write_out(r, &r->pending);
        r->finished = e->kind == CMD_EVENT_FINISH;
}

static void recorder_free(void *context)
{
        struct recorder *r = context;

        (void)fd_close(r->fd);
        cmd_event_writer_free(r->writer);
        buffer_free(&r->pending);
        free(r->first);
        free(r->name);
        free(r);
}

struct cmd_progress_sink cmd_build_log_new(struct oci_store *store, const char *id, const char *name)
{
        struct recorder *r = memory_zalloc(1, sizeof(*r));

        r->store = store;
        memcpy(r->id, id, sizeof(r->id) - 1);
        r->name = memory_strdup(name);
        r->writer = cmd_event_writer_new();
        r->fd = -1;
        return (struct cmd_progress_sink){tell, NULL, recorder_free, r};
}
