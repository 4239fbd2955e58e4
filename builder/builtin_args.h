/* SPDX-License-Identifier: Apache-2.0 */
#ifndef BRYO_BUILDER_BUILTIN_ARGS_H
#define BRYO_BUILDER_BUILTIN_ARGS_H

#include <stdbool.h>

/* True for a build argument that means something to the builder itself, so that no ARG need declare it: a proxy, or one
 * of the Dockerfile reference, "BuildKit built-in build args". Names that only look like these are not among them. */
bool builder_builtin_is(const char *name);

/* What there is not in bryo, so that this built-in argument changes nothing: the end of a sentence. NULL: it is carried
 * out, or is no built-in argument. */
const char *builder_builtin_idle(const char *name);

#endif
