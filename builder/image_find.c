/* SPDX-License-Identifier: Apache-2.0 */
/* Which image of the store a name means. */
#include "builder/image_find.h"

#include <errno.h>
#include <string.h>

#include "common/memory.h"
#include "dockerfile/suggest.h"
#include "oci/image.h"
#include "oci/reference.h"

/* "busybox" of "busybox:1.36"; a port is no tag. */
static size_t repository_size(const char *name)
{
        const char *slash = strrchr(name, '/');
        const char *colon = strchr(slash ? slash : name, ':');

        return colon ? (size_t)(colon - name) : strlen(name);
}

/* The familiar names of all images of the store. */
static void list_names(struct oci_store *store, struct strv *ret)
{
        CLEANUP_ERROR struct error err = ERROR_INIT;
        struct oci_ref *refs = NULL;
        size_t count = 0;

        if (oci_store_ref_list(store, &refs, &count, &err) < 0)
                return;
        for (size_t i = 0; i < count; i++) {
                CLEANUP_REFERENCE struct oci_reference *reference = NULL;
                CLEANUP_BUFFER struct buffer name = BUFFER_INIT;
                CLEANUP_ERROR struct error parse_err = ERROR_INIT;

                if (oci_reference_parse(refs[i].name, &reference, &parse_err) < 0)
                        continue;
                oci_reference_format_familiar(reference, &name);
                strv_add(ret, buffer_text(&name));
        }
        oci_refs_free(refs, count);
}

/* Another tag of the same repository, or else a repository with nearly that name; NULL: there is none. Heap text. */
static char *near_image(struct oci_store *store, const char *wanted)
{
        CLEANUP_STRV struct strv names = STRV_INIT;
        CLEANUP_STRV struct strv repositories = STRV_INIT;
        CLEANUP_FREE char *repository = memory_strndup(wanted, repository_size(wanted));
        const char *near;

        list_names(store, &names);
        for (size_t i = 0; i < names.count; i++)
                strv_take(&repositories, memory_strndup(names.items[i], repository_size(names.items[i])));
        near = strv_has(&repositories, repository)
                       ? repository
                       : dockerfile_suggest(repository, (const char *const *)repositories.items, repositories.count);
        for (size_t i = 0; near && i < names.count; i++)
                if (strcmp(repositories.items[i], near) == 0)
                        return memory_strdup(names.items[i]);
        return NULL;
}

char *builder_image_hint(struct oci_store *store, const char *text)
{
        CLEANUP_REFERENCE struct oci_reference *reference = NULL;
        CLEANUP_ERROR struct error ignored = ERROR_INIT;
        CLEANUP_BUFFER struct buffer name = BUFFER_INIT;
        CLEANUP_FREE char *near = NULL;

        if (oci_reference_parse(text, &reference, &ignored) < 0)
                return NULL;
        oci_reference_format_familiar(reference, &name);
        near = near_image(store, buffer_text(&name));
        return near && strcmp(near, buffer_text(&name)) != 0
                       ? memory_printf("; did you mean %s, which is in the store?", near)
                       : NULL;
}

static void platform_of(struct oci_store *store, const struct sha256_digest *id, struct buffer *ret)
{
        CLEANUP_CONFIG struct oci_config *config = NULL;
        CLEANUP_ERROR struct error ignored = ERROR_INIT;

        if (oci_image_load_config(store, id, &config, &ignored) == 0)
                oci_platform_format(&(struct oci_platform){.os = config->os,
                                                           .architecture = config->architecture,
                                                           .variant = config->variant},
                                    ret);
}

int builder_image_not_here(struct oci_store *store, const char *text, const struct oci_platform *platform,
                           const struct builder_local_image *local, struct error *err)
{
        CLEANUP_PLATFORM struct oci_platform *host = oci_platform_host();
        CLEANUP_BUFFER struct buffer wanted = BUFFER_INIT;
        CLEANUP_REFERENCE struct oci_reference *reference = NULL;
        CLEANUP_BUFFER struct buffer name = BUFFER_INIT;
        CLEANUP_BUFFER struct buffer other = BUFFER_INIT;
        CLEANUP_FREE char *near = NULL;

        if (oci_reference_parse(text, &reference, err) < 0)
                return -1;
        oci_reference_format_familiar(reference, &name);
        if (local->is_other) {
                platform_of(store, &local->id, &other);
                oci_platform_format(platform ? platform : host, &wanted);
                return error_set(err, ENOENT,
                                 "the image %s of the store is for %s, not for %s: bring that one in with "
                                 "`bryo pull --platform %s %s`",
                                 name.data, buffer_text(&other), wanted.data, wanted.data, name.data);
        }
        near = near_image(store, buffer_text(&name));
        return error_set(
                err, ENOENT,
                "the image %s is not in the store%s%s%s, and nothing is to be pulled: bring it in with `bryo pull %s`, "
                "`bryo load -i ARCHIVE` or `bryo import ROOTFS.tar %s`",
                name.data, near ? " (did you mean " : "", near ? near : "", near ? "?)" : "", name.data, name.data);
}

