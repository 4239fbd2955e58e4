/* SPDX-License-Identifier: Apache-2.0 */
/* Extended attributes: names, sizes, flags, and who may set which namespace. */
#include <sys/xattr.h>

#include "tests/fs/probe.h"

#define LARGEST 65536

static const char *value_of(const char *path, const char *name)
{
        char *value = memory_zalloc(LARGEST + 1, 1);
        ssize_t size = lgetxattr(path, name, value, LARGEST);

        return size < 0 ? strerror(errno) : value;
}

/* The names in the order in which they are listed, each followed by a blank. */
static const char *list_of(const char *path)
{
        char *list = memory_zalloc(LARGEST, 1);
        ssize_t size = llistxattr(path, list, LARGEST - 1);

        if (size < 0)
                return strerror(errno);
        for (ssize_t i = 0; i < size; i++)
                if (list[i] == '\0')
                        list[i] = ' ';
        return list;
}

/* --- set, replaced, removed, on every layer's files --- */

static void values_below(void)
{
        probe_put("f", "");
        CHECK_ERROR(setxattr("f", "user.low", "low", 3, 0), 0);
        CHECK_ERROR(setxattr("f", "user.changed", "low", 3, 0), 0);
        CHECK_ERROR(setxattr("f", "user.removed", "low", 3, 0), 0);
        probe_mkdir("d");
        CHECK_ERROR(setxattr("d", "user.dir", "low", 3, 0), 0);
        probe_put("moved", "");
        CHECK_ERROR(setxattr("moved", "user.low", "low", 3, 0), 0);
}

static void values_middle(void)
{
        CHECK_ERROR(setxattr("f", "user.middle", "middle", 6, 0), 0);
        probe_put("d/f", "");
}

static void values_live(void)
{
        CHECK_STR(list_of("f"), "user.changed user.low user.middle user.removed ");
        CHECK_ERROR(setxattr("f", "user.changed", "live", 4, 0), 0);
        CHECK_ERROR(removexattr("f", "user.removed"), 0);
        CHECK_ERROR(setxattr("f", "user.empty", "", 0, 0), 0);
        CHECK_ERROR(setxattr("d", "user.more", "live", 4, 0), 0);
        CHECK_ERROR(rename("moved", "d/there"), 0);
        CHECK_ERROR(link("f", "hard"), 0);
        CHECK_ERROR(chmod("f", 0600), 0);
        probe_append("f", "bytes");
        CHECK_ERROR(setxattr("f", "user.\xff \n", "odd name", 8, 0), 0);
        CHECK_ERROR(setxattr("f", "user.binary", "\0=\n\xff", 4, 0), 0);
}

static void values_verify(void)
{
        char bytes[8] = "";

        CHECK_STR(list_of("hard"), "user.binary user.changed user.empty user.low user.middle user.\xff \n ");
        CHECK_STR(value_of("f", "user.low"), "low");
        CHECK_STR(value_of("f", "user.middle"), "middle");
        CHECK_STR(value_of("f", "user.changed"), "live");
        CHECK_STR(value_of("f", "user.removed"), strerror(ENODATA));
        CHECK_INT(getxattr("f", "user.empty", NULL, 0), 0);
        CHECK_STR(value_of("f", "user.\xff \n"), "odd name");
        CHECK_INT(getxattr("f", "user.binary", bytes, sizeof bytes), 4);
        CHECK(memcmp(bytes, "\0=\n\xff", 4) == 0);
        CHECK_STR(list_of("d"), "user.dir user.more ");
        CHECK_STR(value_of("d/there", "user.low"), "low");
}

/* --- sizes and flags --- */

static void rules_below(void)
{
        probe_put("f", "");
        CHECK_ERROR(setxattr("f", "user.there", "12345", 5, 0), 0);
}

static void rules_live(void)
{
        char *large = memory_zalloc(LARGEST + 1, 1), name[300] = "user.", value[8];
        int fd = probe_open("f", O_RDONLY, 0);

        CHECK_INT(getxattr("f", "user.there", NULL, 0), 5);
        CHECK_INT(getxattr("f", "user.there", value, 5), 5);
        CHECK_ERROR(getxattr("f", "user.there", value, 4), ERANGE);
        CHECK_ERROR(getxattr("f", "user.missing", value, 4), ENODATA);
        CHECK_ERROR(removexattr("f", "user.missing"), ENODATA);
        CHECK_ERROR(setxattr("f", "user.there", "x", 1, XATTR_CREATE), EEXIST);
        CHECK_ERROR(setxattr("f", "user.missing", "x", 1, XATTR_REPLACE), ENODATA);
        CHECK_ERROR(setxattr("f", "user.x", "x", 1, XATTR_CREATE | XATTR_REPLACE | 4), EINVAL);
        CHECK_ERROR(setxattr("f", "user.made", "x", 1, XATTR_CREATE), 0);
        CHECK_ERROR(setxattr("f", "user.there", "new", 3, XATTR_REPLACE), 0);
        CHECK_ERROR(listxattr("f", value, 3), ERANGE);
        CHECK_INT(listxattr("f", NULL, 0), strlen("user.made") + strlen("user.there") + 2);
        memset(large, 'v', LARGEST + 1);
        CHECK_ERROR(setxattr("f", "user.large", large, LARGEST, 0), 0);
        CHECK_ERROR(setxattr("f", "user.larger", large, LARGEST + 1, 0), E2BIG);
        memset(name + 5, 'n', 250);
        CHECK_ERROR(setxattr("f", name, "longest", 7, 0), 0);
        memset(name + 5, 'n', 251);
        CHECK_ERROR(setxattr("f", name, "x", 1, 0), ERANGE);
        CHECK_ERROR(setxattr("f", "user.", "x", 1, 0), EINVAL);
        CHECK_ERROR(setxattr("f", "", "x", 1, 0), ERANGE);
        CHECK_ERROR(setxattr("f", "nonsense", "x", 1, 0), EOPNOTSUPP);
        CHECK_ERROR(setxattr("missing", "user.x", "x", 1, 0), ENOENT);
        CHECK_ERROR(fsetxattr(fd, "user.fd", "fd", 2, 0), 0);
        CHECK_ERROR(close(fd), 0);
        /* read by a bit too small a buffer, as tar does it */
        CHECK_ERROR(getxattr("f", "user.large", large, LARGEST - 1), ERANGE);
}

