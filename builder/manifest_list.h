/* SPDX-License-Identifier: Apache-2.0 */
#ifndef BRYO_BUILDER_MANIFEST_LIST_H
#define BRYO_BUILDER_MANIFEST_LIST_H

#include <stdbool.h>

#include "builder/workshop.h"
#include "common/strv.h"
#include "oci/manifest.h"

/*
 * `bryo manifest`: an index that is put together from images of registries, such as those that builds on several
 * machines pushed. It is kept in OCI_STORE_LISTS under its name until it is pushed; the images themselves stay where
 * they are.
 *
 *     {"version":1,"name":"docker.io/library/app:1","index":{OCI index},"from":["docker.io/library/app:amd64",...]}
 */
struct builder_manifest_list {
        char *name;              /* full; owned */
        struct oci_index *index; /* owned */
        struct strv from;        /* for each manifest the full reference that it was added as */
};

void builder_manifest_list_free(struct builder_manifest_list *l);
void builder_manifest_list_cleanup(struct builder_manifest_list **l);
#define CLEANUP_MANIFEST_LIST __attribute__((cleanup(builder_manifest_list_cleanup)))

/* An empty one, not stored. EINVAL: `name` is no reference with a tag. */
int builder_manifest_list_new(const char *name, struct builder_manifest_list **ret, struct error *err);
/* ENOENT: the store has none of that name. */
int builder_manifest_list_load(struct oci_store *s, const char *name, struct builder_manifest_list **ret,
                               struct error *err);
int builder_manifest_list_save(struct oci_store *s, const struct builder_manifest_list *l, struct error *err);
int builder_manifest_list_remove(struct oci_store *s, const char *name, struct error *err);

/*
 * Asks the registry for an image and adds its manifest, with the platform of its config; of an index all its manifests.
 * One that is there already is replaced. The workshop has a registry client.
 */
int builder_manifest_list_add(struct builder_workshop *w, struct builder_manifest_list *l, const char *image,
                              struct error *err);
/* The manifest that was added as `text`, or that has this digest; the last one. NULL: there is none. Borrowed. */
struct oci_descriptor *builder_manifest_list_find(struct builder_manifest_list *l, const char *text);

/*
 * Puts the index under `destination` (a full reference), after whatever the repository lacks of its images, which are
 * fetched from where they are and pushed by digest. ret->media_type, digest and size are those of the index; the caller
 * clears it.
 */
int builder_manifest_list_push(struct builder_workshop *w, const struct builder_manifest_list *l,
                               const char *destination, struct oci_descriptor *ret, struct error *err);

#endif
