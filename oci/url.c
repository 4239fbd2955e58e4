/* SPDX-License-Identifier: Apache-2.0 */
/* URLs, taken apart in one place, so that what is checked is what is used. */
#include "oci/url.h"

#include <ctype.h>
#include <errno.h>
#include <string.h>

#include "common/buffer.h"
#include "common/memory.h"
#include "common/redact.h"
#include "oci/base64.h"

static bool is_scheme(const char *text, size_t size)
{
        if (size == 0 || !isalpha((unsigned char)text[0]))
                return false;
        for (size_t i = 1; i < size; i++)
                if (!isalnum((unsigned char)text[i]) && !strchr("+-.", text[i]))
                        return false;
        return true;
}

static bool is_host(const char *host)
{
        size_t size = strlen(host);

        if (host[0] == '[')
                return size > 3 && host[size - 1] == ']' && strspn(host + 1, "0123456789abcdef:.") == size - 2;
        return size > 0 && host[0] != '-' && strspn(host, "abcdefghijklmnopqrstuvwxyz0123456789.-_") == size;
}

static char *lower(const char *text, size_t size)
{
        char *copy = memory_strndup(text, size);

        for (char *c = copy; *c; c++)
                *c = (char)tolower((unsigned char)*c);
        return copy;
}

/* Digits only, 1 to 65535; 0 for anything else. */
static unsigned parse_port(const char *text, size_t size)
{
        unsigned port = 0;

        if (size == 0 || size > 5)
                return 0;
        for (size_t i = 0; i < size; i++) {
                if (!isdigit((unsigned char)text[i]))
                        return 0;
                port = port * 10 + (unsigned)(text[i] - '0');
        }
        return port <= 65535 ? port : 0;
}

/* [user@]host[:port]; an empty port ("host:") is as none. */
static bool parse_authority(const char *text, size_t size, struct oci_url *ret)
{
        const char *at = memrchr(text, '@', size);
        const char *end = text + size;
        const char *colon;

        if (at) {
                ret->user = memory_strndup(text, (size_t)(at - text));
                text = at + 1;
        }
        colon = memrchr(text, ':', (size_t)(end - text));
        if (colon && memchr(colon, ']', (size_t)(end - colon)))
                colon = NULL;
        ret->host = lower(text, (size_t)((colon ? colon : end) - text));
        if (colon && colon + 1 < end) {
                ret->port = parse_port(colon + 1, (size_t)(end - colon - 1));
                if (ret->port == 0)
                        return false;
        }
        return is_host(ret->host);
}

static bool has_bad_character(const char *text)
{
        for (const char *c = text; *c; c++)
                if ((unsigned char)*c <= ' ' || *c == 127 || strchr("\\\"'<>`{}|^", *c))
                        return true;
        return false;
}

static bool parse(const char *text, struct oci_url *ret)
{
        const char *colon = strchr(text, ':');
        const char *rest, *end;

        if (has_bad_character(text) || !colon || !is_scheme(text, (size_t)(colon - text)) ||
            strncmp(colon, "://", 3) != 0)
                return false;
        ret->scheme = lower(text, (size_t)(colon - text));
        rest = colon + 3;
        end = rest + strcspn(rest, "/?#");
        if (!parse_authority(rest, (size_t)(end - rest), ret))
                return false;
        rest = end;
        end = rest + strcspn(rest, "?#");
        ret->path = memory_strndup(rest, (size_t)(end - rest));
        if (*end == '?') {
                rest = end + 1;
                end = rest + strcspn(rest, "#");
                ret->query = memory_strndup(rest, (size_t)(end - rest));
        }
        if (*end == '#')
                ret->fragment = memory_strdup(end + 1);
        return true;
}

int oci_url_parse(const char *text, struct oci_url *ret, struct error *err)
{
        CLEANUP_FREE char *shown = NULL;

        *ret = (struct oci_url)OCI_URL_INIT;
        if (parse(text, ret))
                return 0;
        oci_url_free(ret);
        shown = redact_urls(text);
        return error_set(err, EINVAL, "\"%s\" is not a URL like https://host/path", shown);
}

void oci_url_free(struct oci_url *url)
{
        free(url->scheme);
        free(url->user);
        free(url->host);
        free(url->path);
        free(url->query);
        free(url->fragment);
        *url = (struct oci_url)OCI_URL_INIT;
}

unsigned oci_url_port(const struct oci_url *url)
{
        static const struct {
                const char *scheme;
                unsigned port;
        } defaults[] = {{"http", 80}, {"https", 443}, {"ssh", 22}, {"git", 9418}};

        if (url->port != 0)
                return url->port;
        for (size_t i = 0; i < ARRAY_SIZE(defaults); i++)
                if (strcmp(url->scheme, defaults[i].scheme) == 0)
                        return defaults[i].port;
        return 0;
}

bool oci_url_is_same_origin(const struct oci_url *a, const struct oci_url *b)
{
        return strcmp(a->scheme, b->scheme) == 0 && strcmp(a->host, b->host) == 0 && oci_url_port(a) == oci_url_port(b);
}

