/* SPDX-License-Identifier: Apache-2.0 */
#ifndef BRYO_BUILDER_PROGRESS_H
#define BRYO_BUILDER_PROGRESS_H

#include <stddef.h>

/*
 * What a build tells while it goes on. The command turns it into lines; the
 * builder never prints. One call is made at a time; of one step they come in
 * order: begin, any number of outputs, end; steps of different stages mix.
 */
enum builder_outcome {
        BUILDER_DONE,   /* it was executed */
        BUILDER_CACHED, /* its result was found */
        BUILDER_FAILED,
};

struct builder_progress {
        void *context;
        /* A step begins: `title` is like "[build 2/5] RUN gcc hello.c"; `step` counts from 1 in the build. */
        void (*begin)(void *context, unsigned step, const char *title);
        /* Bytes that the step's command wrote; `stream` is 1 or 2; not cut at lines. */
        void (*output)(void *context, unsigned step, int stream, const char *bytes, size_t size);
        void (*end)(void *context, unsigned step, enum builder_outcome outcome);
};

#endif
