/* SPDX-License-Identifier: Apache-2.0 */
/* Reading the files about registries that belong to the user or the administrator. */
#include "oci/user_file.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>

#include "common/fd.h"
#include "common/memory.h"
#include "oci/limits.h"

static bool is_null_device(const char *path)
{
        struct stat st;

        return stat(path, &st) == 0 && S_ISCHR(st.st_mode) && st.st_rdev == makedev(1, 3);
}

int oci_user_file_read(const char *path, size_t limit, bool *ret_found, struct buffer *ret, struct error *err)
{
        *ret_found = true;
        if (is_null_device(path) || fd_read_file(AT_FDCWD, path, limit, false, ret, err) == 0)
                return 0;
        if (err->code != ENOENT && err->code != ENOTDIR)
                return -1;
        error_clear(err);
        *ret_found = false;
        return 0;
}

static int compare(const void *a, const void *b)
{
        return strcmp(*(char *const *)a, *(char *const *)b);
}

int oci_user_file_list(const char *directory, const char *suffix, struct strv *ret, struct error *err)
{
        DIR *dir = opendir(directory);
        size_t first = ret->count;
        struct dirent *entry;

        if (!dir)
                return errno == ENOENT || errno == ENOTDIR
                               ? 0
                               : error_errno(err, errno, "cannot read the directory %s", directory);
        while (ret->count - first <= OCI_LIMIT_REGISTRIES_FILES && (errno = 0, entry = readdir(dir))) {
                size_t size = strlen(entry->d_name);

                if (entry->d_name[0] != '.' && size > strlen(suffix) &&
                    strcmp(entry->d_name + size - strlen(suffix), suffix) == 0)
                        strv_take(ret, memory_printf("%s/%s", directory, entry->d_name));
        }
        if (errno != 0)
                (void)error_errno(err, errno, "cannot read the directory %s", directory);
        else if (ret->count - first > OCI_LIMIT_REGISTRIES_FILES)
                (void)error_set(err, E2BIG, "%s has more than %u files", directory, OCI_LIMIT_REGISTRIES_FILES);
        (void)closedir(dir);
        if (error_is_set(err))
                return -1;
        if (ret->count > first)
                qsort(ret->items + first, ret->count - first, sizeof(ret->items[0]), compare);
        return 0;
}

char *oci_user_file_config(const char *name)
{
        const char *config = getenv("XDG_CONFIG_HOME"), *home = getenv("HOME");

        /* a relative path in the variable is to be ignored: XDG base directory specification */
        if (config && config[0] == '/')
                return memory_printf("%s/%s", config, name);
        return home && home[0] ? memory_printf("%s/.config/%s", home, name) : NULL;
}
