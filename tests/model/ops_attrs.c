/* SPDX-License-Identifier: Apache-2.0 */
/* Operations on attributes: mode, owner, times, and who may do what. */
#include <errno.h>
#include <fcntl.h>
#include <sys/stat.h>
#include <sys/statvfs.h>
#include <unistd.h>

#include "common/memory.h"
#include "tests/model/args.h"
#include "tests/model/ops.h"
#include "tests/model/side.h"

int64_t op_chmod(struct side *s, const uint64_t *a, struct result *r)
{
        struct timespec since = side_now();
        struct path_text path;
        struct stat st;
        int64_t rc = side_result(chmod(arg_path(a[0], &path), (mode_t)a[1]));

        (void)s;
        if (rc == 0 && lstat(path.text, &st) == 0 && !S_ISLNK(st.st_mode))
                side_note_ctime(r, -1, path.text, since);
        return rc;
}

int64_t op_fchmod(struct side *s, const uint64_t *a, struct result *r)
{
        struct timespec since = side_now();
        int64_t rc = side_result(fchmod(side_slot(s, a[0]), (mode_t)a[1]));

        if (rc == 0)
                side_note_ctime(r, side_slot(s, a[0]), NULL, since);
        return rc;
}

int64_t op_chown(struct side *s, const uint64_t *a, struct result *r)
{
        struct path_text path;

        (void)s;
        (void)r;
        return side_result(chown(arg_path(a[0], &path), arg_id(a[1]), arg_id(a[2])));
}

int64_t op_lchown(struct side *s, const uint64_t *a, struct result *r)
{
        struct timespec since = side_now();
        struct path_text path;
        int64_t rc = side_result(lchown(arg_path(a[0], &path), arg_id(a[1]), arg_id(a[2])));

        (void)s;
        if (rc == 0)
                side_note_ctime(r, -1, path.text, since);
        return rc;
}

int64_t op_fchown(struct side *s, const uint64_t *a, struct result *r)
{
        (void)r;
        return side_result(fchown(side_slot(s, a[0]), arg_id(a[1]), arg_id(a[2])));
}

static void note_mtime(struct result *r, int fd, const char *path, uint64_t arg)
{
        struct timespec set = arg_time(arg);
        struct stat st;

        if (set.tv_nsec == UTIME_NOW || set.tv_nsec == UTIME_OMIT)
                return;
        if ((path ? lstat(path, &st) : fstat(fd, &st)) == 0 && !S_ISLNK(st.st_mode))
                result_note(r, "mtime %lld.%09ld", (long long)st.st_mtim.tv_sec, st.st_mtim.tv_nsec);
}

int64_t op_utimens(struct side *s, const uint64_t *a, struct result *r)
{
        struct timespec times[2] = {arg_time(a[1]), arg_time(a[2])};
        struct path_text path;
        int64_t rc = side_result(utimensat(AT_FDCWD, arg_path(a[0], &path), times, 0));

        (void)s;
        if (rc == 0)
                note_mtime(r, -1, path.text, a[2]);
        return rc;
}

int64_t op_lutimens(struct side *s, const uint64_t *a, struct result *r)
{
        struct timespec times[2] = {arg_time(a[1]), arg_time(a[2])};
        struct timespec since = side_now();
        struct path_text path;
        int64_t rc = side_result(utimensat(AT_FDCWD, arg_path(a[0], &path), times, AT_SYMLINK_NOFOLLOW));

        (void)s;
        if (rc == 0 && times[1].tv_nsec != UTIME_OMIT)
                side_note_ctime(r, -1, path.text, since);
        return rc;
}

int64_t op_futimens(struct side *s, const uint64_t *a, struct result *r)
{
        struct timespec times[2] = {arg_time(a[1]), arg_time(a[2])};
        int64_t rc = side_result(futimens(side_slot(s, a[0]), times));

        if (rc == 0)
                note_mtime(r, side_slot(s, a[0]), NULL, a[2]);
        return rc;
}

/* NULL, which whoever may write is allowed, not only the owner */
int64_t op_touch(struct side *s, const uint64_t *a, struct result *r)
{
        struct path_text path;

        (void)s;
        (void)r;
        return side_result(utimensat(AT_FDCWD, arg_path(a[0], &path), NULL, 0));
}

static void note_stat(struct result *r, const struct stat *st)
{
        result_note(r, "mode %o, owner %u:%u, links %llu", (unsigned)side_mode(st->st_mode), st->st_uid, st->st_gid,
                    (unsigned long long)st->st_nlink);
        if (!S_ISDIR(st->st_mode))
                result_note(r, "size %lld", (long long)st->st_size);
}

int64_t op_stat(struct side *s, const uint64_t *a, struct result *r)
{
        struct path_text path;
        struct stat st;
        int64_t rc = side_result(fstatat(AT_FDCWD, arg_path(a[0], &path), &st, a[1] & 1 ? AT_SYMLINK_NOFOLLOW : 0));

        (void)s;
        if (rc == 0)
                note_stat(r, &st);
        return rc;
}

int64_t op_fstat(struct side *s, const uint64_t *a, struct result *r)
{
        struct stat st;
        int64_t rc = side_result(fstat(side_slot(s, a[0]), &st));

        if (rc == 0)
                note_stat(r, &st);
        return rc;
}

int64_t op_statx(struct side *s, const uint64_t *a, struct result *r)
{
        /* not DONT_SYNC: what it gives may be old */
        static const int flags[] = {AT_STATX_SYNC_AS_STAT, AT_STATX_FORCE_SYNC};
        struct path_text path;
        struct statx sx;
        int64_t rc = side_result(statx(AT_FDCWD, arg_path(a[0], &path),
                                       AT_SYMLINK_NOFOLLOW | flags[a[1] % ARRAY_SIZE(flags)], STATX_BASIC_STATS, &sx));

        (void)s;
        if (rc == 0)
                result_note(r, "mode %o, owner %u:%u, links %u, size %llu", (unsigned)side_mode(sx.stx_mode),
                            sx.stx_uid, sx.stx_gid, sx.stx_nlink,
                            S_ISDIR(sx.stx_mode) ? 0 : (unsigned long long)sx.stx_size);
        return rc;
}

int64_t op_access(struct side *s, const uint64_t *a, struct result *r)
{
        struct path_text path;

        (void)s;
        (void)r;
        return side_result(faccessat(AT_FDCWD, arg_path(a[0], &path), (int)a[1] & (R_OK | W_OK | X_OK), 0));
}

int64_t op_eaccess(struct side *s, const uint64_t *a, struct result *r)
{
        struct path_text path;

        (void)s;
        (void)r;
        return side_result(faccessat(AT_FDCWD, arg_path(a[0], &path), (int)a[1] & (R_OK | W_OK | X_OK),
                                     AT_EACCESS | AT_SYMLINK_NOFOLLOW));
}

/* Two disks, so the numbers differ; that they make sense does not. */
int64_t op_statfs(struct side *s, const uint64_t *a, struct result *r)
{
        struct path_text path;
        struct statvfs st;
        int64_t rc = side_result(statvfs(arg_path(a[0], &path), &st));

        (void)s;
        if (rc == 0)
                result_note(r, "names of %lu, sane: %d", st.f_namemax,
                            st.f_bsize >= 512 && st.f_blocks > 0 && st.f_bavail <= st.f_blocks);
        return rc;
}
