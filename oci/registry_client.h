/* SPDX-License-Identifier: Apache-2.0 */
#ifndef BRYO_OCI_REGISTRY_CLIENT_H
#define BRYO_OCI_REGISTRY_CLIENT_H

#include <stdbool.h>
#include <stdint.h>
#include <time.h>

#include "common/error.h"
#include "common/log.h"
#include "common/sha256.h"
#include "common/strv.h"
#include "oci/auth.h"
#include "oci/credentials.h"
#include "oci/http.h"
#include "oci/reference.h"
#include "oci/registries.h"
#include "oci/registry.h"

/*
 * The registry client proper, in the registry child. Internal to this room.
 *
 *     registry_child.c     takes requests from the parent, answers them
 *     registry_client.c    what all requests share: pools of connections, tokens, slots of hosts
 *     registry_endpoint.c  one place that may have an image, ready to be asked
 *     registry_exchange.c  one request to an endpoint with authentication and redirects; retries
 *     registry_manifest.c  manifests, tags, login
 *     registry_blob.c      downloads
 *     registry_upload.c    uploads
 */
struct registry_client;

struct registry_client_options {
        char *authfile, *credentials, *cert_dir; /* owned; NULL */
        bool restricted;                         /* the credentials are for the registries of `names` alone */
        struct strv names;                       /* of images */
        enum oci_registry_tls tls;
        struct strv mirrors, insecure, authorities, clients;
        bool only_mirrors;
        unsigned retries, retry_delay_ms, stall_seconds;
};

void registry_client_options_clear(struct registry_client_options *o);

/* Takes the options over, also on failure. Loads libcurl. */
int registry_client_new(struct registry_client_options *options, struct registry_client **ret, struct error *err);
void registry_client_free(struct registry_client *c);
const struct registry_client_options *registry_client_options(const struct registry_client *c);
struct auth *registry_client_auth(const struct registry_client *c);
/* Lines about configuration and credentials that are read by this thread go to the job's log. NULL: nowhere. */
struct registry_job;
void registry_client_attach(struct registry_client *c, struct registry_job *job);
/* The configuration is read at the first use; what was wrong with it is the error of each request. Borrowed. */
int registry_client_ensure_files(struct registry_client *c, const struct oci_registries **ret_registries,
                                 struct oci_credentials **ret_credentials, struct error *err);
/*
 * The pool of connections for a user of a host (NULL: nobody), and another one for exchanges that must not reach this
 * machine: no connection is ever shared between two users, nor taken over by somebody who may not make it.
 */
int registry_client_ensure_http(struct registry_client *c, const struct oci_credential *credential, bool far,
                                struct http **ret, struct error *err);

/*
 * A file in memory with these authorities beside the usual ones; the same file for the same bytes, as libcurl lets exchanges share
 * a connection only if they name one file. *ret is the client's.
 */
int registry_client_ensure_authorities(struct registry_client *c, const struct buffer *authorities, const char **ret, struct error *err);

/*
 * Whether a HTTPS_OR_HTTP host is to be asked by http. One of loopback is probed at the first question
 * (oci/registry_probe.h); for others, and where a probe says nothing, https is tried until it failed.
 */
bool registry_client_is_plain(struct registry_client *c, const char *host);
/* https failed there. */
void registry_client_set_plain(struct registry_client *c, const char *host);
/* A mirror that gave wrong bytes for a blob is not asked for it again. */
bool registry_client_is_bad(struct registry_client *c, const char *host, const struct sha256_digest *digest);
void registry_client_set_bad(struct registry_client *c, const char *host, const struct sha256_digest *digest);

/* Waits for one of the slots of a host: 4 for blobs, and one more for what is small. ECANCELED when the job was given
 * up. */
int registry_client_take_slot(struct registry_client *c, const char *host, bool blob, int cancel, struct error *err);
void registry_client_give_slot(struct registry_client *c, const char *host, bool blob);

/* --- one request of the parent ---------------------------------------------------------- */

struct registry_job {
        struct registry_client *client;
        int answer;     /* the socket to the parent; its end-of-file gives the job up */
        int body;       /* the file */
        struct log log; /* sends LOG frames */
        unsigned operation;
        struct oci_reference ref; /* owned fields; domain and path are set but for expand */
        bool has_digest;          /* of a blob, or ref.digest */
        uint64_t size;
        struct strv from;
        char *text, *media_type, *user, *secret;
        /* the answer */
        struct {
                char *text, *media_type, *origin;
                struct sha256_digest digest;
                uint64_t size, result;
        } ret;
        uint64_t told;    /* bytes at the last PROGRESS */
        uint64_t told_ms; /* and when */
};

