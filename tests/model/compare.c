/* SPDX-License-Identifier: Apache-2.0 */
/* Two trees side by side, to the last attribute. */
#include "tests/model/compare.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/xattr.h>
#include <unistd.h>

#include "common/fd.h"
#include "common/memory.h"

#define NAMES_MAX 300
#define READ_MAX  (2 * SIDE_FILE_MAX)

/* One entry as it is on both sides; 0 is the plain one. */
struct pair {
        const char *path; /* for messages */
        const char *name; /* in both directories; NULL: `fds` are the nodes themselves */
        int fds[2];
        struct stat st[2];
};

__attribute__((format(printf, 3, 4))) static bool differs(struct comparison *c, const struct pair *p,
                                                          const char *format, ...)
{
        char text[1000];
        va_list ap;

        va_start(ap, format);
        vsnprintf(text, sizeof(text), format, ap);
        va_end(ap);
        buffer_printf(c->why, "%.300s: %s", p->path[0] ? p->path : ".", text);
        return false;
}

static bool same(struct comparison *c, const struct pair *p, const char *what, uint64_t other, uint64_t plain)
{
        if (other == plain)
                return true;
        return strcmp(what, "mode") == 0 ? differs(c, p, "mode is 0%llo, should be 0%llo", (unsigned long long)other,
                                                   (unsigned long long)plain)
                                         : differs(c, p, "%s is %llu, should be %llu", what, (unsigned long long)other,
                                                   (unsigned long long)plain);
}

/* --- attributes --- */

/* What only a descriptor holds ends with it, and a seal ends every descriptor. */
static bool outlives_descriptors(const struct pair *p)
{
        return p->name != NULL || p->path[0] == '\0';
}

static bool compare_identity(struct comparison *c, const struct pair *p)
{
        struct identity own = {p->st[0].st_ino, p->st[1].st_ino, outlives_descriptors(p) ? c->number : 0};

        /* a seal ends every socket, and its number may then be another's */
        if (S_ISSOCK(p->st[0].st_mode))
                return true;
        for (size_t i = 0; i < c->identity_count; i++) {
                struct identity *known = &c->identities[i];

                if (known->plain == own.plain && known->other == own.other) {
                        if (own.seen != 0)
                                known->seen = own.seen;
                        return true;
                }
                if (known->plain == own.plain)
                        return differs(c, p, "was inode %llu and is now inode %llu", (unsigned long long)known->other,
                                       (unsigned long long)own.other);
                if (known->other == own.other)
                        return differs(c, p, "has inode number %llu, which belongs (or belonged) to another inode",
                                       (unsigned long long)own.other);
        }
        memory_grow(&c->identities, &c->identity_cap, c->identity_count + 1, sizeof(*c->identities));
        c->identities[c->identity_count++] = own;
        return true;
}

void compare_forget_dead(struct comparison *c)
{
        size_t kept = 0;

        for (size_t i = 0; i < c->identity_count; i++)
                if (c->identities[i].seen == c->number)
                        c->identities[kept++] = c->identities[i];
        c->identity_count = kept;
}

void compare_forget_identities(struct comparison *c)
{
        c->identity_count = 0;
}

/* "Now" is another moment on each side; any other time was set, and is the same to the nanosecond. */
static bool compare_mtime(struct comparison *c, const struct pair *p)
{
        struct timespec plain = p->st[0].st_mtim, other = p->st[1].st_mtim;
        time_t end = time(NULL) + 1;
        bool plain_now = plain.tv_sec >= c->start && plain.tv_sec <= end,
             other_now = other.tv_sec >= c->start && other.tv_sec <= end;

        /* what passes through a FIFO moves its mtime on every file system but FUSE (S_NOCMTIME in fuse_init_inode) */
        if (S_ISFIFO(p->st[0].st_mode))
                return true;
        if (c->whole_seconds && other.tv_nsec != 0)
                return differs(c, p, "mtime has nanoseconds after the seal");
        if (plain_now && other_now)
                return true;
        if (plain.tv_sec == other.tv_sec && plain.tv_nsec == other.tv_nsec)
                return true;
        return differs(c, p, "mtime is %lld.%09ld, should be %lld.%09ld%s", (long long)other.tv_sec, other.tv_nsec,
                       (long long)plain.tv_sec, plain.tv_nsec, plain_now ? " (now)" : "");
}

