/* SPDX-License-Identifier: Apache-2.0 */
/* Fetching one token: where it may be asked for, how, and what an answer must look like. */
#include "oci/auth_token.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "common/buffer.h"
#include "common/memory.h"
#include "oci/fetch_local.h"
#include "oci/json.h"
#include "oci/limits.h"
#include "oci/quote.h"

/* Some token servers count clients by it; it means nothing. */
#define CLIENT_ID "bryo"

int auth_realm_check(const struct oci_url *origin, bool local, const char *realm, struct oci_url *ret,
                     struct error *err)
{
        CLEANUP_FREE char *quoted = oci_quote(realm);
        CLEANUP_URL struct oci_url url = OCI_URL_INIT;
        bool plain = strcmp(origin->scheme, "http") == 0;

        if (oci_url_parse(realm, &url, err) < 0)
                return error_wrap(err, "%s sends us to a token server that is none", origin->host);
        if (url.user)
                return error_set(err, EPERM, "%s sends us to a token server with a user in its URL: refused",
                                 origin->host);
        if (strcmp(url.scheme, "https") != 0 &&
            (strcmp(url.scheme, "http") != 0 || !plain || !fetch_local_is_host(url.host)))
                return error_set(err, EPERM, "%s sends us to the token server %s, which is not https: refused",
                                 origin->host, quoted);
        if (!local && !fetch_local_is_host(origin->host) && fetch_local_is_host(url.host))
                return error_set(err, EPERM,
                                 "%s sends us to the token server %s, an address of this machine or its link: refused",
                                 origin->host, quoted);
        *ret = url;
        url = (struct oci_url)OCI_URL_INIT;
        return 0;
}

/* A token goes into a header. */
static bool is_token(const char *text)
{
        size_t size = strlen(text);

        if (size == 0 || size > OCI_LIMIT_TOKEN)
                return false;
        for (const char *c = text; *c; c++)
                if (*c <= ' ' || *c > '~')
                        return false;
        return true;
}

/* Servers write it as a number or as a text; what is neither counts as not said. */
static unsigned find_life(const struct oci_json *document)
{
        const struct oci_json *v = oci_json_find(document, "expires_in");
        enum oci_json_kind kind = v ? oci_json_kind(v) : OCI_JSON_NULL;
        const char *text = kind == OCI_JSON_NUMBER   ? oci_json_number(v)
                           : kind == OCI_JSON_STRING ? oci_json_string(v)
                                                     : "";
        unsigned long long seconds = text[0] >= '0' && text[0] <= '9' ? strtoull(text, NULL, 10) : 0;

        if (seconds == 0)
                return OCI_LIMIT_TOKEN_LIFE_DEFAULT;
        return seconds < OCI_LIMIT_TOKEN_LIFE_MAX ? (unsigned)seconds : OCI_LIMIT_TOKEN_LIFE_MAX;
}

int auth_token_parse(const char *what, const void *bytes, size_t size, char **ret_token, unsigned *ret_seconds,
                     struct error *err)
{
        struct oci_json *document __attribute__((cleanup(oci_json_cleanup))) = NULL;
        CLEANUP_FREE char *token = NULL;

        if (oci_json_parse(what, bytes, size, &document, err) < 0)
                return -1;
        if (oci_json_kind(document) != OCI_JSON_OBJECT)
                return error_set(err, EPROTO, "%s is not an object", what);
        if (oci_json_get_string(what, document, "token", &token, err) < 0 ||
            (!token && oci_json_get_string(what, document, "access_token", &token, err) < 0))
                return -1;
        if (!token || !is_token(token))
                return error_set(err, EPROTO, "%s has no usable token", what);
        *ret_seconds = find_life(document);
        *ret_token = STEAL(token);
        return 0;
}

/* --- asking ------------------------------------------------------------------------ */

static void append_pair(struct buffer *query, const char *name, const char *value)
{
        CLEANUP_FREE char *encoded = oci_url_encode(value);

        if (query->size > 0)
                buffer_append_char(query, '&');
        buffer_printf(query, "%s=%s", name, encoded);
        explicit_bzero(encoded, strlen(encoded));
}

static int send_request(const struct auth_token_request *t, const struct oci_url *url, const char *body,
                        const char *authorization, struct http_response *ret, struct error *err)
{
        static char form[] = "Content-Type: application/x-www-form-urlencoded";
        static char accept[] = "Accept: application/json";
        char *items[] = {accept, form, NULL};
        const struct strv headers = {.items = items, .count = body ? 2 : 1};
        const struct auth_request *r = t->request;
        const struct http_request request = {.method = body ? "POST" : "GET",
                                             .url = url,
                                             .headers = &headers,
                                             .authorization = authorization,
                                             .trust = strcmp(url->host, r->origin->host) == 0 ? r->trust : NULL,
                                             .far = !r->local && !fetch_local_is_host(r->origin->host),
                                             .body = body,
                                             .has_body = body != NULL,
                                             .body_size = body ? strlen(body) : 0,
                                             .body_fd = -1,
                                             .limit = OCI_LIMIT_TOKEN_BODY,
                                             .cancel = r->cancel,
                                             .stall_seconds = r->stall_seconds};

        return http_do(r->http, &request, ret, err);
}

