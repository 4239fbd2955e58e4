/* SPDX-License-Identifier: Apache-2.0 */
/* LSEEK, on a thread that can wait for the kernel to write its pages back. */
#include "overlay/session_seek.h"

#include <errno.h>
#include <pthread.h>
#include <stdbool.h>
#include <stdlib.h>
#include <sys/uio.h>
#include <unistd.h>

#include "common/memory.h"
#include "overlay/loop_thread.h"
#include "overlay/tree_ops.h"

struct request {
        struct request *next;
        int fd; /* where it came from */
        uint64_t unique;
        uint64_t ino;
        struct fuse_lseek_in in;
};

struct overlay_session_seek {
        struct overlay_tree *tree;
        int fd;
        pthread_t thread;
        pthread_mutex_t lock; /* guards the rest */
        pthread_cond_t changed;
        struct request *first, **last; /* owned queue */
        bool stopping;
        bool started; /* and not joined */
        int lacking;  /* atomic, read without the lock: something waits for a thread that is not there */
};

static void reply(const struct request *request, int error, int64_t offset)
{
        struct fuse_lseek_out body = {.offset = (uint64_t)offset};
        struct fuse_out_header out = {.len = sizeof out, .error = error, .unique = request->unique};
        struct iovec iov[2] = {{.iov_base = &out, .iov_len = sizeof out}, {.iov_base = &body, .iov_len = sizeof body}};

        if (error == 0)
                out.len += (uint32_t)sizeof body;
        if (writev(request->fd, iov, error == 0 ? 2 : 1) < 0)
                return; /* the mount, or the request, is gone: nobody waits */
}

/* Everything from `offset` on. An error says that nothing is cached (ENOENT) or that the mount is gone. */
static void write_back(const struct overlay_session_seek *seek, uint64_t ino, uint64_t offset)
{
        struct fuse_notify_inval_inode_out body = {.ino = ino, .off = (int64_t)offset, .len = 0};
        struct fuse_out_header out = {.len = sizeof out + sizeof body, .error = FUSE_NOTIFY_INVAL_INODE, .unique = 0};
        struct iovec iov[2] = {{.iov_base = &out, .iov_len = sizeof out}, {.iov_base = &body, .iov_len = sizeof body}};

        if (writev(seek->fd, iov, 2) < 0)
                return;
}

static void answer(const struct overlay_session_seek *seek, const struct request *request)
{
        int64_t offset = 0;
        int r = -EINVAL;

        if (request->in.whence == SEEK_DATA || request->in.whence == SEEK_HOLE) {
                write_back(seek, request->ino, request->in.offset);
                r = overlay_ops_lseek(seek->tree, request->ino, (int64_t)request->in.offset, (int)request->in.whence,
                                      &offset);
        }
        reply(request, r, offset);
}

static void *run(void *argument)
{
        struct overlay_session_seek *seek = argument;
        struct request *request;

        pthread_mutex_lock(&seek->lock);
        for (;;) {
                while (seek->first == NULL && !seek->stopping)
                        pthread_cond_wait(&seek->changed, &seek->lock);
                request = seek->first;
                if (request == NULL)
                        break;
                seek->first = request->next;
                if (seek->first == NULL)
                        seek->last = &seek->first;
                if (seek->stopping) {
                        reply(request, -EINTR, 0);
                } else {
                        pthread_mutex_unlock(&seek->lock);
                        answer(seek, request);
                        pthread_mutex_lock(&seek->lock);
                }
                free(request);
        }
        pthread_mutex_unlock(&seek->lock);
        return NULL;
}

/* Under `lock`: everything that waits fails. */
static void refuse_all(struct overlay_session_seek *seek, int error)
{
        struct request *request;

        while ((request = seek->first) != NULL) {
                seek->first = request->next;
                reply(request, error, 0);
                free(request);
        }
        seek->last = &seek->first;
}

struct overlay_session_seek *overlay_session_seek_new(struct overlay_tree *tree, int fd)
{
        struct overlay_session_seek *seek = memory_zalloc(1, sizeof *seek);

        seek->tree = tree;
        seek->fd = fd;
        seek->last = &seek->first;
        pthread_mutex_init(&seek->lock, NULL);
        pthread_cond_init(&seek->changed, NULL);
        return seek;
}

bool overlay_session_seek_lacks_thread(const struct overlay_session_seek *seek)
{
        return __atomic_load_n(&seek->lacking, __ATOMIC_RELAXED) != 0;
}

void overlay_session_seek_ensure_thread(struct overlay_session_seek *seek)
{
        pthread_mutex_lock(&seek->lock);
        if (!seek->started && !seek->stopping)
                seek->started = overlay_loop_thread_start(&seek->thread, run, seek) == 0;
        if (!seek->started)
                refuse_all(seek, -ENOMEM);
        __atomic_store_n(&seek->lacking, 0, __ATOMIC_RELAXED);
        pthread_mutex_unlock(&seek->lock);
}

void overlay_session_seek_push(struct overlay_session_seek *seek, int fd, const struct fuse_in_header *header,
                               const struct fuse_lseek_in *in)
{
        struct request *request = memory_zalloc(1, sizeof *request);

        request->fd = fd;
        request->unique = header->unique;
        request->ino = header->nodeid;
        request->in = *in;
        pthread_mutex_lock(&seek->lock);
        if (seek->stopping) {
                reply(request, -EINTR, 0);
                free(request);
        } else {
                *seek->last = request;
                seek->last = &request->next;
                if (!seek->started)
                        __atomic_store_n(&seek->lacking, 1, __ATOMIC_RELAXED);
                pthread_cond_signal(&seek->changed);
        }
        pthread_mutex_unlock(&seek->lock);
}

void overlay_session_seek_stop(struct overlay_session_seek *seek)
{
        bool join;

        pthread_mutex_lock(&seek->lock);
        seek->stopping = true;
        join = seek->started;
        seek->started = false;
        if (!join)
                refuse_all(seek, -EINTR);
        pthread_cond_signal(&seek->changed);
        pthread_mutex_unlock(&seek->lock);
        if (join)
                pthread_join(seek->thread, NULL);
}

void overlay_session_seek_free(struct overlay_session_seek *seek)
{
        if (seek == NULL)
                return;
        overlay_session_seek_stop(seek);
        pthread_cond_destroy(&seek->changed);
        pthread_mutex_destroy(&seek->lock);
        free(seek);
}
