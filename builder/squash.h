/* SPDX-License-Identifier: Apache-2.0 */
#ifndef BRYO_BUILDER_SQUASH_H
#define BRYO_BUILDER_SQUASH_H

#include "builder/state.h"

/*
 * --squash: the layers that a build added become one, so that what one of them deleted is in none. No byte moves: the
 * new layer's index points at the bodies of those it replaces. As docker build --squash does, the history keeps its
 * entries, marked as having no layer, and gets one more for the layer.
 */
enum builder_squash {
        BUILDER_SQUASH_NONE,
        BUILDER_SQUASH_OWN, /* the layers above the base */
        BUILDER_SQUASH_ALL, /* those of the base, too */
};

/* The layer is on disk for good when this returns; its diff ID is not known yet. One layer or none: nothing changes. */
int builder_squash(struct builder_workshop *w, struct builder_state *state, enum builder_squash how, struct error *err);

#endif
