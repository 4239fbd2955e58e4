/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Random operations on a tree and on a plain directory side by side: results,
 * errno, names, attributes, bytes and link groups must agree, as they go,
 * after sealing and reopening, and after every layer went through layer mode.
 * The seed is printed; BRYO_SEED replays one, BRYO_ROUNDS says how many.
 */
#include <linux/fs.h>
#include <sys/sendfile.h>
#include <sys/syscall.h>
#include <sys/xattr.h>
#include <time.h>

#include "tests/unit/overlay_reimport.h"

#define NAMES     5
#define FILE_MAX_ 70000
#define HELD_MAX  8

struct held {
        uint64_t ino;
        int fd;
};

struct model {
        struct fixture f;
        struct overlay_tree *tree;
        char plain_path[64];
        int plain;
        uint64_t state; /* of the generator */
        unsigned op;    /* number of the operation at hand */
        struct held held[HELD_MAX];
        size_t held_count;
        bool xattrs;
};

static struct model m;
static unsigned long seed;

static uint32_t pick(uint32_t below)
{
        m.state = m.state * UINT64_C(6364136223846793005) + UINT64_C(1442695040888963407);
        return (uint32_t)(m.state >> 33) % below;
}

__attribute__((format(printf, 1, 2), noreturn)) static void mismatch(const char *format, ...)
{
        va_list ap;

        printf("# seed %lu, operation %u: ", seed, m.op);
        va_start(ap, format);
        vprintf(format, ap);
        va_end(ap);
        printf("\nnot ok model\n");
        exit(1);
}

static void expect(const char *what, const char *path, const char *path2, int64_t is, int64_t should)
{
        if (is != should)
                mismatch("%s %s %s gives %lld (%s), should be %lld (%s)", what, path, path2, (long long)is,
                         is < 0 ? strerror((int)-is) : "", (long long)should, should < 0 ? strerror((int)-should) : "");
}

static void random_path(char ret[32])
{
        uint32_t depth = 1 + pick(3);

        ret[0] = '\0';
        for (uint32_t i = 0; i < depth; i++) {
                size_t size = strlen(ret);

                snprintf(ret + size, 32 - size, "%s%c", i > 0 ? "/" : "", (int)('a' + pick(NAMES)));
        }
}

/* The number of a path, one lookup counted. */
static int find(const char *path, uint64_t *ret)
{
        char copy[256], *save = NULL;
        struct overlay_attr attr;
        mode_t kind = S_IFDIR;
        uint64_t ino = 1;

        snprintf(copy, sizeof(copy), "%s", path);
        for (char *name = strtok_r(copy, "/", &save); name != NULL; name = strtok_r(NULL, "/", &save)) {
                int rc = overlay_ops_lookup(m.tree, ino, name, &attr);

                /* all links dangle: the plain side follows them on the way */
                if (rc == -ENOTDIR && kind == S_IFLNK)
                        rc = -ENOENT;
                if (ino != 1)
                        overlay_ops_forget(m.tree, ino, 1);
                if (rc < 0)
                        return rc;
                ino = attr.ino;
                kind = attr.mode & S_IFMT;
        }
        *ret = ino;
        return 0;
}

static int find_parent(const char *path, uint64_t *ret, const char **ret_name)
{
        const char *slash = strrchr(path, '/');
        char parent[32];
        struct overlay_attr attr;
        int rc;

        *ret_name = slash != NULL ? slash + 1 : path;
        *ret = 1;
        if (slash == NULL)
                return 0;
        snprintf(parent, sizeof(parent), "%.*s", (int)(slash - path), path);
        rc = find(parent, ret);
        if (rc == 0)
                rc = overlay_ops_getattr(m.tree, *ret, &attr);
        if (rc == 0 && !S_ISDIR(attr.mode)) {
                overlay_ops_forget(m.tree, *ret, 1);
                rc = S_ISLNK(attr.mode) ? -ENOENT : -ENOTDIR;
        }
        return rc;
}

