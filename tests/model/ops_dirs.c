/* SPDX-License-Identifier: Apache-2.0 */
/* Operations on directories as they are listed, also while they change. */
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "common/fd.h"
#include "common/memory.h"
#include "tests/model/args.h"
#include "tests/model/ops.h"
#include "tests/model/side.h"

#define NAMES_MAX 200
/* Names that come and go during a listing; no path has them. */
#define TRANSIENT '~'
#define CROWD     60

struct listing {
        char *names[NAMES_MAX]; /* owned */
        size_t count;
};

static void listing_add(struct listing *l, const char *name)
{
        if (name[0] != TRANSIENT && l->count < NAMES_MAX)
                l->names[l->count++] = memory_strdup(name);
}

static int compare_names(const void *one, const void *other)
{
        return strcmp(*(char *const *)one, *(char *const *)other);
}

/* In order, so that one that came twice is seen as well as one that is missing. */
static void listing_note(struct listing *l, struct result *r)
{
        qsort(l->names, l->count, sizeof(*l->names), compare_names);
        for (size_t i = 0; i < l->count; i++) {
                result_note(r, "%.40s", l->names[i]);
                free(l->names[i]);
        }
}

static DIR *open_dir(const uint64_t *a)
{
        struct path_text path;

        return opendir(arg_path(a[0], &path));
}

/* What was read before the change, the change, and the rest. */
enum during { DURING_NOTHING, DURING_CREATE, DURING_REMOVE };

static void change(int dir, enum during what)
{
        char name[16];

        for (int i = 0; what != DURING_NOTHING && i < CROWD; i++) {
                snprintf(name, sizeof(name), "%c%d", TRANSIENT, i);
                if (what == DURING_CREATE)
                        (void)fd_close(openat(dir, name, O_WRONLY | O_CREAT | O_CLOEXEC, 0600));
                else
                        (void)unlinkat(dir, name, 0);
        }
}

static int64_t list_during(const uint64_t *a, enum during what, struct result *r)
{
        struct listing listing = {.count = 0};
        DIR *dir = open_dir(a);
        struct dirent *entry;
        unsigned before = (unsigned)a[1] % 4;

        if (!dir)
                return -errno;
        if (what == DURING_REMOVE)
                change(dirfd(dir), DURING_CREATE);
        for (unsigned i = 0; i < before && (entry = readdir(dir)); i++)
                listing_add(&listing, entry->d_name);
        change(dirfd(dir), what);
        while ((entry = readdir(dir)))
                listing_add(&listing, entry->d_name);
        change(dirfd(dir), DURING_REMOVE);
        closedir(dir);
        listing_note(&listing, r);
        return 0;
}

int64_t op_readdir(struct side *s, const uint64_t *a, struct result *r)
{
        (void)s;
        return list_during(a, DURING_NOTHING, r);
}

int64_t op_readdir_creating(struct side *s, const uint64_t *a, struct result *r)
{
        (void)s;
        return list_during(a, DURING_CREATE, r);
}

int64_t op_readdir_removing(struct side *s, const uint64_t *a, struct result *r)
{
        (void)s;
        return list_during(a, DURING_REMOVE, r);
}

/* To the end, back to a place in the middle, from there again, and from the start. */
int64_t op_seekdir(struct side *s, const uint64_t *a, struct result *r)
{
        struct listing first = {.count = 0}, rest = {.count = 0}, again = {.count = 0};
        DIR *dir = open_dir(a);
        struct dirent *entry;
        long place;

        (void)s;
        if (!dir)
                return -errno;
        for (unsigned i = 0; i < a[1] % 4 && (entry = readdir(dir)); i++)
                listing_add(&first, entry->d_name);
        place = telldir(dir);
        while (readdir(dir))
                ;
        seekdir(dir, place);
        while ((entry = readdir(dir))) {
                /* the rest belongs to what came first, in whatever order each side has */
                listing_add(&first, entry->d_name);
                listing_add(&rest, entry->d_name);
        }
        rewinddir(dir);
        while ((entry = readdir(dir)))
                listing_add(&again, entry->d_name);
        closedir(dir);
        listing_note(&first, r);
        result_note(r, "rest %zu, again", rest.count);
        listing_note(&again, r);
        while (rest.count > 0)
                free(rest.names[--rest.count]);
        return 0;
}

/* By a descriptor that was opened before: of a directory that may have moved or be gone. */
int64_t op_list_open(struct side *s, const uint64_t *a, struct result *r)
{
        struct listing listing = {.count = 0};
        struct dirent *entry;
        CLEANUP_FD int fd = openat(side_slot(s, a[0]), ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
        DIR *dir = fd < 0 ? NULL : fdopendir(fd);

        if (!dir)
                return -errno;
        (void)fd_steal(&fd);
        while ((entry = readdir(dir)))
                listing_add(&listing, entry->d_name);
        closedir(dir);
        listing_note(&listing, r);
        return 0;
}
