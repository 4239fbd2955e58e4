/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The model checker of the union file system: random sequences of operations, through a real mount and on a plain
 * tmpfs side by side. doc/model-checking.md tells what is compared and how to use it.
 */
#include <dirent.h>
#include <errno.h>
#include <ftw.h>
#include <getopt.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "common/memory.h"
#include "tests/model/corpus.h"
#include "tests/model/generate.h"
#include "tests/model/shrink.h"

/* A sanitizer makes a sequence several times as long. */
#ifdef BRYO_SANITIZED
#define SEQUENCES 20
#define TIMEOUT   300
#else
#define SEQUENCES 100
#define TIMEOUT   200
#endif
#define OPERATIONS  500
#define FIRST_SEED 20000
#define SHRINK_RUNS 1500

struct options {
        struct run_options run;
        uint64_t seed;
        bool has_seed;
        unsigned long sequences; /* 0: until stopped */
        unsigned long operations;
        bool shrink;
        bool print; /* the sequence, instead of running it */
        const char *replay;
};

static const char usage[] =
        "usage: union [--seed N] [--sequences N] [--operations N] [--no-shrink] [--verbose] [--print]\n"
        "             [--replay FILE|DIRECTORY] [--kinds]\n"
        "\n"
        "Without options: what tests/model/corpus holds, then the sequences that every run has. --sequences 0 goes on\n"
        "from a new seed until stopped. --seed N runs sequence N alone (or, with --sequences, from N on). --print shows a sequence as\n"
        "text that --replay takes. A failing sequence is shrunk and printed.\n";

/* --- reports --- */

static void print_failure(const struct op_list *list, const struct report *report)
{
        CLEANUP_BUFFER struct buffer line = BUFFER_INIT;

        if (report->op < list->count)
                op_format(&list->ops[report->op], &line);
        printf("# operation %zu, \"%s\": %s\n", report->op, report->op < list->count ? buffer_text(&line) : "(the end)",
               report->text);
}

static void shrink_and_print(const struct options *o, struct op_list *list, struct report *report)
{
        fflush(stdout);
        if (!o->shrink)
                return;
        printf("# shrinking\n");
        fflush(stdout);
        shrink_list(&o->run, list, report, SHRINK_RUNS);
        print_failure(list, report);
        printf("# --- the list, for --replay:\n");
        corpus_print(list);
        printf("# ---\n");
        fflush(stdout);
}

/* --- what is run --- */

/* Exit status 0, 1 for a difference, 77 when nothing can be tried here. */
static int check(const struct options *o, const char *what, struct op_list *list)
{
        struct report report;

        if (run_list(&o->run, list, &report))
                return 0;
        if (report.impossible) {
                printf("# skip: %s\n", report.text);
                return 77;
        }
        printf("# %s differs\n", what);
        print_failure(list, &report);
        shrink_and_print(o, list, &report);
        return 1;
}

static int replay_file(const struct options *o, const char *path)
{
        CLEANUP_OP_LIST struct op_list list = OP_LIST_INIT;
        CLEANUP_ERROR struct error err = ERROR_INIT;
        int status;

        if (corpus_load(path, &list, &err) < 0) {
                printf("not ok %s\n# %s\n", path, err.message);
                return 1;
        }
        status = check(o, path, &list);
        if (status != 77)
                printf("%s %s\n", status == 0 ? "ok" : "not ok", path);
        return status;
}

static int is_list(const struct dirent *entry)
{
        const char *dot = strrchr(entry->d_name, '.');

        return dot && strcmp(dot, ".ops") == 0;
}

static int replay(const struct options *o, const char *path)
{
        struct dirent **entries;
        int status = 0, count = scandir(path, &entries, is_list, alphasort);

        if (count < 0 && errno == ENOTDIR)
                return replay_file(o, path);
        if (count < 0) {
                printf("not ok: cannot read %s: %s\n", path, strerror(errno));
                return 1;
        }
        for (int i = 0; i < count; i++) {
                CLEANUP_FREE char *file = memory_printf("%s/%s", path, entries[i]->d_name);
                int one = status == 77 ? 77 : replay_file(o, file);

                status = one == 0 ? status : one;
                free(entries[i]);
        }
        free(entries);
        return status;
}

/* Most by one ordinary thread: the others' threads yield to every other work of the machine. */
static enum overlay_server_policy policy_of(uint64_t seed)
{
        switch (seed % 8) {
        case 0:
                return OVERLAY_SERVER_AUTO;
        case 1:
                return OVERLAY_SERVER_PER_CPU;
        default:
                return OVERLAY_SERVER_SINGLE;
        }
}

