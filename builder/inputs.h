/* SPDX-License-Identifier: Apache-2.0 */
#ifndef BRYO_BUILDER_INPUTS_H
#define BRYO_BUILDER_INPUTS_H

#include "builder/job.h"

/*
 * Opens the context and reads the Dockerfile and the ignore file: job->context and job->file. Both files are read
 * as regular files of at most 10 MiB, without following a link out of the
 * directory they lie in (out of the context, if they lie in it), and whatever the ignore file says. Ignore files count
 * for directories of the host only: what a tar or a repository brings was chosen by whoever made it (as BuildKit).
 */
int builder_inputs_open(struct builder_job *job, struct error *err);
/* The .containerignore or .dockerignore of a named context that is a directory of the host. */
int builder_inputs_read_ignore(struct builder_source *context, struct error *err);

#endif
