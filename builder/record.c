/* SPDX-License-Identifier: Apache-2.0 */
/* Step records: text lines in the store. */
#include "builder/record.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "common/fd.h"
#include "common/memory.h"

#define FIRST_LINE "bryo-step 1"
#define SAME       "same "

char *builder_record_boot(void)
{
        CLEANUP_BUFFER struct buffer text = BUFFER_INIT;
        CLEANUP_ERROR struct error err = ERROR_INIT;

        if (fd_read_file(AT_FDCWD, "/proc/sys/kernel/random/boot_id", 256, false, &text, &err) < 0)
                return memory_strdup("unknown"); /* never equal to a recorded boot: see is_current */
        text.data[strcspn(text.data, "\n")] = '\0';
        return buffer_steal(&text);
}

static void append_layer(struct buffer *text, const struct builder_layer *layer)
{
        if (layer->index)
                buffer_printf(text, "index %s\n", layer->index);
        for (size_t i = 0; i < layer->data.count; i++)
                buffer_printf(text, "data %s\n", layer->data.items[i]);
        if (layer->has_diff) {
                char hex[SHA256_HEX_SIZE + 1];

                sha256_to_hex(&layer->diff_id, hex);
                buffer_printf(text, "diff %s %" PRIu64 " %u\n", hex, layer->size, layer->writer);
        }
        /* the type is what somebody else wrote into a manifest */
        if (layer->blob && strpbrk(layer->blob->media_type, " \r\n") == NULL) {
                char hex[SHA256_HEX_SIZE + 1];

                sha256_to_hex(&layer->blob->digest, hex);
                buffer_printf(text, "blob %s %" PRIu64 " %s\n", hex, layer->blob->size, layer->blob->media_type);
                for (size_t i = 0; i < layer->origins.count; i++)
                        buffer_printf(text, "origin %s\n", layer->origins.items[i]);
        }
}

int builder_record_save(struct builder_workshop *w, const struct sha256_digest *key,
                        const struct builder_record *record, struct error *err)
{
        CLEANUP_BUFFER struct buffer text = BUFFER_INIT;
        char hex[SHA256_HEX_SIZE + 1];

        sha256_to_hex(&record->identity, hex);
        buffer_printf(&text, FIRST_LINE "\nidentity %s\ncreated %lld %ld\nmade %lld\nboot %s\n", hex,
                      (long long)record->created.tv_sec, record->created.tv_nsec, (long long)record->made,
                      record->boot);
        if (record->layer.durable)
                buffer_append_string(&text, "durable\n");
        append_layer(&text, &record->layer);
        buffer_append_string(&text, "title ");
        for (const char *p = record->title; *p; p++)
                buffer_append_char(&text, *p == '\n' ? ' ' : *p);
        buffer_append_char(&text, '\n');
        sha256_to_hex(key, hex);
        return oci_store_save(w->store, OCI_STORE_STEPS, hex, text.data, text.size, err);
}

int builder_record_save_alias(struct builder_workshop *w, const struct sha256_digest *key,
                              const struct sha256_digest *same, struct error *err)
{
        CLEANUP_FREE char *text = NULL;
        char hex[SHA256_HEX_SIZE + 1];

        sha256_to_hex(same, hex);
        text = memory_printf(FIRST_LINE "\n" SAME "%s\n", hex);
        sha256_to_hex(key, hex);
        return oci_store_save(w->store, OCI_STORE_STEPS, hex, text, strlen(text), err);
}

static bool parse_diff(const char *value, struct builder_layer *layer)
{
        char hex[SHA256_HEX_SIZE + 1];

        if (sscanf(value, "%64s %" SCNu64 " %u", hex, &layer->size, &layer->writer) != 3)
                return false;
        layer->has_diff = sha256_from_hex(hex, &layer->diff_id);
        return layer->has_diff;
}

static bool parse_blob(const char *value, struct builder_layer *layer)
{
        struct oci_descriptor d = {.media_type = NULL};
        char hex[SHA256_HEX_SIZE + 1];
        int end = 0;

        if (sscanf(value, "%64s %" SCNu64 " %n", hex, &d.size, &end) != 2 || !sha256_from_hex(hex, &d.digest) ||
            !value[end])
                return false;
        d.media_type = memory_strdup(value + end);
        if (layer->blob)
                oci_descriptor_clear(layer->blob);
        free(layer->blob);
        layer->blob = oci_descriptor_dup(&d);
        oci_descriptor_clear(&d);
        return true;
}

static void replace(char **text, const char *value)
{
        free(*text);
        *text = memory_strdup(value);
}

