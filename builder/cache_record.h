/* SPDX-License-Identifier: Apache-2.0 */
#ifndef BRYO_BUILDER_CACHE_RECORD_H
#define BRYO_BUILDER_CACHE_RECORD_H

#include <stdbool.h>

#include "common/error.h"
#include "common/strv.h"
#include "oci/store.h"

/*
 * What a directory of RUN --mount=type=cache consists of, in OCI_STORE_CACHES
 * under the hash of what identifies it. Lines of "word value", the first
 * "bryo-cache 1":
 *
 *     id TEXT        as the Dockerfile has it, for people; bytes that are not printable as %XX
 *     whole          nothing lies below the indexes; else they lie on the stage or image that `from` named
 *     index NAME     one layer each, lowest first
 *
 * Unlike step records these are synced, their indexes and data before them: a download is dear.
 */
struct builder_cache_record {
        char *id; /* owned */
        bool whole;
        struct strv indexes;
};

#define BUILDER_CACHE_RECORD_INIT                                                                                      \
        {                                                                                                              \
                .id = NULL                                                                                             \
        }

/* An absent record, or one that cannot be understood (told in the log), is *ret_found = false. */
int builder_cache_record_load(struct oci_store *store, const char *name, struct builder_cache_record *ret,
                              bool *ret_found, struct error *err);
/* Replaces it; when it returns 0 record and indexes last over a power cut, provided that the data files do. */
int builder_cache_record_save(struct oci_store *store, const char *name, const struct builder_cache_record *record,
                              struct error *err);
void builder_cache_record_free(struct builder_cache_record *record);
#define CLEANUP_CACHE_RECORD __attribute__((cleanup(builder_cache_record_free)))

/* True for the lock file that lies beside a record. */
bool builder_cache_record_is_lock(const char *name);

#endif
