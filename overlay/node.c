/* SPDX-License-Identifier: Apache-2.0 */
/* Nodes: made from lower records on demand, kept while somebody looks or something changed, freed again. */
#include "overlay/node.h"

#include <assert.h>
#include <errno.h>
#include <string.h>
#include <sys/stat.h>

#include "common/memory.h"
#include "overlay/body.h"
#include "overlay/names.h"
#include "overlay/view.h"
#include "overlay/xattrs.h"

bool overlay_node_is_dir(const struct overlay_node *node)
{
        return S_ISDIR(node->mode);
}

bool overlay_node_is_file(const struct overlay_node *node)
{
        return S_ISREG(node->mode);
}

bool overlay_node_is_dead(const struct overlay_tree *tree, const struct overlay_node *node)
{
        return node->names == NULL && node != tree->root;
}

/* --- the number table --- */

static size_t bucket_of(const struct overlay_tree *tree, uint64_t ino)
{
        /* numbers are dense and given by us: the low bits are the best hash there is */
        return (size_t)ino & tree->ino_mask;
}

struct overlay_node *overlay_node_by_ino(const struct overlay_tree *tree, uint64_t ino)
{
        struct overlay_node *node = tree->inos[bucket_of(tree, ino)];

        while (node != NULL && node->ino != ino)
                node = node->ino_next;
        return node;
}

static void grow_inos(struct overlay_tree *tree)
{
        size_t old = tree->ino_mask + 1;
        struct overlay_node **inos = memory_zalloc(old * 2, sizeof(struct overlay_node *));

        tree->ino_mask = old * 2 - 1;
        for (size_t i = 0; i < old; i++) {
                struct overlay_node *node, *next;

                for (node = tree->inos[i]; node != NULL; node = next) {
                        next = node->ino_next;
                        node->ino_next = inos[bucket_of(tree, node->ino)];
                        inos[bucket_of(tree, node->ino)] = node;
                }
        }
        free(tree->inos);
        tree->inos = inos;
}

static void enter_ino(struct overlay_tree *tree, struct overlay_node *node)
{
        size_t at;

        if (tree->ino_used > tree->ino_mask)
                grow_inos(tree);
        at = bucket_of(tree, node->ino);
        node->ino_next = tree->inos[at];
        tree->inos[at] = node;
        tree->ino_used++;
}

static void leave_ino(struct overlay_tree *tree, struct overlay_node *node)
{
        struct overlay_node **at = &tree->inos[bucket_of(tree, node->ino)];

        while (*at != node)
                at = &(*at)->ino_next;
        *at = node->ino_next;
        tree->ino_used--;
}

uint64_t overlay_record_ino(const struct overlay_tree *tree, uint32_t layer, uint32_t record, uint64_t own)
{
        const struct tree_layer *l = &tree->layers[layer];

        if (record == 0)
                return 1;
        if (l->has_numbers && own >= 2 && own < l->ino_next)
                return own;
        return l->ino_base + record;
}

/* --- making --- */

static struct overlay_dir *new_dir(void)
{
        struct overlay_dir *dir = memory_zalloc(1, sizeof(*dir));

        dir->parts = &dir->one_part;
        dir->merged = true; /* of no parts: nothing to merge */
        return dir;
}

struct overlay_node *overlay_node_new(struct overlay_tree *tree, mode_t mode, uint32_t uid, uint32_t gid)
{
        struct overlay_node *node = memory_zalloc(1, sizeof(*node));

        node->ino = tree->next_ino++;
        node->mode = mode;
        node->uid = uid;
        node->gid = gid;
        node->layer = OVERLAY_NO_LAYER;
        node->flags = NODE_NEW | NODE_CHANGED | NODE_XATTRS | NODE_NAMED;
        if (S_ISDIR(mode)) {
                node->flags |= NODE_BELOW;
                node->u.dir = new_dir();
        } else if (S_ISREG(mode)) {
                node->flags |= NODE_BODY;
        }
        overlay_time_now(&node->mtime_sec, &node->mtime_nsec);
        node->ctime_sec = node->mtime_sec;
        node->ctime_nsec = node->mtime_nsec;
        enter_ino(tree, node);
        return node;
}

/* What a lower record says, in a new node that is not in the table yet. */
static struct overlay_node *node_of_record(uint64_t ino, uint32_t layer, uint32_t record, const struct index_inode *i)
{
        struct overlay_node *node = memory_zalloc(1, sizeof(*node));

