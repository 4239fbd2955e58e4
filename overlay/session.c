/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A FUSE connection as one thread sees it: a descriptor and the libfuse session on it.
 *
 * libfuse parses requests and composes replies; reading and writing the device
 * stays here (fuse_session_custom_io), because the loop decides which thread
 * reads when, and because replies must be amended or checked. Every thread gets
 * a libfuse session of its own; the later ones learn what was negotiated by being fed the
 * same INIT message again, their reply thrown away. So threads share no lock and
 * no list of requests, and a reply finds its request without thread-local state.
 */
#define FUSE_USE_VERSION 314
#include "overlay/session.h"

#include <errno.h>
#include <fcntl.h>
#include <fuse_lowlevel.h>
#include <poll.h>
#include <pthread.h>
#include <stdio.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/uio.h>
#include <unistd.h>

#include <linux/fuse.h>

#include "common/fd.h"
#include "common/memory.h"
#include "overlay/handlers.h"
#include "overlay/session_init.h"
#include "overlay/session_request.h"
#include "overlay/session_seek.h"

/* Header and argument of a request beside its payload, as libfuse reserves it (FUSE_BUFFER_HEADER_SIZE). */
#define REQUEST_SIZE (OVERLAY_SESSION_MAX_WRITE + 4096)

/* The mount call returns with INIT queued; a descriptor that has none after this long was never mounted or is served
 * already. */
#define INIT_TIMEOUT_MS 5000

enum phase {
        PHASE_INIT,   /* the reply to INIT passes through amend */
        PHASE_REPLAY, /* the reply to INIT was sent by another session */
        PHASE_SERVE
};

struct overlay_session {
        struct overlay_tree *tree; /* borrowed */
        struct fuse_session *fuse; /* owned; owns `fd` */
        int fd;
        bool is_clone;
        struct overlay_session_seek *seek; /* owned by the session that answered INIT, borrowed by its duplicates */
        bool owns_seek;
        enum phase phase;
        int reply_error; /* errno with which the kernel refused a reply, or libfuse refused INIT; 0 when none */
        uint64_t offered;
        uint64_t taken;
        char *init; /* owned: the INIT message, for overlay_session_dup */
        size_t init_size;
        char *request; /* owned: REQUEST_SIZE bytes, the request being served */
        size_t request_size;
        char *scratch;                            /* owned: OVERLAY_SESSION_MAX_WRITE bytes */
        struct overlay_session_counters counters; /* written by the serving thread only, with relaxed stores */
};

static const struct fuse_in_header *header_of(const struct overlay_session *session)
{
        return (const struct fuse_in_header *)(const void *)session->request;
}

/* The one writer makes this cheaper than an atomic addition; readers see a whole number. */
static void count(uint64_t *counter, uint64_t n)
{
        __atomic_store_n(counter, __atomic_load_n(counter, __ATOMIC_RELAXED) + n, __ATOMIC_RELAXED);
}

/* --- replies ----------------------------------------------------------------- */

/*
 * Writes a reply. ENOENT says that the request was aborted meanwhile (its
 * client was killed), ENODEV that the mount is gone: both are nobody's
 * fault. After any other error the client still waits: it gets EIO.
 */
static void send_reply(struct overlay_session *session, const struct iovec *iov, int iov_count)
{
        struct fuse_out_header out;

        if (writev(session->fd, iov, iov_count) >= 0 || errno == ENOENT || errno == ENODEV || errno == ECONNABORTED)
                return;
        if (session->reply_error == 0)
                session->reply_error = errno;
        memcpy(&out, iov[0].iov_base, sizeof out);
        out.len = sizeof out;
        out.error = -EIO;
        if (write(session->fd, &out, sizeof out) < 0)
                return; /* latched above; the server ends with it */
}

