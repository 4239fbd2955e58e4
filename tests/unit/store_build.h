/* SPDX-License-Identifier: Apache-2.0 */
#ifndef BRYO_TESTS_UNIT_STORE_BUILD_H
#define BRYO_TESTS_UNIT_STORE_BUILD_H

/* What the tests of the store share: a private directory with stores in it. */
#include <dirent.h>
#include <ftw.h>
#include <sys/stat.h>
#include <unistd.h>

#include "common/memory.h"
#include "oci/store.h"
#include "tests/unit/check.h"

static char log_text[4096];

__attribute__((unused)) static void log_line(void *context, enum log_level level, const char *line)
{
        size_t n = strlen(log_text);

        (void)context, (void)level;
        snprintf(log_text + n, sizeof(log_text) - n, "%s\n", line);
}

__attribute__((unused)) static const struct log test_log = {log_line, NULL};

static char root[] = "/tmp/bryo-store-XXXXXX";

__attribute__((unused)) static char *in_root(const char *name)
{
        return memory_printf("%s/%s", root, name);
}

__attribute__((unused)) static int remove_one(const char *path, const struct stat *st, int type, struct FTW *f)
{
        (void)st, (void)type, (void)f;
        return remove(path);
}

__attribute__((unused)) static void remove_tree(const char *path)
{
        (void)nftw(path, remove_one, 16, FTW_DEPTH | FTW_PHYS);
}

__attribute__((unused)) static struct oci_store *open_store(const char *name)
{
        CLEANUP_ERROR struct error err = ERROR_INIT;
        CLEANUP_FREE char *path = in_root(name);
        struct oci_store *s = NULL;

        CHECK_OK(oci_store_open(path, &test_log, &s, &err));
        if (s == NULL)
                abort();
        return s;
}

/* Names in a directory, sorted, with spaces. */
__attribute__((unused)) static char *list(const char *path)
{
        struct dirent **names;
        struct buffer b = BUFFER_INIT;
        int n = scandir(path, &names, NULL, alphasort);

        for (int i = 0; i < n; i++) {
                if (names[i]->d_name[0] != '.')
                        buffer_printf(&b, "%s%s", b.size ? " " : "", names[i]->d_name);
                free(names[i]);
        }
        if (n >= 0)
                free(names);
        return buffer_steal(&b);
}

#endif
