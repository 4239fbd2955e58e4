/* SPDX-License-Identifier: Apache-2.0 */
/* Files from URLs: fetched, remembered, and asked for again. */
#include "builder/download.h"

#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <unistd.h>

#include "builder/random_name.h"
#include "common/memory.h"
#include "oci/fetch.h"
#include "oci/url.h"

#define FIRST_LINE "bryo-download 1"
#define UNNAMED    "__unnamed__"

void builder_download_free(struct builder_download *d)
{
        free(d->data);
        free(d->etag);
        free(d->modified);
        *d = (struct builder_download)BUILDER_DOWNLOAD_INIT;
}

/* --- records --------------------------------------------------------------- */

static int record_name(const struct builder_download_request *request, char ret[SHA256_HEX_SIZE + 1], struct error *err)
{
        CLEANUP_URL struct oci_url url = OCI_URL_INIT;
        CLEANUP_FREE char *text = NULL;
        struct sha256_digest digest;
        struct sha256 hash;

        if (oci_url_parse(request->url, &url, err) < 0)
                return -1;
        text = oci_url_format(&url);
        sha256_init(&hash);
        sha256_field_string(&hash, text);
        sha256_field_string(&hash, url.user ? url.user : "");
        sha256_field_string(&hash, request->authorization ? request->authorization : "");
        sha256_final(&hash, &digest);
        sha256_to_hex(&digest, ret);
        return 0;
}

static void parse_line(char *line, struct builder_download *d, bool *has_digest)
{
        char *value = strchr(line, ' ');

        if (!value)
                return;
        *value++ = '\0';
        if (strcmp(line, "data") == 0 && !d->data)
                d->data = memory_strdup(value);
        else if (strcmp(line, "digest") == 0)
                *has_digest = sha256_from_hex(value, &d->digest);
        else if (strcmp(line, "size") == 0)
                d->size = strtoull(value, NULL, 10);
        else if (strcmp(line, "etag") == 0 && !d->etag)
                d->etag = memory_strdup(value);
        else if (strcmp(line, "modified") == 0 && !d->modified)
                d->modified = memory_strdup(value);
}

/* `ret` stays empty when there is no record, or none that is understood. */
static int load_record(struct oci_store *store, const char *name, struct builder_download *ret, struct error *err)
{
        CLEANUP_ERROR struct error load_err = ERROR_INIT;
        CLEANUP_BUFFER struct buffer text = BUFFER_INIT;
        bool has_digest = false;
        char *save = NULL;

        if (oci_store_load(store, OCI_STORE_DOWNLOADS, name, &text, &load_err) < 0)
                return load_err.code == ENOENT ? 0 : error_move(err, &load_err);
        if (text.size < sizeof(FIRST_LINE) || strncmp(text.data, FIRST_LINE "\n", sizeof(FIRST_LINE)) != 0)
                return 0;
        for (char *line = strtok_r(text.data, "\n", &save); line; line = strtok_r(NULL, "\n", &save))
                parse_line(line, ret, &has_digest);
        if (!ret->data || !has_digest)
                builder_download_free(ret);
        return 0;
}

static void append_line(struct buffer *text, const char *word, const char *value)
{
        if (value)
                buffer_printf(text, "%s %s\n", word, value);
}

static int save_record(struct oci_store *store, const char *name, const char *url, const struct builder_download *d,
                       struct error *err)
{
        CLEANUP_BUFFER struct buffer text = BUFFER_INIT;
        char hex[SHA256_HEX_SIZE + 1];

        sha256_to_hex(&d->digest, hex);
        buffer_printf(&text, FIRST_LINE "\nurl %s\ndata %s\ndigest %s\nsize %" PRIu64 "\n", url, d->data, hex, d->size);
        append_line(&text, "etag", d->etag);
        append_line(&text, "modified", d->modified);
        return oci_store_save(store, OCI_STORE_DOWNLOADS, name, text.data, text.size, err);
}

int builder_download_record_data(struct oci_store *store, const char *record, char **ret_data, uint64_t *ret_size,
                                 struct error *err)
{
        CLEANUP_DOWNLOAD struct builder_download d = BUILDER_DOWNLOAD_INIT;

        if (load_record(store, record, &d, err) < 0)
                return -1;
        *ret_data = STEAL(d.data);
        *ret_size = d.size;
        return 0;
}

int builder_download_record_digest(struct oci_store *store, const char *record, bool *ret_found,
                                   struct sha256_digest *ret, struct error *err)
{
        CLEANUP_DOWNLOAD struct builder_download d = BUILDER_DOWNLOAD_INIT;

        if (load_record(store, record, &d, err) < 0)
                return -1;
        *ret_found = d.data != NULL;
        *ret = d.digest;
        return 0;
}

/* --- asking ----------------------------------------------------------------- */

static bool go_on(void *context, uint64_t done, uint64_t total)
{
        const struct builder_download_request *request = context;

        (void)done;
        (void)total;
        return !request->is_cancelled || !request->is_cancelled(request->context);
}

static void take_header(char **field, const struct oci_fetch_response *response, const char *name)
{
        const char *value = strv_env_find(&response->headers, name);

        free(*field);
        *field = value ? memory_strdup(value) : NULL;
}

static const char *reason(unsigned status)
{
        switch (status) {
        case 401:
                return " (it asks who you are: give a secret HTTP_AUTH_TOKEN_HOST or HTTP_AUTH_HEADER_HOST)";
        case 403:
                return " (forbidden)";
        case 404:
                return " (not found)";
        case 410:
                return " (gone)";
        case 429:
                return " (too many requests: try again later)";
        default:
                return status >= 500 ? " (the server failed: try again later)" : "";
        }
}