/* GET realm?service=...&scope=... (distribution, token.md). */
static int ask_by_get(const struct auth_token_request *t, struct http_response *ret, struct error *err)
{
        const struct oci_credential *c = t->request->credential;
        CLEANUP_FREE char *basic = c->user ? oci_url_basic_format(c->user, c->secret) : NULL;
        CLEANUP_BUFFER struct buffer query = BUFFER_INIT;
        CLEANUP_URL struct oci_url url = OCI_URL_INIT;
        CLEANUP_FREE char *bare = oci_url_format(t->realm);
        int result;

        if (oci_url_parse(bare, &url, err) < 0)
                return -1;
        if (url.query)
                buffer_append_string(&query, url.query);
        if (t->service)
                append_pair(&query, "service", t->service);
        for (size_t i = 0; i < t->scopes->count; i++)
                append_pair(&query, "scope", t->scopes->items[i]);
        if (c->user)
                append_pair(&query, "account", c->user);
        free(url.query);
        url.query = query.size > 0 ? buffer_steal(&query) : NULL;
        result = send_request(t, &url, NULL, basic, ret, err);
        if (basic)
                explicit_bzero(basic, strlen(basic));
        return result;
}

/* POST realm (distribution, oauth.md): with an identity token there is no other way. */
static int ask_by_post(const struct auth_token_request *t, struct http_response *ret, struct error *err)
{
        const struct oci_credential *c = t->request->credential;
        CLEANUP_BUFFER struct buffer scopes = BUFFER_INIT;
        CLEANUP_BUFFER struct buffer form = BUFFER_INIT;
        int result;

        for (size_t i = 0; i < t->scopes->count; i++)
                buffer_printf(&scopes, "%s%s", i > 0 ? " " : "", t->scopes->items[i]);
        append_pair(&form, "grant_type", c->identity_token ? "refresh_token" : "password");
        if (t->service)
                append_pair(&form, "service", t->service);
        append_pair(&form, "client_id", CLIENT_ID);
        append_pair(&form, "scope", buffer_text(&scopes));
        if (c->identity_token) {
                append_pair(&form, "refresh_token", c->identity_token);
        } else {
                append_pair(&form, "username", c->user);
                append_pair(&form, "password", c->secret);
        }
        result = send_request(t, t->realm, form.data, NULL, ret, err);
        explicit_bzero(form.data, form.size);
        return result;
}

static int explain_status(const struct auth_token_request *t, const struct http_response *response, struct error *err)
{
        unsigned status = response->status;
        const char *host = t->realm->host;

        if (status == 408 || status == 429 || status >= 500)
                return error_set(err, EAGAIN, "the token server %s answered %u", host, status);
        if (status >= 300 && status < 400)
                return error_set(err, EPERM,
                                 "the token server %s redirects: refused, since the credential is for no other", host);
        if (status == 401 || status == 403 || status == 400)
                return error_set(err, EACCES, "the token server %s %s (status %u)", host,
                                 t->request->credential->user || t->request->credential->identity_token
                                         ? "does not accept the credential"
                                         : "gives no anonymous access",
                                 status);
        return error_set(err, EPROTO, "the token server %s answered %u", host, status);
}

int auth_token_fetch(const struct auth_token_request *t, char **ret_token, unsigned *ret_seconds, struct error *err)
{
        CLEANUP_HTTP_RESPONSE struct http_response response = HTTP_RESPONSE_INIT;
        CLEANUP_FREE char *what = memory_printf("the answer of the token server %s", t->realm->host);
        const struct oci_credential *c = t->request->credential;
        int result;

        if ((c->identity_token ? ask_by_post(t, &response, err) : ask_by_get(t, &response, err)) < 0)
                return error_wrap(err, "cannot get a token");
        if (!c->identity_token && c->user &&
            (response.status == 401 || response.status == 404 || response.status == 405)) {
                http_response_clear(&response);
                if (ask_by_post(t, &response, err) < 0)
                        return error_wrap(err, "cannot get a token");
        }
        if (response.status != 200)
                return explain_status(t, &response, err);
        result = auth_token_parse(what, response.body.data, response.body.size, ret_token, ret_seconds, err);
        if (response.body.data)
                explicit_bzero(response.body.data, response.body.size);
        return result;
}
