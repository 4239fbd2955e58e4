/* SPDX-License-Identifier: Apache-2.0 */
/* Sweeping, the second half of prune. */
#include "builder/prune.h"

#include <errno.h>
#include <fcntl.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "builder/body.h"
#include "builder/body_table.h"
#include "builder/cache_record.h"
#include "builder/reach.h"
#include "builder/usage.h"
#include "common/fd.h"
#include "common/memory.h"
#include "common/sha256.h"

/* Seconds. */
#define KEPT ((int64_t)30 * 24 * 3600)

struct sweep {
        struct oci_store *store;
        const struct log *log;
        const struct builder_reach *reach;
        struct builder_prune_result *result;
};

static int collect(void *context, const struct oci_store_object *o, struct error *err)
{
        (void)err;
        strv_add(context, o->name);
        return 0;
}

/* What was removed from or renamed in an area stays so over a power cut. */
static int sync_area(struct sweep *s, enum oci_store_area area, struct error *err)
{
        CLEANUP_FD int fd = fd_open_directory(oci_store_fd(s->store), oci_store_area_name(area));

        if (fd < 0 || fsync(fd) < 0)
                return error_errno(err, errno, "cannot make the removal of files from %s/%s last",
                                   oci_store_path(s->store), oci_store_area_name(area));
        return 0;
}

/* --- what points ----------------------------------------------------------- */

static int sweep_tags(struct sweep *s, struct error *err)
{
        const struct strv *names = builder_reach_dangling(s->reach);
        CLEANUP_ERROR struct error first = ERROR_INIT;

        for (size_t i = 0; i < names->count; i++) {
                CLEANUP_ERROR struct error one = ERROR_INIT;

                log_print(s->log, LOG_WARNING, "the tag %s goes: its image is not there", names->items[i]);
                if (oci_store_ref_remove(s->store, names->items[i], NULL, &one) < 0)
                        error_move(&first, &one);
        }
        if (error_is_set(&first))
                return error_move(err, &first);
        return names->count > 0 ? sync_area(s, OCI_STORE_REFS, err) : 0;
}

static int sweep_area(struct sweep *s, enum oci_store_area area, size_t *count, struct error *err)
{
        CLEANUP_STRV struct strv names = STRV_INIT;
        CLEANUP_ERROR struct error first = ERROR_INIT;
        size_t before = *count;

        if (oci_store_each(s->store, area, collect, &names, err) < 0)
                return -1;
        for (size_t i = 0; i < names.count; i++) {
                CLEANUP_ERROR struct error one = ERROR_INIT;

                if (builder_reach_has(s->reach, area, names.items[i]))
                        continue;
                if (oci_store_remove(s->store, area, names.items[i], &one) < 0)
                        error_move(&first, &one);
                else
                        ++*count;
        }
        if (error_is_set(&first))
                return error_move(err, &first);
        return *count > before ? sync_area(s, area, err) : 0;
}

/* --- what is pointed at ---------------------------------------------------- */

/* From here on the file is no blob any more, and may be punched: see builder/body.h. */
static int park_blob(struct sweep *s, const char *name, struct error *err)
{
        CLEANUP_FREE char *from = memory_printf("%s/%s", oci_store_area_name(OCI_STORE_BLOBS), name);
        CLEANUP_FREE char *to = memory_printf("%s/%s", oci_store_area_name(OCI_STORE_DATA), name);

        /* one that was parked earlier, and punched, is replaced by the whole one */
        if (renameat(oci_store_fd(s->store), from, oci_store_fd(s->store), to) < 0)
                return error_errno(err, errno, "cannot move %s/%s to %s", oci_store_path(s->store), from, to);
        return 0;
}

static int sweep_blob(struct sweep *s, const char *name, bool *ret_parked, struct error *err)
{
        CLEANUP_FREE char *source = memory_printf("blobs/%s", name);

        if (builder_reach_has(s->reach, OCI_STORE_BLOBS, name))
                return 0;
        if (builder_reach_find_source(s->reach, source)) {
                *ret_parked = true;
                return park_blob(s, name, err);
        }
        if (oci_store_remove(s->store, OCI_STORE_BLOBS, name, err) < 0)
                return -1;
        s->result->files++;
        return 0;
}