/* --- platforms ------------------------------------------------------------------- */

/* How well an image of the store runs on `want`; -1: not at all, or it cannot be read. */
static int rank_image(struct oci_store *store, const struct sha256_digest *id, const struct oci_platform *want)
{
        CLEANUP_CONFIG struct oci_config *config = NULL;
        CLEANUP_ERROR struct error ignored = ERROR_INIT;
        struct oci_platform have;

        if (oci_image_load_config(store, id, &config, &ignored) < 0)
                return -1;
        have = (struct oci_platform){
                .os = config->os, .architecture = config->architecture, .variant = config->variant};
        return oci_platform_rank(&have, want);
}

struct siblings {
        struct oci_store *store;
        const struct sha256_digest *list;
        const struct oci_platform *want;
        int rank; /* of the best so far; -1: none */
        struct sha256_digest id;
};

static int look_at_sibling(void *context, const struct oci_image *i, struct error *err)
{
        struct siblings *s = context;
        int rank;

        (void)err;
        if (!i->list || !sha256_equal(&i->list->digest, s->list))
                return 0;
        rank = rank_image(s->store, &i->id, s->want);
        if (rank >= 0 && (s->rank < 0 || rank < s->rank)) {
                s->rank = rank;
                s->id = i->id;
        }
        return 0;
}

/* An image that came without an index is what there is, unless another platform is asked for. */
static int choose_platform(struct oci_store *store, const struct oci_platform *asked, struct builder_local_image *local,
                           struct error *err)
{
        CLEANUP_PLATFORM struct oci_platform *host = oci_platform_host();
        const struct oci_platform *want = asked ? asked : host;
        CLEANUP_IMAGE struct oci_image *image = NULL;
        struct siblings s = {.store = store, .want = want, .rank = -1};

        if (oci_image_load(store, &local->id, &image, err) < 0)
                return -1;
        if ((!asked && !image->list) || rank_image(store, &local->id, want) >= 0)
                return 0;
        if (image->list) {
                s.list = &image->list->digest;
                if (oci_image_each(store, look_at_sibling, &s, err) < 0)
                        return -1;
        }
        local->found = s.rank >= 0;
        local->is_other = !local->found;
        if (local->found)
                local->id = s.id;
        return 0;
}

/* --- names ------------------------------------------------------------------------- */

/* As much of an ID as docker prints. A shorter one in a Dockerfile is a name: FROM 0 must not mean some image of the
 * day. */
#define SHORT_ID 12

static int find_name(struct builder_workshop *w, const char *text, const struct oci_reference *reference,
                     struct builder_local_image *ret, struct error *err)
{
        CLEANUP_ERROR struct error find_err = ERROR_INIT;
        CLEANUP_FREE char *name = NULL;

        if (oci_image_resolve(w->store, text, &ret->id, &name, &find_err) == 0) {
                ret->by_id = !name;
                ret->found = name || reference->has_digest || strlen(text) >= SHORT_ID;
                return 0;
        }
        return find_err.code == ENOENT ? 0 : error_move(err, &find_err);
}

/* Short names only: of a name with a registry nothing else can be meant. */
static int find_alias(struct builder_workshop *w, const char *text, struct builder_local_image *ret, struct error *err)
{
        CLEANUP_STRV struct strv names = STRV_INIT;

        if (!w->registry || strchr(text, '/'))
                return 0;
        if (oci_registry_expand(w->registry, text, &names, err) < 0)
                return -1;
        for (size_t i = 0; i < names.count && !ret->found; i++)
                if (oci_store_ref_find(w->store, names.items[i], &ret->found, &ret->id, err) < 0)
                        return -1;
        return 0;
}

int builder_image_find_local(struct builder_workshop *w, const char *text, const struct oci_platform *platform,
                             struct builder_local_image *ret, struct error *err)
{
        CLEANUP_REFERENCE struct oci_reference *reference = NULL;

        *ret = (struct builder_local_image){.found = false};
        if (oci_reference_parse(text, &reference, err) < 0 || find_name(w, text, reference, ret, err) < 0)
                return -1;
        if (!ret->found && !reference->has_digest && find_alias(w, text, ret, err) < 0)
                return -1;
        return ret->found ? choose_platform(w->store, platform, ret, err) : 0;
}
