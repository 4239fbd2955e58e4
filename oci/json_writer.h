/* SPDX-License-Identifier: Apache-2.0 */
#ifndef BRYO_OCI_JSON_WRITER_H
#define BRYO_OCI_JSON_WRITER_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "common/buffer.h"

/*
 * Writing JSON with pinned bytes, because digests depend on them: compact, no
 * newline, members in the order of the calls. Strings are escaped as Go's
 * encoding/json does, which is what Docker, BuildKit and containers/image emit:
 * \" \\ \b \f \n \r \t, other control bytes as \u00XX, and < > & U+2028 U+2029
 * as \u003c \u003e \u0026 \u2028 \u2029; a byte that is not UTF-8 as \ufffd;
 * everything else raw.
 *
 *     struct oci_json_writer w = OCI_JSON_WRITER(&buffer);
 *     oci_json_begin_object(&w, NULL);
 *     oci_json_add_string(&w, "name", "value");
 *     oci_json_end_object(&w);
 *
 * `key` is the member's name inside an object and NULL inside an array or at the top.
 */
struct oci_json_writer {
        struct buffer *out; /* borrowed */
        bool comma;         /* the next member needs a comma in front */
};

#define OCI_JSON_WRITER(buffer)                                                                                        \
        {                                                                                                              \
                (buffer), false                                                                                        \
        }

void oci_json_begin_object(struct oci_json_writer *w, const char *key);
void oci_json_end_object(struct oci_json_writer *w);
void oci_json_begin_array(struct oci_json_writer *w, const char *key);
void oci_json_end_array(struct oci_json_writer *w);
void oci_json_add_string(struct oci_json_writer *w, const char *key, const char *value);
/* Nothing when `value` is NULL or "" (Go's omitempty). */
void oci_json_add_string_if(struct oci_json_writer *w, const char *key, const char *value);
void oci_json_add_int(struct oci_json_writer *w, const char *key, int64_t value);
void oci_json_add_bool(struct oci_json_writer *w, const char *key, bool value);
void oci_json_add_null(struct oci_json_writer *w, const char *key);
/* `json` is already one JSON value. */
void oci_json_add_raw(struct oci_json_writer *w, const char *key, const char *json);
/* Just the quoted, escaped string. */
void oci_json_append_quoted(struct buffer *out, const char *value);

#endif