static void reply_raw(struct overlay_session *session, int error, const void *body, size_t size)
{
        struct fuse_out_header out = {
                .len = (uint32_t)(sizeof out + size), .error = error, .unique = header_of(session)->unique};
        struct iovec iov[2] = {
                {.iov_base = &out, .iov_len = sizeof out},
                {.iov_base = (void *)(uintptr_t)body, .iov_len = size},
        };

        send_reply(session, iov, size > 0 ? 2 : 1);
}

/* INIT: [header, fuse_init_out], of which this server changes the flags and limits. */
static void send_init_reply(struct overlay_session *session, const struct iovec *iov, int iov_count)
{
        struct fuse_out_header out;
        struct fuse_init_out init;

        memcpy(&out, iov[0].iov_base, sizeof out);
        if (out.error != 0 || iov_count != 2 || iov[1].iov_len != sizeof init) {
                session->reply_error = out.error != 0 ? -out.error : EPROTO;
                send_reply(session, iov, iov_count);
                return;
        }
        memcpy(&init, iov[1].iov_base, sizeof init);
        overlay_session_init_amend(&init, session->taken);
        reply_raw(session, 0, &init, sizeof init);
}

/* libfuse's way out. It prints what fails here, so nothing does: errors are latched. */
static ssize_t on_writev(int fd, struct iovec *iov, int iov_count, void *userdata)
{
        struct overlay_session *session = userdata;
        size_t size = 0;
        int i;

        (void)fd;
        for (i = 0; i < iov_count; i++)
                size += iov[i].iov_len;
        switch (session->phase) {
        case PHASE_INIT:
                send_init_reply(session, iov, iov_count);
                break;
        case PHASE_REPLAY:
                break;
        case PHASE_SERVE:
                if (header_of(session)->opcode == FUSE_READ)
                        count(&session->counters.read_bytes, size - iov[0].iov_len);
                send_reply(session, iov, iov_count);
                break;
        }
        return (ssize_t)size;
}

/* Never called, since libfuse is only handed requests that were read here; it insists on having one. */
static ssize_t on_read(int fd, void *bytes, size_t size, void *userdata)
{
        (void)userdata;
        return read(fd, bytes, size);
}

/* --- opening ------------------------------------------------------------------- */

static int session_new(struct overlay_tree *tree, int fd_taken, struct overlay_session **ret, struct error *err)
{
        static const struct fuse_custom_io io = {.writev = on_writev, .read = on_read};
        char name[] = "bryo";
        char *argv[] = {name, NULL};
        struct fuse_args args = FUSE_ARGS_INIT(1, argv);
        struct overlay_session *session = memory_zalloc(1, sizeof *session);
        CLEANUP_FD int fd = fd_taken;
        int r;

        session->tree = tree;
        session->fd = -1;
        session->fuse = fuse_session_new(&args, &overlay_handlers, sizeof overlay_handlers, session);
        fuse_opt_free_args(&args);
        if (session->fuse == NULL) {
                overlay_session_close(session);
                return error_set(err, EIO, "cannot serve the FUSE mount: libfuse makes no session");
        }
        r = fuse_session_custom_io(session->fuse, &io, fd);
        if (r < 0) {
                overlay_session_close(session);
                return error_errno(err, -r, "cannot serve the FUSE mount: libfuse refuses the descriptor");
        }
        session->fd = fd_steal(&fd);
        session->request = memory_alloc(REQUEST_SIZE);
        session->scratch = memory_alloc(OVERLAY_SESSION_MAX_WRITE);
        *ret = session;
        return 0;
}

/* Lets libfuse see the INIT message in `session->init`. */
static int negotiate(struct overlay_session *session, enum phase phase, struct error *err)
{
        struct fuse_buf buf = {.size = session->init_size, .mem = session->request};

        memcpy(session->request, session->init, session->init_size);
        session->request_size = session->init_size;
        session->phase = phase;
        fuse_session_process_buf(session->fuse, &buf);
        session->phase = PHASE_SERVE;
        if (session->reply_error != 0)
                return error_errno(err, session->reply_error, "cannot serve the FUSE mount: INIT failed");
        return 0;
}

