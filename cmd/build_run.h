/* SPDX-License-Identifier: Apache-2.0 */
#ifndef BRYO_CMD_BUILD_RUN_H
#define BRYO_CMD_BUILD_RUN_H

#include "builder/run_options.h"
#include "cmd/build_flags.h"

/*
 * From the flags about commands (--secret, --ssh, --add-host, ...) and from the proxies of docker's
 * config.json to what the builder takes. The caller frees *ret, also after a failure.
 */
int build_run_options(const struct build_flags *f, const struct log *log, struct builder_run_options *ret,
                      struct error *err);

#endif
