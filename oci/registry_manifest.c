/* SPDX-License-Identifier: Apache-2.0 */
/* Manifests, lists of tags, and whether an account is accepted. */
#include "oci/registry_client.h"

#include <errno.h>
#include <string.h>

#include "common/fd.h"
#include "common/memory.h"
#include "oci/digest.h"
#include "oci/json.h"
#include "oci/limits.h"
#include "oci/quote.h"

/* All that oci/manifest.h reads; without them registries answer with schema 1, or not at all. */
static char accept_manifests[] = "Accept: " OCI_TYPE_INDEX ", " OCI_TYPE_MANIFEST ", " OCI_TYPE_DOCKER_INDEX
                                 ", " OCI_TYPE_DOCKER_MANIFEST ", */*";

/* What a request is about, for its URL, for messages, and for the scope of its token. */
struct subject {
        char name[OCI_DIGEST_TEXT + 1 + OCI_LIMIT_TAG]; /* tag or digest */
        char *what;
        char *scope;
        struct strv scopes;
        char *scope_items[2];
};

static void subject_init(struct subject *s, const struct registry_job *job, const struct registry_endpoint *e,
                         const char *actions, bool prefer_tag)
{
        const struct oci_reference *ref = &job->ref;

        *s = (struct subject){.what = NULL};
        if (ref->tag && (prefer_tag || !ref->has_digest))
                (void)snprintf(s->name, sizeof(s->name), "%s", ref->tag);
        else if (ref->has_digest)
                oci_digest_format(&ref->digest, s->name);
        s->what = memory_printf("manifest %s of %s", s->name, e->config->repository);
        s->scope = memory_printf("repository:%s:%s", e->config->repository, actions);
        s->scope_items[0] = s->scope;
        s->scopes = (struct strv){.items = s->scope_items, .count = 1};
}

static void subject_clear(struct subject *s)
{
        free(s->what);
        free(s->scope);
}

#define CLEANUP_SUBJECT __attribute__((cleanup(subject_clear)))

/* "application/json; charset=utf-8" without what is behind the semicolon. */
static char *find_media_type(const struct http_response *response)
{
        const char *type = strv_env_find(&response->headers, "content-type");

        return memory_strndup(type ? type : "", type ? strcspn(type, "; \t") : 0);
}

/* The digest that the registry names, if it is one of ours; an unknown algorithm says nothing. */
static int find_digest(const char *what, const struct http_response *response, bool *ret_found,
                       struct sha256_digest *ret, struct error *err)
{
        const char *text = strv_env_find(&response->headers, "docker-content-digest");

        *ret_found = false;
        if (!text || strncmp(text, "sha256:", 7) != 0)
                return 0;
        if (oci_digest_parse(text, ret, err) < 0)
                return error_wrap(err, "the registry's digest of the %s", what);
        *ret_found = true;
        return 0;
}

static int check_digest(const char *what, const char *who, const struct sha256_digest *is,
                        const struct sha256_digest *expected, struct error *err)
{
        char text[OCI_DIGEST_TEXT + 1];

        if (sha256_equal(is, expected))
                return 0;
        oci_digest_format(is, text);
        return error_set(err, EBADMSG, "the bytes of the %s have the digest %s, which is not what %s", what, text, who);
}

static void take_answer(struct registry_job *job, const struct registry_endpoint *e,
                        const struct http_response *response)
{
        job->ret.media_type = find_media_type(response);
        job->ret.origin = memory_strdup(e->config->host);
}

static int take_manifest(struct registry_job *job, const struct registry_endpoint *e, const char *what,
                         const struct http_response *response, struct error *err)
{
        struct sha256_digest said;
        bool found;

        sha256_of(response->body.data, response->body.size, &job->ret.digest);
        job->ret.size = response->body.size;
        if (find_digest(what, response, &found, &said, err) < 0 ||
            (job->ref.has_digest &&
             check_digest(what, "the reference says", &job->ret.digest, &job->ref.digest, err) < 0) ||
            (found && check_digest(what, "the registry says", &job->ret.digest, &said, err) < 0))
                return -1;
        take_answer(job, e, response);
        return 0;
}