static int run_sequences(struct options *o)
{
        unsigned long failed = 0, i;

        printf("# sequences %llu to %llu, %lu operations each\n", (unsigned long long)o->seed,
               (unsigned long long)(o->seed + o->sequences - 1), o->operations);
        for (i = 0; o->sequences == 0 || i < o->sequences; i++) {
                CLEANUP_OP_LIST struct op_list list = OP_LIST_INIT;
                CLEANUP_FREE char *what = memory_printf("--seed %llu", (unsigned long long)(o->seed + i));
                int status;

                o->run.policy = policy_of(o->seed + i);
                generate_sequence(o->seed + i, o->operations, &list);
                status = check(o, what, &list);
                if (status == 77)
                        return 77;
                failed += status != 0;
                /* in the fewest sequences that say enough; a soak goes on */
                if (failed > 0 && o->sequences != 0 && o->sequences <= SEQUENCES)
                        break;
                if (i % 1000 == 999) {
                        printf("# %lu sequences, %lu failed\n", i + 1, failed);
                        fflush(stdout);
                }
        }
        printf("%s %lu sequences\n", failed ? "not ok" : "ok", i);
        return failed ? 1 : 0;
}

static int run_everything(struct options *o)
{
        const char *srcdir = getenv("srcdir");
        CLEANUP_FREE char *corpus = memory_printf("%s/tests/model/corpus", srcdir ? srcdir : ".");
        CLEANUP_OP_LIST struct op_list list = OP_LIST_INIT;
        int status = 0;

        if (o->print) {
                generate_sequence(o->seed, o->operations, &list);
                corpus_print(&list);
                return 0;
        }
        if (o->replay)
                return replay(o, o->replay);
        if (!o->has_seed && o->sequences != 0)
                status = replay(o, corpus);
        if (status == 77)
                return 77;
        return run_sequences(o) != 0 || status != 0;
}

/* --- */

static int print_kinds(void)
{
        size_t count;
        const struct kind *kinds = kind_table(&count);

        for (size_t i = 0; i < count; i++)
                printf("%s %s\n", kinds[i].name, kinds[i].signature);
        printf("%zu kinds\n", count);
        return 0;
}

static int parse_options(int argc, char **argv, struct options *o)
{
        static const struct option table[] = {
                {"seed", required_argument, NULL, 's'},
                {"sequences", required_argument, NULL, 'n'},
                {"operations", required_argument, NULL, 'o'},
                {"no-shrink", no_argument, NULL, 'S'},
                {"verbose", no_argument, NULL, 'v'},
                {"print", no_argument, NULL, 'p'},
                {"replay", required_argument, NULL, 'r'},
                {"kinds", no_argument, NULL, 'k'},
                {NULL, 0, NULL, 0},
        };
        bool counted = false;
        int c;

        while ((c = getopt_long(argc, argv, "", table, NULL)) != -1) {
                switch (c) {
                case 's':
                        o->seed = strtoull(optarg, NULL, 10);
                        o->has_seed = true;
                        break;
                case 'n':
                        o->sequences = strtoul(optarg, NULL, 10);
                        counted = true;
                        break;
                case 'o':
                        o->operations = strtoul(optarg, NULL, 10);
                        break;
                case 'S':
                        o->shrink = false;
                        break;
                case 'v':
                        o->run.verbose = true;
                        break;
                case 'p':
                        o->print = true;
                        break;
                case 'r':
                        o->replay = optarg;
                        break;
                case 'k':
                        exit(print_kinds());
                default:
                        fputs(usage, stderr);
                        return -1;
                }
        }
        if (o->has_seed && !counted)
                o->sequences = 1;
        /* `make soak` looks for what is not known yet; `make check` tells whether something became worse */
        if (!o->has_seed && o->sequences == 0)
                o->seed = (uint64_t)time(NULL);
        return optind == argc ? 0 : -1;
}

static int remove_one(const char *path, const struct stat *st, int kind, struct FTW *where)
{
        (void)st;
        (void)kind;
        (void)where;
        return remove(path);
}

int main(int argc, char **argv)
{
        struct options o = {.run = {.timeout = TIMEOUT, .policy = OVERLAY_SERVER_SINGLE},
                            .seed = FIRST_SEED,
                            .sequences = SEQUENCES,
                            .operations = OPERATIONS,
                            .shrink = true};
        CLEANUP_FREE char *directory =
                memory_printf("%s/bryo-model.XXXXXX", access("/dev/shm", W_OK) == 0 ? "/dev/shm" : "/tmp");
        int status;

        if (parse_options(argc, argv, &o) < 0)
                return 2;
        if (!mkdtemp(directory) || chmod(directory, 0755) < 0) {
                perror(directory);
                return 1;
        }
        o.run.directory = directory;
        status = run_everything(&o);
        (void)nftw(directory, remove_one, 16, FTW_DEPTH | FTW_PHYS);
        return status;
}
