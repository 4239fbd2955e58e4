/* SPDX-License-Identifier: Apache-2.0 */
/* What all kinds of sources share. */
#include "builder/source.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#include "common/fd.h"

void builder_source_free(struct builder_source *s)
{
        if (s)
                s->ops->free(s);
}

void builder_item_release(struct builder_item *item)
{
        item->fd = fd_close(item->fd);
        overlay_ref_release(&item->ref);
        free(item->path);
        item->path = NULL;
}

static int set_xattr(void *context, const char *name, const void *value, size_t size, struct error *err)
{
        return overlay_node_set_xattr(context, name, value, size, err);
}

int builder_item_copy_xattrs(struct builder_source *s, const struct builder_item *item, const struct overlay_ref *to,
                             struct error *err)
{
        struct overlay_ref ref = *to; /* not a second reference: only for the callback */

        return s->ops->each_xattr(s, item, set_xattr, &ref, err);
}

/* Only a regular file is ever opened: a FIFO or a device of a context would block or worse. */
int builder_source_read(struct builder_source *s, const char *path, size_t limit, struct buffer *ret, struct error *err)
{
        CLEANUP_ITEM struct builder_item item = BUILDER_ITEM_INIT;
        CLEANUP_FD int fd = -1;
        ssize_t n = 1;

        if (s->ops->find(s, path, &item, err) < 0)
                return -1;
        if (!S_ISREG(item.attr.mode))
                return error_set(err, S_ISDIR(item.attr.mode) ? EISDIR : EINVAL, "%s is not a regular file", path);
        if (item.attr.size > limit)
                return error_set(err, EFBIG, "%s is larger than %zu bytes", path, limit);
        if (s->ops->open_file(s, &item, &fd, err) < 0)
                return -1;
        while (n > 0) {
                n = read(fd, buffer_reserve(ret, 65536), 65536);
                if (n < 0 && errno == EINTR)
                        n = 1; /* once more */
                else if (n < 0)
                        return error_errno(err, errno, "cannot read %s", path);
                else
                        ret->size += (size_t)n;
                if (ret->size > limit)
                        return error_set(err, EFBIG, "%s is larger than %zu bytes", path, limit);
        }
        (void)buffer_reserve(ret, 0); /* for the NUL behind the text */
        return 0;
}

int builder_source_keep(struct builder_source *s, struct strv *made, struct error *err)
{
        return s->ops->keep ? s->ops->keep(s, made, err) : 0;
}
