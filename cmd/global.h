/* SPDX-License-Identifier: Apache-2.0 */
#ifndef BRYO_CMD_GLOBAL_H
#define BRYO_CMD_GLOBAL_H

#include "common/error.h"

/*
 * Takes the flags in front of the verb (`docker --log-level debug build`,
 * `buildah --root DIR bud`) out of the command line: argv[0] stays, argv[1] is
 * then the verb. --root becomes $BRYO_ROOT, --config $DOCKER_CONFIG; the
 * others are ignored with a warning on stderr. --help, -h and --version are left
 * for the caller. To be called before any thread is made.
 */
int cmd_global_take(int *argc, char ***argv, struct error *err);

#endif
