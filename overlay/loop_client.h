/* SPDX-License-Identifier: Apache-2.0 */
#ifndef BRYO_OVERLAY_LOOP_CLIENT_H
#define BRYO_OVERLAY_LOOP_CLIENT_H

#include <stdint.h>

/* A client thread: /proc/TID/stat, kept open for the thread that was asked about last (2.9 us a look, 0 for
 * the open). */
struct overlay_loop_client {
        uint32_t tid;
        int fd; /* -1: none */
};

#define OVERLAY_LOOP_CLIENT_INIT                                                                                       \
        {                                                                                                              \
                0, -1                                                                                                  \
        }

/*
 * The CPU on which thread `tid` runs or last ran (proc_pid_stat(5), field 39); a negated errno when that cannot be
 * seen. Some kernels guard the file with the lock that execve(2) holds: there it may wait for the client, and so for
 * whatever the client waits for.
 */
int overlay_loop_client_cpu(struct overlay_loop_client *client, uint32_t tid);
/*
 * 1 when it runs or could run, 0 when it waits for something; a negated errno when that cannot be seen. Of
 * /proc/TID/status, for which the kernel takes no lock: unlike that about the CPU, this question never waits for the
 * client.
 */
int overlay_loop_client_runs(uint32_t tid);
void overlay_loop_client_close(struct overlay_loop_client *client);

#endif
