/* SPDX-License-Identifier: Apache-2.0 */
/* Files made to be slow: every one must end within a second, with a result or an error. */
#include <time.h>

#include "common/memory.h"
#include "dockerfile/parser.h"
#include "tests/unit/check.h"

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
        char *text = memory_alloc(size + 64);
        clock_t worst = 0;
        size_t slowest_head = 0;
        size_t slowest_piece = 0;
        struct error err = ERROR_INIT;
        struct dockerfile *d;

        for (size_t h = 0; h < ARRAY_SIZE(heads); h++)
                for (size_t k = 0; k < ARRAY_SIZE(pieces); k++) {
                        size_t n = strlen(heads[h]);
                        size_t in_line = n;
                        clock_t before;
                        clock_t took;

                        memcpy(text, heads[h], n);
                        while (n + 32 < size) {
                                size_t piece = strlen(pieces[k]);

                                memcpy(text + n, pieces[k], piece);
                                n += piece;
                                in_line = pieces[k][piece - 1] == '\n' ? 0 : in_line + piece;
                                if (in_line > 60000) {
                                        memcpy(text + n, "\\\n", 2);
                                        n += 2;
                                        in_line = 0;
                                }
                        }
                        before = clock();
                        if (dockerfile_parse(text, n, "Dockerfile", &d, &err) == 0)
                                dockerfile_free(d);
                        error_clear(&err);
                        took = clock() - before;
                        if (took > worst) {
                                worst = took;
                                slowest_head = h;
                                slowest_piece = k;
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