static int sweep_blobs(struct sweep *s, struct error *err)
{
        CLEANUP_STRV struct strv names = STRV_INIT;
        CLEANUP_ERROR struct error first = ERROR_INIT;
        bool parked = false;

        if (oci_store_each(s->store, OCI_STORE_BLOBS, collect, &names, err) < 0)
                return -1;
        for (size_t i = 0; i < names.count; i++) {
                CLEANUP_ERROR struct error one = ERROR_INIT;

                if (sweep_blob(s, names.items[i], &parked, &one) < 0)
                        error_move(&first, &one);
        }
        if (error_is_set(&first))
                return error_move(err, &first);
        /* a blob must not come back under its name once it has holes */
        if (parked && (sync_area(s, OCI_STORE_DATA, err) < 0 || sync_area(s, OCI_STORE_BLOBS, err) < 0))
                return -1;
        return 0;
}

/* The ranges that must stay of a file in OCI_STORE_DATA; NULL: it can go. */
static struct builder_ranges *ranges_of(const struct sweep *s, const char *name)
{
        CLEANUP_FREE char *data = memory_printf("data/%s", name);
        CLEANUP_FREE char *blob = memory_printf("blobs/%s", name);
        struct builder_ranges *ranges = builder_reach_find_source(s->reach, data);

        /* a parked blob is not needed beside the blob itself */
        if (!ranges && !oci_store_has(s->store, OCI_STORE_BLOBS, name))
                ranges = builder_reach_find_source(s->reach, blob);
        return ranges;
}

static int sweep_data_file(struct sweep *s, const char *name, struct error *err)
{
        CLEANUP_FREE char *path = memory_printf("%s/%s", oci_store_area_name(OCI_STORE_DATA), name);
        CLEANUP_FREE char *what = memory_printf("%s/%s", oci_store_path(s->store), path);
        struct builder_ranges *live = ranges_of(s, name);
        struct builder_punched punched;
        CLEANUP_FD int fd = -1;

        if (!live) {
                if (oci_store_remove(s->store, OCI_STORE_DATA, name, err) < 0)
                        return -1;
                s->result->files++;
                return 0;
        }
        fd = openat(oci_store_fd(s->store), path, O_RDWR | O_NOFOLLOW | O_CLOEXEC);
        if (fd < 0)
                return error_errno(err, errno, "cannot open %s to give back what nobody needs of it", what);
        if (builder_ranges_punch(live, fd, what, &punched, err) < 0)
                return -1;
        if (punched.refused) {
                log_print(s->log, LOG_WARNING, "%s keeps %llu bytes that nobody needs: %s", what,
                          (unsigned long long)punched.dead, strerror(punched.refused));
                s->result->held += punched.dead;
        }
        return 0;
}

static int sweep_data(struct sweep *s, struct error *err)
{
        CLEANUP_STRV struct strv names = STRV_INIT;
        CLEANUP_ERROR struct error first = ERROR_INIT;

        if (oci_store_each(s->store, OCI_STORE_DATA, collect, &names, err) < 0)
                return -1;
        for (size_t i = 0; i < names.count; i++) {
                CLEANUP_ERROR struct error one = ERROR_INIT;

                if (sweep_data_file(s, names.items[i], &one) < 0)
                        error_move(&first, &one);
        }
        return error_is_set(&first) ? error_move(err, &first) : 0;
}

/* --- what can be had again ---------------------------------------------------- */

struct old_names {
        struct strv names;
        int64_t oldest; /* to keep; in nanoseconds */
};

static int collect_old(void *context, const struct oci_store_object *o, struct error *err)
{
        struct old_names *old = context;

        (void)err;
        if (o->used < old->oldest)
                strv_add(&old->names, o->name);
        return 0;
}

/* What nobody has written since: digests of contexts, what --explain compares with, logs of builds. */
static int sweep_old(struct sweep *s, enum oci_store_area area, int64_t since, size_t *count, struct error *err)
{
        struct old_names old = {.oldest = since};
        CLEANUP_ERROR struct error first = ERROR_INIT;

        if (oci_store_each(s->store, area, collect_old, &old, err) < 0) {
                strv_free(&old.names);
                return -1;
        }
        for (size_t i = 0; i < old.names.count; i++) {
                CLEANUP_ERROR struct error one = ERROR_INIT;

                if (oci_store_remove(s->store, area, old.names.items[i], &one) < 0)
                        error_move(&first, &one);
                else
                        ++*count;
        }
        strv_free(&old.names);
        return error_is_set(&first) ? error_move(err, &first) : 0;
}

