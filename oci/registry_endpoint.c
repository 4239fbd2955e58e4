/* SPDX-License-Identifier: Apache-2.0 */
/* One place that may have an image: where it is, whom it trusts, who we are there. */
#include "oci/registry_client.h"

#include <errno.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include "common/memory.h"
#include "oci/fetch_local.h"

static bool is_plain(const struct registry_job *job, const struct oci_registries_endpoint *config)
{
        return config->scheme == OCI_REGISTRIES_HTTP ||
               (config->scheme == OCI_REGISTRIES_HTTPS_OR_HTTP && registry_client_is_plain(job->client, config->host));
}

static int find_credential(struct registry_job *job, struct registry_endpoint *e, struct error *err)
{
        const struct oci_registries *registries;
        struct oci_credentials *credentials;

        if (job->user) { /* a login: what is stored is not asked */
                bool token = strcmp(job->user, "<token>") == 0;

                *(token ? &e->credential.identity_token : &e->credential.secret) = memory_strdup(job->secret);
                e->credential.user = token ? NULL : memory_strdup(job->user);
                return 0;
        }
        if (registry_client_ensure_files(job->client, &registries, &credentials, err) < 0)
                return -1;
        return oci_credentials_find(credentials, e->config->account, e->config->repository,
                                    e->config->mirror ? NULL : job->ref.domain, &e->credential, err);
}

int registry_endpoint_open(struct registry_job *job, const struct oci_registries_endpoint *config,
                           struct registry_endpoint *ret, struct error *err)
{
        CLEANUP_FREE char *origin = memory_printf("%s://%s", is_plain(job, config) ? "http" : "https", config->host);

        *ret = (struct registry_endpoint){.config = config};
        if (oci_url_parse(origin, &ret->origin, err) < 0 || find_credential(job, ret, err) < 0 ||
            (config->ca.size > 0 &&
             registry_client_ensure_authorities(job->client, &config->ca, &ret->trust.authorities, err) < 0)) {
                registry_endpoint_close(ret);
                return -1;
        }
        ret->trust.insecure = !config->verify;
        ret->trust.client_certificate = config->client_certificate;
        ret->trust.client_key = config->client_key;
        ret->local = fetch_local_is_host(ret->origin.host);
        return 0;
}

void registry_endpoint_close(struct registry_endpoint *e)
{
        oci_url_free(&e->origin);
        oci_credential_free(&e->credential);
}

int registry_endpoint_url(const struct registry_endpoint *e, struct oci_url *ret, struct error *err, const char *format,
                          ...)
{
        CLEANUP_FREE char *origin = oci_url_format(&e->origin);
        CLEANUP_BUFFER struct buffer text = BUFFER_INIT;
        char *rest = NULL;
        va_list args;
        int rc;

        va_start(args, format);
        rc = vasprintf(&rest, format, args);
        va_end(args);
        if (rc < 0)
                abort(); /* no memory: as common/memory.h */
        buffer_printf(&text, "%s/v2/%s%s", origin, e->config->repository, rest);
        free(rest);
        return oci_url_parse(text.data, ret, err);
}

/* https did not work where http may be tried: the host is asked by http from now on. */
static bool may_be_plain(struct registry_job *job, const struct registry_endpoint *e, struct error *err)
{
        if (e->config->scheme != OCI_REGISTRIES_HTTPS_OR_HTTP || strcmp(e->origin.scheme, "https") != 0 ||
            (err->code != EPROTONOSUPPORT && err->code != ECONNREFUSED))
                return false;
        log_print(&job->log, e->local ? LOG_DEBUG : LOG_WARNING, "%s %s: asking it by plain http", e->config->host,
                  err->code == EPROTONOSUPPORT ? "speaks no TLS" : "does not listen for TLS");
        registry_client_set_plain(job->client, e->config->host);
        error_clear(err);
        return true;
}

static int try_endpoint(struct registry_job *job, const struct oci_registries_endpoint *config,
                        int (*one)(struct registry_job *job, struct registry_endpoint *e, struct error *err),
                        struct error *err)
{
        bool again;

        do {
                CLEANUP_ENDPOINT struct registry_endpoint e = {.config = config};

                if (registry_endpoint_open(job, config, &e, err) < 0)
                        return -1;
                if (one(job, &e, err) == 0)
                        return 0;
                again = may_be_plain(job, &e, err);
        } while (again);
        return -1;
}

int registry_job_each_endpoint(struct registry_job *job, enum oci_registries_purpose purpose,
                               int (*one)(struct registry_job *job, struct registry_endpoint *e, struct error *err),
                               struct error *err)
{
        CLEANUP_ENDPOINTS struct oci_registries_endpoints endpoints = OCI_REGISTRIES_ENDPOINTS_INIT;
        const struct oci_registries *registries;
        struct oci_credentials *credentials;

        if (registry_client_ensure_files(job->client, &registries, &credentials, err) < 0 ||
            oci_registries_resolve(registries, &job->ref, purpose, &endpoints, err) < 0)
                return -1;
        for (size_t i = 0; i < endpoints.count; i++) {
                const struct oci_registries_endpoint *config = &endpoints.items[i];

                if (config->mirror && job->has_digest &&
                    registry_client_is_bad(job->client, config->host, &job->ref.digest))
                        continue;
                if (try_endpoint(job, config, one, err) == 0)
                        return 0;
                if (!config->mirror || err->code == ECANCELED || i + 1 == endpoints.count)
                        return -1;
                if (err->code == EBADMSG && job->has_digest)
                        registry_client_set_bad(job->client, config->host, &job->ref.digest);
                log_print(&job->log, LOG_WARNING, "mirror %s: %s; asking the next one", config->host, err->message);
                error_clear(err);
        }
        return error_set(err, ENOENT, "%s: there is no registry to ask", job->ref.domain);
}