static int read_init(struct overlay_session *session, struct error *err)
{
        struct pollfd poll_fd = {.fd = session->fd, .events = POLLIN};
        ssize_t size;
        int r;

        do
                r = poll(&poll_fd, 1, INIT_TIMEOUT_MS);
        while (r < 0 && errno == EINTR);
        if (r < 0)
                return error_errno(err, errno, "cannot serve the FUSE mount: poll");
        if (r == 0)
                return error_set(
                        err, ETIMEDOUT,
                        "cannot serve the FUSE mount: no INIT came (is it mounted, and not served by somebody else?)");
        size = read(session->fd, session->request, REQUEST_SIZE);
        if (size < 0)
                return error_errno(err, errno, "cannot serve the FUSE mount: reading INIT%s",
                                   errno == EPERM ? " (the descriptor is not mounted)" : "");
        if (overlay_session_init_parse(session->request, (size_t)size, &session->offered, &session->taken, err) < 0)
                return -1;
        session->init = memory_dup(session->request, (size_t)size);
        session->init_size = (size_t)size;
        return 0;
}

int overlay_session_open(struct overlay_tree *tree, int fd, struct overlay_session **ret, struct error *err)
{
        struct overlay_session *session = NULL;
        int flags = fcntl(fd, F_GETFL);

        if (session_new(tree, fd, &session, err) < 0)
                return -1;
        /* serving threads sleep in read(2) */
        if (flags >= 0 && flags & O_NONBLOCK && fcntl(fd, F_SETFL, flags & ~O_NONBLOCK) < 0) {
                overlay_session_close(session);
                return error_errno(err, errno, "cannot serve the FUSE mount: F_SETFL");
        }
        if (read_init(session, err) < 0 || negotiate(session, PHASE_INIT, err) < 0) {
                overlay_session_close(session);
                return -1;
        }
        session->seek = overlay_session_seek_new(tree, session->fd);
        session->owns_seek = true;
        *ret = session;
        return 0;
}

/* A session on `fd`, which is taken, that knows what INIT said. */
static int session_follow(const struct overlay_session *first, int fd, struct overlay_session **ret, struct error *err)
{
        struct overlay_session *session = NULL;

        if (session_new(first->tree, fd, &session, err) < 0)
                return -1;
        session->seek = first->seek;
        session->offered = first->offered;
        session->taken = first->taken;
        session->init = memory_dup(first->init, first->init_size);
        session->init_size = first->init_size;
        if (negotiate(session, PHASE_REPLAY, err) < 0) {
                overlay_session_close(session);
                return -1;
        }
        *ret = session;
        return 0;
}

int overlay_session_dup(const struct overlay_session *first, struct overlay_session **ret, struct error *err)
{
        int fd = fcntl(first->fd, F_DUPFD_CLOEXEC, 3);

        if (fd < 0)
                return error_errno(err, errno, "cannot duplicate the FUSE descriptor");
        return session_follow(first, fd, ret, err);
}

int overlay_session_clone(const struct overlay_session *first, struct overlay_session **ret, struct error *err)
{
        uint32_t source = (uint32_t)first->fd;
        CLEANUP_FD int fd = -1;
        char path[32];

        /* the device that was opened, whatever its name was where that happened */
        snprintf(path, sizeof path, "/proc/self/fd/%d", first->fd);
        fd = open(path, O_RDWR | O_NONBLOCK | O_CLOEXEC);
        if (fd < 0)
                return error_errno(err, errno, "cannot open the FUSE device again");
        if (ioctl(fd, FUSE_DEV_IOC_CLONE, &source) < 0)
                return error_errno(err, errno, "cannot clone the FUSE descriptor");
        if (session_follow(first, fd_steal(&fd), ret, err) < 0)
                return -1;
        (*ret)->is_clone = true;
        return 0;
}