static void forget(uint64_t ino)
{
        if (ino > 1)
                overlay_ops_forget(m.tree, ino, 1);
}

/* --- operations: each on both sides --- */

static void do_make(mode_t kind)
{
        static const struct overlay_create base = {.umask = 022};
        struct overlay_create create = base;
        struct overlay_attr attr;
        const char *name;
        char path[32], target[32];
        uint64_t parent;
        int rc, should = -1;

        random_path(path);
        snprintf(target, sizeof(target), "/nowhere/%u", pick(100000));
        create.mode = kind | (S_ISDIR(kind) ? 0755 : S_ISLNK(kind) ? 0777 : 0644);
        create.umask = 0;
        create.target = target;
        create.uid = getuid();
        create.gid = getgid();
        rc = find_parent(path, &parent, &name);
        if (rc == 0) {
                rc = overlay_ops_make(m.tree, parent, name, &create, &attr);
                if (rc == 0)
                        forget(attr.ino);
                forget(parent);
        }
        switch (kind) {
        case S_IFDIR:
                should = mkdirat(m.plain, path, 0755);
                break;
        case S_IFLNK:
                should = symlinkat(target, m.plain, path);
                break;
        default:
                should = mknodat(m.plain, path, create.mode, 0);
                break;
        }
        expect("make", path, target, rc, should < 0 ? -errno : 0);
}

static void do_link(void)
{
        char from[32], to[32];
        struct overlay_attr attr;
        uint64_t ino = 0, parent = 0;
        const char *name;
        int rc, should;

        random_path(from);
        random_path(to);
        rc = find(from, &ino);
        if (rc == 0)
                rc = find_parent(to, &parent, &name);
        if (rc == 0) {
                /* the kernel looks at the new name first */
                rc = overlay_ops_lookup(m.tree, parent, name, &attr);
                if (rc == 0) {
                        forget(attr.ino);
                        rc = -EEXIST;
                } else if (rc == -ENOENT) {
                        rc = overlay_ops_link(m.tree, ino, parent, name, &attr);
                        if (rc == 0)
                                forget(attr.ino);
                }
                forget(parent);
        }
        if (ino != 0)
                forget(ino);
        should = linkat(m.plain, from, m.plain, to, 0);
        expect("link", from, to, rc, should < 0 ? -errno : 0);
}

static void do_remove(bool dir)
{
        const char *name;
        char path[32];
        uint64_t parent;
        int rc, should;

        random_path(path);
        rc = find_parent(path, &parent, &name);
        if (rc == 0) {
                rc = dir ? overlay_ops_rmdir(m.tree, parent, name) : overlay_ops_unlink(m.tree, parent, name);
                forget(parent);
        }
        should = unlinkat(m.plain, path, dir ? AT_REMOVEDIR : 0);
        expect(dir ? "rmdir" : "unlink", path, "", rc, should < 0 ? -errno : 0);
}

static void do_rename(unsigned flags)
{
        char from[32], to[32];
        const char *name = NULL, *new_name = NULL;
        uint64_t parent = 0, new_parent = 0;
        int rc, should;

        random_path(from);
        random_path(to);
        rc = find_parent(from, &parent, &name);
        if (rc == 0) {
                rc = find_parent(to, &new_parent, &new_name);
                if (rc == 0) {
                        rc = overlay_ops_rename(m.tree, parent, name, new_parent, new_name, flags);
                        forget(new_parent);
                }
                forget(parent);
        }
        should = (int)syscall(SYS_renameat2, m.plain, from, m.plain, to, flags);
        should = should < 0 ? -errno : 0;
        /* a directory into itself over something: the order of the kernel's checks is the caller's business */
        expect(flags == RENAME_EXCHANGE ? "exchange"
               : flags != 0             ? "rename (noreplace)"
                                        : "rename",
               from, to, rc, should);
}

