/* SPDX-License-Identifier: Apache-2.0 */
/* What users call a registry, made the one name under which its credentials are kept. */
#include "cmd/registry_name.h"

#include <errno.h>
#include <stdbool.h>
#include <string.h>
#include <strings.h>

#include "cmd/options.h"
#include "common/memory.h"
#include "oci/credentials_file.h"
#include "oci/quote.h"
#include "oci/reference.h"

static bool is_api_path(const char *path)
{
        return path[0] == '\0' || strcmp(path, "v1") == 0 || strcmp(path, "v2") == 0;
}

/* Takes slashes off the end, then the scheme, and with it the path of the API. Heap text. */
static char *strip(const char *text)
{
        const char *scheme = strstr(text, "://"), *start = scheme ? scheme + 3 : text;
        size_t size = strlen(start);
        char *bare, *path;

        while (size > 0 && start[size - 1] == '/')
                size--;
        bare = memory_strndup(start, size);
        path = strchr(bare, '/');
        if (path && scheme && is_api_path(path + 1))
                *path = '\0';
        return bare;
}

int cmd_registry_name_parse(const char *text, char **ret_name, char **ret_host, struct error *err)
{
        CLEANUP_ERROR struct error reason = ERROR_INIT;
        CLEANUP_REFERENCE struct oci_reference *ref = NULL;
        CLEANUP_FREE char *bare = strip(text ? text : "docker.io");
        CLEANUP_FREE char *host = memory_strndup(bare, strcspn(bare, "/"));
        const char *path = bare + strlen(host);
        /* the word that makes a path of a host alone, and a tag where the path would have one: refused then */
        CLEANUP_FREE char *repository = memory_printf("%s%s:x", bare, path[0] ? "" : "/x");
        CLEANUP_FREE char *quoted = oci_quote(text ? text : "");
        bool known = strpbrk(host, ".:") || strcmp(host, "localhost") == 0;
        bool other = strstr(text ? text : "", "://") && strncasecmp(text, "https://", 8) != 0 &&
                     strncasecmp(text, "http://", 7) != 0;

        if (!known || other || oci_reference_parse(repository, &ref, &reason) < 0)
                return error_set(err, OPTIONS_EUSAGE,
                                 "%s is no registry: give HOST[:PORT], whose name has a dot or a port or is localhost",
                                 quoted);
        *ret_host = oci_credentials_host(host);
        *ret_name = memory_printf("%s%s", *ret_host, path);
        return 0;
}
