/* SPDX-License-Identifier: Apache-2.0 */
#ifndef BRYO_BUILDER_AMEND_H
#define BRYO_BUILDER_AMEND_H

#include "builder/build.h"
#include "builder/state.h"

/*
 * What flags, not instructions, do to an image's config. The flags are
 * buildah's and docker's: --label, --env, --unsetenv, --unsetlabel,
 * --inherit-labels (buildah-build.1).
 */

/* At the start of a stage that does not stand on another one: labels of a base that are not wanted, variables that every stage has until its ENV says otherwise. */
void builder_amend_base(const struct builder_amendments *a, struct builder_state *state);
/* The finished image. */
void builder_amend_result(const struct builder_amendments *a, struct builder_state *state);

#endif