/* --- the parts of it ------------------------------------------------------------- */

static int take_gate(const struct builder_prune_options *o, int *ret_fd, struct error *err)
{
        CLEANUP_ERROR struct error busy = ERROR_INIT;

        if (oci_store_gate(o->store, OCI_GATE_EXCLUSIVE, true, ret_fd, &busy) == 0)
                return 0;
        if (oci_store_lacks_locks(busy.code)) {
                if (o->idle) {
                        log_print(o->log, LOG_WARNING, "the store %s has no locks: nothing else uses it, as --idle says",
                                  oci_store_path(o->store));
                        return 0;
                }
                error_wrap(&busy, "cannot tell whether others use the store; if none does, run `bryo prune --idle`");
        }
        if (busy.code != EWOULDBLOCK || o->nowait)
                return error_move(err, &busy);
        log_print(o->log, LOG_INFO, "waiting until nothing else uses the store %s", oci_store_path(o->store));
        return oci_store_gate(o->store, OCI_GATE_EXCLUSIVE, false, ret_fd, err);
}

/* Records count, the locks beside them do not. Nobody holds one: the gate is ours alone. */
static int sweep_caches(struct sweep *s, struct error *err)
{
        CLEANUP_STRV struct strv names = STRV_INIT;
        size_t files = 0;

        if (oci_store_each(s->store, OCI_STORE_CACHES, collect, &names, err) < 0)
                return -1;
        for (size_t i = 0; i < names.count; i++)
                if (!builder_cache_record_is_lock(names.items[i]) &&
                    !builder_reach_has(s->reach, OCI_STORE_CACHES, names.items[i]))
                        s->result->caches++;
        return sweep_area(s, OCI_STORE_CACHES, &files, err);
}

/* The order is the point: nothing may be gone while something that points at it is there. */
static int sweep_all(struct sweep *s, struct error *err)
{
        size_t compressed = 0; /* their blobs are counted */

        if (sweep_tags(s, err) < 0 || sweep_area(s, OCI_STORE_IMAGES, &s->result->images, err) < 0 ||
            sweep_area(s, OCI_STORE_STEPS, &s->result->steps, err) < 0 ||
            sweep_area(s, OCI_STORE_DOWNLOADS, &s->result->downloads, err) < 0 ||
            sweep_caches(s, err) < 0 || sweep_area(s, OCI_STORE_PARTIAL, &s->result->files, err) < 0 ||
            sweep_area(s, OCI_STORE_COMPRESSED, &compressed, err) < 0 ||
            sweep_area(s, OCI_STORE_INDEXES, &s->result->layers, err) < 0)
                return -1;
        return sweep_blobs(s, err) < 0 ? -1 : sweep_data(s, err);
}

/* --- how much to forget ------------------------------------------------------ */

struct times {
        int64_t *items;
        size_t count, cap;
};

static int add_time(void *context, const struct oci_store_object *o, struct error *err)
{
        struct times *t = context;

        (void)err;
        if (builder_cache_record_is_lock(o->name))
                return 0;
        memory_grow(&t->items, &t->cap, t->count + 1, sizeof(*t->items));
        t->items[t->count++] = o->used;
        return 0;
}

static int compare_times(const void *a, const void *b)
{
        const int64_t one = *(const int64_t *)a, other = *(const int64_t *)b;

        return one < other ? -1 : one > other;
}

static int mark_since(const struct builder_prune_options *o, unsigned roots, int64_t since, struct builder_reach **ret,
                      struct error *err)
{
        const struct builder_reach_options options = {.roots = roots, .since = since, .log = o->log};

        return builder_reach_mark(o->store, &options, ret, err);
}

static int is_small_enough(const struct builder_prune_options *o, unsigned roots, int64_t since, bool *ret, struct error *err)
{
        CLEANUP_REACH struct builder_reach *reach = NULL;
        uint64_t size = 0;

        if (mark_since(o, roots, since, &reach, err) < 0 || builder_usage_of_reach(o->store, reach, &size, err) < 0)
                return -1;
        *ret = size <= o->max_size;
        return 0;
}