static int check_digest(const struct sha256_digest *wanted, const struct sha256_digest *got, const char *url,
                        struct error *err)
{
        char is[SHA256_HEX_SIZE + 1], must[SHA256_HEX_SIZE + 1];

        if (!wanted || sha256_equal(wanted, got))
                return 0;
        sha256_to_hex(got, is);
        sha256_to_hex(wanted, must);
        return error_set(err, EBADMSG, "%s has the checksum sha256:%s, not sha256:%s", url, is, must);
}

/* The body is complete and what it must be: it becomes a data file, unless the store has the very same for this URL. */
static int take_body(struct oci_store_file *file, const struct oci_fetch_response *response, struct builder_download *d,
                     struct error *err)
{
        bool same = d->data && sha256_equal(&d->digest, &response->digest);

        d->digest = response->digest;
        d->size = response->size;
        take_header(&d->etag, response, "etag");
        take_header(&d->modified, response, "last-modified");
        if (same)
                return 0;
        free(STEAL(d->data));
        if (builder_random_name("url-", &d->data, err) < 0)
                return -1;
        return oci_store_file_commit(file, d->data, err);
}

static void add_conditions(const struct builder_download *known, struct strv *headers)
{
        if (known->data && known->etag)
                strv_take(headers, memory_printf("If-None-Match: %s", known->etag));
        else if (known->data && known->modified)
                strv_take(headers, memory_printf("If-Modified-Since: %s", known->modified));
}

/* `d` is what is known; afterwards what holds. *ret_changed: the record is to be written. */
static int ask(struct builder_workshop *w, const struct builder_download_request *request, struct builder_download *d,
               bool *ret_changed, struct error *err)
{
        CLEANUP_FETCH_RESPONSE struct oci_fetch_response response = OCI_FETCH_RESPONSE_INIT;
        CLEANUP_STORE_FILE struct oci_store_file *file = NULL;
        CLEANUP_STRV struct strv headers = STRV_INIT;
        struct oci_fetch_request get = {.url = request->url,
                                        .headers = &headers,
                                        .authorization = request->authorization,
                                        .progress = go_on,
                                        .context = (void *)(uintptr_t)request};

        add_conditions(d, &headers);
        if (oci_store_file_create(w->store, OCI_STORE_DATA, &file, err) < 0)
                return -1;
        get.fd = oci_store_file_fd(file);
        if (oci_fetch_do(w->fetch, &get, &response, err) < 0)
                return -1;
        *ret_changed = false;
        if (response.status == 304 && headers.count > 0)
                return check_digest(request->digest, &d->digest, response.url, err);
        if (response.status != 200)
                return error_set(err, response.status == 404 ? ENOENT : EIO,
                                 "cannot fetch %s: the server answered %u%s", response.url, response.status,
                                 reason(response.status));
        *ret_changed = true;
        if (check_digest(request->digest, &response.digest, response.url, err) < 0)
                return -1;
        return take_body(file, &response, d, err);
}

int builder_download(struct builder_workshop *w, const struct builder_download_request *request,
                     struct builder_download *ret, struct error *err)
{
        CLEANUP_DOWNLOAD struct builder_download d = BUILDER_DOWNLOAD_INIT;
        CLEANUP_URL struct oci_url url = OCI_URL_INIT;
        CLEANUP_FREE char *shown = NULL;
        char name[SHA256_HEX_SIZE + 1];
        bool changed = false;

        if (record_name(request, name, err) < 0 || oci_url_parse(request->url, &url, err) < 0 ||
            load_record(w->store, name, &d, err) < 0)
                return -1;
        if (d.data && !oci_store_has(w->store, OCI_STORE_DATA, d.data))
                builder_download_free(&d);
        if (!(d.data && request->digest && sha256_equal(request->digest, &d.digest)) &&
            ask(w, request, &d, &changed, err) < 0)
                return -1;
        shown = oci_url_format(&url);
        if (changed && save_record(w->store, name, shown, &d, err) < 0)
                return -1;
        *ret = d;
        d = (struct builder_download)BUILDER_DOWNLOAD_INIT;
        return 0;
}

/* --- what the answer says of the file ------------------------------------------ */

time_t builder_download_mtime(const struct builder_download *d)
{
        struct tm tm = {.tm_year = 70, .tm_mday = 1};
        const char *end;

        if (!d->modified)
                return 0;
        /* RFC 9110: the one format that servers may send; the month names are C's, whatever the user's language */
        end = strptime(d->modified, "%a, %d %b %Y %H:%M:%S GMT", &tm);
        return end && *end == '\0' ? timegm(&tm) : 0;
}

static bool is_file_name(const char *name)
{
        return name[0] != '\0' && strlen(name) <= 255 && strcmp(name, ".") != 0 && strcmp(name, "..") != 0 &&
               strpbrk(name, "/\\") == NULL;
}

char *builder_download_file_name(const char *text)
{
        CLEANUP_ERROR struct error err = ERROR_INIT;
        CLEANUP_URL struct oci_url url = OCI_URL_INIT;
        CLEANUP_FREE char *path = NULL;
        const char *last;
        size_t size;

        if (oci_url_parse(text, &url, &err) < 0)
                return memory_strdup(UNNAMED);
        path = oci_url_decode(url.path);
        for (size = strlen(path); size > 0 && path[size - 1] == '/'; size--)
                path[size - 1] = '\0';
        last = strrchr(path, '/') ? strrchr(path, '/') + 1 : path;
        return memory_strdup(is_file_name(last) ? last : UNNAMED);
}