void overlay_session_close(struct overlay_session *session)
{
        if (session == NULL)
                return;
        if (session->owns_seek)
                overlay_session_seek_free(session->seek);
        if (session->fuse != NULL)
                fuse_session_destroy(session->fuse); /* closes the descriptor */
        free(session->init);
        free(session->request);
        free(session->scratch);
        free(session);
}

/* --- serving --------------------------------------------------------------------- */

/* A cancelled thread leaves its frames without telling AddressSanitizer: this one must not be marked. */
__attribute__((no_sanitize_address)) static ssize_t wait_and_read(struct overlay_session *session)
{
        struct pollfd poll_fd = {.fd = session->fd, .events = POLLIN};
        ssize_t size;
        int error, state;

        pthread_setcancelstate(PTHREAD_CANCEL_ENABLE, &state);
        size = session->is_clone ? poll(&poll_fd, 1, -1) : 0;
        if (size >= 0)
                size = read(session->fd, session->request, REQUEST_SIZE);
        error = errno;
        pthread_setcancelstate(state, NULL);
        return size >= 0 ? size : -error;
}

__attribute__((no_sanitize_address)) int overlay_session_receive(struct overlay_session *session, bool *ret_received)
{
        bool aborted = false;

        for (;;) {
                ssize_t size = wait_and_read(session);
                int error = (int)-size;

                *ret_received = size >= 0;
                if (size >= 0)
                        session->request_size = (size_t)size;
                if (size >= 0 || (error == EAGAIN && session->is_clone))
                        return 0;
                /*
                 * ENOENT: that request was aborted before it could be read. ECONNABORTED, once: an ordinary unmount
                 * came while the request was on its way here (fuse_dev_do_read() in the kernel's fs/fuse/dev.c); the
                 * next read tells it (ENODEV) from an abort.
                 */
                if (error == ECONNABORTED && !aborted) {
                        aborted = true;
                        continue;
                }
                if (error != EINTR && error != EAGAIN && error != ENOENT)
                        return -error;
        }
}

static size_t setxattr_size(const struct overlay_session *session)
{
        return session->taken & FUSE_SETXATTR_EXT ? sizeof(struct fuse_setxattr_in) : FUSE_COMPAT_SETXATTR_IN_SIZE;
}

static void handle_setxattr(struct overlay_session *session)
{
        const char *argument = session->request + sizeof(struct fuse_in_header);
        const char *name = argument + setxattr_size(session), *value = name + strlen(name) + 1;
        struct fuse_setxattr_in in = {0};

        memcpy(&in, argument, setxattr_size(session));
        reply_raw(session, overlay_handlers_setxattr(session->tree, header_of(session)->nodeid, name, value, &in), NULL,
                  0);
}

static void handle_tmpfile(struct overlay_session *session)
{
        const struct fuse_in_header *header = header_of(session);
        struct fuse_create_in in;
        struct {
                struct fuse_entry_out entry;
                struct fuse_open_out open;
        } out;
        int r;

        memcpy(&in, session->request + sizeof *header, sizeof in);
        memset(&out, 0, sizeof out);
        out.open.open_flags = FOPEN_KEEP_CACHE;
        r = overlay_handlers_tmpfile(session->tree, header, &in, &out.entry);
        reply_raw(session, r, &out, r == 0 ? sizeof out : 0);
}

static void handle_lseek(struct overlay_session *session)
{
        struct fuse_lseek_in in;

        memcpy(&in, session->request + sizeof(struct fuse_in_header), sizeof in);
        overlay_session_seek_push(session->seek, session->fd, header_of(session), &in);
}

