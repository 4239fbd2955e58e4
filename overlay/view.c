/* SPDX-License-Identifier: Apache-2.0 */
/* The lower names of a directory: one layer's range, or several merged. */
#include "overlay/view.h"

#include <assert.h>
#include <errno.h>
#include <string.h>
#include <sys/stat.h>

#include "common/memory.h"
#include "overlay/node.h"

/* So few parts are searched one by one; more are merged first, so that 500 layers cost no more than one. */
#define SEARCH_PARTS 4

#define KIND_DIR (S_IFDIR >> 12)

struct merger {
        struct overlay_tree *tree;
        struct view_place *from, *to;
};

static int read_place(struct overlay_tree *tree, const struct view_place *place, struct index_dirent *ret)
{
        if (!overlay_index_read_dirent(overlay_tree_index(tree, place->layer), place->dirent, ret))
                return overlay_tree_damaged(tree, place->layer, "name", place->dirent);
        return 0;
}

/*
 * Merges two neighbouring runs; the left one is from higher layers and wins.
 * Returns the count, or -errno. Whiteouts stay until the last pass: they still
 * have to hide what lies below.
 */
static int64_t merge_runs(struct merger *m, uint32_t left, uint32_t middle, uint32_t end, uint32_t out)
{
        uint32_t i = left, j = middle, begin = out;
        struct index_dirent a, b;
        int rc;

        while (i < middle && j < end) {
                int c;

                rc = read_place(m->tree, &m->from[i], &a);
                if (rc == 0)
                        rc = read_place(m->tree, &m->from[j], &b);
                if (rc < 0)
                        return rc;
                c = overlay_name_compare(a.name, a.size, b.name, b.size);
                m->to[out++] = c <= 0 ? m->from[i] : m->from[j];
                i += c <= 0;
                j += c >= 0;
        }
        while (i < middle)
                m->to[out++] = m->from[i++];
        while (j < end)
                m->to[out++] = m->from[j++];
        return out - begin;
}

/* `bounds[r]` is where run r begins in m->from, bounds[runs] its end; halves the number of runs. 0 or -errno. */
static int merge_pass(struct merger *m, uint32_t *bounds, uint32_t *runs)
{
        uint32_t out = 0, kept = 0;
        struct view_place *swap;

        for (uint32_t r = 0; r < *runs; r += 2) {
                uint32_t middle = bounds[r + 1], end = r + 2 <= *runs ? bounds[r + 2] : middle;
                int64_t n = merge_runs(m, bounds[r], middle, end, out);

                if (n < 0)
                        return (int)n;
                bounds[kept++] = out;
                out += (uint32_t)n;
        }
        bounds[kept] = out;
        *runs = kept;
        swap = m->from;
        m->from = m->to;
        m->to = swap;
        return 0;
}

/* Drops whiteouts, counts directories, and hands the places over. */
static int take_places(struct overlay_tree *tree, struct overlay_dir *dir, struct view_place *places, uint32_t count)
{
        uint32_t kept = 0, subdirs = 0;
        struct index_dirent name;

        for (uint32_t i = 0; i < count; i++) {
                int rc = read_place(tree, &places[i], &name);

                if (rc < 0)
                        return rc;
                if (name.kind == INDEX_KIND_WHITEOUT)
                        continue;
                subdirs += name.kind == KIND_DIR;
                places[kept++] = places[i];
        }
        dir->places = memory_realloc(places, kept, sizeof(*places));
        dir->place_count = kept;
        dir->subdirs += subdirs;
        dir->merged = true;
        return 0;
}

