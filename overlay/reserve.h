/* SPDX-License-Identifier: Apache-2.0 */
#ifndef BRYO_OVERLAY_RESERVE_H
#define BRYO_OVERLAY_RESERVE_H

#include "overlay/node.h"

/*
 * Blocks behind the tail of the data file that the disk has given already, so
 * that it is noticed early when it has no more. A program's writes reach this
 * process long after it made them (the kernel collects them), when it can be told only by
 * fsync and close, if it asks. While the reserve lasts those writes still
 * land; what can say no at once (a new file, a direct write beyond the
 * reserve) does. Internal to overlay/; callers hold the lock.
 *
 * On a file system that cannot allocate in advance there is no reserve, and a
 * write fails when it fails.
 */

/* Before `length` bytes are put at the tail: 0, or -ENOSPC, -EDQUOT. */
int overlay_reserve_ensure(struct overlay_tree *tree, uint64_t length);
/* After bytes died: gives the reserve back when it is large beside what lives, and beside the least reserve. No write is under way behind the tail.
 */
void overlay_reserve_trim(struct overlay_tree *tree);
/*
 * Before a new file is made: fails as above when the disk was full and still
 * is; with the errno of a write that failed, too: that step is lost, and the
 * sooner it ends the better.
 */
int overlay_reserve_check(struct overlay_tree *tree);
/* What fallocate(2) promises: -ENOSPC when the disk has no room for `length` more bytes. */
int overlay_reserve_fits(struct overlay_tree *tree, uint64_t length);

#endif