static void rules_verify(void)
{
        char name[300] = "user.";

        memset(name + 5, 'n', 250);
        CHECK_STR(value_of("f", "user.there"), "new");
        CHECK_STR(value_of("f", "user.made"), "x");
        CHECK_STR(value_of("f", "user.fd"), "fd");
        CHECK_STR(value_of("f", name), "longest");
        CHECK_INT(strlen(value_of("f", "user.large")), LARGEST);
        CHECK_INT(value_of("f", "user.large")[LARGEST - 1], 'v');
}

/* --- which namespace is whose --- */

static void spaces_below(void)
{
        probe_put("f", "");
        CHECK_ERROR(symlink("f", "link"), 0);
        CHECK_ERROR(mkfifo("fifo", 0600), 0);
        probe_mkdir("sticky");
        CHECK_ERROR(chmod("sticky", 01777), 0);
}

static void as_other(void)
{
        CHECK_ERROR(setxattr("f", "user.x", "x", 1, 0), EACCES);
        CHECK_ERROR(setxattr("sticky", "user.x", "x", 1, 0), EPERM);
        CHECK_STR(value_of("f", "user.mine"), "mine");
}

static void spaces_live(void)
{
        /* the kernel lets only the initial namespace's root set these, before a file system is asked (fs/xattr.c) */
        CHECK_ERROR(setxattr("f", "trusted.x", "x", 1, 0), EPERM);
        CHECK_ERROR(setxattr("f", "trusted.overlay.opaque", "y", 1, 0), EPERM);
        CHECK_ERROR(getxattr("f", "trusted.x", NULL, 0), ENODATA);
        CHECK_ERROR(setxattr("f", "security.other", "x", 1, 0), EPERM);
        /* xattr(7): user attributes are for files and directories only */
        CHECK_ERROR(lsetxattr("link", "user.x", "x", 1, 0), EPERM);
        CHECK_ERROR(setxattr("fifo", "user.x", "x", 1, 0), EPERM);
        CHECK_ERROR(setxattr("f", "user.mine", "mine", 4, 0), 0);
        CHECK_ERROR(setxattr("/etc/passwd", "user.x", "x", 1, 0), probe_is_root() ? 0 : EACCES);
        if (!probe_is_root())
                return;
        CHECK_ERROR(removexattr("/etc/passwd", "user.x"), 0);
        CHECK_INT(probe_in_child(as_other, 1001, 100), 0);
}

static void spaces_verify(void)
{
        CHECK_STR(list_of("f"), "user.mine ");
        CHECK_STR(list_of("link"), "");
        CHECK_STR(list_of("fifo"), "");
        CHECK_STR(list_of("sticky"), "");
}

/* --- names that mean something to other builders are names like any other --- */

static void foreign_live(void)
{
        probe_mkdir("d");
        probe_put("d/f", "seen");
        CHECK_ERROR(setxattr("d", "user.overlay.opaque", "y", 1, 0), 0);
        CHECK_ERROR(setxattr("d", "user.fuseoverlayfs.opaque", "y", 1, 0), 0);
        CHECK_ERROR(setxattr("d/f", "user.overlay.whiteout", "y", 1, 0), 0);
        CHECK_ERROR(setxattr("d/f", "user.overlay.redirect", "/etc/passwd", 11, 0), 0);
        CHECK_ERROR(setxattr("d/f", "user.containers.override_stat", "0:0:0104755", 11, 0), 0);
}

static void foreign_verify(void)
{
        CHECK_STR(probe_list("d"), "f ");
        CHECK_STR(probe_get("d/f"), "seen");
        CHECK_INT(probe_stat("d/f").st_mode, S_IFREG | 0644);
        CHECK_STR(value_of("d", "user.overlay.opaque"), "y");
        CHECK_STR(value_of("d", "user.fuseoverlayfs.opaque"), "y");
        CHECK_STR(value_of("d/f", "user.overlay.whiteout"), "y");
        CHECK_STR(value_of("d/f", "user.overlay.redirect"), "/etc/passwd");
        CHECK_STR(value_of("d/f", "user.containers.override_stat"), "0:0:0104755");
}

static const struct probe probes[] = {
        {"values", values_below, values_middle, values_live, values_verify},
        {"sizes-and-flags", rules_below, NULL, rules_live, rules_verify},
        {"namespaces", spaces_below, NULL, spaces_live, spaces_verify},
        {"control-names-are-data", NULL, NULL, foreign_live, foreign_verify},
};
PROBE_TOPIC(probe_xattrs, "xattrs", probes);
