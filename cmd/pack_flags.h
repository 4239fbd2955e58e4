/* SPDX-License-Identifier: Apache-2.0 */
#ifndef BRYO_CMD_PACK_FLAGS_H
#define BRYO_CMD_PACK_FLAGS_H

#include <stdbool.h>

#include "common/error.h"
#include "oci/pack.h"

/*
 * --compression and --compression-level as save, push and the outputs of a build take them, into what they mean for
 * packing. Texts that were not given are NULL and change nothing; `what` is how the flag is called in messages
 * ("--compression", "--output compression"). Usage errors.
 */
int cmd_pack_compression(const char *what, const char *text, struct oci_pack_options *ret, struct error *err);
/* Also checks it against the compression in `ret`, which must be parsed before. */
int cmd_pack_level(const char *what, const char *text, struct oci_pack_options *ret, struct error *err);

#endif