        node->ino = ino;
        node->layer = layer;
        node->record = record;
        node->mode = i->mode;
        node->uid = i->uid;
        node->gid = i->gid;
        node->nlink = 1;
        node->mtime_sec = node->ctime_sec = i->mtime_sec;
        node->mtime_nsec = node->ctime_nsec = i->mtime_nsec;
        if (S_ISREG(i->mode))
                node->size = i->size;
        else if (S_ISLNK(i->mode))
                node->size = i->count;
        else if (S_ISCHR(i->mode) || S_ISBLK(i->mode))
                node->u.rdev = i->rdev;
        return node;
}

/* The parts of a directory while they are found. */
struct parts {
        struct dir_part *items;
        size_t count, cap;
        uint32_t attr_layer, attr_record; /* where attributes come from: the topmost part that is no mere implication */
        struct index_inode attr;
        bool has_attr;
        uint64_t ino; /* the topmost number that holds, else that made from the lowest part */
        bool has_ino;
};

/* Returns 1 when nothing below shows through, else 0. */
static int add_part(struct overlay_tree *tree, struct parts *parts, uint32_t layer, uint32_t record,
                    const struct index_inode *i)
{
        const struct tree_layer *l = &tree->layers[layer];

        memory_grow(&parts->items, &parts->cap, parts->count + 1, sizeof(*parts->items));
        parts->items[parts->count++] = (struct dir_part){layer, record, i->first, i->count};
        if (!parts->has_attr) {
                parts->attr_layer = layer;
                parts->attr_record = record;
                parts->attr = *i;
                parts->has_attr = (i->flags & INDEX_IMPLICIT) == 0;
        }
        if (!parts->has_ino) {
                parts->ino = overlay_record_ino(tree, layer, record, i->ino);
                parts->has_ino = l->has_numbers && i->ino != 0 && parts->ino == i->ino;
        }
        return (i->flags & INDEX_OPAQUE) != 0;
}

/* Which layers have a part in the directory that `entry` of `parent` names. 0 or -errno; the caller frees parts->items.
 */
static int find_parts(struct overlay_tree *tree, const struct overlay_node *parent, const struct view_entry *entry,
                      struct parts *parts)
{
        const struct overlay_dir *dir = parent->u.dir;

        for (uint32_t p = 0; p < dir->part_count; p++) {
                const struct dir_part *part = &dir->parts[p];
                const struct overlay_index *index = overlay_tree_index(tree, part->layer);
                struct index_dirent name;
                struct index_inode inode;
                uint32_t dirent = 0;
                int rc;

                if (part->layer > entry->layer)
                        continue;
                rc = overlay_index_find(index, part->first, part->count, entry->name.name, entry->name.size, &dirent,
                                        &name);
                if (rc < 0)
                        return overlay_tree_damaged(tree, part->layer, "a name of directory", part->inode);
                if (rc == 0)
                        continue;
                if (name.kind != S_IFDIR >> 12)
                        break;
                if (!overlay_index_read_inode(index, name.inode, &inode) || !S_ISDIR(inode.mode) ||
                    (inode.flags & INDEX_HARDLINK) != 0 || inode.parent != part->inode || inode.dirent != dirent)
                        return overlay_tree_damaged(tree, part->layer, "directory", name.inode);
                if (add_part(tree, parts, part->layer, name.inode, &inode))
                        break;
        }
        /* the entry itself is a directory, so at least its own layer was found, unless names are out of order */
        return parts->count > 0 ? 0 : overlay_tree_damaged(tree, entry->layer, "name", entry->dirent);
}

static void take_parts(struct overlay_node *node, struct parts *parts)
{
        struct overlay_dir *dir = new_dir();

        dir->part_count = (uint32_t)parts->count;
        if (parts->count == 1) {
                dir->one_part = parts->items[0];
                free(parts->items);
        } else {
                dir->parts = memory_realloc(parts->items, parts->count, sizeof(*parts->items));
        }
        parts->items = NULL;
        node->u.dir = dir;
}

/* With one part the count of the record is that of the view; else the merge counts. */
static void count_subdirs(struct overlay_tree *tree, struct overlay_node *node)
{
        struct overlay_dir *dir = node->u.dir;
        struct index_inode i;

        dir->merged = dir->part_count == 1;
        if (dir->merged &&
            overlay_index_read_inode(overlay_tree_index(tree, dir->parts[0].layer), dir->parts[0].inode, &i))
                dir->subdirs = i.subdirs;
}

