/* SPDX-License-Identifier: Apache-2.0 */
#include "common/fd.h"

#include <errno.h>
#include <fcntl.h>
#include <stdint.h>
#include <sys/stat.h>
#include <sys/vfs.h>
#include <unistd.h>

int fd_close(int fd)
{
        int saved = errno;

        if (fd >= 0)
                (void)close(fd); /* Linux frees the descriptor whatever close says */
        errno = saved;
        return -1;
}

int fd_steal(int *fd)
{
        int stolen = *fd;

        *fd = -1;
        return stolen;
}

void fd_cleanup(int *fd)
{
        *fd = fd_close(*fd);
}

int fd_write_all(int fd, const void *bytes, size_t size)
{
        const char *p = bytes;

        while (size > 0) {
                ssize_t n = write(fd, p, size);

                if (n < 0 && errno == EINTR)
                        continue;
                if (n < 0)
                        return -1;
                p += n;
                size -= (size_t)n;
        }
        return 0;
}

int fd_pwrite_all(int fd, const void *bytes, size_t size, off_t offset)
{
        const char *p = bytes;

        while (size > 0) {
                ssize_t n = pwrite(fd, p, size, offset);

                if (n < 0 && errno == EINTR)
                        continue;
                if (n < 0)
                        return -1;
                p += n;
                offset += n;
                size -= (size_t)n;
        }
        return 0;
}

int fd_pread_all(int fd, void *bytes, size_t size, off_t offset)
{
        char *p = bytes;

        while (size > 0) {
                ssize_t n = pread(fd, p, size, offset);

                if (n < 0 && errno == EINTR)
                        continue;
                if (n < 0)
                        return -1;
                if (n == 0) {
                        errno = ENODATA;
                        return -1;
                }
                p += n;
                offset += n;
                size -= (size_t)n;
        }
        return 0;
}

static int read_to_end(int fd, const char *path, size_t limit, struct buffer *ret, struct error *err)
{
        size_t start = ret->size;

        for (;;) {
                char *room = buffer_reserve(ret, 65536);
                ssize_t n = read(fd, room, 65536);

                if (n < 0 && errno == EINTR)
                        continue;
                if (n < 0)
                        return error_errno(err, errno, "cannot read %s", path);
                if (n == 0)
                        break;
                ret->size += (size_t)n;
                if (ret->size - start > limit)
                        return error_set(err, EFBIG, "cannot read %s: larger than the limit of %zu bytes", path, limit);
        }
        (void)buffer_reserve(ret, 0);
        return 0;
}

int fd_read_file(int dirfd, const char *path, size_t limit, bool nofollow, struct buffer *ret, struct error *err)
{
        CLEANUP_FD int fd = -1;
        struct stat st;

        /* O_NONBLOCK: opening a FIFO must not wait for a writer */
        fd = openat(dirfd, path, O_RDONLY | O_CLOEXEC | O_NOCTTY | O_NONBLOCK | (nofollow ? O_NOFOLLOW : 0));
        if (fd < 0 || fstat(fd, &st) < 0)
                return error_errno(err, errno, "cannot open %s", path);
        if (!S_ISREG(st.st_mode))
                return error_set(err, EINVAL, "cannot read %s: it is not a regular file", path);
        if (st.st_size > 0 && (size_t)st.st_size > limit)
                return error_set(err, EFBIG, "cannot read %s: larger than the limit of %zu bytes", path, limit);
        return read_to_end(fd, path, limit, ret, err);
}

int fd_open_directory(int dirfd, const char *path)
{
        return openat(dirfd, path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
}

/* Numbers of linux/magic.h, which has not all of them. */
static bool is_remote(int fd)
{
        static const uint32_t types[] = {
                0x6969,     /* NFS */
                0x517b,     /* SMB */
                0xff534d42, /* CIFS */
                0xfe534d42, /* SMB2 */
                0x65735546, /* FUSE: sshfs and its like */
                0x00c36400, /* Ceph */
                0x01021997, /* 9p */
                0x0bd00bd0, /* Lustre */
                0x47504653, /* GPFS */
                0x5346414f, /* AFS */
                0x6b414653, /* kAFS */
        };
        struct statfs fs;

        if (fstatfs(fd, &fs) < 0)
                return true;
        for (size_t i = 0; i < sizeof(types) / sizeof(types[0]); i++)
                if ((uint32_t)fs.f_type == types[i])
                        return true;
        return false;
}

int fd_settle(int fd)
{
        return is_remote(fd) ? fsync(fd) : 0;
}