static bool compare_attributes(struct comparison *c, const struct pair *p)
{
        const struct stat *plain = &p->st[0], *other = &p->st[1];
        bool sized = !S_ISDIR(plain->st_mode);

        return same(c, p, "mode", side_mode(other->st_mode), side_mode(plain->st_mode)) &&
               same(c, p, "link count", other->st_nlink, plain->st_nlink) &&
               same(c, p, "uid", other->st_uid, plain->st_uid) && same(c, p, "gid", other->st_gid, plain->st_gid) &&
               same(c, p, "device", other->st_rdev, plain->st_rdev) &&
               (!sized || same(c, p, "size", (uint64_t)other->st_size, (uint64_t)plain->st_size)) &&
               compare_mtime(c, p) && compare_identity(c, p);
}

/* --- extended attributes --- */

static ssize_t list_xattrs(const struct pair *p, int side, char *names, size_t size)
{
        if (!p->name)
                return flistxattr(p->fds[side], names, size);
        return fchdir(p->fds[side]) < 0 ? -1 : llistxattr(p->name, names, size);
}

static ssize_t get_xattr(const struct pair *p, int side, const char *name, char *value, size_t size)
{
        if (!p->name)
                return fgetxattr(p->fds[side], name, value, size);
        return fchdir(p->fds[side]) < 0 ? -1 : lgetxattr(p->name, name, value, size);
}

static bool has_name(const char *names, ssize_t size, const char *name)
{
        for (ssize_t at = 0; at < size; at += (ssize_t)strlen(names + at) + 1)
                if (strcmp(names + at, name) == 0)
                        return true;
        return false;
}

static bool compare_xattrs(struct comparison *c, const struct pair *p)
{
        char plain[2000], other[2000], should[4000], is[4000];
        ssize_t plain_size = list_xattrs(p, 0, plain, sizeof(plain)),
                other_size = list_xattrs(p, 1, other, sizeof(other));

        if (plain_size < 0 || other_size < 0)
                return differs(c, p, "cannot list extended attributes: %s", strerror(errno));
        for (ssize_t at = 0; at < other_size; at += (ssize_t)strlen(other + at) + 1)
                if (!has_name(plain, plain_size, other + at))
                        return differs(c, p, "should not have %s", other + at);
        for (ssize_t at = 0; at < plain_size; at += (ssize_t)strlen(plain + at) + 1) {
                ssize_t m, n = get_xattr(p, 0, plain + at, should, sizeof(should));

                if (!has_name(other, other_size, plain + at))
                        return differs(c, p, "lacks %s", plain + at);
                m = get_xattr(p, 1, plain + at, is, sizeof(is));
                if (n != m || (n > 0 && memcmp(is, should, (size_t)n) != 0))
                        return differs(c, p, "%s differs (%zd bytes, should be %zd)", plain + at, m, n);
        }
        return true;
}

/* --- bytes --- */

/* What the union calls a hole reads as zeros, and data and holes take turns to the end. */
static bool check_holes(struct comparison *c, const struct pair *p, int fd, const char *bytes, off_t size)
{
        off_t at = 0;

        while (at < size) {
                off_t data = lseek(fd, at, SEEK_DATA), hole;

                if (data < 0 && errno != ENXIO)
                        return differs(c, p, "SEEK_DATA from %lld: %s", (long long)at, strerror(errno));
                if (data < 0)
                        data = size;
                for (off_t i = at; i < data && i < size; i++)
                        if (bytes[i] != 0)
                                return differs(c, p, "has data in a hole, at %lld", (long long)i);
                if (data >= size)
                        return true;
                hole = lseek(fd, data, SEEK_HOLE);
                if (hole <= data || hole > size)
                        return differs(c, p, "has data at %lld and a hole at %lld, of %lld", (long long)data,
                                       (long long)hole, (long long)size);
                at = hole;
        }
        return true;
}

static bool compare_bytes(struct comparison *c, const struct pair *p, const int fds[2])
{
        CLEANUP_FREE char *should = memory_alloc(READ_MAX);
        CLEANUP_FREE char *is = memory_alloc(READ_MAX);
        ssize_t n = pread(fds[0], should, READ_MAX, 0), m = pread(fds[1], is, READ_MAX, 0);

        if (m < 0)
                return differs(c, p, "cannot read: %s", strerror(errno));
        if (n != m)
                return differs(c, p, "gives %zd bytes, should give %zd", m, n);
        for (ssize_t i = 0; i < n; i++)
                if (is[i] != should[i])
                        return differs(c, p, "byte %zd of %zd is 0x%02x, should be 0x%02x", i, n, (unsigned char)is[i],
                                       (unsigned char)should[i]);
        return check_holes(c, p, fds[1], is, n);
}

