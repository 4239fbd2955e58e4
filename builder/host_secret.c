/* SPDX-License-Identifier: Apache-2.0 */
/* Secrets that are credentials of a host. */
#include "builder/host_secret.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "common/memory.h"
#include "oci/url.h"

/* The secret NAME_HOST or NAME.HOST, without the line end that files have; NULL when there is none. */
static int load(const struct builder_run_options *options, const char *name, const char *host, char **ret, struct error *err)
{
        static const char separators[] = "_.";
        bool found = false;

        for (size_t i = 0; i < sizeof(separators) - 1 && !found; i++) {
                CLEANUP_FREE char *id = memory_printf("%s%c%s", name, separators[i], host);
                CLEANUP_BUFFER struct buffer value = BUFFER_INIT;

                if (builder_secret_load(options, id, &value, &found, err) < 0)
                        return -1;
                if (!found)
                        continue;
                *ret = memory_strndup(buffer_text(&value), strcspn(buffer_text(&value), "\r\n"));
                if ((*ret)[0] == '\0')
                        return error_set(err, EINVAL, "the secret \"%s\" is empty", id);
        }
        return 0;
}

static char *authorize(enum builder_host_secret kind, const char *token)
{
        CLEANUP_BUFFER struct buffer user = BUFFER_INIT;
        struct oci_url url = OCI_URL_INIT;

        if (kind == BUILDER_SECRET_HTTP)
                return memory_printf("Bearer %s", token);
        buffer_append_string(&user, "x-access-token:");
        for (; *token; token++) { /* as it would stand in a URL */
                if (*token == '%')
                        buffer_append_string(&user, "%25");
                else
                        buffer_append_char(&user, *token);
        }
        url.user = user.data;
        return oci_url_basic(&url);
}

int builder_host_secret_find(const struct builder_run_options *options, enum builder_host_secret kind, const char *host,
                             char **ret, struct error *err)
{
        const char *header = kind == BUILDER_SECRET_HTTP ? "HTTP_AUTH_HEADER" : "GIT_AUTH_HEADER";
        const char *plain = kind == BUILDER_SECRET_HTTP ? "HTTP_AUTH_TOKEN" : "GIT_AUTH_TOKEN";
        CLEANUP_FREE char *token = NULL;

        *ret = NULL;
        if (!options || !host)
                return 0;
        if (load(options, header, host, ret, err) < 0)
                return -1;
        if (*ret)
                return 0;
        if (load(options, plain, host, &token, err) < 0)
                return -1;
        if (token)
                *ret = authorize(kind, token);
        return 0;
}
