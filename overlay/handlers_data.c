/* SPDX-License-Identifier: Apache-2.0 */
/* Handlers that move contents: bytes of files, names of directories. */
#define FUSE_USE_VERSION 314
#include "overlay/handlers_data.h"

#include <errno.h>
#include <string.h>
#include <sys/stat.h>

#include <linux/fuse.h>

#include "overlay/session.h"

/* The most bytes one reply can acknowledge in its 32 bits, rounded down as the kernel does for read and write. */
#define COPY_MAX 0x7ffff000u

/* open(2) on behalf of execve(2), in the flags of OPEN (linux/fs.h) */
#define FMODE_EXEC 0x20

/* Larger programs are seldom touched as a whole. */
#define PROGRAM_MAX ((uint64_t)4 << 20)
/* What is copied out at once while it is in the CPU's cache: the whole scratch buffer is fresh pages in every session. */
#define PROGRAM_PIECE ((size_t)128 << 10)

static struct overlay_tree *tree_of(fuse_req_t req)
{
        return overlay_session_tree(fuse_req_userdata(req));
}

/* --- files --------------------------------------------------------------------- */

/*
 * The program that a fresh mount is entered with: it is going to be run, and would be read in twenty pieces of 128 KB by page
 * faults, each a round trip (measured with a busybox of 2 MB: half of the time that `RUN true` takes). In one piece it costs a
 * fifth. This is the first OPEN of the mount, the last one if it is answered ENOSYS, and no file can be read before it is
 * open: so no READ is under way.
 */
static void store_program(fuse_req_t req, fuse_ino_t ino)
{
        struct overlay_session *session = fuse_req_userdata(req);
        struct overlay_attr attr;
        size_t room;
        char *bytes = overlay_session_scratch(session, &room);

        room = room < PROGRAM_PIECE ? room : PROGRAM_PIECE;
        if (overlay_ops_getattr(tree_of(req), ino, &attr) < 0 || !S_ISREG(attr.mode) || attr.size > PROGRAM_MAX)
                return;
        for (uint64_t at = 0; at < attr.size;) {
                ssize_t n = overlay_ops_read_sz(tree_of(req), ino, bytes, room, at);

                if (n <= 0 || !overlay_session_store(session, ino, bytes, (size_t)n, at))
                        return; /* it is read page by page then, and what failed fails there */
                at += (uint64_t)n;
        }
}

/* Nothing has to be opened: a node lives until FORGET. ENOSYS spares OPEN, RELEASE, OPENDIR and RELEASEDIR for good. */
void overlay_handlers_open(fuse_req_t req, fuse_ino_t ino, struct fuse_file_info *fi)
{
        if (overlay_session_skips_open(fuse_req_userdata(req))) {
                if (fi->flags & FMODE_EXEC)
                        store_program(req, ino);
                fuse_reply_err(req, ENOSYS);
                return;
        }
        fi->keep_cache = 1;
        fuse_reply_open(req, fi);
}

void overlay_handlers_opendir(fuse_req_t req, fuse_ino_t ino, struct fuse_file_info *fi)
{
        (void)ino;
        if (overlay_session_skips_opendir(fuse_req_userdata(req))) {
                fuse_reply_err(req, ENOSYS);
                return;
        }
        fi->keep_cache = 1;
        fi->cache_readdir = 1;
        fuse_reply_open(req, fi);
}

void overlay_handlers_release(fuse_req_t req, fuse_ino_t ino, struct fuse_file_info *fi)
{
        (void)ino;
        (void)fi;
        fuse_reply_err(req, 0);
}

void overlay_handlers_read(fuse_req_t req, fuse_ino_t ino, size_t size, off_t offset, struct fuse_file_info *fi)
{
        size_t room;
        char *bytes = overlay_session_scratch(fuse_req_userdata(req), &room);
        ssize_t n = -EINVAL;

        (void)fi;
        if (offset >= 0 && size <= room)
                n = overlay_ops_read_sz(tree_of(req), ino, bytes, size, (uint64_t)offset);
        if (n < 0)
                fuse_reply_err(req, (int)-n);
        else
                fuse_reply_buf(req, bytes, (size_t)n);
}

