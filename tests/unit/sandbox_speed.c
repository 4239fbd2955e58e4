/* SPDX-License-Identifier: Apache-2.0 */
/* Not a test: prints how long a command's surroundings take, over 200 runs of /bin/true. */
#include <time.h>

#include "tests/unit/sandbox_fixture.h"

#define RUNS 200

static double now(void)
{
        struct timespec t;

        (void)clock_gettime(CLOCK_MONOTONIC, &t);
        return (double)t.tv_sec * 1e3 + (double)t.tv_nsec / 1e6;
}

static int compare(const void *a, const void *b)
{
        double x = *(const double *)a, y = *(const double *)b;

        return x < y ? -1 : x > y;
}

static void print_row(const char *name, double *times, size_t count)
{
        qsort(times, count, sizeof(*times), compare);
        printf("%-24s median %6.2f ms   best %6.2f ms   worst %6.2f ms\n", name, times[count / 2], times[0],
               times[count - 1]);
}

static void measure(struct fixture *f, const char *name, enum sandbox_network network)
{
        double times[RUNS];

        for (int i = 0; i < RUNS; i++) {
                CLEANUP_ERROR struct error err = ERROR_INIT;
                struct buffer text = BUFFER_INIT;
                struct fixture_command x;
                double start = now();

                fixture_command_init(&x, "");
                x.argv[0] = "/bin/true";
                x.argv[1] = NULL;
                x.c.hosts = "127.0.0.1 localhost\n";
                x.c.resolv_conf = "nameserver 127.0.0.1\n";
                x.c.network = network;
                CHECK_OK(fixture_execute(f, &x.c, &text, &err));
                buffer_free(&text);
                times[i] = now() - start;
        }
        print_row(name, times, RUNS);
}

int main(int argc, char **argv)
{
        double times[10];
        struct fixture f;

        (void)argc;
        unprivileged_enter(argv);
        fixture_make_root(&f);
        for (size_t i = 0; i < ARRAY_SIZE(times); i++) {
                double start = now();

                fixture_open(&f);
                times[i] = now() - start;
                fixture_close(&f);
        }
        print_row("open sandbox and stage", times, ARRAY_SIZE(times));
        fixture_open(&f);
        measure(&f, "run, host network", SANDBOX_NETWORK_HOST);
        measure(&f, "run, no network", SANDBOX_NETWORK_NONE);
        fixture_remove(&f);
        return CHECK_END();
}
