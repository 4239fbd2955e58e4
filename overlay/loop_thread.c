/* SPDX-License-Identifier: Apache-2.0 */
/* How threads of the server are started, and where they run. */
#include "overlay/loop_thread.h"

#include <errno.h>
#include <signal.h>

#include "overlay/loop_state.h"

int overlay_loop_thread_start(pthread_t *thread, void *(*run)(void *), void *argument)
{
        sigset_t all, before;
        int r;

        sigfillset(&all);
        pthread_sigmask(SIG_SETMASK, &all, &before);
        r = pthread_create(thread, NULL, run, argument);
        pthread_sigmask(SIG_SETMASK, &before, NULL);
        return r;
}

int overlay_loop_thread_pin(pthread_t thread, int cpu)
{
        cpu_set_t *one;
        int r;

        if (cpu < 0 || cpu >= OVERLAY_LOOP_CPUS_MAX)
                return EINVAL;
        one = CPU_ALLOC(OVERLAY_LOOP_CPUS_MAX);
        if (one == NULL)
                return ENOMEM;
        CPU_ZERO_S(OVERLAY_LOOP_CPUS_SIZE, one);
        CPU_SET_S((size_t)cpu, OVERLAY_LOOP_CPUS_SIZE, one);
        r = pthread_setaffinity_np(thread, OVERLAY_LOOP_CPUS_SIZE, one);
        CPU_FREE(one);
        return r;
}
