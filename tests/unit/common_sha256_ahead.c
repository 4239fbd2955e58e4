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

int main(void)
{
        CHECK_RUN(test_streams);
        CHECK_RUN(test_given_up);
        return CHECK_END();
}
