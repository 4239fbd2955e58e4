/* SPDX-License-Identifier: Apache-2.0 */
/* What all kinds of sources share. */
#include "builder/source.h"

#include <stdlib.h>

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