static int load_dir(struct overlay_tree *tree, struct overlay_node *parent, const struct view_entry *entry,
                    struct overlay_node **ret)
{
        struct parts parts = {0};
        struct overlay_node *node;
        int rc = find_parts(tree, parent, entry, &parts);

        if (rc == 0 && overlay_node_by_ino(tree, parts.ino) != NULL)
                rc = overlay_tree_damaged(tree, entry->layer, "a second directory with inode number", parts.ino);
        if (rc < 0) {
                free(parts.items);
                return rc;
        }
        node = node_of_record(parts.ino, parts.attr_layer, parts.attr_record, &parts.attr);
        take_parts(node, &parts);
        count_subdirs(tree, node);
        enter_ino(tree, node);
        *ret = node;
        return 0;
}

/* The record that a name which is no directory leads to. */
static int find_record(struct overlay_tree *tree, const struct view_entry *entry, uint32_t *ret_layer,
                       uint32_t *ret_record, struct index_inode *ret)
{
        uint32_t layer = entry->layer, record = entry->name.inode;
        const struct tree_bound *bound = NULL;

        if (entry->name.kind == INDEX_KIND_HARDLINK) {
                bound = overlay_links_bound(tree, layer, record);
                if (bound == NULL)
                        return overlay_tree_damaged(tree, layer, "unresolved link", record);
                layer = bound->target_layer;
                record = bound->target_record;
        }
        if (!overlay_index_read_inode(overlay_tree_index(tree, layer), record, ret) || S_ISDIR(ret->mode) ||
            (ret->flags & INDEX_HARDLINK) != 0 || (bound == NULL && ret->mode >> 12 != entry->name.kind))
                return overlay_tree_damaged(tree, layer, "inode", record);
        *ret_layer = layer;
        *ret_record = record;
        return 0;
}

int overlay_node_entry_ino(struct overlay_tree *tree, const struct overlay_node *parent, const struct view_entry *entry,
                           uint64_t *ret)
{
        struct parts parts = {0};
        struct index_inode inode;
        uint32_t layer, record;
        int rc;

        if (entry->name.kind == S_IFDIR >> 12) {
                rc = find_parts(tree, parent, entry, &parts);
                free(parts.items);
                *ret = parts.ino;
                return rc;
        }
        rc = find_record(tree, entry, &layer, &record, &inode);
        if (rc == 0)
                *ret = overlay_record_ino(tree, layer, record, inode.ino);
        return rc;
}

static int load_other(struct overlay_tree *tree, const struct view_entry *entry, struct overlay_node **ret)
{
        struct overlay_node *node;
        struct index_inode inode;
        uint32_t layer, record;
        uint64_t ino;
        bool several;
        int rc = find_record(tree, entry, &layer, &record, &inode);

        if (rc < 0)
                return rc;
        several = overlay_links_several(tree, layer, record, &inode);
        if (!several && inode.dirent != entry->dirent)
                return overlay_tree_damaged(tree, layer, "inode", record);
        ino = overlay_record_ino(tree, layer, record, inode.ino);
        node = overlay_node_by_ino(tree, ino);
        if (node != NULL) {
                if (!several || node->layer != layer || node->record != record)
                        return overlay_tree_damaged(tree, layer, "a second file with inode number", ino);
                *ret = node;
                return 0;
        }
        node = node_of_record(ino, layer, record, &inode);
        enter_ino(tree, node);
        if (several) {
                rc = overlay_links_count(tree, node, &node->nlink);
                if (rc < 0) {
                        overlay_node_destroy(tree, node);
                        return rc;
                }
        } else {
                node->flags |= NODE_NAMED;
        }
        node->lower_nlink = node->nlink;
        *ret = node;
        return 0;
}

int overlay_node_load(struct overlay_tree *tree, struct overlay_node *parent, const struct view_entry *entry,
                      struct overlay_node **ret)
{
        struct overlay_dentry *dentry;
        int rc;

