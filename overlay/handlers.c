/* SPDX-License-Identifier: Apache-2.0 */
/* The table of handlers, and those that work on nodes: names, attributes, extended attributes. */
#define FUSE_USE_VERSION 314
#include "overlay/handlers.h"

#include <errno.h>
#include <fuse_lowlevel.h>
#include <string.h>
#include <time.h>

#include <linux/fuse.h>

#include "common/memory.h"
#include "overlay/acl.h"
#include "overlay/handlers_data.h"
#include "overlay/session.h"
#include "overlay/session_init.h"
#include "overlay/tree_ops.h"

static struct overlay_tree *tree_of(fuse_req_t req)
{
        return overlay_session_tree(fuse_req_userdata(req));
}

/* --- attributes -------------------------------------------------------------- */

void overlay_handlers_fill_stat(const struct overlay_attr *attr, struct stat *ret)
{
        memset(ret, 0, sizeof *ret);
        ret->st_ino = attr->ino;
        ret->st_mode = attr->mode;
        ret->st_nlink = attr->nlink;
        ret->st_uid = attr->uid;
        ret->st_gid = attr->gid;
        ret->st_rdev = attr->rdev;
        ret->st_size = (off_t)attr->size;
        ret->st_blksize = 4096;
        ret->st_blocks = (blkcnt_t)((attr->allocated + 511) / 512);
        ret->st_atim = attr->atime;
        ret->st_mtim = attr->mtime;
        ret->st_ctim = attr->ctime;
}

void overlay_handlers_fill_entry(const struct overlay_attr *attr, struct fuse_entry_param *ret)
{
        memset(ret, 0, sizeof *ret);
        ret->ino = attr->ino;
        overlay_handlers_fill_stat(attr, &ret->attr);
        ret->attr_timeout = OVERLAY_SESSION_TIMEOUT;
        ret->entry_timeout = OVERLAY_SESSION_TIMEOUT;
}

static void reply_entry(fuse_req_t req, int r, const struct overlay_attr *attr)
{
        struct fuse_entry_param entry;

        if (r < 0) {
                fuse_reply_err(req, -r);
                return;
        }
        overlay_handlers_fill_entry(attr, &entry);
        fuse_reply_entry(req, &entry);
}

static void reply_attr(fuse_req_t req, int r, const struct overlay_attr *attr)
{
        struct stat st;

        if (r < 0) {
                fuse_reply_err(req, -r);
                return;
        }
        overlay_handlers_fill_stat(attr, &st);
        fuse_reply_attr(req, &st, OVERLAY_SESSION_TIMEOUT);
}

static void on_getattr(fuse_req_t req, fuse_ino_t ino, struct fuse_file_info *fi)
{
        struct overlay_attr attr;

        (void)fi;
        reply_attr(req, overlay_ops_getattr(tree_of(req), ino, &attr), &attr);
}

/* "Now" as the kernel stamps files, which is up to a tick behind: a finer clock here would put a later write before an
 * earlier one. */
static void now(struct timespec *ret)
{
        clock_gettime(CLOCK_REALTIME_COARSE, ret);
}

static void read_change(const struct stat *st, int to_set, struct overlay_change *ret)
{
        memset(ret, 0, sizeof *ret);
        if (to_set & FUSE_SET_ATTR_MODE)
                ret->set |= OVERLAY_SET_MODE;
        if (to_set & FUSE_SET_ATTR_UID)
                ret->set |= OVERLAY_SET_UID;
        if (to_set & FUSE_SET_ATTR_GID)
                ret->set |= OVERLAY_SET_GID;
        if (to_set & FUSE_SET_ATTR_SIZE)
                ret->set |= OVERLAY_SET_SIZE;
        if (to_set & (FUSE_SET_ATTR_MTIME | FUSE_SET_ATTR_MTIME_NOW))
                ret->set |= OVERLAY_SET_MTIME;
        if (to_set & (FUSE_SET_ATTR_ATIME | FUSE_SET_ATTR_ATIME_NOW))
                ret->set |= OVERLAY_SET_ATIME;
        if (to_set & FUSE_SET_ATTR_CTIME)
                ret->set |= OVERLAY_SET_CTIME;
        ret->mode = st->st_mode & 07777;
        ret->uid = st->st_uid;
        ret->gid = st->st_gid;
        ret->size = (uint64_t)st->st_size;
        ret->atime = st->st_atim;
        ret->mtime = st->st_mtim;
        ret->ctime = st->st_ctim;
        if (to_set & FUSE_SET_ATTR_ATIME_NOW)
                now(&ret->atime);
        if (to_set & FUSE_SET_ATTR_MTIME_NOW)
                now(&ret->mtime);
}

