/* SPDX-License-Identifier: Apache-2.0 */
/* Unpacking an archive into a tree, without unpacking its bytes. */
#include "builder/unpack.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "builder/archive_entry.h"
#include "common/memory.h"
#include "oci/layer_reader.h"

struct unpack {
        struct overlay_tree *tree;
        const struct overlay_ref *dest;
        const struct overlay_owner *owner;
        struct overlay_source *source;
};

/* The directory of an entry, with parents that the archive forgot; and its last name. */
static int open_parent(const struct unpack *u, const char *path, struct overlay_ref *ret_dir, char **ret_name,
                       struct error *err)
{
        const struct overlay_owner owner = u->owner ? *u->owner : (struct overlay_owner){ 0, 0 };
        const char *slash = strrchr(path, '/');
        CLEANUP_FREE char *parent = slash ? memory_strndup(path, (size_t)(slash - path)) : NULL;

        *ret_name = memory_strdup(slash ? slash + 1 : path);
        if (parent == NULL) {
                overlay_ref_copy(u->dest, ret_dir);
                return 0;
        }
        return overlay_tree_ensure_directory(u->tree, u->dest, parent, 0755, owner, NULL, ret_dir, err);
}

static int set_directory(const struct overlay_ref *node, const struct overlay_make *make, struct error *err)
{
        const struct overlay_change change = {
                .set = OVERLAY_SET_MODE | OVERLAY_SET_UID | OVERLAY_SET_GID | OVERLAY_SET_MTIME,
                .mode = make->mode & 07777,
                .uid = make->uid,
                .gid = make->gid,
                .mtime = *make->mtime,
        };

        return overlay_node_set(node, &change, err);
}

/* As tar -x: a directory over a directory takes the attributes, anything else is replaced, a full directory is not. */
static int make_node(const struct overlay_ref *dir, const char *name, const struct overlay_make *make,
                     struct overlay_ref *ret, struct error *err)
{
        CLEANUP_OVERLAY_REF struct overlay_ref old = OVERLAY_REF_INIT;
        CLEANUP_ERROR struct error lookup_err = ERROR_INIT;
        struct overlay_attr attr;

        if (overlay_node_lookup(dir, name, &old, &lookup_err) < 0) {
                if (lookup_err.code != ENOENT)
                        return error_move(err, &lookup_err);
                return overlay_node_make(dir, name, make, ret, err);
        }
        if (overlay_node_stat(&old, &attr, err) < 0)
                return -1;
        if (S_ISDIR(attr.mode) && S_ISDIR(make->mode)) {
                overlay_ref_copy(&old, ret);
                return set_directory(&old, make, err);
        }
        overlay_ref_release(&old);
        if (overlay_node_remove(dir, name, err) < 0)
                return -1;
        return overlay_node_make(dir, name, make, ret, err);
}

static int make_link(const struct unpack *u, const struct overlay_ref *dir, const char *name, const char *target,
                     struct error *err)
{
        CLEANUP_OVERLAY_REF struct overlay_ref first = OVERLAY_REF_INIT;
        CLEANUP_OVERLAY_REF struct overlay_ref old = OVERLAY_REF_INIT;
        CLEANUP_ERROR struct error lookup_err = ERROR_INIT;

        if (overlay_tree_resolve(u->tree, u->dest, target, OVERLAY_RESOLVE_NOFOLLOW, &first, err) < 0)
                return error_wrap(err, "the archive's hard link to %s", target);
        if (overlay_node_lookup(dir, name, &old, &lookup_err) == 0) {
                if (overlay_ref_is_same(&old, &first))
                        return 0;
                if (overlay_node_remove(dir, name, err) < 0)
                        return -1;
        } else if (lookup_err.code != ENOENT) {
                return error_move(err, &lookup_err);
        }
        return overlay_node_link(&first, dir, name, err);
}

static int apply(const struct unpack *u, const struct oci_entry *e, struct error *err)
{
        CLEANUP_OVERLAY_REF struct overlay_ref dir = OVERLAY_REF_INIT;
        CLEANUP_OVERLAY_REF struct overlay_ref node = OVERLAY_REF_INIT;
        CLEANUP_FREE char *name = NULL;
        struct overlay_make make;
        struct timespec mtime;

        builder_entry_make(e, &make, &mtime);
        if (u->owner) {
                make.uid = u->owner->uid;
                make.gid = u->owner->gid;
        }
        if (e->path[0] == '\0')
                return set_directory(u->dest, &make, err);
        if (open_parent(u, e->path, &dir, &name, err) < 0)
                return -1;
        if (e->kind == OCI_ENTRY_HARDLINK)
                return make_link(u, &dir, name, e->target, err);
        if (make_node(&dir, name, &make, &node, err) < 0)
                return -1;
        return builder_entry_fill(e, u->source, &node, err);
}

/* Directories get their time at the end: what was unpacked into them changed it. */
struct dir_time {
        struct overlay_ref dir;
        struct timespec mtime;
};