char *oci_url_format(const struct oci_url *url)
{
        CLEANUP_BUFFER struct buffer text = BUFFER_INIT;

        buffer_printf(&text, "%s://%s", url->scheme, url->host);
        if (url->port != 0)
                buffer_printf(&text, ":%u", url->port);
        buffer_append_string(&text, url->path);
        if (url->query)
                buffer_printf(&text, "?%s", url->query);
        return buffer_steal(&text);
}

static int hex_value(char c)
{
        if (c >= '0' && c <= '9')
                return c - '0';
        c = (char)tolower((unsigned char)c);
        return c >= 'a' && c <= 'f' ? c - 'a' + 10 : -1;
}

char *oci_url_decode(const char *text)
{
        char *copy = memory_strdup(text);
        char *to = copy;

        for (const char *from = text; *from; from++) {
                int high = from[0] == '%' ? hex_value(from[1]) : -1;
                int low = high >= 0 ? hex_value(from[2]) : -1;

                if (low < 0) {
                        *to++ = *from;
                        continue;
                }
                *to++ = (char)(high << 4 | low);
                from += 2;
        }
        *to = '\0';
        return copy;
}

char *oci_url_basic_format(const char *user, const char *password)
{
        CLEANUP_FREE char *plain = memory_printf("%s:%s", user, password);
        CLEANUP_BUFFER struct buffer text = BUFFER_INIT;

        buffer_append_string(&text, "Basic ");
        oci_base64_encode(plain, strlen(plain), &text);
        explicit_bzero(plain, strlen(plain));
        return buffer_steal(&text);
}

char *oci_url_basic(const struct oci_url *url)
{
        CLEANUP_FREE char *name = NULL;
        CLEANUP_FREE char *password = NULL;
        CLEANUP_FREE char *user = NULL;
        const char *colon;

        if (!url->user)
                return NULL;
        colon = strchr(url->user, ':');
        password = oci_url_decode(colon ? colon + 1 : "");
        user = colon ? memory_strndup(url->user, (size_t)(colon - url->user)) : memory_strdup(url->user);
        name = oci_url_decode(user);
        return oci_url_basic_format(name, password);
}

/* --- references (RFC 3986, section 5.2) ---------------------------------------- */

static bool has_scheme(const char *text)
{
        return is_scheme(text, strcspn(text, ":/?#")) && text[strcspn(text, ":/?#")] == ':';
}

/* "a/b/../c" and "a/./b"; what would lead above the root stays at it. */
static char *remove_dots(const char *path)
{
        CLEANUP_BUFFER struct buffer text = BUFFER_INIT;

        while (*path) {
                size_t size = 1 + strcspn(path + 1, "/"); /* "/segment" */
                bool last = path[size] == '\0';

                if (size == 3 && strncmp(path, "/..", 3) == 0) {
                        while (text.size > 0 && text.data[--text.size] != '/')
                                ;
                        if (last)
                                buffer_append_char(&text, '/');
                } else if (size != 2 || path[1] != '.') {
                        buffer_append(&text, path, size);
                } else if (last) {
                        buffer_append_char(&text, '/');
                }
                path += size;
        }
        if (text.data)
                text.data[text.size] = '\0';
        return buffer_steal(&text);
}

static char *resolve_path(const struct oci_url *base, const char *text)
{
        CLEANUP_BUFFER struct buffer joined = BUFFER_INIT;
        const char *slash = strrchr(base->path, '/');

        if (text[0] != '/')
                buffer_append(&joined, base->path, slash ? (size_t)(slash - base->path) + 1 : 0);
        if (joined.size == 0 && text[0] != '/')
                buffer_append_char(&joined, '/');
        buffer_append(&joined, text, strcspn(text, "?#"));
        return remove_dots(joined.data);
}

int oci_url_resolve(const struct oci_url *base, const char *text, struct oci_url *ret, struct error *err)
{
        CLEANUP_BUFFER struct buffer whole = BUFFER_INIT;

        *ret = (struct oci_url)OCI_URL_INIT;
        if (has_scheme(text))
                return oci_url_parse(text, ret, err);
        buffer_printf(&whole, "%s:", base->scheme);
        if (strncmp(text, "//", 2) == 0) {
                buffer_append_string(&whole, text);
                return oci_url_parse(whole.data, ret, err);
        }
        buffer_printf(&whole, "//%s", base->host);
        if (base->port != 0)
                buffer_printf(&whole, ":%u", base->port);
        if (text[0] == '?' || text[0] == '#' || text[0] == '\0') {
                buffer_append_string(&whole, base->path);
        } else {
                CLEANUP_FREE char *path = resolve_path(base, text);

                buffer_append_string(&whole, path);
        }
        buffer_append_string(&whole, text + strcspn(text, "?#"));
        return oci_url_parse(whole.data, ret, err);
}

char *oci_url_encode(const char *text)
{
        static const char kept[] = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789-._~";
        CLEANUP_BUFFER struct buffer encoded = BUFFER_INIT;

        for (; *text; text++) {
                if (strchr(kept, *text))
                        buffer_append_char(&encoded, *text);
                else
                        buffer_printf(&encoded, "%%%02X", (unsigned char)*text);
        }
        return buffer_steal(&encoded);
}
