/* SPDX-License-Identifier: Apache-2.0 */
#ifndef BRYO_BUILDER_INPUTS_H
#define BRYO_BUILDER_INPUTS_H

#include "builder/build.h"
#include "builder/source.h"
#include "dockerfile/parser.h"

/*
 * Opens the context and reads the Dockerfile and the ignore file. Both are read
 * as regular files of at most 10 MiB, without following a link out of the
 * directory they lie in (out of the context, if they lie in it), and whatever the ignore file says.
 */
int builder_inputs_open(const struct builder_build_options *o, struct dockerfile **ret_file,
                        struct builder_source **ret_context, struct error *err);

#endif
