/* SPDX-License-Identifier: Apache-2.0 */
/* What cannot be compressed, told from how frequent bytes are and from what comes again. */
#include "oci/noise.h"

#include <string.h>

/*
 * The squares of the counts of n bytes sum up to (n^2 + n * chi-squared) / 256. Chi-squared is 255 +- 23 for noise, and
 * Huffman codes save some chi-squared / (2 n ln 2) bits of each byte: 0.05 of 8 for 570 in 8192 bytes.
 */
#define CHI_SQUARED_MAX 570u
/* Text is known for what it is after so many bytes. */
#define GLANCE 1024u
/* One in so many groups of four bytes is looked up: which, depends on the group alone, so that two copies of one thing show the
 * same groups wherever they lie. */
#define SAMPLE_BITS 4
/* Of the 512 groups of a piece that are looked up; noise has none that comes again. */
#define AGAIN_MAX 8u

void oci_noise_reset(struct oci_noise *n)
{
        memset(n->seen, 0, sizeof(n->seen));
}

static bool is_even(const uint32_t counts[4][256], uint32_t size)
{
        uint64_t squares = 0;

        for (unsigned i = 0; i < 256; i++) {
                uint64_t count = (uint64_t)counts[0][i] + counts[1][i] + counts[2][i] + counts[3][i];

                squares += count * count;
        }
        return squares * 256 < (uint64_t)size * size + (uint64_t)size * CHI_SQUARED_MAX;
}

/* Four tables, so that two equal bytes in a row do not wait for each other. */
static void count(uint32_t counts[4][256], const unsigned char *bytes, size_t size)
{
        for (size_t i = 0; i < size; i += 4) {
                counts[0][bytes[i]]++;
                counts[1][bytes[i + 1]]++;
                counts[2][bytes[i + 2]]++;
                counts[3][bytes[i + 3]]++;
        }
}

/* Of groups that are like each other, too, no two are (MurmurHash3's first steps). */
static uint32_t hash_of(uint32_t group)
{
        group *= 0x85ebca6bu;
        group ^= group >> 15;
        return group * 0xc2b2ae35u;
}

static bool is_new(struct oci_noise *n, const unsigned char *bytes)
{
        unsigned again = 0;

        for (size_t i = 0; i + 4 <= OCI_NOISE_PIECE; i++) {
                uint32_t group, hash;

                memcpy(&group, bytes + i, sizeof(group));
                hash = hash_of(group);
                if (hash >> (32 - SAMPLE_BITS) != 0)
                        continue;
                hash = hash >> (20 - SAMPLE_BITS) & 4095;
                again += n->seen[hash] == group;
                n->seen[hash] = group;
        }
        return again <= AGAIN_MAX;
}

bool oci_noise_has(struct oci_noise *n, const void *piece)
{
        uint32_t counts[4][256] = {{0}};

        count(counts, piece, GLANCE);
        if (!is_even(counts, GLANCE))
                return false;
        count(counts, (const unsigned char *)piece + GLANCE, OCI_NOISE_PIECE - GLANCE);
        return is_even(counts, OCI_NOISE_PIECE) && is_new(n, piece);
}
