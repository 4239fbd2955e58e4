/* SPDX-License-Identifier: Apache-2.0 */
#ifndef BRYO_CMD_NUMBER_H
#define BRYO_CMD_NUMBER_H

#include <stdbool.h>
#include <stdint.h>

/* Reads digits and nothing else: no sign, no blank, no unit. False when they are no number from `least` to `most`; *ret
 * is then as it was. */
bool cmd_number_parse(const char *text, uint64_t least, uint64_t most, uint64_t *ret);

#endif
