/* SPDX-License-Identifier: Apache-2.0 */
#ifndef BRYO_DOCKERFILE_FLAGS_H
#define BRYO_DOCKERFILE_FLAGS_H

#include "common/error.h"
#include "dockerfile/instruction.h"
#include "dockerfile/line.h"

/*
 * Reads the --flags at the start of `rest` into i->flags and moves rest->start
 * behind them; then checks them against what i->kind knows. Booleans end up
 * with the value "true" or "false".
 */
int dockerfile_flags_read(struct dockerfile_instruction *i, const struct dockerfile_line *l,
                          struct dockerfile_range *rest, const struct dockerfile_source *s, struct error *err);

/* Fills *ret with the flags of that name; a heap array, NULL when there are none. */
size_t dockerfile_flags_all(const struct dockerfile_instruction *i, const char *name,
                            const struct dockerfile_flag ***ret);

#endif
