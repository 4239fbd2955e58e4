/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The mounts of RUN --mount, in the child that becomes the command. The trees
 * came as detached mounts and lie below INIT_PRIVATE first, since a path can only be
 * looked up in a mount of this namespace. Every target is looked up as a process
 * chrooted into the command's root would find it, then mounted on by descriptor:
 * neither a link of the image nor a rename by another user of the same tree leads
 * elsewhere (CVE-2021-30465, CVE-2024-23651 of peers).
 *
 * Targets that lie in an earlier mount (or in /dev) are made here, because the builder's
 * stubs are only in the image's own tree.
 */
#include "sandbox/init/init.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include "sandbox/init/syscalls.h"
#include "sandbox/sandbox.h"

#define BACKLOG 64

struct path_text {
        char text[64];
};

static const char *private_path(size_t i, struct path_text *ret)
{
        (void)snprintf(ret->text, sizeof(ret->text), "%s/%zu", INIT_PRIVATE, i);
        return ret->text;
}

static const char *descriptor_path(int fd, struct path_text *ret)
{
        (void)snprintf(ret->text, sizeof(ret->text), "/proc/self/fd/%d", fd);
        return ret->text;
}

static void unpack_mount(struct sandbox_unpack *unpack, struct init_mount *ret)
{
        ret->fd = -1;
        ret->kind = sandbox_unpack_u32(unpack);
        ret->flags = sandbox_unpack_u32(unpack);
        ret->target = sandbox_unpack_string(unpack);
        ret->source = sandbox_unpack_string(unpack);
        ret->mode = sandbox_unpack_u32(unpack);
        ret->uid = sandbox_unpack_u32(unpack);
        ret->gid = sandbox_unpack_u32(unpack);
        ret->size = sandbox_unpack_u64(unpack);
        ret->bytes = sandbox_unpack_bytes(unpack, &ret->byte_count);
}

int init_mounts_unpack(struct sandbox_unpack *unpack, struct init_command *ret)
{
        uint32_t count = sandbox_unpack_u32(unpack);

        /* no mount takes less than 32 bytes: a count that cannot be true is refused before it is allocated */
        if (unpack->failed || count > unpack->left / 32) {
                errno = EPROTO;
                return -1;
        }
        if (count == 0)
                return 0;
        ret->mounts = calloc(count, sizeof(*ret->mounts));
        if (ret->mounts == NULL)
                return -1;
        ret->mount_count = count;
        for (uint32_t i = 0; i < count; i++)
                unpack_mount(unpack, &ret->mounts[i]);
        return 0;
}

int init_mounts_take(const struct init_command *command, struct sandbox_report *report)
{
        struct path_text path;

        if (command->mount_count == 0)
                return 0;
        if (mount("bryo", INIT_PRIVATE, "tmpfs", MS_NOSUID | MS_NODEV, "mode=0755") < 0)
                return init_fail(report, SANDBOX_STEP_MOUNT, errno, "what --mount names");
        for (size_t i = 0; i < command->mount_count; i++) {
                const struct init_mount *m = &command->mounts[i];

                if (m->kind != SANDBOX_MOUNT_TREE)
                        continue;
                if (mkdir(private_path(i, &path), 0700) < 0 ||
                    init_sys_move_mount(m->fd, AT_FDCWD, path.text, INIT_MOVE_FROM_FD) < 0)
                        return init_fail(report, SANDBOX_STEP_TREE, errno, m->target);
        }
        return 0;
}

/* --- targets ------------------------------------------------------------------ */

static int resolve(const struct init_context *context, int root, const char *path)
{
        bool walked;

        return init_resolve(root, path, context->config->disable & SANDBOX_NO_OPENAT2 ? INIT_RESOLVE_WALK : 0, &walked);
}

