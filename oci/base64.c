/* SPDX-License-Identifier: Apache-2.0 */
/* Base64, in which credentials are written: in files, in headers and in URLs' users. Strict, so that one text is one
 * credential. */
#include "oci/base64.h"

#include <stdint.h>
#include <string.h>

static const char digits[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";

void oci_base64_encode(const void *bytes, size_t size, struct buffer *ret)
{
        const unsigned char *from = bytes;

        for (size_t i = 0; i < size; i += 3) {
                unsigned b1 = i + 1 < size ? from[i + 1] : 0, b2 = i + 2 < size ? from[i + 2] : 0;
                unsigned group = (unsigned)from[i] << 16 | b1 << 8 | b2;

                buffer_append_char(ret, digits[group >> 18]);
                buffer_append_char(ret, digits[group >> 12 & 63]);
                buffer_append_char(ret, i + 1 < size ? digits[group >> 6 & 63] : '=');
                buffer_append_char(ret, i + 2 < size ? digits[group & 63] : '=');
        }
}

int oci_base64_decode(const char *text, struct buffer *ret)
{
        size_t size = strlen(text), padding = 0;

        if (size % 4 != 0)
                return -1;
        while (padding < 2 && size > padding && text[size - padding - 1] == '=')
                padding++;
        for (size_t i = 0; i < size; i += 4) {
                size_t missing = i + 4 == size ? padding : 0;
                uint32_t group = 0;

                for (size_t k = 0; k < 4; k++) {
                        const char *digit = k < 4 - missing ? strchr(digits, text[i + k]) : digits;

                        if (!digit)
                                return -1;
                        group = group << 6 | (uint32_t)(digit - digits);
                }
                if ((missing == 1 && (group & 0xff) != 0) || (missing == 2 && (group & 0xffff) != 0))
                        return -1;
                for (size_t k = 0; k < 3 - missing; k++)
                        buffer_append_char(ret, (char)(group >> (16 - 8 * k) & 0xff));
        }
        return 0;
}
