/* SPDX-License-Identifier: Apache-2.0 */
/* Large but honest input: what its time is, and that it is in proportion. */
#include <time.h>

#include "common/buffer.h"
#include "common/memory.h"
#include "dockerfile/ignore.h"
#include "dockerfile/parser.h"
#include "tests/unit/check.h"

#ifdef BRYO_SANITIZED
#define SLOWER 20
#else
#define SLOWER 1
#endif

static double seconds_since(clock_t begun)
{
        return (double)(clock() - begun) / CLOCKS_PER_SEC;
}

/* `lines` lines of what people write, eight different kinds. */
static void write_file(struct buffer *text, unsigned lines)
{
        buffer_append_string(text, "FROM debian:12 AS base\n");
        for (unsigned i = 1; i < lines; i += 8) {
                buffer_printf(text, "# comment %u\n", i);
                buffer_printf(text, "ENV NAME_%u=\"value $HOME/%u\" OTHER=${NAME_%u:-none}\n", i, i, i);
                buffer_printf(text, "COPY --chown=1000:1000 src/%u.c include/%u.h /app/%u/\n", i, i, i);
                buffer_printf(text, "RUN --mount=type=cache,target=/var/cache/%u make -C /app/%u \\\n", i, i);
                buffer_printf(text, "    && make install DESTDIR=/out/%u\n", i);
                buffer_printf(text, "LABEL org.example.key%u=\"some text\"\n", i);
                buffer_printf(text, "RUN [\"/bin/sh\", \"-c\", \"echo %u\"]\n", i);
                buffer_printf(text, "ARG VERSION_%u=1.%u\n", i, i);
        }
}

static double parse(unsigned lines, size_t *ret_count)
{
        CLEANUP_BUFFER struct buffer text = BUFFER_INIT;
        double best = 1e9;

        write_file(&text, lines);
        for (unsigned round = 0; round < 3; round++) {
                CLEANUP_ERROR struct error err = ERROR_INIT;
                struct dockerfile *d = NULL;
                clock_t begun = clock();
                double took;

                CHECK_OK(dockerfile_parse(text.data, text.size, "Dockerfile", &d, &err));
                took = seconds_since(begun);
                best = took < best ? took : best;
                *ret_count = d ? d->instruction_count : 0;
                dockerfile_free(d);
        }
        return best;
}

/* The goal is 20 ms; what is checked leaves room for a busy machine and a build without optimisation. */
static void test_ten_thousand_lines(void)
{
        size_t count = 0;
        double small, large;

        small = parse(1001, &count);
        large = parse(10001, &count);
        printf("# 10,000 lines: %.1f ms, 1,000 lines: %.1f ms\n", large * 1000, small * 1000);
        CHECK_INT(count, 1 + 10000 / 8 * 6);
        CHECK(large < 0.2 * SLOWER);
        CHECK(large < 30 * small + 0.01);
}

/* As one pattern, and as lines: a depth-first matcher would go through every way to share the directories among them.
 */
static void test_thousand_double_stars(void)
{
        CLEANUP_ERROR struct error err = ERROR_INIT;
        CLEANUP_BUFFER struct buffer pattern = BUFFER_INIT;
        CLEANUP_BUFFER struct buffer apart = BUFFER_INIT;
        CLEANUP_BUFFER struct buffer path = BUFFER_INIT;
        clock_t begun = clock();

        for (unsigned i = 0; i < 1000; i++) {
                buffer_append_string(&pattern, "**/");
                if (i < 500)
                        buffer_append_string(&apart, "**/a*/"); /* these cannot be made one */
                buffer_append_string(&path, "ab/");
        }
        buffer_append_string(&pattern, "x\n");
        buffer_append_string(&apart, "x\n");
        buffer_append_string(&path, "y");
        for (unsigned which = 0; which < 2; which++) {
                const struct buffer *text = which ? &apart : &pattern;
                CLEANUP_IGNORE struct dockerfile_ignore *m = NULL;

                CHECK_OK(dockerfile_ignore_parse(text->data, text->size, ".dockerignore", &m, &err));
                CHECK(m && !dockerfile_ignore_matches(m, path.data, NULL));
                path.data[path.size - 1] = 'x';
                CHECK(m && dockerfile_ignore_matches(m, path.data, NULL));
                path.data[path.size - 1] = 'y';
        }
        printf("# a thousand **/: %.3f s\n", seconds_since(begun));
        CHECK(seconds_since(begun) < 1.0 * SLOWER);
}

int main(void)
{
        CHECK_RUN(test_ten_thousand_lines);
        CHECK_RUN(test_thousand_double_stars);
        return CHECK_END();
}
