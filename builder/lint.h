/* SPDX-License-Identifier: Apache-2.0 */
#ifndef BRYO_BUILDER_LINT_H
#define BRYO_BUILDER_LINT_H

#include "builder/build.h"
#include "dockerfile/lint.h"

struct builder_job;

/* What `bryo build --check` and `--call` ask for: a Dockerfile is read and looked at, nothing is built. */
struct builder_check_result {
        struct dockerfile *file; /* owned; after a failure to parse it what stands before, NULL after any other */
        struct dockerfile_warnings warnings;
        struct dockerfile_outline outline;
};

/*
 * Reads the inputs of a build and checks the Dockerfile: the stages that the
 * target needs, all of them without a target. With `parse_only` the file is read
 * and nothing more. *ret is to be cleared also after a failure.
 */
int builder_check(const struct builder_build_options *options, bool parse_only, struct builder_check_result *ret,
                  struct error *err);
void builder_check_clear(struct builder_check_result *r);

/*
 * Checks what a build that was planned is going to do; the warnings go to the options' `warnings`. EINVAL when there
 * are some and the file says error=true, and where an instruction of a stage that is built cannot be carried out whatever
 * the commands before it do: nobody is to wait for these first.
 */
int builder_lint_job(struct builder_job *job, struct error *err);

/* What can be said of a Dockerfile that could not be parsed, or whose stages could not be planned; added to `ret`. */
void builder_lint_before(const struct builder_job *job, struct dockerfile_warnings *ret);

#endif
