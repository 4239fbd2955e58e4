/* SPDX-License-Identifier: Apache-2.0 */
/* Mode bits: umask, setgid directories, and what every change of bytes or owner takes away. */
#include <stdlib.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <sys/xattr.h>

#include <linux/capability.h>

#include "tests/fs/probe.h"

#define STAFF 50

static mode_t mode_of(const char *path)
{
        return probe_stat(path).st_mode & 07777;
}

/* --- all 4,096 modes --- */

static void all_below(void)
{
        probe_put("f", "");
        probe_mkdir("d");
}

static void all_live(void)
{
        for (mode_t mode = 0; mode < 010000; mode++) {
                CHECK_ERROR(chmod("f", mode), 0);
                CHECK_INT(mode_of("f"), mode);
        }
        CHECK_ERROR(chmod("f", 06711), 0);
        CHECK_ERROR(chmod("d", 07750), 0);
        umask(027);
        CHECK_ERROR(close(open("masked", O_WRONLY | O_CREAT | O_CLOEXEC, 0777)), 0);
        CHECK_ERROR(mkdir("masked-dir", 01777), 0);
        CHECK_ERROR(mkfifo("masked-fifo", 0666), 0);
        umask(0);
        CHECK_ERROR(close(open("unmasked", O_WRONLY | O_CREAT | O_CLOEXEC, 0666)), 0);
        CHECK_ERROR(close(open("none", O_WRONLY | O_CREAT | O_CLOEXEC, 0)), 0);
}

static void all_verify(void)
{
        CHECK_INT(mode_of("f"), 06711);
        CHECK_INT(mode_of("d"), 07750);
        CHECK_INT(mode_of("masked"), 0750);
        CHECK_INT(mode_of("masked-dir"), 01750);
        CHECK_INT(mode_of("masked-fifo"), 0640);
        CHECK_INT(mode_of("unmasked"), 0666);
        CHECK_INT(mode_of("none"), 0);
}

/* --- a setgid directory hands its group down --- */

static void setgid_below(void)
{
        /* app is in the group staff (/etc/group) */
        probe_mkdir("shared");
        CHECK_ERROR(chown("shared", (uid_t)-1, STAFF), 0);
        CHECK_ERROR(chmod("shared", 02775), 0);
}

static void setgid_live(void)
{
        probe_put("shared/file", "");
        CHECK_ERROR(mkdir("shared/dir", 0755), 0);
        CHECK_ERROR(mkdir("shared/dir/deeper", 0755), 0);
        CHECK_ERROR(symlink("x", "shared/link"), 0);
        CHECK_ERROR(mkfifo("shared/fifo", 0600), 0);
        CHECK_ERROR(close(open("shared/program", O_WRONLY | O_CREAT | O_CLOEXEC, 02755)), 0);
        probe_put("outside", "");
        CHECK_ERROR(rename("outside", "shared/moved"), 0);
}

static void setgid_verify(void)
{
        CHECK_INT(probe_stat("shared/file").st_gid, STAFF);
        CHECK_INT(mode_of("shared/file"), 0644);
        CHECK_INT(probe_stat("shared/dir").st_gid, STAFF);
        CHECK_INT(mode_of("shared/dir"), 02755);
        CHECK_INT(probe_stat("shared/dir/deeper").st_gid, STAFF);
        CHECK_INT(mode_of("shared/dir/deeper"), 02755);
        CHECK_INT(probe_stat("shared/link").st_gid, STAFF);
        CHECK_INT(probe_stat("shared/fifo").st_gid, STAFF);
        CHECK_INT(mode_of("shared/program"), 02755);
        CHECK_INT(probe_stat("shared/moved").st_gid, getegid());
}

/* --- chmod g+s by somebody outside of the group --- */

static void outsider_live(void)
{
        if (!probe_is_root())
                return;
        probe_put("f", "");
        CHECK_ERROR(chmod("f", 0755), 0);
        CHECK_ERROR(chown("f", 1001, STAFF), 0);
        fflush(stdout);
        if (fork() == 0)
                _exit(setresgid(100, 100, 100) == 0 && setresuid(1001, 1001, 1001) == 0 && chmod("f", 06755) == 0 ? 0
                                                                                                                  : 1);
        int status = -1;
        CHECK(wait(&status) > 0);
        CHECK_INT(status, 0);
        CHECK_INT(mode_of("f"), 04755);
}

/* --- what takes suid, sgid and capabilities away --- */

static const char *const takers[] = {"write",      "pwritev-direct", "mmap",        "truncate",
                                     "open-trunc", "fallocate",      "punch",       "copy",
                                     "append",     "chown-owner",    "chown-group", "chown-nothing"};

static void set_capability(const char *path)
{
        const struct vfs_cap_data cap = {.magic_etc = VFS_CAP_REVISION_2 | VFS_CAP_FLAGS_EFFECTIVE,
                                         .data = {{1u << CAP_NET_RAW, 0}, {0, 0}}};

        if (probe_is_root())
                CHECK_ERROR(setxattr(path, "security.capability", &cap, sizeof cap, 0), 0);
}

static bool has_capability(const char *path)
{
        return getxattr(path, "security.capability", NULL, 0) > 0;
}