/* One line; false when it is not understood. */
static bool parse_line(char *line, struct builder_record *r)
{
        char *value = strchr(line, ' ');
        long long seconds;

        if (value)
                *value++ = '\0';
        else
                value = line + strlen(line);
        if (strcmp(line, "identity") == 0)
                return sha256_from_hex(value, &r->identity);
        if (strcmp(line, "created") == 0) {
                if (sscanf(value, "%lld %ld", &seconds, &r->created.tv_nsec) != 2)
                        return false;
                r->created.tv_sec = (time_t)seconds;
                r->made = seconds;
                return true;
        }
        if (strcmp(line, "made") == 0) {
                if (sscanf(value, "%lld", &seconds) != 1)
                        return false;
                r->made = seconds;
                return true;
        }
        if (strcmp(line, "boot") == 0)
                replace(&r->boot, value);
        else if (strcmp(line, "durable") == 0)
                r->layer.durable = true;
        else if (strcmp(line, "index") == 0)
                replace(&r->layer.index, value);
        else if (strcmp(line, "data") == 0)
                strv_add(&r->layer.data, value);
        else if (strcmp(line, "diff") == 0)
                return parse_diff(value, &r->layer);
        else if (strcmp(line, "blob") == 0)
                return parse_blob(value, &r->layer);
        else if (strcmp(line, "origin") == 0)
                strv_add(&r->layer.origins, value);
        else if (strcmp(line, "title") == 0)
                replace(&r->title, value);
        else
                return false;
        return true;
}

static bool parse(char *text, struct builder_record *r)
{
        char *save = NULL;
        char *line = strtok_r(text, "\n", &save);

        if (line == NULL || strcmp(line, FIRST_LINE) != 0)
                return false;
        while ((line = strtok_r(NULL, "\n", &save)))
                if (!parse_line(line, r))
                        return false;
        return r->boot != NULL && r->title != NULL;
}

static bool is_current(const struct builder_record *r)
{
        CLEANUP_FREE char *boot = builder_record_boot();

        return r->layer.durable || (strcmp(boot, "unknown") != 0 && strcmp(boot, r->boot) == 0);
}

const char builder_record_other_boot[] = "it was made in another boot and never made durable";

/* Why a record that was read cannot be used, or NULL. */
static const char *reason_against(struct builder_workshop *w, const struct builder_record *r)
{
        if (r->layer.index && !oci_store_has(w->store, OCI_STORE_INDEXES, r->layer.index))
                return "its index is gone";
        for (size_t i = 0; i < r->layer.data.count; i++)
                if (!oci_store_has(w->store, OCI_STORE_DATA, r->layer.data.items[i]))
                        return "its data is gone";
        if (r->layer.index && r->layer.has_diff && r->layer.writer == 0 &&
            !oci_store_blob_has(w->store, &r->layer.diff_id))
                return "its layer is gone";
        if (!is_current(r))
                return builder_record_other_boot;
        return NULL;
}

/* Reads the record's text, by way of an alias if `hex` is one; `hex` becomes the key it was found under. */
static int load_text(struct builder_workshop *w, char hex[SHA256_HEX_SIZE + 1], struct buffer *ret, struct error *err)
{
        const char *alias = FIRST_LINE "\n" SAME;
        struct sha256_digest same;

        if (oci_store_load(w->store, OCI_STORE_STEPS, hex, ret, err) < 0)
                return -1;
        if (strncmp(buffer_text(ret), alias, strlen(alias)) != 0)
                return 0;
        ret->data[ret->size - 1] = '\0'; /* the newline */
        if (!sha256_from_hex(ret->data + strlen(alias), &same)) {
                buffer_clear(ret);
                return 0; /* parse() finds it damaged */
        }
        sha256_to_hex(&same, hex);
        buffer_clear(ret);
        return oci_store_load(w->store, OCI_STORE_STEPS, hex, ret, err);
}

int builder_record_examine(struct builder_workshop *w, const struct sha256_digest *key, struct builder_record *ret,
                           bool *ret_found, const char **ret_reason, struct error *err)
{
        CLEANUP_BUFFER struct buffer text = BUFFER_INIT;
        CLEANUP_ERROR struct error load_err = ERROR_INIT;
        char hex[SHA256_HEX_SIZE + 1];

        *ret = (struct builder_record)BUILDER_RECORD_INIT;
        *ret_found = false;
        *ret_reason = NULL;
        sha256_to_hex(key, hex);
        if (load_text(w, hex, &text, &load_err) < 0)
                return load_err.code == ENOENT ? 0 : error_move(err, &load_err);
        *ret_reason = text.size > 0 && parse(text.data, ret) ? reason_against(w, ret) : "it is damaged";
        if (*ret_reason) {
                builder_record_free(ret);
                return 0;
        }
        ret->layer.step = memory_strdup(hex);
        *ret_found = true;
        return 0;
}

int builder_record_load(struct builder_workshop *w, const struct sha256_digest *key, struct builder_record *ret,
                        bool *ret_found, struct error *err)
{
        char hex[SHA256_HEX_SIZE + 1];
        const char *reason;

        if (builder_record_examine(w, key, ret, ret_found, &reason, err) < 0)
                return -1;
        sha256_to_hex(key, hex);
        if (reason)
                log_print(w->log, LOG_INFO, "the cached step %.12s is not used: %s", hex, reason);
        return 0;
}

void builder_record_free(struct builder_record *record)
{
        free(record->boot);
        free(record->title);
        builder_layer_free(&record->layer);
        *record = (struct builder_record)BUILDER_RECORD_INIT;
}
