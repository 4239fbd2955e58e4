/* SPDX-License-Identifier: Apache-2.0 */
#ifndef BRYO_BUILDER_OUTPUT_H
#define BRYO_BUILDER_OUTPUT_H

#include "builder/job.h"
#include "common/error.h"
#include "sandbox/output.h"
#include "sandbox/sandbox.h"

/*
 * The pipes of a RUN's standard output and error (sandbox/output.h), and the loop
 * that passes what comes out of them to the progress callbacks.
 */
struct builder_output {
        struct sandbox_output pipes; /* a read end is -1 at end of file; the write ends are closed by builder_output_attend */
        struct builder_job *job; /* whose progress gets the bytes; borrowed */
        unsigned step;
        struct buffer tail; /* the end of what came, for an error */
};

/* `pump` is the stage's. */
int builder_output_open(struct builder_output *o, struct sandbox_pump *pump, struct builder_job *job, unsigned step,
                        struct error *err);
/* For builder_execution.attend; `context` is the struct builder_output. Returns when the command ended and its pipes are empty. */
int builder_output_attend(void *context, struct sandbox_stage *stage, struct error *err);
/* The last lines, each with `indent` in front and control characters shown as ^X; nothing if there was no output. */
void builder_output_tail(const struct builder_output *o, const char *indent, struct buffer *ret);
void builder_output_close(struct builder_output *o);

#define CLEANUP_OUTPUT __attribute__((cleanup(builder_output_close)))

#endif