static void taken_below(void)
{
        char *bytes = memory_zalloc(5000, 1);

        memset(bytes, 'b', 4999);
        for (size_t i = 0; i < ARRAY_SIZE(takers); i++) {
                probe_put(takers[i], bytes);
                CHECK_ERROR(chmod(takers[i], 06777), 0);
                set_capability(takers[i]);
        }
        free(bytes);
}

static void take(size_t which)
{
        const char *path = takers[which];
        int fd = probe_open(path, O_RDWR, 0), other;
        char *map;

        switch (which) {
        case 0:
                CHECK_INT(write(fd, "x", 1), 1);
                break;
        case 1:
                other = open(path, O_RDWR | O_DIRECT | O_CLOEXEC);
                map = aligned_alloc(4096, 4096);
                memset(map, 'd', 4096);
                CHECK_INT(write(other, map, 4096), 4096);
                close(other);
                break;
        case 2: /* mmap(2): the kernel's own file systems keep them here, page by page nobody is asked */
                map = mmap(NULL, 4096, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
                map[0] = 'm';
                CHECK_ERROR(munmap(map, 4096), 0);
                break;
        case 3:
                CHECK_ERROR(truncate(path, 10), 0);
                break;
        case 4:
                CHECK_ERROR(close(open(path, O_WRONLY | O_TRUNC | O_CLOEXEC)), 0);
                break;
        case 5:
                CHECK_ERROR(fallocate(fd, 0, 0, 6000), 0);
                break;
        case 6:
                CHECK_ERROR(fallocate(fd, FALLOC_FL_PUNCH_HOLE | FALLOC_FL_KEEP_SIZE, 0, 10), 0);
                break;
        case 7:
                other = probe_open("write", O_RDONLY, 0);
                CHECK_INT(copy_file_range(other, NULL, fd, NULL, 10, 0), 10);
                close(other);
                break;
        case 8:
                probe_append(path, "x");
                break;
        case 9:
                CHECK_ERROR(chown(path, geteuid(), (gid_t)-1), 0);
                break;
        case 10:
                CHECK_ERROR(chown(path, (uid_t)-1, getegid()), 0);
                break;
        default:
                CHECK_ERROR(chown(path, (uid_t)-1, (gid_t)-1), 0);
                break;
        }
        CHECK_ERROR(close(fd), 0);
}

/*
 * As on the kernel's own file systems: only CAP_FSETID of the initial user namespace would keep the bits
 * (setattr_should_drop_suidgid() in fs/attr.c), which a builder without root has not.
 */
static mode_t expected_mode(size_t which)
{
        return which == 2 ? 06777 : 0777;
}

static void taken_live(void)
{
        for (size_t i = 0; i < ARRAY_SIZE(takers); i++)
                take(i);
}

static void taken_verify(void)
{
        for (size_t i = 0; i < ARRAY_SIZE(takers); i++) {
                int before = check_failures_;

                CHECK_INT(mode_of(takers[i]), expected_mode(i));
                CHECK_INT(has_capability(takers[i]), probe_is_root() && i == 2);
                if (check_failures_ != before)
                        printf("# that was %s\n", takers[i]);
        }
}

/* --- what does not --- */

static void kept_below(void)
{
        probe_put("f", "b");
        CHECK_ERROR(chmod("f", 06777), 0);
        set_capability("f");
        probe_put("locking", "b"); /* sgid without group execution: nothing to take */
        CHECK_ERROR(chmod("locking", 02644), 0);
        probe_mkdir("d");
        CHECK_ERROR(chmod("d", 06777), 0);
}

static void kept_live(void)
{
        CHECK_ERROR(rename("f", "g"), 0);
        CHECK_ERROR(link("g", "h"), 0);
        CHECK_ERROR(utimensat(AT_FDCWD, "g", NULL, 0), 0);
        CHECK_ERROR(setxattr("g", "user.x", "x", 1, 0), 0);
        CHECK_STR(probe_get("g"), "b");
        probe_append("locking", "x");
        CHECK_ERROR(chown("d", geteuid(), getegid()), 0);
        probe_put("d/f", "");
        /* what a package manager does: bytes, owner, then the bits */
        probe_put("installed", "program");
        CHECK_ERROR(chown("installed", geteuid(), getegid()), 0);
        CHECK_ERROR(chmod("installed", 04755), 0);
        set_capability("installed");
}

static void kept_verify(void)
{
        CHECK_INT(mode_of("h"), 06777);
        CHECK_INT(has_capability("h"), probe_is_root());
        CHECK_INT(mode_of("locking"), 02644);
        CHECK_INT(mode_of("d"), 06777);
        CHECK_INT(mode_of("installed"), 04755);
        CHECK_INT(has_capability("installed"), probe_is_root());
}

static const struct probe probes[] = {
        {"modes-and-umask", all_below, NULL, all_live, all_verify},
        {"setgid-directories", setgid_below, NULL, setgid_live, setgid_verify},
        {"setgid-by-an-outsider", NULL, NULL, outsider_live, NULL},
        {"privileges-are-cleared", taken_below, NULL, taken_live, taken_verify},
        {"privileges-are-kept", kept_below, NULL, kept_live, kept_verify},
};
PROBE_TOPIC(probe_modes, "modes", probes);
