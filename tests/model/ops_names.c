/* SPDX-License-Identifier: Apache-2.0 */
/* Operations on names: making, linking, renaming and removing them. */
#include <errno.h>
#include <fcntl.h>
#include <ftw.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/sysmacros.h>
#include <sys/xattr.h>
#include <unistd.h>

#include <linux/fs.h>
#include <linux/openat2.h>

#include "common/fd.h"
#include "common/memory.h"
#include "tests/model/args.h"
#include "tests/model/ops.h"
#include "tests/model/side.h"

int64_t op_mkdir(struct side *s, const uint64_t *a, struct result *r)
{
        struct path_text path;

        (void)s;
        (void)r;
        return side_result(mkdir(arg_path(a[0], &path), (mode_t)a[1]));
}

int64_t op_rmdir(struct side *s, const uint64_t *a, struct result *r)
{
        struct path_text path;

        (void)s;
        (void)r;
        return side_result(rmdir(arg_path(a[0], &path)));
}

int64_t op_unlink(struct side *s, const uint64_t *a, struct result *r)
{
        struct path_text path;

        (void)s;
        (void)r;
        return side_result(unlink(arg_path(a[0], &path)));
}

int64_t op_symlink(struct side *s, const uint64_t *a, struct result *r)
{
        struct path_text target, path;

        (void)s;
        (void)r;
        return side_result(symlink(arg_path(a[0], &target), arg_path(a[1], &path)));
}

static int64_t link_with(const uint64_t *a, int flags, struct result *r)
{
        struct timespec since = side_now();
        struct path_text from, to;
        int64_t rc = side_result(linkat(AT_FDCWD, arg_path(a[0], &from), AT_FDCWD, arg_path(a[1], &to), flags));

        if (rc == 0)
                side_note_ctime(r, -1, to.text, since);
        return rc;
}

int64_t op_link(struct side *s, const uint64_t *a, struct result *r)
{
        (void)s;
        return link_with(a, 0, r);
}

int64_t op_link_follow(struct side *s, const uint64_t *a, struct result *r)
{
        (void)s;
        return link_with(a, AT_SYMLINK_FOLLOW, r);
}

static int64_t rename_with(const uint64_t *a, unsigned flags, struct result *r)
{
        struct timespec since = side_now();
        struct path_text from, to;
        int64_t rc = side_result(
                syscall(SYS_renameat2, AT_FDCWD, arg_path(a[0], &from), AT_FDCWD, arg_path(a[1], &to), flags));

        /* two names of one inode stay as they are, POSIX says, and nothing happened to it */
        if (rc == 0 && faccessat(AT_FDCWD, from.text, F_OK, AT_SYMLINK_NOFOLLOW) < 0)
                side_note_ctime(r, -1, to.text, since);
        return rc;
}

int64_t op_rename(struct side *s, const uint64_t *a, struct result *r)
{
        (void)s;
        return rename_with(a, 0, r);
}

int64_t op_rename_noreplace(struct side *s, const uint64_t *a, struct result *r)
{
        (void)s;
        return rename_with(a, RENAME_NOREPLACE, r);
}

int64_t op_exchange(struct side *s, const uint64_t *a, struct result *r)
{
        (void)s;
        return rename_with(a, RENAME_EXCHANGE, r);
}

int64_t op_mknod(struct side *s, const uint64_t *a, struct result *r)
{
        struct path_text path;

        (void)s;
        (void)r;
        return side_result(mknod(arg_path(a[0], &path), S_IFREG | (mode_t)a[1], 0));
}

int64_t op_mkfifo(struct side *s, const uint64_t *a, struct result *r)
{
        struct path_text path;

        (void)s;
        (void)r;
        return side_result(mkfifo(arg_path(a[0], &path), (mode_t)a[1]));
}

/* EPERM in a user namespace, before any file system is asked */
int64_t op_mkdevice(struct side *s, const uint64_t *a, struct result *r)
{
        struct path_text path;

        (void)s;
        (void)r;
        return side_result(mknod(arg_path(a[0], &path), S_IFCHR | 0600, makedev(1, 3)));
}

int64_t op_readlink(struct side *s, const uint64_t *a, struct result *r)
{
        struct path_text path;
        char target[PATH_MAX];
        /* a size too small cuts, without an error */
        int64_t n = side_result(readlink(arg_path(a[0], &path), target, a[1] == 0 ? 3 : sizeof(target)));

        (void)s;
        if (n > 0)
                result_bytes(r, "target", target, (size_t)n);
        return n;
}

