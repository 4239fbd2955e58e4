/* SPDX-License-Identifier: Apache-2.0 */
#ifndef BRYO_OCI_REGISTRY_AUTHORITIES_H
#define BRYO_OCI_REGISTRY_AUTHORITIES_H

#include "common/buffer.h"
#include "common/error.h"
#include "common/map.h"

/* Files in memory with authorities beside the usual ones, by what is in them. Internal to this room. */
struct map *registry_authorities_new(void);
/* The path of the file with these; the same bytes have the same file as long as the map is there. */
int registry_authorities_ensure(struct map *files, const struct buffer *authorities, const char **ret, struct error *err);

#endif
