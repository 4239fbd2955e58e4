/* SPDX-License-Identifier: Apache-2.0 */
#ifndef BRYO_CMD_INSPECT_REMOTE_H
#define BRYO_CMD_INSPECT_REMOTE_H

#include <stdbool.h>

#include "builder/workshop.h"
#include "oci/json_writer.h"
#include "oci/platform.h"

/*
 * `bryo inspect --remote`: what a registry says of an image, without fetching its layers, as one JSON object: name,
 * digest, what a local inspect shows, the packed layers, and the platforms of an index. `platform` NULL: this
 * machine's.
 */
int cmd_inspect_remote(struct builder_workshop *w, const char *text, const struct oci_platform *platform,
                       struct oci_json_writer *to, struct error *err);
/* `bryo inspect --raw`: the manifest or index, byte for byte, to standard output. */
int cmd_inspect_raw(struct builder_workshop *w, const char *text, struct error *err);

#endif
