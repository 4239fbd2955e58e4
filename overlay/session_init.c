/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The INIT negotiation as data. Request counts named below were measured per
 * file of an unpacked tar; <linux/fuse.h> documents the flags.
 */
#include "overlay/session_init.h"

#include <errno.h>
#include <stdbool.h>
#include <string.h>
#include <unistd.h>

#include "common/memory.h"

/* Linux 4.18, the first kernel that mounts FUSE inside a user namespace. */
#define OLDEST_MINOR 27

/* Requests the kernel may have under way without anybody waiting for them: writeback. Its own default is 12. */
#define MAX_BACKGROUND 64

struct choice {
        uint64_t flag;
        bool want;
};

/* Every flag a kernel is known to offer; one that is not listed is off. */
static const struct choice choices[] = {
        /* With it a reader runs on while its read-ahead is served: then it and the server compete for its CPU, the reader is
           moved to another, and each 128 KiB cost a wake-up between CPUs (1 GiB in 2.3 to 6 s instead of 1.1 to 1.7). The
           disk is asked for more than that by the sources (read_ahead.h). */
        {FUSE_ASYNC_READ, false},
        /* Locks need no server: with these off the kernel keeps fcntl, OFD and flock locks itself, and the mount is the
           only client. */
        {FUSE_POSIX_LOCKS, false},
        {FUSE_FLOCK_LOCKS, false},
        /* Obsolete, meaningful to kernels before 2.6.27 only; libfuse always sets it. */
        {FUSE_BIG_WRITES, true},
        /* Must be off: the kernel would leave truncation to OPEN, which is answered ENOSYS, and `> file` would keep its
           bytes. */
        {FUSE_ATOMIC_O_TRUNC, false},
        /* No NFS export, hence no LOOKUP of "." and "..". */
        {FUSE_EXPORT_SUPPORT, false},
        /* The tree applies the umask: a default ACL replaces it, and only the tree knows whether there is one. */
        {FUSE_DONT_MASK, true},
        {FUSE_POSIX_ACL, true},
        /* Measured: no gain, and a pipe smaller than the reply deadlocks. */
        {FUSE_SPLICE_WRITE, false},
        {FUSE_SPLICE_MOVE, false},
        {FUSE_SPLICE_READ, false},
        /* No ioctl is implemented. */
        {FUSE_HAS_IOCTL_DIR, false},
        /* Nobody changes a file behind the kernel's back, so no attribute may drop cached pages: neither a new mtime
           ... */
        {FUSE_AUTO_INVAL_DATA, false},
        /* ... nor a new size. */
        {FUSE_EXPLICIT_INVAL_DATA, true},
        /* Always, not AUTO: the attributes are at hand, and find + stat is 10 % faster than with AUTO, 2.6 times than
           without. */
        {FUSE_DO_READDIRPLUS, true},
        {FUSE_READDIRPLUS_AUTO, false},
        /* O_DIRECT requests of one call side by side. */
        {FUSE_ASYNC_DIO, true},
        /* Merges small writes: 3.9 to 1.0 WRITE a file. The kernel then owns size, mtime and ctime of files it has
           open. */
        {FUSE_WRITEBACK_CACHE, true},
        /* Says only that ENOSYS to OPEN and OPENDIR is understood; asked for by answering so (session.h). */
        {FUSE_NO_OPEN_SUPPORT, false},
        {FUSE_NO_OPENDIR_SUPPORT, false},
        /* Lookups and readdirs of one directory side by side: the tree locks by itself. libfuse 3.14 wants it and
           forgets to send it. */
        {FUSE_PARALLEL_DIROPS, true},
        /* The older contract clears suid at every WRITE, also at one that writeback sends after a chmod u+s: wrong with
           WRITEBACK_CACHE. */
        {FUSE_HANDLE_KILLPRIV, false},
        /* The tree clears suid, sgid and file capabilities when told so; saves a GETXATTR before each write but the
           first. */
        {FUSE_HANDLE_KILLPRIV_V2, true},
        /* Tells when setting an ACL must clear sgid (the caller is not in the file's group). */
        {FUSE_SETXATTR_EXT, true},
        /* An abort from outside reads as ECONNABORTED and fails the step; without it it looks like an unmount. */
        {FUSE_ABORT_ERROR, true},
        /* Requests of more than 32 pages. */
        {FUSE_MAX_PAGES, true},
        /* Link targets never change. */
        {FUSE_CACHE_SYMLINKS, true},
        /* DAX, virtiofs and submounts: not ours. */
        {FUSE_MAP_ALIGNMENT, false},
        {FUSE_SUBMOUNTS, false},
        /* flags2 is valid, in both directions. */
        {FUSE_INIT_EXT, true},
        /* An LSM label for new files in each create: a user namespace mount has none. */
        {FUSE_SECURITY_CTX, false},
        {FUSE_HAS_INODE_DAX, false},
        /* Expiring entries: nothing changes from outside. */
        {FUSE_HAS_EXPIRE_ONLY, false},
};

int overlay_session_init_parse(const void *message, size_t size, uint64_t *ret_offered, uint64_t *ret_taken,
                               struct error *err)
{
        struct fuse_in_header header;
        struct fuse_init_in init;
        uint64_t offered, taken = 0;
        /* major, minor, max_readahead and flags were always there; the rest came with INIT_EXT */
        size_t least = sizeof header + offsetof(struct fuse_init_in, flags2);
        size_t i, body;

        if (size < least)
                return error_set(err, EPROTO,
                                 "cannot serve the FUSE mount: its first message has %zu bytes, INIT has at least %zu",
                                 size, least);
        memcpy(&header, message, sizeof header);
        if (header.opcode != FUSE_INIT)
                return error_set(
                        err, EPROTO,
                        "cannot serve the FUSE mount: its first message is %u, not INIT (is it served already?)",
                        header.opcode);
        memset(&init, 0, sizeof init);
        body = size - sizeof header;
        memcpy(&init, (const char *)message + sizeof header, body < sizeof init ? body : sizeof init);
        if (init.major != FUSE_KERNEL_VERSION || init.minor < OLDEST_MINOR)
                return error_set(
                        err, EPROTO,
                        "cannot serve the FUSE mount: the kernel speaks protocol %u.%u, needed is %u.%u (Linux 4.18)",
                        init.major, init.minor, FUSE_KERNEL_VERSION, OLDEST_MINOR);
        offered = init.flags;
        if (offered & FUSE_INIT_EXT)
                offered |= (uint64_t)init.flags2 << 32;
        for (i = 0; i < ARRAY_SIZE(choices); i++)
                if (choices[i].want)
                        taken |= choices[i].flag & offered;
        *ret_offered = offered;
        *ret_taken = taken;
        return 0;
}

void overlay_session_init_amend(struct fuse_init_out *reply, uint64_t taken)
{
        reply->flags = (uint32_t)taken;
        reply->flags2 = (uint32_t)(taken >> 32);
        if (reply->max_write > OVERLAY_SESSION_MAX_WRITE)
                reply->max_write = OVERLAY_SESSION_MAX_WRITE;
        if (taken & FUSE_MAX_PAGES)
                reply->max_pages = (uint16_t)(reply->max_write / (unsigned long)sysconf(_SC_PAGESIZE));
        reply->max_background = MAX_BACKGROUND;
        reply->congestion_threshold = MAX_BACKGROUND * 3 / 4;
        reply->time_gran = 1;
}
