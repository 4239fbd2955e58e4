/* SPDX-License-Identifier: Apache-2.0 */
/* Proxies for commands. */
#include "builder/proxies.h"

#include <ctype.h>
#include <string.h>
#include <strings.h>

#include "common/memory.h"

bool builder_proxy_is_name(const char *name, size_t length)
{
        static const char *const names[] = { "http_proxy", "https_proxy", "ftp_proxy", "no_proxy", "all_proxy" };

        for (size_t i = 0; i < ARRAY_SIZE(names); i++)
                if (length == strlen(names[i]) && strncasecmp(name, names[i], length) == 0)
                        return true;
        return false;
}

void builder_proxy_set(struct strv *env, const char *entry)
{
        size_t length = strcspn(entry, "=");
        CLEANUP_FREE char *name = memory_strndup(entry, length);

        if (entry[length] != '=' || !builder_proxy_is_name(entry, length))
                return;
        for (char *c = name; *c; c++)
                *c = (char)tolower((unsigned char)*c);
        strv_env_set(env, name, entry + length + 1);
        for (char *c = name; *c; c++)
                *c = (char)toupper((unsigned char)*c);
        strv_env_set(env, name, entry + length + 1);
}
