/* SPDX-License-Identifier: Apache-2.0 */
#ifndef BRYO_TESTS_UNIT_CHECK_H
#define BRYO_TESTS_UNIT_CHECK_H

#include <inttypes.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/*
 * The harness of the unit tests. A test program is a list of functions:
 *
 *     static void test_words(void) { CHECK_STR(join("a", "b"), "a/b"); }
 *     int main(void) { CHECK_RUN(test_words); return CHECK_END(); }
 *
 * A failing check prints the expression and both values, is counted, and the
 * function goes on. The program prints TAP-like lines "ok NAME"/"not ok NAME" and
 * exits 1 if any function failed, 77 after CHECK_SKIP.
 */
static int check_failures_;
__attribute__((unused)) static int check_failed_functions_;

__attribute__((unused)) static void check_report_(const char *file, int line, const char *text)
{
        check_failures_++;
        printf("# %s:%d: %s\n", file, line, text);
}

#define CHECK(condition)                                                  \
        do {                                                              \
                if (!(condition))                                         \
                        check_report_(__FILE__, __LINE__, "failed: " #condition); \
        } while (0)

#define CHECK_INT(actual, expected)                                                               \
        do {                                                                                      \
                long long a_ = (long long)(actual), e_ = (long long)(expected);                   \
                if (a_ != e_) {                                                                   \
                        check_report_(__FILE__, __LINE__, #actual);                               \
                        printf("#   is       %lld (0x%llx)\n#   expected %lld (0x%llx)\n", a_, (unsigned long long)a_, e_, \
                               (unsigned long long)e_);                                           \
                }                                                                                 \
        } while (0)

#define CHECK_STR(actual, expected)                                                          \
        do {                                                                                 \
                const char *a_ = (actual), *e_ = (expected);                                 \
                if (a_ == NULL || e_ == NULL ? a_ != e_ : strcmp(a_, e_) != 0) {             \
                        check_report_(__FILE__, __LINE__, #actual);                          \
                        printf("#   is       \"%s\"\n#   expected \"%s\"\n", a_ ? a_ : "(null)", e_ ? e_ : "(null)"); \
                }                                                                            \
        } while (0)

/* `actual` contains `part`. */
#define CHECK_HAS(actual, part)                                                              \
        do {                                                                                 \
                const char *a_ = (actual), *p_ = (part);                                     \
                if (a_ == NULL || strstr(a_, p_) == NULL) {                                  \
                        check_report_(__FILE__, __LINE__, #actual);                          \
                        printf("#   is       \"%s\"\n#   lacks    \"%s\"\n", a_ ? a_ : "(null)", p_); \
                }                                                                            \
        } while (0)

/* An int-returning call with a `struct error err` in scope must succeed, else its message is printed. */
#define CHECK_OK(call)                                                                       \
        do {                                                                                 \
                if ((call) < 0) {                                                            \
                        check_report_(__FILE__, __LINE__, #call);                            \
                        printf("#   error: %s\n", err.message ? err.message : "(not set)");  \
                }                                                                            \
        } while (0)

#define CHECK_RUN(function)                                                                  \
        do {                                                                                 \
                int before_ = check_failures_;                                               \
                function();                                                                  \
                if (check_failures_ != before_)                                              \
                        check_failed_functions_++;                                           \
                printf("%s %s\n", check_failures_ == before_ ? "ok" : "not ok", #function);  \
                fflush(stdout);                                                              \
        } while (0)

#define CHECK_SKIP(reason)                        \
        do {                                      \
                printf("# skip: %s\n", (reason)); \
                exit(77);                         \
        } while (0)

#define CHECK_END() (check_failed_functions_ ? 1 : 0)

#endif
