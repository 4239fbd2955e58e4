/* SPDX-License-Identifier: Apache-2.0 */
/* The table of dentries, and the order in which readdir shows names that no layer has. */
#include "overlay/names.h"

#include <assert.h>
#include <string.h>

#include "common/memory.h"

#define FIRST_BUCKETS 256

/* Of the parent's number and the name. */
static uint32_t hash_name(const struct overlay_tree *tree, uint64_t parent, const char *name, size_t size)
{
        uint64_t hash = siphash_of(&tree->name_key, parent, name, size);

        return (uint32_t)(hash ^ (hash >> 32));
}

void overlay_names_init(struct overlay_tree *tree)
{
        siphash_key_init(&tree->name_key);
        tree->name_mask = FIRST_BUCKETS - 1;
        tree->names = memory_zalloc(FIRST_BUCKETS, sizeof(struct overlay_dentry *));
}

struct overlay_dentry *overlay_names_find(const struct overlay_tree *tree, const struct overlay_node *parent,
                                          const char *name, size_t size)
{
        uint32_t hash;
        struct overlay_dentry *dentry;

        if (parent->u.dir->children == NULL)
                return NULL;
        hash = hash_name(tree, parent->ino, name, size);
        for (dentry = tree->names[hash & tree->name_mask]; dentry != NULL; dentry = dentry->hash_next)
                if (dentry->hash == hash && dentry->parent == parent && dentry->size == size &&
                    memcmp(dentry->name, name, size) == 0)
                        return dentry;
        return NULL;
}

static void grow_table(struct overlay_tree *tree)
{
        size_t mask = tree->name_mask * 2 + 1;
        struct overlay_dentry **names = memory_zalloc(mask + 1, sizeof(struct overlay_dentry *));

        for (size_t i = 0; i <= tree->name_mask; i++) {
                struct overlay_dentry *dentry, *next;

                for (dentry = tree->names[i]; dentry != NULL; dentry = next) {
                        next = dentry->hash_next;
                        dentry->hash_next = names[dentry->hash & mask];
                        names[dentry->hash & mask] = dentry;
                }
        }
        free(tree->names);
        tree->names = names;
        tree->name_mask = mask;
}

struct overlay_dentry *overlay_names_add(struct overlay_tree *tree, struct overlay_node *parent, const char *name,
                                         size_t size, unsigned flags)
{
        struct overlay_dentry *dentry = memory_alloc(sizeof(*dentry) + size + 1);
        struct overlay_dir *dir = parent->u.dir;

        assert(size >= 1 && size <= INDEX_NAME_MAX);
        if (tree->name_used > tree->name_mask)
                grow_table(tree);
        *dentry = (struct overlay_dentry){
                .parent = parent,
                .next = dir->children,
                .hash = hash_name(tree, parent->ino, name, size),
                .flags = (uint8_t)flags,
                .size = (uint8_t)size,
        };
        memcpy(dentry->name, name, size);
        dentry->name[size] = '\0';
        dentry->hash_next = tree->names[dentry->hash & tree->name_mask];
        tree->names[dentry->hash & tree->name_mask] = dentry;
        tree->name_used++;
        if (dir->children != NULL)
                dir->children->prev = dentry;
        dir->children = dentry;
        return dentry;
}

size_t overlay_names_fresh_after(const struct overlay_dir *dir, uint64_t seq)
{
        size_t low = 0, high = dir->fresh_count;

        while (low < high) {
                size_t middle = low + (high - low) / 2;

                if (dir->fresh[middle].seq > seq)
                        high = middle;
                else
                        low = middle + 1;
        }
        return low;
}

static void give_place(struct overlay_dentry *dentry)
{
        struct overlay_dir *dir = dentry->parent->u.dir;

        memory_grow(&dir->fresh, &dir->fresh_cap, dir->fresh_count + 1, sizeof(*dir->fresh));
        dentry->seq = ++dir->fresh_seq;
        dir->fresh[dir->fresh_count++] = (struct fresh_name){dentry->seq, dentry};
        dir->fresh_live++;
}

/* Gaps are squeezed out once they are the larger part; seqs do not change, so a reader on its way loses nothing. */
static void take_place(struct overlay_dentry *dentry)
{
        struct overlay_dir *dir = dentry->parent->u.dir;
        size_t at = overlay_names_fresh_after(dir, dentry->seq - 1), kept = 0;

        assert(at < dir->fresh_count && dir->fresh[at].dentry == dentry);
        dir->fresh[at].dentry = NULL;
        dentry->seq = 0;
        dir->fresh_live--;
        if (at == dir->fresh_count - 1)
                dir->fresh_count--;
        if (dir->fresh_count < 2 * dir->fresh_live + 16)
                return;
        for (size_t i = 0; i < dir->fresh_count; i++)
                if (dir->fresh[i].dentry != NULL)
                        dir->fresh[kept++] = dir->fresh[i];
        dir->fresh_count = kept;
}

void overlay_names_bind(struct overlay_dentry *dentry, struct overlay_node *node)
{
        assert(dentry->node == NULL);
        dentry->node = node;
        dentry->node_next = node->names;
        node->names = dentry;
        if ((dentry->flags & DENTRY_LOWER) == 0 && dentry->seq == 0)
                give_place(dentry);
}

struct overlay_node *overlay_names_unbind(struct overlay_dentry *dentry)
{
        struct overlay_node *node = dentry->node;
        struct overlay_dentry **at = &node->names;

        while (*at != dentry)
                at = &(*at)->node_next;
        *at = dentry->node_next;
        dentry->node = NULL;
        dentry->node_next = NULL;
        return node;
}

void overlay_names_retire(struct overlay_tree *tree, struct overlay_dentry *dentry)
{
        assert(dentry->node == NULL);
        if (dentry->flags == 0) {
                overlay_names_drop(tree, dentry);
                return;
        }
        if (dentry->seq != 0)
                take_place(dentry);
}

void overlay_names_drop(struct overlay_tree *tree, struct overlay_dentry *dentry)
{
        struct overlay_dentry **at = &tree->names[dentry->hash & tree->name_mask];

        if (dentry->node != NULL)
                (void)overlay_names_unbind(dentry);
        if (dentry->seq != 0)
                take_place(dentry);
        while (*at != dentry)
                at = &(*at)->hash_next;
        *at = dentry->hash_next;
        tree->name_used--;
        *(dentry->prev != NULL ? &dentry->prev->next : &dentry->parent->u.dir->children) = dentry->next;
        if (dentry->next != NULL)
                dentry->next->prev = dentry->prev;
        free(dentry);
}
