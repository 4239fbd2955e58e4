/* SPDX-License-Identifier: Apache-2.0 */
/* Tar entries as nodes. */
#include "builder/archive_entry.h"

#include <sys/stat.h>
#include <sys/sysmacros.h>

static mode_t kind_mode(enum oci_entry_kind kind)
{
        switch (kind) {
        case OCI_ENTRY_DIRECTORY:
                return S_IFDIR;
        case OCI_ENTRY_SYMLINK:
                return S_IFLNK;
        case OCI_ENTRY_CHAR:
                return S_IFCHR;
        case OCI_ENTRY_BLOCK:
                return S_IFBLK;
        case OCI_ENTRY_FIFO:
                return S_IFIFO;
        case OCI_ENTRY_FILE:
        case OCI_ENTRY_HARDLINK:
        case OCI_ENTRY_WHITEOUT:
        case OCI_ENTRY_OPAQUE:
                break;
        }
        return S_IFREG;
}

void builder_entry_make(const struct oci_entry *e, struct overlay_make *ret, struct timespec *ret_mtime)
{
        *ret_mtime = (struct timespec){ .tv_sec = (time_t)e->mtime, .tv_nsec = (long)e->mtime_ns };
        *ret = (struct overlay_make){
                .mode = kind_mode(e->kind) | (e->kind == OCI_ENTRY_SYMLINK ? 0777 : e->mode & 07777),
                .uid = e->uid,
                .gid = e->gid,
                .rdev = makedev(e->rdev_major, e->rdev_minor),
                .target = e->target,
                .mtime = ret_mtime,
        };
}

int builder_entry_fill(const struct oci_entry *e, struct overlay_source *source, const struct overlay_ref *node,
                       struct error *err)
{
        const struct overlay_change change = {
                .set = OVERLAY_SET_SIZE | OVERLAY_SET_MTIME,
                .size = e->size,
                .mtime = { .tv_sec = (time_t)e->mtime, .tv_nsec = (long)e->mtime_ns },
        };

        if (e->kind == OCI_ENTRY_FILE) {
                for (size_t i = 0; i < e->extent_count; i++) {
                        const struct oci_extent *x = &e->extents[i];

                        if (overlay_node_extend(node, x->offset, x->length, source, x->source, err) < 0)
                                return -1;
                }
                if (overlay_node_set(node, &change, err) < 0)
                        return -1;
        }
        for (size_t i = 0; i < e->xattr_count; i++)
                if (overlay_node_set_xattr(node, e->xattrs[i].name, e->xattrs[i].value, e->xattrs[i].size, err) < 0)
                        return -1;
        return 0;
}
