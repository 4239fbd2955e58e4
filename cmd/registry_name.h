/* SPDX-License-Identifier: Apache-2.0 */
#ifndef BRYO_CMD_REGISTRY_NAME_H
#define BRYO_CMD_REGISTRY_NAME_H

#include "common/error.h"

/*
 * The registry that `login` and `logout` are about: HOST[:PORT], HOST[:PORT]/PATH for a part of one, or a URL of its
 * API as docker's users paste it (https://index.docker.io/v1/). NULL is Docker Hub. *ret_name is host[/path] with
 * "docker.io" for every name of Docker Hub, *ret_host the host of it; heap texts.
 */
int cmd_registry_name_parse(const char *text, char **ret_name, char **ret_host, struct error *err);

#endif