void overlay_handlers_write(fuse_req_t req, fuse_ino_t ino, const char *bytes, size_t size, off_t offset,
                            struct fuse_file_info *fi)
{
        uint32_t flags = overlay_session_write_flags(fuse_req_userdata(req));
        ssize_t n;

        (void)fi;
        /*
         * The kernel says when a write clears suid and capabilities; pages that writeback sends
         * late never do, they may have been overtaken by chmod u+s or setcap.
         */
        n = overlay_ops_write_sz(tree_of(req), ino, bytes, size, (uint64_t)offset,
                                 flags & FUSE_WRITE_KILL_SUIDGID ? 0 : OVERLAY_WRITE_KEEP_PRIV);
        if (n < 0)
                fuse_reply_err(req, (int)-n);
        else
                fuse_reply_write(req, (size_t)n);
}

void overlay_handlers_fallocate(fuse_req_t req, fuse_ino_t ino, int mode, off_t offset, off_t length,
                                struct fuse_file_info *fi)
{
        int r = -EINVAL;

        (void)fi;
        if (offset >= 0 && length > 0)
                r = offset > INT64_MAX - length
                            ? -EFBIG
                            : overlay_ops_fallocate(tree_of(req), ino, mode, (uint64_t)offset, (uint64_t)length);
        fuse_reply_err(req, -r);
}

void overlay_handlers_copy_file_range(fuse_req_t req, fuse_ino_t in, off_t in_offset, struct fuse_file_info *in_fi,
                                      fuse_ino_t out, off_t out_offset, struct fuse_file_info *out_fi, size_t size,
                                      int flags)
{
        ssize_t n = -EINVAL;

        (void)in_fi;
        (void)out_fi;
        size = size < COPY_MAX ? size : COPY_MAX;
        if (flags == 0 && in_offset >= 0 && out_offset >= 0)
                n = overlay_ops_copy_sz(tree_of(req), in, (uint64_t)in_offset, out, (uint64_t)out_offset, size);
        if (n < 0)
                fuse_reply_err(req, (int)-n);
        else
                fuse_reply_write(req, (size_t)n);
}

/* --- directories ------------------------------------------------------------------ */

struct listing {
        fuse_req_t req;
        char *bytes;
        size_t size; /* filled so far */
        size_t room;
        bool plus;
};

static bool add_entry(void *context, const struct overlay_dirent *dirent)
{
        struct listing *listing = context;
        char *to = listing->bytes + listing->size;
        size_t room = listing->room - listing->size, need;

        if (listing->plus) {
                struct fuse_entry_param entry;

                overlay_handlers_fill_entry(&dirent->attr, &entry);
                if (strcmp(dirent->name, ".") == 0 || strcmp(dirent->name, "..") == 0)
                        entry.ino = 0; /* names without a lookup count: the kernel makes no dentry */
                need = fuse_add_direntry_plus(listing->req, to, room, dirent->name, &entry, (off_t)dirent->next);
        } else {
                struct stat st = {.st_ino = dirent->attr.ino, .st_mode = dirent->attr.mode};

                need = fuse_add_direntry(listing->req, to, room, dirent->name, &st, (off_t)dirent->next);
        }
        if (need > room)
                return false; /* it wrote nothing */
        listing->size += need;
        return true;
}

static void list(fuse_req_t req, fuse_ino_t ino, size_t size, off_t offset, bool plus)
{
        struct listing listing = {.req = req, .plus = plus};
        int r;

        listing.bytes = overlay_session_scratch(fuse_req_userdata(req), &listing.room);
        if (size < listing.room)
                listing.room = size;
        /* any 64-bit number is a valid cookie to the tree, also one that seekdir made up */
        r = overlay_ops_readdir(tree_of(req), ino, (uint64_t)offset, plus, add_entry, &listing);
        if (r < 0)
                fuse_reply_err(req, -r);
        else
                fuse_reply_buf(req, listing.bytes, listing.size);
}

void overlay_handlers_readdir(fuse_req_t req, fuse_ino_t ino, size_t size, off_t offset, struct fuse_file_info *fi)
{
        (void)fi;
        list(req, ino, size, offset, false);
}

void overlay_handlers_readdirplus(fuse_req_t req, fuse_ino_t ino, size_t size, off_t offset, struct fuse_file_info *fi)
{
        (void)fi;
        list(req, ino, size, offset, true);
}
