/* SPDX-License-Identifier: Apache-2.0 */
/* Operations on extended attributes: user.*, file capabilities, POSIX ACLs. */
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/xattr.h>
#include <unistd.h>

#include <linux/capability.h>

#include "common/memory.h"
#include "tests/model/args.h"
#include "tests/model/ops.h"
#include "tests/model/side.h"

#define VALUE_MAX 3000

static size_t value_of(uint64_t seed, const char *name, char ret[VALUE_MAX])
{
        size_t size = seed % 5 == 0 ? seed % VALUE_MAX : seed % 30;

        /* without bytes the kernel takes it, and never clears it: no capability anybody has */
        if (size == 0 && strcmp(name, "security.capability") == 0)
                size = 1;

        side_fill(ret, size, seed);
        return size;
}

static int64_t set(const uint64_t *a, int flags)
{
        struct path_text path;
        char value[VALUE_MAX];

        return side_result(
                setxattr(arg_path(a[0], &path), arg_xattr(a[1]), value, value_of(a[2], arg_xattr(a[1]), value), flags));
}

int64_t op_setxattr(struct side *s, const uint64_t *a, struct result *r)
{
        (void)s;
        (void)r;
        return set(a, 0);
}

int64_t op_setxattr_create(struct side *s, const uint64_t *a, struct result *r)
{
        (void)s;
        (void)r;
        return set(a, XATTR_CREATE);
}

int64_t op_setxattr_replace(struct side *s, const uint64_t *a, struct result *r)
{
        (void)s;
        (void)r;
        return set(a, XATTR_REPLACE);
}

int64_t op_fsetxattr(struct side *s, const uint64_t *a, struct result *r)
{
        struct timespec since = side_now();
        char value[VALUE_MAX];
        int64_t rc = side_result(
                fsetxattr(side_slot(s, a[0]), arg_xattr(a[1]), value, value_of(a[2], arg_xattr(a[1]), value), 0));

        if (rc == 0)
                side_note_ctime(r, side_slot(s, a[0]), NULL, since);
        return rc;
}

/* EPERM for user.* on a symlink */
int64_t op_lsetxattr(struct side *s, const uint64_t *a, struct result *r)
{
        struct path_text path;
        char value[VALUE_MAX];

        (void)s;
        (void)r;
        return side_result(
                lsetxattr(arg_path(a[0], &path), arg_xattr(a[1]), value, value_of(a[2], arg_xattr(a[1]), value), 0));
}

int64_t op_getxattr(struct side *s, const uint64_t *a, struct result *r)
{
        struct path_text path;
        char value[VALUE_MAX];
        int64_t n = side_result(getxattr(arg_path(a[0], &path), arg_xattr(a[1]), value, sizeof(value)));

        (void)s;
        if (n > 0)
                result_bytes(r, "value", value, (size_t)n);
        return n;
}

/* ERANGE, or with no room at all the size */
int64_t op_getxattr_short(struct side *s, const uint64_t *a, struct result *r)
{
        struct path_text path;
        char value[2];

        (void)s;
        (void)r;
        return side_result(getxattr(arg_path(a[0], &path), arg_xattr(a[1]), value, a[2] & 1 ? 0 : sizeof(value)));
}

static int compare_names(const void *one, const void *other)
{
        return strcmp(*(const char *const *)one, *(const char *const *)other);
}

int64_t op_listxattr(struct side *s, const uint64_t *a, struct result *r)
{
        struct path_text path;
        char names[1000], *sorted[50];
        int64_t n = side_result(llistxattr(arg_path(a[0], &path), names, sizeof(names)));
        size_t count = 0;

        (void)s;
        for (int64_t at = 0; at < n && count < ARRAY_SIZE(sorted); at += (int64_t)strlen(names + at) + 1)
                sorted[count++] = names + at;
        qsort(sorted, count, sizeof(*sorted), compare_names);
        for (size_t i = 0; i < count; i++)
                result_note(r, "%s", sorted[i]);
        return n;
}

int64_t op_listxattr_short(struct side *s, const uint64_t *a, struct result *r)
{
        struct path_text path;
        char names[3];

        (void)s;
        (void)r;
        return side_result(listxattr(arg_path(a[0], &path), names, a[1] & 1 ? 0 : sizeof(names)));
}

