/* SPDX-License-Identifier: Apache-2.0 */
#ifndef BRYO_TESTS_UNIT_OVERLAY_SERVER_TREE_H
#define BRYO_TESTS_UNIT_OVERLAY_SERVER_TREE_H

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <sys/stat.h>
#include <unistd.h>

#include "common/fd.h"
#include "overlay/source.h"
#include "overlay/tree.h"
#include "tests/unit/check.h"

/* An empty tree to be served, in a directory of its own: WHERE/data holds its bytes, WHERE/mnt is for the mount. */
struct server_tree {
        char where[64];
        char mount[80];
        char data[80];
        struct overlay_pool *pool;
        struct overlay_tree *tree;
};

__attribute__((unused)) static int server_tree_open_source(void *context, const char *name, int *ret_fd,
                                                           struct error *err)
{
        struct server_tree *st = context;

        (void)name;
        *ret_fd = open(st->data, O_RDONLY | O_CLOEXEC);
        return *ret_fd < 0 ? error_errno(err, errno, "%s", st->data) : 0;
}

__attribute__((unused)) static int server_tree_create_data(void *context, int *ret_fd, char *ret_name,
                                                           struct error *err)
{
        struct server_tree *st = context;

        snprintf(ret_name, OVERLAY_SOURCE_NAME_MAX + 1, "data");
        *ret_fd = open(st->data, O_RDWR | O_CREAT | O_EXCL | O_CLOEXEC, 0600);
        return *ret_fd < 0 ? error_errno(err, errno, "%s", st->data) : 0;
}

__attribute__((unused)) static void server_tree_make(struct server_tree *st)
{
        CLEANUP_ERROR struct error err = ERROR_INIT;
        struct overlay_pool_options pool = {.open = server_tree_open_source, .context = st};
        struct overlay_tree_options tree = {.create_data = server_tree_create_data, .context = st};

        snprintf(st->where, sizeof st->where, "/tmp/bryo-server-XXXXXX");
        if (mkdtemp(st->where) == NULL || chmod(st->where, 0755) < 0)
                abort();
        snprintf(st->mount, sizeof st->mount, "%s/mnt", st->where);
        snprintf(st->data, sizeof st->data, "%s/data", st->where);
        if (mkdir(st->mount, 0755) < 0)
                abort();
        tree.statfs_fd = open(st->where, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
        st->pool = overlay_pool_new(&pool);
        tree.pool = st->pool;
        CHECK_OK(overlay_tree_open(&tree, &st->tree, &err));
        if (st->tree == NULL)
                abort();
}

/* `statfs_fd` stays open until the process ends. */
__attribute__((unused)) static void server_tree_drop(struct server_tree *st)
{
        overlay_tree_close(st->tree);
        overlay_pool_free(st->pool);
        unlink(st->data);
        rmdir(st->mount);
        rmdir(st->where);
}

#endif