static int get(struct registry_job *job, struct registry_endpoint *e, const struct subject *s,
               struct http_response *response, struct error *err)
{
        char *items[] = {accept_manifests, NULL};
        const struct strv headers = {.items = items, .count = 1};
        CLEANUP_URL struct oci_url url = OCI_URL_INIT;
        const struct registry_call call = {.method = "GET",
                                           .url = &url,
                                           .headers = &headers,
                                           .scopes = &s->scopes,
                                           .body_fd = -1,
                                           .limit = OCI_LIMIT_JSON_SIZE};

        if (registry_endpoint_url(e, &url, err, "/manifests/%s", s->name) < 0)
                return -1;
        if (registry_call(job, e, &call, response, err) < 0)
                return error_wrap(err, "cannot get the %s", s->what);
        if (response->status != 200)
                return registry_response_error(e, s->what, response, err);
        return take_manifest(job, e, s->what, response, err);
}

static int get_from(struct registry_job *job, struct registry_endpoint *e, struct error *err)
{
        CLEANUP_HTTP_RESPONSE struct http_response response = HTTP_RESPONSE_INIT;
        CLEANUP_SUBJECT struct subject s;

        subject_init(&s, job, e, "pull", false);
        if (get(job, e, &s, &response, err) < 0)
                return -1;
        if (fd_pwrite_all(job->body, buffer_text(&response.body), response.body.size, 0) < 0)
                return error_errno(err, errno, "cannot hand the %s over", s.what);
        return 0;
}

int registry_job_manifest_get(struct registry_job *job, struct error *err)
{
        return registry_job_each_endpoint(job, OCI_REGISTRIES_PULL, get_from, err);
}

/* A HEAD's answer says nothing that can be checked, but for what a digest reference must be. */
static int take_head(struct registry_job *job, const struct registry_endpoint *e, const char *what,
                     const struct http_response *response, bool *ret_enough, struct error *err)
{
        const char *length = strv_env_find(&response->headers, "content-length");

        if (find_digest(what, response, ret_enough, &job->ret.digest, err) < 0 ||
            (*ret_enough && job->ref.has_digest &&
             check_digest(what, "the reference says", &job->ret.digest, &job->ref.digest, err) < 0))
                return -1;
        job->ret.size = length ? strtoull(length, NULL, 10) : 0;
        *ret_enough = *ret_enough && job->ret.size > 0;
        if (*ret_enough)
                take_answer(job, e, response);
        return 0;
}

static int head_from(struct registry_job *job, struct registry_endpoint *e, struct error *err)
{
        CLEANUP_HTTP_RESPONSE struct http_response response = HTTP_RESPONSE_INIT;
        CLEANUP_URL struct oci_url url = OCI_URL_INIT;
        char *items[] = {accept_manifests, NULL};
        const struct strv headers = {.items = items, .count = 1};
        CLEANUP_SUBJECT struct subject s;
        const struct registry_call call = {
                .method = "HEAD", .url = &url, .headers = &headers, .scopes = &s.scopes, .body_fd = -1};
        bool enough = false;

        subject_init(&s, job, e, "pull", false);
        if (registry_endpoint_url(e, &url, err, "/manifests/%s", s.name) < 0)
                return -1;
        if (registry_call(job, e, &call, &response, err) < 0)
                return error_wrap(err, "cannot ask for the %s", s.what);
        if (response.status == 200 && take_head(job, e, s.what, &response, &enough, err) < 0)
                return -1;
        if (enough)
                return 0;
        if (response.status != 200 && response.status != 405)
                return registry_response_error(e, s.what, &response, err);
        log_print(&job->log, LOG_DEBUG, "%s: HEAD does not say what the %s is (status %u): getting it", e->config->host,
                  s.what, response.status);
        http_response_clear(&response);
        return get(job, e, &s, &response, err);
}

int registry_job_manifest_head(struct registry_job *job, struct error *err)
{
        return registry_job_each_endpoint(job, OCI_REGISTRIES_PULL, head_from, err);
}

/* --- putting ---------------------------------------------------------------------------- */

/*
 * Registries have no code for a tag that is never moved, but all of them have the word: "... because the repository is
 * immutable" (ECR), "The repository has enabled tag immutability" (Artifact Registry), "configured as immutable"
 * (Harbor).
 */
static bool is_immutable(const struct http_response *response)
{
        return response->status >= 400 && response->status < 500 && response->body.size > 0 &&
               memmem(response->body.data, response->body.size, "mmutab", strlen("mmutab")) != NULL;
}

