/* SPDX-License-Identifier: Apache-2.0 */
/* Files made to be slow: every one must end within a second, with a result or an error. */
#include <stdbool.h>
#include <string.h>
#include <time.h>

#include "common/memory.h"
#include "dockerfile/parser.h"
#include "tests/unit/check.h"

/* Room in front of a filled text for what it begins with. */
#define HEAD 64

/* Fills `text` with the piece again and again, in lines that are not too long to be read; returns its size. */
static size_t fill(char *text, size_t size, const char *piece)
{
        const size_t length = strlen(piece);
        const bool ends_line = piece[length - 1] == '\n';
        size_t in_line = 0;
        size_t n = 0;

        while (n + 32 < size) {
                memcpy(text + n, piece, length);
                n += length;
                in_line = ends_line ? 0 : in_line + length;
                if (in_line > 60000) {
                        memcpy(text + n, "\\\n", 2);
                        n += 2;
                        in_line = 0;
                }
        }
        return n;
}

static clock_t parse(const char *text, size_t size)
{
        CLEANUP_ERROR struct error err = ERROR_INIT;
        clock_t before = clock();
        struct dockerfile *d;

        if (dockerfile_parse(text, size, "Dockerfile", &d, &err) == 0)
                dockerfile_free(d);
        return clock() - before;
}

/* Hostile files end soon, in an error or not. */
static void test_hostile(void)
{
        static const char *const pieces[] = {"RUN a \\\n", "[",       "{",          "RUN <<a<<b ", "$((",
                                             "${",         "# x=y\n", "a=b ",       "RUN [",       "\"",
                                             "\\",         "<<- ",    "--mount=a ", "((",          "\n\n# c\n"};
        static const char *const heads[] = {"",
                                            "FROM a\nRUN ",
                                            "FROM a\nENV ",
                                            "FROM a\nCOPY ",
                                            "FROM a\nRUN x <<E ",
                                            "FROM a\nRUN [",
                                            "FROM a\nCMD ["};
        const size_t size = 3u << 20;
        char *text = memory_alloc(HEAD + size + 64);
        clock_t worst = 0;
        size_t slowest_head = 0;
        size_t slowest_piece = 0;

        for (size_t k = 0; k < ARRAY_SIZE(pieces); k++) {
                size_t filled = fill(text + HEAD, size, pieces[k]);

                for (size_t h = 0; h < ARRAY_SIZE(heads); h++) {
                        size_t n = strlen(heads[h]);
                        clock_t took;

                        memcpy(text + HEAD - n, heads[h], n);
                        took = parse(text + HEAD - n, n + filled);
                        if (took > worst) {
                                worst = took;
                                slowest_head = h;
                                slowest_piece = k;
                        }
                }
        }
        free(text);
        printf("# slowest hostile file: %.3f s (%s%s...)\n", (double)worst / CLOCKS_PER_SEC, heads[slowest_head],
               pieces[slowest_piece]);
#ifndef BRYO_SANITIZED
        CHECK(worst < CLOCKS_PER_SEC);
#endif
}

int main(void)
{
        CHECK_RUN(test_hostile);
        return CHECK_END();
}
