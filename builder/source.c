/* SPDX-License-Identifier: Apache-2.0 */
/* What all kinds of sources share. */
#include "builder/source.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "common/fd.h"
#include "common/memory.h"

void builder_source_free(struct builder_source *s)
{
        if (s)
                s->ops->free(s);
}

int builder_source_each(struct builder_source *s, const struct builder_item *dir, builder_item_function *visit,
                        void *context, struct error *err)
{
        CLEANUP_STRV struct strv names = STRV_INIT;

        if (s->ops->each)
                return s->ops->each(s, dir, visit, context, err);
        if (s->ops->list(s, dir, &names, err) < 0)
                return -1;
        for (size_t i = 0; i < names.count; i++) {
                CLEANUP_ITEM struct builder_item child = BUILDER_ITEM_INIT;

                if (s->ops->child(s, dir, names.items[i], &child, err) < 0 ||
                    visit(context, names.items[i], &child, err) < 0)
                        return -1;
        }
        return 0;
}

int builder_source_each_digested(struct builder_source *s, const struct builder_item *dir,
                                 builder_item_function *visit, void *context, struct error *err)
{
        if (s->ops->each_digested)
                return s->ops->each_digested(s, dir, visit, context, err);
        return builder_source_each(s, dir, visit, context, err);
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

/* A file that is missing is one thing; a link whose target is not in the source is somebody's mistake, or worse. */
static int explain_dangling(struct builder_source *s, const char *path, struct error *err)
{
        const char *slash = strrchr(path, '/');
        CLEANUP_FREE char *directory = slash ? memory_strndup(path, (size_t)(slash - path)) : memory_strdup("");
        CLEANUP_ITEM struct builder_item parent = BUILDER_ITEM_INIT;
        CLEANUP_ITEM struct builder_item link = BUILDER_ITEM_INIT;
        CLEANUP_ERROR struct error find_err = ERROR_INIT;

        if (s->ops->find(s, directory, &parent, &find_err) < 0 ||
            s->ops->child(s, &parent, slash ? slash + 1 : path, &link, &find_err) < 0 || !S_ISLNK(link.attr.mode))
                return -1;
        error_clear(err);
        return error_set(err, ELOOP, "%s is a link that leads to nothing in the context", path);
}

/* Only a regular file is ever opened: a FIFO or a device of a context would block or worse. */
int builder_source_read(struct builder_source *s, const char *path, size_t limit, struct buffer *ret, struct error *err)
{
        CLEANUP_ITEM struct builder_item item = BUILDER_ITEM_INIT;
        CLEANUP_FD int fd = -1;
        ssize_t n = 1;

        if (s->ops->find(s, path, &item, err) < 0)
                return err->code == ENOENT ? explain_dangling(s, path, err) : -1;
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
