/* SPDX-License-Identifier: Apache-2.0 */
/* One request to an endpoint: authentication, redirects, retries, and what a refusal says. */
#include "oci/registry_client.h"

#include <errno.h>
#include <poll.h>
#include <stdlib.h>
#include <string.h>
#include <sys/random.h>
#include <time.h>

#include "common/memory.h"
#include "oci/fetch_local.h"
#include "oci/json.h"
#include "oci/limits.h"
#include "oci/quote.h"

/* Challenges that are answered in one attempt: the first one, and one for a token that ended or was for too little. */
#define MAX_ANSWERS 2

/* --- one hop ------------------------------------------------------------------------- */

static bool is_at_home(const struct registry_endpoint *e, const struct oci_url *url)
{
        return oci_url_is_same_origin(&e->origin, url);
}

/* A registry may be silent for minutes while it puts what was sent where it belongs. */
static unsigned find_stall(const struct registry_job *job, const struct registry_call *call)
{
        unsigned seconds = registry_client_options(job->client)->stall_seconds;

        return call->body || call->body_size > 0 || call->growing || strcmp(call->method, "PUT") == 0 ? seconds * 5 : seconds;
}

/* One exchange with whatever host `url` names; what belongs to the endpoint goes to its origin alone. */
static int hop(struct registry_job *job, struct registry_endpoint *e, const struct registry_call *call,
               const struct oci_url *url, const char *authorization, struct http_response *ret, struct error *err)
{
        bool home = is_at_home(e, url);
        bool far = !home && !e->local;
        const struct http_request request = {.method = call->method,
                                             .url = url,
                                             .headers = call->headers,
                                             .authorization = home ? authorization : NULL,
                                             .trust = home ? &e->trust : NULL,
                                             .far = far,
                                             .body = call->body,
                                             .body_fd = call->body_fd,
                                             .body_offset = call->body_offset,
                                             .body_size = call->body_size,
                                             .growing = call->growing,
                                             .whole = job->answer,
                                             .sent = call->sent,
                                             .sent_context = call->sent_context,
                                             .sink = call->sink,
                                             .limit = call->limit,
                                             .cancel = job->answer,
                                             .stall_seconds = find_stall(job, call)};
        struct http *http;

        if (registry_client_ensure_http(job->client, home ? &e->credential : NULL, far, &http, err) < 0 ||
            http_do(http, &request, ret, err) < 0)
                return -1;
        e->local = e->local || (home && ret->local);
        return 0;
}

/* --- redirects -------------------------------------------------------------------------- */

static bool is_redirect(unsigned status)
{
        return status == 301 || status == 302 || status == 303 || status == 307 || status == 308;
}

static int check_redirect(const struct registry_endpoint *e, const struct registry_call *call,
                          const struct oci_url *from, const struct oci_url *to, unsigned status, struct error *err)
{
        CLEANUP_FREE char *shown = memory_printf("%s://%s:%u", to->scheme, to->host, oci_url_port(to));
        bool reads = strcmp(call->method, "GET") == 0 || strcmp(call->method, "HEAD") == 0;

        if (strcmp(to->scheme, "http") != 0 && strcmp(to->scheme, "https") != 0)
                return error_set(err, EPERM, "%s redirects to %s: only http and https are followed", from->host, shown);
        if (strcmp(from->scheme, "https") == 0 && strcmp(to->scheme, "https") != 0)
                return error_set(err, EPERM,
                                 "%s redirects from https to %s, which anybody on the way can change: refused",
                                 from->host, shown);
        if (to->user)
                return error_set(err, EPERM, "%s redirects to %s with a user in the URL: refused", from->host, shown);
        if (!e->local && fetch_local_is_host(to->host))
                return error_set(err, EPERM, "%s redirects to %s, an address of this machine or its link: refused",
                                 from->host, shown);
        if (!reads && status != 307 && status != 308)
                return error_set(err, EPERM, "%s answers an upload with a redirect (%u) that would lose it", from->host,
                                 status);
        return 0;
}

int registry_location(const struct registry_endpoint *e, const struct registry_call *call, const struct oci_url *from,
                      const struct http_response *response, struct oci_url *ret, struct error *err)
{
        const char *location = strv_env_find(&response->headers, "location");
        CLEANUP_FREE char *quoted = oci_quote(location ? location : "");

        if (!location || !location[0])
                return error_set(err, EPROTO, "%s answers %u without a Location", from->host, response->status);
        if (oci_url_resolve(from, location, ret, err) < 0) {
                error_clear(err);
                return error_set(err, EPROTO, "%s answers %u with the Location %s, which is no URL", from->host,
                                 response->status, quoted);
        }
        if (check_redirect(e, call, from, ret, is_redirect(response->status) ? response->status : 307, err) == 0)
                return 0;
        oci_url_free(ret);
        return -1;
}

