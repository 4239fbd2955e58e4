/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The order of stages. A worker takes the first stage in the order of the file
 * whose needs are met. The calling thread is a worker; others are started
 * only when a second stage is ready while all are busy, so a build without
 * independent stages makes no thread. Workers end when all stages have ended, not
 * before: the kernel would take the end of a thread that started a process for the
 * death of the parent (prctl(2), PR_SET_PDEATHSIG).
 */
#include "builder/schedule.h"

#include <errno.h>
#include <sched.h>
#include <stdlib.h>

#include "builder/siblings.h"
#include "common/memory.h"

enum progress_of_stage { STAGE_WAITING, STAGE_RUNNING, STAGE_DONE };

struct schedule {
        struct builder_job *job;
        pthread_mutex_t lock; /* guards all below; never held together with the job's */
        pthread_cond_t changed;
        enum progress_of_stage *stages;
        pthread_t *workers;
        size_t worker_count, worker_limit; /* started besides the caller; how many may be */
        size_t idle;                       /* workers waiting for something to do */
        struct error *err;                 /* the build's; set by the first that fails */
        bool failed;
};

static bool is_ready(const struct schedule *s, size_t index)
{
        const struct builder_stage_plan *plan = &s->job->plan.stages[index];

        if (!plan->needed || s->stages[index] != STAGE_WAITING)
                return false;
        if (plan->base != BUILDER_NO_STAGE && s->stages[plan->base] != STAGE_DONE)
                return false;
        for (size_t i = 0; i < plan->source_count; i++)
                if (s->stages[plan->sources[i]] != STAGE_DONE)
                        return false;
        return true;
}

static size_t find_ready(const struct schedule *s, size_t from)
{
        for (size_t i = from; !s->failed && i < s->job->plan.count; i++)
                if (is_ready(s, i))
                        return i;
        return BUILDER_NO_STAGE;
}

/* Nothing can be begun any more, now or later. */
static bool is_over(const struct schedule *s)
{
        bool waiting = false;

        for (size_t i = 0; i < s->job->plan.count; i++) {
                if (s->stages[i] == STAGE_RUNNING)
                        return false;
                waiting = waiting || (s->job->plan.stages[i].needed && s->stages[i] == STAGE_WAITING);
        }
        return s->failed || !waiting;
}

void builder_schedule_cancel(struct builder_job *job)
{
        pthread_mutex_lock(&job->lock);
        job->cancelled = true;
        for (size_t i = 0; i < job->plan.count; i++)
                if (job->stages[i].init)
                        sandbox_stage_kill(job->stages[i].init);
        pthread_mutex_unlock(&job->lock);
}

/* The first failure is the build's; it is noted before the others are stopped, since they fail of that. */
static void fail(struct schedule *s, struct error *err)
{
        bool first;

        pthread_mutex_lock(&s->lock);
        first = !s->failed;
        s->failed = true;
        if (first)
                (void)error_move(s->err, err);
        pthread_mutex_unlock(&s->lock);
        error_clear(err);
        if (first)
                builder_schedule_cancel(s->job); /* the errors of the others are dropped */
}

static void *work(void *context);

/* With the lock held: one more worker if a stage waits for one. A thread that cannot be had only makes the build
 * slower. */
static void ensure_workers(struct schedule *s, size_t taken)
{
        if (s->idle > 0 || s->worker_count >= s->worker_limit || find_ready(s, taken + 1) == BUILDER_NO_STAGE)
                return;
        if (pthread_create(&s->workers[s->worker_count], NULL, work, s) == 0)
                s->worker_count++;
        else
                log_print(s->job->workshop.log, LOG_WARNING, "cannot start a thread: stages run one after another");
}

/* With the lock held; drops it while the stage runs. */
static void run_one(struct schedule *s, size_t index)
{
        struct builder_siblings *siblings = s->job->options->siblings;
        struct error err = ERROR_INIT;
        int result;

        s->stages[index] = STAGE_RUNNING;
        ensure_workers(s, index);
        pthread_mutex_unlock(&s->lock);
        builder_siblings_take_turn(siblings);
        result = builder_stage_run(s->job, index, &err);
        builder_siblings_give_turn(siblings);
        if (result < 0)
                fail(s, &err);
        pthread_mutex_lock(&s->lock);
        s->stages[index] = STAGE_DONE;
        pthread_cond_broadcast(&s->changed);
}

static void *work(void *context)
{
        struct schedule *s = context;

        pthread_mutex_lock(&s->lock);
        while (!is_over(s)) {
                size_t index = find_ready(s, 0);

                if (index != BUILDER_NO_STAGE) {
                        run_one(s, index);
                        continue;
                }
                s->idle++;
                pthread_cond_wait(&s->changed, &s->lock);
                s->idle--;
        }
        pthread_mutex_unlock(&s->lock);
        return NULL;
}

/* One stage for each CPU, but never fewer than four: commands wait for disks and networks as often as they compute. */
size_t builder_schedule_limit(unsigned wanted)
{
        cpu_set_t set;
        size_t cpus = sched_getaffinity(0, sizeof(set), &set) == 0 ? (size_t)CPU_COUNT(&set) : 1;

        if (wanted > 0)
                return wanted;
        return cpus < 4 ? 4 : cpus;
}

int builder_schedule_run(struct builder_job *job, struct error *err)
{
        struct schedule s = {.job = job, .worker_limit = builder_schedule_limit(job->options->jobs) - 1, .err = err};

        s.stages = memory_zalloc(job->plan.count, sizeof(*s.stages));
        s.workers = memory_zalloc(s.worker_limit, sizeof(*s.workers));
        pthread_mutex_init(&s.lock, NULL);
        pthread_cond_init(&s.changed, NULL);
        builder_siblings_join(job->options->siblings, job);
        (void)work(&s);
        for (size_t i = 0; i < s.worker_count; i++)
                pthread_join(s.workers[i], NULL);
        builder_siblings_leave(job->options->siblings, job);
        pthread_cond_destroy(&s.changed);
        pthread_mutex_destroy(&s.lock);
        free(s.stages);
        free(s.workers);
        return s.failed ? -1 : 0;
}
