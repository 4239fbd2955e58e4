/* SPDX-License-Identifier: Apache-2.0 */
/* UTF-8, strictly: yajl's own check lets overlong forms through, and Go, which reads what we write, does not. */
#include "oci/utf8.h"

size_t oci_utf8_length(const void *bytes, size_t size)
{
        const unsigned char *p = bytes;
        unsigned char low = 0x80;
        unsigned char high = 0xbf;
        size_t n;

        if (p[0] < 0x80)
                return 1;
        if (p[0] >= 0xc2 && p[0] <= 0xdf)
                n = 2;
        else if ((p[0] & 0xf0) == 0xe0)
                n = 3;
        else if (p[0] >= 0xf0 && p[0] <= 0xf4)
                n = 4;
        else
                return 0;
        if (n > size)
                return 0;
        if (p[0] == 0xe0)
                low = 0xa0;
        if (p[0] == 0xed)
                high = 0x9f;
        if (p[0] == 0xf0)
                low = 0x90;
        if (p[0] == 0xf4)
                high = 0x8f;
        if (p[1] < low || p[1] > high)
                return 0;
        for (size_t i = 2; i < n; i++)
                if ((p[i] & 0xc0) != 0x80)
                        return 0;
        return n;
}

bool oci_utf8_is_valid(const void *bytes, size_t size)
{
        const unsigned char *p = bytes;

        while (size > 0) {
                size_t n = oci_utf8_length(p, size);

                if (n == 0)
                        return false;
                p += n;
                size -= n;
        }
        return true;
}
