/* SPDX-License-Identifier: Apache-2.0 */
/* POSIX ACLs in their xattr form (linux/posix_acl_xattr.h), and how they and the mode follow each other. */
#include "overlay/acl.h"

#include <endian.h>
#include <errno.h>
#include <linux/posix_acl.h>
#include <linux/posix_acl_xattr.h>
#include <string.h>
#include <sys/stat.h>

#include "common/memory.h"
#include "overlay/xattrs.h"

/* One more than the kernel's own file systems take; the mask, owner, group and other are among them. */
#define ENTRY_MAX 8191

struct acl {
        struct posix_acl_xattr_entry *entries; /* owned, in the order of the xattr, fields in host order */
        size_t count;
        /* the entries that the mode mirrors; NULL when absent */
        struct posix_acl_xattr_entry *owner, *group, *other, *mask;
        bool extended; /* says more than a mode can */
};

static int place_entry(struct acl *acl, struct posix_acl_xattr_entry *entry)
{
        struct posix_acl_xattr_entry **place = NULL;

        if ((entry->e_perm & ~(ACL_READ | ACL_WRITE | ACL_EXECUTE)) != 0)
                return -EINVAL;
        switch (entry->e_tag) {
        case ACL_USER_OBJ:
                place = &acl->owner;
                break;
        case ACL_GROUP_OBJ:
                place = &acl->group;
                break;
        case ACL_OTHER:
                place = &acl->other;
                break;
        case ACL_MASK:
                place = &acl->mask;
                acl->extended = true;
                break;
        case ACL_USER:
        case ACL_GROUP:
                acl->extended = true;
                return 0;
        default:
                return -EINVAL;
        }
        if (*place != NULL)
                return -EINVAL;
        *place = entry;
        return 0;
}

static int decode(const void *value, size_t size, struct acl *acl)
{
        struct posix_acl_xattr_header header;
        const char *at = (const char *)value + sizeof(header);
        int rc = 0;

        *acl = (struct acl){0};
        if (size < sizeof(header) || (size - sizeof(header)) % sizeof(*acl->entries) != 0)
                return -EINVAL;
        memcpy(&header, value, sizeof(header));
        acl->count = (size - sizeof(header)) / sizeof(*acl->entries);
        if (le32toh(header.a_version) != POSIX_ACL_XATTR_VERSION || acl->count > ENTRY_MAX)
                return -EINVAL;
        acl->entries = memory_alloc(acl->count * sizeof(*acl->entries));
        for (size_t i = 0; rc == 0 && i < acl->count; i++) {
                struct posix_acl_xattr_entry e;

                memcpy(&e, at + i * sizeof(e), sizeof(e));
                acl->entries[i] = (struct posix_acl_xattr_entry){le16toh(e.e_tag), le16toh(e.e_perm), le32toh(e.e_id)};
                rc = place_entry(acl, &acl->entries[i]);
        }
        if (rc == 0 && acl->count > 0 &&
            (acl->owner == NULL || acl->group == NULL || acl->other == NULL || (acl->extended && acl->mask == NULL)))
                rc = -EINVAL;
        return rc;
}

static int store(struct overlay_tree *tree, struct overlay_node *node, const char *name, const struct acl *acl)
{
        size_t size = sizeof(struct posix_acl_xattr_header) + acl->count * sizeof(*acl->entries);
        CLEANUP_FREE char *value = memory_alloc(size);
        const struct posix_acl_xattr_header header = {.a_version = htole32(POSIX_ACL_XATTR_VERSION)};

        memcpy(value, &header, sizeof(header));
        for (size_t i = 0; i < acl->count; i++) {
                const struct posix_acl_xattr_entry e = {htole16(acl->entries[i].e_tag), htole16(acl->entries[i].e_perm),
                                                        htole32(acl->entries[i].e_id)};

                memcpy(value + sizeof(header) + i * sizeof(e), &e, sizeof(e));
        }
        return overlay_xattrs_set(tree, node, name, value, size, 0);
}

static int remove_acl(struct overlay_tree *tree, struct overlay_node *node, const char *name)
{
        int rc = overlay_xattrs_set(tree, node, name, NULL, 0, 0);

        return rc == -ENODATA ? 0 : rc;
}

