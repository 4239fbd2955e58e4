/* SPDX-License-Identifier: Apache-2.0 */
/* Attributes through a real mount: times, modes and owners, what clears privileges, extended attributes, ACLs, and who
 * may do what. */
#include <sys/mman.h>
#include <sys/xattr.h>

#include <linux/capability.h>
#include <linux/fuse.h>

#include "common/memory.h"
#include "overlay/server.h"
#include "tests/unit/overlay_server_mount.h"
#include "tests/unit/overlay_server_tree.h"

#define CHECK_FAILS(call, error)                                                                                       \
        do {                                                                                                           \
                errno = 0;                                                                                             \
                CHECK_INT(call, -1);                                                                                   \
                CHECK_STR(strerror(errno), strerror(error));                                                           \
        } while (0)

static void put(const char *path, const char *text, mode_t mode)
{
        int fd = open(path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0644);

        CHECK(fd >= 0);
        CHECK_INT(write(fd, text, strlen(text)), strlen(text));
        CHECK_INT(fchmod(fd, mode), 0);
        CHECK_INT(close(fd), 0);
}

static struct stat stat_of(const char *path)
{
        struct stat st;

        memset(&st, 0, sizeof st);
        CHECK_INT(lstat(path, &st), 0);
        return st;
}

static mode_t mode_of(const char *path)
{
        return stat_of(path).st_mode & 07777;
}

/* Many ids are mapped only when root runs the tests. */
static bool many_ids(void)
{
        char text[64];
        int fd = open("/proc/self/uid_map", O_RDONLY | O_CLOEXEC);
        ssize_t n = read(fd, text, sizeof text - 1);
        unsigned from, to, count = 0;

        close(fd);
        text[n > 0 ? n : 0] = '\0';
        return sscanf(text, "%u %u %u\n%u", &from, &to, &count, &from) == 4;
}

/* --- times ----------------------------------------------------------------------- */

static void test_times(void)
{
        static const struct timespec table[] = {
                {.tv_sec = 0, .tv_nsec = 1},
                {.tv_sec = -1, .tv_nsec = 999999999},
                {.tv_sec = -3000000000, .tv_nsec = 5},
                {.tv_sec = 4294967296, .tv_nsec = 123456789},
                {.tv_sec = 253402300800, .tv_nsec = 0},
        };
        size_t i;

        put("t", "x", 0644);
        CHECK_INT(mkdir("td", 0755), 0);
        for (i = 0; i < ARRAY_SIZE(table); i++) {
                struct timespec times[2] = {table[i], table[i]};

                CHECK_INT(utimensat(AT_FDCWD, "t", times, 0), 0);
                CHECK_INT(stat_of("t").st_mtim.tv_sec, table[i].tv_sec);
                CHECK_INT(stat_of("t").st_mtim.tv_nsec, table[i].tv_nsec);
                CHECK_INT(utimensat(AT_FDCWD, "td", times, 0), 0);
                CHECK_INT(stat_of("td").st_mtim.tv_sec, table[i].tv_sec);
        }
}

static void test_times_omit_and_now(void)
{
        struct timespec times[2] = {{.tv_nsec = UTIME_OMIT}, {.tv_sec = 1000, .tv_nsec = 7}};
        struct stat before, after;

        CHECK_INT(utimensat(AT_FDCWD, "t", times, 0), 0);
        times[0] = (struct timespec){.tv_nsec = UTIME_NOW};
        times[1] = (struct timespec){.tv_nsec = UTIME_OMIT};
        CHECK_INT(utimensat(AT_FDCWD, "t", times, 0), 0);
        CHECK_INT(stat_of("t").st_mtim.tv_sec, 1000);
        CHECK_INT(stat_of("t").st_mtim.tv_nsec, 7);
        before = stat_of("t");
        CHECK_INT(utimensat(AT_FDCWD, "t", NULL, 0), 0);
        after = stat_of("t");
        CHECK(after.st_mtim.tv_sec > 1600000000);
        CHECK(after.st_ctim.tv_sec >= before.st_ctim.tv_sec);
}

