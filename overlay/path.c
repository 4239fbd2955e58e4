/* SPDX-License-Identifier: Apache-2.0 */
/* Paths inside a tree: symlinks lead nowhere but into it. */
#include "overlay/path.h"

#include <errno.h>
#include <string.h>
#include <sys/stat.h>

#include "common/memory.h"

/* As path_resolution(7). */
#define LINK_LIMIT 40

struct walker {
        struct overlay_tree *tree;
        struct path_walk *walk;
        struct overlay_node *here; /* pinned */
        char *text;                /* owned: the path, or the target of a link with what followed the link */
        const char *rest;          /* inside text: what is still to walk */
        int links;
        bool follow;
        enum path_missing missing;
};

static void move_to(struct walker *w, struct overlay_node *node)
{
        overlay_node_pin(node);
        overlay_node_unpin(w->tree, w->here);
        w->here = node;
}

static struct overlay_node *parent_of(const struct overlay_tree *tree, const struct overlay_node *dir)
{
        return dir->names != NULL ? dir->names->parent : tree->root;
}

/* Puts the target in front of what is left. */
static int enter_link(struct walker *w, const struct overlay_node *link)
{
        CLEANUP_FREE char *target = NULL;
        char *text;
        int rc;

        if (++w->links > LINK_LIMIT)
                return -ELOOP;
        rc = overlay_node_target(w->tree, link, &target);
        if (rc < 0)
                return rc;
        if (target[0] == '\0')
                return -ENOENT;
        text = memory_printf("%s%s%s", target, w->rest[0] != '\0' ? "/" : "", w->rest);
        free(w->text);
        w->text = text;
        w->rest = text;
        if (text[0] == '/')
                move_to(w, w->tree->root);
        return 0;
}

static int end_at(struct walker *w, struct overlay_node *node, const char *name, size_t size)
{
        w->walk->dir = w->here;
        w->here = NULL;
        w->walk->node = node;
        memcpy(w->walk->name, name, size);
        w->walk->name[size] = '\0';
        return 1;
}

/* The last component is there, or may be missing. `w->walk->directory` says whether a slash followed. */
static int finish(struct walker *w, struct overlay_node *node, const char *name, size_t size)
{
        if (node != NULL && w->walk->directory && !overlay_node_is_dir(node))
                return -ENOTDIR;
        if (node != NULL)
                overlay_node_pin(node);
        return end_at(w, node, name, size);
}

/* One component that is a name; w->rest is behind it. 0: go on, 1: the end, or -errno. */
static int step_name(struct walker *w, const char *name, size_t size)
{
        struct overlay_node *node = NULL;
        bool last = w->rest[0] == '\0';
        int rc = overlay_node_child(w->tree, w->here, name, size, &node);

        if (rc == -ENOENT && w->walk->make != NULL && (!last || w->walk->make_last))
                rc = w->walk->make(w->tree, w->here, name, size, w->walk->context, &node);
        if (rc == -ENOENT && last && w->missing == PATH_LAST_MISSING)
                return finish(w, NULL, name, size);
        if (rc < 0)
                return rc;
        if (S_ISLNK(node->mode) && (!last || w->follow || w->walk->directory)) {
                overlay_node_pin(node);
                rc = enter_link(w, node);
                overlay_node_unpin(w->tree, node);
                return rc;
        }
        if (last)
                return finish(w, node, name, size);
        if (!overlay_node_is_dir(node)) {
                overlay_node_settle(w->tree, node);
                return -ENOTDIR;
        }
        move_to(w, node);
        return 0;
}

/* 0: go on, 1: the end, or -errno. */
static int step(struct walker *w)
{
        char name[INDEX_NAME_MAX + 1];
        const char *begin = w->rest + strspn(w->rest, "/");
        size_t size = strcspn(begin, "/");

        if (size == 0) {
                overlay_node_pin(w->here);
                return end_at(w, w->here, "", 0);
        }
        if (size > INDEX_NAME_MAX)
                return -ENAMETOOLONG;
        if (!overlay_node_is_dir(w->here))
                return -ENOTDIR;
        memcpy(name, begin, size);
        name[size] = '\0';
        w->rest = begin + size + strspn(begin + size, "/");
        if (strcmp(name, ".") == 0)
                return 0;
        if (strcmp(name, "..") == 0) {
                move_to(w, parent_of(w->tree, w->here));
                return 0;
        }
        /* a slash at the very end, here or behind a link that the path ended in, asks for a directory */
        if (w->rest[0] == '\0' && begin[size] == '/')
                w->walk->directory = true;
        return step_name(w, name, size);
}

int overlay_path_walk(struct overlay_tree *tree, struct overlay_node *at, const char *path, bool follow,
                      enum path_missing missing, struct path_walk *walk)
{
        struct walker w = {.tree = tree, .walk = walk, .follow = follow, .missing = missing};
        int rc = 0;

        w.here = path[0] == '/' ? tree->root : at;
        overlay_node_pin(w.here);
        w.rest = w.text = memory_strdup(path);
        walk->directory = false;
        while (rc == 0)
                rc = step(&w);
        free(w.text);
        if (w.here != NULL)
                overlay_node_unpin(tree, w.here);
        return rc < 0 ? rc : 0;
}

char *overlay_path_of(const struct overlay_tree *tree, const struct overlay_node *node)
{
        CLEANUP_FREE char *path = memory_strdup("");

        if (node == tree->root)
                return memory_strdup("/");
        while (node != tree->root) {
                char *longer;

                if (node->names == NULL)
                        return memory_printf("(deleted)%s", path);
                longer = memory_printf("/%s%s", node->names->name, path);
                free(path);
                path = longer;
                node = node->names->parent;
        }
        return STEAL(path);
}
