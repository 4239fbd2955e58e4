/* SPDX-License-Identifier: Apache-2.0 */
/* What is on a terminal while things are fetched and sent, and where it is small. The rest:
 * tests/e2e/progress-screen.sh. */
#include <string.h>

#include "cmd/progress_live.h"
#include "common/memory.h"
#include "tests/unit/check.h"

#define SECOND 1000000000ll

static void begin(struct cmd_live *l, unsigned number, const char *title, const char *stage)
{
        const struct builder_step_view view = {number, title, stage, number, 3, 3};
        const struct cmd_event e = {.kind = CMD_EVENT_BEGIN, .time = number * SECOND, .step = number, .view = &view};
        CLEANUP_BUFFER struct buffer lasting = BUFFER_INIT;

        cmd_live_tell(l, &e, 60, &lasting);
        CHECK_STR(buffer_text(&lasting), "");
}

static void transfer(struct cmd_live *l, const char *name, uint64_t done, uint64_t total)
{
        const struct builder_transfer t = {name, done, total};
        const struct cmd_event e = {.kind = CMD_EVENT_TRANSFER, .time = SECOND, .step = 1, .transfer = &t};
        CLEANUP_BUFFER struct buffer lasting = BUFFER_INIT;

        cmd_live_tell(l, &e, 60, &lasting);
        CHECK_STR(buffer_text(&lasting), "");
}

static void check_rows(const struct cmd_live *l, size_t width, size_t height, const char *expected)
{
        CLEANUP_BUFFER struct buffer rows = BUFFER_INIT;
        size_t count = cmd_live_format(l, 4 * SECOND, width, height, &rows);
        size_t lines = rows.size > 0;

        for (const char *p = buffer_text(&rows); (p = strchr(p, '\n')); p++)
                lines++;
        CHECK_STR(buffer_text(&rows), expected);
        CHECK_INT(count, lines);
}

static void test_transfers(void)
{
        struct cmd_live *l = cmd_live_new(false);

        begin(l, 1, "[a 1/3] FROM x", "a");
        transfer(l, "one", 100, 2000000);
        transfer(l, "two\033[2J", 1500000, 0);
        transfer(l, "three", 5, 5);
        transfer(l, "one", 1000000, 2000000);
        check_rows(l, 50, 20,
                   "[+] Building 3.0s (0/3)\n"
                   " => [a 1/3] FROM x                           3.0s\n"
                   " => => one                              1MB / 2MB\n"
                   " => => two^[[2J                             1.5MB");
        transfer(l, "two\033[2J", 1500000, 1500000);
        for (int i = 0; i < 20; i++) {
                CLEANUP_FREE char *name = memory_printf("layer %d", i);

                transfer(l, name, 1, 2);
        }
        check_rows(l, 50, 4,
                   "[+] Building 3.0s (0/3)\n"
                   " => [a 1/3] FROM x                           3.0s\n"
                   " => => one                              1MB / 2MB\n"
                   " => => layer 0                            1B / 2B");
        cmd_live_free(l);
}

static void test_small_screens(void)
{
        struct cmd_live *l = cmd_live_new(false);

        check_rows(l, 80, 24, "");
        begin(l, 1, "[a 1/3] FROM x", "a");
        begin(l, 2, "[b 2/3] RUN y", "b");
        check_rows(l, 80, 0, "");
        check_rows(l, 80, 1, "[+] Building 3.0s (0/3)");
        check_rows(l, 40, 2, "[+] Building 3.0s (0/3)\n => [a 1/3] FROM x                 3.0s");
        check_rows(l, 12, 3, "[+] Buildi\xe2\x80\xa6\n => [a 1/3\xe2\x80\xa6\n => [b 2/3\xe2\x80\xa6");
        check_rows(l, 1, 3, "\n\n");
        cmd_live_free(l);
}

int main(void)
{
        CHECK_RUN(test_transfers);
        CHECK_RUN(test_small_screens);
        return CHECK_END();
}
