/* SPDX-License-Identifier: Apache-2.0 */
#ifndef BRYO_BUILDER_DIGEST_CACHE_H
#define BRYO_BUILDER_DIGEST_CACHE_H

#include <stdbool.h>
#include <stdint.h>
#include <sys/stat.h>
#include <time.h>

#include "common/error.h"
#include "common/log.h"
#include "common/sha256.h"
#include "oci/store.h"

/*
 * What the files of one context directory were hashed to, kept in the store
 * between builds, so that a file that did not change is not read again.
 *
 * A file is known by device, inode, size, mtime and ctime; ctime cannot be set
 * back, so an equal one means equal bytes, unless two changes fell into one
 * tick of the clock that stamps files. Hence git's rule for racy time stamps
 * (its Documentation/technical/racy-git.txt): what was hashed too soon
 * after its last change is not remembered. "Too soon" is
 *
 *     50 ms    on file systems that are stamped by this machine's clock: a tick is 10 ms at most (CONFIG_HZ=100)
 *     2 s      there, if the time has no nanoseconds: an old ext3 or FAT may stamp whole seconds only
 *     1 hour   elsewhere (NFS, SMB, FUSE): another machine's clock stamps, and clocks disagree
 *
 * The object OCI_STORE_DIGESTS/DEVICE-INODE of the directory, in this host's byte order:
 *
 *     16 bytes  "bryo-digests 1\n\0"
 *      8 bytes  number of entries
 *     32 bytes  SHA-256 of the entries
 *     entries   sorted by device and inode; struct entry of digest_cache.c
 *
 * It is replaced as a whole. Two builds that replace it at the same time lose what one of them learnt, which costs
 * reading those files once more; entries are facts and never become wrong. A damaged file is an empty one.
 */
struct builder_digest_cache;

/* What is known of a regular file. */
struct builder_known_file {
        struct sha256_digest digest; /* of its bytes */
        bool plain;                  /* it has no extended attributes */
};

/* The cache of the directory `root`, with what the store has of it. Never fails; `store` must outlive it. */
struct builder_digest_cache *builder_digest_cache_open(struct oci_store *store, int root, const struct log *log);
/* True if the very file that `st` describes was hashed before. From any thread. */
bool builder_digest_cache_find(struct builder_digest_cache *c, const struct stat *st, struct builder_known_file *ret);
/*
 * Remembers a file that was read from time `begun` (CLOCK_REALTIME) on and looked like `st` before and after. Does
 * nothing when it was read too soon after a change. From any thread.
 */
void builder_digest_cache_add(struct builder_digest_cache *c, const struct stat *st, const struct timespec *begun,
                              const struct builder_known_file *known);
/*
 * Writes what was learnt, if anything; unless `worth` is set, only when it spares reading many files (a build that
 * hits everywhere writes nothing for the sake of a few). Not synced. No other thread uses the cache.
 */
int builder_digest_cache_save(struct builder_digest_cache *c, bool worth, struct error *err);
/* Accepts NULL. */
void builder_digest_cache_free(struct builder_digest_cache *c);

#endif