/* A file that is there, on both sides: by path, or one that was opened before. */
static bool open_file(uint64_t *ret_ino, int *ret_fd, char path[32])
{
        struct overlay_attr attr;
        int rc;

        if (m.held_count > 0 && pick(4) == 0) {
                uint32_t i = pick((uint32_t)m.held_count);

                snprintf(path, 32, "(held)");
                *ret_ino = m.held[i].ino;
                *ret_fd = dup(m.held[i].fd);
                (void)overlay_ops_open(m.tree, *ret_ino);
                return true;
        }
        random_path(path);
        *ret_fd = openat(m.plain, path, O_RDWR | O_NOFOLLOW | O_CLOEXEC | O_NONBLOCK);
        if (*ret_fd < 0)
                return false;
        rc = find(path, ret_ino);
        expect("open", path, "", rc, 0);
        if (overlay_ops_getattr(m.tree, *ret_ino, &attr) < 0)
                mismatch("cannot stat %s", path);
        if (S_ISREG(attr.mode))
                return true;
        close(*ret_fd);
        forget(*ret_ino);
        return false;
}

static void close_file(uint64_t ino, int fd)
{
        close(fd);
        forget(ino);
}

static void do_hold(void)
{
        char path[32];
        struct held held;

        if (m.held_count == HELD_MAX) {
                struct held *h = &m.held[pick(HELD_MAX)];

                close_file(h->ino, h->fd);
                *h = m.held[--m.held_count];
        }
        if (open_file(&held.ino, &held.fd, path))
                m.held[m.held_count++] = held;
}

static void do_write(void)
{
        static char bytes[FILE_MAX_];
        char path[32];
        uint64_t ino;
        int fd;
        size_t size = pick(3) == 0 ? pick(FILE_MAX_ / 2) : pick(300),
               offset = pick(2) == 0 ? pick(FILE_MAX_ / 2) : pick(500);

        if (!open_file(&ino, &fd, path))
                return;
        for (size_t i = 0; i < size; i++)
                bytes[i] = (char)('A' + pick(26));
        if (size > 0)
                expect("write", path, "", overlay_ops_write_sz(m.tree, ino, bytes, size, offset, 0),
                       pwrite(fd, bytes, size, (off_t)offset));
        close_file(ino, fd);
}

/* tmpfs stamps what is cut to the size that it has, if there are pages (shmem_truncate_range), other file systems do
 * not. */
static int plain_truncate(int fd, uint64_t size)
{
        struct timespec times[2] = {{.tv_nsec = UTIME_OMIT}, {.tv_sec = 0}};
        char path[32];
        struct stat before;
        int rc;

        if (fstat(fd, &before) < 0)
                return -1;
        /* not ftruncate(2), for which the kernel asks for a new mtime even when the size stays */
        (void)snprintf(path, sizeof(path), "/proc/self/fd/%d", fd);
        rc = truncate(path, (off_t)size);
        times[1] = before.st_mtim;
        if (rc == 0 && (uint64_t)before.st_size == size)
                rc = futimens(fd, times);
        return rc;
}

static void do_truncate(void)
{
        struct overlay_change change = {.set = OVERLAY_SET_SIZE};
        struct overlay_attr attr;
        char path[32];
        uint64_t ino;
        int fd;

        if (!open_file(&ino, &fd, path))
                return;
        change.size = pick(4) == 0 ? 0 : pick(FILE_MAX_);
        expect("truncate", path, "", overlay_ops_setattr(m.tree, ino, &change, true, &attr),
               plain_truncate(fd, change.size));
        close_file(ino, fd);
}

