/* SPDX-License-Identifier: Apache-2.0 */
/* Authorities of certs.d and the like, put together with the usual ones, once for all requests. */
#include "oci/registry_authorities.h"

#include <stdlib.h>

#include "common/fd.h"
#include "common/memory.h"
#include "common/sha256.h"
#include "oci/authorities.h"

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

/* Those of certs.d count beside the usual ones. */
static int make_file(const struct buffer *authorities, struct file **ret, struct error *err)
{
        CLEANUP_BUFFER struct buffer bundle = BUFFER_INIT;
        struct file file;

        oci_authorities_usual(&bundle); /* without a bundle only those of certs.d count, which is no hole */
        buffer_append(&bundle, authorities->data, authorities->size);
        if (oci_authorities_file(&bundle, &file.fd, &file.path, err) < 0)
                return -1;
        *ret = memory_dup(&file, sizeof(file));
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
