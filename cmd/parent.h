/* SPDX-License-Identifier: Apache-2.0 */
#ifndef BRYO_CMD_PARENT_H
#define BRYO_CMD_PARENT_H

#include "common/error.h"

/*
 * A build whose parent is gone (a CI job that was killed, a make that crashed) has nobody who would read its status or
 * stop it: it ends as if its terminal had been closed, by SIGHUP, with a line on stderr. Not so where somebody meant it
 * to go on: SIGHUP is ignored (nohup(1)), the process leads a session of its own (setsid(1), a service), or its parent
 * was gone when it began.
 */

/* From here on. May be called once; the kernel has no reason to refuse. */
int cmd_parent_watch(struct error *err);

#endif
