/* SPDX-License-Identifier: Apache-2.0 */
/* Runs a list of operations on both sides and looks for what differs. */
#include "tests/model/client.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "common/fd.h"
#include "tests/model/compare.h"
#include "tests/model/mounts.h"
#include "tests/model/side.h"

struct client {
        const struct client_options *o;
        struct mounts mounts;
        struct side plain;
        struct side other; /* the union */
        struct comparison comparison;
};

/* --- what concerns a whole tree --- */

enum visit_what {
        VISIT_AGE,   /* every time to one in the past: what moves to now afterwards was changed afterwards */
        VISIT_SETTLE /* what sealing does: sockets go, times lose their fractions */
};

static void visit_entry(int dir, const char *name, enum visit_what what);

static void visit_all(int dir, enum visit_what what)
{
        int fd = openat(dir, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
        DIR *list = fd < 0 ? NULL : fdopendir(fd);
        struct dirent *entry;

        while (list && (entry = readdir(list)))
                if (strcmp(entry->d_name, ".") != 0 && strcmp(entry->d_name, "..") != 0)
                        visit_entry(dir, entry->d_name, what);
        if (list)
                closedir(list);
}

static void visit_times(int dir, const char *name, const struct stat *st, enum visit_what what)
{
        struct timespec times[2] = {{.tv_nsec = UTIME_OMIT}, {.tv_sec = 1000000000, .tv_nsec = 123456789}};

        if (what == VISIT_SETTLE)
                times[1] = (struct timespec){st->st_mtim.tv_sec, 0};
        /* a directory's also because a socket went */
        if (what == VISIT_AGE || st->st_mtim.tv_nsec != 0 || S_ISDIR(st->st_mode))
                (void)utimensat(dir, name, times, AT_SYMLINK_NOFOLLOW);
}

static void visit_entry(int dir, const char *name, enum visit_what what)
{
        struct stat st;

        if (fstatat(dir, name, &st, AT_SYMLINK_NOFOLLOW) < 0)
                return;
        if (what == VISIT_SETTLE && S_ISSOCK(st.st_mode)) {
                (void)unlinkat(dir, name, 0);
                return;
        }
        if (S_ISDIR(st.st_mode)) {
                CLEANUP_FD int sub = openat(dir, name, O_RDONLY | O_DIRECTORY | O_CLOEXEC);

                visit_all(sub, what);
        }
        visit_times(dir, name, &st, what);
}

static void visit_side(const struct side *s, enum visit_what what)
{
        struct stat st;

        if (fstat(s->root, &st) < 0)
                return;
        visit_all(s->root, what);
        visit_times(s->root, ".", &st, what);
}

static bool compare(struct client *c, size_t at)
{
        struct buffer why = BUFFER_INIT;
        bool equal;

        c->comparison.why = &why;
        equal = compare_trees(&c->comparison);
        if (!equal)
                report_fail(c->o->report, at, "%s", buffer_text(&why));
        buffer_free(&why);
        return equal;
}

static bool open_sides(struct client *c)
{
        if (side_open(&c->plain) == 0 && side_open(&c->other) == 0)
                return true;
        report_fail(c->o->report, c->o->report->op, "cannot open the roots: %s", strerror(errno));
        return false;
}

/* A layer has an entry for the root only if its attributes changed, and its time alone is none (doc/layer.md). */
static bool settle_root(struct client *c)
{
        struct timespec times[2] = {{.tv_nsec = UTIME_OMIT}, {.tv_nsec = UTIME_OMIT}};
        struct stat st;

        if (fstat(c->other.root, &st) == 0) {
                times[1] = st.st_mtim;
                if (futimens(c->plain.root, times) == 0)
                        return true;
        }
        report_fail(c->o->report, c->o->report->op, "cannot settle the root: %s", strerror(errno));
        return false;
}

/* Unmounts, has the server do something with the tree, and mounts again. */
static bool change_stage(struct client *c, size_t at, enum message message)
{
        c->o->report->op = at;
        /* numbers are stable over a seal; those of the dead are free then */
        if (message == MESSAGE_SEAL) {
                if (!compare(c, at))
                        return false;
                compare_forget_dead(&c->comparison);
        }
        side_close(&c->other);
        if (!mounts_detach(&c->mounts, c->o->report) || !mounts_ask(c->o->socket, message, -1, c->o->report) ||
            !mounts_attach(&c->mounts, c->o->socket, c->o->report))
                return false;
        if (message != MESSAGE_REMOUNT)
                visit_side(&c->plain, VISIT_SETTLE);
        side_close(&c->plain);
        if (message == MESSAGE_LOAD)
                compare_forget_identities(&c->comparison);
        c->comparison.whole_seconds = message != MESSAGE_REMOUNT;
        return open_sides(c) && (message == MESSAGE_REMOUNT || settle_root(c)) && compare(c, at);
}

static bool run_whole(struct client *c, size_t at, const char *name)
{
        if (strcmp(name, "compare") == 0)
                return compare(c, at);
        if (strcmp(name, "remount") == 0)
                return change_stage(c, at, MESSAGE_REMOUNT);
        if (strcmp(name, "seal") == 0)
                return change_stage(c, at, MESSAGE_SEAL);
        if (strcmp(name, "save-and-load") == 0)
                return change_stage(c, at, MESSAGE_LOAD);
        visit_side(&c->plain, VISIT_AGE);
        visit_side(&c->other, VISIT_AGE);
        return true;
}

/* --- one operation --- */

struct outcome {
        int64_t value;
        struct result result;
};

static void run_side(struct side *s, const struct op *op, struct outcome *ret)
{
        *ret = (struct outcome){0, {BUFFER_INIT}};
        side_begin(s, op);
        ret->value = op->kind->run(s, op->args, &ret->result);
        side_end(s, op);
}

static void format_outcome(const struct outcome *outcome, struct buffer *ret)
{
        if (outcome->value < 0)
                buffer_printf(ret, "%s", strerrorname_np((int)-outcome->value));
        else
                buffer_printf(ret, "%lld", (long long)outcome->value);
        if (outcome->result.notes.size > 0)
                buffer_printf(ret, " (%s)", buffer_text(&outcome->result.notes));
}

static bool run_op(struct client *c, size_t at, const struct op *op)
{
        CLEANUP_BUFFER struct buffer plain_text = BUFFER_INIT;
        CLEANUP_BUFFER struct buffer other_text = BUFFER_INIT;
        struct outcome plain, other;
        bool equal;

        c->o->report->op = at;
        c->comparison.whole_seconds = false;
        run_side(&c->plain, op, &plain);
        run_side(&c->other, op, &other);
        format_outcome(&plain, &plain_text);
        format_outcome(&other, &other_text);
        if (c->o->verbose) {
                CLEANUP_BUFFER struct buffer line = BUFFER_INIT;

                op_format(op, &line);
                printf("%4zu  %s  = %s\n", at, buffer_text(&line), buffer_text(&plain_text));
                fflush(stdout);
        }
        equal = strcmp(buffer_text(&plain_text), buffer_text(&other_text)) == 0;
        if (!equal)
                report_fail(c->o->report, at, "gives %s, should give %s", buffer_text(&other_text),
                            buffer_text(&plain_text));
        buffer_free(&plain.result.notes);
        buffer_free(&other.result.notes);
        return equal;
}

/* The two roots were made by different hands. */
static bool equal_roots(struct client *c)
{
        struct timespec times[2] = {{.tv_nsec = UTIME_OMIT}, {.tv_sec = 1000000000}};

        return fchmod(c->plain.root, 0755) == 0 && fchmod(c->other.root, 0755) == 0 &&
               futimens(c->plain.root, times) == 0 && futimens(c->other.root, times) == 0;
}

static bool run_all(struct client *c)
{
        const struct op_list *ops = c->o->ops;

        for (size_t i = 0; i < ops->count; i++) {
                const struct op *op = &ops->ops[i];

                if (op->kind->flags & OP_WHOLE ? !run_whole(c, i, op->kind->name) : !run_op(c, i, op))
                        return false;
        }
        return compare(c, ops->count);
}

void client_main(const struct client_options *options)
{
        struct client c = {.o = options, .comparison = {.start = time(NULL) - 1}};
        bool good;

        signal(SIGPIPE, SIG_IGN); /* EPIPE is compared like any other errno */
        good = mounts_prepare(options->directory, options->socket, &c.mounts, options->report);
        side_init(&c.plain, "plain", c.mounts.plain, false);
        side_init(&c.other, "union", c.mounts.other, true);
        c.comparison.plain = &c.plain;
        c.comparison.other = &c.other;
        good = good && mounts_attach(&c.mounts, options->socket, options->report) && open_sides(&c);
        if (good && !equal_roots(&c)) {
                report_fail(options->report, 0, "cannot prepare the roots: %s", strerror(errno));
                good = false;
        }
        good = good && run_all(&c);
        side_close(&c.plain);
        side_close(&c.other);
        free(c.comparison.identities);
        if (good && mounts_detach(&c.mounts, options->report))
                good = mounts_ask(options->socket, MESSAGE_QUIT, -1, options->report);
        /* a leak found at exit is the checker's own, and only hides what was found */
        _exit(good && !options->report->failed ? 0 : 1);
}
