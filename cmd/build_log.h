/* SPDX-License-Identifier: Apache-2.0 */
#ifndef BRYO_CMD_BUILD_LOG_H
#define BRYO_CMD_BUILD_LOG_H

#include <stdbool.h>
#include <stdint.h>

#include "cmd/progress_sink.h"
#include "common/error.h"
#include "oci/store.h"

/*
 * What builds said, kept in the store (OCI_STORE_BUILDS) as lines of events
 * (event_json.h). The first and the last line are of their own kind:
 *
 *     {"build":{"id":"...","name":"app:1","started":"..."}}
 *     {"build":{"id":"...","completed":"...","status":"completed"}}
 *
 * A build that executes nothing keeps nothing: it has nothing to say, and must
 * not write. The file appears with the first step that is executed or fails,
 * each event is in it at once, without a sync, and a build that was killed
 * lacks only the last line. The newest hundred are kept, and 256 MiB of them; of one at most 64 MiB.
 */

/* Letters and digits of a build's ID. */
#define CMD_BUILD_ID 25

/* A new ID: as buildx makes them, the last part of buildx.build.ref. */
int cmd_build_id_make(char ret[CMD_BUILD_ID + 1], struct error *err);

/* A sink that keeps a build. `store`, borrowed, is used until FINISH; Its log is told once when something cannot be
 * written. */
struct cmd_progress_sink cmd_build_log_new(struct oci_store *store, const char *id, const char *name);

/* One that is kept. Texts are owned. */
struct cmd_build_log {
        char *id, *name;
        const char *status; /* running, completed, error, canceled, or killed: it ended without a word */
        char *error;        /* of status error; NULL */
        int64_t started;    /* nanoseconds since 1970 */
        int64_t ended;      /* the last event; 0: not known */
};

/* All of them, the newest first. The caller frees the array with cmd_build_logs_free. */
int cmd_build_logs_list(struct oci_store *store, struct cmd_build_log **ret, size_t *ret_count, struct error *err);
void cmd_build_logs_free(struct cmd_build_log *logs, size_t count);

#endif
