/* SPDX-License-Identifier: Apache-2.0 */
/* Owners and permissions: who owns what is made, who may change it, what the bits allow. */
#include <grp.h>
#include <stdlib.h>
#include <sys/wait.h>

#include "tests/fs/probe.h"

#define APP   1000
#define GUEST 1001

static void check_owner(const char *path, uid_t uid, gid_t gid)
{
        struct stat st = probe_stat(path);

        CHECK_INT(st.st_uid, uid);
        CHECK_INT(st.st_gid, gid);
}

/* --- any id that the namespace maps; the others come from layers only (tests/e2e/fs-owners.sh) --- */

static void ids_below(void)
{
        probe_put("lower", "");
        probe_mkdir("dir");
        CHECK_ERROR(symlink("lower", "link"), 0);
}

static void ids_live(void)
{
        check_owner("lower", geteuid(), getegid());
        probe_put("own", "");
        check_owner("own", geteuid(), getegid());
        if (!probe_is_root()) {
                CHECK_ERROR(chown("lower", GUEST, (gid_t)-1), EPERM);
                CHECK_ERROR(chown("lower", (uid_t)-1, 0), EPERM);
                CHECK_ERROR(chown("lower", geteuid(), getegid()), 0);
                CHECK_ERROR(chown("lower", (uid_t)-1, (gid_t)-1), 0);
                return;
        }
        CHECK_ERROR(chown("lower", 65534, 65533), 0);
        CHECK_ERROR(chown("dir", 12345, (gid_t)-1), 0);
        CHECK_ERROR(lchown("link", 33, 44), 0);
        /* no subordinate id stands for these: chown(2), EINVAL */
        CHECK_ERROR(chown("lower", 4000000000, 0), EINVAL);
        CHECK_ERROR(chown("lower", 0, 70000), EINVAL);
}

static void ids_verify(void)
{
        if (!probe_is_root()) {
                check_owner("lower", APP, APP);
                return;
        }
        check_owner("lower", 65534, 65533);
        check_owner("dir", 12345, 0);
        check_owner("link", 33, 44);
}

/* --- who may what --- */

static void rights_below(void)
{
        probe_put("private", "secret");
        CHECK_ERROR(chmod("private", 0600), 0);
        probe_put("readable", "text");
        CHECK_ERROR(mkdir("closed", 0700), 0);
        probe_put("closed/f", "");
        CHECK_ERROR(mkdir("search", 0711), 0);
        probe_put("search/f", "found");
        CHECK_ERROR(mkdir("list", 0744), 0);
        probe_put("list/f", "");
        CHECK_ERROR(mkdir("sticky", 0777), 0);
        CHECK_ERROR(chmod("sticky", 01777), 0);
        probe_put("sticky/mine", "");
        CHECK_ERROR(mkdir("open", 0777), 0);
        CHECK_ERROR(chmod("open", 0777), 0);
        probe_put("open/mine", "");
        probe_put("unreadable", "");
        CHECK_ERROR(chmod("unreadable", 0000), 0);
}

static void as_guest(void)
{
        CHECK_ERROR(open("private", O_RDONLY | O_CLOEXEC), EACCES);
        CHECK_ERROR(open("private", O_WRONLY | O_CLOEXEC), EACCES);
        CHECK_STR(probe_get("readable"), "text");
        CHECK_ERROR(open("readable", O_WRONLY | O_CLOEXEC), EACCES);
        CHECK_ERROR(truncate("readable", 0), EACCES);
        CHECK_ERROR(access("closed/f", F_OK), EACCES);
        CHECK_STR(probe_list("closed"), "Permission denied");
        CHECK_STR(probe_get("search/f"), "found");
        CHECK_STR(probe_list("search"), "Permission denied");
        CHECK_ERROR(access("list/f", F_OK), EACCES);
        CHECK_ERROR(unlink("readable"), EACCES);
        CHECK_ERROR(rename("open", "x"), EACCES);
        CHECK_ERROR(mkdir("x", 0700), EACCES);
        CHECK_ERROR(unlink("sticky/mine"), EPERM);
        CHECK_ERROR(rename("sticky/mine", "sticky/x"), EPERM);
        CHECK_ERROR(rename("open/mine", "open/theirs"), 0);
        probe_put("sticky/guest", "");
        CHECK_ERROR(chmod("readable", 0777), EPERM);
        CHECK_ERROR(utimensat(AT_FDCWD, "readable", NULL, 0), EACCES);
        CHECK_ERROR(chown("sticky/guest", GUEST, 50), EPERM);
        CHECK_ERROR(access("readable", R_OK), 0);
        CHECK_ERROR(access("readable", W_OK), EACCES);
        CHECK_ERROR(access("private", R_OK), EACCES);
}

