/* SPDX-License-Identifier: Apache-2.0 */
/* The extents of a body against a plain map of bytes, and what many of them cost. */
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "common/memory.h"
#include "overlay/extents.h"
#include "tests/unit/check.h"

static uint64_t state = 20261121;

static uint64_t rnd(void)
{
        state ^= state << 13;
        state ^= state >> 7;
        state ^= state << 17;
        return state;
}

/* The model: a sorted array. */
#define MODEL_MAX 4000
static struct body_extent model[MODEL_MAX + 8];
static uint32_t model_count;

static void model_splice(uint32_t at, uint32_t removed, const struct body_extent *run, uint32_t count)
{
        memmove(&model[at + count], &model[at + removed], (model_count - at - removed) * sizeof(*model));
        memcpy(&model[at], run, count * sizeof(*run));
        model_count += count - removed;
}

static struct extent_place place_of(const struct body_extents *extents, uint32_t number)
{
        struct extent_place place = {0, 0};

        while (number-- > 0)
                place = overlay_extents_next(extents, place);
        return place;
}

static void compare(const struct body_extents *extents)
{
        struct extent_place place = {0, 0};
        uint64_t length = 0;
        uint32_t i = 0;

        for (; overlay_extents_at(extents, place) != NULL; place = overlay_extents_next(extents, place), i++) {
                if (i >= model_count || memcmp(overlay_extents_at(extents, place), &model[i], sizeof(*model)) != 0) {
                        CHECK_INT(i, -1);
                        return;
                }
                length += model[i].length;
        }
        CHECK_INT(i, model_count);
        CHECK_INT(extents->count, model_count);
        CHECK_INT(overlay_extents_length(extents), length);
        while (i-- > 0) {
                CHECK(overlay_extents_previous(extents, &place));
                if (overlay_extents_at(extents, place)->offset != model[i].offset)
                        CHECK_INT(i, -2);
        }
        CHECK(!overlay_extents_previous(extents, &place));
}

/* The extents of the model have offsets with room between them, so that some more always fit. */
static void random_run(uint32_t at, uint32_t removed, uint32_t count, struct body_extent *run)
{
        uint64_t begin = at > 0 ? model[at - 1].offset + model[at - 1].length : 0;
        uint64_t end = at + removed < model_count ? model[at + removed].offset : begin + (UINT64_C(1) << 40);
        uint64_t share = (end - begin) / (count + 1);

        for (uint32_t i = 0; i < count; i++)
                run[i] = (struct body_extent){begin + share * i + share / 2, 1 + rnd() % (share / 4), rnd(), 1, 0};
}

static void check_find(const struct body_extents *extents)
{
        uint32_t want = 0;
        uint64_t offset;
        struct extent_place place;

        if (model_count == 0)
                return;
        offset = model[rnd() % model_count].offset + rnd() % 3 - 1;
        while (want < model_count && model[want].offset + model[want].length <= offset)
                want++;
        place = overlay_extents_find(extents, offset);
        if (want == model_count)
                CHECK(overlay_extents_at(extents, place) == NULL);
        else
                CHECK_INT(overlay_extents_at(extents, place)->offset, model[want].offset);
}

static void test_against_an_array(void)
{
        for (int round = 0; round < 40; round++) {
                struct body_extents extents = {.count = 0};
                uint32_t bias = (uint32_t)rnd() % 4; /* grows, stays small, shrinks */

                model_count = 0;
                for (int step = 0; step < 3000; step++) {
                        uint32_t at = rnd() % 3 == 0 ? model_count : (uint32_t)rnd() % (model_count + 1);
                        uint32_t most = rnd() % 64 == 0 ? model_count : bias == 3 ? 6 : 3;
                        uint32_t removed = (uint32_t)rnd() % (most + 1), count = (uint32_t)rnd() % 6;
                        struct body_extent run[5];

                        if (removed > model_count - at)
                                removed = model_count - at;
                        if (model_count + count > MODEL_MAX ||
                            (at + removed < model_count && count > 0 &&
                             model[at + removed].offset - (at > 0 ? model[at - 1].offset + model[at - 1].length : 0) <
                                     64))
                                count = 0;
                        random_run(at, removed, count, run);
                        overlay_extents_splice(&extents, place_of(&extents, at), removed, run, count);
                        model_splice(at, removed, run, count);
                        check_find(&extents);
                        if (step % 50 == 0)
                                compare(&extents);
                }
                compare(&extents);
                overlay_extents_clear(&extents);
                CHECK_INT(extents.count, 0);
        }
}

/* Blocks that are given out in random order, as a database or a torrent writes them: ns for each. */
static double insert_blocks(uint32_t count)
{
        CLEANUP_FREE uint32_t *order = memory_alloc(count * sizeof(*order));
        struct body_extents extents = {.count = 0};
        struct timespec begin, end;

        for (uint32_t i = 0; i < count; i++)
                order[i] = i;
        for (uint32_t i = count; i-- > 1;) {
                uint32_t other = (uint32_t)(rnd() % (i + 1)), swap = order[i];

                order[i] = order[other];
                order[other] = swap;
        }
        clock_gettime(CLOCK_THREAD_CPUTIME_ID, &begin);
        for (uint32_t i = 0; i < count; i++) {
                struct body_extent extent = {order[i] * UINT64_C(8192), 4096, i * UINT64_C(4096), 0, EXTENT_OWNED};

                overlay_extents_splice(&extents, overlay_extents_find(&extents, extent.offset), 0, &extent, 1);
        }
        clock_gettime(CLOCK_THREAD_CPUTIME_ID, &end);
        CHECK_INT(extents.count, count);
        overlay_extents_clear(&extents);
        return ((double)(end.tv_sec - begin.tv_sec) * 1e9 + (double)(end.tv_nsec - begin.tv_nsec)) / count;
}

/* A sorted array makes thirty times as many cost thirty times as much each. */
static void test_many_cost_little_more(void)
{
        double few = insert_blocks(10000), many = insert_blocks(300000);

        printf("# %.0f ns each of 10000 random blocks, %.0f of 300000\n", few, many);
        CHECK(many < few * 12);
}

int main(void)
{
        CHECK_RUN(test_against_an_array);
        CHECK_RUN(test_many_cost_little_more);
        return CHECK_END();
}
