/* SPDX-License-Identifier: Apache-2.0 */
#ifndef BRYO_BUILDER_IMAGE_FIND_H
#define BRYO_BUILDER_IMAGE_FIND_H

#include "builder/state.h"

/*
 * The state that `FROM text` starts with, when `text` is an image of the store (a
 * reference; pulling is not built yet). Fails for names that are no references, for images that are
 * not there, and for images with ONBUILD triggers, which are not built yet.
 */
int builder_image_find(struct builder_workshop *w, const char *text, struct builder_state *ret, struct error *err);

#endif