struct dir_times {
        struct dir_time *items;
        size_t count;
        size_t cap;
};

static void remember_time(const struct unpack *u, const struct oci_entry *e, struct dir_times *times)
{
        CLEANUP_OVERLAY_REF struct overlay_ref dir = OVERLAY_REF_INIT;
        CLEANUP_ERROR struct error err = ERROR_INIT;

        if (e->kind != OCI_ENTRY_DIRECTORY ||
            overlay_tree_resolve(u->tree, u->dest, e->path, OVERLAY_RESOLVE_NOFOLLOW, &dir, &err) < 0)
                return;
        memory_grow(&times->items, &times->cap, times->count + 1, sizeof(*times->items));
        times->items[times->count] = (struct dir_time){ OVERLAY_REF_INIT, { (time_t)e->mtime, (long)e->mtime_ns } };
        overlay_ref_copy(&dir, &times->items[times->count++].dir);
}

static int set_times(struct dir_times *times, int result, struct error *err)
{
        for (size_t i = times->count; i-- > 0;) {
                const struct overlay_change change = { .set = OVERLAY_SET_MTIME, .mtime = times->items[i].mtime };

                if (result == 0)
                        result = overlay_node_set(&times->items[i].dir, &change, err);
                overlay_ref_release(&times->items[i].dir);
        }
        free(times->items);
        return result;
}

static int unpack_entries(const struct unpack *u, int fd, const struct log *log, struct error *err)
{
        const struct oci_layer_options options = { .log = log, .plain_names = true };
        struct oci_layer_reader *reader = NULL;
        struct dir_times times = { NULL, 0, 0 };
        const struct oci_entry *e = NULL;
        int result = oci_layer_reader_open(fd, &options, &reader, err);

        while (result == 0 && (result = oci_layer_reader_next(reader, &e, err)) == 0 && e) {
                result = apply(u, e, err);
                if (result < 0)
                        (void)error_wrap(err, "cannot unpack %s", e->path);
                else
                        remember_time(u, e, &times);
        }
        oci_layer_reader_close(reader);
        return set_times(&times, result, err);
}

int builder_unpack_entries(int fd, struct overlay_source *bytes, struct overlay_tree *tree, const struct overlay_ref *dest,
                           const struct log *log, struct error *err)
{
        const struct unpack u = { tree, dest, NULL, bytes };

        return unpack_entries(&u, fd, log, err);
}

int builder_unpack(struct builder_workshop *w, int fd, struct overlay_tree *tree, const struct overlay_ref *dest,
                   const struct overlay_owner *owner, char **ret_data, struct error *err)
{
        const struct oci_layer_options options = { .log = w->log, .plain_names = true };
        CLEANUP_STORE_FILE struct oci_store_file *file = NULL;
        CLEANUP_FREE char *name = NULL;
        struct unpack u = { tree, dest, owner, NULL };
        struct oci_layer_info info;
        char hex[SHA256_HEX_SIZE + 1];
        int out, result;

        if (oci_store_file_create(w->store, OCI_STORE_DATA, &file, err) < 0)
                return -1;
        out = oci_store_file_fd(file);
        if (oci_layer_ingest(fd, out, &options, NULL, NULL, &info, err) < 0)
                return -1;
        if (lseek(out, 0, SEEK_SET) < 0)
                return error_errno(err, errno, "cannot read the unpacked archive again");
        sha256_to_hex(&info.diff_id, hex);
        name = memory_printf("data/tar-%s", hex);
        if (overlay_pool_ensure(w->pool, name, info.size, &u.source, err) < 0)
                return -1;
        result = unpack_entries(&u, out, w->log, err);
        (void)overlay_source_unref(u.source);
        if (result < 0 || oci_store_file_commit(file, name + 5, err) < 0)
                return -1;
        *ret_data = memory_strdup(name + 5);
        return 0;
}

/* A compressed file may hold anything: its first entry is tried. */
static bool has_first_entry(int fd)
{
        const struct oci_layer_options options = { .plain_names = true };
        CLEANUP_ERROR struct error err = ERROR_INIT;
        struct oci_layer_reader *reader = NULL;
        const struct oci_entry *e = NULL;
        bool is = oci_layer_reader_open(fd, &options, &reader, &err) == 0 && oci_layer_reader_next(reader, &e, &err) == 0 && e;

        oci_layer_reader_close(reader);
        return is;
}

int builder_unpack_detect(int fd, bool *ret, struct error *err)
{
        char head[1024];
        ssize_t n = pread(fd, head, sizeof(head), 0);

        if (n < 0)
                return error_errno(err, errno, "cannot read the file");
        *ret = oci_layer_is_archive(head, (size_t)n) && has_first_entry(fd);
        if (lseek(fd, 0, SEEK_SET) < 0)
                return error_errno(err, errno, "cannot read the file from its start");
        return 0;
}
