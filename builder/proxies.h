/* SPDX-License-Identifier: Apache-2.0 */
#ifndef BRYO_BUILDER_PROXIES_H
#define BRYO_BUILDER_PROXIES_H

#include <stdbool.h>
#include <stddef.h>

#include "common/strv.h"

/*
 * The predefined build arguments HTTP_PROXY, HTTPS_PROXY, FTP_PROXY, NO_PROXY and ALL_PROXY, whose names count in any
 * case (Dockerfile reference, "Predefined ARGs").
 */

/* True for one of the names; `length` bytes of it. */
bool builder_proxy_is_name(const char *name, size_t length);
/* Sets NAME=VALUE of a proxy in lower and in upper case, since programs disagree about which they read; anything else is passed over. */
void builder_proxy_set(struct strv *env, const char *entry);

#endif
