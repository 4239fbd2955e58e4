/* SPDX-License-Identifier: Apache-2.0 */
#ifndef BRYO_BUILDER_GOTEXT_H
#define BRYO_BUILDER_GOTEXT_H

#include <stdbool.h>
#include <stdint.h>

#include "common/buffer.h"
#include "common/strv.h"

/*
 * History lines of images are read by people and tools that know docker's
 * spelling, which is how Go prints values: lists without commas in brackets,
 * strings quoted with Go's escapes.
 */

/* Appends "text" as Go's %q does for ASCII: control bytes and quotes escaped, valid and invalid UTF-8 above kept as is. */
void builder_gotext_quote(struct buffer *b, const char *text);
/* Appends [a b c], each word quoted if `quoted`. */
void builder_gotext_list(struct buffer *b, const struct strv *words, bool quoted);
/* Appends a duration in nanoseconds as Go's time.Duration prints it: "1h0m0s", "1.5s", "20ms", "0s". Not negative. */
void builder_gotext_duration(struct buffer *b, int64_t nanoseconds);

#endif
