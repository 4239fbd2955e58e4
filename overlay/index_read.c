/* SPDX-License-Identifier: Apache-2.0 */
/* Checked access to the records of an index: the only code that looks at the bytes of the file. */
#include "overlay/index_read.h"

#include <endian.h>
#include <errno.h>
#include <inttypes.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>

#include "overlay/source.h"

static const void *record_at(const struct overlay_index *index, enum index_table table, uint32_t number, size_t size)
{
        if (number >= index->tables[table].count)
                return NULL;
        return overlay_index_bytes_at(&index->bytes, index->tables[table].offset + (uint64_t)number * size, size);
}

static bool range_is_inside(const struct overlay_index *index, enum index_table table, uint32_t first, uint32_t count)
{
        return (uint64_t)first + count <= index->tables[table].count;
}

const void *overlay_index_string(const struct overlay_index *index, uint32_t offset, uint32_t size)
{
        if ((uint64_t)offset + size > index->strings_size)
                return NULL;
        return overlay_index_bytes_at(&index->bytes, index->tables[INDEX_STRINGS].offset + offset, size);
}

/* A link's target: a NUL in it would make it shorter to some than to others. */
static bool target_is_sound(const struct overlay_index *index, const struct index_inode *i)
{
        const char *target;

        if (i->count < 1 || i->count > INDEX_TARGET_MAX)
                return false;
        target = overlay_index_string(index, i->first, i->count);
        return target != NULL && memchr(target, '\0', i->count) == NULL;
}

static bool shape_is_sound(const struct overlay_index *index, const struct index_inode *i)
{
        if ((i->flags & INDEX_HARDLINK) != 0)
                return target_is_sound(index, i);
        switch (i->mode & S_IFMT) {
        case S_IFDIR:
                return i->nlink == 1 && range_is_inside(index, INDEX_DIRENTS, i->first, i->count) &&
                       i->subdirs <= i->count;
        case S_IFREG:
                return range_is_inside(index, INDEX_EXTENTS, i->first, i->count);
        case S_IFLNK:
                return target_is_sound(index, i);
        case S_IFCHR:
        case S_IFBLK:
        case S_IFIFO:
        case S_IFSOCK:
                return true;
        default:
                return false;
        }
}

bool overlay_index_read_inode(const struct overlay_index *index, uint32_t number, struct index_inode *ret)
{
        struct index_inode_record r;
        const void *at = record_at(index, INDEX_INODES, number, sizeof(r));

        if (at == NULL)
                return false;
        memcpy(&r, at, sizeof(r));
        ret->mode = le32toh(r.mode);
        ret->flags = le32toh(r.flags);
        ret->uid = le32toh(r.uid);
        ret->gid = le32toh(r.gid);
        ret->nlink = le32toh(r.nlink);
        ret->rdev = makedev(le32toh(r.rdev_major), le32toh(r.rdev_minor));
        ret->mtime_nsec = le32toh(r.mtime_nsec);
        ret->size = le64toh(r.size);
        ret->mtime_sec = (int64_t)le64toh(r.mtime_sec);
        ret->ino = le64toh(r.ino);
        ret->parent = le32toh(r.parent);
        ret->dirent = le32toh(r.dirent);
        ret->xattrs = le32toh(r.xattrs);
        ret->xattrs_size = le32toh(r.xattrs_size);
        ret->first = le32toh(r.first);
        ret->count = le32toh(r.count);
        ret->subdirs = le32toh(r.subdirs);
        ret->first_link = le32toh(r.first_link);
        if (ret->nlink == 0 || ret->nlink > INT32_MAX || ret->size > INT64_MAX || ret->mtime_nsec >= 1000000000 ||
            (ret->mode & ~(mode_t)(S_IFMT | 07777)) != 0 || ret->ino >= INDEX_INO_MAX)
                return false;
        if (ret->xattrs_size > INDEX_XATTRS_MAX || overlay_index_string(index, ret->xattrs, ret->xattrs_size) == NULL)
                return false;
        if (ret->nlink > 1 && !range_is_inside(index, INDEX_LINKS, ret->first_link, ret->nlink))
                return false;
        return shape_is_sound(index, ret);
}

bool overlay_index_read_dirent(const struct overlay_index *index, uint32_t number, struct index_dirent *ret)
{
        struct index_dirent_record r;
        const void *at = record_at(index, INDEX_DIRENTS, number, sizeof(r));

        if (at == NULL)
                return false;
        memcpy(&r, at, sizeof(r));
        ret->size = le16toh(r.name_size);
        ret->kind = r.kind;
        ret->inode = le32toh(r.inode);
        ret->name = overlay_index_string(index, le32toh(r.name), ret->size);
        if (ret->name == NULL || ret->size == 0 || ret->size > INDEX_NAME_MAX)
                return false;
        /* the root is nobody's child */
        return ret->kind == INDEX_KIND_WHITEOUT || (ret->inode != 0 && ret->inode < index->tables[INDEX_INODES].count);
}

