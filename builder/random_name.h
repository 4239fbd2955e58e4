/* SPDX-License-Identifier: Apache-2.0 */
#ifndef BRYO_BUILDER_RANDOM_NAME_H
#define BRYO_BUILDER_RANDOM_NAME_H

#include "common/error.h"

/*
 * PREFIX and 32 random hex digits, for a data file of the store. Names by content are not for these: prune punches
 * holes into data files, and a second file of the same content must not be taken for the punched one. Heap text.
 */
int builder_random_name(const char *prefix, char **ret, struct error *err);

#endif
