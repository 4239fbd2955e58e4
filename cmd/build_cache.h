/* SPDX-License-Identifier: Apache-2.0 */
#ifndef BRYO_CMD_BUILD_CACHE_H
#define BRYO_CMD_BUILD_CACHE_H

#include "builder/cache_options.h"
#include "cmd/build_flags.h"

/*
 * --cache-from, --cache-to and --cache-ttl. A text without "=" is a reference of a registry. Places that bryo cannot
 * reach (type=gha, s3, azblob) are left out with a sentence in f->warnings: the image comes out the same.
 */
int build_cache_read(struct build_flags *f, struct builder_cache_options *ret, struct error *err);

#endif
