/* SPDX-License-Identifier: Apache-2.0 */
/* POSIX ACLs as acl(5) has them, in their xattr form: set, mirrored in the mode, inherited, enforced. */
#include <stdlib.h>
#include <sys/wait.h>
#include <sys/xattr.h>

#include <linux/posix_acl.h>
#include <linux/posix_acl_xattr.h>

#include "tests/fs/probe.h"

#define ACCESS  "system.posix_acl_access"
#define DEFAULT "system.posix_acl_default"

#define APP   1000
#define GUEST 1001
#define USERS 100
#define STAFF 50

struct acl {
        struct posix_acl_xattr_header header;
        struct posix_acl_xattr_entry entries[8];
};

/* Entries as "u::rwx u:1001:r-x g::r-- m::rwx o::---", in this order. */
static int set_acl(const char *path, const char *name, const char *text)
{
        struct acl acl = {.header = {.a_version = POSIX_ACL_XATTR_VERSION}};
        size_t count = 0;

        for (const char *at = text; *at != '\0'; at += strcspn(at, " "), at += strspn(at, " ")) {
                struct posix_acl_xattr_entry *entry = &acl.entries[count++];
                bool named = at[2] != ':';
                const char *bits = strchr(at + 2, ':') + 1;

                entry->e_tag = at[0] == 'u'   ? (named ? ACL_USER : ACL_USER_OBJ)
                               : at[0] == 'g' ? (named ? ACL_GROUP : ACL_GROUP_OBJ)
                               : at[0] == 'm' ? ACL_MASK
                                              : ACL_OTHER;
                entry->e_id = named ? (unsigned)atoi(at + 2) : (unsigned)ACL_UNDEFINED_ID;
                entry->e_perm = (unsigned short)((bits[0] == 'r' ? 4 : 0) | (bits[1] == 'w' ? 2 : 0) |
                                                 (bits[2] == 'x' ? 1 : 0));
        }
        return setxattr(path, name, &acl, sizeof acl.header + count * sizeof acl.entries[0], 0);
}

static const char *get_acl(const char *path, const char *name)
{
        struct acl acl;
        ssize_t size = getxattr(path, name, &acl, sizeof acl);
        char *text = memory_zalloc(400, 1), *end = text;

        if (size < 0)
                return strerror(errno);
        for (size_t i = 0; i < ((size_t)size - sizeof acl.header) / sizeof acl.entries[0]; i++) {
                const struct posix_acl_xattr_entry *entry = &acl.entries[i];
                char kind = entry->e_tag == ACL_USER_OBJ || entry->e_tag == ACL_USER     ? 'u'
                            : entry->e_tag == ACL_GROUP_OBJ || entry->e_tag == ACL_GROUP ? 'g'
                            : entry->e_tag == ACL_MASK                                   ? 'm'
                                                                                         : 'o';
                char id[16] = "";

                if (entry->e_tag == ACL_USER || entry->e_tag == ACL_GROUP)
                        snprintf(id, sizeof id, "%u", entry->e_id);
                end += sprintf(end, "%s%c:%s:%c%c%c", i == 0 ? "" : " ", kind, id, entry->e_perm & 4 ? 'r' : '-',
                               entry->e_perm & 2 ? 'w' : '-', entry->e_perm & 1 ? 'x' : '-');
        }
        return text;
}

static mode_t mode_of(const char *path)
{
        return probe_stat(path).st_mode & 07777;
}

/* --- the access ACL and the mode mirror each other --- */

static void mirror_below(void)
{
        probe_put("lower", "");
        CHECK_ERROR(set_acl("lower", ACCESS, "u::rw- u:1001:rwx g::r-- m::rwx o::---"), 0);
        probe_put("plain", "");
}

