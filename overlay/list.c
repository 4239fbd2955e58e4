/* SPDX-License-Identifier: Apache-2.0 */
/* Going through a directory in an order that does not change under the reader. */
#include "overlay/list.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "common/memory.h"
#include "overlay/names.h"
#include "overlay/view.h"

/* The youngest of the fresh names that are older than `seq`; NULL when there is none. */
static struct overlay_dentry *fresh_before(const struct overlay_dir *dir, uint64_t seq)
{
        size_t at = overlay_names_fresh_after(dir, seq - 1);

        while (at > 0 && dir->fresh[at - 1].dentry == NULL)
                at--;
        return at > 0 ? dir->fresh[at - 1].dentry : NULL;
}

/*
 * Positions: 0 is the beginning; places + 1 + seq goes on with the fresh names older than seq; 1 to places is the next
 * place of the view. Youngest first, because what is made while somebody reads must lie behind the reader: one that
 * renames what it reads would never come to an end else. Small numbers, because 32-bit programs have no room for
 * others.
 */
int overlay_list_next(struct overlay_tree *tree, struct overlay_node *node, uint64_t *position,
                      struct overlay_dentry **ret_dentry, struct view_entry *ret_entry)
{
        int rc = overlay_view_prepare(tree, node);
        uint64_t places;

        if (rc < 0)
                return rc;
        if (*position == 0)
                overlay_tree_observe(tree, OVERLAY_OBSERVED_READDIR, node->ino, NULL, 0);
        places = overlay_view_size(node);
        if (*position == 0 || *position > places + 1) {
                *ret_dentry = fresh_before(node->u.dir, *position == 0 ? UINT64_MAX : *position - places - 1);
                if (*ret_dentry != NULL) {
                        *position = places + 1 + (*ret_dentry)->seq;
                        return 1;
                }
                *position = 1;
        }
        while (*position <= places) {
                rc = overlay_view_at(tree, node, (uint32_t)(*position - 1), ret_entry);
                if (rc < 0)
                        return rc;
                ++*position;
                if (rc == 0)
                        continue;
                *ret_dentry = overlay_names_find(tree, node, ret_entry->name.name, ret_entry->name.size);
                if (*ret_dentry == NULL || (*ret_dentry)->node != NULL)
                        return 1;
        }
        return 0;
}

static void add(struct overlay_names_list *list, const char *name, size_t size, uint64_t ino, mode_t kind)
{
        memory_grow(&list->items, &list->cap, list->count + 1, sizeof(*list->items));
        list->items[list->count++] = (struct overlay_listed){memory_strndup(name, size), size, ino, kind};
}

int overlay_list_collect(struct overlay_tree *tree, struct overlay_node *dir, struct overlay_names_list *list)
{
        struct overlay_dentry *dentry;
        struct view_entry entry;
        uint64_t position = 0;
        int rc;

        if (!overlay_node_is_dir(dir))
                return -ENOTDIR;
        while ((rc = overlay_list_next(tree, dir, &position, &dentry, &entry)) > 0) {
                uint64_t ino = 0;

                if (dentry != NULL) {
                        add(list, dentry->name, dentry->size, dentry->node->ino, dentry->node->mode & S_IFMT);
                        continue;
                }
                if (entry.name.kind == INDEX_KIND_HARDLINK) { /* its kind is its target's */
                        struct overlay_node *node = NULL;

                        rc = overlay_node_load(tree, dir, &entry, &node);
                        if (rc < 0)
                                return rc;
                        add(list, entry.name.name, entry.name.size, node->ino, node->mode & S_IFMT);
                        overlay_node_settle(tree, node);
                        continue;
                }
                rc = overlay_node_entry_ino(tree, dir, &entry, &ino);
                if (rc < 0)
                        return rc;
                add(list, entry.name.name, entry.name.size, ino, (mode_t)entry.name.kind << 12);
        }
        return rc;
}

static int compare(const void *a, const void *b)
{
        const struct overlay_listed *x = a, *y = b;

        return overlay_name_compare(x->name, x->size, y->name, y->size);
}

void overlay_list_sort(struct overlay_names_list *list)
{
        if (list->count > 1)
                qsort(list->items, list->count, sizeof(*list->items), compare);
}

void overlay_list_free(struct overlay_names_list *list)
{
        for (size_t i = 0; i < list->count; i++)
                free(list->items[i].name);
        free(list->items);
}
