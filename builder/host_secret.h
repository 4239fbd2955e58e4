/* SPDX-License-Identifier: Apache-2.0 */
#ifndef BRYO_BUILDER_HOST_SECRET_H
#define BRYO_BUILDER_HOST_SECRET_H

#include "builder/run_options.h"

/*
 * Credentials for what a build fetches, given as secrets that are named after the host (docker buildx, "ADD with authentication"):
 *
 *     HTTP_AUTH_TOKEN_HOST, GIT_AUTH_TOKEN_HOST     a bearer token; git's is sent as the password of x-access-token, as forges want it
 *     HTTP_AUTH_HEADER_HOST, GIT_AUTH_HEADER_HOST   the whole value of the Authorization header
 *
 * HOST is as in the URL, with a dot in front of it also accepted in place of the underscore. The header comes first.
 */
enum builder_host_secret { BUILDER_SECRET_HTTP, BUILDER_SECRET_GIT };

/* *ret is the value of Authorization (heap text), or NULL when there is no secret for that host. `options` and `host` may be NULL. */
int builder_host_secret_find(const struct builder_run_options *options, enum builder_host_secret kind, const char *host,
                             char **ret, struct error *err);

#endif
