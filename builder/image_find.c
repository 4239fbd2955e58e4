/* SPDX-License-Identifier: Apache-2.0 */
/* From an image's name to the state a stage begins with. */
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

static int not_here(struct oci_store *store, const struct oci_reference *reference, struct error *err)
{
        CLEANUP_BUFFER struct buffer name = BUFFER_INIT;
        CLEANUP_FREE char *near = NULL;

        oci_reference_format_familiar(reference, &name);
        near = near_image(store, buffer_text(&name));
        return error_set(err, ENOENT,
                         "the image %s is not in the store%s%s%s: bring it in with `bryo load -i ARCHIVE` or `bryo import ROOTFS.tar %s` "
                         "(pulling from registries is not built yet)",
                         name.data, near ? " (did you mean " : "", near ? near : "", near ? "?)" : "", name.data);
}

/* As much of an ID as docker prints. A shorter one in a Dockerfile is a name: FROM 0 must not mean some image of the day. */
#define SHORT_ID 12

static int resolve(struct builder_workshop *w, const char *text, struct sha256_digest *ret, struct error *err)
{
        CLEANUP_REFERENCE struct oci_reference *reference = NULL;
        CLEANUP_ERROR struct error find_err = ERROR_INIT;
        CLEANUP_FREE char *name = NULL;

        if (oci_reference_parse(text, &reference, err) < 0)
                return -1;
        if (oci_image_resolve(w->store, text, ret, &name, &find_err) == 0)
                return name || strlen(text) >= SHORT_ID ? 0 : not_here(w->store, reference, err);
        return find_err.code == ENOENT ? not_here(w->store, reference, err) : error_move(err, &find_err);
}

int builder_image_find(struct builder_workshop *w, const char *text, struct builder_state *ret, struct error *err)
{
        struct sha256_digest id;

        if (resolve(w, text, &id, err) < 0)
                return -1;
        return builder_state_load(ret, w, &id, err);
}

int builder_image_triggers(struct builder_workshop *w, const char *text, struct strv *ret, struct error *err)
{
        struct oci_config *config = NULL;
        struct sha256_digest id;

        if (resolve(w, text, &id, err) < 0 || oci_image_load_config(w->store, &id, &config, err) < 0)
                return -1;
        strv_extend(ret, &config->config.on_build);
        oci_config_free(config);
        return 0;
}
