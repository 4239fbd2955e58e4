/* SPDX-License-Identifier: Apache-2.0 */
/*
 * "Did you mean": the nearest word by edit distance, swapped neighbours counting once (optimal string alignment); one that was
 * only cut short, tmp for tmpfs, is near however little is left.
 */
#include "dockerfile/suggest.h"

#include <ctype.h>
#include <string.h>
#include <strings.h>

#define SUGGEST_MAX 64

static int lower(char c)
{
        return tolower((unsigned char)c);
}

static unsigned least(unsigned a, unsigned b)
{
        return a < b ? a : b;
}

/* Three rows of the usual table are enough: the swap looks two rows back. */
static unsigned distance(const char *a, size_t an, const char *b, size_t bn)
{
        unsigned rows[3][SUGGEST_MAX + 1];

        for (size_t j = 0; j <= bn; j++)
                rows[0][j] = (unsigned)j;
        for (size_t i = 1; i <= an; i++) {
                unsigned *now = rows[i % 3], *up = rows[(i + 2) % 3], *two_up = rows[(i + 1) % 3];

                now[0] = (unsigned)i;
                for (size_t j = 1; j <= bn; j++) {
                        unsigned change = lower(a[i - 1]) != lower(b[j - 1]);

                        now[j] = least(up[j - 1] + change, least(up[j], now[j - 1]) + 1);
                        if (i > 1 && j > 1 && lower(a[i - 1]) == lower(b[j - 2]) && lower(a[i - 2]) == lower(b[j - 1]))
                                now[j] = least(now[j], two_up[j - 2] + 1);
                }
        }
        return rows[an % 3][bn];
}

const char *dockerfile_suggest(const char *word, const char *const *candidates, size_t count)
{
        size_t size = strlen(word);
        unsigned limit = least(3, size < 6 ? 1 : (unsigned)size / 3);
        const char *best = NULL;
        unsigned best_distance = limit + 1;

        if (size == 0 || size > SUGGEST_MAX)
                return NULL;
        for (size_t i = 0; i < count; i++) {
                size_t n = strlen(candidates[i]);
                unsigned d;

                if (n > SUGGEST_MAX)
                        continue;
                d = size >= 3 && n > size && n - size <= 3 && strncasecmp(word, candidates[i], size) == 0
                            ? 1
                            : distance(word, size, candidates[i], n);
                /* Nothing is left of a word of which every letter was replaced. */
                if (d < best_distance && d < n) {
                        best = candidates[i];
                        best_distance = d;
                }
        }
        return best;
}
