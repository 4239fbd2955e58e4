/* SPDX-License-Identifier: Apache-2.0 */
/* A whole tree, name by name. */
#include "builder/tree_walk.h"

#include <stdlib.h>
#include <string.h>

#include "common/map.h"
#include "common/memory.h"
#include "common/strv.h"

struct walk {
        builder_walk_function *visit;
        void *context;
        struct map *linked; /* inode number -> the path it was visited by; only inodes with several names */
        struct buffer path;
};

static int visit_node(struct walk *w, const struct overlay_ref *ref, size_t name, size_t depth, struct error *err);

static int add_name(void *context, const struct overlay_name *name, struct error *err)
{
        (void)err;
        strv_take(context, memory_strndup(name->name, name->size));
        return 0;
}

static int visit_children(struct walk *w, const struct overlay_ref *dir, size_t depth, struct error *err)
{
        CLEANUP_STRV struct strv names = STRV_INIT;
        size_t length = w->path.size;
        int result = overlay_node_list_sorted(dir, add_name, &names, err);

        for (size_t i = 0; i < names.count && result == 0; i++) {
                CLEANUP_OVERLAY_REF struct overlay_ref child = OVERLAY_REF_INIT;
                size_t name = length > 0 ? length + 1 : 0;

                if (length > 0)
                        buffer_append_char(&w->path, '/');
                buffer_append_string(&w->path, names.items[i]);
                result = overlay_node_lookup(dir, names.items[i], &child, err);
                if (result == 0)
                        result = visit_node(w, &child, name, depth, err);
                w->path.size = length;
                w->path.data[length] = '\0';
        }
        return result;
}

/* `name` is where the last component begins in the path. */
static int visit_node(struct walk *w, const struct overlay_ref *ref, size_t name, size_t depth, struct error *err)
{
        struct builder_walk_entry entry = {
                .path = buffer_text(&w->path), .name = buffer_text(&w->path) + name, .depth = depth, .ref = *ref
        };

        if (overlay_node_stat(ref, &entry.attr, err) < 0)
                return -1;
        if (!S_ISDIR(entry.attr.mode) && entry.attr.nlink > 1) {
                entry.link = map_find(w->linked, &entry.attr.ino, sizeof(entry.attr.ino));
                if (!entry.link)
                        map_set(w->linked, &entry.attr.ino, sizeof(entry.attr.ino), memory_strdup(entry.path));
        }
        if (w->visit(w->context, &entry, err) < 0)
                return -1;
        return S_ISDIR(entry.attr.mode) ? visit_children(w, ref, depth + 1, err) : 0;
}

int builder_tree_walk(struct overlay_tree *tree, builder_walk_function *visit, void *context, struct error *err)
{
        CLEANUP_OVERLAY_REF struct overlay_ref root = OVERLAY_REF_INIT;
        struct walk w = { .visit = visit, .context = context, .linked = map_new(free) };
        int result;

        overlay_tree_root(tree, &root);
        buffer_append_string(&w.path, "");
        result = visit_node(&w, &root, 0, 0, err);
        map_free(w.linked);
        buffer_free(&w.path);
        return result;
}