/* What a chown, or a write without CAP_FSETID, takes from the mode. */
static bool loses_bits(mode_t mode)
{
        return (mode & S_ISUID) != 0 || (mode & (S_ISGID | S_IXGRP)) == (S_ISGID | S_IXGRP);
}

static void on_setattr(fuse_req_t req, fuse_ino_t ino, struct stat *st, int to_set, struct fuse_file_info *fi)
{
        struct overlay_tree *tree = tree_of(req);
        struct overlay_change change;
        struct overlay_attr attr;
        /* the kernel decides when to clear (FATTR_KILL_SUIDGID, for which libfuse has two names) */
        bool kill = (to_set & FUSE_SET_ATTR_KILL_SUID) != 0;
        uid_t uid = fuse_req_ctx(req)->uid;
        int r = 0;

        (void)fi;
        read_change(st, to_set, &change);
        if (to_set == FUSE_SET_ATTR_CTIME || to_set == 0) {
                /* chown(-1, -1), of which only the new ctime gets here, of a special file not even that; it clears like
                   any other chown */
                r = overlay_ops_getattr(tree, ino, &attr);
                change.set |= OVERLAY_SET_UID;
                change.uid = attr.uid;
                kill = true;
                /*
                 * The kernel's own file systems make it a chmod, which is the owner's (notify_change). Of a regular
                 * file it may without ctime also be a first write, which is everybody's who may write
                 * (file_remove_privs).
                 */
                if (r == 0 && (to_set == FUSE_SET_ATTR_CTIME || !S_ISREG(attr.mode)) && !S_ISDIR(attr.mode) &&
                    uid != 0 && uid != attr.uid && loses_bits(attr.mode))
                        r = -EPERM;
        }
        if (r == 0 && change.set & OVERLAY_SET_SIZE && change.size > INT64_MAX)
                r = -EFBIG;
        if (r == 0)
                r = overlay_ops_setattr(tree, ino, &change, kill, &attr);
        reply_attr(req, r, &attr);
}

/* --- names ------------------------------------------------------------------- */

static void on_lookup(fuse_req_t req, fuse_ino_t parent, const char *name)
{
        struct fuse_entry_param absent = {.entry_timeout = OVERLAY_SESSION_TIMEOUT};
        struct overlay_attr attr;
        int r = overlay_ops_lookup(tree_of(req), parent, name, &attr);

        if (r == -ENOENT)
                fuse_reply_entry(req, &absent); /* number 0: the kernel remembers that there is none */
        else
                reply_entry(req, r, &attr);
}

static void on_forget(fuse_req_t req, fuse_ino_t ino, uint64_t count)
{
        overlay_ops_forget(tree_of(req), ino, count);
        fuse_reply_none(req);
}

static void on_forget_multi(fuse_req_t req, size_t count, struct fuse_forget_data *forgets)
{
        struct overlay_tree *tree = tree_of(req);
        size_t i;

        for (i = 0; i < count; i++)
                overlay_ops_forget(tree, forgets[i].ino, forgets[i].nlookup);
        fuse_reply_none(req);
}

static void make(fuse_req_t req, fuse_ino_t parent, const char *name, struct overlay_create *create)
{
        const struct fuse_ctx *ctx = fuse_req_ctx(req);
        struct overlay_attr attr;

        create->umask = ctx->umask;
        create->uid = ctx->uid;
        create->gid = ctx->gid;
        reply_entry(req, overlay_ops_make(tree_of(req), parent, name, create, &attr), &attr);
}

