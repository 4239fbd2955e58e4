/* SPDX-License-Identifier: Apache-2.0 */
#ifndef BRYO_BUILDER_NAMED_STAGE_H
#define BRYO_BUILDER_NAMED_STAGE_H

#include "builder/job.h"

/*
 * FROM NAME, or a stage called NAME, where NAME is a named context (named.h): an image is loaded like any base; files
 * become the one layer of an image with nothing else in it. Errors point at FROM.
 */
int builder_named_stage_load(const struct builder_site *site, const char *name, struct error *err);

#endif
