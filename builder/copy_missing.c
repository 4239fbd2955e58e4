/* SPDX-License-Identifier: Apache-2.0 */
/* What to say of a source that is not there: why, and which one was probably meant. */
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "builder/copy.h"
#include "common/memory.h"
#include "common/path.h"
#include "dockerfile/suggest.h"

/* Names that a search for the same file elsewhere looks at, at most: a message must not cost more than the build. */
#define MAX_LOOKED_AT 2000
/* Names of a directory that a message lists, at most. */
#define MAX_NAMES_SHOWN 6

static const char *base_name(const char *path)
{
        const char *slash = strrchr(path, '/');

        return slash ? slash + 1 : path;
}

/* The names of a directory of the source; none when it cannot be listed. */
static void list_names(struct builder_source *s, const char *dir, struct strv *ret)
{
        CLEANUP_ITEM struct builder_item item = BUILDER_ITEM_INIT;
        CLEANUP_ERROR struct error err = ERROR_INIT;

        if (s->ops->find(s, dir, &item, &err) == 0 && S_ISDIR(item.attr.mode))
                (void)s->ops->list(s, &item, ret, &err);
}

/* The first component that is not there gets the nearest name beside it; the rest of the path is kept if that exists.
 */
static char *near_name(struct builder_source *s, const char *path)
{
        CLEANUP_FREE char *dir = memory_strdup("");
        CLEANUP_FREE char *rest = memory_strdup(path);
        char *save = NULL;

        for (char *name = strtok_r(rest, "/", &save); name; name = strtok_r(NULL, "/", &save)) {
                CLEANUP_STRV struct strv names = STRV_INIT;
                const char *between = dir[0] ? "/" : "";
                const char *near;
                char *next;

                list_names(s, dir, &names);
                if (strv_has(&names, name)) {
                        next = memory_printf("%s%s%s", dir, between, name);
                        free(dir);
                        dir = next;
                        continue;
                }
                near = dockerfile_suggest(name, (const char *const *)names.items, names.count);
                if (!near)
                        return NULL;
                return memory_printf("%s%s%s%s%s", dir, between, near, save && *save ? "/" : "", save ? save : "");
        }
        return NULL;
}

/* A file of the same name in another directory, the nearest to the top. */
static char *same_name(struct builder_source *s, const char *wanted)
{
        CLEANUP_STRV struct strv dirs = STRV_INIT;
        size_t looked_at = 0;

        strv_add(&dirs, "");
        for (size_t i = 0; i < dirs.count; i++) {
                CLEANUP_STRV struct strv names = STRV_INIT;

                list_names(s, dirs.items[i], &names);
                for (size_t k = 0; k < names.count; k++) {
                        CLEANUP_FREE char *path = memory_printf("%s%s%s", dirs.items[i], i ? "/" : "", names.items[k]);
                        CLEANUP_ITEM struct builder_item item = BUILDER_ITEM_INIT;
                        CLEANUP_ERROR struct error err = ERROR_INIT;

                        if (strcmp(names.items[k], wanted) == 0)
                                return STEAL(path);
                        if (++looked_at > MAX_LOOKED_AT)
                                return NULL;
                        if (s->ops->find(s, path, &item, &err) == 0 && S_ISDIR(item.attr.mode) &&
                            strcmp(item.path, path) == 0)
                                strv_add(&dirs, path);
                }
        }
        return NULL;
}

/* A link that leads to nothing in the source; it may well lead somewhere on the host, which means nothing here. */
static char *explain_link(struct builder_source *s, const char *path)
{
        const char *name = base_name(path);
        CLEANUP_FREE char *dir = memory_strndup(path, (size_t)(name - path));
        CLEANUP_ITEM struct builder_item parent = BUILDER_ITEM_INIT;
        CLEANUP_ITEM struct builder_item item = BUILDER_ITEM_INIT;
        CLEANUP_BUFFER struct buffer target = BUFFER_INIT;
        CLEANUP_ERROR struct error err = ERROR_INIT;

        if (name[0] == '\0' || s->ops->find(s, dir, &parent, &err) < 0 ||
            s->ops->child(s, &parent, name, &item, &err) < 0 || !S_ISLNK(item.attr.mode) ||
            s->ops->read_link(s, &item, &target, &err) < 0)
                return NULL;
        return memory_printf("it is a link to %s, which is looked up inside the context or stage and is not there",
                             buffer_text(&target));
}

/* Why it is not there. *ret_plain: there is no reason but that it is not. Heap text, or NULL. */
static char *explain(struct builder_source *s, const char *path, const char *clean, bool *ret_plain)
{
        char *why = explain_link(s, clean);

        *ret_plain = false;
        if (!why && strncmp(path, "../", 3) == 0)
                why = memory_printf("nothing above the context can be copied, `..` at its top means the top: "
                                    "build with a directory further up as context");
        return why ? why : s->ops->explain_missing(s, path, ret_plain);
}

/* The names beside the first component that is not there, if that is a list to be read at a glance: " (/out has: a, b)"; or
 * "". `top`: also when that component is the first. Heap text. */
static char *names_there(struct builder_source *s, const char *path, const char *clean, bool top)
{
        CLEANUP_FREE char *dir = memory_strdup("");
        CLEANUP_FREE char *rest = memory_strdup(clean);
        CLEANUP_BUFFER struct buffer text = BUFFER_INIT;
        CLEANUP_STRV struct strv names = STRV_INIT;
        char *save = NULL;

        for (char *name = strtok_r(rest, "/", &save); name; name = strtok_r(NULL, "/", &save)) {
                char *next;

                strv_free(&names);
                list_names(s, dir, &names);
                if (!strv_has(&names, name))
                        break;
                next = memory_printf("%s%s%s", dir, dir[0] ? "/" : "", name);
                free(dir);
                dir = next;
        }
        if (names.count == 0 || names.count > MAX_NAMES_SHOWN || (!top && !dir[0]))
                return memory_strdup("");
        for (size_t i = 0; i < names.count; i++)
                buffer_printf(&text, "%s%s", i ? ", " : "", names.items[i]);
        return memory_printf(" (%s%s has: %s)", dir[0] && path[0] == '/' ? "/" : "", dir[0] ? dir : "it", buffer_text(&text));
}

int builder_copy_missing(struct builder_source *s, const char *path, struct error *err)
{
        CLEANUP_FREE char *clean = path_clean(path);
        bool plain;
        CLEANUP_FREE char *why = explain(s, path, clean, &plain);
        CLEANUP_FREE char *near = near_name(s, clean);
        CLEANUP_FREE char *there = NULL;
        CLEANUP_ITEM struct builder_item item = BUILDER_ITEM_INIT;
        CLEANUP_ERROR struct error find_err = ERROR_INIT;

        if (!near && plain)
                there = names_there(s, path, clean, false);
        if (!near && (!there || there[0] == '\0'))
                near = same_name(s, base_name(clean));
        if (near && s->ops->find(s, near, &item, &find_err) == 0)
                return error_set(err, ENOENT, "\"%s\" not found%s%s (did you mean \"%s%s\"?)", path, why ? ": " : "",
                                 why ? why : "", path[0] == '/' ? "/" : "", near);
        if (plain && (!there || there[0] == '\0')) {
                free(there);
                there = names_there(s, path, clean, true);
        }
        return error_set(err, ENOENT, "\"%s\" not found%s%s%s", path, why ? ": " : "", why ? why : "", there ? there : "");
}
