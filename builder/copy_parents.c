/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Which paths a source of COPY --parents selects. BuildKit copies the whole
 * directory before the pivot "/./" through an include pattern, so links are not
 * followed on the way, "**" crosses directories, and what matches brings all below it.
 */
#include <errno.h>
#include <string.h>
#include <sys/stat.h>

#include "builder/content.h"
#include "builder/copy.h"
#include "common/memory.h"
#include "common/path.h"
#include "dockerfile/glob.h"

struct matcher {
        struct builder_source *source;
        const struct dockerfile_glob *glob;
        const char *root;
        struct builder_selection *selection;
};

static void select_path(struct builder_selection *selection, const char *root, const char *path)
{
        strv_add(&selection->roots, root);
        strv_add(&selection->paths, path);
}

static int match_below(struct matcher *m, const struct builder_item *dir, const char *below, unsigned depth,
                       struct error *err)
{
        CLEANUP_STRV struct strv names = STRV_INIT;

        if (depth > BUILDER_MAX_DEPTH)
                return error_set(err, ELOOP, "%s: directories are nested deeper than %d", dir->path, BUILDER_MAX_DEPTH);
        if (m->source->ops->list(m->source, dir, &names, err) < 0)
                return -1;
        for (size_t i = 0; i < names.count; i++) {
                CLEANUP_FREE char *path = memory_printf("%s%s%s", below, below[0] ? "/" : "", names.items[i]);
                CLEANUP_ITEM struct builder_item child = BUILDER_ITEM_INIT;

                if (dockerfile_glob_matches(m->glob, path)) {
                        select_path(m->selection, m->root, path);
                        continue;
                }
                if (!dockerfile_glob_may_contain(m->glob, path))
                        continue;
                if (m->source->ops->child(m->source, dir, names.items[i], &child, err) < 0 ||
                    (S_ISDIR(child.attr.mode) && match_below(m, &child, path, depth + 1, err) < 0))
                        return -1;
        }
        return 0;
}

/* What `pattern` selects below one directory; "" is all of it. */
static int select_below(struct builder_source *s, const char *root_path, const char *pattern,
                        struct builder_selection *ret, struct error *err)
{
        CLEANUP_ITEM struct builder_item root = BUILDER_ITEM_INIT;
        struct matcher m = { s, NULL, root_path, ret };
        struct dockerfile_glob *glob = NULL;
        int result;

        if (pattern[0] == '\0') {
                select_path(ret, root_path, "");
                return 0;
        }
        if (s->ops->find(s, root_path, &root, err) < 0)
                return -1;
        if (!S_ISDIR(root.attr.mode))
                return error_set(err, ENOTDIR, "%s is not a directory: what stands before /./ must be one", root_path);
        if (dockerfile_glob_parse_deep(pattern, &glob, err) < 0)
                return -1;
        m.glob = glob;
        result = match_below(&m, &root, "", 0, err);
        dockerfile_glob_free(glob);
        return result;
}

static int nothing_found(struct builder_source *s, const char *source, struct error *err)
{
        CLEANUP_ITEM struct builder_item item = BUILDER_ITEM_INIT;
        CLEANUP_ERROR struct error find_err = ERROR_INIT;
        CLEANUP_FREE char *path = dockerfile_glob_unescape(source);

        if (s->ops->find(s, path, &item, &find_err) == 0)
                return error_set(err, ELOOP,
                                 "\"%s\" is reached through a symbolic link, which --parents does not follow: name %s instead",
                                 path, item.path);
        return builder_copy_missing(s, path, err);
}

int builder_copy_select_parents(struct builder_source *s, const char *source, struct builder_selection *ret,
                                struct error *err)
{
        CLEANUP_SELECTION struct builder_selection roots = BUILDER_SELECTION_INIT;
        const char *pivot = strstr(source, "/./");
        CLEANUP_FREE char *root = pivot ? memory_strndup(source, (size_t)(pivot - source)) : memory_strdup("");
        CLEANUP_FREE char *pattern = path_clean(pivot ? pivot + 3 : source);
        size_t before = ret->paths.count;

        if (root[0] == '\0')
                select_path(&roots, "", "");
        else if (builder_copy_select(s, root, &roots, err) < 0)
                return -1;
        for (size_t i = 0; i < roots.paths.count; i++)
                if (select_below(s, roots.paths.items[i], pattern, ret, err) < 0)
                        return -1;
        if (ret->paths.count == before && !dockerfile_glob_is(source))
                return nothing_found(s, source, err);
        return 0;
}
