/* SPDX-License-Identifier: Apache-2.0 */
/* The answers of --call as JSON. */
#include "cmd/check_json.h"

#include <stdio.h>
#include <string.h>

#include "cmd/indent.h"
#include "common/buffer.h"
#include "common/memory.h"
#include "dockerfile/source.h"
#include "oci/json_writer.h"

static char *encode_base64(const char *text, size_t size)
{
        static const char digits[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
        struct buffer out = BUFFER_INIT;

        for (size_t at = 0; at < size; at += 3) {
                uint32_t bits = (uint32_t)(unsigned char)text[at] << 16;

                bits |= at + 1 < size ? (uint32_t)(unsigned char)text[at + 1] << 8 : 0;
                bits |= at + 2 < size ? (uint32_t)(unsigned char)text[at + 2] : 0;
                for (size_t k = 0; k < 4; k++)
                        buffer_append_char(&out, at + k > size ? '=' : digits[bits >> (18 - 6 * k) & 63]);
        }
        return buffer_steal(&out);
}

static void add_position(struct oci_json_writer *w, const char *key, unsigned line)
{
        oci_json_begin_object(w, key);
        oci_json_add_int(w, "line", line);
        oci_json_end_object(w);
}

/* One range a line, as BuildKit's parser has it. */
static void add_location(struct oci_json_writer *w, unsigned first, unsigned last)
{
        oci_json_begin_object(w, "location");
        oci_json_begin_array(w, "ranges");
        for (unsigned line = first; line <= last; line++) {
                oci_json_begin_object(w, NULL);
                add_position(w, "start", line);
                add_position(w, "end", line);
                oci_json_end_object(w);
        }
        oci_json_end_array(w);
        oci_json_end_object(w);
}

static void add_sources(struct oci_json_writer *w, const struct dockerfile *d)
{
        CLEANUP_FREE char *text = encode_base64(d->source->text, d->source->size);

        oci_json_begin_array(w, "sources");
        oci_json_add_string(w, NULL, text);
        oci_json_end_array(w);
}

static void add_check(struct oci_json_writer *w, const struct builder_check_result *r, const char *failure)
{
        CLEANUP_FREE char *text = encode_base64(r->file->source->text, r->file->source->size);

        oci_json_begin_array(w, "warnings");
        for (size_t k = 0; k < r->warnings.count; k++) {
                const struct dockerfile_warning *warning = &r->warnings.items[k];
                CLEANUP_FREE char *url =
                        warning->rule->page
                                ? memory_printf("https://docs.docker.com/go/dockerfile/rule/%s/", warning->rule->page)
                                : NULL;

                oci_json_begin_object(w, NULL);
                oci_json_add_string(w, "ruleName", warning->rule->name);
                oci_json_add_string_if(w, "description", warning->rule->description);
                oci_json_add_string_if(w, "url", url);
                oci_json_add_string_if(w, "detail", warning->detail);
                add_location(w, warning->first_line, warning->last_line);
                oci_json_end_object(w);
        }
        oci_json_end_array(w);
        oci_json_begin_array(w, "sources");
        oci_json_begin_object(w, NULL);
        oci_json_add_string(w, "filename", r->file->name);
        oci_json_add_string(w, "data", text);
        oci_json_add_string(w, "language", "Dockerfile");
        oci_json_end_object(w);
        oci_json_end_array(w);
        if (!failure)
                return;
        oci_json_begin_object(w, "buildError");
        oci_json_add_string(w, "message", failure);
        oci_json_end_object(w);
}

static void add_items(struct oci_json_writer *w, const char *key, const struct dockerfile_outline_list *list)
{
        if (list->count == 0)
                return;
        oci_json_begin_array(w, key);
        for (size_t k = 0; k < list->count; k++) {
                const struct dockerfile_outline_item *item = &list->items[k];

                oci_json_begin_object(w, NULL);
                oci_json_add_string(w, "name", item->name);
                oci_json_add_string_if(w, "description", item->description);
                oci_json_add_string_if(w, "value", item->value);
                if (item->required)
                        oci_json_add_bool(w, "required", true);
                add_location(w, item->first_line, item->last_line);
                oci_json_end_object(w);
        }
        oci_json_end_array(w);
}

static void add_outline(struct oci_json_writer *w, const struct builder_check_result *r)
{
        oci_json_add_string_if(w, "name", r->outline.name);
        oci_json_add_string_if(w, "description", r->outline.description);
        add_items(w, "args", &r->outline.args);
        add_items(w, "secrets", &r->outline.secrets);
        add_items(w, "ssh", &r->outline.ssh);
        add_sources(w, r->file);
}

static void add_targets(struct oci_json_writer *w, const struct dockerfile *d)
{
        size_t last = 0;

        for (size_t k = d->first_from; k < d->instruction_count; k++)
                if (d->instructions[k].kind == DOCKERFILE_FROM)
                        last = k;
        oci_json_begin_array(w, "targets");
        for (size_t k = d->first_from; k < d->instruction_count; k++) {
                const struct dockerfile_instruction *i = &d->instructions[k];
                CLEANUP_FREE char *description = NULL;
                const char *described;
                size_t size = 0;

                if (i->kind != DOCKERFILE_FROM)
                        continue;
                described = i->from.stage ? dockerfile_instruction_describe(i, i->from.stage, &size) : NULL;
                description = described ? memory_strndup(described, size) : NULL;
                oci_json_begin_object(w, NULL);
                oci_json_add_string_if(w, "name", i->from.stage);
                if (k == last)
                        oci_json_add_bool(w, "default", true);
                oci_json_add_string_if(w, "description", description);
                oci_json_add_string_if(w, "base", i->from.image->text);
                oci_json_add_string_if(w, "platform", i->from.platform);
                add_location(w, i->first_line, i->last_line);
                oci_json_end_object(w);
        }
        oci_json_end_array(w);
        add_sources(w, d);
}

void cmd_check_json_print(const struct builder_check_result *r, enum cmd_call call, const char *failure)
{
        CLEANUP_BUFFER struct buffer compact = BUFFER_INIT;
        CLEANUP_BUFFER struct buffer text = BUFFER_INIT;
        struct oci_json_writer w = OCI_JSON_WRITER(&compact);

        oci_json_begin_object(&w, NULL);
        if (call == CMD_CALL_CHECK)
                add_check(&w, r, failure);
        else if (call == CMD_CALL_OUTLINE)
                add_outline(&w, r);
        else
                add_targets(&w, r->file);
        oci_json_end_object(&w);
        cmd_indent_format(buffer_text(&compact), &text);
        fputs(buffer_text(&text), stdout);
}