static bool compare_file(struct comparison *c, const struct pair *p)
{
        const int flags = O_RDONLY | O_NOFOLLOW | O_NOATIME | O_CLOEXEC;
        CLEANUP_FD int plain = openat(p->fds[0], p->name, flags);
        CLEANUP_FD int other = openat(p->fds[1], p->name, flags);

        if (plain < 0 || other < 0)
                return differs(c, p, "cannot open: %s", strerror(errno));
        return compare_bytes(c, p, (const int[2]){plain, other});
}

static bool compare_target(struct comparison *c, const struct pair *p)
{
        char should[PATH_MAX], is[PATH_MAX];
        ssize_t n = readlinkat(p->fds[0], p->name, should, sizeof(should)),
                m = readlinkat(p->fds[1], p->name, is, sizeof(is));

        if (m < 0 || n != m || memcmp(is, should, (size_t)n) != 0)
                return differs(c, p, "leads to \"%.*s\", should lead to \"%.*s\"", (int)m, is, (int)n, should);
        return true;
}

/* --- directories --- */

struct names {
        struct dirent *entries[NAMES_MAX];
        size_t count;
};

static int by_name(const void *one, const void *other)
{
        return strcmp((*(struct dirent *const *)one)->d_name, (*(struct dirent *const *)other)->d_name);
}

static bool list(struct comparison *c, const struct pair *p, int side, DIR *dir, struct names *ret)
{
        struct dirent *entry;

        ret->count = 0;
        errno = 0;
        while ((entry = readdir(dir)) && ret->count < NAMES_MAX) {
                size_t size = offsetof(struct dirent, d_name) + strlen(entry->d_name) + 1;

                ret->entries[ret->count] = memory_alloc(sizeof(*entry));
                memcpy(ret->entries[ret->count++], entry, size);
                errno = 0;
        }
        if (errno != 0)
                return differs(c, p, "cannot list (%s): %s", side ? "union" : "plain", strerror(errno));
        qsort(ret->entries, ret->count, sizeof(ret->entries[0]), by_name);
        return true;
}

static bool compare_names(struct comparison *c, const struct pair *p, const struct names *plain,
                          const struct names *other)
{
        for (size_t i = 0;; i++) {
                const char *should = i < plain->count ? plain->entries[i]->d_name : NULL,
                           *is = i < other->count ? other->entries[i]->d_name : NULL;

                if (!should && !is)
                        return true;
                if (!should || (is && strcmp(is, should) < 0))
                        return differs(c, p, "should not list \"%s\"", is);
                if (!is || strcmp(is, should) != 0)
                        return differs(c, p, "does not list \"%s\"", should);
        }
}

static bool compare_directory(struct comparison *c, const struct pair *p);