/* Tells the parent how far a blob is; now and then, and always when `now` is set. */
void registry_job_progress(struct registry_job *job, uint64_t done, uint64_t total, bool now);

int registry_job_manifest_get(struct registry_job *job, struct error *err);
int registry_job_manifest_head(struct registry_job *job, struct error *err);
int registry_job_manifest_put(struct registry_job *job, struct error *err);
int registry_job_tags(struct registry_job *job, struct error *err);
int registry_job_login(struct registry_job *job, struct error *err);
int registry_job_blob_get(struct registry_job *job, struct error *err);
int registry_job_blob_has(struct registry_job *job, struct error *err);
int registry_job_blob_put(struct registry_job *job, struct error *err);
int registry_job_blob_stream(struct registry_job *job, struct error *err);

/* --- one place that is asked ------------------------------------------------------------- */

struct registry_endpoint {
        const struct oci_registries_endpoint *config; /* borrowed */
        struct oci_url origin;                        /* scheme, host, port; path "" */
        struct oci_credential credential;
        struct http_trust trust;
        bool local; /* it is on this machine or its link, as far as is known */
};

int registry_endpoint_open(struct registry_job *job, const struct oci_registries_endpoint *config,
                           struct registry_endpoint *ret, struct error *err);
void registry_endpoint_close(struct registry_endpoint *e);
#define CLEANUP_ENDPOINT __attribute__((cleanup(registry_endpoint_close)))
/* "origin/v2/REPOSITORY" and the rest, of which printf makes the path and query; no character of it is to be encoded.
 */
int registry_endpoint_url(const struct registry_endpoint *e, struct oci_url *ret, struct error *err, const char *format,
                          ...) __attribute__((format(printf, 4, 5)));

/*
 * Calls `one` with each endpoint of the job's reference, mirrors first, until it succeeds. What a mirror cannot do is
 * said in the log; the error is that of the registry itself. A mirror's ECANCELED ends it, of course.
 */
int registry_job_each_endpoint(struct registry_job *job, enum oci_registries_purpose purpose,
                               int (*one)(struct registry_job *job, struct registry_endpoint *e, struct error *err),
                               struct error *err);

/* --- requests to it ------------------------------------------------------------------------ */

struct registry_call {
        const char *method;
        const struct oci_url *url; /* its credential is sent if this is of the endpoint's origin */
        const struct strv *headers;
        const struct strv *scopes;
        bool blob;        /* counts as one of the blobs of the host */
        const char *body; /* or, as in http_request, a piece of a file */
        int body_fd;
        uint64_t body_offset, body_size;
        bool growing; /* the file is still being written: until something can be read from the job's socket */
        void (*sent)(void *context, uint64_t size);
        void *sent_context;
        const struct http_sink *sink;
        size_t limit;
};

/* One attempt: authenticates where asked to, follows redirects. 0 means that there was an answer, whatever its status.
 */
int registry_call_once(struct registry_job *job, struct registry_endpoint *e, const struct registry_call *call,
                       struct http_response *ret, struct error *err);
/* The same with retries of what is transient; without a sink or with one that may begin again. */
int registry_call(struct registry_job *job, struct registry_endpoint *e, const struct registry_call *call,
                  struct http_response *ret, struct error *err);

/* How often something was tried again. All zero at first. */
struct registry_retry {
        unsigned count;
};

/*
 * After an attempt: `response` is NULL if it failed, with `err` set. True: it was transient, it was said in the log,
 * and the time to wait is over; err is empty again. False: there is nothing to try again; a failed `err` stays as it
 * is.
 */
bool registry_retry_again(struct registry_job *job, const struct registry_endpoint *e, struct registry_retry *retry,
                          const struct http_response *response, struct error *err);
bool registry_status_is_transient(unsigned status);
/* Seconds to wait by a Retry-After header (a number or a date), at most OCI_LIMIT_RETRY_AFTER; -1 if it says nothing.
 */
long registry_retry_after(const char *value, time_t now);

/*
 * The URL of an answer's Location, under the rules of redirects: http or https, never from https to http, no user, not
 * this machine unless the endpoint is on it. EPROTO, EPERM.
 */
int registry_location(const struct registry_endpoint *e, const struct registry_call *call, const struct oci_url *from,
                      const struct http_response *response, struct oci_url *ret, struct error *err);

/*
 * The error for an answer that is none of those wanted, with the registry's own words: ENOENT for 404, EACCES for 401
 * and 403, EAGAIN for what is transient, EPROTO for all else. `what` is what was asked: "the manifest latest of a/b".
 */
int registry_response_error(const struct registry_endpoint *e, const char *what, const struct http_response *response,
                            struct error *err);

#endif
