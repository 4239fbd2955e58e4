/* SPDX-License-Identifier: Apache-2.0 */
/* What the key of a COPY saw of a context, for the copy. A step has one thread, so nothing here is locked. */
#include "builder/context_seen.h"

#include <stdlib.h>
#include <string.h>

#include "common/map.h"
#include "common/memory.h"

/* About 20 MiB; of what lies beyond the files are looked at twice. */
#define ENTRIES_MAX ((size_t)100000)

struct builder_context_seen {
        struct map *listings; /* path -> struct builder_context_listing */
        struct map *digests;  /* path -> struct sha256_digest */
        size_t count;         /* of entries in all listings */
};

static void free_listing(void *value)
{
        struct builder_context_listing *listing = value;

        for (size_t i = 0; listing->entries && i < listing->names.count; i++)
                free(listing->entries[i].target);
        strv_free(&listing->names);
        free(listing->entries);
        free(listing);
}

struct builder_context_seen *builder_context_seen_new(void)
{
        struct builder_context_seen *seen = memory_zalloc(1, sizeof(*seen));

        seen->listings = map_new(free_listing);
        seen->digests = map_new(free);
        return seen;
}

void builder_context_seen_free(struct builder_context_seen *seen)
{
        if (seen == NULL)
                return;
        map_free(seen->listings);
        map_free(seen->digests);
        free(seen);
}

struct builder_context_listing *builder_context_seen_add(struct builder_context_seen *seen, const char *path,
                                                         struct strv *names)
{
        const struct builder_context_listing *old = map_find(seen->listings, path, strlen(path));
        struct builder_context_listing *listing;
        bool fits;

        seen->count -= old ? old->names.count : 0;
        fits = names->count <= ENTRIES_MAX - seen->count;
        if (!fits && !old)
                return NULL;
        listing = memory_zalloc(1, sizeof(*listing));
        listing->forgotten = !fits; /* the old one must not outlive what its key saw */
        map_set(seen->listings, path, strlen(path), listing);
        if (!fits)
                return NULL;
        listing->names = *names;
        *names = (struct strv)STRV_INIT;
        listing->entries = memory_zalloc(listing->names.count, sizeof(*listing->entries));
        seen->count += listing->names.count;
        return listing;
}

const struct builder_context_listing *builder_context_seen_find(const struct builder_context_seen *seen,
                                                                const char *path)
{
        const struct builder_context_listing *found = map_find(seen->listings, path, strlen(path));

        return found && !found->forgotten ? found : NULL;
}

void builder_context_seen_set_digest(struct builder_context_seen *seen, const char *path,
                                     const struct sha256_digest *digest)
{
        map_set(seen->digests, path, strlen(path), memory_dup(digest, sizeof(*digest)));
}

const struct sha256_digest *builder_context_seen_digest(const struct builder_context_seen *seen, const char *path)
{
        return map_find(seen->digests, path, strlen(path));
}