static void do_fallocate(void)
{
        static const int modes[] = {0, FALLOC_FL_KEEP_SIZE, FALLOC_FL_PUNCH_HOLE | FALLOC_FL_KEEP_SIZE,
                                    FALLOC_FL_ZERO_RANGE, FALLOC_FL_ZERO_RANGE | FALLOC_FL_KEEP_SIZE};
        int mode = modes[pick(ARRAY_SIZE(modes))], fd, should;
        uint64_t ino, offset = pick(FILE_MAX_), length = 1 + pick(FILE_MAX_ / 2);
        char path[32];

        if (!open_file(&ino, &fd, path))
                return;
        should = fallocate(fd, mode, (off_t)offset, (off_t)length) < 0 ? -errno : 0;
        if (should != -EOPNOTSUPP)
                expect("fallocate", path, "", overlay_ops_fallocate(m.tree, ino, mode, offset, length), should);
        close_file(ino, fd);
}

/* copy_file_range through memory: the plain file system may not share, or refuse */
static void do_copy(void)
{
        static char bytes[FILE_MAX_];
        uint64_t in, out, in_offset = pick(FILE_MAX_ / 2), out_offset = pick(FILE_MAX_ / 2), size = 1 + pick(20000);
        char path[32], path2[32];
        int fd, fd2;
        ssize_t n, is;

        if (!open_file(&in, &fd, path))
                return;
        if (!open_file(&out, &fd2, path2)) {
                close_file(in, fd);
                return;
        }
        n = pread(fd, bytes, size, (off_t)in_offset);
        is = overlay_ops_copy_sz(m.tree, in, in_offset, out, out_offset, size);
        if (in == out && in_offset < out_offset + (uint64_t)n && out_offset < in_offset + (uint64_t)n) {
                expect("copy onto itself", path, path2, is, -EINVAL);
        } else {
                expect("copy", path, path2, is, n);
                if (n > 0 && pwrite(fd2, bytes, (size_t)n, (off_t)out_offset) != n)
                        mismatch("cannot write the plain file");
        }
        close_file(in, fd);
        close_file(out, fd2);
}

static void do_attributes(void)
{
        struct overlay_change change = {.set = pick(2) ? OVERLAY_SET_MODE : OVERLAY_SET_MTIME};
        struct timespec times[2] = {{.tv_nsec = UTIME_OMIT}, {.tv_sec = 0}};
        struct overlay_attr attr;
        char path[32];
        uint64_t ino;
        struct stat st;
        int rc, should;

        random_path(path);
        change.mode = pick(01000) | 0600;
        change.mtime.tv_sec = (time_t)pick(1000000);
        change.mtime.tv_nsec = (long)pick(1000000000);
        times[1] = change.mtime;
        if (fstatat(m.plain, path, &st, AT_SYMLINK_NOFOLLOW) == 0 && S_ISLNK(st.st_mode))
                change.set = OVERLAY_SET_MTIME;
        if (change.set == OVERLAY_SET_MODE)
                should = fchmodat(m.plain, path, change.mode | (S_ISDIR(st.st_mode) ? 0700 : 0), 0);
        else
                should = utimensat(m.plain, path, times, AT_SYMLINK_NOFOLLOW);
        should = should < 0 ? -errno : 0;
        if (should == 0 && S_ISDIR(st.st_mode))
                change.mode |= 0700;
        rc = find(path, &ino);
        if (rc == 0) {
                rc = overlay_ops_setattr(m.tree, ino, &change, true, &attr);
                forget(ino);
        }
        expect("set attributes", path, "", rc, should);
}

static void do_xattr(void)
{
        static const char *const names[] = {"user.a", "user.bb", "user.c"};
        const char *name = names[pick(3)];
        char path[32], value[16];
        uint64_t ino;
        int fd, rc, should;
        bool set = pick(3) > 0;

        if (!m.xattrs || !open_file(&ino, &fd, path))
                return;
        snprintf(value, sizeof(value), "%u", pick(1000));
        if (set) {
                int flags = (int[]){0, XATTR_CREATE, XATTR_REPLACE}[pick(3)];

                should = fsetxattr(fd, name, value, strlen(value), flags);
                should = should < 0 ? -errno : 0;
                rc = overlay_ops_setxattr(m.tree, ino, name, value, strlen(value), flags);
        } else {
                should = fremovexattr(fd, name);
                should = should < 0 ? -errno : 0;
                rc = overlay_ops_removexattr(m.tree, ino, name);
        }
        expect(set ? "setxattr" : "removexattr", path, name, rc, should);
        close_file(ino, fd);
}

