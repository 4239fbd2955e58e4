/* SPDX-License-Identifier: Apache-2.0 */
#ifndef BRYO_DOCKERFILE_HEREDOC_MISTAKE_H
#define BRYO_DOCKERFILE_HEREDOC_MISTAKE_H

#include "dockerfile/expand.h"
#include "dockerfile/instruction.h"

/*
 * Where the mistake is in the body of a here-document whose expansion in `scope` failed with `message`: the first line that
 * fails alone as the whole does, and in it the last $ from which on it still does. Where no line does, the word that
 * announces the here-document.
 */
struct dockerfile_place dockerfile_heredoc_mistake(const struct dockerfile_scope *scope,
                                                   const struct dockerfile_heredoc *doc, const char *message);

#endif
