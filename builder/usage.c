/* SPDX-License-Identifier: Apache-2.0 */
/* What the store takes on disk. */
#include "builder/usage.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "builder/cache_record.h"
#include "common/fd.h"
#include "common/map.h"
#include "common/memory.h"

/* Blocks of a file's range: nearly every file system's. What is left of a block at either end of a range stays, too. */
#define BLOCK 4096u

/* --- objects ------------------------------------------------------------------- */

static int add_disk(void *context, const struct oci_store_object *o, struct error *err)
{
        uint64_t *sum = context;

        (void)err;
        *sum += o->disk;
        return 0;
}

/* What is small and points at nothing that takes space: prune goes by its age, or not at all. */
static bool is_beside(enum oci_store_area area)
{
        return area == OCI_STORE_REFS || area == OCI_STORE_DIGESTS || area == OCI_STORE_PARTS ||
               area == OCI_STORE_BUILDS || area == OCI_STORE_QUARANTINE || area == OCI_STORE_LISTS;
}

static int add_areas(struct oci_store *store, bool beside, uint64_t *ret, struct error *err)
{
        for (size_t i = 0; i < OCI_STORE_AREAS; i++)
                if (is_beside((enum oci_store_area)i) == beside &&
                    oci_store_each(store, (enum oci_store_area)i, add_disk, ret, err) < 0)
                        return -1;
        return 0;
}

int builder_usage_of_objects(struct oci_store *store, uint64_t *ret, struct error *err)
{
        *ret = 0;
        return add_areas(store, false, ret, err) < 0 ? -1 : add_areas(store, true, ret, err);
}

struct reached {
        const struct builder_reach *reach;
        enum oci_store_area area;
        uint64_t sum;
};

static uint64_t live_bytes(struct builder_ranges *ranges)
{
        uint64_t sum = 0, end = 0;

        builder_ranges_merge(ranges);
        for (size_t i = 0; i < ranges->count; i++) {
                uint64_t first = ranges->items[i].begin / BLOCK * BLOCK;
                uint64_t last = ranges->items[i].end > UINT64_MAX - BLOCK
                                        ? UINT64_MAX
                                        : (ranges->items[i].end + BLOCK - 1) / BLOCK * BLOCK;

                if (first < end)
                        first = end;
                if (last > first)
                        sum += last - first;
                end = last > end ? last : end;
        }
        return sum;
}

/* Of a source only the live part is kept; a hole in it was given back before. */
static uint64_t kept_of_source(const struct reached *r, const char *inside, const struct oci_store_object *o)
{
        CLEANUP_FREE char *name = memory_printf("%s/%s", inside, o->name);
        struct builder_ranges *ranges = builder_reach_find_source(r->reach, name);
        uint64_t live = ranges ? live_bytes(ranges) : 0;

        return live < o->disk ? live : o->disk;
}

static int add_reached(void *context, const struct oci_store_object *o, struct error *err)
{
        struct reached *r = context;

        (void)err;
        if (r->area == OCI_STORE_BLOBS)
                r->sum += builder_reach_has(r->reach, r->area, o->name) ? o->disk : kept_of_source(r, "blobs", o);
        else if (r->area == OCI_STORE_DATA)
                r->sum += kept_of_source(r, "data", o) + kept_of_source(r, "blobs", o);
        else if (builder_reach_has(r->reach, r->area, o->name))
                r->sum += o->disk;
        return 0;
}

int builder_usage_of_reach(struct oci_store *store, const struct builder_reach *reach, uint64_t *ret, struct error *err)
{
        struct reached r = {reach, OCI_STORE_BLOBS, 0};

        for (size_t i = 0; i < OCI_STORE_AREAS; i++) {
                r.area = (enum oci_store_area)i;
                if (!is_beside(r.area) && oci_store_each(store, r.area, add_reached, &r, err) < 0)
                        return -1;
        }
        *ret = r.sum;
        return 0;
}

/* --- the directory ------------------------------------------------------------------ */

struct inode {
        dev_t device;
        ino_t number;
};

struct total {
        const struct oci_store *store;
        struct map *seen; /* struct inode of files with several names */
        uint64_t sum;
};

static int add_tree(struct total *t, int dirfd, const char *name, struct error *err);

static int add_entry(struct total *t, int dirfd, const char *name, struct error *err)
{
        struct inode inode;
        struct stat st;

        if (fstatat(dirfd, name, &st, AT_SYMLINK_NOFOLLOW) < 0)
                return errno == ENOENT
                               ? 0
                               : error_errno(err, errno, "cannot examine %s in %s", name, oci_store_path(t->store));
        if (S_ISDIR(st.st_mode))
                return add_tree(t, dirfd, name, err);
        memset(&inode, 0, sizeof(inode));
        inode.device = st.st_dev;
        inode.number = st.st_ino;
        if (st.st_nlink > 1) {
                if (map_find(t->seen, &inode, sizeof(inode)))
                        return 0;
                map_set(t->seen, &inode, sizeof(inode), t);
        }
        t->sum += (uint64_t)st.st_blocks * 512;
        return 0;
}

