/* SPDX-License-Identifier: Apache-2.0 */
/* Errors for the builder: what was tried, on which path, and why it did not work. */
#include "overlay/report.h"

#include <errno.h>
#include <string.h>

#include "common/memory.h"
#include "overlay/path.h"

static const char *cause(const struct overlay_tree *tree, int code)
{
        /* the file at fault is known only there */
        if ((code == EBADMSG || code == EIO || code == EROFS) && error_is_set(&tree->failure))
                return tree->failure.message;
        return strerror(code);
}

int overlay_report(struct overlay_tree *tree, int rc, const char *verb, const struct overlay_node *node,
                   const char *name, struct error *err)
{
        CLEANUP_FREE char *path = NULL;

        if (rc >= 0)
                return 0;
        overlay_tree_lock(tree);
        path = overlay_path_of(tree, node);
        if (name != NULL && strcmp(path, "/") == 0)
                path[0] = '\0';
        error_set(err, -rc, "cannot %s %s%s%s: %s", verb, path, name != NULL ? "/" : "", name != NULL ? name : "",
                  cause(tree, -rc));
        overlay_tree_unlock(tree);
        return -1;
}
