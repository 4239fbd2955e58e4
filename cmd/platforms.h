/* SPDX-License-Identifier: Apache-2.0 */
#ifndef BRYO_CMD_PLATFORMS_H
#define BRYO_CMD_PLATFORMS_H

#include "common/buffer.h"

/* Appends "linux/amd64, linux/arm64": this machine's own platform, then those whose programs an emulator runs. */
void cmd_platforms_format(struct buffer *ret);

#endif