int overlay_session_handle(struct overlay_session *session)
{
        struct fuse_buf buf = {.size = session->request_size, .mem = session->request};
        const struct fuse_in_header *header = header_of(session);
        int r = overlay_session_request_check(session->request, session->request_size, setxattr_size(session));

        if (r == EPROTO)
                return -EPROTO;
        count(&session->counters.requests[header->opcode < OVERLAY_SESSION_OPCODES ? header->opcode : 0], 1);
        if (r != 0) {
                /* ENOSYS to FLUSH, FSYNC, CREATE, INTERRUPT and others makes the kernel do without, once and for all */
                if (header->opcode != FUSE_FORGET && header->opcode != FUSE_BATCH_FORGET)
                        reply_raw(session, -r, NULL, 0);
        } else if (header->opcode == FUSE_SETXATTR) {
                handle_setxattr(session);
        } else if (header->opcode == FUSE_TMPFILE) {
                handle_tmpfile(session);
        } else if (header->opcode == FUSE_LSEEK) {
                handle_lseek(session);
        } else {
                if (header->opcode == FUSE_WRITE)
                        count(&session->counters.written_bytes,
                              session->request_size - sizeof *header - sizeof(struct fuse_write_in));
                fuse_session_process_buf(session->fuse, &buf);
        }
        return -session->reply_error;
}

bool overlay_session_lacks_thread(const struct overlay_session *session)
{
        return overlay_session_seek_lacks_thread(session->seek);
}

void overlay_session_ensure_thread(struct overlay_session *session)
{
        overlay_session_seek_ensure_thread(session->seek);
}

void overlay_session_drain(struct overlay_session *session)
{
        overlay_session_seek_stop(session->seek);
}

/* --- what the loop and the handlers ask ---------------------------------------------- */

uint32_t overlay_session_opcode(const struct overlay_session *session)
{
        return header_of(session)->opcode;
}

uint32_t overlay_session_pid(const struct overlay_session *session)
{
        return header_of(session)->pid;
}

struct overlay_tree *overlay_session_tree(struct overlay_session *session)
{
        return session->tree;
}

char *overlay_session_scratch(struct overlay_session *session, size_t *ret_size)
{
        *ret_size = OVERLAY_SESSION_MAX_WRITE;
        return session->scratch;
}

uint32_t overlay_session_write_flags(const struct overlay_session *session)
{
        struct fuse_write_in in;

        memcpy(&in, session->request + sizeof(struct fuse_in_header), sizeof in);
        return in.write_flags;
}

bool overlay_session_store(struct overlay_session *session, uint64_t ino, const void *bytes, size_t size,
                           uint64_t offset)
{
        const struct fuse_notify_store_out body = {.nodeid = ino, .offset = offset, .size = (uint32_t)size};
        const struct fuse_out_header out = {.len = (uint32_t)(sizeof out + sizeof body + size),
                                            .error = FUSE_NOTIFY_STORE};
        const struct iovec iov[3] = {
                {.iov_base = (void *)(uintptr_t)&out, .iov_len = sizeof out},
                {.iov_base = (void *)(uintptr_t)&body, .iov_len = sizeof body},
                {.iov_base = (void *)(uintptr_t)bytes, .iov_len = size},
        };

        return writev(session->fd, iov, ARRAY_SIZE(iov)) >= 0;
}

bool overlay_session_skips_open(const struct overlay_session *session)
{
        return (session->offered & FUSE_NO_OPEN_SUPPORT) != 0;
}

bool overlay_session_skips_opendir(const struct overlay_session *session)
{
        return (session->offered & FUSE_NO_OPENDIR_SUPPORT) != 0;
}

void overlay_session_add_counters(const struct overlay_session *session, struct overlay_session_counters *ret)
{
        size_t i;

        for (i = 0; i < OVERLAY_SESSION_OPCODES; i++)
                ret->requests[i] += __atomic_load_n(&session->counters.requests[i], __ATOMIC_RELAXED);
        ret->read_bytes += __atomic_load_n(&session->counters.read_bytes, __ATOMIC_RELAXED);
        ret->written_bytes += __atomic_load_n(&session->counters.written_bytes, __ATOMIC_RELAXED);
}

int overlay_session_fd(const struct overlay_session *session)
{
        return session->fd;
}
