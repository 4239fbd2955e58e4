/* SPDX-License-Identifier: Apache-2.0 */
#ifndef BRYO_BUILDER_PROGRESS_H
#define BRYO_BUILDER_PROGRESS_H

#include <stddef.h>
#include <stdint.h>

/*
 * What a build tells while it goes on. The command turns it into lines; the
 * builder never prints. One call is made at a time; of one step they come in
 * order: begin, any number of outputs and transfers, end; steps of different
 * stages mix. All texts are borrowed for the call.
 */
enum builder_outcome {
        BUILDER_DONE,   /* it was executed */
        BUILDER_CACHED, /* its result was found */
        BUILDER_FAILED,
        BUILDER_CANCELLED, /* it was stopped because another one failed */
};

struct builder_step_view {
        unsigned number;       /* from 1, in the order in which the steps of the build begin */
        const char *title;     /* "[build 2/5] RUN gcc hello.c" */
        const char *stage;     /* "build"; NULL: no instruction of a stage */
        unsigned index, count; /* 2 and 5: which of how many steps of the stage */
        unsigned total;        /* how many steps all stages have that the target needs */
};

/* One of the things that a step fetches or sends. */
struct builder_transfer {
        const char *name;
        uint64_t done, total; /* bytes; `total` 0: not known. The last call for a name has done == total */
};

struct builder_progress {
        void *context;
        void (*begin)(void *context, const struct builder_step_view *step);
        /* Bytes that the step's command wrote; `stream` is 1 or 2; not cut at lines. */
        void (*output)(void *context, unsigned step, int stream, const char *bytes, size_t size);
        void (*transfer)(void *context, unsigned step, const struct builder_transfer *transfer);
        /* A sentence about the step, of those that builder_build_options.explain asks for. */
        void (*note)(void *context, unsigned step, const char *text);
        /* `message` says why it failed; NULL unless it did. */
        void (*end)(void *context, unsigned step, enum builder_outcome outcome, const char *message);
};

#endif
