/* SPDX-License-Identifier: Apache-2.0 */
#ifndef BRYO_OVERLAY_READ_AHEAD_H
#define BRYO_OVERLAY_READ_AHEAD_H

#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

/*
 * Somebody reads a source from front to back: one large file, or a tree whose bodies lie one behind the other. The
 * kernel's own read-ahead is 128 KiB on most disks, and a client of the union reads as much at a time, with a round trip
 * in between in which the disk would wait. Sources are long and immutable, so it is asked for more (1 GiB, cold: 2.1 s
 * instead of 3.0).
 *
 * Several that read one source at once, each in its own place, are taken for readers here and there: nothing is asked
 * for, nothing is lost.
 */
struct overlay_read_ahead {
        uint64_t next;  /* where the last read ended */
        uint64_t run;   /* bytes read in order so far */
        uint64_t asked; /* the disk was asked for all up to here */
};

/*
 * Notes that `size` bytes at `offset` are about to be read, of a source that ends at `end`. Returns how many bytes from
 * *ret_from on the disk is to be asked for now, mostly 0. Zeros are the beginning. Does not lock.
 */
uint64_t overlay_read_ahead_note(struct overlay_read_ahead *ahead, uint64_t offset, uint64_t size, uint64_t end,
                                 uint64_t *ret_from);

/*
 * False when the kernel reads far ahead on that device by itself (queue/read_ahead_kb): in folios of many pages then,
 * while what is asked for comes in single ones (1 GiB, cold, with 8 MiB: 1.3 s, and 1.8 s if asked). True also where
 * that cannot be seen.
 */
bool overlay_read_ahead_helps(dev_t device);

#endif
