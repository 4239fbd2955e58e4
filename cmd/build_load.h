/* SPDX-License-Identifier: Apache-2.0 */
#ifndef BRYO_CMD_BUILD_LOAD_H
#define BRYO_CMD_BUILD_LOAD_H

#include "cmd/build_output.h"

/*
 * `bryo build --load`: hands the image, under all its names, to the docker or podman that listens on this machine, as
 * docker load does (Docker Engine API, POST /images/load): $DOCKER_HOST (unix://PATH), /var/run/docker.sock,
 * $XDG_RUNTIME_DIR/podman/podman.sock, /run/podman/podman.sock, whichever is there first. Where there is none the image
 * stays in bryo's store, and the log says how to bring it elsewhere.
 */
int build_load(const struct build_product *product, struct error *err);

#endif
