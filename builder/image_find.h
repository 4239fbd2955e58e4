/* SPDX-License-Identifier: Apache-2.0 */
#ifndef BRYO_BUILDER_IMAGE_FIND_H
#define BRYO_BUILDER_IMAGE_FIND_H

#include "builder/state.h"

/*
 * The state that `FROM text` starts with, when `text` is an image of the store (a
 * reference; pulling is not built yet). Fails for names that are no references and for images that are not there.
 */
int builder_image_find(struct builder_workshop *w, const char *text, struct builder_state *ret, struct error *err);
/* Appends that image's ONBUILD triggers, which run in whoever says FROM it, to `ret`. */
int builder_image_triggers(struct builder_workshop *w, const char *text, struct strv *ret, struct error *err);

#endif