        /* counting links walks directories and settles them: this one must stay */
        overlay_node_pin(parent);
        if (entry->name.kind == S_IFDIR >> 12)
                rc = load_dir(tree, parent, entry, ret);
        else
                rc = load_other(tree, entry, ret);
        parent->pins--;
        if (rc < 0)
                return rc;
        dentry = overlay_names_add(tree, parent, entry->name.name, entry->name.size, DENTRY_LOWER);
        overlay_names_bind(dentry, *ret);
        return 0;
}

int overlay_node_load_root(struct overlay_tree *tree)
{
        struct overlay_node *root;
        struct parts parts = {.attr_layer = OVERLAY_NO_LAYER};

        for (uint32_t l = tree->layer_count; l-- > 0;) {
                struct index_inode i;

                if (!overlay_index_read_inode(overlay_tree_index(tree, l), 0, &i))
                        return overlay_tree_damaged(tree, l, "inode", 0);
                if (add_part(tree, &parts, l, 0, &i))
                        break;
        }
        if (parts.count == 0) {
                root = memory_zalloc(1, sizeof(*root));
                root->mode = S_IFDIR | 0755;
                root->layer = OVERLAY_NO_LAYER;
                root->flags = NODE_NEW | NODE_XATTRS | NODE_NAMED;
                root->u.dir = new_dir();
        } else {
                root = node_of_record(1, parts.attr_layer, parts.attr_record, &parts.attr);
                take_parts(root, &parts);
                count_subdirs(tree, root);
        }
        root->ino = 1;
        root->pins = 1;
        enter_ino(tree, root);
        tree->root = root;
        return 0;
}

int overlay_node_child(struct overlay_tree *tree, struct overlay_node *parent, const char *name, size_t size,
                       struct overlay_node **ret)
{
        struct overlay_dentry *dentry;
        struct view_entry entry;
        int rc;

        if (!overlay_node_is_dir(parent))
                return -ENOTDIR;
        if (size > INDEX_NAME_MAX)
                return -ENAMETOOLONG;
        dentry = overlay_names_find(tree, parent, name, size);
        if (dentry != NULL) {
                *ret = dentry->node;
                rc = dentry->node != NULL ? 0 : -ENOENT;
        } else {
                rc = overlay_view_find(tree, parent, name, size, &entry);
                if (rc == 0)
                        rc = -ENOENT;
                else if (rc > 0)
                        rc = overlay_node_load(tree, parent, &entry, ret);
        }
        if (tree->options.observer != NULL && (rc == 0 || rc == -ENOENT)) {
                CLEANUP_FREE char *text = memory_strndup(name, size);

                overlay_tree_observe(tree, OVERLAY_OBSERVED_LOOKUP, parent->ino, text, rc == 0 ? (*ret)->ino : 0);
        }
        return rc;
}

/* --- keeping and freeing --- */

void overlay_node_pin(struct overlay_node *node)
{
        node->pins++;
}

void overlay_node_unpin(struct overlay_tree *tree, struct overlay_node *node)
{
        assert(node->pins > 0);
        node->pins--;
        overlay_node_settle(tree, node);
}

static void free_dir(struct overlay_tree *tree, struct overlay_dir *dir)
{
        while (dir->children != NULL)
                overlay_names_drop(tree, dir->children);
        if (dir->parts != &dir->one_part)
                free(dir->parts);
        free(dir->places);
        free(dir->fresh);
        free(dir);
}

void overlay_node_destroy(struct overlay_tree *tree, struct overlay_node *node)
{
        while (node->names != NULL)
                overlay_names_drop(tree, node->names);
        if (overlay_node_is_dir(node))
                free_dir(tree, node->u.dir);
        else if (overlay_node_is_file(node) && (node->flags & NODE_BODY) != 0)
                overlay_body_free(tree, node);
        else if ((node->flags & NODE_NEW) != 0 && (S_ISLNK(node->mode) || (node->flags & NODE_HARDLINK) != 0))
                free(node->u.target);
        free(node->xattrs);
        leave_ino(tree, node);
        free(node);
}

static bool is_needed(const struct overlay_tree *tree, const struct overlay_node *node)
{
        if (node->nlookup > 0 || node->pins > 0)
                return true;
        if (overlay_node_is_dead(tree, node))
                return false;
        if ((node->flags & (NODE_CHANGED | NODE_BODY | NODE_NEW | NODE_BELOW)) != 0)
                return true;
        return overlay_node_is_dir(node) && node->u.dir->children != NULL;
}