static void mirror_live(void)
{
        CHECK_INT(mode_of("lower"), 0670);
        CHECK_ERROR(chmod("lower", 0754), 0);
        probe_put("upper", "");
        CHECK_ERROR(set_acl("upper", ACCESS, "u::rwx u:1001:r-- g::rwx m::r-x o::r--"), 0);
        CHECK_ERROR(set_acl("upper", ACCESS, "u::rwx g::r-- m::rwx o::r--"), 0);
        /* one that says no more than a mode becomes the mode */
        CHECK_ERROR(set_acl("plain", ACCESS, "u::rwx g::--x o::--x"), 0);
        CHECK_STR(get_acl("plain", ACCESS), strerror(ENODATA));
        probe_put("removed", "");
        CHECK_ERROR(set_acl("removed", ACCESS, "u::rw- u:1001:rwx g::r-- m::rwx o::---"), 0);
        CHECK_ERROR(removexattr("removed", ACCESS), 0);
        /* nonsense is refused */
        CHECK_ERROR(setxattr("upper", ACCESS, "x", 1, 0), EINVAL);
        CHECK_ERROR(set_acl("upper", ACCESS, "u::rwx u:1001:r-- g::rwx o::r--"), EINVAL);
        CHECK_ERROR(set_acl("upper", ACCESS, "u::rwx g::rwx"), EINVAL);
        CHECK_ERROR(set_acl("upper", DEFAULT, "u::rwx g::rwx o::rwx"), EACCES);
}

static void mirror_verify(void)
{
        CHECK_STR(get_acl("lower", ACCESS), "u::rwx u:1001:rwx g::r-- m::r-x o::r--");
        CHECK_INT(mode_of("lower"), 0754);
        CHECK_STR(get_acl("upper", ACCESS), "u::rwx g::r-- m::rwx o::r--");
        CHECK_INT(mode_of("upper"), 0774);
        CHECK_INT(mode_of("plain"), 0711);
        CHECK_STR(get_acl("removed", ACCESS), strerror(ENODATA));
}

/* --- a default ACL is inherited, and the umask then does nothing --- */

static void inherit_below(void)
{
        CHECK_ERROR(mkdir("lower", 0755), 0);
        CHECK_ERROR(set_acl("lower", DEFAULT, "u::rwx u:1001:r-x g::r-x m::rwx o::---"), 0);
        CHECK_ERROR(mkdir("simple", 0755), 0);
        CHECK_ERROR(set_acl("simple", DEFAULT, "u::rwx g::rwx o::r-x"), 0);
        probe_mkdir("none");
        CHECK_ERROR(set_acl("none", DEFAULT, "u::rwx u:1001:r-x g::r-x m::rwx o::---"), 0);
}

static void inherit_live(void)
{
        umask(077);
        CHECK_ERROR(close(open("lower/file", O_WRONLY | O_CREAT | O_CLOEXEC, 0666)), 0);
        CHECK_ERROR(mkdir("lower/dir", 0770), 0);
        CHECK_ERROR(close(open("lower/dir/file", O_WRONLY | O_CREAT | O_CLOEXEC, 0640)), 0);
        CHECK_ERROR(mkfifo("lower/fifo", 0666), 0);
        CHECK_ERROR(symlink("x", "lower/link"), 0);
        CHECK_ERROR(close(open("simple/file", O_WRONLY | O_CREAT | O_CLOEXEC, 0666)), 0);
        CHECK_ERROR(removexattr("none", DEFAULT), 0);
        CHECK_ERROR(close(open("none/file", O_WRONLY | O_CREAT | O_CLOEXEC, 0666)), 0);
        probe_put("outside", "");
        CHECK_ERROR(rename("outside", "lower/moved"), 0);
}

static void inherit_verify(void)
{
        CHECK_STR(get_acl("lower/file", ACCESS), "u::rw- u:1001:r-x g::r-x m::rw- o::---");
        CHECK_INT(mode_of("lower/file"), 0660);
        CHECK_STR(get_acl("lower/dir", ACCESS), "u::rwx u:1001:r-x g::r-x m::rwx o::---");
        CHECK_STR(get_acl("lower/dir", DEFAULT), "u::rwx u:1001:r-x g::r-x m::rwx o::---");
        CHECK_STR(get_acl("lower/dir/file", ACCESS), "u::rw- u:1001:r-x g::r-x m::r-- o::---");
        CHECK_INT(mode_of("lower/fifo"), 0660);
        CHECK_INT(mode_of("simple/file"), 0664);
        CHECK_STR(get_acl("simple/file", ACCESS), strerror(ENODATA));
        CHECK_INT(mode_of("none/file"), 0600);
        CHECK_INT(mode_of("lower/moved"), 0600);
        CHECK_STR(get_acl("lower/moved", ACCESS), strerror(ENODATA));
}

