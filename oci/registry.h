/* SPDX-License-Identifier: Apache-2.0 */
#ifndef BRYO_OCI_REGISTRY_H
#define BRYO_OCI_REGISTRY_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "common/buffer.h"
#include "common/error.h"
#include "common/log.h"
#include "common/sha256.h"
#include "common/strv.h"
#include "oci/manifest.h"
#include "oci/reference.h"

/*
 * Registries (OCI distribution-spec), talked to by a process of its own: `bryo registry-child`, a hidden verb that is
 * started at the first request. It alone reads credentials and the configuration of registries, asks credential
 * helpers, fetches tokens and opens connections; it writes bodies into the descriptors that it is handed, and checks
 * their digests. The caller sees neither credential nor token. Requests may be made from any thread, and many run at
 * once: at most 4 blobs at a time for each host, and one manifest more; others wait.
 *
 * What holds for every request (doc/registry.md): credentials and tokens go to the origin they were asked for by and to
 * no other; https never becomes http; transient failures are tried again, each time with a line in the log; what a
 * server says is bounded by oci/limits.h.
 */
struct oci_registry;

/* The verb that main must map to oci_registry_child_main (oci/registry_child.h). */
#define OCI_REGISTRY_VERB "registry-child"

enum oci_registry_tls {
        OCI_REGISTRY_TLS_DEFAULT, /* https, except where the configuration says otherwise; plain http on loopback */
        OCI_REGISTRY_TLS_ON,      /* --tls-verify: https everywhere */
        OCI_REGISTRY_TLS_OFF, /* --tls-verify=false: certificates are not checked, and what answers no https is asked by
                                 http */
};

/* All texts are copied. */
struct oci_registry_options {
        const struct log *log;      /* retries, mirrors and fallbacks are said here; may be NULL */
        const char *authfile;       /* --authfile; NULL: the usual places (oci/credentials.h) */
        const char *credentials;    /* --creds USER[:PASSWORD]; NULL */
        const struct strv *names;   /* of images: --creds is for their registries alone; NULL: for whichever is asked */
        const char *cert_dir;       /* --cert-dir; NULL: the host's directory below certs.d */
        enum oci_registry_tls tls;  /* --tls-verify */
        const struct strv *mirrors; /* [REGISTRY[/PATH]=]HOST[/PREFIX], asked before configured ones; may be NULL */
        bool only_mirrors;          /* what has such a mirror is not asked for at its registry */
        const struct strv *authorities; /* HOST=FILE: certificates that are trusted there, too; may be NULL */
        const struct strv *clients;  /* HOST=CERTIFICATE,KEY: files for TLS client authentication there; may be NULL */
        const struct strv *insecure; /* hosts that may be asked by http or with any certificate; may be NULL */
        unsigned retries;            /* of one request; 0: 5 */
        unsigned stall_seconds;      /* a transfer slower than 64 bytes a second for so long is given up; 0: 60 */
        unsigned retry_delay_ms;     /* before the first; doubled each time up to 8 s, with jitter; 0: 1000 */
};

/* Starts nothing yet. Never fails. */
struct oci_registry *oci_registry_new(const struct oci_registry_options *options);
/*
 * Starts the child ahead of a request that is sure to come: what it loads takes some ten milliseconds, and here is
 * something else to do meanwhile. If it cannot be started, the request says so.
 */
void oci_registry_start(struct oci_registry *r);
/* One more name whose registry --creds is for, if there were `names`. Before the child starts. */
void oci_registry_add_name(struct oci_registry *r, const char *name);
/* Ends the child, if there is one, and waits for it. No request may be under way. NULL is fine. */
void oci_registry_free(struct oci_registry *r);

/*
 * Appends the full reference that a text of the user means: an alias of registries.conf for a short name; else as
 * oci_reference_parse. EINVAL: it is no reference.
 */
int oci_registry_expand(struct oci_registry *r, const char *text, struct strv *ret, struct error *err);

struct oci_registry_manifest {
        char *media_type; /* Content-Type without parameters; "" when there was none */
        struct sha256_digest digest;
        uint64_t size;
        struct buffer bytes; /* empty after head */
        char *origin;        /* the host it came from: the registry or one of its mirrors */
};

#define OCI_REGISTRY_MANIFEST_INIT                                                                                     \
        {                                                                                                              \
                .media_type = NULL                                                                                     \
        }
void oci_registry_manifest_clear(struct oci_registry_manifest *m);
#define CLEANUP_REGISTRY_MANIFEST __attribute__((cleanup(oci_registry_manifest_clear)))

