/* SPDX-License-Identifier: Apache-2.0 */
/* Blobs: objects named by the digest of their bytes. One that has its name is whole, even after a power cut. */
#include <errno.h>
#include <string.h>

#include "common/fd.h"
#include "common/memory.h"
#include "oci/digest.h"
#include "oci/store_private.h"

bool oci_store_blob_has(struct oci_store *s, const struct sha256_digest *digest)
{
        char hex[SHA256_HEX_SIZE + 1];

        sha256_to_hex(digest, hex);
        return oci_store_has(s, OCI_STORE_BLOBS, hex);
}

int oci_store_blob_open(struct oci_store *s, const struct sha256_digest *digest, int *ret_fd, uint64_t *ret_size,
                        struct error *err)
{
        char hex[SHA256_HEX_SIZE + 1];

        sha256_to_hex(digest, hex);
        return oci_store_open_object(s, OCI_STORE_BLOBS, hex, ret_fd, ret_size, err);
}

int oci_store_blob_load(struct oci_store *s, const struct sha256_digest *digest, size_t limit, struct buffer *ret,
                        struct error *err)
{
        char hex[SHA256_HEX_SIZE + 1];
        CLEANUP_FD int fd = -1;
        struct sha256_digest is;
        uint64_t size;

        sha256_to_hex(digest, hex);
        if (oci_store_open_object(s, OCI_STORE_BLOBS, hex, &fd, &size, err) < 0)
                return -1;
        if (size > limit)
                return error_set(err, EFBIG, "%s/blobs/sha256/%s is larger than the limit of %zu bytes", s->path, hex,
                                 limit);
        if (fd_pread_all(fd, buffer_reserve(ret, (size_t)size + 1), (size_t)size, 0) < 0)
                return oci_store_fail(s, errno, "read", "blobs/sha256", hex, err);
        sha256_of(ret->data + ret->size, (size_t)size, &is);
        if (!sha256_equal(&is, digest))
                return error_set(err, EBADMSG, "%s/blobs/sha256/%s is damaged: its bytes are not those its name says",
                                 s->path, hex);
        ret->size += (size_t)size;
        ret->data[ret->size] = '\0';
        return 0;
}

int oci_store_blob_commit(struct oci_store_file *f, const struct sha256_digest *digest, struct error *err)
{
        char hex[SHA256_HEX_SIZE + 1];

        sha256_to_hex(digest, hex);
        if (oci_store_file_sync(f, err) < 0)
                return -1;
        return oci_store_file_commit(f, hex, err);
}

int oci_store_blob_save(struct oci_store *s, const void *bytes, size_t size, struct sha256_digest *ret_digest,
                        struct error *err)
{
        CLEANUP_STORE_FILE struct oci_store_file *f = NULL;
        struct sha256_digest d;

        sha256_of(bytes, size, &d);
        if (ret_digest != NULL)
                *ret_digest = d;
        if (oci_store_blob_has(s, &d))
                return 0;
        if (oci_store_file_create(s, OCI_STORE_BLOBS, &f, err) < 0)
                return -1;
        if (fd_write_all(oci_store_file_fd(f), bytes, size) < 0)
                return oci_store_fail(s, errno, "write a blob into", NULL, NULL, err);
        return oci_store_blob_commit(f, &d, err);
}

int oci_store_blob_sync(struct oci_store *s, const struct sha256_digest *digest, struct error *err)
{
        char hex[SHA256_HEX_SIZE + 1];

        sha256_to_hex(digest, hex);
        return oci_store_sync(s, OCI_STORE_BLOBS, hex, err);
}

int oci_store_blob_remove(struct oci_store *s, const struct sha256_digest *digest, struct error *err)
{
        char hex[SHA256_HEX_SIZE + 1];

        sha256_to_hex(digest, hex);
        return oci_store_remove(s, OCI_STORE_BLOBS, hex, err);
}
