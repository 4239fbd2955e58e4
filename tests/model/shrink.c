/* SPDX-License-Identifier: Apache-2.0 */
/* The search for the smallest list that still fails. */
#include "tests/model/shrink.h"

#include <string.h>

#include "tests/model/args.h"

struct shrinking {
        const struct run_options *o;
        struct op_list *best;
        struct report *report;
        unsigned runs_left;
};

/*
 * What a failure is about: its text without names, numbers and places. A smaller list that fails in another way is
 * another bug, and would hide this one.
 */
static void kind_of_failure(const struct report *report, struct buffer *ret)
{
        const char *text = strstr(report->text, ": ");

        for (text = text ? text + 2 : report->text; *text; text++)
                if ((*text >= 'a' && *text <= 'z') || (*text >= 'A' && *text <= 'Z'))
                        buffer_append_char(ret, *text);
}

static bool is_same_failure(const struct report *one, const struct report *other)
{
        CLEANUP_BUFFER struct buffer a = BUFFER_INIT;
        CLEANUP_BUFFER struct buffer b = BUFFER_INIT;

        kind_of_failure(one, &a);
        kind_of_failure(other, &b);
        return strcmp(buffer_text(&a), buffer_text(&b)) == 0;
}

/* Keeps the list if it fails in the same way, and cuts what follows the failure. */
static bool try_list(struct shrinking *s, const struct op_list *list)
{
        struct report report;

        if (s->runs_left == 0)
                return false;
        s->runs_left--;
        if (run_list(s->o, list, &report) || !is_same_failure(&report, s->report))
                return false;
        op_list_copy(s->best, list);
        if (report.op + 1 < s->best->count)
                s->best->count = report.op + 1;
        *s->report = report;
        return true;
}

static bool try_without(struct shrinking *s, size_t from, size_t count)
{
        CLEANUP_OP_LIST struct op_list list = OP_LIST_INIT;

        for (size_t i = 0; i < s->best->count; i++)
                if (i < from || i >= from + count)
                        op_list_add(&list, &s->best->ops[i]);
        return try_list(s, &list);
}

/* From the end: what is late is least likely to be needed by what is later. */
static bool drop_bunches(struct shrinking *s, size_t size)
{
        bool any = false;

        for (size_t end = s->best->count; end > 0 && s->runs_left > 0;) {
                size_t from = end > size ? end - size : 0;

                any |= try_without(s, from, end - from);
                end = from < s->best->count ? from : s->best->count;
        }
        return any;
}

static bool simplify(struct shrinking *s, size_t i, size_t arg)
{
        char letter = s->best->ops[i].kind->signature[arg];
        uint64_t simpler;

        for (unsigned attempt = 0; arg_simplify(letter, s->best->ops[i].args[arg], attempt, &simpler); attempt++) {
                CLEANUP_OP_LIST struct op_list list = OP_LIST_INIT;

                if (simpler == s->best->ops[i].args[arg])
                        continue;
                op_list_copy(&list, s->best);
                list.ops[i].args[arg] = simpler;
                if (try_list(s, &list))
                        return true;
        }
        return false;
}

static void simplify_all(struct shrinking *s)
{
        for (size_t i = 0; i < s->best->count; i++) {
                if (s->best->ops[i].actor != ACTOR_ROOT) {
                        CLEANUP_OP_LIST struct op_list list = OP_LIST_INIT;

                        op_list_copy(&list, s->best);
                        list.ops[i].actor = ACTOR_ROOT;
                        (void)try_list(s, &list);
                }
                for (size_t arg = 0; i < s->best->count && s->best->ops[i].kind->signature[arg] != '\0'; arg++)
                        (void)simplify(s, i, arg);
        }
}

void shrink_list(const struct run_options *options, struct op_list *list, struct report *report, unsigned limit)
{
        CLEANUP_OP_LIST struct op_list best = OP_LIST_INIT;
        struct shrinking s = {.o = options, .best = &best, .report = report, .runs_left = limit};

        op_list_copy(&best, list);
        if (report->op + 1 < best.count)
                best.count = report->op + 1;
        for (size_t size = best.count / 2 + 1; s.runs_left > 0; size = (size + 1) / 2) {
                bool any = drop_bunches(&s, size);

                if (size == 1 && !any)
                        break;
        }
        simplify_all(&s);
        while (s.runs_left > 0 && drop_bunches(&s, 1))
                ;
        op_list_copy(list, &best);
}
