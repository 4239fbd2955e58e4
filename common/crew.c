/* SPDX-License-Identifier: Apache-2.0 */
/* Threads for a list of tasks that wait for networks and disks more than they compute. */
#include "common/crew.h"

#include <pthread.h>
#include <stdlib.h>

#include "common/memory.h"

struct crew {
        size_t count;
        crew_function *function;
        void *context;
        pthread_mutex_t lock; /* guards the rest */
        size_t begun;
        bool failed;
        struct error *err; /* set by the first that fails */
};

bool crew_is_over(struct crew *crew)
{
        bool over;

        pthread_mutex_lock(&crew->lock);
        over = crew->failed;
        pthread_mutex_unlock(&crew->lock);
        return over;
}

static void *work(void *context)
{
        struct crew *crew = context;

        pthread_mutex_lock(&crew->lock);
        while (!crew->failed && crew->begun < crew->count) {
                struct error err = ERROR_INIT;
                size_t number = crew->begun++;
                int result;

                pthread_mutex_unlock(&crew->lock);
                result = crew->function(crew, crew->context, number, &err);
                pthread_mutex_lock(&crew->lock);
                if (result < 0 && !crew->failed)
                        (void)error_move(crew->err, &err);
                crew->failed = crew->failed || result < 0;
                error_clear(&err);
        }
        pthread_mutex_unlock(&crew->lock);
        return NULL;
}

int crew_run(size_t count, size_t limit, crew_function *function, void *context, struct error *err)
{
        struct crew crew = {.count = count, .function = function, .context = context, .err = err};
        size_t wanted = count < limit ? count : limit;
        pthread_t *workers = memory_zalloc(wanted, sizeof(*workers));
        size_t started = 0;

        pthread_mutex_init(&crew.lock, NULL);
        while (started + 1 < wanted && pthread_create(&workers[started], NULL, work, &crew) == 0)
                started++;
        (void)work(&crew);
        while (started > 0)
                pthread_join(workers[--started], NULL);
        pthread_mutex_destroy(&crew.lock);
        free(workers);
        return crew.failed ? -1 : 0;
}
