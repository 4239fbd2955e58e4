/* SPDX-License-Identifier: Apache-2.0 */
#ifndef BRYO_OVERLAY_LOOP_THREAD_H
#define BRYO_OVERLAY_LOOP_THREAD_H

#include <pthread.h>

/* Starts a thread with every signal blocked: signals belong to the command's own threads. Returns an errno, like
 * pthread_create. */
int overlay_loop_thread_start(pthread_t *thread, void *(*run)(void *), void *argument);
/* Keeps a thread that exists on the one CPU `cpu`. Returns an errno, like pthread_setaffinity_np; EINVAL for no CPU. */
int overlay_loop_thread_pin(pthread_t thread, int cpu);

#endif
