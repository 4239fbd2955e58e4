/* SPDX-License-Identifier: Apache-2.0 */
#ifndef BRYO_DOCKERFILE_SYNTAX_H
#define BRYO_DOCKERFILE_SYNTAX_H

#include "common/error.h"
#include "dockerfile/instruction.h"
#include "dockerfile/line.h"

/* Reading one instruction: what the parser gives to each of them. */
struct dockerfile_reader {
        const struct dockerfile_source *source;
        const struct dockerfile_line *line; /* the logical line */
        char escape;
        unsigned last_line;   /* the last physical line used; heredocs move it */
        unsigned heredoc_end; /* the last line of the instruction before when it had heredocs, else 0 */
        struct error *err;
};

/* Reads the instruction in bytes r of the line. On failure *i is to be cleared all the same. */
int dockerfile_instruction_read(struct dockerfile_reader *r, struct dockerfile_range range,
                                struct dockerfile_instruction *i);
void dockerfile_instruction_clear(struct dockerfile_instruction *i);

/* COPY and ADD: fills i->copy from flags, args and heredocs. */
int dockerfile_copy_read(struct dockerfile_reader *r, struct dockerfile_instruction *i);
/* RUN: fills i->run. */
int dockerfile_run_read(struct dockerfile_reader *r, struct dockerfile_instruction *i);
/* HEALTHCHECK: fills i->healthcheck and the args from `rest`. */
int dockerfile_healthcheck_read(struct dockerfile_reader *r, struct dockerfile_instruction *i,
                                struct dockerfile_range rest);
/* ENV, LABEL and ARG: fills i->pairs. */
int dockerfile_pairs_read(struct dockerfile_reader *r, struct dockerfile_instruction *i, struct dockerfile_range rest);

/* The shell or exec form: fills args and is_json; a shell form of nothing adds no word. */
int dockerfile_command_read(struct dockerfile_reader *r, struct dockerfile_instruction *i,
                            struct dockerfile_range rest);

/* An error at the keyword, the whole argument part, or a word. Return -1. */
int dockerfile_keyword_error(struct dockerfile_reader *r, const struct dockerfile_instruction *i, const char *format,
                             ...) __attribute__((format(printf, 3, 4)));
#define dockerfile_place_error(r, place, ...) dockerfile_source_error((r)->source, (place), (r)->err, __VA_ARGS__)

#endif