static void on_mknod(fuse_req_t req, fuse_ino_t parent, const char *name, mode_t mode, dev_t rdev)
{
        struct overlay_create create = {.mode = mode,
                                        .rdev = rdev}; /* the kernel's 32 bits are the low ones of dev_t */

        switch (mode & S_IFMT) {
        case S_IFREG:
        case S_IFIFO:
        case S_IFSOCK:
        case S_IFCHR:
        case S_IFBLK:
                make(req, parent, name, &create);
                break;
        default:
                fuse_reply_err(req, EINVAL);
                break;
        }
}

static void on_mkdir(fuse_req_t req, fuse_ino_t parent, const char *name, mode_t mode)
{
        struct overlay_create create = {.mode = S_IFDIR | (mode & 07777)};

        make(req, parent, name, &create);
}

static void on_symlink(fuse_req_t req, const char *target, fuse_ino_t parent, const char *name)
{
        struct overlay_create create = {.mode = S_IFLNK | 0777, .target = target};

        make(req, parent, name, &create);
}

static void on_link(fuse_req_t req, fuse_ino_t ino, fuse_ino_t parent, const char *name)
{
        struct overlay_attr attr;

        reply_entry(req, overlay_ops_link(tree_of(req), ino, parent, name, &attr), &attr);
}

static void on_unlink(fuse_req_t req, fuse_ino_t parent, const char *name)
{
        fuse_reply_err(req, -overlay_ops_unlink(tree_of(req), parent, name));
}

static void on_rmdir(fuse_req_t req, fuse_ino_t parent, const char *name)
{
        fuse_reply_err(req, -overlay_ops_rmdir(tree_of(req), parent, name));
}

static void on_rename(fuse_req_t req, fuse_ino_t parent, const char *name, fuse_ino_t new_parent, const char *new_name,
                      unsigned flags)
{
        fuse_reply_err(req, -overlay_ops_rename(tree_of(req), parent, name, new_parent, new_name, flags));
}

static void on_readlink(fuse_req_t req, fuse_ino_t ino)
{
        CLEANUP_FREE char *target = NULL;
        int r = overlay_ops_readlink(tree_of(req), ino, &target);

        if (r < 0)
                fuse_reply_err(req, -r);
        else
                fuse_reply_readlink(req, target);
}

static void on_statfs(fuse_req_t req, fuse_ino_t ino)
{
        struct statvfs st;
        int r = overlay_ops_statfs(tree_of(req), &st);

        (void)ino;
        if (r < 0)
                fuse_reply_err(req, -r);
        else
                fuse_reply_statfs(req, &st);
}

int overlay_handlers_tmpfile(struct overlay_tree *tree, const struct fuse_in_header *header,
                             const struct fuse_create_in *in, struct fuse_entry_out *ret)
{
        struct overlay_create create = {
                .mode = S_IFREG | (in->mode & 07777), .umask = in->umask, .uid = header->uid, .gid = header->gid};
        struct overlay_attr attr;
        int r = overlay_ops_tmpfile(tree, header->nodeid, &create, &attr);

        if (r < 0)
                return r;
        *ret = (struct fuse_entry_out){
                .nodeid = attr.ino,
                .entry_valid = (uint64_t)OVERLAY_SESSION_TIMEOUT,
                .attr_valid = (uint64_t)OVERLAY_SESSION_TIMEOUT,
                .attr = {.ino = attr.ino,
                         .mode = attr.mode,
                         .nlink = attr.nlink,
                         .uid = attr.uid,
                         .gid = attr.gid,
                         .blksize = 4096,
                         .atime = (uint64_t)attr.atime.tv_sec,
                         .atimensec = (uint32_t)attr.atime.tv_nsec,
                         .mtime = (uint64_t)attr.mtime.tv_sec,
                         .mtimensec = (uint32_t)attr.mtime.tv_nsec,
                         .ctime = (uint64_t)attr.ctime.tv_sec,
                         .ctimensec = (uint32_t)attr.ctime.tv_nsec},
        };
        return 0;
}