/* --- enforced, by the algorithm of acl(5) --- */

static void enforce_below(void)
{
        probe_put("named", "text");
        CHECK_ERROR(set_acl("named", ACCESS, "u::rw- u:1001:rw- g::--- m::rw- o::---"), 0);
        probe_put("masked", "text");
        CHECK_ERROR(set_acl("masked", ACCESS, "u::rw- u:1001:rw- g::--- m::r-- o::---"), 0);
        probe_put("denied", "text");
        CHECK_ERROR(set_acl("denied", ACCESS, "u::rw- u:1001:--- g::r-- m::rwx o::rw-"), 0);
        probe_put("group", "text");
        CHECK_ERROR(set_acl("group", ACCESS, "u::rw- g::--- g:100:r-- m::rwx o::---"), 0);
        CHECK_ERROR(mkdir("dir", 0700), 0);
        CHECK_ERROR(set_acl("dir", ACCESS, "u::rwx u:1001:rwx g::--- m::rwx o::---"), 0);
        probe_put("dir/f", "text");
}

static void as_guest(void)
{
        CHECK_STR(probe_get("named"), "text");
        CHECK_ERROR(open("named", O_RDWR | O_CLOEXEC), 0);
        CHECK_STR(probe_get("masked"), "text");
        CHECK_ERROR(open("masked", O_WRONLY | O_CLOEXEC), EACCES);
        CHECK_ERROR(open("denied", O_RDONLY | O_CLOEXEC), EACCES);
        CHECK_STR(probe_get("group"), "text");
        CHECK_ERROR(open("group", O_WRONLY | O_CLOEXEC), EACCES);
        CHECK_ERROR(rename("dir/f", "dir/g"), 0);
        CHECK_ERROR(rename("dir/g", "dir/f"), 0);
        CHECK_ERROR(set_acl("named", ACCESS, "u::rwx g::rwx o::rwx"), EPERM);
}

static void as_stranger(void)
{
        CHECK_ERROR(open("named", O_RDONLY | O_CLOEXEC), EACCES);
        CHECK_ERROR(open("group", O_RDONLY | O_CLOEXEC), EACCES);
        CHECK_ERROR(access("dir/f", F_OK), EACCES);
        CHECK_ERROR(open("denied", O_RDWR | O_CLOEXEC), 0);
}

/* Only root can become others; app looks at what root's probe grants to it. */
static void enforce_verify(void)
{
        if (probe_is_root()) {
                CHECK_INT(probe_in_child(as_guest, GUEST, USERS), 0);
                CHECK_INT(probe_in_child(as_stranger, 2000, 2000), 0);
                return;
        }
        CHECK_STR(get_acl("named", ACCESS), "u::rw- u:1001:rw- g::--- m::rw- o::---");
        CHECK_INT(mode_of("named"), 0660);
        CHECK_ERROR(open("/fs/0/enforced/named", O_RDONLY | O_CLOEXEC), EACCES);
        CHECK_ERROR(open("/fs/0/enforced/denied", O_RDWR | O_CLOEXEC), 0);
}

/* --- a new ACL by an owner outside of the file's group drops setgid, as chmod does --- */

static void outsider_live(void)
{
        int status = -1;

        if (!probe_is_root())
                return;
        probe_put("f", "");
        CHECK_ERROR(chown("f", GUEST, STAFF), 0);
        CHECK_ERROR(chmod("f", 02770), 0);
        fflush(stdout);
        if (fork() == 0)
                _exit(setresgid(USERS, USERS, USERS) == 0 && setresuid(GUEST, GUEST, GUEST) == 0 &&
                                      set_acl("f", ACCESS, "u::rwx u:1000:r-- g::rwx m::rwx o::---") == 0
                              ? 0
                              : 1);
        CHECK(wait(&status) > 0);
        CHECK_INT(status, 0);
        CHECK_INT(mode_of("f"), 0770);
}

static const struct probe probes[] = {
        {"mode-and-acl", mirror_below, NULL, mirror_live, mirror_verify},
        {"inherited", inherit_below, NULL, inherit_live, inherit_verify},
        {"enforced", enforce_below, NULL, NULL, enforce_verify},
        {"setgid-by-an-outsider", NULL, NULL, outsider_live, NULL},
};
PROBE_TOPIC(probe_acl, "acl", probes);