/* `path` as a directory or else a file, made with all its parents where it is missing. A descriptor, or -1 with errno. */
static int ensure(const struct init_context *context, int root, const char *path, bool directory)
{
        const char *slash = strrchr(path, '/');
        char *parent;
        int fd = resolve(context, root, path), dir, rc;

        if (fd >= 0 || errno != ENOENT || slash == NULL || slash[1] == '\0')
                return fd;
        parent = strndup(path, slash == path ? 1 : (size_t)(slash - path));
        if (parent == NULL)
                return -1;
        dir = ensure(context, root, parent, true);
        free(parent);
        if (dir < 0)
                return -1;
        rc = directory ? mkdirat(dir, slash + 1, 0755) : mknodat(dir, slash + 1, S_IFREG | 0644, 0);
        /* EEXIST: a link that leads nowhere, which is not ours to follow */
        fd = rc < 0 ? -1 : openat(dir, slash + 1, O_PATH | O_NOFOLLOW | O_CLOEXEC);
        (void)close(dir);
        return fd;
}

static int find_target(const struct init_context *context, int root, const struct init_mount *m, bool directory,
                       struct sandbox_report *report)
{
        int fd = ensure(context, root, m->target, directory);
        struct stat st;

        if (fd < 0 || fstat(fd, &st) < 0)
                return init_fail(report, SANDBOX_STEP_MOUNT_TARGET, errno, m->target);
        if (S_ISDIR(st.st_mode) != directory)
                return init_fail(report, SANDBOX_STEP_MOUNT_KIND, directory ? ENOTDIR : EISDIR, m->target);
        return fd;
}

/* --- the kinds ----------------------------------------------------------------- */

/* Puts a copy of the mount that `source` is in, with `source` as its root, on the target; its descriptor stays in m->fd. */
static int bind_on(struct init_mount *m, int source, int target, struct sandbox_report *report)
{
        m->fd = init_sys_open_tree(source, "", INIT_TREE_CLONE | INIT_TREE_CLOEXEC | INIT_EMPTY_PATH);
        if (m->fd < 0 || init_sys_move_mount(m->fd, target, "", INIT_MOVE_FROM_FD | INIT_MOVE_TO_FD) < 0)
                return init_fail(report, SANDBOX_STEP_TREE, errno, m->target);
        return 0;
}

static int enter_tree(const struct init_context *context, struct init_mount *m, size_t i, int root,
                      struct sandbox_report *report)
{
        struct path_text path;
        struct stat st;
        int tree = open(private_path(i, &path), O_PATH | O_DIRECTORY | O_CLOEXEC);
        int source = tree < 0 ? -1 : resolve(context, tree, m->source[0] ? m->source : "/");
        int target, rc;

        if (source < 0 || fstat(source, &st) < 0)
                return init_fail(report, SANDBOX_STEP_TREE_SOURCE, errno, m->source);
        target = find_target(context, root, m, S_ISDIR(st.st_mode), report);
        if (target < 0)
                return -1;
        rc = bind_on(m, source, target, report);
        (void)close(tree);
        (void)close(source);
        (void)close(target);
        return rc;
}

static int enter_tmpfs(const struct init_context *context, const struct init_mount *m, int root,
                       struct sandbox_report *report)
{
        int target = find_target(context, root, m, true, report);
        struct path_text path;
        char options[64] = "mode=1777";

        if (target < 0)
                return -1;
        if (m->size > 0)
                (void)snprintf(options, sizeof(options), "mode=1777,size=%llu", (unsigned long long)m->size);
        if (mount("tmpfs", descriptor_path(target, &path), "tmpfs", MS_NOSUID | MS_NODEV, options) < 0)
                return init_fail(report, SANDBOX_STEP_MOUNT, errno, m->target);
        (void)close(target);
        return 0;
}

static int write_file(const struct init_mount *m, const char *path)
{
        const char *at = m->bytes;
        size_t left = m->byte_count;
        int fd = open(path, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0600);

        if (fd < 0)
                return -1;
        while (left > 0) {
                ssize_t n = write(fd, at, left);

                if (n < 0)
                        return -1;
                at += n;
                left -= (size_t)n;
        }
        if (fchown(fd, m->uid, m->gid) < 0 || fchmod(fd, m->mode & 07777) < 0)
                return -1;
        return close(fd);
}

