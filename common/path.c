/* SPDX-License-Identifier: Apache-2.0 */
/* Paths as texts. */
#include "common/path.h"

#include <string.h>

#include "common/buffer.h"
#include "common/memory.h"

static void drop_last(struct buffer *path)
{
        char *slash = path->size > 0 ? strrchr(path->data, '/') : NULL;

        path->size = slash ? (size_t)(slash - path->data) : 0;
        (void)buffer_reserve(path, 0);
}

char *path_clean(const char *path)
{
        CLEANUP_FREE char *copy = memory_strdup(path);
        CLEANUP_BUFFER struct buffer clean = BUFFER_INIT;
        char *save = NULL;

        for (char *name = strtok_r(copy, "/", &save); name; name = strtok_r(NULL, "/", &save)) {
                if (strcmp(name, ".") == 0)
                        continue;
                if (strcmp(name, "..") == 0) {
                        drop_last(&clean);
                        continue;
                }
                if (clean.size > 0)
                        buffer_append_char(&clean, '/');
                buffer_append_string(&clean, name);
        }
        return buffer_steal(&clean);
}
