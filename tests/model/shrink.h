/* SPDX-License-Identifier: Apache-2.0 */
#ifndef BRYO_TESTS_MODEL_SHRINK_H
#define BRYO_TESTS_MODEL_SHRINK_H

#include "tests/model/run.h"

/*
 * Makes a list that fails smaller as long as it still fails, in whatever way: drops operations, in ever smaller
 * bunches, then makes arguments simpler. `report` is that of the failure, and of the smaller one afterwards. Stops
 * after `limit` runs.
 */
void shrink_list(const struct run_options *options, struct op_list *list, struct report *report, unsigned limit);

#endif