/* The earliest time from which on what was used may be kept: the more is forgotten the less is left. */
static int search(const struct builder_prune_options *o, unsigned roots, const struct times *t, int64_t *ret, struct error *err)
{
        size_t low = 0, high = t->count;

        while (low < high) {
                size_t middle = low + (high - low) / 2;
                bool enough;

                if (is_small_enough(o, roots, t->items[middle], &enough, err) < 0)
                        return -1;
                if (enough)
                        high = middle;
                else
                        low = middle + 1;
        }
        *ret = low < t->count ? t->items[low] : INT64_MAX;
        return 0;
}

static int find_since(const struct builder_prune_options *o, unsigned roots, int64_t *ret, struct error *err)
{
        static const enum oci_store_area areas[] = {OCI_STORE_STEPS, OCI_STORE_DOWNLOADS, OCI_STORE_CACHES};
        struct times times = {NULL, 0, 0};
        int result = 0;

        *ret = o->has_since ? o->since : INT64_MIN;
        if (!o->has_max_size)
                return 0;
        for (size_t i = 0; i < ARRAY_SIZE(areas) && result == 0; i++)
                result = oci_store_each(o->store, areas[i], add_time, &times, err);
        if (times.count > 1)
                qsort(times.items, times.count, sizeof(*times.items), compare_times);
        if (result == 0)
                result = search(o, roots, &times, ret, err);
        if (o->has_since && *ret > o->since)
                *ret = o->since;
        free(times.items);
        return result;
}

/* --- the whole ----------------------------------------------------------------- */

static unsigned find_roots(const struct builder_prune_options *o)
{
        const bool some = o->has_since || o->has_max_size; /* not all of what `all` names, but what is old */
        unsigned roots = BUILDER_REACH_COMPRESSED;

        if (!o->all || some)
                roots |= BUILDER_REACH_STEPS;
        if (!(o->all || o->caches) || some)
                roots |= BUILDER_REACH_CACHES;
        if (o->keep_images)
                roots |= BUILDER_REACH_IMAGES;
        return roots;
}

static int sweep_by_age(struct sweep *s, const struct builder_prune_options *o, int64_t since, struct error *err)
{
        const int64_t month_ago = ((int64_t)time(NULL) - KEPT) * 1000000000;
        const bool some = o->has_since || o->has_max_size;
        const int64_t oldest = !o->all ? month_ago : some ? since : INT64_MAX;
        size_t count = 0;

        if (o->all && (sweep_old(s, OCI_STORE_BUILDS, oldest, &s->result->logs, err) < 0 ||
                       sweep_old(s, OCI_STORE_QUARANTINE, oldest, &count, err) < 0))
                return -1;
        return sweep_old(s, OCI_STORE_DIGESTS, oldest, &count, err) < 0
                       ? -1
                       : sweep_old(s, OCI_STORE_PARTS, oldest, &count, err);
}

int builder_prune(const struct builder_prune_options *o, struct builder_prune_result *ret, struct error *err)
{
        CLEANUP_REACH struct builder_reach *reach = NULL;
        CLEANUP_ERROR struct error measure_err = ERROR_INIT;
        struct sweep s = {.store = o->store, .log = o->log, .result = ret};
        const unsigned roots = find_roots(o);
        CLEANUP_FD int gate = -1;
        uint64_t before = 0;
        uint64_t after = 0;
        int64_t since;
        int result;

        *ret = (struct builder_prune_result){0};
        if (take_gate(o, &gate, err) < 0 || oci_store_scratch_sweep(o->store, o->idle, err) < 0 ||
            find_since(o, roots, &since, err) < 0 || mark_since(o, roots, since, &reach, err) < 0 ||
            builder_usage_of_objects(o->store, &before, err) < 0)
                return -1;
        s.reach = reach;
        result = builder_body_table_drop(o->store, err) < 0 ? -1 : sweep_all(&s, err);
        if (result == 0)
                result = sweep_by_age(&s, o, since, err);
        if (builder_usage_of_objects(o->store, &after, &measure_err) < 0)
                return result < 0 ? -1 : error_move(err, &measure_err);
        ret->bytes = before > after ? before - after : 0;
        return result;
}
