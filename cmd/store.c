/* SPDX-License-Identifier: Apache-2.0 */
/* Which store a command works on: flag, environment, or the user's data directory. */
#include "cmd/store.h"

#include <errno.h>

#include "common/environment.h"
#include "common/memory.h"

/* Heap text. The XDG base directory specification says that a relative path in its variables is to be ignored. */
static int find_root(const char *root, const struct log *log, char **ret, struct error *err)
{
        const char *data = environment_find("XDG_DATA_HOME");
        const char *home = environment_find("HOME");

        if (root && root[0] == '\0')
                return error_set(err, EINVAL, "--root is empty: name the directory of the store");
        if (!root)
                root = environment_find("BRYO_ROOT");
        if (data && data[0] != '/') {
                if (!root)
                        log_print(log, LOG_WARNING, "XDG_DATA_HOME=%s is ignored: it is no absolute path", data);
                data = NULL;
        }
        if (!root && !data && (!home || home[0] != '/'))
                return error_set(err, ENOENT,
                                 "cannot tell where the store is: HOME is %s; set it, or BRYO_ROOT, or use --root DIR",
                                 home ? "no absolute path" : "not set");
        *ret = root   ? memory_strdup(root)
               : data ? memory_printf("%s/bryo", data)
                      : memory_printf("%s/.local/share/bryo", home);
        return 0;
}

int cmd_store_open(const char *root, const struct log *log, struct oci_store **ret, struct error *err)
{
        CLEANUP_FREE char *path = NULL;

        if (find_root(root, log, &path, err) < 0)
                return -1;
        return oci_store_open(path, log, ret, err);
}
