/* SPDX-License-Identifier: Apache-2.0 */
#ifndef BRYO_DOCKERFILE_FLAGS_H
#define BRYO_DOCKERFILE_FLAGS_H

#include "common/error.h"
#include "dockerfile/instruction.h"
#include "dockerfile/syntax.h"

/*
 * Reads the --flags at the start of `rest` into i->flags and moves rest->start
 * behind them; then checks them against what i->kind knows. Booleans end up
 * with the value "true" or "false".
 */
int dockerfile_flags_read(struct dockerfile_reader *r, struct dockerfile_instruction *i, struct dockerfile_range *rest);

/* Fills *ret with the flags of that name; a heap array, NULL when there are none. */
size_t dockerfile_flags_all(const struct dockerfile_instruction *i, const char *name,
                            const struct dockerfile_flag ***ret);

#endif