static int make_socket(const struct init_context *context, const struct init_mount *m, const char *path)
{
        struct sockaddr_un address = {.sun_family = AF_UNIX};
        int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
        int rc;

        (void)snprintf(address.sun_path, sizeof(address.sun_path), "%s", path);
        if (fd < 0 || bind(fd, (const struct sockaddr *)&address, sizeof(address)) < 0 ||
            chown(path, m->uid, m->gid) < 0 || chmod(path, m->mode & 07777) < 0 || listen(fd, BACKLOG) < 0)
                return -1;
        rc = sandbox_frame_send(context->channel, SANDBOX_FRAME_LISTENER, NULL, &fd, 1);
        (void)close(fd);
        return rc;
}

/* A file or a socket of the command's own tmpfs. */
static int enter_node(const struct init_context *context, struct init_mount *m, size_t i, int root,
                      struct sandbox_report *report)
{
        bool is_socket = m->kind == SANDBOX_MOUNT_SOCKET;
        struct path_text path;
        int source, target, rc;

        if ((is_socket ? make_socket(context, m, private_path(i, &path)) : write_file(m, private_path(i, &path))) < 0)
                return init_fail(report, is_socket ? SANDBOX_STEP_SOCKET : SANDBOX_STEP_TEXT, errno, m->target);
        source = open(path.text, O_PATH | O_NOFOLLOW | O_CLOEXEC);
        if (source < 0)
                return init_fail(report, SANDBOX_STEP_TEXT, errno, m->target);
        target = find_target(context, root, m, false, report);
        rc = target < 0 ? -1 : bind_on(m, source, target, report);
        (void)close(source);
        if (target >= 0)
                (void)close(target);
        return rc;
}

/* Last of all: until then a later target may have to be made in it. */
static int protect(const struct init_mount *m, struct sandbox_report *report)
{
        unsigned long flags = MS_REMOUNT | MS_BIND | MS_NODEV;
        struct path_text path;

        if (m->kind == SANDBOX_MOUNT_TMPFS || (m->kind == SANDBOX_MOUNT_TREE && !(m->flags & SANDBOX_RUN_MOUNT_READONLY)))
                return 0;
        if (m->kind != SANDBOX_MOUNT_SOCKET)
                /* connect(2) asks for write permission, which a read-only mount refuses nobody on sockets; no need to rely on it */
                flags |= MS_RDONLY;
        if (m->kind == SANDBOX_MOUNT_FILE)
                flags |= m->flags & SANDBOX_RUN_MOUNT_EXEC ? MS_NOSUID : MS_NOSUID | MS_NOEXEC;
        if (mount(NULL, descriptor_path(m->fd, &path), NULL, flags, NULL) < 0)
                return init_fail(report, SANDBOX_STEP_MOUNT, errno, m->target);
        return 0;
}

static int enter_one(const struct init_context *context, struct init_mount *m, size_t i, int root,
                     struct sandbox_report *report)
{
        switch ((enum sandbox_mount_kind)m->kind) {
        case SANDBOX_MOUNT_TREE:
                return enter_tree(context, m, i, root, report);
        case SANDBOX_MOUNT_TMPFS:
                return enter_tmpfs(context, m, root, report);
        case SANDBOX_MOUNT_FILE:
        case SANDBOX_MOUNT_SOCKET:
                return enter_node(context, m, i, root, report);
        }
        return init_fail(report, SANDBOX_STEP_PROTOCOL, EPROTO, NULL);
}

int init_mounts_enter(const struct init_context *context, const struct init_command *command,
                      struct sandbox_report *report)
{
        int root = open(INIT_UNION, O_PATH | O_DIRECTORY | O_CLOEXEC);

        if (root < 0)
                return init_fail(report, SANDBOX_STEP_TARGET, errno, "/");
        for (size_t i = 0; i < command->mount_count; i++)
                if (enter_one(context, &command->mounts[i], i, root, report) < 0)
                        return -1;
        for (size_t i = 0; i < command->mount_count; i++)
                if (protect(&command->mounts[i], report) < 0)
                        return -1;
        for (size_t i = 0; i < command->mount_count; i++)
                if (command->mounts[i].fd >= 0)
                        (void)close(command->mounts[i].fd);
        return close(root);
}