/* --- comparing --- */

struct pair {
        ino_t plain;
        uint64_t ino;
};

static struct pair pairs[4096];
static size_t pair_count;

static void check_identity(const char *path, ino_t plain, uint64_t ino)
{
        for (size_t i = 0; i < pair_count; i++)
                if ((pairs[i].plain == plain) != (pairs[i].ino == ino))
                        mismatch("%s is %llu, and so is another", path, (unsigned long long)ino);
        if (pair_count < ARRAY_SIZE(pairs))
                pairs[pair_count++] = (struct pair){plain, ino};
}

static void compare_bytes(const char *path, int fd, uint64_t ino, size_t size)
{
        static char is[2 * FILE_MAX_], should[2 * FILE_MAX_];
        int64_t at = 0, data, hole;

        expect("read", path, "", overlay_ops_read_sz(m.tree, ino, is, sizeof(is), 0), (int64_t)size);
        if (pread(fd, should, sizeof(should), 0) != (ssize_t)size)
                mismatch("cannot read the plain file %s", path);
        for (size_t i = 0; i < size; i++)
                if (is[i] != should[i])
                        mismatch("%s differs at byte %zu of %zu", path, i, size);
        /* holes are zeros, and data and holes take turns */
        while (at < (int64_t)size && overlay_ops_lseek(m.tree, ino, at, SEEK_DATA, &data) == 0) {
                expect("hole behind data", path, "", overlay_ops_lseek(m.tree, ino, data, SEEK_HOLE, &hole), 0);
                for (int64_t i = at; i < data; i++)
                        if (is[i] != 0)
                                mismatch("%s has data in a hole at %lld", path, (long long)i);
                if (hole <= data || hole > (int64_t)size)
                        mismatch("%s: a hole at %lld behind data at %lld", path, (long long)hole, (long long)data);
                at = hole;
        }
}

static void compare_xattrs(const char *path, int fd, uint64_t ino)
{
        char is[256], should[256];
        static const char *const names[] = {"user.a", "user.bb", "user.c"};

        for (size_t i = 0; m.xattrs && i < ARRAY_SIZE(names); i++) {
                ssize_t n = fgetxattr(fd, names[i], should, sizeof(should)), rc;

                n = n < 0 ? -errno : n;
                rc = overlay_ops_getxattr_sz(m.tree, ino, names[i], is, sizeof(is));
                expect("getxattr", path, names[i], rc, n);
                if (n > 0 && memcmp(is, should, (size_t)n) != 0)
                        mismatch("%s of %s differs", names[i], path);
        }
}

static void compare_times(const char *path, const struct stat *st, const struct overlay_attr *attr)
{
        /* times that were set lie far in the past, others are those of the two clocks */
        if (st->st_mtim.tv_sec > 2000000 && attr->mtime.tv_sec > 2000000)
                return;
        expect("mtime of", path, "", attr->mtime.tv_sec, st->st_mtim.tv_sec);
}

static void compare_node(const char *path, uint64_t ino, const struct stat *st)
{
        CLEANUP_FREE char *target = NULL;
        struct overlay_attr attr;
        char plain_target[64] = "";
        int fd;

        if (overlay_ops_getattr(m.tree, ino, &attr) < 0)
                mismatch("cannot stat %s", path);
        expect("mode of", path, "", attr.mode, st->st_mode);
        expect("nlink of", path, "", attr.nlink, (int64_t)st->st_nlink);
        expect("owner of", path, "", attr.uid, st->st_uid);
        compare_times(path, st, &attr);
        check_identity(path, st->st_ino, ino);
        if (S_ISLNK(st->st_mode)) {
                if (readlinkat(m.plain, path, plain_target, sizeof(plain_target) - 1) < 0 ||
                    overlay_ops_readlink(m.tree, ino, &target) < 0 || strcmp(target, plain_target) != 0)
                        mismatch("target of %s differs", path);
        }
        if (!S_ISREG(st->st_mode))
                return;
        expect("size of", path, "", (int64_t)attr.size, st->st_size);
        fd = openat(m.plain, path, O_RDONLY | O_CLOEXEC);
        compare_bytes(path, fd, ino, attr.size);
        compare_xattrs(path, fd, ino);
        close(fd);
}

