/* SPDX-License-Identifier: Apache-2.0 */
/* A side: where operations run, as whom, and what they left open. */
#include "tests/model/side.h"

#include <errno.h>
#include <fcntl.h>
#include <grp.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <linux/capability.h>

#include "common/fd.h"

/* A step of the checker itself failed: nothing was learnt about the union. */
__attribute__((noreturn)) static void die(const char *what)
{
        perror(what);
        abort();
}

void side_init(struct side *s, const char *name, const char *path, bool is_union)
{
        *s = (struct side){.name = name, .path = path, .is_union = is_union, .root = -1};
        for (size_t i = 0; i < SIDE_SLOTS; i++)
                s->slots[i] = -1;
}

int side_open(struct side *s)
{
        s->root = fd_open_directory(AT_FDCWD, s->path);
        return s->root < 0 ? -1 : 0;
}

int64_t side_unmap(struct side_map *map)
{
        int64_t rc = map->bytes ? side_result(munmap(map->bytes, map->size)) : -EBADF;

        if (map->bytes)
                (void)fd_close(map->fd);
        map->bytes = NULL;
        return rc;
}

void side_close(struct side *s)
{
        for (size_t i = 0; i < SIDE_SLOTS; i++)
                s->slots[i] = fd_close(s->slots[i]);
        for (size_t i = 0; i < SIDE_MAPS; i++) {
                side_unmap(&s->maps[i]);
        }
        s->root = fd_close(s->root);
}

/* --- who --- */

static void set_fsetid(bool on)
{
        struct __user_cap_header_struct header = {_LINUX_CAPABILITY_VERSION_3, 0};
        struct __user_cap_data_struct data[2];

        if (syscall(SYS_capget, &header, data) < 0)
                die("capget");
        if (on)
                data[0].effective |= 1u << CAP_FSETID;
        else
                data[0].effective &= ~(1u << CAP_FSETID);
        if (syscall(SYS_capset, &header, data) < 0)
                die("capset");
}

static void become(enum actor actor)
{
        static const struct {
                uid_t uid;
                gid_t gid;
                size_t group_count;
                gid_t groups[1];
        } who[] = {{0, 0, 0, {0}}, {1000, 1000, 0, {0}}, {1001, 1001, 1, {1000}}};
        uid_t uid = who[actor].uid;
        gid_t gid = who[actor].gid;

        /* back to root first: only root may go elsewhere; the saved id leads back */
        if (uid == 0 && (setresuid(0, 0, 0) < 0 || setresgid(0, 0, 0) < 0))
                die("becoming root");
        if (setgroups(who[actor].group_count, who[actor].groups) < 0)
                die("setgroups");
        if (uid != 0 && (setresgid(gid, gid, 0) < 0 || setresuid(uid, uid, 0) < 0))
                die("becoming another user");
        /* /proc/self belongs to nobody after a change of ids */
        if (prctl(PR_SET_DUMPABLE, 1, 0, 0, 0) < 0)
                die("prctl(PR_SET_DUMPABLE)");
}

void side_begin(const struct side *s, const struct op *op)
{
        if (fchdir(s->root) < 0)
                die("fchdir");
        if (op->actor != ACTOR_ROOT)
                become(op->actor);
        else if (!s->is_union && (op->kind->flags & OP_WRITES))
                set_fsetid(false);
}

void side_end(const struct side *s, const struct op *op)
{
        if (op->actor != ACTOR_ROOT)
                become(ACTOR_ROOT);
        else if (!s->is_union && (op->kind->flags & OP_WRITES))
                set_fsetid(true);
        if (chdir("/") < 0)
                die("chdir");
}

/* --- what operations share --- */

void side_keep(struct side *s, uint64_t slot, int fd)
{
        int *at = &s->slots[slot % SIDE_SLOTS];

        (void)fd_close(*at);
        *at = fd;
}

int side_slot(const struct side *s, uint64_t slot)
{
        return s->slots[slot % SIDE_SLOTS];
}

int64_t side_result(int64_t rc)
{
        return rc < 0 ? -errno : rc;
}

struct timespec side_now(void)
{
        struct timespec now;

        if (clock_gettime(CLOCK_REALTIME_COARSE, &now) < 0)
                die("clock_gettime");
        return now;
}

void side_note_ctime(struct result *r, int fd, const char *path, struct timespec since)
{
        struct stat st;
        int rc = path ? lstat(path, &st) : fstat(fd, &st);
        bool young;

        if (rc < 0) {
                result_note(r, "cannot stat: %d", errno);
                return;
        }
        young = st.st_ctim.tv_sec > since.tv_sec ||
                (st.st_ctim.tv_sec == since.tv_sec && st.st_ctim.tv_nsec >= since.tv_nsec);
        result_note(r, "ctime %s", young ? "now" : "before");
}

mode_t side_mode(mode_t mode)
{
        return S_ISREG(mode) && !(mode & S_IXGRP) ? mode & ~(mode_t)S_ISGID : mode;
}

void side_fill(char *bytes, size_t size, uint64_t seed)
{
        uint64_t state = seed * UINT64_C(0x9e3779b97f4a7c15) + 1;

        for (size_t i = 0; i < size; i++) {
                state = state * UINT64_C(6364136223846793005) + UINT64_C(1442695040888963407);
                bytes[i] = (char)(1 + (state >> 33) % 255);
        }
}
