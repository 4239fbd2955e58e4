/* SPDX-License-Identifier: Apache-2.0 */
/* Decoding UTF-8 strictly but without failing, and the three classes of characters that the language cares about. */
#include "dockerfile/utf8.h"

size_t dockerfile_utf8_next(const char *s, size_t size, uint32_t *ret)
{
        static const uint32_t least[] = {0, 0, 0x80, 0x800, 0x10000};
        unsigned char first = (unsigned char)s[0];
        size_t need = first < 0x80 ? 1 : first >= 0xC2 && first < 0xE0 ? 2 : first >= 0xE0 && first < 0xF0 ? 3 : 4;
        uint32_t c;

        if (need == 1) {
                *ret = first;
                return 1;
        }
        *ret = DOCKERFILE_UTF8_BAD + first;
        if (first < 0xC2 || first > 0xF4 || need > size)
                return 1;
        c = first & (0xFFu >> (need + 1));
        for (size_t i = 1; i < need; i++) {
                unsigned char next = (unsigned char)s[i];

                if ((next & 0xC0) != 0x80)
                        return 1;
                c = (c << 6) | (next & 0x3Fu);
        }
        if (c < least[need] || c > 0x10FFFF || (c >= 0xD800 && c <= 0xDFFF))
                return 1;
        *ret = c;
        return need;
}

bool dockerfile_utf8_is_space(uint32_t c)
{
        return (c >= 0x09 && c <= 0x0D) || c == 0x20 || c == 0x85 || c == 0xA0 || c == 0x1680 ||
               (c >= 0x2000 && c <= 0x200A) || c == 0x2028 || c == 0x2029 || c == 0x202F || c == 0x205F || c == 0x3000;
}

bool dockerfile_utf8_is_letter(uint32_t c)
{
        /* The letter blocks of the Basic Multilingual Plane that have keyboards; punctuation between them is left out.
         */
        static const struct {
                uint32_t first, last;
        } blocks[] = {
                {0x41, 0x5A},     {0x61, 0x7A},     {0xAA, 0xAA},     {0xB5, 0xB5},     {0xBA, 0xBA},
                {0xC0, 0xD6},     {0xD8, 0xF6},     {0xF8, 0x2C1},    {0x370, 0x373},   {0x376, 0x377},
                {0x37B, 0x37D},   {0x386, 0x386},   {0x388, 0x3F5},   {0x3F7, 0x481},   {0x48A, 0x556},
                {0x560, 0x588},   {0x5D0, 0x5EA},   {0x620, 0x64A},   {0x671, 0x6D3},   {0x904, 0x939},
                {0x985, 0x9B9},   {0xE01, 0xE30},   {0xE40, 0xE46},   {0x10A0, 0x10FA}, {0x1E00, 0x1FBC},
                {0x3041, 0x3096}, {0x30A1, 0x30FA}, {0x3105, 0x318E}, {0x3400, 0x4DBF}, {0x4E00, 0x9FFF},
                {0xAC00, 0xD7A3}, {0xFF21, 0xFF3A}, {0xFF41, 0xFF5A},
        };

        for (size_t i = 0; i < sizeof(blocks) / sizeof(blocks[0]) && c >= blocks[i].first; i++)
                if (c <= blocks[i].last)
                        return true;
        return false;
}

bool dockerfile_utf8_is_unsafe(uint32_t c)
{
        return c < 0x20 || (c >= 0x7F && c <= 0x9F) || (c >= DOCKERFILE_UTF8_BAD && c <= DOCKERFILE_UTF8_BAD + 0xFF) ||
               c == 0x061C || c == 0x200E || c == 0x200F || (c >= 0x2028 && c <= 0x202E) ||
               (c >= 0x2066 && c <= 0x2069) || c == 0xFEFF;
}

void dockerfile_utf8_trim(const char *text, size_t *start, size_t *end)
{
        uint32_t c;

        while (*start < *end) {
                size_t n = dockerfile_utf8_next(text + *start, *end - *start, &c);

                if (!dockerfile_utf8_is_space(c))
                        break;
                *start += n;
        }
        while (*end > *start) {
                size_t n = 1;

                while (n < 4 && *end - *start > n && ((unsigned char)text[*end - n] & 0xC0) == 0x80)
                        n++;
                if (dockerfile_utf8_next(text + *end - n, n, &c) != n || !dockerfile_utf8_is_space(c))
                        break;
                *end -= n;
        }
}
