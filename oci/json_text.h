/* SPDX-License-Identifier: Apache-2.0 */
#ifndef BRYO_OCI_JSON_TEXT_H
#define BRYO_OCI_JSON_TEXT_H

#include <stddef.h>

#include "common/buffer.h"
#include "common/error.h"

/*
 * Changing one member of a JSON document that belongs to somebody else: every byte that is not part of the change stays
 * as it is, in its order and with its white space.
 */

/*
 * Sets the member at `path` (keys, NULL-terminated) of the document, an object, to the JSON value `value`;
 * objects on the way are made. New members come last and are laid out as their neighbours are; an empty document (no
 * text, or white space) becomes one indented with tabs. `value` may hold "\n", which is indented with it. Appends the
 * new document to `ret`. EINVAL for text that is no object, or when something on the way is none.
 */
int oci_json_text_set(const char *what, const char *text, const char *const *path, const char *value,
                      struct buffer *ret, struct error *err);
/* Appends the document without the member at `path`; unchanged when it is not there. */
int oci_json_text_remove(const char *what, const char *text, const char *const *path, struct buffer *ret,
                         struct error *err);

#endif