/* The times of a written file are the kernel's until they reach the tree; they must be the same before, after, and in
 * another mount. */
static void test_times_of_writes(void)
{
        struct timespec old[2] = {{.tv_sec = 5}, {.tv_sec = 5}};
        struct stat open_st, closed_st, dir_before, dir_after;
        int fd;

        put("w", "x", 0644);
        CHECK_INT(utimensat(AT_FDCWD, "w", old, 0), 0);
        fd = open("w", O_WRONLY | O_APPEND | O_CLOEXEC);
        CHECK_INT(write(fd, "more", 4), 4);
        CHECK_INT(fstat(fd, &open_st), 0);
        CHECK(open_st.st_mtim.tv_sec > 1600000000);
        CHECK_INT(close(fd), 0);
        closed_st = stat_of("w");
        CHECK_INT(closed_st.st_mtim.tv_sec, open_st.st_mtim.tv_sec);
        CHECK_INT(closed_st.st_mtim.tv_nsec, open_st.st_mtim.tv_nsec);
        CHECK_INT(chmod("w", 0600), 0);
        CHECK_INT(stat_of("w").st_mtim.tv_nsec, open_st.st_mtim.tv_nsec);

        CHECK_INT(utimensat(AT_FDCWD, "td", old, 0), 0);
        dir_before = stat_of("td");
        put("td/new", "", 0644);
        dir_after = stat_of("td");
        CHECK(dir_after.st_mtim.tv_sec > dir_before.st_mtim.tv_sec);
        CHECK(dir_after.st_ctim.tv_sec >= dir_before.st_ctim.tv_sec);
        /* tar: data, then times, then close, which sends the data */
        fd = open("restored", O_WRONLY | O_CREAT | O_CLOEXEC, 0644);
        CHECK_INT(write(fd, "data", 4), 4);
        CHECK_INT(futimens(fd, old), 0);
        CHECK_INT(close(fd), 0);
        CHECK_INT(stat_of("restored").st_mtim.tv_sec, 5);
}

/* --- modes and owners ------------------------------------------------------------- */

static void test_umask_and_setgid(void)
{
        mode_t before = umask(027);

        CHECK_INT(mkdir("um", 0777), 0);
        CHECK_INT(mode_of("um"), 0750);
        CHECK_INT(mknod("um/fifo", S_IFIFO | 0666, 0), 0);
        CHECK_INT(mode_of("um/fifo"), 0640);
        close(open("um/file", O_WRONLY | O_CREAT | O_CLOEXEC, 0777));
        CHECK_INT(mode_of("um/file"), 0750);
        CHECK_INT(symlink("x", "um/link"), 0);
        CHECK_INT(mode_of("um/link"), 0777);
        umask(before);
        CHECK_INT(chmod("um", 02755), 0);
        if (many_ids()) {
                CHECK_INT(chown("um", 0, 1234), 0);
                CHECK_INT(chmod("um", 02755), 0);
                CHECK_INT(mkdir("um/sub", 0755), 0);
                CHECK_INT(stat_of("um/sub").st_gid, 1234);
                close(open("um/f2", O_WRONLY | O_CREAT | O_CLOEXEC, 0755));
                CHECK_INT(stat_of("um/f2").st_gid, 1234);
                CHECK_INT(mode_of("um/sub"), 02755);
        }
}