static void rights_live(void)
{
        if (probe_is_root()) {
                CHECK_INT(probe_in_child(as_guest, GUEST, 100), 0);
                CHECK_ERROR(open("unreadable", O_RDWR | O_CLOEXEC), 0);
                CHECK_ERROR(unlink("sticky/guest"), 0);
                return;
        }
        CHECK_ERROR(open("unreadable", O_RDONLY | O_CLOEXEC), EACCES);
        CHECK_ERROR(chmod("unreadable", 0400), 0);
        CHECK_STR(probe_get("unreadable"), "");
        CHECK_ERROR(open("unreadable", O_WRONLY | O_CLOEXEC), EACCES);
        CHECK_ERROR(chmod("unreadable", 0000), 0);
        CHECK_ERROR(open("/etc/passwd", O_WRONLY | O_CLOEXEC), EACCES);
        CHECK_ERROR(unlink("/etc/passwd"), EACCES);
        CHECK_ERROR(rename("/etc/passwd", "/etc/x"), EACCES);
        CHECK_ERROR(chmod("/etc/passwd", 0666), EPERM);
        CHECK_ERROR(access("/root", X_OK), EACCES);
        CHECK_ERROR(mkdir("/x", 0700), EACCES);
}

static void rights_verify(void)
{
        CHECK_INT(probe_stat("unreadable").st_mode, S_IFREG);
        CHECK_STR(probe_list("sticky"), "mine ");
        CHECK_INT(probe_stat("sticky").st_mode, S_IFDIR | 01777);
        CHECK_STR(probe_list("open"), probe_is_root() ? "theirs " : "mine ");
        if (probe_is_root())
                check_owner("sticky/mine", 0, 0);
}

/* --- what a member of a further group may --- */

static void groups_below(void)
{
        if (!probe_is_root())
                return;
        CHECK_ERROR(mkdir("staff", 0770), 0);
        CHECK_ERROR(chown("staff", 0, 50), 0);
        CHECK_ERROR(chmod("staff", 02770), 0);
}

static void groups_live(void)
{
        gid_t groups[] = {50};

        if (!probe_is_root()) {
                /* USER app has the groups of /etc/group: it may give its files to them */
                probe_put("f", "");
                CHECK_ERROR(chown("f", (uid_t)-1, 50), 0);
                CHECK_ERROR(chmod("f", 02755), 0);
                return;
        }
        fflush(stdout);
        if (fork() == 0) {
                bool good = setgroups(1, groups) == 0 && setresgid(100, 100, 100) == 0 &&
                            setresuid(GUEST, GUEST, GUEST) == 0;

                probe_put("staff/f", "");
                good = good && probe_stat("staff/f").st_gid == 50 && chmod("staff/f", 02770) == 0;
                _exit(good && (probe_stat("staff/f").st_mode & S_ISGID) != 0 ? 0 : 1);
        } else {
                int status = -1;

                CHECK(wait(&status) > 0);
                CHECK_INT(status, 0);
        }
}

static void groups_verify(void)
{
        const char *path = probe_is_root() ? "staff/f" : "f";

        check_owner(path, probe_is_root() ? GUEST : APP, 50);
        CHECK_INT(probe_stat(path).st_mode & 07777, probe_is_root() ? 02770 : 02755);
}

static const struct probe probes[] = {
        {"chown", ids_below, NULL, ids_live, ids_verify},
        {"permissions", rights_below, NULL, rights_live, rights_verify},
        {"further-groups", groups_below, NULL, groups_live, groups_verify},
};
PROBE_TOPIC(probe_owners, "owners", probes);