/* Whether removing an access ACL clears sgid, as setting one does, tmpfs and ext4 see differently: left alone. */
static bool is_left_alone(const char *name, const struct stat *st)
{
        return (st->st_mode & S_ISGID) && strcmp(name, "system.posix_acl_access") == 0;
}

int64_t op_removexattr(struct side *s, const uint64_t *a, struct result *r)
{
        struct path_text path;
        struct stat st;

        (void)s;
        (void)r;
        if (stat(arg_path(a[0], &path), &st) == 0 && is_left_alone(arg_xattr(a[1]), &st))
                return 0;
        return side_result(removexattr(arg_path(a[0], &path), arg_xattr(a[1])));
}

int64_t op_fremovexattr(struct side *s, const uint64_t *a, struct result *r)
{
        struct stat st;

        (void)r;
        if (fstat(side_slot(s, a[0]), &st) == 0 && is_left_alone(arg_xattr(a[1]), &st))
                return 0;
        return side_result(fremovexattr(side_slot(s, a[0]), arg_xattr(a[1])));
}

int64_t op_set_capability(struct side *s, const uint64_t *a, struct result *r)
{
        struct vfs_cap_data value = {.magic_etc = VFS_CAP_REVISION_2 | VFS_CAP_FLAGS_EFFECTIVE,
                                     .data = {{.permitted = 1u << a[1] % 8}}};
        struct path_text path;

        (void)s;
        (void)r;
        return side_result(setxattr(arg_path(a[0], &path), "security.capability", &value, sizeof(value), 0));
}

/* --- ACLs, as linux/posix_acl_xattr.h has them: a version, then entries of tag, bits and id --- */

struct acl_entry {
        uint16_t tag;
        uint16_t bits;
        uint32_t id;
};

struct acl {
        uint32_t version;
        struct acl_entry entries[6];
};

enum { USER_OBJ = 1, USER = 2, GROUP_OBJ = 4, GROUP = 8, MASK = 16, OTHER = 32 };

static size_t acl_of(uint64_t seed, struct acl *ret)
{
        const uint32_t none = UINT32_MAX;
        size_t count = 0;

        ret->version = 2;
        ret->entries[count++] = (struct acl_entry){USER_OBJ, seed & 7, none};
        if (seed & 1 << 3)
                ret->entries[count++] = (struct acl_entry){USER, seed >> 4 & 7, seed & 1 << 7 ? 1000 : 1001};
        ret->entries[count++] = (struct acl_entry){GROUP_OBJ, seed >> 8 & 7, none};
        if (seed & 1 << 11)
                ret->entries[count++] = (struct acl_entry){GROUP, seed >> 12 & 7, 1000};
        /* every eighth lacks the mask that it needs: EINVAL */
        if (seed & (1 << 3 | 1 << 11) && (seed >> 15 & 7) != 0)
                ret->entries[count++] = (struct acl_entry){MASK, seed >> 15 & 7, none};
        ret->entries[count++] = (struct acl_entry){OTHER, seed >> 17 & 7, none};
        return sizeof(ret->version) + count * sizeof(ret->entries[0]);
}

static int64_t set_acl(const uint64_t *a, const char *name)
{
        struct path_text path;
        struct acl acl;
        size_t size = acl_of(a[1], &acl);
        struct stat st;

        /* no ACL gives the group what side_mode looks away from; of whoever may not chmod nothing is set anyway */
        if (stat(arg_path(a[0], &path), &st) == 0 && S_ISREG(st.st_mode) && (st.st_mode & S_ISGID) &&
            (geteuid() == 0 || geteuid() == st.st_uid) &&
            chmod(path.text, st.st_mode & 01777) < 0)
                return -errno;
        return side_result(setxattr(arg_path(a[0], &path), name, &acl, size, 0));
}

int64_t op_set_acl(struct side *s, const uint64_t *a, struct result *r)
{
        (void)s;
        (void)r;
        return set_acl(a, "system.posix_acl_access");
}

int64_t op_set_default_acl(struct side *s, const uint64_t *a, struct result *r)
{
        (void)s;
        (void)r;
        return set_acl(a, "system.posix_acl_default");
}
