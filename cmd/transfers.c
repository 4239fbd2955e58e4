/* SPDX-License-Identifier: Apache-2.0 */
/* Pulls and pushes as the progress display shows them. */
#include "cmd/transfers.h"

#include <stdio.h>

#include "common/memory.h"

int cmd_transfers_progress(const char *mode, bool quiet, struct cmd_progress **ret, struct error *err)
{
        enum cmd_progress_mode parsed;
        CLEANUP_FREE char *warning = NULL;

        if (cmd_progress_mode_parse(mode, stderr, &parsed, &warning, err) < 0)
                return -1;
        if (warning)
                fprintf(stderr, "bryo: %s\n", warning);
        *ret = cmd_progress_new(quiet ? CMD_PROGRESS_QUIET : parsed, stderr);
        return 0;
}

void cmd_transfers_open(struct cmd_transfers *t, struct cmd_progress *p, unsigned first)
{
        *t = (struct cmd_transfers){.callbacks = cmd_progress_callbacks(p), .steps = first};
        pthread_mutex_init(&t->lock, NULL);
}

void cmd_transfers_close(struct cmd_transfers *t)
{
        pthread_mutex_destroy(&t->lock);
}

unsigned cmd_transfers_begin(struct cmd_transfers *t, const char *title)
{
        struct builder_step_view view = {.title = title};

        pthread_mutex_lock(&t->lock);
        view.number = view.total = ++t->steps;
        t->callbacks.begin(t->callbacks.context, &view);
        pthread_mutex_unlock(&t->lock);
        return view.number;
}

void cmd_transfers_end(struct cmd_transfers *t, unsigned step, const struct error *err)
{
        pthread_mutex_lock(&t->lock);
        t->callbacks.end(t->callbacks.context, step, err ? BUILDER_FAILED : BUILDER_DONE, err ? err->message : NULL);
        pthread_mutex_unlock(&t->lock);
}

static void tell(struct cmd_transfers *t, unsigned step, const char *name, uint64_t done, uint64_t total)
{
        const struct builder_transfer transfer = {name, done, total};

        pthread_mutex_lock(&t->lock);
        t->callbacks.transfer(t->callbacks.context, step > 0 ? step : t->steps, &transfer);
        pthread_mutex_unlock(&t->lock);
}

static void transfer(void *context, const char *name, uint64_t done, uint64_t total)
{
        tell(context, 0, name, done, total);
}

struct builder_pull_watch cmd_transfers_pull(struct cmd_transfers *t)
{
        return (struct builder_pull_watch){.transfer = transfer, .context = t};
}

struct builder_push_watch cmd_transfers_push(struct cmd_transfers *t)
{
        return (struct builder_push_watch){.transfer = transfer, .context = t};
}

static unsigned begin_base(void *context, const char *title)
{
        return cmd_transfers_begin(context, title);
}

static void transfer_base(void *context, unsigned step, const char *name, uint64_t done, uint64_t total)
{
        tell(context, step, name, done, total);
}

static void end_base(void *context, unsigned step, const struct error *err)
{
        cmd_transfers_end(context, step, err);
}

struct builder_bases_watch cmd_transfers_bases(struct cmd_transfers *t)
{
        return (struct builder_bases_watch){
                .begin = begin_base, .transfer = transfer_base, .end = end_base, .context = t};
}
