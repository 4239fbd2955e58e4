/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Who maps the ids of the user namespace, and how: newuidmap(1) and newgidmap(1)
 * with what /etc/subuid and /etc/subgid grant the user, or, for root, this process
 * itself with the ids its own namespace has.
 */
#include "sandbox/mapping.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <pwd.h>
#include <stdlib.h>
#include <string.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <linux/capability.h>

#include "common/fd.h"
#include "common/memory.h"
#include "common/strv.h"
#include "sandbox/helper.h"
#include "sandbox/hint.h"

/* Both files are short lists; what is longer is not one of them. */
#define FILE_MAX (10u << 20)

static bool is_capable_root(void)
{
        struct __user_cap_header_struct header = {_LINUX_CAPABILITY_VERSION_3, 0};
        struct __user_cap_data_struct data[2];
        const uint32_t need = 1u << CAP_SETUID | 1u << CAP_SETGID;

        return geteuid() == 0 && syscall(SYS_capget, &header, data) == 0 && (data[0].effective & need) == need;
}

static int read_own(const char *path, struct sandbox_idmap *ret, struct error *err)
{
        CLEANUP_BUFFER struct buffer text = BUFFER_INIT;

        if (fd_read_file(AT_FDCWD, path, FILE_MAX, false, &text, err) < 0)
                return -1;
        return sandbox_idmap_parse_own(buffer_text(&text), ret, err);
}

/* The calling user's name, or NULL where the user has none: it is looked up in the host's databases, never in an
 * image's. */
static char *user_name(void)
{
        struct passwd passwd, *found = NULL;
        size_t size = 4096;

        for (;;) {
                CLEANUP_FREE char *room = memory_alloc(size);
                int rc = getpwuid_r(geteuid(), &passwd, room, size, &found);

                if (rc == 0 || (rc != ERANGE && rc != EINTR) || size > FILE_MAX)
                        return found == NULL ? NULL : memory_strdup(found->pw_name);
                size *= 2;
        }
}

static int read_subordinate(const struct sandbox_options *options, const char *name, bool group,
                            struct sandbox_idmap *ret, struct error *err)
{
        const char *path = group ? options->subgid_file : options->subuid_file;
        CLEANUP_FREE char *number = memory_printf("%u", geteuid());
        CLEANUP_BUFFER struct buffer text = BUFFER_INIT;

        if (access(path, F_OK) == 0 && fd_read_file(AT_FDCWD, path, FILE_MAX, false, &text, err) < 0)
                return -1;
        if (sandbox_idmap_parse_subordinate(buffer_text(&text), name, geteuid(), group ? getegid() : geteuid(),
                                            options->log, ret) == 0)
                return sandbox_hint_no_subordinate(path, name != NULL ? name : number,
                                                   sandbox_idmap_suggest(buffer_text(&text)), group, err);
        return 0;
}

static int find_helper(const char *given, const char *name, char **ret, struct error *err)
{
        if (given != NULL && access(given, F_OK) == 0)
                *ret = memory_strdup(given);
        else if (given == NULL)
                *ret = sandbox_helper_find(name);
        return *ret != NULL ? 0 : sandbox_hint_no_helper(given != NULL ? given : name, err);
}

int sandbox_mapping_prepare(const struct sandbox_options *options, struct sandbox_mapping *ret, struct error *err)
{
        CLEANUP_FREE char *name = NULL;

        ret->direct = is_capable_root();
        if (ret->direct) {
                if (read_own("/proc/self/uid_map", &ret->uids, err) < 0)
                        return -1;
                return read_own("/proc/self/gid_map", &ret->gids, err);
        }
        if (find_helper(options->newuidmap, "newuidmap", &ret->newuidmap, err) < 0 ||
            find_helper(options->newgidmap, "newgidmap", &ret->newgidmap, err) < 0)
                return -1;
        name = user_name();
        if (read_subordinate(options, name, false, &ret->uids, err) < 0)
                return -1;
        return read_subordinate(options, name, true, &ret->gids, err);
}

static int write_map(pid_t pid, const char *file, const struct sandbox_idmap *map, struct error *err)
{
        CLEANUP_FREE char *path = memory_printf("/proc/%d/%s", (int)pid, file);
        CLEANUP_BUFFER struct buffer text = BUFFER_INIT;
        CLEANUP_FD int fd = open(path, O_WRONLY | O_CLOEXEC);

        for (size_t i = 0; i < map->count; i++)
                buffer_printf(&text, "%" PRIu32 " %" PRIu32 " %" PRIu32 "\n", map->ranges[i].inside,
                              map->ranges[i].outside, map->ranges[i].count);
        /* one write: the kernel takes a map whole, and once */
        if (fd < 0 || fd_write_all(fd, text.data, text.size) < 0)
                return error_errno(err, errno, "cannot write the %s of the sandbox's user namespace", file);
        return 0;
}

static int start_helper(struct sandbox_helper *helper, char *path, const struct sandbox_idmap *map, pid_t pid,
                        struct error *err)
{
        CLEANUP_STRV struct strv argv = STRV_INIT;

        strv_add(&argv, path);
        strv_take(&argv, memory_printf("%d", (int)pid));
        for (size_t i = 0; i < map->count; i++) {
                strv_take(&argv, memory_printf("%" PRIu32, map->ranges[i].inside));
                strv_take(&argv, memory_printf("%" PRIu32, map->ranges[i].outside));
                strv_take(&argv, memory_printf("%" PRIu32, map->ranges[i].count));
        }
        return sandbox_helper_start(helper, strv_array(&argv), err);
}

static int finish_helper(struct sandbox_helper *helper, const char *path, struct error *err)
{
        if (sandbox_helper_finish(helper, path, err) == 0)
                return 0;
        return sandbox_hint_helper(path, err);
}

int sandbox_mapping_apply(const struct sandbox_mapping *mapping, pid_t pid, struct error *err)
{
        struct sandbox_helper uids = SANDBOX_HELPER_INIT, gids = SANDBOX_HELPER_INIT;
        CLEANUP_ERROR struct error second = ERROR_INIT;
        int rc;

        if (mapping->direct) {
                if (write_map(pid, "uid_map", &mapping->uids, err) < 0)
                        return -1;
                return write_map(pid, "gid_map", &mapping->gids, err);
        }
        /* side by side: each spends its time in reading the user databases */
        rc = start_helper(&uids, mapping->newuidmap, &mapping->uids, pid, err);
        if (rc == 0)
                rc = start_helper(&gids, mapping->newgidmap, &mapping->gids, pid, err);
        if (finish_helper(&uids, mapping->newuidmap, &second) < 0 ||
            finish_helper(&gids, mapping->newgidmap, &second) < 0) {
                /* the helper that is left over ends by itself; its words add nothing */
                CLEANUP_ERROR struct error third = ERROR_INIT;

                (void)sandbox_helper_finish(&gids, mapping->newgidmap, &third);
                rc = error_move(err, &second);
        }
        return rc < 0 ? error_wrap(err, "cannot map the subordinate ids") : 0;
}

void sandbox_mapping_free(struct sandbox_mapping *mapping)
{
        sandbox_idmap_free(&mapping->uids);
        sandbox_idmap_free(&mapping->gids);
        free(mapping->newuidmap);
        free(mapping->newgidmap);
        *mapping = (struct sandbox_mapping)SANDBOX_MAPPING_INIT;
}
