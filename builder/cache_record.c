/* SPDX-License-Identifier: Apache-2.0 */
/* Records of cache mounts: text lines in the store. */
#include "builder/cache_record.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "common/buffer.h"
#include "common/memory.h"

#define FIRST_LINE "bryo-cache 1"
#define LOCK_END   ".lock"

bool builder_cache_record_is_lock(const char *name)
{
        size_t length = strlen(name);

        return length > strlen(LOCK_END) && strcmp(name + length - strlen(LOCK_END), LOCK_END) == 0;
}

static void append_id(struct buffer *text, const char *id)
{
        buffer_append_string(text, "id ");
        for (const char *p = id; *p; p++) {
                if (*p > ' ' && *p < 0x7f && *p != '%')
                        buffer_append_char(text, *p);
                else
                        buffer_printf(text, "%%%02X", (unsigned char)*p);
        }
        buffer_append_char(text, '\n');
}

static bool parse_line(const char *line, struct builder_cache_record *r)
{
        if (strncmp(line, "id ", 3) == 0) {
                free(r->id);
                r->id = memory_strdup(line + 3);
        } else if (strcmp(line, "whole") == 0) {
                r->whole = true;
        } else if (strncmp(line, "index ", 6) == 0) {
                strv_add(&r->indexes, line + 6);
        } else {
                return false;
        }
        return true;
}

static bool parse(char *text, struct builder_cache_record *r)
{
        char *save = NULL;
        char *line = strtok_r(text, "\n", &save);

        if (line == NULL || strcmp(line, FIRST_LINE) != 0)
                return false;
        while ((line = strtok_r(NULL, "\n", &save)))
                if (!parse_line(line, r))
                        return false;
        return r->id != NULL;
}

int builder_cache_record_load(struct oci_store *store, const char *name, struct builder_cache_record *ret,
                              bool *ret_found, struct error *err)
{
        CLEANUP_BUFFER struct buffer text = BUFFER_INIT;
        CLEANUP_ERROR struct error missing = ERROR_INIT;

        *ret_found = false;
        if (oci_store_load(store, OCI_STORE_CACHES, name, &text, &missing) < 0)
                return missing.code == ENOENT ? 0 : error_move(err, &missing);
        *ret_found = text.size > 0 && parse(text.data, ret);
        if (!*ret_found) {
                log_print(oci_store_log(store), LOG_WARNING, "the cache mount %.12s is damaged: it begins empty", name);
                builder_cache_record_free(ret);
        }
        return 0;
}

int builder_cache_record_save(struct oci_store *store, const char *name, const struct builder_cache_record *record,
                              struct error *err)
{
        CLEANUP_BUFFER struct buffer text = BUFFER_INIT;

        buffer_append_string(&text, FIRST_LINE "\n");
        append_id(&text, record->id);
        if (record->whole)
                buffer_append_string(&text, "whole\n");
        for (size_t i = 0; i < record->indexes.count; i++) {
                if (oci_store_sync(store, OCI_STORE_INDEXES, record->indexes.items[i], err) < 0)
                        return -1;
                buffer_printf(&text, "index %s\n", record->indexes.items[i]);
        }
        if (oci_store_save(store, OCI_STORE_CACHES, name, text.data, text.size, err) < 0)
                return -1;
        return oci_store_sync(store, OCI_STORE_CACHES, name, err);
}

void builder_cache_record_free(struct builder_cache_record *r)
{
        free(r->id);
        strv_free(&r->indexes);
        *r = (struct builder_cache_record)BUILDER_CACHE_RECORD_INIT;
}
