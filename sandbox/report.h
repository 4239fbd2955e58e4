/* SPDX-License-Identifier: Apache-2.0 */
#ifndef BRYO_SANDBOX_REPORT_H
#define BRYO_SANDBOX_REPORT_H

#include <stdbool.h>

#include "common/error.h"
#include "common/log.h"
#include "sandbox/protocol.h"

/* Turns a failure that came over a socket into the sentence a user reads; returns -1 with the error set. */
int sandbox_report_to_error(const struct sandbox_report *report, const char *sysctl_dir, const char *fuse_device,
                            struct error *err);
/* Tells the log about something that was worked around. */
void sandbox_report_log(const struct sandbox_report *report, const struct log *log);
/* True if it is the command itself that could not be executed. */
bool sandbox_report_is_exec(enum sandbox_step step);

#endif
