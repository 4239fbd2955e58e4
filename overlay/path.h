/* SPDX-License-Identifier: Apache-2.0 */
#ifndef BRYO_OVERLAY_PATH_H
#define BRYO_OVERLAY_PATH_H

#include "overlay/node.h"

/* Walking paths inside a tree. Internal to overlay/; the lock is held. */

enum path_missing {
        PATH_FAIL,        /* -ENOENT */
        PATH_LAST_MISSING /* the last component may be missing */
};

struct path_walk {
        struct overlay_node *dir;  /* pinned: where the last component is */
        struct overlay_node *node; /* pinned; NULL: the last component is missing */
        char name[INDEX_NAME_MAX +
                  1]; /* the last component; "" when the path ends at `dir` itself, which then is `node` */
        /* called for a missing component that is not the last, or (ensure) for any; makes it; NULL: it is an error */
        int (*make)(struct overlay_tree *tree, struct overlay_node *dir, const char *name, size_t size, void *context,
                    struct overlay_node **ret);
        void *context;
        bool make_last; /* `make` is for the last one too */
        bool directory; /* out: the path ended in '/' */
};

/* Walks from `at`. `follow` is for the last component. 0 or -errno; on failure nothing stays pinned. */
int overlay_path_walk(struct overlay_tree *tree, struct overlay_node *at, const char *path, bool follow,
                      enum path_missing missing, struct path_walk *walk);
/* A path for messages: heap string. */
char *overlay_path_of(const struct overlay_tree *tree, const struct overlay_node *node);

#endif
