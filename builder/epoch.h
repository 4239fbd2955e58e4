/* SPDX-License-Identifier: Apache-2.0 */
#ifndef BRYO_BUILDER_EPOCH_H
#define BRYO_BUILDER_EPOCH_H

#include "builder/job.h"

/*
 * SOURCE_DATE_EPOCH (reproducible-builds.org/specs/source-date-epoch): the time that nothing in the image is later
 * than. Where the command line says nothing of it, it is the build argument or the default of a global ARG of that
 * name. BuildKit takes more than a number there:
 *
 *     1700000000   seconds since 1970
 *     context      when the context was made: a repository's commit, a URL's Last-Modified or else the newest file of
 * its tar. A directory and standard input have no such time: nothing is clamped NAME         the same of a named
 * context, or of the one ADD of a stage of that name, FROM scratch, that has nothing else
 *
 * Sets the job's epoch, and what an ARG of that name sees. After the plan is made, before a step runs.
 */
int builder_epoch_find(struct builder_job *job, struct error *err);

#endif
