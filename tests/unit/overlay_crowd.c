/* SPDX-License-Identifier: Apache-2.0 */
/* What servers remember of a busy machine: how long no idle-class thread is tried, and what a count of threads says. */
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "common/memory.h"
#include "overlay/crowd.h"
#include "tests/unit/check.h"

static void test_what_a_crowd_is(void)
{
        static const struct {
                const char *loadavg;
                unsigned cpus;
                bool full;
        } table[] = {
                {"0.10 0.20 0.30 1/100 4711\n", 2, false}, /* nobody but who asks */
                {"0.10 0.20 0.30 3/100 4711\n", 2, false}, /* a client of ours and one more, on two CPUs */
                {"0.10 0.20 0.30 4/100 4711\n", 2, true},  /* others fill both */
                {"0.10 0.20 0.30 17/2000 4711\n", 16, false},
                {"0.10 0.20 0.30 18/2000 4711\n", 16, true},
                {"9.00 9.00 9.00 1/100 4711\n", 2, false}, /* busy a minute ago */
                {"0.10 0.20 0.30\n", 2, false},
                {"", 2, false},
                {"a b c d/e f\n", 2, false},
        };
        size_t i;

        for (i = 0; i < ARRAY_SIZE(table); i++) {
                if (overlay_crowd_is_full(table[i].loadavg, table[i].cpus) != table[i].full)
                        printf("# row %d\n", (int)i);
                CHECK_INT(overlay_crowd_is_full(table[i].loadavg, table[i].cpus), table[i].full);
        }
}

static void test_starving_is_remembered(void)
{
        struct overlay_crowd *crowd = overlay_crowd_new(NULL);

        CHECK_INT(overlay_crowd_left(crowd, 5), 0);
        overlay_crowd_note(crowd, 1000);
        CHECK_INT(overlay_crowd_left(crowd, 1000), 100);
        CHECK_INT(overlay_crowd_left(crowd, 1099), 1);
        CHECK_INT(overlay_crowd_left(crowd, 1100), 0);
        overlay_crowd_free(crowd);
}

static void test_the_hold_doubles_and_is_forgotten(void)
{
        static const int64_t holds[] = {100, 200, 400, 800, 1600, 3200, 6400, 6400};
        struct overlay_crowd *crowd = overlay_crowd_new(NULL);
        int64_t now = 1000;
        size_t i;

        for (i = 0; i < ARRAY_SIZE(holds); i++) {
                overlay_crowd_note(crowd, now);
                CHECK_INT(overlay_crowd_left(crowd, now), holds[i]);
                overlay_crowd_note(crowd, now + 1); /* another mount, in the same crowd: it says nothing new */
                CHECK_INT(overlay_crowd_left(crowd, now + 1), holds[i] - 1);
                now += holds[i] + 50; /* it starves again soon after it was tried */
        }
        now += 60000;
        overlay_crowd_note(crowd, now);
        CHECK_INT(overlay_crowd_left(crowd, now), 100);
        overlay_crowd_free(crowd);
}

static void write_file(const char *path, const char *text)
{
        int fd = open(path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);

        CHECK_INT(write(fd, text, strlen(text)), (ssize_t)strlen(text));
        CHECK_INT(close(fd), 0);
}

static void test_a_full_machine_is_counted_again(void)
{
        char path[] = "/tmp/bryo-crowd-XXXXXX";
        struct overlay_crowd *crowd;
        int fd = mkstemp(path);

        CHECK_INT(close(fd), 0);
        write_file(path, "0.0 0.0 0.0 99999/99999 1\n");
        crowd = overlay_crowd_new(path);
        CHECK_INT(overlay_crowd_left(crowd, 1000), 100);
        CHECK_INT(overlay_crowd_left(crowd, 1100), 100); /* still full */
        write_file(path, "9.0 9.0 9.0 1/99999 1\n");
        CHECK_INT(overlay_crowd_left(crowd, 1150), 50); /* not looked at yet */
        CHECK_INT(overlay_crowd_left(crowd, 1200), 0);
        CHECK_INT(unlink(path), 0);
        CHECK_INT(overlay_crowd_left(crowd, 1300), 0); /* nobody tells */
        overlay_crowd_free(crowd);
        overlay_crowd_free(NULL);
}

int main(void)
{
        CHECK_RUN(test_what_a_crowd_is);
        CHECK_RUN(test_starving_is_remembered);
        CHECK_RUN(test_the_hold_doubles_and_is_forgotten);
        CHECK_RUN(test_a_full_machine_is_counted_again);
        return CHECK_END();
}
