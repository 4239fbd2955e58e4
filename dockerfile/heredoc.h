/* SPDX-License-Identifier: Apache-2.0 */
#ifndef BRYO_DOCKERFILE_HEREDOC_H
#define BRYO_DOCKERFILE_HEREDOC_H

#include "common/error.h"
#include "dockerfile/instruction.h"
#include "dockerfile/line.h"

/* The heredocs that an instruction's text announces, and where in the line they are announced. */
struct dockerfile_heredocs {
        struct dockerfile_heredoc *items;
        struct dockerfile_range *ranges;
        size_t count;
        size_t cap;
        size_t range_cap;
};

/* Finds [n]<<[-]WORD among the words of r. Finds none if a quote stays open: then the shell has a say. */
void dockerfile_heredocs_find(struct dockerfile_heredocs *h, const struct dockerfile_line *l,
                              struct dockerfile_range r);

/* Reads the bodies from the lines behind *line (the last line used so far), which moves to the last terminator. */
int dockerfile_heredocs_read(struct dockerfile_heredocs *h, const struct dockerfile_source *s, unsigned *line,
                             struct error *err);

/* Frees what was not handed over. */
void dockerfile_heredocs_free(struct dockerfile_heredocs *h);
void dockerfile_heredoc_clear(struct dockerfile_heredoc *h);

#endif