/* Follows redirects to the end; *ret_home tells whether the answer came from the endpoint itself. */
static int follow(struct registry_job *job, struct registry_endpoint *e, const struct registry_call *call,
                  const char *authorization, struct http_response *ret, bool *ret_home, struct error *err)
{
        CLEANUP_URL struct oci_url url = OCI_URL_INIT;
        CLEANUP_FREE char *first = oci_url_format(call->url);

        if (oci_url_parse(first, &url, err) < 0)
                return -1;
        for (unsigned redirects = 0;; redirects++) {
                struct oci_url next;

                http_response_clear(ret);
                if (hop(job, e, call, &url, authorization, ret, err) < 0)
                        return -1;
                *ret_home = is_at_home(e, &url);
                if (!is_redirect(ret->status))
                        return 0;
                if (redirects == OCI_LIMIT_REDIRECTS)
                        return error_set(err, ELOOP, "%s: more than %u redirects", e->config->host,
                                         OCI_LIMIT_REDIRECTS);
                if (registry_location(e, call, &url, ret, &next, err) < 0)
                        return -1;
                oci_url_free(&url);
                url = next;
        }
}

/* --- authentication ------------------------------------------------------------------------ */

static int make_auth_request(struct registry_job *job, const struct registry_endpoint *e,
                             const struct registry_call *call, struct auth_request *ret, struct error *err)
{
        *ret = (struct auth_request){.origin = &e->origin,
                                     .local = e->local,
                                     .credential = &e->credential,
                                     .scopes = call->scopes,
                                     .trust = &e->trust,
                                     .cancel = job->answer,
                                     .stall_seconds = registry_client_options(job->client)->stall_seconds};
        return registry_client_ensure_http(job->client, &e->credential, !e->local, &ret->http, err);
}

static int answer(struct registry_job *job, const struct registry_endpoint *e, const struct registry_call *call,
                  const struct http_response *response, char **authorization, struct error *err)
{
        CLEANUP_CHALLENGES struct auth_challenges challenges = AUTH_CHALLENGES_INIT;
        CLEANUP_FREE char *refused = STEAL(*authorization);
        struct auth_request request;
        int result;

        if (make_auth_request(job, e, call, &request, err) < 0)
                return -1;
        auth_challenges_parse(&response->challenges, &challenges);
        result = auth_answer(registry_client_auth(job->client), &request, &challenges, refused, authorization, err);
        if (refused)
                explicit_bzero(refused, strlen(refused));
        return result;
}

static int find_authorization(struct registry_job *job, const struct registry_endpoint *e,
                              const struct registry_call *call, char **ret, struct error *err)
{
        struct auth_request request;

        if (!is_at_home(e, call->url))
                return 0;
        if (make_auth_request(job, e, call, &request, err) < 0)
                return -1;
        return auth_find(registry_client_auth(job->client), &request, ret, err);
}

static int authenticate(struct registry_job *job, struct registry_endpoint *e, const struct registry_call *call,
                        char **authorization, struct http_response *ret, struct error *err)
{
        bool home = false;

        if (find_authorization(job, e, call, authorization, err) < 0)
                return -1;
        for (unsigned answers = 0;; answers++) {
                if (follow(job, e, call, *authorization, ret, &home, err) < 0)
                        return -1;
                if (ret->status != 401 || !home || answers == MAX_ANSWERS)
                        return 0;
                if (answer(job, e, call, ret, authorization, err) < 0)
                        return -1;
        }
}

int registry_call_once(struct registry_job *job, struct registry_endpoint *e, const struct registry_call *call,
                       struct http_response *ret, struct error *err)
{
        const char *host = e->config->host;
        char *authorization = NULL;
        int result;

        if (registry_client_take_slot(job->client, host, call->blob, job->answer, err) < 0)
                return -1;
        result = authenticate(job, e, call, &authorization, ret, err);
        registry_client_give_slot(job->client, host, call->blob);
        if (authorization)
                explicit_bzero(authorization, strlen(authorization));
        free(authorization);
        return result;
}

/* --- retries ------------------------------------------------------------------------------- */

bool registry_status_is_transient(unsigned status)
{
        return status == 408 || status == 425 || status == 429 ||
               (status >= 500 && status != 501 && status != 505 && status != 507);
}

static bool error_is_transient(const struct error *err)
{
        return err->code == ECONNRESET || err->code == EPIPE || err->code == ETIMEDOUT || err->code == EAGAIN;
}

/* Seconds of a Retry-After (RFC 9110, section 10.2.3): a number or a date. -1: none that can be read. */
long registry_retry_after(const char *value, time_t now)
{
        struct tm tm = {.tm_sec = 0};
        const char *end;

        if (!value)
                return -1;
        if (value[0] >= '0' && value[0] <= '9') {
                unsigned long seconds = strtoul(value, NULL, 10);

                return seconds < OCI_LIMIT_RETRY_AFTER ? (long)seconds : (long)OCI_LIMIT_RETRY_AFTER;
        }
        end = strptime(value, "%a, %d %b %Y %H:%M:%S GMT", &tm);
        if (!end || *end != '\0')
                return -1;
        if (timegm(&tm) <= now)
                return 0;
        return timegm(&tm) - now < (time_t)OCI_LIMIT_RETRY_AFTER ? (long)(timegm(&tm) - now)
                                                                 : (long)OCI_LIMIT_RETRY_AFTER;
}

