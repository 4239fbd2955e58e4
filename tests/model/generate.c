/* SPDX-License-Identifier: Apache-2.0 */
/* Random sequences of operations. */
#include "tests/model/generate.h"

#include "tests/model/args.h"

#define BASE_LAYERS     3
#define BASE_OPERATIONS 35

struct generator {
        struct random random;
        struct op_list *list;
        const struct kind *kinds;
        size_t kind_count;
};

/* A kind, by weight, of those that have all the flags. */
static const struct kind *draw_kind(struct generator *g, unsigned flags)
{
        unsigned sum = 0;
        uint32_t chosen;

        for (size_t i = 0; i < g->kind_count; i++)
                if ((g->kinds[i].flags & flags) == flags)
                        sum += g->kinds[i].weight;
        chosen = random_below(&g->random, sum);
        for (size_t i = 0;; i++) {
                if ((g->kinds[i].flags & flags) != flags)
                        continue;
                if (chosen < g->kinds[i].weight)
                        return &g->kinds[i];
                chosen -= g->kinds[i].weight;
        }
}

static void add_random(struct generator *g, unsigned flags)
{
        struct op op = {.kind = draw_kind(g, flags)};
        uint32_t actor = random_below(&g->random, 10);

        op.actor = actor < 7 ? ACTOR_ROOT : actor < 9 ? ACTOR_APP : ACTOR_OTHER;
        for (size_t i = 0; op.kind->signature[i] != '\0'; i++)
                op.args[i] = arg_draw(op.kind->signature[i], &g->random);
        op_list_add(g->list, &op);
}

static void add_line(struct generator *g, const char *line)
{
        const char *why;
        struct op op;

        if (op_parse(line, &op, &why) == 0)
                op_list_add(g->list, &op);
}

void generate_sequence(uint64_t seed, size_t count, struct op_list *ret)
{
        struct generator g = {.random = {seed * UINT64_C(0x9e3779b97f4a7c15) + 1}, .list = ret};

        g.kinds = kind_table(&g.kind_count);
        /* most sequences let everybody in */
        if (random_below(&g.random, 4) > 0)
                add_line(&g, random_below(&g.random, 2) ? "root: chmod . 0777" : "root: chmod . 01777");
        for (unsigned layer = 0; layer < BASE_LAYERS; layer++) {
                for (unsigned i = 0; i < BASE_OPERATIONS; i++)
                        add_random(&g, OP_BUILDS);
                add_line(&g, random_below(&g.random, 3) == 0 ? "root: save-and-load" : "root: seal");
        }
        for (size_t i = 1; i <= count; i++) {
                add_random(&g, 0);
                if (i % 25 == 0)
                        add_line(&g, "root: compare");
                switch (random_below(&g.random, 600)) {
                case 0:
                case 1:
                case 2:
                        add_line(&g, "root: seal");
                        break;
                case 3:
                        add_line(&g, "root: save-and-load");
                        break;
                case 4:
                case 5:
                        add_line(&g, "root: remount");
                        break;
                case 6:
                case 7:
                        add_line(&g, "root: age");
                        break;
                default:
                        break;
                }
        }
        add_line(&g, "root: seal");
        add_line(&g, "root: save-and-load");
}
