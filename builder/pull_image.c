/* SPDX-License-Identifier: Apache-2.0 */
/* One image, from its name to its tag. */
#include "builder/pull_image.h"

#include <stdlib.h>

#include "builder/image_find.h"
#include "builder/pull_find.h"
#include "builder/pull_private.h"
#include "builder/workshop.h"
#include "common/memory.h"
#include "oci/image.h"

void builder_pulled_clear(struct builder_pulled *p)
{
        free(p->name);
        *p = (struct builder_pulled){.name = NULL};
}

/* The name without its digest; with it where there is no tag. */
static char *name_of(const struct oci_reference *ref)
{
        CLEANUP_BUFFER struct buffer name = BUFFER_INIT;

        oci_reference_format(ref, &name);
        return buffer_steal(&name);
}

/* The registry has what the store has. */
static int take_local(struct builder_workshop *w, const struct builder_pull_request *r,
                      const struct sha256_digest *local, struct builder_pulled *ret, struct error *err)
{
        CLEANUP_REFERENCE struct oci_reference *ref = NULL;
        CLEANUP_IMAGE struct oci_image *image = NULL;

        if (oci_reference_parse(r->text, &ref, err) < 0 || oci_image_load(w->store, local, &image, err) < 0)
                return -1;
        ret->image = *local;
        ret->digest = image->list ? image->list->digest : image->manifest->digest;
        ret->name = name_of(ref);
        return 0;
}

static int fetch(const struct builder_pull_request *r, struct builder_pull *pull,
                 const struct builder_local_image *local, struct builder_pulled *ret, struct error *err)
{
        if (builder_pull_fetch(pull, r->watch, &ret->bytes, err) < 0 || builder_pull_tag(pull, false, err) < 0)
                return -1;
        ret->image = *builder_pull_id(pull);
        ret->digest = *builder_pull_digest(pull);
        ret->name = name_of(pull->ref);
        ret->is_new = !local->found || !sha256_equal(&local->id, &ret->image);
        return 0;
}

int builder_pull_image(const struct builder_pull_request *request, struct builder_pulled *ret, struct error *err)
{
        struct builder_workshop *w = request->workshop;
        CLEANUP_PULL struct builder_pull *pull = NULL;
        struct builder_local_image local;
        struct builder_pull_find find = {.workshop = w, .text = request->text, .platform = request->platform};

        *ret = (struct builder_pulled){.name = NULL};
        if (builder_image_find_local(w, request->text, request->platform, &local, err) < 0)
                return -1;
        /* with a platform the tag may have to move, although its image is here */
        if (local.found && !local.by_id && !request->platform)
                find.local = &local.id;
        if (builder_pull_find(&find, &pull, err) < 0)
                return -1;
        return pull ? fetch(request, pull, &local, ret, err) : take_local(w, request, &local.id, ret, err);
}