static bool compare_entry(struct comparison *c, const struct pair *dir, const struct dirent *entry)
{
        CLEANUP_FREE char *path = memory_printf("%s%s%s", dir->path, dir->path[0] ? "/" : "", entry->d_name);
        struct pair p = {.path = path, .name = entry->d_name, .fds = {dir->fds[0], dir->fds[1]}};

        if (fstatat(p.fds[0], p.name, &p.st[0], AT_SYMLINK_NOFOLLOW) < 0)
                return differs(c, &p, "cannot stat on the plain side: %s", strerror(errno));
        if (fstatat(p.fds[1], p.name, &p.st[1], AT_SYMLINK_NOFOLLOW) < 0)
                return differs(c, &p, "cannot stat: %s", strerror(errno));
        if (entry->d_ino != p.st[1].st_ino)
                return differs(c, &p, "is inode %llu in readdir and %llu in stat", (unsigned long long)entry->d_ino,
                               (unsigned long long)p.st[1].st_ino);
        if (entry->d_type != DT_UNKNOWN && entry->d_type != IFTODT(p.st[1].st_mode))
                return differs(c, &p, "is of kind %d in readdir, mode 0%o", entry->d_type, p.st[1].st_mode);
        if (p.st[1].st_dev != dir->st[1].st_dev)
                return differs(c, &p, "is on another device");
        if (!compare_attributes(c, &p) || !compare_xattrs(c, &p))
                return false;
        switch (p.st[0].st_mode & S_IFMT) {
        case S_IFREG:
                return compare_file(c, &p);
        case S_IFLNK:
                return compare_target(c, &p);
        case S_IFDIR: {
                CLEANUP_FD int plain = openat(p.fds[0], p.name, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
                CLEANUP_FD int other = openat(p.fds[1], p.name, O_RDONLY | O_DIRECTORY | O_CLOEXEC);

                if (plain < 0 || other < 0)
                        return differs(c, &p, "cannot open: %s", strerror(errno));
                p.fds[0] = plain;
                p.fds[1] = other;
                return compare_directory(c, &p);
        }
        default:
                return true;
        }
}

static bool list_both(struct comparison *c, const struct pair *p, struct names names[2])
{
        for (int i = 0; i < 2; i++) {
                int fd = openat(p->fds[i], ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
                DIR *dir = fd < 0 ? NULL : fdopendir(fd);
                bool listed = dir && list(c, p, i, dir, &names[i]);

                if (!dir)
                        return differs(c, p, "cannot open: %s", strerror(errno));
                closedir(dir);
                if (!listed)
                        return false;
        }
        return true;
}

static bool compare_directory(struct comparison *c, const struct pair *p)
{
        struct names names[2] = {{.count = 0}, {.count = 0}};
        bool equal = list_both(c, p, names) && compare_names(c, p, &names[0], &names[1]);

        for (size_t i = 0; equal && i < names[1].count; i++) {
                const struct dirent *entry = names[1].entries[i];

                if (strcmp(entry->d_name, ".") != 0 && strcmp(entry->d_name, "..") != 0)
                        equal = compare_entry(c, p, entry);
        }
        for (size_t i = 0; i < 2; i++)
                while (names[i].count > 0)
                        free(names[i].entries[--names[i].count]);
        return equal;
}

/* --- what is open --- */

static bool compare_slot(struct comparison *c, size_t slot)
{
        struct pair p = {.path = "(held)", .name = NULL, .fds = {c->plain->slots[slot], c->other->slots[slot]}};
        char path[16];
        int flags;

        snprintf(path, sizeof(path), "(slot %zu)", slot);
        p.path = path;
        if (p.fds[0] < 0 && p.fds[1] < 0)
                return true;
        if (fstat(p.fds[0], &p.st[0]) < 0 || fstat(p.fds[1], &p.st[1]) < 0)
                return differs(c, &p, "cannot stat what is open: %s", strerror(errno));
        /* a descriptor may be of a place beside the roots, by ".." */
        if (p.st[0].st_dev != c->devices[0] || p.st[1].st_dev != c->devices[1])
                return same(c, &p, "being elsewhere", p.st[1].st_dev != c->devices[1], p.st[0].st_dev != c->devices[0]);
        if (!compare_attributes(c, &p))
                return false;
        flags = fcntl(p.fds[0], F_GETFL);
        if (flags & O_PATH)
                return true;
        if (!compare_xattrs(c, &p))
                return false;
        if (!S_ISREG(p.st[0].st_mode) || (flags & O_ACCMODE) == O_WRONLY || (flags & O_ACCMODE) == O_ACCMODE ||
            flags & O_DIRECT)
                return true;
        {
                off_t place = lseek(p.fds[1], 0, SEEK_CUR);
                bool equal = same(c, &p, "position", (uint64_t)place, (uint64_t)lseek(p.fds[0], 0, SEEK_CUR)) &&
                             compare_bytes(c, &p, p.fds);

                /* looking for holes moved it */
                return lseek(p.fds[1], place, SEEK_SET) == place && equal;
        }
}

bool compare_trees(struct comparison *c)
{
        struct pair root = {.path = "", .fds = {c->plain->root, c->other->root}};
        bool equal;

        c->number++;
        if (fstat(root.fds[0], &root.st[0]) < 0 || fstat(root.fds[1], &root.st[1]) < 0)
                return differs(c, &root, "cannot stat the root: %s", strerror(errno));
        c->devices[0] = root.st[0].st_dev;
        c->devices[1] = root.st[1].st_dev;
        equal = compare_attributes(c, &root) && compare_xattrs(c, &root) && compare_directory(c, &root);
        for (size_t i = 0; equal && i < SIDE_SLOTS; i++)
                equal = compare_slot(c, i);
        if (chdir("/") < 0)
                return differs(c, &root, "cannot leave");
        return equal;
}