/*
 * `ref` has a tag or a digest; the digest wins. ENOENT: it is not there, or nobody may know. EACCES: denied. The digest
 * is that of the bytes, and checked against the reference's and what the server says (EBADMSG). At most
 * OCI_LIMIT_JSON_SIZE bytes. `ret` is to be empty, and is cleared by the caller also after a failure.
 */
int oci_registry_manifest_get(struct oci_registry *r, const struct oci_reference *ref,
                              struct oci_registry_manifest *ret, struct error *err);
/* The same without the bytes (they are fetched and dropped where a server cannot answer HEAD). Does not count for rate
 * limits. */
int oci_registry_manifest_head(struct oci_registry *r, const struct oci_reference *ref,
                               struct oci_registry_manifest *ret, struct error *err);
/* Under the reference's tag; by digest alone when it has none. Its digest, if it has one, must be that of the bytes.
 * EEXIST: the registry says that it never moves this tag. */
int oci_registry_manifest_put(struct oci_registry *r, const struct oci_reference *ref, const char *media_type,
                              const void *bytes, size_t size, struct error *err);

/* Called from the thread of the request. False gives it up (ECANCELED). */
struct oci_registry_progress {
        bool (*function)(void *context, uint64_t done, uint64_t total);
        void *context;
};

/*
 * Appends the blob to `fd`, which must be open for reading and writing, from the file's size on: a download that was
 * cut goes on there, also in a later call. Checks size and digest; EBADMSG: the bytes are not what the descriptor says,
 * and the file was truncated to nothing: one may ask again once, since what came from a mirror or was there before
 * comes from the registry then. After any other failure the file has the first bytes of the blob. progress(done)
 * promises that `done` bytes lie in the file, not yet that they are right: whoever indexes while it downloads reads up
 * to there. `progress` may be NULL. Nothing is fetched from `urls` of the descriptor. ENOENT: not there.
 */
int oci_registry_blob_get(struct oci_registry *r, const struct oci_reference *repository,
                          const struct oci_descriptor *d, int fd, const struct oci_registry_progress *progress,
                          struct error *err);
int oci_registry_blob_has(struct oci_registry *r, const struct oci_reference *repository,
                          const struct oci_descriptor *d, bool *ret, struct error *err);

enum oci_registry_pushed {
        OCI_REGISTRY_UPLOADED,
        OCI_REGISTRY_MOUNTED, /* from another repository of the same registry */
        OCI_REGISTRY_THERE,   /* before we came */
};
/*
 * HEAD, then a mount from one of `from` (paths of repositories of the same registry, likeliest first; may be NULL),
 * then an upload from `fd`, bytes 0 to size. What was cut goes on where the registry says it is. With `fd` -1 nothing is uploaded:
 * ENOENT when the blob is neither there nor to be mounted.
 */
int oci_registry_blob_put(struct oci_registry *r, const struct oci_reference *repository,
                          const struct oci_descriptor *d, int fd, const struct strv *from,
                          const struct oci_registry_progress *progress, enum oci_registry_pushed *ret,
                          struct error *err);

/*
 * An upload that begins before its blob is whole: the bytes are sent as they come into `fd`, and nobody asks whether the
 * registry has the blob already. Begin returns at once; whatever goes wrong is told by wait, and is no reason not to
 * try oci_registry_blob_put. Calls for one upload come one at a time.
 */
struct oci_registry_upload;
int oci_registry_upload_begin(struct oci_registry *r, const struct oci_reference *repository, int fd,
                              struct oci_registry_upload **ret, struct error *err);
/* The file is whole, and nothing will change in it; once. */
void oci_registry_upload_whole(struct oci_registry_upload *u, const struct oci_descriptor *d);
/* Bytes that were sent so far, as far as is known without waiting. */
uint64_t oci_registry_upload_sent(struct oci_registry_upload *u);
/* Waits for its end, after it was told that the file is whole; once. */
int oci_registry_upload_wait(struct oci_registry_upload *u, const struct oci_registry_progress *progress, struct error *err);
/* Gives it up unless it has ended. NULL is fine. */
void oci_registry_upload_free(struct oci_registry_upload *u);

/* Appends the tags of a repository, in the registry's order, at most OCI_LIMIT_TAGS. */
int oci_registry_tags(struct oci_registry *r, const struct oci_reference *repository, struct strv *ret,
                      struct error *err);

/*
 * GET /v2/ of a host with these; 0 when it accepted them, EACCES when not. `secret` is a password, or an identity token
 * for the user "<token>". What is stored about the host is not looked at, and nothing is stored.
 */
int oci_registry_login(struct oci_registry *r, const char *host, const char *user, const char *secret,
                       struct error *err);

#endif
