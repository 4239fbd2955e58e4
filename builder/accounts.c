/* SPDX-License-Identifier: Apache-2.0 */
/* Reads the account files of a tree. */
#include "builder/accounts.h"

#include <errno.h>

/* As docker's; a larger file is no account file, and reading it would be an attack on memory. */
#define MAX_FILE ((size_t)10 << 20)

static int load(struct overlay_tree *tree, const char *path, struct buffer *ret, bool *ret_found, struct error *err)
{
        CLEANUP_OVERLAY_REF struct overlay_ref file = OVERLAY_REF_INIT;
        CLEANUP_ERROR struct error find_err = ERROR_INIT;

        *ret_found = false;
        if (overlay_tree_resolve(tree, NULL, path, 0, &file, &find_err) < 0) {
                if (find_err.code == ENOENT || find_err.code == ENOTDIR)
                        return 0;
                return error_move(err, &find_err);
        }
        if (overlay_node_read_all(&file, MAX_FILE, ret, err) < 0)
                return error_wrap(err, "cannot read the image's %s", path);
        *ret_found = true;
        return 0;
}

int builder_accounts_load(struct overlay_tree *tree, struct builder_account_files *ret, struct error *err)
{
        if (load(tree, "/etc/passwd", &ret->passwd, &ret->has_passwd, err) < 0)
                return -1;
        return load(tree, "/etc/group", &ret->group, &ret->has_group, err);
}

struct builder_accounts builder_accounts_view(const struct builder_account_files *files)
{
        return (struct builder_accounts){ files->has_passwd ? buffer_text(&files->passwd) : NULL,
                                          files->has_group ? buffer_text(&files->group) : NULL };
}

void builder_accounts_free(struct builder_account_files *files)
{
        buffer_free(&files->passwd);
        buffer_free(&files->group);
}
