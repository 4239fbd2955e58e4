/* SPDX-License-Identifier: Apache-2.0 */
#ifndef BRYO_TESTS_MODEL_GENERATE_H
#define BRYO_TESTS_MODEL_GENERATE_H

#include "tests/model/op.h"

/*
 * Appends the sequence of a seed: a base of several layers, then `count` operations with a comparison now and then and
 * some seals and mounts between, then a seal, and a save and load. The same seed is the same list for ever,
 * as long as the table of kinds stays as it is: what must last is kept as text (corpus.h).
 */
void generate_sequence(uint64_t seed, size_t count, struct op_list *ret);

#endif
