/* SPDX-License-Identifier: Apache-2.0 */
#ifndef BRYO_TESTS_MODEL_CORPUS_H
#define BRYO_TESTS_MODEL_CORPUS_H

#include "common/error.h"
#include "tests/model/op.h"

/* A list as text: one operation a line, as op_format writes it; empty lines and lines with '#' first are left out. */
int corpus_load(const char *path, struct op_list *ret, struct error *err);
void corpus_print(const struct op_list *list);

#endif