/* --- by a directory that is held open --- */

int64_t op_mkdir_at(struct side *s, const uint64_t *a, struct result *r)
{
        struct path_text path;

        (void)r;
        return side_result(mkdirat(side_slot(s, a[0]), arg_path(a[1], &path), (mode_t)a[2]));
}

int64_t op_unlink_at(struct side *s, const uint64_t *a, struct result *r)
{
        struct path_text path;

        (void)r;
        return side_result(unlinkat(side_slot(s, a[0]), arg_path(a[1], &path), a[2] & 1 ? AT_REMOVEDIR : 0));
}

/* --- habits --- */

/* What editors and package managers do: a new file with the old one's mode, synced, over the old name. */
int64_t op_replace(struct side *s, const uint64_t *a, struct result *r)
{
        CLEANUP_FD int fd = -1;
        struct path_text path;
        char bytes[300];

        (void)s;
        (void)r;
        fd = open("new~", O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0600);
        if (fd < 0)
                return -errno;
        side_fill(bytes, sizeof(bytes), a[1]);
        if (write(fd, bytes, sizeof(bytes)) != (ssize_t)sizeof(bytes) || fchmod(fd, 0644) < 0 || fsync(fd) < 0 ||
            rename("new~", arg_path(a[0], &path)) < 0) {
                int error = errno;

                (void)unlink("new~");
                return -error;
        }
        return 0;
}

static void populate_file(const char *path, uint64_t seed)
{
        CLEANUP_FD int fd = open(path, O_RDWR | O_CREAT | O_EXCL | O_CLOEXEC, 0644);
        char bytes[5000];
        size_t size = seed % sizeof(bytes);

        if (fd < 0)
                return;
        side_fill(bytes, sizeof(bytes), seed);
        (void)!write(fd, bytes, size);
        if (seed % 3 == 0) /* sparse at its end */
                (void)!ftruncate(fd, (off_t)(size + seed % 20000));
        if (seed % 4 == 0)
                (void)fsetxattr(fd, "user.a", bytes, seed % 50, 0);
}

/* A directory with one of each: what a base image is full of. Names that are taken stay. */
int64_t op_populate(struct side *s, const uint64_t *a, struct result *r)
{
        static const char *const files[] = {"a", "b", "c"};
        struct path_text path;
        char other[PATH_MAX + 8], sub[PATH_MAX + 8];
        int64_t rc = side_result(mkdir(arg_path(a[0], &path), 0755));

        (void)s;
        (void)r;
        if (rc < 0)
                return rc;
        for (size_t i = 0; i < ARRAY_SIZE(files); i++) {
                snprintf(sub, sizeof(sub), "%s/%s", path.text, files[i]);
                populate_file(sub, a[1] + i);
        }
        snprintf(other, sizeof(other), "%s/%s", path.text, "d");
        if (a[1] & 1)
                (void)!link(sub, other);
        else
                (void)!symlink("../a", other);
        snprintf(sub, sizeof(sub), "%s/%s", path.text, "e");
        (void)mkdir(sub, 0775);
        if (a[1] & 2) {
                snprintf(sub, sizeof(sub), "%s/e/a", path.text);
                populate_file(sub, a[1] + 7);
        }
        return 0;
}

static int remove_one(const char *path, const struct stat *st, int kind, struct FTW *where)
{
        (void)st;
        (void)kind;
        (void)where;
        (void)remove(path);
        return 0;
}

/* rm -rf, which goes on after what it may not remove */
int64_t op_remove_tree(struct side *s, const uint64_t *a, struct result *r)
{
        struct open_how how = {.flags = O_PATH | O_NOFOLLOW | O_CLOEXEC, .resolve = RESOLVE_NO_SYMLINKS};
        struct path_text path;
        CLEANUP_FD int fd = -1;

        (void)s;
        (void)r;
        if ((a[0] & 0xff) == 0 || strstr(arg_path(a[0], &path), "..") || path.text[0] == '.')
                return 0;
        /* a way through a symlink may be removed on the way, sooner or later, as the directories are sorted */
        fd = (int)syscall(SYS_openat2, AT_FDCWD, path.text, &how, sizeof(how));
        if (fd < 0)
                return errno == EAGAIN ? op_remove_tree(s, a, r) : -errno;
        return nftw(path.text, remove_one, 8, FTW_DEPTH | FTW_PHYS) < 0 ? -errno : 0;
}