struct names {
        char names[64][4];
        uint64_t inos[64];
        size_t count;
};

static bool add_name(void *context, const struct overlay_dirent *e)
{
        struct names *names = context;

        if (strcmp(e->name, ".") == 0 || strcmp(e->name, "..") == 0)
                return true;
        if (names->count == 64)
                mismatch("too many names");
        for (size_t i = 0; i < names->count; i++)
                if (strcmp(names->names[i], e->name) == 0)
                        mismatch("readdir shows %s twice", e->name);
        snprintf(names->names[names->count], 4, "%s", e->name);
        names->inos[names->count++] = e->attr.ino;
        return true;
}

static void compare_dir(const char *path, uint64_t ino)
{
        struct names names = {.count = 0};
        size_t seen = 0;
        char sub[256];

        expect("readdir", path, "", overlay_ops_readdir(m.tree, ino, 0, pick(2), add_name, &names), 0);
        /* with `plus` lookups were counted: the session's end drops them */
        for (char c = 'a'; c < 'a' + NAMES; c++) {
                struct stat st;
                size_t i = 0;
                char name[2] = {c, '\0'};

                snprintf(sub, sizeof(sub), "%s%s%s", path, path[0] != '\0' ? "/" : "", name);
                while (i < names.count && strcmp(names.names[i], name) != 0)
                        i++;
                if (fstatat(m.plain, sub, &st, AT_SYMLINK_NOFOLLOW) < 0) {
                        if (i < names.count)
                                mismatch("%s should be missing", sub);
                        continue;
                }
                if (i == names.count)
                        mismatch("%s is missing", sub);
                seen++;
                {
                        uint64_t found;

                        expect("find", sub, "", find(sub, &found), 0);
                        expect("number in readdir of", sub, "", (int64_t)names.inos[i], (int64_t)found);
                        compare_node(sub, found, &st);
                        if (S_ISDIR(st.st_mode))
                                compare_dir(sub, found);
                        forget(found);
                }
        }
        expect("names in", path, "", (int64_t)names.count, (int64_t)seen);
}

static void compare(void)
{
        struct stat st;
        struct overlay_attr attr;

        pair_count = 0;
        compare_dir("", 1);
        if (fstat(m.plain, &st) == 0 && overlay_ops_getattr(m.tree, 1, &attr) == 0)
                expect("nlink of", "/", "", attr.nlink, (int64_t)st.st_nlink);
        for (size_t i = 0; i < m.held_count; i++) {
                if (fstat(m.held[i].fd, &st) < 0 || overlay_ops_getattr(m.tree, m.held[i].ino, &attr) < 0)
                        mismatch("an open file is lost");
                expect("nlink of", "(held)", "", attr.nlink, (int64_t)st.st_nlink);
                expect("size of", "(held)", "", (int64_t)attr.size, st.st_size);
                compare_bytes("(held)", m.held[i].fd, m.held[i].ino, attr.size);
        }
}

/* --- sequences --- */

static void attach(void)
{
        m.tree = fixture_tree(&m.f);
        if (!overlay_ops_attach(m.tree))
                mismatch("cannot attach");
}