/* Doubled each time, and of that half or more: many clients that were cut off together do not come back together. */
static unsigned find_delay(const struct registry_client_options *o, const struct registry_retry *retry)
{
        unsigned most = OCI_LIMIT_RETRY_DELAY * 1000;
        unsigned delay = retry->count < 13 ? o->retry_delay_ms << retry->count : most;
        unsigned random = 0;

        if (delay > most)
                delay = most;
        if (getrandom(&random, sizeof(random), 0) != sizeof(random))
                random = 0;
        return delay / 2 + random % (delay / 2 + 1);
}

/* False: nobody waits any more. */
static bool wait_ms(const struct registry_job *job, unsigned ms)
{
        struct pollfd fd = {.fd = job->answer, .events = 0}; /* its end-of-file is always told */

        return poll(&fd, 1, (int)ms) == 0;
}

bool registry_retry_again(struct registry_job *job, const struct registry_endpoint *e, struct registry_retry *retry,
                          const struct http_response *response, struct error *err)
{
        const struct registry_client_options *o = registry_client_options(job->client);
        CLEANUP_FREE char *why = NULL;
        unsigned ms;
        long after = -1;

        if (response ? !registry_status_is_transient(response->status) : !error_is_transient(err))
                return false;
        if (retry->count >= o->retries)
                return false;
        ms = find_delay(o, retry);
        if (response) {
                after = registry_retry_after(strv_env_find(&response->headers, "retry-after"), time(NULL));
                why = memory_printf("it answered %u", response->status);
        } else {
                why = memory_strdup(err->message);
        }
        if (after >= 0)
                ms = (unsigned)after * 1000 > ms ? (unsigned)after * 1000 : ms;
        retry->count++;
        log_print(&job->log, LOG_INFO, "%s: %s; trying again in %u.%u s (%u of %u)", e->config->host, why, ms / 1000,
                  ms % 1000 / 100, retry->count, o->retries);
        error_clear(err);
        if (wait_ms(job, ms))
                return true;
        (void)error_set(err, ECANCELED, "given up");
        return false;
}

int registry_call(struct registry_job *job, struct registry_endpoint *e, const struct registry_call *call,
                  struct http_response *ret, struct error *err)
{
        struct registry_retry retry = {.count = 0};

        for (;;) {
                int result = registry_call_once(job, e, call, ret, err);

                if (!registry_retry_again(job, e, &retry, result < 0 ? NULL : ret, err))
                        return error_is_set(err) ? -1 : 0;
                http_response_clear(ret);
        }
}

/* --- what a refusal says ------------------------------------------------------------------- */

/* "CODE: message" of the first error (distribution-spec, "Error Codes"), quoted; "" when the body is none. Heap text.
 */
static char *find_words(const struct http_response *response)
{
        struct oci_json *document __attribute__((cleanup(oci_json_cleanup))) = NULL;
        CLEANUP_ERROR struct error err = ERROR_INIT;
        CLEANUP_FREE char *code = NULL;
        CLEANUP_FREE char *message = NULL;
        CLEANUP_FREE char *whole = NULL;
        CLEANUP_FREE char *quoted = NULL;
        const struct oci_json *errors = NULL;

        if (response->body.size == 0 ||
            oci_json_parse("an answer", response->body.data, response->body.size, &document, &err) < 0 ||
            oci_json_kind(document) != OCI_JSON_OBJECT ||
            oci_json_get_array("an answer", document, "errors", &errors, &err) < 0 || !errors ||
            oci_json_count(errors) == 0 || oci_json_kind(oci_json_item(errors, 0)) != OCI_JSON_OBJECT ||
            oci_json_get_string("an answer", oci_json_item(errors, 0), "code", &code, &err) < 0 ||
            oci_json_get_string("an answer", oci_json_item(errors, 0), "message", &message, &err) < 0)
                return memory_strdup("");
        whole = memory_printf("%s%s%s", code ? code : "", code && message ? ": " : "", message ? message : "");
        quoted = oci_quote(whole);
        return memory_printf(" (%s)", quoted);
}

int registry_response_error(const struct registry_endpoint *e, const char *what, const struct http_response *response,
                            struct error *err)
{
        CLEANUP_FREE char *words = find_words(response);
        const char *host = e->config->host;
        unsigned status = response->status;
        bool known = e->credential.user || e->credential.identity_token || e->credential.registry_token;

        if (status == 404)
                return error_set(err, ENOENT, "%s has no %s%s", host, what, words);
        if (status == 401 || status == 403)
                return error_set(err, EACCES, "%s does not give access to %s%s: %s", host, what, words,
                                 known ? "the account that is known for it may not" : "`bryo login` may help");
        if (registry_status_is_transient(status))
                return error_set(err, EAGAIN, "%s: %s answered %u%s", what, host, status, words);
        return error_set(err, EPROTO, "%s: %s answered %u%s", what, host, status, words);
}
