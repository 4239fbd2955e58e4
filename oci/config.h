/* SPDX-License-Identifier: Apache-2.0 */
#ifndef BRYO_OCI_CONFIG_H
#define BRYO_OCI_CONFIG_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "common/buffer.h"
#include "common/error.h"
#include "common/sha256.h"
#include "common/strv.h"
#include "oci/labels.h"

/*
 * An image's config (OCI image-spec config.md, with Docker's additions). A plain
 * value: the builder edits the fields. What a base carries and bryo does not
 * know is kept in `extra` and written back.
 *
 * Strings are heap strings or NULL (absent). Order of output, pinned by tests:
 * created, author, architecture, os, os.version, os.features, variant, config,
 * rootfs, history, then the unknown members sorted by name; inside `config` the
 * order of the struct below, then its unknown members sorted.
 */

/* A list that may be absent, which is not the same as empty: CMD [] clears a base's command, no CMD keeps it. */
struct oci_argv {
        bool set; /* false: the member is absent (or was null) */
        struct strv items;
};

/* HEALTHCHECK; times in nanoseconds, 0 = inherit. */
struct oci_healthcheck {
        struct strv test; /* {"NONE"}, {"CMD", ...} or {"CMD-SHELL", text}; empty = inherit */
        int64_t interval;
        int64_t timeout;
        int64_t start_period;
        int64_t start_interval;
        int64_t retries;
};

struct oci_history {
        char *created; /* RFC 3339 */
        char *created_by;
        char *author;
        char *comment;
        bool empty_layer;
};

/* The "config" member: what a container starts with. */
struct oci_run_config {
        char *user;
        struct strv exposed_ports; /* "80/tcp"; written sorted, as the keys of a set */
        struct strv env;           /* NAME=VALUE in order */
        struct oci_argv entrypoint;
        struct oci_argv cmd;
        struct strv volumes; /* paths; written sorted, as the keys of a set */
        char *working_dir;
        struct oci_labels labels;
        char *stop_signal;
        bool args_escaped;
        struct oci_healthcheck *healthcheck; /* owned; NULL when absent */
        struct strv on_build;
        struct oci_argv shell;
        struct oci_labels extra; /* name -> JSON text of each unknown member */
};

struct oci_config {
        char *created; /* RFC 3339 */
        char *author;
        char *architecture; /* GOARCH: "amd64" */
        char *os;           /* GOOS: "linux" */
        char *os_version;
        struct strv os_features;
        char *variant; /* "v7", "v8" */
        struct oci_run_config config;
        struct sha256_digest *diff_ids; /* rootfs.diff_ids, lowest first */
        size_t diff_id_count;
        size_t diff_id_cap;
        struct oci_history *history;
        size_t history_count;
        size_t history_cap;
        struct oci_labels extra; /* name -> JSON text of each unknown top-level member */
};

/* An empty config: os "linux", architecture of this machine. The caller frees it. */
struct oci_config *oci_config_new(void);
/* A deep copy, to edit apart from the original. */
struct oci_config *oci_config_copy(const struct oci_config *c);
void oci_config_free(struct oci_config *c);
void oci_config_cleanup(struct oci_config **c);
#define CLEANUP_CONFIG __attribute__((cleanup(oci_config_cleanup)))

/*
 * Reads a config of OCI or Docker kind. Unknown members are kept, known members
 * of a wrong kind, malformed digests, rootfs.type other than "layers", more than
 * OCI_LIMIT_LAYERS diff IDs, and Env entries that are not NAME=VALUE are EINVAL.
 * `what` names the config in messages.
 */
int oci_config_parse(const char *what, const void *bytes, size_t size, struct oci_config **ret, struct error *err);
/* Appends the config's exact bytes; their SHA-256 is the image ID. */
void oci_config_format(const struct oci_config *c, struct buffer *ret);

/* Appends one layer (a diff ID). */
void oci_config_add_layer(struct oci_config *c, const struct sha256_digest *diff_id);
/* Appends a history entry with copies of the texts (each may be NULL). */
void oci_config_add_history(struct oci_config *c, const struct oci_history *h);
/* Replaces a list and marks it set; NULL `items` makes it absent. */
void oci_argv_assign(struct oci_argv *a, const struct strv *items);

/* This machine as Go names it: "amd64", "arm64", ... Static text. */
const char *oci_config_host_architecture(void);
/* "v7" and the like for 32-bit arm, "v8" never (arm64 is written without), else "". */
const char *oci_config_host_variant(void);

#endif
