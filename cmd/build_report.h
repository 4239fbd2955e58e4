/* SPDX-License-Identifier: Apache-2.0 */
#ifndef BRYO_CMD_BUILD_REPORT_H
#define BRYO_CMD_BUILD_REPORT_H

#include <stdbool.h>

#include "cmd/build_flags.h"
#include "cmd/progress.h"
#include "cmd/build_output.h"
#include "common/log.h"
#include "common/sha256.h"
#include "oci/store.h"

/* What a build that succeeded tells the caller: files that flags ask for, then a line or two for people. */
struct build_report {
        const struct build_flags *flags;
        const struct build_outputs *outputs;
        struct oci_store *store;
        const struct log *log;
        const struct sha256_digest *image;
        const struct oci_descriptor *index; /* of several platforms, whose digest is then the build's; else NULL */
        const struct strv *tags; /* every name the image was given, as typed */
        struct cmd_progress *progress;
        const char *build;       /* its ID (build_log.h) */
        bool stdout_taken;       /* an output wrote there: the image ID does not go to it */
};

/*
 * --iidfile holds "sha256:HEX", --iidfile-raw the HEX, both without a newline.
 * --metadata-file is JSON with the keys of docker buildx build: buildx.build.ref,
 * containerimage.config.digest, containerimage.descriptor,
 * containerimage.digest, image.name.
 */
int build_report_write(const struct build_report *r, struct error *err);

#endif
