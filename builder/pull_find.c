/* SPDX-License-Identifier: Apache-2.0 */
/* Which registry has what a user typed, and the tag it is given here. */
#include "builder/pull_find.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "builder/pull_private.h"
#include "common/memory.h"
#include "oci/digest.h"
#include "oci/image.h"

/* True when the tag stands at the registry for what the store's image was pulled as. A failure is left to the pull. */
static bool is_current(const struct builder_pull_find *f, const struct oci_reference *ref)
{
        CLEANUP_REGISTRY_MANIFEST struct oci_registry_manifest m = OCI_REGISTRY_MANIFEST_INIT;
        CLEANUP_IMAGE struct oci_image *image = NULL;
        CLEANUP_ERROR struct error ignored = ERROR_INIT;

        if (!f->local || oci_image_load(f->workshop->store, f->local, &image, &ignored) < 0 || !image->manifest ||
            oci_registry_manifest_head(f->workshop->registry, ref, &m, &ignored) < 0)
                return false;
        return sha256_equal(&m.digest, image->list ? &image->list->digest : &image->manifest->digest);
}

static int try_one(const struct builder_pull_find *f, const struct oci_reference *ref, struct builder_pull **ret,
                   struct error *err)
{
        const struct builder_pull_options options = {.workshop = f->workshop,
                                                     .registry = f->workshop->registry,
                                                     .ref = ref,
                                                     .platform = f->platform,
                                                     .platform_asked = f->platform != NULL};

        return is_current(f, ref) ? 0 : builder_pull_open(&options, ret, err);
}

/* A registry that is searched need not have the name, or say so to whom it does not know. */
static bool goes_on(const struct error *err)
{
        return err->code == ENOENT || err->code == EACCES;
}

int builder_pull_find(const struct builder_pull_find *f, struct builder_pull **ret, struct error *err)
{
        CLEANUP_STRV struct strv names = STRV_INIT;
        CLEANUP_ERROR struct error first = ERROR_INIT;

        *ret = NULL;
        if (oci_registry_expand(f->workshop->registry, f->text, &names, err) < 0)
                return -1;
        for (size_t i = 0; i < names.count; i++) {
                CLEANUP_REFERENCE struct oci_reference *ref = NULL;
                CLEANUP_ERROR struct error one = ERROR_INIT;

                if (oci_reference_parse(names.items[i], &ref, err) < 0)
                        return -1;
                if (try_one(f, ref, ret, &one) == 0)
                        return 0;
                if (!goes_on(&one))
                        return error_move(err, &one);
                error_move(&first, &one);
        }
        if (!error_is_set(&first))
                return error_set(err, EINVAL, "registries.conf leaves nothing that %s could mean", f->text);
        (void)error_move(err, &first);
        return names.count < 2
                       ? -1
                       : error_wrap(err, "none of the %zu registries that %s could be of has it", names.count, f->text);
}

int builder_pull_tag(const struct builder_pull *p, bool keep, struct error *err)
{
        struct oci_store *store = p->options.workshop->store;
        CLEANUP_IMAGE struct oci_image *image = NULL;
        CLEANUP_ERROR struct error load_err = ERROR_INIT;
        CLEANUP_BUFFER struct buffer name = BUFFER_INIT;
        struct sha256_digest old;
        bool found;

        if (p->ref->has_digest || !p->ref->tag)
                return 0;
        oci_reference_format(p->ref, &name);
        if (keep) {
                if (oci_store_ref_find(store, name.data, &found, &old, err) < 0)
                        return -1;
                if (found && p->list.size > 0 && oci_image_load(store, &old, &image, &load_err) == 0 && image->list &&
                    sha256_equal(&image->list->digest, &p->list_descriptor.digest))
                        return 0;
        }
        return oci_store_ref_set(store, name.data, &p->id, NULL, err);
}

char *builder_pull_name(const struct builder_pull *p)
{
        CLEANUP_REFERENCE struct oci_reference *ref = oci_reference_copy(p->ref);
        CLEANUP_BUFFER struct buffer name = BUFFER_INIT;

        ref->has_digest = true;
        ref->digest = *builder_pull_digest(p);
        oci_reference_format(ref, &name);
        return buffer_steal(&name);
}
