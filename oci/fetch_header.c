/* SPDX-License-Identifier: Apache-2.0 */
/* Headers of answers: which lines count, and what is kept of them. */
#include "oci/fetch_header.h"

#include <string.h>

#include "common/memory.h"
#include "oci/fetch.h"

char *fetch_header_line(const char *bytes, size_t size)
{
        char *line = memory_strndup(bytes, size);
        size_t length = strlen(line);

        while (length > 0 && strchr("\r\n \t", line[length - 1]))
                line[--length] = '\0';
        return line;
}

bool fetch_header_parse(char *line, const char **ret_value)
{
        char *colon = strchr(line, ':');

        if (!colon)
                return false;
        *colon = '\0';
        *ret_value = colon + 1 + strspn(colon + 1, " \t");
        for (char *c = line; *c; c++)
                if (*c >= 'A' && *c <= 'Z')
                        *c = (char)(*c + 32);
        return true;
}

void fetch_header_keep(struct strv *headers, const char *name, const char *value)
{
        static const char *const names[] = OCI_FETCH_HEADERS;

        for (size_t i = 0; i < ARRAY_SIZE(names); i++)
                if (strcmp(names[i], name) == 0 && !strv_env_find(headers, name))
                        strv_env_set(headers, name, value);
}
