/* SPDX-License-Identifier: Apache-2.0 */
#ifndef BRYO_CMD_NAME_H
#define BRYO_CMD_NAME_H

#include <stdbool.h>

#include "common/error.h"
#include "common/sha256.h"
#include "common/strv.h"

/* Names of images as users type and read them. */

/* "docker.io/library/busybox:latest" -> "busybox:latest". Heap text; what is no reference comes back as it is. */
char *cmd_name_familiar(const char *full);
/* The full form of a name that is to become a tag ("x" -> "docker.io/library/x:latest"); a digest is refused. Heap
 * text. */
int cmd_name_parse_tag(const char *text, char **ret, struct error *err);
/* The text without the docker:// that podman and skopeo write in front. Part of `text`. */
const char *cmd_name_bare(const char *text);
/*
 * The same for a word that must name an image of a registry: another transport of podman and skopeo (oci-archive:FILE,
 * dir:DIR ...) would be read as an image of Docker Hub, and is a usage error that says `instead`, what to write.
 */
int cmd_name_check_remote(const char *text, const char *instead, const char **ret, struct error *err);
/* The full forms of `texts`, each once and in their order. */
int cmd_name_parse_all(const struct strv *texts, struct strv *ret, struct error *err);
/* "sha256:" and 64 hex digits, or the first twelve of them. Heap text. */
char *cmd_name_id(const struct sha256_digest *id, bool whole);

#endif