void overlay_node_settle(struct overlay_tree *tree, struct overlay_node *node)
{
        while (!tree->closing && !is_needed(tree, node)) {
                struct overlay_node *parent = NULL;

                /* all but the last name go one by one, each with what it kept; a directory has one name, so this does
                 * not nest */
                while (node->names != NULL) {
                        struct overlay_node *other = node->names->parent;

                        overlay_names_drop(tree, node->names);
                        if (node->names != NULL)
                                overlay_node_settle(tree, other);
                        else
                                parent = other;
                }
                overlay_node_destroy(tree, node);
                if (parent == NULL)
                        return;
                node = parent;
        }
}

/* --- changing --- */

void overlay_node_mark_below(struct overlay_node *dir)
{
        while (dir != NULL && (dir->flags & NODE_BELOW) == 0) {
                dir->flags |= NODE_BELOW;
                dir = dir->names != NULL ? dir->names->parent : NULL;
        }
}

/* What happened to a stub's child or to itself makes it, and the stubs above it, real. */
static void make_real(struct overlay_node *node)
{
        while (node != NULL && (node->flags & NODE_STUB) != 0) {
                node->flags &= ~(uint32_t)NODE_STUB;
                if (node->names == NULL)
                        return;
                overlay_node_mark_below(node->names->parent);
                node = node->names->parent;
        }
}

int overlay_node_change(struct overlay_tree *tree, struct overlay_node *node)
{
        if ((node->flags & NODE_STUB) != 0)
                make_real(node);
        if ((node->flags & NODE_CHANGED) != 0)
                return 0;
        if (!overlay_node_is_dir(node) && (node->flags & NODE_NAMED) == 0) {
                int rc = overlay_links_name(tree, node);

                if (rc < 0)
                        return rc;
        }
        node->flags |= NODE_CHANGED;
        for (struct overlay_dentry *name = node->names; name != NULL; name = name->node_next)
                overlay_node_mark_below(name->parent);
        return 0;
}

void overlay_node_touch(struct overlay_node *node, bool mtime)
{
        overlay_time_now(&node->ctime_sec, &node->ctime_nsec);
        if (mtime) {
                node->mtime_sec = node->ctime_sec;
                node->mtime_nsec = node->ctime_nsec;
        }
}

/* --- reading --- */

int overlay_node_record(struct overlay_tree *tree, const struct overlay_node *node, struct index_inode *ret)
{
        assert(node->layer != OVERLAY_NO_LAYER);
        if (!overlay_index_read_inode(overlay_tree_index(tree, node->layer), node->record, ret))
                return overlay_tree_damaged(tree, node->layer, "inode", node->record);
        return 0;
}

int overlay_node_target(struct overlay_tree *tree, const struct overlay_node *node, char **ret)
{
        struct index_inode inode;
        int rc;

        if ((node->flags & NODE_NEW) != 0) {
                *ret = memory_strdup(node->u.target);
                return 0;
        }
        rc = overlay_node_record(tree, node, &inode);
        if (rc < 0)
                return rc;
        *ret = memory_strndup(overlay_index_string(overlay_tree_index(tree, node->layer), inode.first, inode.count),
                              inode.count);
        return 0;
}

int overlay_node_attr(struct overlay_tree *tree, struct overlay_node *node, struct overlay_attr *ret)
{
        uint64_t allocated = 0;
        int rc = 0;

        overlay_tree_observe(tree, OVERLAY_OBSERVED_ATTR, node->ino, NULL, 0);
        *ret = (struct overlay_attr){
                .ino = node->ino,
                .mode = node->mode,
                .uid = node->uid,
                .gid = node->gid,
                .nlink = node->nlink,
                .size = node->size,
                .mtime = {.tv_sec = node->mtime_sec, .tv_nsec = node->mtime_nsec},
                .ctime = {.tv_sec = node->ctime_sec, .tv_nsec = node->ctime_nsec},
        };
        if (overlay_node_is_dir(node)) {
                rc = overlay_view_prepare(tree, node);
                ret->nlink = overlay_node_is_dead(tree, node) ? 0 : (uint32_t)(2 + node->u.dir->subdirs);
        } else if (overlay_node_is_file(node)) {
                rc = overlay_body_allocated(tree, node, &allocated);
                ret->allocated = allocated;
        } else if (S_ISCHR(node->mode) || S_ISBLK(node->mode)) {
                ret->rdev = node->u.rdev;
        }
        return rc;
}
