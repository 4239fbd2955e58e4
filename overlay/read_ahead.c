/* SPDX-License-Identifier: Apache-2.0 */
#include "overlay/read_ahead.h"

/* So much in order, and it is no accident. */
#define RUN_LEAST ((uint64_t)256 << 10)
/* Between the bodies of a tar lie headers, and bodies that nobody wants. */
#define GAP_MOST ((uint64_t)64 << 10)
/* How far ahead, and how much of that must be read before the disk is asked again. */
#define AHEAD_MOST ((uint64_t)2 << 20)
#define AHEAD_STEP ((uint64_t)1 << 20)

static uint64_t larger(uint64_t a, uint64_t b)
{
        return a > b ? a : b;
}

uint64_t overlay_read_ahead_note(struct overlay_read_ahead *ahead, uint64_t offset, uint64_t size, uint64_t end,
                                 uint64_t *ret_from)
{
        uint64_t after = offset + size, until;

        if (offset < ahead->next || offset - ahead->next > GAP_MOST)
                *ahead = (struct overlay_read_ahead){0};
        ahead->next = after;
        ahead->run += size;
        if (ahead->run < RUN_LEAST || (ahead->asked > after && ahead->asked - after > AHEAD_MOST - AHEAD_STEP))
                return 0;
        *ret_from = larger(ahead->asked, after);
        until = end - after > AHEAD_MOST ? after + AHEAD_MOST : end;
        if (until <= *ret_from)
                return 0;
        ahead->asked = until;
        return until - *ret_from;
}
