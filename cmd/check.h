/* SPDX-License-Identifier: Apache-2.0 */
#ifndef BRYO_CMD_CHECK_H
#define BRYO_CMD_CHECK_H

#include <stdbool.h>
#include <stdio.h>

#include "builder/build.h"
#include "builder/lint.h"

/* What `bryo build --call=` asks for; --check is CMD_CALL_CHECK. */
enum cmd_call { CMD_CALL_BUILD, CMD_CALL_CHECK, CMD_CALL_OUTLINE, CMD_CALL_TARGETS };

/* "check", "outline,format=json", ...; OPTIONS_EUSAGE with what there is. */
int cmd_call_parse(const char *text, enum cmd_call *ret, bool *ret_json, struct error *err);

/*
 * Prints the answer on standard output. Warnings are no failure: *ret_warned says that there were some.
 */
int cmd_call_run(const struct builder_build_options *options, enum cmd_call call, bool json, bool *ret_warned,
                 struct error *err);

/* The warnings of an ordinary build, one a line with rule and line; nothing if there are none. */
void cmd_check_summarise(const struct dockerfile_warnings *warnings, FILE *out);
/* The same, each as a line of the log. */
void cmd_check_tell(const struct dockerfile_warnings *warnings, const struct log *log);

#endif