static int add_tree(struct total *t, int dirfd, const char *name, struct error *err)
{
        int fd = openat(dirfd, name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
        DIR *dir = fd < 0 ? NULL : fdopendir(fd);
        const struct dirent *e;
        struct stat st;
        int result = 0;

        if (!dir) {
                int code = errno;

                (void)fd_close(fd);
                return code == ENOENT ? 0
                                      : error_errno(err, code, "cannot list %s in %s", name, oci_store_path(t->store));
        }
        if (fstat(fd, &st) == 0)
                t->sum += (uint64_t)st.st_blocks * 512;
        while (result == 0 && (errno = 0, e = readdir(dir)))
                if (strcmp(e->d_name, ".") != 0 && strcmp(e->d_name, "..") != 0)
                        result = add_entry(t, fd, e->d_name, err);
        if (result == 0 && errno != 0)
                result = error_errno(err, errno, "cannot list %s in %s", name, oci_store_path(t->store));
        (void)closedir(dir);
        return result;
}

static int find_total(struct oci_store *store, uint64_t *ret, struct error *err)
{
        struct total t = {store, map_new(NULL), 0};
        int result = add_tree(&t, oci_store_fd(store), ".", err);

        map_free(t.seen);
        *ret = t.sum;
        return result;
}

/* --- the whole ---------------------------------------------------------------------------- */

static int reached_by(struct oci_store *store, unsigned roots, uint64_t *ret, struct error *err)
{
        const struct builder_reach_options o = {.roots = roots, .since = INT64_MIN};
        CLEANUP_REACH struct builder_reach *reach = NULL;

        if (builder_reach_mark(store, &o, &reach, err) < 0)
                return -1;
        return builder_usage_of_reach(store, reach, ret, err);
}

struct counting {
        size_t count;
        uint64_t disk;
};

static int count_object(void *context, const struct oci_store_object *o, struct error *err)
{
        struct counting *c = context;

        (void)err;
        c->count += !builder_cache_record_is_lock(o->name);
        c->disk += o->disk;
        return 0;
}

static int count(struct oci_store *store, enum oci_store_area area, size_t *ret, uint64_t *ret_disk, struct error *err)
{
        struct counting c = {0, 0};

        if (oci_store_each(store, area, count_object, &c, err) < 0)
                return -1;
        *ret = c.count;
        if (ret_disk)
                *ret_disk = c.disk;
        return 0;
}

static int count_tagged(struct oci_store *store, size_t *ret, struct error *err)
{
        CLEANUP_MAP struct map *images = map_new(NULL);
        struct oci_ref *refs = NULL;
        size_t n = 0;

        if (oci_store_ref_list(store, &refs, &n, err) < 0)
                return -1;
        for (size_t i = 0; i < n; i++)
                map_set(images, refs[i].image.bytes, sizeof(refs[i].image.bytes), images);
        oci_refs_free(refs, n);
        *ret = map_count(images);
        return 0;
}

/* What a kind of roots needs is what is reached with it and not without it: shared bytes belong to the kind named
 * first. */
static int find_parts(struct oci_store *store, struct builder_usage *u, struct error *err)
{
        const unsigned images = BUILDER_REACH_COMPRESSED;
        const unsigned steps = images | BUILDER_REACH_STEPS;
        uint64_t with_steps = 0, all = 0, objects = 0;

        if (reached_by(store, images, &u->images, err) < 0 || reached_by(store, steps, &with_steps, err) < 0 ||
            reached_by(store, steps | BUILDER_REACH_CACHES, &all, err) < 0 || find_total(store, &u->total, err) < 0)
                return -1;
        u->steps = with_steps > u->images ? with_steps - u->images : 0;
        u->caches = all > with_steps ? all - with_steps : 0;
        if (add_areas(store, false, &objects, err) < 0)
                return -1;
        u->unused = objects > all ? objects - all : 0;
        return 0;
}

int builder_usage_find(struct oci_store *store, struct builder_usage *ret, struct error *err)
{
        CLEANUP_FD int gate = -1;

        *ret = (struct builder_usage){0};
        if (oci_store_gate(store, OCI_GATE_SHARED, false, &gate, err) < 0)
                return -1;
        if (count(store, OCI_STORE_IMAGES, &ret->image_count, NULL, err) < 0 ||
            count_tagged(store, &ret->tagged_count, err) < 0 ||
            count(store, OCI_STORE_STEPS, &ret->step_count, NULL, err) < 0 ||
            count(store, OCI_STORE_CACHES, &ret->cache_count, NULL, err) < 0 ||
            count(store, OCI_STORE_BUILDS, &ret->log_count, &ret->logs, err) < 0)
                return -1;
        return find_parts(store, ret, err);
}
