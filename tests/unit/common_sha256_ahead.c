/* SPDX-License-Identifier: Apache-2.0 */
#include "common/sha256_ahead.h"

#include <stdlib.h>
#include <string.h>

#include "common/memory.h"
#include "tests/unit/check.h"

/* The digest is that of the bytes, in whatever pieces they come and whether a thread was worth while or not. */
static void check_stream(size_t size, size_t piece)
{
        struct sha256_ahead *a = sha256_ahead_new();
        char *bytes = memory_alloc(size + 1);
        struct sha256_digest expected, is;

        for (size_t i = 0; i < size; i++)
                bytes[i] = (char)(i * 7 + i / 251);
        sha256_of(bytes, size, &expected);
        for (size_t at = 0; at < size; at += piece)
                sha256_ahead_update(a, bytes + at, size - at < piece ? size - at : piece);
        sha256_ahead_final(a, &is);
        sha256_ahead_free(a);
        CHECK(sha256_equal(&is, &expected));
        free(bytes);
}

static void test_streams(void)
{
        static const size_t sizes[] = { 0, 1, 512, 262143, 262144, 262145, 1048576, 1048577, 5000001 };
        static const size_t pieces[] = { 512, 10000, 262144, 3000000 };

        for (size_t i = 0; i < sizeof(sizes) / sizeof(sizes[0]); i++)
                for (size_t k = 0; k < sizeof(pieces) / sizeof(pieces[0]); k++)
                        check_stream(sizes[i], pieces[k]);
}

static void test_given_up(void)
{
        static const char bytes[100] = "";
        struct sha256_ahead *a = sha256_ahead_new();

        sha256_ahead_free(a);
        a = sha256_ahead_new();
        for (int i = 0; i < 30000; i++)
                sha256_ahead_update(a, bytes, sizeof(bytes));
        sha256_ahead_free(a);
}

/* A hash goes on from where another was suspended, and a mark says what there is to go on from. */
static void test_marks(void)
{
        static const size_t places[] = { 0, 64, 4096, 262144, 262208, 1300480, 4999936 };
        const size_t size = 5000001, count = sizeof(places) / sizeof(places[0]);
        struct sha256_ahead *a = sha256_ahead_new();
        struct sha256_digest marks[7], expected, is;
        char *bytes = memory_alloc(size);
        struct sha256 h;

        for (size_t i = 0; i < size; i++)
                bytes[i] = (char)(i * 5 + i / 241);
        sha256_of(bytes, size, &expected);
        for (size_t i = 0; i < count; i++) {
                size_t end = i + 1 < count ? places[i + 1] : size;

                sha256_ahead_mark(a, &marks[i]);
                sha256_ahead_update(a, bytes + places[i], end - places[i]);
        }
        sha256_ahead_final(a, &is);
        sha256_ahead_free(a);
        CHECK(sha256_equal(&is, &expected));
        for (size_t i = 0; i < count; i++) {
                sha256_resume(&h, &marks[i], places[i]);
                sha256_update(&h, bytes + places[i], size - places[i]);
                sha256_final(&h, &is);
                CHECK(sha256_equal(&is, &expected));
                a = sha256_ahead_new();
                sha256_ahead_resume(a, &marks[i], places[i]);
                sha256_ahead_update(a, bytes + places[i], size - places[i]);
                sha256_ahead_final(a, &is);
                sha256_ahead_free(a);
                CHECK(sha256_equal(&is, &expected));
        }
        sha256_init(&h);
        CHECK(sha256_suspend(&h, &is));
        sha256_update(&h, bytes, 65);
        CHECK(!sha256_suspend(&h, &is));
        free(bytes);
}

/* More than 512 MiB: the count of bits needs more than 32 of them. */
static void test_long_resume(void)
{
        struct sha256 h, resumed;
        struct sha256_digest state, expected, is;
        char *bytes = memory_zalloc(1, 1 << 20);
        uint64_t size = 0;

        sha256_init(&h);
        for (; size < (uint64_t)520 << 20; size += 1 << 20)
                sha256_update(&h, bytes, 1 << 20);
        CHECK(sha256_suspend(&h, &state));
        sha256_resume(&resumed, &state, size);
        sha256_update(&h, "end", 3);
        sha256_update(&resumed, "end", 3);
        sha256_final(&h, &expected);
        sha256_final(&resumed, &is);
        CHECK(sha256_equal(&is, &expected));
        free(bytes);
}

int main(void)
{
        CHECK_RUN(test_marks);
        CHECK_RUN(test_long_resume);
        CHECK_RUN(test_streams);
        CHECK_RUN(test_given_up);
        return CHECK_END();
}
