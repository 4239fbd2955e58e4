/* SPDX-License-Identifier: Apache-2.0 */
/* What all requests of a registry child share. */
#include "oci/registry_client.h"

#include <errno.h>
#include <poll.h>
#include <pthread.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "common/map.h"
#include "common/memory.h"
#include "oci/limits.h"
#include "oci/registry_authorities.h"
#include "oci/registry_probe.h"

#define DEFAULT_RETRIES  5u
#define DEFAULT_DELAY_MS 1000u
#define DEFAULT_STALL    60u
/* How long somebody who waits for a slot may not notice that nobody wants it any more. */
#define WAIT_MS 500

struct pool {
        char *key; /* user, and whether it may reach this machine */
        struct http *http;
};

struct slots {
        unsigned blobs, small;
};

struct registry_client {
        struct registry_client_options options;
        pthread_mutex_t probing; /* guards `probed`; taken before `lock` */
        struct strv probed;      /* hosts */
        struct fetch_curl curl;
        struct auth *auth;
        struct log log;       /* of the files: to the job of the thread that reads them */
        pthread_key_t job;    /* of this thread: struct registry_job */
        pthread_mutex_t saying; /* guards `said`; taken last */
        struct strv said;       /* lines of `log` */
        pthread_mutex_t lock; /* guards all below */
        pthread_cond_t freed; /* a slot */
        struct pool *pools;
        size_t pool_count, pool_cap;
        struct map *slots; /* host -> struct slots */
        struct map *authorities; /* oci/registry_authorities.h */
        struct strv plain; /* hosts */
        struct strv bad;   /* "host digest" */
        struct oci_registries *registries;
        struct oci_credentials *credentials;
};

void registry_client_options_clear(struct registry_client_options *o)
{
        free(o->authfile);
        free(o->cert_dir);
        if (o->credentials)
                explicit_bzero(o->credentials, strlen(o->credentials));
        free(o->credentials);
        strv_free(&o->names);
        strv_free(&o->mirrors);
        strv_free(&o->insecure);
        strv_free(&o->authorities);
        strv_free(&o->clients);
        *o = (struct registry_client_options){.authfile = NULL};
}

/* What the configuration says it says to every request; users want to read it once. */
static void write_log(void *context, enum log_level level, const char *line)
{
        struct registry_client *c = context;
        const struct registry_job *job = pthread_getspecific(c->job);
        bool is_new;

        if (!job)
                return;
        pthread_mutex_lock(&c->saying);
        is_new = !strv_has(&c->said, line);
        if (is_new)
                strv_add(&c->said, line);
        pthread_mutex_unlock(&c->saying);
        if (is_new)
                log_print(&job->log, level, "%s", line);
}

void registry_client_attach(struct registry_client *c, struct registry_job *job)
{
        (void)pthread_setspecific(c->job, job); /* fails without memory only: then lines are lost */
}

int registry_client_new(struct registry_client_options *options, struct registry_client **ret, struct error *err)
{
        struct registry_client *c = memory_zalloc(1, sizeof(*c));
        int rc = pthread_key_create(&c->job, NULL);

        if (rc != 0) {
                free(c);
                registry_client_options_clear(options);
                return error_errno(err, rc, "cannot set the registry process up");
        }
        c->log = (struct log){write_log, c};
        c->options = *options;
        *options = (struct registry_client_options){.authfile = NULL};
        if (c->options.retries == 0)
                c->options.retries = DEFAULT_RETRIES;
        if (c->options.retry_delay_ms == 0)
                c->options.retry_delay_ms = DEFAULT_DELAY_MS;
        if (c->options.stall_seconds == 0)
                c->options.stall_seconds = DEFAULT_STALL;
        c->auth = auth_new();
        c->slots = map_new(free);
        c->authorities = registry_authorities_new();
        pthread_mutex_init(&c->saying, NULL);
        pthread_mutex_init(&c->probing, NULL);
        pthread_mutex_init(&c->lock, NULL);
        pthread_cond_init(&c->freed, NULL);
        *ret = c;
        if (fetch_curl_load(&c->curl, err) == 0)
                return 0;
        registry_client_free(c);
        *ret = NULL;
        return -1;
}

