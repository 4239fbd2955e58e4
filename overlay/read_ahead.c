/* SPDX-License-Identifier: Apache-2.0 */
#include "overlay/read_ahead.h"

#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/sysmacros.h>

#include "common/buffer.h"
#include "common/error.h"
#include "common/fd.h"

/* So much in order, and it is no accident. */
#define RUN_LEAST ((uint64_t)256 << 10)
/* Between the bodies of a tar lie headers, and bodies that nobody wants. */
#define GAP_MOST ((uint64_t)64 << 10)
/* How far ahead, and how much of that must be read before the disk is asked again. */
#define AHEAD_MOST ((uint64_t)2 << 20)
#define AHEAD_STEP ((uint64_t)1 << 20)
/* What the kernel reads ahead by itself, and is left to it. */
#define KERNEL_ENOUGH_KB 1024
/* Files of sysfs say that they have a page, whatever is in them: 64 KiB on some machines. */
#define SYSFS_FILE_MAX ((size_t)64 << 10)

uint64_t overlay_read_ahead_note(struct overlay_read_ahead *ahead, uint64_t offset, uint64_t size, uint64_t end,
                                 uint64_t *ret_from)
{
        uint64_t after = offset + size, until;

        if (offset < ahead->next || offset - ahead->next > GAP_MOST)
                *ahead = (struct overlay_read_ahead){0};
        ahead->next = after;
        ahead->run += size;
        if (ahead->run < RUN_LEAST || ahead->asked > after + AHEAD_MOST - AHEAD_STEP)
                return 0;
        *ret_from = ahead->asked > after ? ahead->asked : after;
        until = end - after > AHEAD_MOST ? after + AHEAD_MOST : end;
        if (until <= *ret_from)
                return 0;
        ahead->asked = until;
        return until - *ret_from;
}

bool overlay_read_ahead_helps(dev_t device)
{
        CLEANUP_BUFFER struct buffer text = BUFFER_INIT;
        CLEANUP_ERROR struct error err = ERROR_INIT;
        char path[64];

        snprintf(path, sizeof path, "/sys/class/bdi/%u:%u/read_ahead_kb", major(device), minor(device));
        if (fd_read_file(AT_FDCWD, path, SYSFS_FILE_MAX, true, &text, &err) < 0)
                return true;
        return strtoul(buffer_text(&text), NULL, 10) < KERNEL_ENOUGH_KB;
}
