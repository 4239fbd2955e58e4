/* SPDX-License-Identifier: Apache-2.0 */
#ifndef BRYO_CMD_ANNOTATIONS_H
#define BRYO_CMD_ANNOTATIONS_H

#include <stdbool.h>
#include <stddef.h>

#include "common/error.h"
#include "oci/labels.h"
#include "oci/platform.h"

/*
 * The annotations that a command line asks for, as docker buildx writes them: --annotation [TYPE[,TYPE]...:]KEY=VALUE,
 * where a TYPE may name a platform, "manifest[linux/arm64]", and --output's annotation[-TYPE][[PLATFORM]].KEY=VALUE.
 */
enum cmd_annotation_place {
        CMD_ANNOTATION_MANIFEST, /* when no TYPE is given */
        CMD_ANNOTATION_MANIFEST_DESCRIPTOR,
        CMD_ANNOTATION_INDEX,
        CMD_ANNOTATION_INDEX_DESCRIPTOR,
};

struct cmd_annotation {
        enum cmd_annotation_place place;
        struct oci_platform *platform; /* NULL: every one */
        char *key, *value;
};

struct cmd_annotations {
        struct cmd_annotation *items;
        size_t count;
        size_t cap;
};

#define CMD_ANNOTATIONS_INIT                                                                                           \
        {                                                                                                              \
                .items = NULL                                                                                          \
        }

/* One value of --annotation. Usage errors. */
int cmd_annotations_add_flag(struct cmd_annotations *a, const char *text, struct error *err);
/* True if an attribute's key begins as an annotation's. */
bool cmd_annotations_is_attribute(const char *key);
/* One such attribute. Usage errors. */
int cmd_annotations_add_attribute(struct cmd_annotations *a, const char *key, const char *value, struct error *err);
/* Those of one place and a platform (NULL: those of every platform only), the last one of a key winning, set in `ret`.
 */
void cmd_annotations_select(const struct cmd_annotations *a, enum cmd_annotation_place place,
                            const struct oci_platform *platform, struct oci_labels *ret);
/* True if it is for a platform that is none of these, so that nothing will have it. */
bool cmd_annotation_is_stray(const struct cmd_annotation *one, const struct oci_platform *const *platforms,
                             size_t count);
/* True if there is one for this place. */
bool cmd_annotations_has(const struct cmd_annotations *a, enum cmd_annotation_place place);
void cmd_annotations_free(struct cmd_annotations *a);

#endif