/* --- extended attributes ------------------------------------------------------- */

int overlay_handlers_setxattr(struct overlay_tree *tree, uint64_t ino, const char *name, const void *value,
                              const struct fuse_setxattr_in *in)
{
        struct overlay_attr attr;
        struct overlay_change change = {.set = OVERLAY_SET_MODE};
        int r = overlay_ops_setxattr(tree, ino, name, value, in->size, (int)in->flags);

        /* the kernel says so of a default ACL too, which has nothing to do with the mode (fuse_set_acl) */
        if (r < 0 || !(in->setxattr_flags & FUSE_SETXATTR_ACL_KILL_SGID) || strcmp(name, ACL_ACCESS) != 0)
                return r;
        /* a new access ACL by somebody outside of the file's group: chmod(2) would drop sgid as well */
        r = overlay_ops_getattr(tree, ino, &attr);
        if (r < 0 || !(attr.mode & S_ISGID))
                return r;
        change.mode = attr.mode & 07777 & ~(mode_t)S_ISGID;
        return overlay_ops_setattr(tree, ino, &change, false, &attr);
}

/* The answer to GETXATTR and LISTXATTR: with `size` 0 how long it would be, else the bytes. */
static void reply_value(fuse_req_t req, ssize_t r, const char *value, size_t size)
{
        if (r < 0)
                fuse_reply_err(req, (int)-r);
        else if (size == 0)
                fuse_reply_xattr(req, (size_t)r);
        else
                fuse_reply_buf(req, value, (size_t)r);
}

static void on_getxattr(fuse_req_t req, fuse_ino_t ino, const char *name, size_t size)
{
        size_t room;
        char *value = overlay_session_scratch(fuse_req_userdata(req), &room);

        size = size < room ? size : room;
        reply_value(req, overlay_ops_getxattr_sz(tree_of(req), ino, name, value, size), value, size);
}

static void on_listxattr(fuse_req_t req, fuse_ino_t ino, size_t size)
{
        size_t room;
        char *list = overlay_session_scratch(fuse_req_userdata(req), &room);

        size = size < room ? size : room;
        reply_value(req, overlay_ops_listxattr_sz(tree_of(req), ino, list, size), list, size);
}

static void on_removexattr(fuse_req_t req, fuse_ino_t ino, const char *name)
{
        fuse_reply_err(req, -overlay_ops_removexattr(tree_of(req), ino, name));
}

/*
 * What is missing here is missing on purpose; session.c answers it with ENOSYS
 * before libfuse sees it. CREATE: the kernel uses MKNOD then, and no RELEASE
 * follows. FLUSH, FSYNC, FSYNCDIR: the kernel still writes its pages back first
 * and reports their errors; a step seals or never happened, so nothing is left to sync. ACCESS:
 * default_permissions. LSEEK: session_seek.h. Locks, IOCTL, POLL, BMAP: the kernel's own behaviour is right.
 */
const struct fuse_lowlevel_ops overlay_handlers = {
        .lookup = on_lookup,
        .forget = on_forget,
        .forget_multi = on_forget_multi,
        .getattr = on_getattr,
        .setattr = on_setattr,
        .readlink = on_readlink,
        .mknod = on_mknod,
        .mkdir = on_mkdir,
        .unlink = on_unlink,
        .rmdir = on_rmdir,
        .symlink = on_symlink,
        .rename = on_rename,
        .link = on_link,
        .open = overlay_handlers_open,
        .read = overlay_handlers_read,
        .write = overlay_handlers_write,
        .release = overlay_handlers_release,
        .opendir = overlay_handlers_opendir,
        .readdir = overlay_handlers_readdir,
        .releasedir = overlay_handlers_release,
        .statfs = on_statfs,
        .getxattr = on_getxattr,
        .listxattr = on_listxattr,
        .removexattr = on_removexattr,
        .fallocate = overlay_handlers_fallocate,
        .readdirplus = overlay_handlers_readdirplus,
        .copy_file_range = overlay_handlers_copy_file_range,
};