void registry_client_free(struct registry_client *c)
{
        if (!c)
                return;
        for (size_t i = 0; i < c->pool_count; i++) {
                http_free(c->pools[i].http);
                explicit_bzero(c->pools[i].key, strlen(c->pools[i].key));
                free(c->pools[i].key);
        }
        free(c->pools);
        map_free(c->slots);
        map_free(c->authorities);
        strv_free(&c->said);
        strv_free(&c->probed);
        strv_free(&c->plain);
        strv_free(&c->bad);
        auth_free(c->auth);
        oci_registries_free(c->registries);
        oci_credentials_free(c->credentials);
        registry_client_options_clear(&c->options);
        (void)pthread_key_delete(c->job);
        pthread_cond_destroy(&c->freed);
        pthread_mutex_destroy(&c->saying);
        pthread_mutex_destroy(&c->probing);
        pthread_mutex_destroy(&c->lock);
        free(c);
}

int registry_client_ensure_authorities(struct registry_client *c, const struct buffer *authorities, const char **ret, struct error *err)
{
        int result;

        pthread_mutex_lock(&c->lock);
        result = registry_authorities_ensure(c->authorities, authorities, ret, err);
        pthread_mutex_unlock(&c->lock);
        return result;
}

const struct registry_client_options *registry_client_options(const struct registry_client *c)
{
        return &c->options;
}

struct auth *registry_client_auth(const struct registry_client *c)
{
        return c->auth;
}

/* --- files ------------------------------------------------------------------------- */

/* The registries that --creds is for. A name that is none is an error of whoever asks for that image. */
static void find_registries(const struct registry_client *c, struct strv *ret)
{
        for (size_t i = 0; i < c->options.names.count; i++) {
                CLEANUP_REFERENCE struct oci_reference *ref = NULL;
                CLEANUP_ERROR struct error ignored = ERROR_INIT;

                if (oci_registries_expand(c->registries, c->options.names.items[i], &ref, &ignored) == 0)
                        strv_add(ret, ref->domain);
        }
}

static int load_credentials(struct registry_client *c, struct error *err)
{
        CLEANUP_STRV struct strv registries = STRV_INIT;
        const struct oci_credentials_options options = {.log = &c->log,
                                                        .authfile = c->options.authfile,
                                                        .credentials = c->options.credentials,
                                                        .registries = c->options.restricted ? &registries : NULL};

        if (c->options.credentials)
                find_registries(c, &registries);
        return oci_credentials_new(&options, &c->credentials, err);
}

/* `lock` is held. */
static int load_files(struct registry_client *c, struct error *err)
{
        const struct registry_client_options *o = &c->options;
        const struct oci_registries_options registries = {.log = &c->log,
                                                          .cert_dir = o->cert_dir,
                                                          .tls = o->tls == OCI_REGISTRY_TLS_ON ? OCI_REGISTRIES_TLS_ON
                                                                 : o->tls == OCI_REGISTRY_TLS_OFF
                                                                         ? OCI_REGISTRIES_TLS_OFF
                                                                         : OCI_REGISTRIES_TLS_DEFAULT,
                                                          .mirrors = &o->mirrors,
                                                          .only_mirrors = o->only_mirrors,
                                                          .authorities = &o->authorities,
                                                          .clients = &o->clients,
                                                          .insecure = &o->insecure};

        if (!c->registries && oci_registries_load(&registries, &c->registries, err) < 0)
                return -1;
        return !c->credentials ? load_credentials(c, err) : 0;
}

int registry_client_ensure_files(struct registry_client *c, const struct oci_registries **ret_registries,
                                 struct oci_credentials **ret_credentials, struct error *err)
{
        int result;

        pthread_mutex_lock(&c->lock);
        result = load_files(c, err);
        *ret_registries = c->registries;
        *ret_credentials = c->credentials;
        pthread_mutex_unlock(&c->lock);
        return result;
}

/* --- connections ---------------------------------------------------------------------- */

static const char *or_nothing(const char *text)
{
        return text ? text : "";
}

int registry_client_ensure_http(struct registry_client *c, const struct oci_credential *credential, bool far,
                                struct http **ret, struct error *err)
{
        static const struct oci_credential nobody = OCI_CREDENTIAL_INIT;
        const struct oci_credential *who = credential ? credential : &nobody;
        CLEANUP_FREE char *key = memory_printf("%s\n%s\n%s\n%s\n%d", or_nothing(who->user), or_nothing(who->secret),
                                               or_nothing(who->identity_token), or_nothing(who->registry_token), far);
        struct http *http = NULL;
        int result = 0;

