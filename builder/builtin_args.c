/* SPDX-License-Identifier: Apache-2.0 */
/* Build arguments for the builder itself. BuildKit's are all known here: those without a meaning in bryo are told, for
 * whoever gives one expects something of it. */
#include "builder/builtin_args.h"

#include <stddef.h>
#include <string.h>

#include "builder/proxies.h"
#include "common/memory.h"

static const struct builtin {
        const char *name;
        const char *idle; /* NULL: carried out */
} builtins[] = {
        {"BUILDKIT_BUILD_NAME", "bryo keeps no list of past builds"},
        {"BUILDKIT_CACHE_MOUNT_NS", NULL},
        {"BUILDKIT_CONTEXT_KEEP_GIT_DIR", NULL},
        {"BUILDKIT_DOCKERFILE_CHECK", NULL},
        {"BUILDKIT_INLINE_CACHE", "bryo writes cache into images for --cache-to type=inline"},
        {"BUILDKIT_MULTI_PLATFORM", "bryo makes an index wherever --platform names several"},
        {"BUILDKIT_SANDBOX_HOSTNAME", NULL},
        {"BUILDKIT_SBOM_SCAN_CONTEXT", "bryo makes no SBOM"},
        {"BUILDKIT_SBOM_SCAN_STAGE", "bryo makes no SBOM"},
        {"BUILDKIT_SYNTAX", NULL},
        {"SOURCE_DATE_EPOCH", NULL},
};

static const struct builtin *find(const char *name)
{
        for (size_t i = 0; i < ARRAY_SIZE(builtins); i++)
                if (strcmp(builtins[i].name, name) == 0)
                        return &builtins[i];
        return NULL;
}

bool builder_builtin_is(const char *name)
{
        return find(name) || builder_proxy_is_name(name, strlen(name));
}

const char *builder_builtin_idle(const char *name)
{
        const struct builtin *b = find(name);

        return b ? b->idle : NULL;
}
