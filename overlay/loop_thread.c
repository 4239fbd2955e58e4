/* SPDX-License-Identifier: Apache-2.0 */
/* How threads of the server are started. */
#include "overlay/loop_thread.h"

#include <signal.h>

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
