/* SPDX-License-Identifier: Apache-2.0 */
/* Which paths of a source a COPY pattern selects. */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "builder/content.h"
#include "builder/copy.h"
#include "common/memory.h"
#include "dockerfile/glob.h"

struct matcher {
        struct builder_source *source;
        const struct dockerfile_glob *glob;
        struct builder_selection *selection;
};

void builder_selection_free(struct builder_selection *selection)
{
        strv_free(&selection->roots);
        strv_free(&selection->paths);
}

static void select_path(struct builder_selection *selection, const char *path)
{
        strv_add(&selection->roots, "");
        strv_add(&selection->paths, path);
}

static int match_below(struct matcher *m, const struct builder_item *dir, const char *dir_path, unsigned depth,
                       struct error *err);

static int match_child(struct matcher *m, const struct builder_item *dir, const char *path, const char *name,
                       unsigned depth, struct error *err)
{
        CLEANUP_ITEM struct builder_item child = BUILDER_ITEM_INIT;

        if (!dockerfile_glob_may_contain(m->glob, path))
                return 0;
        if (m->source->ops->child(m->source, dir, name, &child, err) < 0)
                return -1;
        if (S_ISLNK(child.attr.mode)) {
                CLEANUP_ERROR struct error link_err = ERROR_INIT;

                builder_item_release(&child);
                child = (struct builder_item)BUILDER_ITEM_INIT;
                if (m->source->ops->find(m->source, path, &child, &link_err) < 0)
                        return 0; /* a link to nowhere has nothing below it */
        }
        return S_ISDIR(child.attr.mode) ? match_below(m, &child, path, depth + 1, err) : 0;
}

static int match_below(struct matcher *m, const struct builder_item *dir, const char *dir_path, unsigned depth,
                       struct error *err)
{
        CLEANUP_STRV struct strv names = STRV_INIT;

        if (depth > BUILDER_MAX_DEPTH)
                return error_set(err, ELOOP, "%s: directories are nested deeper than %d", dir_path, BUILDER_MAX_DEPTH);
        if (m->source->ops->list(m->source, dir, &names, err) < 0)
                return -1;
        for (size_t i = 0; i < names.count; i++) {
                CLEANUP_FREE char *path = dir_path[0] ? memory_printf("%s/%s", dir_path, names.items[i])
                                                      : memory_strdup(names.items[i]);

                if (dockerfile_glob_matches(m->glob, path))
                        select_path(m->selection, path);
                if (match_child(m, dir, path, names.items[i], depth, err) < 0)
                        return -1;
        }
        return 0;
}

/* The pattern without "./", "/" in front and doubled or trailing slashes, as the paths it is matched with. */
static char *clean_pattern(const char *pattern)
{
        CLEANUP_BUFFER struct buffer clean = BUFFER_INIT;
        CLEANUP_FREE char *copy = memory_strdup(pattern);
        char *save = NULL;

        for (char *part = strtok_r(copy, "/", &save); part; part = strtok_r(NULL, "/", &save)) {
                if (strcmp(part, ".") == 0)
                        continue;
                if (clean.size > 0)
                        buffer_append_char(&clean, '/');
                buffer_append_string(&clean, part);
        }
        return buffer_steal(&clean);
}

static int select_matches(struct builder_source *s, const char *pattern, struct builder_selection *ret, struct error *err)
{
        CLEANUP_ITEM struct builder_item root = BUILDER_ITEM_INIT;
        CLEANUP_FREE char *clean = clean_pattern(pattern);
        struct matcher m = { s, NULL, ret };
        struct dockerfile_glob *glob = NULL;
        int result;

        if (dockerfile_glob_parse(clean, &glob, err) < 0)
                return -1;
        m.glob = glob;
        result = s->ops->find(s, "", &root, err);
        if (result == 0)
                result = match_below(&m, &root, "", 0, err);
        dockerfile_glob_free(glob);
        return result;
}

int builder_copy_select(struct builder_source *s, const char *pattern, struct builder_selection *ret, struct error *err)
{
        CLEANUP_ITEM struct builder_item item = BUILDER_ITEM_INIT;
        CLEANUP_ERROR struct error find_err = ERROR_INIT;
        CLEANUP_FREE char *path = NULL;

        if (dockerfile_glob_is(pattern))
                return select_matches(s, pattern, ret, err);
        path = dockerfile_glob_unescape(pattern);
        if (s->ops->find(s, path, &item, &find_err) == 0) {
                select_path(ret, path);
                return 0;
        }
        if (find_err.code != ENOENT && find_err.code != ENOTDIR)
                return error_move(err, &find_err);
        return builder_copy_missing(s, path, err);
}
