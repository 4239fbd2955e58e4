/* SPDX-License-Identifier: Apache-2.0 */
/* Builds side by side: turns, and one end for all. */
#include "builder/siblings.h"

#include <pthread.h>
#include <stdatomic.h>
#include <stdlib.h>

#include "builder/job.h"
#include "builder/schedule.h"
#include "common/memory.h"

struct builder_siblings {
        atomic_bool cancelled; /* looked at with any lock held */
        pthread_mutex_t lock;  /* guards what is below; taken before a job's */
        pthread_cond_t changed;
        size_t turns;              /* that are free */
        struct builder_job **jobs; /* those that run stages */
        size_t count, cap;

        pthread_mutex_t exporting; /* from begin_export to end_export */
        bool exported;
};

struct builder_siblings *builder_siblings_new(unsigned jobs)
{
        struct builder_siblings *s = memory_zalloc(1, sizeof(*s));

        pthread_mutex_init(&s->lock, NULL);
        pthread_cond_init(&s->changed, NULL);
        pthread_mutex_init(&s->exporting, NULL);
        atomic_init(&s->cancelled, false);
        s->turns = builder_schedule_limit(jobs);
        return s;
}

void builder_siblings_free(struct builder_siblings *s)
{
        if (!s)
                return;
        pthread_mutex_destroy(&s->exporting);
        pthread_cond_destroy(&s->changed);
        pthread_mutex_destroy(&s->lock);
        free(s->jobs);
        free(s);
}

void builder_siblings_cancel(struct builder_siblings *s)
{
        pthread_mutex_lock(&s->lock);
        atomic_store(&s->cancelled, true);
        for (size_t i = 0; i < s->count; i++)
                builder_schedule_cancel(s->jobs[i]);
        pthread_mutex_unlock(&s->lock);
}

bool builder_siblings_are_cancelled(const struct builder_siblings *s)
{
        return s && atomic_load(&s->cancelled);
}

void builder_siblings_join(struct builder_siblings *s, struct builder_job *job)
{
        if (!s)
                return;
        pthread_mutex_lock(&s->lock);
        memory_grow(&s->jobs, &s->cap, s->count + 1, sizeof(struct builder_job *));
        s->jobs[s->count++] = job;
        if (atomic_load(&s->cancelled))
                builder_schedule_cancel(job);
        pthread_mutex_unlock(&s->lock);
}

void builder_siblings_leave(struct builder_siblings *s, struct builder_job *job)
{
        if (!s)
                return;
        pthread_mutex_lock(&s->lock);
        for (size_t i = 0; i < s->count; i++)
                if (s->jobs[i] == job)
                        s->jobs[i--] = s->jobs[--s->count];
        pthread_mutex_unlock(&s->lock);
}

void builder_siblings_take_turn(struct builder_siblings *s)
{
        if (!s)
                return;
        pthread_mutex_lock(&s->lock);
        while (s->turns == 0)
                pthread_cond_wait(&s->changed, &s->lock);
        s->turns--;
        pthread_mutex_unlock(&s->lock);
}

void builder_siblings_give_turn(struct builder_siblings *s)
{
        if (!s)
                return;
        pthread_mutex_lock(&s->lock);
        s->turns++;
        pthread_cond_signal(&s->changed);
        pthread_mutex_unlock(&s->lock);
}

bool builder_siblings_begin_export(struct builder_siblings *s)
{
        bool before;

        if (!s)
                return false;
        pthread_mutex_lock(&s->exporting);
        before = s->exported;
        s->exported = true;
        return before;
}

void builder_siblings_end_export(struct builder_siblings *s)
{
        if (s)
                pthread_mutex_unlock(&s->exporting);
}
