/* SPDX-License-Identifier: Apache-2.0 */
#ifndef BRYO_BUILDER_TAR_STATES_H
#define BRYO_BUILDER_TAR_STATES_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "common/error.h"
#include "common/log.h"
#include "common/sha256.h"
#include "common/sha256_ahead.h"
#include "oci/store.h"

/*
 * What SHA-256 was at places within the tar of a layer, so that a layer that begins with the same bytes as one before
 * is digested from the first difference on: one file of a large COPY changed, and all before it need not be read.
 *
 * That two tars begin alike is not believed but known: a place is found by its recipe, the SHA-256 of everything that
 * makes the bytes up to there: the header bytes as they are, and of each body the name of the source with offset and
 * length. Sources are never changed under their name (design of the store), so equal recipes are equal bytes.
 *
 * A place is the beginning of the first entry at or behind a multiple of STEP bytes after the place before it; a tar
 * shorter than that has none, nor has one that consists of headers for the most part, whose recipe costs what its
 * digest does.
 *
 * Kept as the object OCI_STORE_DIGESTS/tar-HEX, HEX is the beginning of the recipe of the first place. Of layers that
 * share that place the last one's states are kept. In big-endian numbers:
 *
 *     16 bytes  "bryo-states 1\n\0\0"
 *      8 bytes  number of states
 *     32 bytes  SHA-256 of the states
 *     states    each: 32 bytes recipe, 32 bytes SHA-256's state, 8 bytes offset in the tar
 *
 * A damaged object is none, and one line of the log. It holds no more than what can be had again: nothing syncs it,
 * prune removes it by age. It is believed as a step's record is; `bryo system check`, a push and a save digest the
 * whole tar.
 */
struct builder_tar_states;

struct builder_tar_states *builder_tar_states_new(struct oci_store *store, const struct log *log);
/* Accepts NULL. */
void builder_tar_states_free(struct builder_tar_states *t);
void builder_tar_states_cleanup(struct builder_tar_states **t);
#define CLEANUP_TAR_STATES __attribute__((cleanup(builder_tar_states_cleanup)))

/* The recipe grows: header bytes, a piece of a body, a hole in one. */
void builder_tar_states_add_header(struct builder_tar_states *t, const void *bytes, size_t size);
void builder_tar_states_add_piece(struct builder_tar_states *t, const char *source, uint64_t offset, uint64_t length);
void builder_tar_states_add_hole(struct builder_tar_states *t, uint64_t length);

/*
 * The first way through the tar, which reads no bodies. Called at the beginning of each entry with its place; false
 * when there is nothing to be found behind it: the way may end there.
 */
bool builder_tar_states_probe(struct builder_tar_states *t, uint64_t offset);
/*
 * Ends the first way: the second goes on from the last place that was found, and `hash` with it. Returns that place, 0
 * for the beginning. From now on the recipe is added to from there.
 */
uint64_t builder_tar_states_resume(struct builder_tar_states *t, struct sha256_ahead *hash);
/* The second way, at the beginning of each entry. What it notes is known when `hash` is final. */
void builder_tar_states_note(struct builder_tar_states *t, uint64_t offset, struct sha256_ahead *hash);
/* After final: writes what was learnt, if anything. A failure is a line of the log: nothing depends on it. */
void builder_tar_states_save(struct builder_tar_states *t);

#endif