        pthread_mutex_lock(&c->lock);
        for (size_t i = 0; i < c->pool_count && !http; i++)
                if (strcmp(c->pools[i].key, key) == 0)
                        http = c->pools[i].http;
        if (!http && (result = http_new(&c->curl, &http, err)) == 0) {
                memory_grow(&c->pools, &c->pool_cap, c->pool_count + 1, sizeof(struct pool));
                c->pools[c->pool_count++] = (struct pool){STEAL(key), http};
        }
        pthread_mutex_unlock(&c->lock);
        *ret = http;
        return result;
}

/* --- what is known about hosts ------------------------------------------------------------ */

/* Those who ask meanwhile wait for the answer: it is faster than finding out otherwise. */
static void ensure_probed(struct registry_client *c, const char *host)
{
        pthread_mutex_lock(&c->probing);
        if (!strv_has(&c->probed, host)) {
                strv_add(&c->probed, host);
                if (registry_probe_is_plain(host))
                        registry_client_set_plain(c, host);
        }
        pthread_mutex_unlock(&c->probing);
}

bool registry_client_is_plain(struct registry_client *c, const char *host)
{
        bool plain;

        ensure_probed(c, host);
        pthread_mutex_lock(&c->lock);
        plain = strv_has(&c->plain, host);
        pthread_mutex_unlock(&c->lock);
        return plain;
}

void registry_client_set_plain(struct registry_client *c, const char *host)
{
        pthread_mutex_lock(&c->lock);
        if (!strv_has(&c->plain, host))
                strv_add(&c->plain, host);
        pthread_mutex_unlock(&c->lock);
}

static char *make_bad(const char *host, const struct sha256_digest *digest)
{
        char hex[SHA256_HEX_SIZE + 1];

        sha256_to_hex(digest, hex);
        return memory_printf("%s %s", host, hex);
}

bool registry_client_is_bad(struct registry_client *c, const char *host, const struct sha256_digest *digest)
{
        CLEANUP_FREE char *key = make_bad(host, digest);
        bool bad;

        pthread_mutex_lock(&c->lock);
        bad = strv_has(&c->bad, key);
        pthread_mutex_unlock(&c->lock);
        return bad;
}

void registry_client_set_bad(struct registry_client *c, const char *host, const struct sha256_digest *digest)
{
        CLEANUP_FREE char *key = make_bad(host, digest);

        pthread_mutex_lock(&c->lock);
        if (!strv_has(&c->bad, key))
                strv_add(&c->bad, key);
        pthread_mutex_unlock(&c->lock);
}

/* --- slots ------------------------------------------------------------------------------- */

/* `lock` is held. */
static struct slots *ensure_slots(struct registry_client *c, const char *host)
{
        struct slots *s = map_find(c->slots, host, strlen(host));

        if (!s) {
                s = memory_zalloc(1, sizeof(*s));
                map_set(c->slots, host, strlen(host), s);
        }
        return s;
}

static bool is_free(const struct slots *s, bool blob)
{
        return s->blobs + s->small < OCI_LIMIT_HOST_BLOBS + 1 && (!blob || s->blobs < OCI_LIMIT_HOST_BLOBS);
}

static bool is_cancelled(int cancel)
{
        struct pollfd fd = {.fd = cancel, .events = 0}; /* its end-of-file is always told */

        return poll(&fd, 1, 0) > 0;
}

int registry_client_take_slot(struct registry_client *c, const char *host, bool blob, int cancel, struct error *err)
{
        struct slots *s;
        int result = 0;

        pthread_mutex_lock(&c->lock);
        s = ensure_slots(c, host);
        while (!is_free(s, blob) && result == 0) {
                struct timespec until;

                clock_gettime(CLOCK_REALTIME, &until);
                until.tv_nsec += WAIT_MS * 1000000L;
                until.tv_sec += until.tv_nsec / 1000000000L;
                until.tv_nsec %= 1000000000L;
                (void)pthread_cond_timedwait(&c->freed, &c->lock, &until);
                if (is_cancelled(cancel))
                        result = error_set(err, ECANCELED, "given up");
        }
        if (result == 0)
                (*(blob ? &s->blobs : &s->small))++;
        pthread_mutex_unlock(&c->lock);
        return result;
}

void registry_client_give_slot(struct registry_client *c, const char *host, bool blob)
{
        struct slots *s;

        pthread_mutex_lock(&c->lock);
        s = ensure_slots(c, host);
        (*(blob ? &s->blobs : &s->small))--;
        pthread_cond_broadcast(&c->freed);
        pthread_mutex_unlock(&c->lock);
}
