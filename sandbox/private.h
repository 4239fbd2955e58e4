/* SPDX-License-Identifier: Apache-2.0 */
#ifndef BRYO_SANDBOX_PRIVATE_H
#define BRYO_SANDBOX_PRIVATE_H

#include <pthread.h>

#include "sandbox/protocol.h"
#include "sandbox/sandbox.h"

/* What sandbox.c and stage.c share. */
struct sandbox {
        const struct log *log;
        char *rootdir, *sysctl_dir, *fuse_device; /* owned; rootdir is absolute, NULL with FUSE */
        pid_t keeper;
        int socket;
        pthread_mutex_t lock; /* frames to the keeper go out whole */
};

/*
 * Receives frames until one is not a LOG, which goes to the log. FAILED becomes
 * the error `*ret_report_step` tells apart (may be NULL); any type but `expected`
 * is one too, and so is end-of-file: `who` was killed. The frame is the caller's to clear.
 */
int sandbox_receive(const struct sandbox *s, int socket, const char *who, enum sandbox_frame_type expected,
                    struct sandbox_frame *ret, enum sandbox_step *ret_report_step, struct error *err);

#endif
