/* SPDX-License-Identifier: Apache-2.0 */
/* Certificates of those who are trusted anyway, and of those whom certs.d adds for a host. */
#include "oci/authorities.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <sys/mman.h>

#include "common/environment.h"
#include "common/fd.h"
#include "common/memory.h"
#include "oci/registries_private.h"

/* A bundle of a host has some 200 KiB. */
#define BUNDLE_SIZE (16u * 1024 * 1024)

/* Where hosts keep their bundle: Debian, Fedora, SUSE, Alpine. The one that libcurl was built with is not to be had
 * before 7.84. */
static const char *const bundles[] = {"/etc/ssl/certs/ca-certificates.crt", "/etc/pki/tls/certs/ca-bundle.crt",
                                      "/etc/ssl/ca-bundle.pem", "/etc/ssl/cert.pem"};

const char *oci_authorities_named(void)
{
        const char *named = environment_find("CURL_CA_BUNDLE");

        return named ? named : environment_find("SSL_CERT_FILE");
}

void oci_authorities_usual(struct buffer *ret)
{
        const char *named = oci_authorities_named();
        size_t before = ret->size;

        for (size_t i = 0; i < (named ? 1 : ARRAY_SIZE(bundles)); i++) {
                CLEANUP_ERROR struct error err = ERROR_INIT;

                if (fd_read_file(AT_FDCWD, named ? named : bundles[i], BUNDLE_SIZE, false, ret, &err) == 0)
                        break;
                ret->size = before;
        }
        if (ret->size > before)
                buffer_append_char(ret, '\n');
}

int oci_authorities_file(const struct buffer *bundle, int *ret_fd, char **ret_path, struct error *err)
{
        CLEANUP_FD int fd = memfd_create("bryo-authorities", MFD_CLOEXEC);

        if (fd < 0 || fd_write_all(fd, bundle->data, bundle->size) < 0)
                return error_errno(err, errno, "cannot put authorities together in memory");
        *ret_path = memory_printf("/proc/self/fd/%d", fd);
        *ret_fd = fd_steal(&fd);
        return 0;
}

int oci_authorities_find(const char *host, struct buffer *ret, struct error *err)
{
        struct oci_registries_endpoint e = {.host = NULL};
        int result = 0;

        if (host[0] != '.') /* the name of a directory */
                result = registries_certs_load(NULL, host, &e, err);
        if (result == 0 && e.ca.size > 0) {
                oci_authorities_usual(ret);
                buffer_append(ret, e.ca.data, e.ca.size);
        }
        buffer_free(&e.ca);
        free(e.client_certificate);
        free(e.client_key);
        return result;
}
