/* SPDX-License-Identifier: Apache-2.0 */
#ifndef BRYO_BUILDER_CACHE_OPTIONS_H
#define BRYO_BUILDER_CACHE_OPTIONS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "oci/compress.h"

/* What the command line says about the step cache (doc/cache.md). */
enum builder_cache_kind {
        BUILDER_CACHE_LOCAL,    /* a directory */
        BUILDER_CACHE_REGISTRY, /* a tag of a repository */
        BUILDER_CACHE_INLINE,   /* the config of the image that is built; only to write */
};

/* One --cache-from or --cache-to. */
struct builder_cache_place_options {
        enum builder_cache_kind kind;
        char *where;                          /* the directory, or the reference as typed; NULL for inline. Owned */
        char *tag;                            /* in the directory; NULL: latest. Owned */
        char *digest;                         /* of the manifest, to read; NULL: by tag. Owned */
        bool strict;                          /* ignore-error=false: a failure fails the build */
        bool max;                             /* mode=max: the steps of all stages, not only those in the image */
        struct oci_compress_options compress; /* of layers, to write */
        bool mounts; /* cache-mounts=true: the directories of RUN --mount=type=cache travel too */
};

struct builder_cache_options {
        struct builder_cache_place_options *from; /* tried in this order */
        size_t from_count, from_cap;
        struct builder_cache_place_options *to;
        size_t to_count, to_cap;
        bool has_oldest; /* --cache-ttl: steps that were executed before this are executed again */
        int64_t oldest;
};

void builder_cache_place_options_free(struct builder_cache_place_options *o);
void builder_cache_options_free(struct builder_cache_options *o);

#endif