static void test_privileges_are_cleared(void)
{
        char *p;
        int fd;

        put("suid", "x", 06755);
        CHECK_INT(mode_of("suid"), 06755);
        fd = open("suid", O_WRONLY | O_CLOEXEC);
        CHECK_INT(write(fd, "y", 1), 1);
        CHECK_INT(mode_of("suid"), 0755); /* at once, not at close */
        close(fd);
        CHECK_INT(chmod("suid", 06755), 0);
        CHECK_INT(truncate("suid", 0), 0);
        CHECK_INT(mode_of("suid"), 0755);
        CHECK_INT(chmod("suid", 06755), 0);
        CHECK_INT(chown("suid", 0, 0), 0);
        CHECK_INT(mode_of("suid"), 0755);
        CHECK_INT(chmod("suid", 04755), 0);
        CHECK_INT(chown("suid", -1, -1), 0);
        CHECK_INT(mode_of("suid"), 0755);
        /* sgid without group execution is not a privilege */
        CHECK_INT(chmod("suid", 02644), 0);
        fd = open("suid", O_WRONLY | O_APPEND | O_CLOEXEC);
        CHECK_INT(write(fd, "y", 1), 1);
        close(fd);
        CHECK_INT(mode_of("suid"), 02644);
        /* a directory keeps its bits */
        CHECK_INT(mkdir("sgdir", 0755), 0);
        CHECK_INT(chmod("sgdir", 02755), 0);
        CHECK_INT(chown("sgdir", 0, 0), 0);
        CHECK_INT(mode_of("sgdir"), 02755);
        /* through a mapping nothing is cleared, late pages or not (as on every file system) */
        put("mapped", "0123456789", 0644);
        fd = open("mapped", O_RDWR | O_CLOEXEC);
        p = mmap(NULL, 10, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
        CHECK(p != MAP_FAILED);
        p[0] = 'm';
        CHECK_INT(chmod("mapped", 04755), 0);
        p[1] = 'n';
        CHECK_INT(munmap(p, 10), 0);
        CHECK_INT(close(fd), 0);
        CHECK_INT(mode_of("mapped"), 04755);
}

/* Data first, then the bits, then close: what every unpacker does. The late WRITE must not clear them. */
static void test_privileges_outlive_late_pages(void)
{
        struct vfs_cap_data caps = {.magic_etc = VFS_CAP_REVISION_2 | VFS_CAP_FLAGS_EFFECTIVE,
                                    .data = {{.permitted = 1 << CAP_NET_RAW}}};
        char value[64];
        int fd = open("ping", O_WRONLY | O_CREAT | O_CLOEXEC, 0755);

        CHECK_INT(write(fd, "program", 7), 7);
        CHECK_INT(fsetxattr(fd, "security.capability", &caps, sizeof caps, 0), 0);
        CHECK_INT(fchmod(fd, 04755), 0);
        CHECK_INT(close(fd), 0);
        CHECK_INT(mode_of("ping"), 04755);
        CHECK_INT(getxattr("ping", "security.capability", value, sizeof value), sizeof caps);

        fd = open("ping", O_WRONLY | O_APPEND | O_CLOEXEC);
        CHECK_INT(write(fd, "!", 1), 1);
        CHECK_INT(close(fd), 0);
        CHECK_FAILS((int)getxattr("ping", "security.capability", value, sizeof value), ENODATA);
        CHECK_INT(mode_of("ping"), 0755);
        CHECK_INT(setxattr("ping", "security.capability", &caps, sizeof caps, 0), 0);
        CHECK_INT(chown("ping", 0, 0), 0);
        CHECK_FAILS((int)getxattr("ping", "security.capability", value, sizeof value), ENODATA);
}

/* --- extended attributes ------------------------------------------------------------- */

static void test_xattrs(void)
{
        CLEANUP_FREE char *big = memory_zalloc(1, 65537);
        char list[256], value[32];
        ssize_t n;

        put("x", "x", 0644);
        CHECK_INT(setxattr("x", "user.a", "value", 5, XATTR_CREATE), 0);
        CHECK_FAILS(setxattr("x", "user.a", "value", 5, XATTR_CREATE), EEXIST);
        CHECK_FAILS(setxattr("x", "user.b", "value", 5, XATTR_REPLACE), ENODATA);
        CHECK_INT(setxattr("x", "user.a", "new", 3, XATTR_REPLACE), 0);
        CHECK_INT(setxattr("x", "user.empty", "", 0, 0), 0);
        CHECK_INT(getxattr("x", "user.a", value, sizeof value), 3);
        CHECK(memcmp(value, "new", 3) == 0);
        CHECK_INT(getxattr("x", "user.a", NULL, 0), 3);
        CHECK_FAILS((int)getxattr("x", "user.a", value, 2), ERANGE);
        CHECK_INT(getxattr("x", "user.empty", value, sizeof value), 0);
        CHECK_FAILS((int)getxattr("x", "user.none", value, sizeof value), ENODATA);
        n = listxattr("x", list, sizeof list);
        CHECK_INT(n, 7 + 11);
        CHECK(memmem(list, (size_t)n, "user.a", 7) != NULL);
        CHECK_INT(listxattr("x", NULL, 0), n);
        CHECK_FAILS((int)listxattr("x", list, 3), ERANGE);
        CHECK_INT(setxattr("x", "user.big", big, 65536, 0), 0);
        CHECK_INT(getxattr("x", "user.big", big, 65536), 65536);
        CHECK_FAILS(setxattr("x", "user.big", big, 65537, 0), E2BIG);
        CHECK_INT(removexattr("x", "user.a"), 0);
        CHECK_FAILS(removexattr("x", "user.a"), ENODATA);
        CHECK_FAILS(setxattr("x", "trusted.a", "v", 1, 0), EPERM);
        memset(big, 'n', 300);
        memcpy(big, "user.", 5);
        big[255] = '\0';
        CHECK_INT(setxattr("x", big, "v", 1, 0), 0);
        big[255] = 'n';
        big[256] = '\0';
        CHECK_FAILS(setxattr("x", big, "v", 1, 0), ERANGE);
}

/* system.posix_acl_*: a 32-bit version, then entries of tag, permissions and id (acl(5), linux/posix_acl_xattr.h). */
struct acl {
        uint32_t version;
        struct {
                uint16_t tag, perm;
                uint32_t id;
        } entries[5];
};

static struct acl make_acl(uint16_t owner, uint16_t named, uint16_t group, uint16_t mask, uint16_t other)
{
        struct acl acl = {.version = 2,
                          .entries = {{0x01, owner, UINT32_MAX},
                                      {0x02, named, 0},
                                      {0x04, group, UINT32_MAX},
                                      {0x10, mask, UINT32_MAX},
                                      {0x20, other, UINT32_MAX}}};

        return acl;
}

static void test_acls(void)
{
        struct acl acl = make_acl(7, 6, 5, 7, 0), got;
        mode_t before = umask(077);

        CHECK_INT(mkdir("acl", 0700), 0);
        CHECK_INT(setxattr("acl", "system.posix_acl_default", &acl, sizeof acl, 0), 0);
        /* the default ACL replaces the umask */
        close(open("acl/file", O_WRONLY | O_CREAT | O_CLOEXEC, 0666));
        CHECK_INT(mode_of("acl/file"), 0660);
        CHECK_INT(getxattr("acl/file", "system.posix_acl_access", &got, sizeof got), sizeof got);
        CHECK_INT(got.entries[3].perm, 6); /* the mask is the group class of the mode that was asked for */
        CHECK_INT(got.entries[2].perm, 5);
        CHECK_INT(mkdir("acl/dir", 0777), 0);
        CHECK_INT(mode_of("acl/dir"), 0770);
        CHECK_INT(getxattr("acl/dir", "system.posix_acl_default", &got, sizeof got), sizeof got);
        CHECK(memcmp(&got, &acl, sizeof acl) == 0);
        umask(before);
        /* access ACL and mode say the same */
        put("af", "x", 0644);
        CHECK_INT(setxattr("af", "system.posix_acl_access", &acl, sizeof acl, 0), 0);
        CHECK_INT(mode_of("af"), 0770);
        CHECK_INT(chmod("af", 0744), 0);
        CHECK_INT(getxattr("af", "system.posix_acl_access", &got, sizeof got), sizeof got);
        CHECK_INT(got.entries[3].perm, 4);
        CHECK_INT(got.entries[2].perm, 5);
        CHECK_INT(removexattr("af", "system.posix_acl_access"), 0);
        CHECK_FAILS((int)getxattr("af", "system.posix_acl_access", &got, sizeof got), ENODATA);
}

/* --- as USER app ------------------------------------------------------------------------ */

static int as_user(uid_t uid, void (*body)(void))
{
        int status = -1;
        pid_t pid;

        fflush(stdout);
        pid = fork();
        if (pid == 0) {
                check_failures_ = 0;
                if (setgid(uid) < 0 || setuid(uid) < 0)
                        _exit(1);
                body();
                fflush(stdout);
                _exit(check_failures_ != 0);
        }
        waitpid(pid, &status, 0);
        return status;
}

static void body_of_app(void)
{
        CHECK_FAILS(open("private", O_RDONLY | O_CLOEXEC), EACCES);
        CHECK_FAILS(open("theirs", O_WRONLY | O_CLOEXEC), EACCES);
        CHECK_FAILS(mkdir("here", 0755), EACCES);
        CHECK_FAILS(unlink("sticky/root"), EPERM);
        CHECK_FAILS(chmod("theirs", 0777), EPERM);
        CHECK_FAILS(chown("sticky", 1000, 1000), EPERM);
        CHECK(open("by-acl", O_RDONLY | O_CLOEXEC) >= 0);
        CHECK_FAILS(open("by-acl", O_WRONLY | O_CLOEXEC), EACCES);
        put("sticky/mine", "x", 0444);
        CHECK_INT(stat_of("sticky/mine").st_uid, 1000);
        CHECK_FAILS(open("sticky/mine", O_WRONLY | O_CLOEXEC), EACCES);
        /* created read-only, yet open for writing */
        CHECK_INT(write(open("sticky/ro", O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0444), "x", 1), 1);
        CHECK_INT(unlink("sticky/ro"), 0);
        CHECK_INT(unlink("sticky/mine"), 0);
}

static void body_of_writer(void)
{
        int fd = open("open-suid", O_WRONLY | O_CLOEXEC);

        CHECK_INT(write(fd, "z", 1), 1);
        CHECK_INT(close(fd), 0);
}

static void test_permissions(void)
{
        struct acl acl = make_acl(6, 4, 0, 4, 0);

        if (!many_ids())
                return;
        acl.entries[1].id = 1000;
        put("private", "x", 0600);
        put("theirs", "x", 0644);
        put("by-acl", "x", 0600);
        put("open-suid", "x", 06777);
        CHECK_INT(setxattr("by-acl", "system.posix_acl_access", &acl, sizeof acl, 0), 0);
        CHECK_INT(mkdir("sticky", 0777), 0);
        CHECK_INT(chmod("sticky", 01777), 0);
        put("sticky/root", "x", 0666);
        CHECK_INT(as_user(1000, body_of_app), 0);
        CHECK_INT(as_user(1000, body_of_writer), 0);
        CHECK_INT(mode_of("open-suid"), 0777);
        CHECK_INT(chown("theirs", 65534, 4321), 0);
        CHECK_INT(stat_of("theirs").st_uid, 65534);
        CHECK_INT(stat_of("theirs").st_gid, 4321);
}

/* ------------------------------------------------------------------------------------------ */

static int client_body(void *context)
{
        (void)context;
        CHECK_RUN(test_times);
        CHECK_RUN(test_times_omit_and_now);
        CHECK_RUN(test_times_of_writes);
        CHECK_RUN(test_umask_and_setgid);
        CHECK_RUN(test_privileges_are_cleared);
        CHECK_RUN(test_privileges_outlive_late_pages);
        CHECK_RUN(test_xattrs);
        CHECK_RUN(test_acls);
        CHECK_RUN(test_permissions);
        return 0;
}

static int second_body(void *context)
{
        (void)context;
        CHECK_INT(stat_of("restored").st_mtim.tv_sec, 5);
        CHECK_INT(stat_of("w").st_size, 5);
        CHECK_INT(mode_of("mapped"), 04755);
        CHECK_INT(mode_of("um"), 02755);
        return 0;
}

static void test_attributes(void)
{
        struct server_tree st = {0};

        server_tree_make(&st);
        mount_run(st.tree, st.mount, NULL, client_body, NULL, NULL);
        mount_run(st.tree, st.mount, NULL, second_body, NULL, NULL);
        server_tree_drop(&st);
}

int main(void)
{
        CHECK_RUN(test_attributes);
        return CHECK_END();
}
