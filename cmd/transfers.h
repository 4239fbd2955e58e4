/* SPDX-License-Identifier: Apache-2.0 */
#ifndef BRYO_CMD_TRANSFERS_H
#define BRYO_CMD_TRANSFERS_H

#include <pthread.h>

#include "builder/bases.h"
#include "builder/pull.h"
#include "builder/push.h"
#include "cmd/progress.h"

/*
 * The progress display for what is no build: pulls and pushes as steps of their own, with numbers from 1. Where a
 * build comes first, its steps end before these begin.
 */
struct cmd_transfers {
        struct builder_progress callbacks;
        pthread_mutex_t lock; /* one call of the callbacks at a time */
        unsigned steps;       /* begun */
};

/* The display of a verb with --progress (NULL: not given) and --quiet, on standard error. */
int cmd_transfers_progress(const char *mode, bool quiet, struct cmd_progress **ret, struct error *err);

/* `first`: steps that were shown before. */
void cmd_transfers_open(struct cmd_transfers *t, struct cmd_progress *p, unsigned first);
void cmd_transfers_close(struct cmd_transfers *t);

/* A step begins and ends; `err` NULL: it was done. */
unsigned cmd_transfers_begin(struct cmd_transfers *t, const char *title);
void cmd_transfers_end(struct cmd_transfers *t, unsigned step, const struct error *err);

/* What pulls and pushes tell, as transfers of the step that began last. */
struct builder_pull_watch cmd_transfers_pull(struct cmd_transfers *t);
struct builder_push_watch cmd_transfers_push(struct cmd_transfers *t);
/* The images that a command needs. */
struct builder_bases_watch cmd_transfers_bases(struct cmd_transfers *t);

#endif
