/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Opening a path of an image as a process rooted in that image would: the one
 * resolver through which every mount point and working directory goes. A link
 * that an image planted (/etc/hosts -> ../../../etc/hosts) ends inside the image.
 */
#include "sandbox/init/init.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/vfs.h>
#include <unistd.h>

#include <linux/magic.h>

#include "sandbox/init/syscalls.h"

#define LINKS_MAX     40 /* path_resolution(7) */
#define RESOLVE_TRIES 64
#define PROC_ROOT_INO 1 /* include/linux/proc_ns.h */

static void close_keep_errno(int fd)
{
        int saved = errno;

        if (fd >= 0)
                (void)close(fd);
        errno = saved;
}

static int resolve_by_kernel(int root, const char *path, unsigned int flags)
{
        struct init_open_how how = {.flags = O_PATH | O_CLOEXEC,
                                    .resolve = INIT_OPEN_IN_ROOT | INIT_OPEN_NO_MAGICLINKS};

        if (flags & INIT_RESOLVE_NO_LINK)
                how.flags |= O_NOFOLLOW;
        if (flags & INIT_RESOLVE_NO_XDEV)
                how.resolve |= INIT_OPEN_NO_XDEV;
        for (int i = 0; i < RESOLVE_TRIES; i++) {
                int fd = init_sys_openat2(root, path, &how);

                /* EAGAIN: something, anywhere on the system, was renamed while a ".." was looked at (openat2(2)) */
                if (fd >= 0 || (errno != EAGAIN && errno != EINTR))
                        return fd;
        }
        return -1;
}

/* The state of a walk: an open directory, and the text that is still to be followed from there. */
struct walk {
        int root, here; /* `here` is owned unless it is `root` */
        long mount;     /* id of the root's mount; -1 if mounts may be crossed */
        char *text;     /* owned; `rest` points into it */
        char *rest;
        int links;
};

/* From proc_pid_fdinfo(5): st_dev would not do, files of an overlayfs have several. */
static long mount_id(int fd)
{
        char path[64], line[128];
        long id = -1;
        FILE *info;

        (void)snprintf(path, sizeof(path), "/proc/self/fdinfo/%d", fd);
        info = fopen(path, "re");
        if (info == NULL)
                return -1;
        while (fgets(line, sizeof(line), info) != NULL)
                if (sscanf(line, "mnt_id: %ld", &id) == 1)
                        break;
        (void)fclose(info);
        if (id < 0)
                errno = EIO;
        return id;
}

static void walk_move(struct walk *walk, int fd)
{
        if (walk->here != walk->root)
                close_keep_errno(walk->here);
        walk->here = fd;
}

static bool is_root(const struct walk *walk, int fd)
{
        struct stat a, b;

        return fd == walk->root ||
               (fstat(fd, &a) == 0 && fstat(walk->root, &b) == 0 && a.st_dev == b.st_dev && a.st_ino == b.st_ino);
}

/*
 * Links of proc that stand for an open file, not for their text (RESOLVE_NO_MAGICLINKS
 * refuses the same): all but the ones right in its root, like /proc/self.
 */
static bool is_magic(const struct walk *walk, int link)
{
        struct statfs fs;
        struct stat st;

        return fstatfs(link, &fs) < 0 || fstat(walk->here, &st) < 0 ||
               (fs.f_type == PROC_SUPER_MAGIC && st.st_ino != PROC_ROOT_INO);
}

/* Replaces the text by the link's target and what was left behind the link, a slash included: it demands a directory.
 */
static int walk_follow(struct walk *walk, int link, bool slash)
{
        char target[PATH_MAX];
        ssize_t length = readlinkat(link, "", target, sizeof(target));
        char *text;

        if (length < 0)
                return -1;
        if (++walk->links > LINKS_MAX || is_magic(walk, link)) {
                errno = ELOOP;
                return -1;
        }
        if (length == 0 || (size_t)length == sizeof(target)) {
                errno = length == 0 ? ENOENT : ENAMETOOLONG;
                return -1;
        }
        if (asprintf(&text, "%.*s%s%s", (int)length, target, slash ? "/" : "", walk->rest) < 0) {
                errno = ENOMEM;
                return -1;
        }
        free(walk->text);
        walk->text = walk->rest = text;
        if (text[0] == '/')
                walk_move(walk, walk->root);
        return 0;
}

/* Goes one component on; an empty one and "." stay, ".." stops at the root. */
static int walk_step(struct walk *walk, unsigned int flags)
{
        char *name = walk->rest, *end = strchrnul(name, '/');
        bool slash = *end != '\0';
        struct stat st;
        int fd;

        walk->rest = end + strspn(end, "/");
        *end = '\0';
        if (name[0] == '\0' || strcmp(name, ".") == 0)
                return 0;
        if (strcmp(name, "..") == 0 && is_root(walk, walk->here))
                return 0;
        fd = openat(walk->here, name, O_PATH | O_NOFOLLOW | O_CLOEXEC);
        if (fd < 0)
                return -1;
        if (fstat(fd, &st) < 0)
                goto failed;
        if (S_ISLNK(st.st_mode) && (slash || !(flags & INIT_RESOLVE_NO_LINK))) {
                if (walk_follow(walk, fd, slash) < 0)
                        goto failed;
                (void)close(fd);
                return 0;
        }
        if (slash && !S_ISDIR(st.st_mode)) {
                errno = ENOTDIR;
                goto failed;
        }
        if (walk->mount >= 0 && mount_id(fd) != walk->mount) {
                errno = EXDEV;
                goto failed;
        }
        walk_move(walk, fd);
        return 0;
failed:
        close_keep_errno(fd);
        return -1;
}

static int resolve_by_walk(int root, const char *path, unsigned int flags)
{
        struct walk walk = {root, root, -1, strdup(path), NULL, 0};
        int fd = -1;

        if (walk.text == NULL)
                return -1;
        walk.rest = walk.text;
        if (flags & INIT_RESOLVE_NO_XDEV) {
                walk.mount = mount_id(root);
                if (walk.mount < 0)
                        goto out;
        }
        if (path[0] == '\0') {
                errno = ENOENT;
                goto out;
        }
        while (walk.rest[0] != '\0')
                if (walk_step(&walk, flags) < 0)
                        goto out;
        fd = walk.here == root ? fcntl(root, F_DUPFD_CLOEXEC, 0) : walk.here;
        walk.here = root;
out:
        walk_move(&walk, root);
        free(walk.text);
        return fd;
}

int init_resolve(int root, const char *path, unsigned int flags, bool *ret_walked)
{
        struct stat st;
        int fd;

        *ret_walked = true;
        if (!(flags & INIT_RESOLVE_WALK)) {
                fd = resolve_by_kernel(root, path, flags);
                *ret_walked = fd < 0 && (errno == ENOSYS ||
                                         errno == EPERM); /* EPERM: seccomp profiles that do not know the call */
        }
        if (*ret_walked)
                fd = resolve_by_walk(root, path, flags);
        if (fd >= 0 && (flags & INIT_RESOLVE_NO_LINK) && (fstat(fd, &st) < 0 || S_ISLNK(st.st_mode))) {
                (void)close(fd);
                errno = ELOOP;
                return -1;
        }
        return fd;
}
