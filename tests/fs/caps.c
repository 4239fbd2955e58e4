/* SPDX-License-Identifier: Apache-2.0 */
/* Programs that raise their rights: set-user-id, set-group-id, file capabilities. */
#include <stdlib.h>
#include <sys/sysmacros.h>
#include <sys/wait.h>
#include <sys/xattr.h>

#include <linux/capability.h>

#include "tests/fs/probe.h"

#define CAPABILITY "security.capability"

/* Copies this program: run as `asked` it answers who it is (probe.c). */
static void make_program(const char *path)
{
        char *command = NULL;

        CHECK(asprintf(&command, "cp /bin/probe %s && chmod 755 %s", path, path) > 0);
        CHECK_INT(system(command), 0);
        free(command);
}

/* What "probe who" prints when run from `path`. */
static const char *asked(const char *path)
{
        char *text = memory_zalloc(100, 1), *command = NULL;
        FILE *output;

        CHECK(asprintf(&command, "%s who", path) > 0);
        output = popen(command, "re");
        if (output == NULL || fgets(text, 100, output) == NULL)
                snprintf(text, 100, "nothing");
        if (output != NULL)
                pclose(output);
        free(command);
        return text;
}

static struct vfs_ns_cap_data capability(unsigned revision, unsigned cap, bool effective)
{
        return (struct vfs_ns_cap_data){.magic_etc = revision | (effective ? VFS_CAP_FLAGS_EFFECTIVE : 0),
                                        .data = {{1u << cap, 0}, {0, 0}}};
}

/* --- setuid and setgid programs --- */

static void setuid_below(void)
{
        if (!probe_is_root())
                return;
        make_program("lower-root");
        CHECK_ERROR(chmod("lower-root", 04755), 0);
        make_program("lower-guest");
        CHECK_ERROR(chown("lower-guest", 1001, 50), 0);
        CHECK_ERROR(chmod("lower-guest", 06755), 0);
}

static void setuid_live(void)
{
        if (!probe_is_root())
                return;
        make_program("upper-root");
        CHECK_ERROR(chmod("upper-root", 04755), 0);
        CHECK_ERROR(chmod("/fs", 0755), 0);
}

static void setuid_verify(void)
{
        CHECK_STR(asked("/fs/0/setuid-programs/lower-root"), probe_is_root() ? "0 0 0 0" : "1000 0 1000 1000");
        CHECK_STR(asked("/fs/0/setuid-programs/upper-root"), probe_is_root() ? "0 0 0 0" : "1000 0 1000 1000");
        CHECK_STR(asked("/fs/0/setuid-programs/lower-guest"), probe_is_root() ? "0 1001 0 50" : "1000 1001 1000 50");
}

/* --- a capability that one RUN sets works for USER app in the next --- */

static void setcap_below(void)
{
        const struct vfs_ns_cap_data cap = capability(VFS_CAP_REVISION_2, CAP_DAC_OVERRIDE, true);

        make_program("program");
        CHECK_ERROR(setxattr("program", CAPABILITY, &cap, XATTR_CAPS_SZ_2, 0), probe_is_root() ? 0 : EPERM);
        if (probe_is_root()) {
                probe_put("secret", "opened");
                CHECK_ERROR(chmod("secret", 0), 0);
        }
}

static void setcap_live(void)
{
        const struct vfs_ns_cap_data cap = capability(VFS_CAP_REVISION_2, CAP_DAC_OVERRIDE, true);

        if (!probe_is_root())
                return;
        make_program("upper");
        CHECK_ERROR(setxattr("upper", CAPABILITY, &cap, XATTR_CAPS_SZ_2, 0), 0);
}

/* The program, run by app, opens what only root may. */
static int opens(const char *path)
{
        char *command = NULL;
        int status;

        CHECK(asprintf(&command, "%s open /fs/0/setcap-for-the-next-run/secret", path) > 0);
        status = system(command);
        free(command);
        return WIFEXITED(status) ? WEXITSTATUS(status) : -1;
}

static void setcap_verify(void)
{
        CHECK_INT(opens("/fs/0/setcap-for-the-next-run/program"), 0);
        CHECK_INT(opens("/fs/0/setcap-for-the-next-run/upper"), 0);
        CHECK_INT(opens("/bin/probe"), probe_is_root() ? 0 : EACCES);
        CHECK_INT(opens("./program"), probe_is_root() ? 0 : EACCES);
}

/* --- revisions 2 and 3 as they are set, and who may set them --- */

static void revisions_live(void)
{
        struct vfs_ns_cap_data cap = capability(VFS_CAP_REVISION_2, CAP_NET_RAW, false);

        probe_put("v2", "");
        probe_put("v3", "");
        probe_put("wrong", "");
        if (!probe_is_root()) {
                CHECK_ERROR(setxattr("v2", CAPABILITY, &cap, XATTR_CAPS_SZ_2, 0), EPERM);
                return;
        }
        CHECK_ERROR(setxattr("v2", CAPABILITY, &cap, XATTR_CAPS_SZ_2, 0), 0);
        cap = capability(VFS_CAP_REVISION_3, CAP_NET_RAW, false);
        cap.rootid = 5;
        CHECK_ERROR(setxattr("v3", CAPABILITY, &cap, XATTR_CAPS_SZ_3, 0), 0);
        CHECK_ERROR(setxattr("wrong", CAPABILITY, "wrong", 5, 0), EINVAL);
}

static void revisions_verify(void)
{
        struct vfs_ns_cap_data cap = {0};

        if (!probe_is_root()) {
                CHECK_ERROR(getxattr("v2", CAPABILITY, &cap, sizeof cap), ENODATA);
                return;
        }
        CHECK_INT(getxattr("v2", CAPABILITY, &cap, sizeof cap), XATTR_CAPS_SZ_2);
        CHECK_INT(cap.magic_etc, VFS_CAP_REVISION_2);
        CHECK_INT(cap.data[0].permitted, 1u << CAP_NET_RAW);
        CHECK_INT(getxattr("v3", CAPABILITY, &cap, sizeof cap), XATTR_CAPS_SZ_3);
        CHECK_INT(cap.rootid, 5);
}

/* --- device nodes: EPERM in every user namespace (mknod(2)) --- */

static void devices_live(void)
{
        CHECK_ERROR(mknod("null", S_IFCHR | 0666, makedev(1, 3)), EPERM);
        CHECK_ERROR(mknod("disk", S_IFBLK | 0666, makedev(8, 0)), EPERM);
}

static void devices_verify(void)
{
        CHECK_STR(probe_list("."), "");
}

static const struct probe probes[] = {
        {"setuid-programs", setuid_below, NULL, setuid_live, setuid_verify},
        {"setcap-for-the-next-run", setcap_below, NULL, setcap_live, setcap_verify},
        {"capability-revisions", NULL, NULL, revisions_live, revisions_verify},
        {"device-nodes", NULL, NULL, devices_live, devices_verify},
};
PROBE_TOPIC(probe_caps, "caps", probes);
