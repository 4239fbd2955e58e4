/* SPDX-License-Identifier: Apache-2.0 */
/* Authorities of certs.d and the like, put together with the usual ones, once for all requests. */
#include "oci/registry_authorities.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <sys/mman.h>

#include "common/fd.h"
#include "common/memory.h"
#include "common/sha256.h"

/* A bundle of a host has some 200 KiB. */
#define BUNDLE_SIZE (16u * 1024 * 1024)

/* Where hosts keep their bundle: Debian, Fedora, SUSE, Alpine. The one that libcurl was built with is not to be had
 * before 7.84. */
static const char *const bundles[] = {"/etc/ssl/certs/ca-certificates.crt", "/etc/pki/tls/certs/ca-bundle.crt",
                                      "/etc/ssl/ca-bundle.pem", "/etc/ssl/cert.pem"};

struct file {
        int fd;
        char *path;
};

static void free_file(void *value)
{
        struct file *f = value;

        (void)fd_close(f->fd);
        free(f->path);
        free(f);
}

struct map *registry_authorities_new(void)
{
        return map_new(free_file);
}

/* The authorities that are trusted anyway; without a bundle only those of certs.d count, which is no hole. */
static void read_usual(struct buffer *ret)
{
        const char *named = getenv("SSL_CERT_FILE");

        for (size_t i = 0; i < ARRAY_SIZE(bundles); i++) {
                CLEANUP_ERROR struct error err = ERROR_INIT;
                const char *file = named && named[0] ? named : bundles[i];

                if (fd_read_file(AT_FDCWD, file, BUNDLE_SIZE, false, ret, &err) == 0 || (named && named[0]))
                        return;
                buffer_clear(ret);
        }
}

/* Those of certs.d count beside the usual ones, and libcurl takes one file: it is put together in memory. */
static int make_file(const struct buffer *authorities, struct file **ret, struct error *err)
{
        CLEANUP_BUFFER struct buffer bundle = BUFFER_INIT;
        CLEANUP_FD int fd = memfd_create("bryo-authorities", MFD_CLOEXEC);

        read_usual(&bundle);
        buffer_append_char(&bundle, '\n');
        buffer_append(&bundle, authorities->data, authorities->size);
        if (fd < 0 || fd_write_all(fd, bundle.data, bundle.size) < 0)
                return error_errno(err, errno, "cannot put authorities together in memory");
        *ret = memory_zalloc(1, sizeof(**ret));
        (*ret)->path = memory_printf("/proc/self/fd/%d", fd);
        (*ret)->fd = fd_steal(&fd);
        return 0;
}

int registry_authorities_ensure(struct map *files, const struct buffer *authorities, const char **ret, struct error *err)
{
        struct sha256_digest key;
        struct file *file;

        sha256_of(authorities->data, authorities->size, &key);
        file = map_find(files, key.bytes, sizeof(key.bytes));
        if (!file) {
                if (make_file(authorities, &file, err) < 0)
                        return -1;
                map_set(files, key.bytes, sizeof(key.bytes), file);
        }
        *ret = file->path;
        return 0;
}
