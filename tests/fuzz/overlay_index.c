/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A fuzz target for the index: the bytes are an index that somebody else wrote, laid over a sound layer. Everything
 * that can be done with an index is done with it.
 */
#include "tests/fuzz/replay.h"
#include "tests/unit/overlay_index_use.h"

static struct fixture f;

static void drop_fixture(void)
{
        fixture_end(&f);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
        struct index_use use = {.f = &f};
        CLEANUP_FD int fd = -1;

        if (f.pool == NULL) {
                index_use_begin(&f);
                atexit(drop_fixture);
        }
        fd = openat(f.fd, "victim", O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);
        if (fd < 0 || fd_write_all(fd, data, size) < 0)
                abort();
        index_use(&use, "victim");
        return 0;
}

REPLAY_MAIN("overlay_index")