static void seal(bool reimport)
{
        while (m.held_count > 0) {
                struct held *h = &m.held[--m.held_count];

                close_file(h->ino, h->fd);
        }
        overlay_ops_detach(m.tree);
        fixture_seal(&m.f, m.tree, false);
        if (reimport)
                for (size_t i = 0; i < m.f.layer_count; i++)
                        reimport_layer(&m.f, i);
        attach();
        compare();
}

static void one_operation(void)
{
        switch (pick(24)) {
        case 0:
        case 1:
        case 2:
                do_make(S_IFREG);
                break;
        case 3:
        case 4:
                do_make(S_IFDIR);
                break;
        case 5:
                do_make(pick(3) == 0 ? S_IFIFO : S_IFLNK);
                break;
        case 6:
        case 7:
                do_link();
                break;
        case 8:
        case 9:
                do_remove(false);
                break;
        case 10:
                do_remove(true);
                break;
        case 11:
        case 12:
        case 13:
                do_rename(0);
                break;
        case 14:
                do_rename(RENAME_NOREPLACE);
                break;
        case 15:
                do_rename(RENAME_EXCHANGE);
                break;
        case 16:
        case 17:
                do_write();
                break;
        case 18:
                do_truncate();
                break;
        case 19:
                do_fallocate();
                break;
        case 20:
                do_copy();
                break;
        case 21:
                do_attributes();
                break;
        case 22:
                do_xattr();
                break;
        default:
                do_hold();
                break;
        }
}

static void remove_plain(int dirfd, const char *name)
{
        int fd = openat(dirfd, name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);

        if (fd >= 0) {
                for (char c = 'a'; c < 'a' + NAMES; c++)
                        remove_plain(fd, (char[]){c, '\0'});
                close(fd);
                (void)unlinkat(dirfd, name, AT_REMOVEDIR);
        } else {
                (void)unlinkat(dirfd, name, 0);
        }
}

static void run(unsigned long one_seed, unsigned operations)
{
        const char *base = access("/dev/shm", W_OK) == 0 ? "/dev/shm" : "/tmp";
        seed = one_seed;
        memset(&m, 0, sizeof(m));
        m.state = one_seed * UINT64_C(0x9e3779b97f4a7c15) + 1;
        fixture_begin(&m.f);
        snprintf(m.plain_path, sizeof(m.plain_path), "%s/bryo-model-XXXXXX", base);
        if (mkdtemp(m.plain_path) == NULL || (m.plain = open(m.plain_path, O_RDONLY | O_DIRECTORY | O_CLOEXEC)) < 0)
                CHECK_SKIP("no place for a plain directory");
        m.xattrs = fsetxattr(m.plain, "user.try", "", 0, 0) == 0;
        if (m.xattrs)
                (void)fremovexattr(m.plain, "user.try");
        attach();
        for (m.op = 1; m.op <= operations; m.op++) {
                one_operation();
                if (m.op % 25 == 0)
                        compare();
                if (pick(70) == 0)
                        seal(pick(4) == 0);
        }
        compare();
        seal(false);
        seal(true);
        overlay_ops_detach(m.tree);
        overlay_tree_close(m.tree);
        fixture_end(&m.f);
        for (char c = 'a'; c < 'a' + NAMES; c++)
                remove_plain(m.plain, (char[]){c, '\0'});
        close(m.plain);
        rmdir(m.plain_path);
}

int main(void)
{
        const char *one = getenv("BRYO_SEED"), *rounds = getenv("BRYO_ROUNDS");
        /* the same sequences each time, unless it is told how many: then new ones */
        unsigned long first = one != NULL ? strtoul(one, NULL, 10) : rounds != NULL ? (unsigned long)time(NULL) : 1000;
        unsigned long count = one != NULL ? 1 : rounds != NULL ? strtoul(rounds, NULL, 10) : 60;

        umask(0);
        printf("# seeds %lu to %lu\n", first, first + count - 1);
        fflush(stdout);
        for (unsigned long i = 0; i < count; i++)
                run(first + i, 400);
        printf("ok model\n");
        return CHECK_END();
}