/* The least size of a source, whose name is not looked at: an extent beyond it is a lie of the index. */
static bool source_size(const struct overlay_index *index, uint32_t number, uint64_t *ret)
{
        struct index_source_record r;
        const void *at = record_at(index, INDEX_SOURCES, number, sizeof(r));

        if (at == NULL)
                return false;
        memcpy(&r, at, sizeof(r));
        *ret = le64toh(r.size);
        return *ret <= INT64_MAX;
}

bool overlay_index_read_extent(const struct overlay_index *index, uint32_t number, struct overlay_extent *ret)
{
        struct index_extent_record r;
        const void *at = record_at(index, INDEX_EXTENTS, number, sizeof(r));
        uint64_t size;

        if (at == NULL)
                return false;
        memcpy(&r, at, sizeof(r));
        ret->offset = le64toh(r.offset);
        ret->length = le64toh(r.length);
        ret->source_offset = le64toh(r.source_offset);
        ret->source = le32toh(r.source);
        return source_size(index, ret->source, &size) && ret->length != 0 && ret->length <= size &&
               ret->source_offset <= size - ret->length && ret->offset <= INT64_MAX - ret->length;
}

bool overlay_index_read_link(const struct overlay_index *index, uint32_t number, uint32_t *ret_dir,
                             uint32_t *ret_dirent)
{
        struct index_link_record r;
        const void *at = record_at(index, INDEX_LINKS, number, sizeof(r));

        if (at == NULL)
                return false;
        memcpy(&r, at, sizeof(r));
        *ret_dir = le32toh(r.dir);
        *ret_dirent = le32toh(r.dirent);
        return true;
}

bool overlay_index_read_unresolved(const struct overlay_index *index, uint32_t number, uint32_t *ret_inode)
{
        uint32_t r;
        const void *at = record_at(index, INDEX_UNRESOLVED, number, sizeof(r));

        if (at == NULL)
                return false;
        memcpy(&r, at, sizeof(r));
        *ret_inode = le32toh(r);
        return true;
}

bool overlay_index_read_source(const struct overlay_index *index, uint32_t number, struct overlay_index_source *ret)
{
        struct index_source_record r;
        const void *at = record_at(index, INDEX_SOURCES, number, sizeof(r));
        const char *name;
        uint32_t size;

        if (at == NULL)
                return false;
        memcpy(&r, at, sizeof(r));
        size = le32toh(r.name_size);
        if (size == 0 || size > OVERLAY_SOURCE_NAME_MAX)
                return false;
        name = overlay_index_string(index, le32toh(r.name), size);
        if (name == NULL || !overlay_source_name_is_valid(name, size))
                return false;
        memcpy(ret->name, name, size);
        ret->name[size] = '\0';
        ret->size = le64toh(r.size);
        ret->used = le64toh(r.used);
        return ret->size <= INT64_MAX;
}

bool overlay_index_read_name(const struct overlay_index *index, const struct index_inode *inode, uint32_t which,
                             uint32_t *ret_dir, uint32_t *ret_dirent)
{
        if (inode->nlink == 1) {
                *ret_dir = inode->parent;
                *ret_dirent = inode->dirent;
                return true;
        }
        return overlay_index_read_link(index, inode->first_link + which, ret_dir, ret_dirent);
}

int overlay_name_compare(const char *a, size_t a_size, const char *b, size_t b_size)
{
        int c = memcmp(a, b, a_size < b_size ? a_size : b_size);

        if (c != 0)
                return c;
        return a_size < b_size ? -1 : a_size > b_size;
}

int overlay_index_find(const struct overlay_index *index, uint32_t first, uint32_t count, const char *name, size_t size,
                       uint32_t *ret_number, struct index_dirent *ret)
{
        uint32_t low = 0, high = count;

        while (low < high) {
                uint32_t middle = low + (high - low) / 2;
                int c;

                if (!overlay_index_read_dirent(index, first + middle, ret))
                        return -1;
                c = overlay_name_compare(name, size, ret->name, ret->size);
                if (c == 0) {
                        *ret_number = first + middle;
                        return 1;
                }
                if (c < 0)
                        high = middle;
                else
                        low = middle + 1;
        }
        return 0;
}

int overlay_index_damaged(const struct overlay_index *index, const char *what, uint64_t number, struct error *err)
{
        int code = overlay_index_bytes_failure(&index->bytes);

        if (code == ENODATA)
                return error_set(err, EBADMSG, "%s is damaged: it was cut off while it was in use", index->label);
        if (code != 0) {
                error_errno(err, code, "cannot read %s", index->label);
                err->code = EIO;
                return -1;
        }
        return error_set(err, EBADMSG, "%s is damaged: %s %" PRIu64, index->label, what, number);
}

bool overlay_name_is_valid(const char *name, size_t size)
{
        if (size == 0 || size > INDEX_NAME_MAX || memchr(name, '/', size) != NULL || memchr(name, '\0', size) != NULL)
                return false;
        return !(name[0] == '.' && (size == 1 || (size == 2 && name[1] == '.')));
}
