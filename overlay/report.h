/* SPDX-License-Identifier: Apache-2.0 */
#ifndef BRYO_OVERLAY_REPORT_H
#define BRYO_OVERLAY_REPORT_H

#include "overlay/node.h"

/*
 * From -errno to a sentence: how the functions of tree.h fail. Internal to overlay/.
 */

/* Returns 0 for 0; else sets "cannot VERB PATH[/NAME]: cause" and returns -1. Takes the lock by itself. */
int overlay_report(struct overlay_tree *tree, int rc, const char *verb, const struct overlay_node *node,
                   const char *name, struct error *err);

#endif