static int put(struct registry_job *job, struct registry_endpoint *e, const struct buffer *bytes, struct error *err)
{
        CLEANUP_HTTP_RESPONSE struct http_response response = HTTP_RESPONSE_INIT;
        CLEANUP_FREE char *type = memory_printf("Content-Type: %s", job->media_type);
        CLEANUP_URL struct oci_url url = OCI_URL_INIT;
        char *items[] = {type, NULL};
        const struct strv headers = {.items = items, .count = 1};
        CLEANUP_SUBJECT struct subject s;
        const struct registry_call call = {.method = "PUT",
                                           .url = &url,
                                           .headers = &headers,
                                           .scopes = &s.scopes,
                                           .body = buffer_text(bytes),
                                           .body_size = bytes->size,
                                           .body_fd = -1,
                                           .limit = OCI_LIMIT_ERROR_BODY};
        struct sha256_digest said;
        bool found;

        subject_init(&s, job, e, "pull,push", true);
        if (registry_endpoint_url(e, &url, err, "/manifests/%s", s.name) < 0)
                return -1;
        if (registry_call(job, e, &call, &response, err) < 0)
                return error_wrap(err, "cannot put the %s", s.what);
        if (response.status != 201 && response.status != 200 && response.status != 202) {
                (void)registry_response_error(e, s.what, &response, err);
                if (is_immutable(&response))
                        err->code = EEXIST;
                return -1;
        }
        if (find_digest(s.what, &response, &found, &said, err) < 0)
                return -1;
        return found ? check_digest(s.what, "the registry says that it stored", &job->ret.digest, &said, err) : 0;
}

static int put_to(struct registry_job *job, struct registry_endpoint *e, struct error *err)
{
        CLEANUP_BUFFER struct buffer bytes = BUFFER_INIT;

        if (fd_pread_all(job->body, buffer_reserve(&bytes, job->size + 1), job->size, 0) < 0)
                return error_errno(err, errno, "cannot read the manifest");
        bytes.size = job->size;
        bytes.data[bytes.size] = '\0';
        sha256_of(bytes.data, bytes.size, &job->ret.digest);
        if (job->ref.has_digest &&
            check_digest("manifest", "the reference says", &job->ret.digest, &job->ref.digest, err) < 0)
                return -1;
        if (!job->ref.tag && !job->ref.has_digest) {
                job->ref.has_digest = true;
                job->ref.digest = job->ret.digest;
        }
        return put(job, e, &bytes, err);
}

int registry_job_manifest_put(struct registry_job *job, struct error *err)
{
        return registry_job_each_endpoint(job, OCI_REGISTRIES_PUSH, put_to, err);
}

/* --- tags ----------------------------------------------------------------------------------- */

/* The URL of the next page, from `Link: <...>; rel="next"` (RFC 8288); *ret_more is false at the end. */
static int find_next(const struct registry_endpoint *e, const struct http_response *response, struct oci_url *url,
                     bool *ret_more, struct error *err)
{
        const char *link = strv_env_find(&response->headers, "link");
        const char *end = link ? strchr(link, '>') : NULL;
        CLEANUP_FREE char *target = NULL;
        struct oci_url next;

        *ret_more = link && link[0] == '<' && end && strcasestr(end, "rel") && strcasestr(end, "next");
        if (!*ret_more)
                return 0;
        target = memory_strndup(link + 1, (size_t)(end - link) - 1);
        if (oci_url_resolve(url, target, &next, err) < 0)
                return error_wrap(err, "%s sends us to the next page of its tags", e->config->host);
        if (!oci_url_is_same_origin(&next, &e->origin) || next.user) {
                int result = error_set(err, EPERM, "%s sends us to %s for the next page of its tags: refused",
                                       e->config->host, next.host);

                oci_url_free(&next);
                return result;
        }
        oci_url_free(url);
        *url = next;
        return 0;
}

