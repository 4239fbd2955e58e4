/* SPDX-License-Identifier: Apache-2.0 */
/* Credentials in URLs, taken out of texts that people and images keep. */
#include "common/redact.h"

#include <stdbool.h>
#include <string.h>

#include "common/buffer.h"
#include "common/memory.h"

/* The next user in `text`: [*ret_begin, *ret_end). A raw '/', '?' or '#' ends an authority, a blank or quote the URL.
 */
static bool find_user(const char *text, const char **ret_begin, const char **ret_end)
{
        const char *begin = strstr(text, "://");

        while (begin) {
                const char *at;

                begin += 3;
                at = memrchr(begin, '@', strcspn(begin, "/?# \t\r\n\"'"));
                if (at) {
                        *ret_begin = begin;
                        *ret_end = at;
                        return true;
                }
                begin = strstr(begin, "://");
        }
        return false;
}

char *redact_urls(const char *text)
{
        CLEANUP_BUFFER struct buffer out = BUFFER_INIT;
        const char *begin, *end;

        while (find_user(text, &begin, &end)) {
                buffer_append(&out, text, (size_t)(begin - text));
                buffer_append_string(&out, "xxxxx");
                text = end;
        }
        buffer_append_string(&out, text);
        return buffer_steal(&out);
}

void redact_urls_in_place(char *text)
{
        const char *at = text;
        const char *begin, *end;

        while (find_user(at, &begin, &end)) {
                memset(text + (begin - text), 'x', (size_t)(end - begin));
                at = end;
        }
}