static int merge_parts(struct overlay_tree *tree, struct overlay_dir *dir)
{
        CLEANUP_FREE uint32_t *bounds = memory_alloc((dir->part_count + 2) * sizeof(*bounds));
        struct merger m = {.tree = tree};
        uint32_t runs = dir->part_count, total = 0;
        uint64_t sum = 0;
        int rc = 0;

        for (uint32_t p = 0; p < dir->part_count; p++)
                sum += dir->parts[p].count;
        if (sum >= UINT32_MAX)
                return -EOVERFLOW;
        m.from = memory_alloc(sum * sizeof(*m.from));
        m.to = memory_alloc(sum * sizeof(*m.to));
        for (uint32_t p = 0; p < dir->part_count; p++) {
                bounds[p] = total;
                for (uint32_t i = 0; i < dir->parts[p].count; i++)
                        m.from[total++] = (struct view_place){dir->parts[p].layer, dir->parts[p].first + i};
        }
        bounds[runs] = total;
        while (rc == 0 && runs > 1)
                rc = merge_pass(&m, bounds, &runs);
        if (rc == 0)
                rc = take_places(tree, dir, m.from, bounds[1]);
        if (rc < 0)
                free(m.from);
        free(m.to);
        return rc;
}

int overlay_view_prepare(struct overlay_tree *tree, struct overlay_node *node)
{
        struct overlay_dir *dir = node->u.dir;

        if (dir->merged)
                return 0;
        assert(dir->part_count > 1);
        return merge_parts(tree, dir);
}

uint32_t overlay_view_size(const struct overlay_node *node)
{
        const struct overlay_dir *dir = node->u.dir;

        assert(dir->merged);
        if (dir->part_count == 1)
                return dir->parts[0].count;
        return dir->place_count;
}

int overlay_view_at(struct overlay_tree *tree, struct overlay_node *node, uint32_t place, struct view_entry *ret)
{
        const struct overlay_dir *dir = node->u.dir;
        struct view_place at;
        int rc;

        if (dir->part_count == 1)
                at = (struct view_place){dir->parts[0].layer, dir->parts[0].first + place};
        else
                at = dir->places[place];
        ret->layer = at.layer;
        ret->dirent = at.dirent;
        rc = read_place(tree, &at, &ret->name);
        if (rc < 0)
                return rc;
        if (!overlay_name_is_valid(ret->name.name, ret->name.size))
                return overlay_tree_damaged(tree, at.layer, "name", at.dirent);
        return ret->name.kind != INDEX_KIND_WHITEOUT;
}

static int find_in_parts(struct overlay_tree *tree, const struct overlay_dir *dir, const char *name, size_t size,
                         struct view_entry *ret)
{
        for (uint32_t p = 0; p < dir->part_count; p++) {
                const struct dir_part *part = &dir->parts[p];
                int rc = overlay_index_find(overlay_tree_index(tree, part->layer), part->first, part->count, name, size,
                                            &ret->dirent, &ret->name);

                if (rc < 0)
                        return overlay_tree_damaged(tree, part->layer, "a name of directory", part->inode);
                ret->layer = part->layer;
                if (rc > 0)
                        return ret->name.kind != INDEX_KIND_WHITEOUT;
        }
        return 0;
}

static int find_in_places(struct overlay_tree *tree, const struct overlay_dir *dir, const char *name, size_t size,
                          struct view_entry *ret)
{
        uint32_t low = 0, high = dir->place_count;

        while (low < high) {
                uint32_t middle = low + (high - low) / 2;
                const struct view_place *place = &dir->places[middle];
                int rc = read_place(tree, place, &ret->name), c;

                if (rc < 0)
                        return rc;
                c = overlay_name_compare(name, size, ret->name.name, ret->name.size);
                if (c == 0) {
                        ret->layer = place->layer;
                        ret->dirent = place->dirent;
                        return 1;
                }
                if (c < 0)
                        high = middle;
                else
                        low = middle + 1;
        }
        return 0;
}

int overlay_view_find(struct overlay_tree *tree, struct overlay_node *node, const char *name, size_t size,
                      struct view_entry *ret)
{
        struct overlay_dir *dir = node->u.dir;
        int rc;

        if (dir->part_count <= SEARCH_PARTS && (dir->part_count == 1 || !dir->merged))
                return find_in_parts(tree, dir, name, size, ret);
        rc = overlay_view_prepare(tree, node);
        if (rc < 0)
                return rc;
        return find_in_places(tree, dir, name, size, ret);
}