static int take_tags(const struct http_response *response, struct strv *tags, struct error *err)
{
        struct oci_json *document __attribute__((cleanup(oci_json_cleanup))) = NULL;
        CLEANUP_STRV struct strv page = STRV_INIT;
        const char *what = "the list of tags";

        if (oci_json_parse(what, response->body.data, response->body.size, &document, err) < 0)
                return -1;
        if (oci_json_kind(document) != OCI_JSON_OBJECT)
                return error_set(err, EPROTO, "%s is not an object", what);
        if (oci_json_get_strings(what, document, "tags", &page, err) < 0)
                return -1;
        for (size_t i = 0; i < page.count; i++) {
                CLEANUP_FREE char *quoted = oci_quote(page.items[i]);

                if (!oci_reference_tag_is_valid(page.items[i]))
                        return error_set(err, EPROTO, "%s has %s in it, which is no tag", what, quoted);
                if (tags->count >= OCI_LIMIT_TAGS)
                        return error_set(err, E2BIG, "%s is longer than %u", what, OCI_LIMIT_TAGS);
                strv_add(tags, page.items[i]);
        }
        return 0;
}

static int get_pages(struct registry_job *job, struct registry_endpoint *e, struct oci_url *url,
                     const struct subject *s, struct strv *tags, struct error *err)
{
        const struct registry_call call = {
                .method = "GET", .url = url, .scopes = &s->scopes, .body_fd = -1, .limit = OCI_LIMIT_JSON_SIZE};
        bool more = true;

        for (unsigned pages = 0; more; pages++) {
                CLEANUP_HTTP_RESPONSE struct http_response response = HTTP_RESPONSE_INIT;

                if (pages == OCI_LIMIT_TAG_PAGES)
                        return error_set(err, E2BIG, "%s has more than %u pages of tags", e->config->host,
                                         OCI_LIMIT_TAG_PAGES);
                if (registry_call(job, e, &call, &response, err) < 0)
                        return error_wrap(err, "cannot list the tags of %s", e->config->repository);
                if (response.status != 200)
                        return registry_response_error(e, "list of tags", &response, err);
                if (take_tags(&response, tags, err) < 0 || find_next(e, &response, url, &more, err) < 0)
                        return -1;
        }
        return 0;
}

static int tags_from(struct registry_job *job, struct registry_endpoint *e, struct error *err)
{
        CLEANUP_URL struct oci_url url = OCI_URL_INIT;
        CLEANUP_BUFFER struct buffer text = BUFFER_INIT;
        CLEANUP_STRV struct strv tags = STRV_INIT;
        CLEANUP_SUBJECT struct subject s;

        subject_init(&s, job, e, "pull", false);
        if (registry_endpoint_url(e, &url, err, "/tags/list") < 0 || get_pages(job, e, &url, &s, &tags, err) < 0)
                return -1;
        for (size_t i = 0; i < tags.count; i++)
                buffer_printf(&text, "%s\n", tags.items[i]);
        if (fd_pwrite_all(job->body, buffer_text(&text), text.size, 0) < 0)
                return error_errno(err, errno, "cannot hand the list of tags over");
        return 0;
}

int registry_job_tags(struct registry_job *job, struct error *err)
{
        return registry_job_each_endpoint(job, OCI_REGISTRIES_PULL, tags_from, err);
}

/* --- login --------------------------------------------------------------------------------- */

static int login_to(struct registry_job *job, struct registry_endpoint *e, struct error *err)
{
        CLEANUP_HTTP_RESPONSE struct http_response response = HTTP_RESPONSE_INIT;
        CLEANUP_FREE char *root = NULL;
        CLEANUP_FREE char *text = NULL;
        CLEANUP_URL struct oci_url url = OCI_URL_INIT;
        const struct strv scopes = STRV_INIT;
        const struct registry_call call = {
                .method = "GET", .url = &url, .scopes = &scopes, .body_fd = -1, .limit = OCI_LIMIT_ERROR_BODY};

        root = oci_url_format(&e->origin);
        text = memory_printf("%s/v2/", root);
        if (oci_url_parse(text, &url, err) < 0)
                return -1;
        if (registry_call(job, e, &call, &response, err) < 0)
                return error_wrap(err, "cannot log in to %s", e->config->host);
        if (response.status == 401 || response.status == 403)
                return error_set(err, EACCES, "%s does not accept the user and password", e->config->host);
        if (response.status != 200)
                return registry_response_error(e, "registry API", &response, err);
        return 0;
}

int registry_job_login(struct registry_job *job, struct error *err)
{
        return registry_job_each_endpoint(job, OCI_REGISTRIES_PUSH, login_to, err);
}
