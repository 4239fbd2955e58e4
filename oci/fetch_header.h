/* SPDX-License-Identifier: Apache-2.0 */
#ifndef BRYO_OCI_FETCH_HEADER_H
#define BRYO_OCI_FETCH_HEADER_H

#include <stdbool.h>
#include <stddef.h>

#include "common/strv.h"

/* The lines of an answer's head, as libcurl gives them to its callers (CURLOPT_HEADERFUNCTION(3)). Internal to this
 * room. */

/* The line without the end of its line and the blanks before it. Heap text. */
char *fetch_header_line(const char *bytes, size_t size);
/* Takes "Name: value" apart: the name in small letters, the value without the blanks before it. False without a colon.
 */
bool fetch_header_parse(char *line, const char **ret_value);
/* Adds name=value to `headers` when it is one of OCI_FETCH_HEADERS. Of a header that came twice, the first counts: a
 * second one may have been smuggled in behind it. */
void fetch_header_keep(struct strv *headers, const char *name, const char *value);

#endif