/* The permission bits that an access ACL shows as the mode. */
static mode_t mode_of(const struct acl *acl)
{
        const struct posix_acl_xattr_entry *group = acl->mask != NULL ? acl->mask : acl->group;

        return (mode_t)((acl->owner->e_perm << 6) | (group->e_perm << 3) | acl->other->e_perm);
}

static int set_access(struct overlay_tree *tree, struct overlay_node *node, const void *value, size_t size, int flags,
                      const struct acl *acl)
{
        int rc;

        if (acl->count == 0)
                return remove_acl(tree, node, ACL_ACCESS);
        /* an ACL that says no more than a mode is not kept (posix_acl_equiv_mode) */
        rc = acl->extended ? overlay_xattrs_set(tree, node, ACL_ACCESS, value, size, flags)
                           : remove_acl(tree, node, ACL_ACCESS);
        if (rc == 0)
                node->mode = (node->mode & ~(mode_t)0777) | mode_of(acl);
        return rc;
}

int overlay_acl_set(struct overlay_tree *tree, struct overlay_node *node, const char *name, const void *value,
                    size_t size, int flags)
{
        struct acl acl;
        int rc = decode(value, size, &acl);

        if (rc == 0 && strcmp(name, ACL_ACCESS) == 0)
                rc = S_ISLNK(node->mode) ? -EOPNOTSUPP : set_access(tree, node, value, size, flags, &acl);
        else if (rc == 0 && !overlay_node_is_dir(node))
                rc = acl.count > 0 ? -EACCES : 0;
        else if (rc == 0)
                rc = acl.count > 0 ? overlay_xattrs_set(tree, node, name, value, size, flags)
                                   : remove_acl(tree, node, name);
        free(acl.entries);
        return rc;
}

static int load(struct overlay_tree *tree, const struct overlay_node *node, const char *name, struct acl *acl)
{
        const void *value;
        size_t size;
        int rc = overlay_xattrs_get(tree, node, name, &value, &size);

        *acl = (struct acl){0};
        return rc < 0 ? rc : decode(value, size, acl);
}

int overlay_acl_follow_mode(struct overlay_tree *tree, struct overlay_node *node)
{
        struct acl acl;
        int rc;

        if (S_ISLNK(node->mode))
                return 0;
        rc = load(tree, node, ACL_ACCESS, &acl);
        if (rc == 0 && acl.count > 0) {
                struct posix_acl_xattr_entry *group = acl.mask != NULL ? acl.mask : acl.group;

                acl.owner->e_perm = (uint16_t)((node->mode >> 6) & 7);
                group->e_perm = (uint16_t)((node->mode >> 3) & 7);
                acl.other->e_perm = (uint16_t)(node->mode & 7);
                rc = store(tree, node, ACL_ACCESS, &acl);
        }
        free(acl.entries);
        /* one that a layer brought and that makes no sense stays as it is: the kernel will not use it either */
        return rc == -ENODATA || rc == -EINVAL ? 0 : rc;
}

int overlay_acl_inherit(struct overlay_tree *tree, const struct overlay_node *parent, struct overlay_node *node,
                        mode_t umask)
{
        struct acl acl;
        int rc;

        if (S_ISLNK(node->mode))
                return 0;
        rc = load(tree, parent, ACL_DEFAULT, &acl);
        if (rc < 0 || acl.count == 0) {
                free(acl.entries);
                if (rc < 0 && rc != -ENODATA && rc != -EINVAL)
                        return rc;
                node->mode &= ~(umask & 0777);
                return 0;
        }
        if (overlay_node_is_dir(node))
                rc = store(tree, node, ACL_DEFAULT, &acl);
        if (rc == 0) {
                /* acl(5), "object creation and default ACLs": what neither the mode nor the ACL forbids */
                struct posix_acl_xattr_entry *group = acl.mask != NULL ? acl.mask : acl.group;

                acl.owner->e_perm &= (uint16_t)((node->mode >> 6) & 7);
                group->e_perm &= (uint16_t)((node->mode >> 3) & 7);
                acl.other->e_perm &= (uint16_t)(node->mode & 7);
                node->mode = (node->mode & ~(mode_t)0777) | mode_of(&acl);
                if (acl.extended)
                        rc = store(tree, node, ACL_ACCESS, &acl);
        }
        free(acl.entries);
        return rc;
}
