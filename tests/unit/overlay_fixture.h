/* SPDX-License-Identifier: Apache-2.0 */
#ifndef BRYO_TESTS_UNIT_OVERLAY_FIXTURE_H
#define BRYO_TESTS_UNIT_OVERLAY_FIXTURE_H

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "common/buffer.h"
#include "common/fd.h"
#include "common/memory.h"
#include "overlay/tree.h"
#include "overlay/tree_ops.h"
#include "tests/unit/check.h"

/* A store of its own in a temporary directory: sealed indexes pile up as the layers of the next tree. */
struct fixture {
        char path[64];
        int fd;
        struct overlay_pool *pool;
        struct overlay_index *layers[600];
        size_t layer_count;
        unsigned data_count;
        unsigned index_count;
        bool no_data; /* make create_data fail with ENOSPC */
        unsigned logged;
};

__attribute__((unused)) static int fixture_open_source(void *context, const char *name, int *ret_fd, struct error *err)
{
        struct fixture *f = context;

        *ret_fd = openat(f->fd, name, O_RDONLY | O_CLOEXEC);
        return *ret_fd < 0 ? error_errno(err, errno, "cannot open %s", name) : 0;
}

__attribute__((unused)) static int fixture_create_data(void *context, int *ret_fd,
                                                       char ret_name[OVERLAY_SOURCE_NAME_MAX + 1], struct error *err)
{
        struct fixture *f = context;

        if (f->no_data)
                return error_errno(err, ENOSPC, "cannot make a data file");
        snprintf(ret_name, OVERLAY_SOURCE_NAME_MAX, "data-%u", f->data_count++);
        *ret_fd = openat(f->fd, ret_name, O_RDWR | O_CREAT | O_EXCL | O_CLOEXEC, 0600);
        return *ret_fd < 0 ? error_errno(err, errno, "cannot make %s", ret_name) : 0;
}

__attribute__((unused)) static void fixture_log(void *context, enum log_level level, const char *line)
{
        struct fixture *f = context;

        (void)level;
        (void)line;
        f->logged++;
}

__attribute__((unused)) static void fixture_begin(struct fixture *f)
{
        struct overlay_pool_options options = {.open = fixture_open_source, .context = f, .max_open = 4};
        const char *base = getenv("TMPDIR");

        memset(f, 0, sizeof(*f));
        snprintf(f->path, sizeof(f->path), "%.40s/bryo-unit-XXXXXX",
                 base != NULL                    ? base
                 : access("/dev/shm", W_OK) == 0 ? "/dev/shm"
                                                 : "/tmp");
        if (mkdtemp(f->path) == NULL || (f->fd = open(f->path, O_RDONLY | O_DIRECTORY | O_CLOEXEC)) < 0) {
                perror(f->path);
                exit(1);
        }
        f->pool = overlay_pool_new(&options);
}

__attribute__((unused)) static void fixture_pop(struct fixture *f)
{
        overlay_index_unref(f->layers[--f->layer_count]);
}

__attribute__((unused)) static void fixture_end(struct fixture *f)
{
        struct dirent *entry;
        DIR *dir;

        while (f->layer_count > 0)
                fixture_pop(f);
        overlay_pool_free(f->pool);
        dir = fdopendir(f->fd);
        while ((entry = readdir(dir)) != NULL)
                (void)unlinkat(f->fd, entry->d_name, 0);
        closedir(dir);
        rmdir(f->path);
}

__attribute__((unused)) static struct overlay_tree *fixture_tree_with(struct fixture *f, bool layer,
                                                                      const struct overlay_observer *observer)
{
        static struct log log;
        CLEANUP_ERROR struct error err = ERROR_INIT;
        struct overlay_tree_options options = {
                .pool = f->pool,
                .indexes = f->layers,
                .index_count = layer ? 0 : f->layer_count,
                .create_data = fixture_create_data,
                .context = f,
                .statfs_fd = f->fd,
                .log = &log,
                .layer = layer,
                .observer = observer,
        };
        struct overlay_tree *tree = NULL;

        log = (struct log){fixture_log, f};
        if (overlay_tree_open(&options, &tree, &err) < 0) {
                printf("# cannot open tree: %s\n", err.message);
                exit(1);
        }
        return tree;
}

__attribute__((unused)) static struct overlay_tree *fixture_tree(struct fixture *f)
{
        return fixture_tree_with(f, false, NULL);
}

/* Seals and closes the tree; the new index becomes the top layer (unless empty). */
__attribute__((unused)) static struct overlay_seal_result fixture_seal(struct fixture *f, struct overlay_tree *tree,
                                                                       bool always)
{
        CLEANUP_ERROR struct error err = ERROR_INIT;
        struct overlay_seal_result result = {0};
        char name[32];

        snprintf(name, sizeof(name), "index-%u", f->index_count++);
        if (overlay_tree_seal(tree, f->fd, name, always, &result, &err) < 0) {
                printf("# cannot seal: %s\n", err.message);
                exit(1);
        }
        overlay_tree_close(tree);
        if (!result.empty || always) {
                struct overlay_index_options options = {.verify = true};

                if (overlay_index_open(f->fd, name, &options, &f->layers[f->layer_count], &err) < 0) {
                        printf("# cannot open what was sealed: %s\n", err.message);
                        exit(1);
                }
                f->layer_count++;
        }
        return result;
}

/* The number of a path, 0 if it is missing. Symlinks are not followed at the end. */
__attribute__((unused)) static uint64_t fixture_ino(struct overlay_tree *tree, const char *path)
{
        CLEANUP_ERROR struct error err = ERROR_INIT;
        CLEANUP_OVERLAY_REF struct overlay_ref ref = OVERLAY_REF_INIT;
        struct overlay_attr attr = {0};

        if (overlay_tree_resolve(tree, NULL, path, OVERLAY_RESOLVE_NOFOLLOW, &ref, &err) < 0 ||
            overlay_node_stat(&ref, &attr, &err) < 0)
                return 0;
        return attr.ino;
}

__attribute__((unused)) static struct overlay_attr fixture_stat(struct overlay_tree *tree, const char *path)
{
        CLEANUP_ERROR struct error err = ERROR_INIT;
        CLEANUP_OVERLAY_REF struct overlay_ref ref = OVERLAY_REF_INIT;
        struct overlay_attr attr = {0};

        if (overlay_tree_resolve(tree, NULL, path, OVERLAY_RESOLVE_NOFOLLOW, &ref, &err) == 0)
                (void)overlay_node_stat(&ref, &attr, &err);
        return attr;
}

/* Makes a file (mode 0644) with text, replacing what its body was; parents must exist. */
__attribute__((unused)) static void fixture_write(struct overlay_tree *tree, const char *path, const char *text)
{
        CLEANUP_ERROR struct error err = ERROR_INIT;
        CLEANUP_OVERLAY_REF struct overlay_ref dir = OVERLAY_REF_INIT;
        CLEANUP_OVERLAY_REF struct overlay_ref ref = OVERLAY_REF_INIT;
        CLEANUP_FREE char *name = NULL;
        struct overlay_make make = {.mode = S_IFREG | 0644};
        struct overlay_change change = {.set = OVERLAY_SET_SIZE};

        CHECK_OK(overlay_tree_resolve_parent(tree, NULL, path, &dir, &name, &err));
        if (overlay_node_lookup(&dir, name, &ref, &err) == 0) {
                CHECK_OK(overlay_node_set(&ref, &change, &err));
        } else {
                error_clear(&err);
                CHECK_OK(overlay_node_make(&dir, name, &make, &ref, &err));
        }
        CHECK_OK(overlay_node_append(&ref, text, strlen(text), &err));
}

__attribute__((unused)) static void fixture_mkdir(struct overlay_tree *tree, const char *path)
{
        CLEANUP_ERROR struct error err = ERROR_INIT;
        CLEANUP_OVERLAY_REF struct overlay_ref ref = OVERLAY_REF_INIT;

        CHECK_OK(overlay_tree_ensure_directory(tree, NULL, path, 0755, (struct overlay_owner){0, 0}, NULL, &ref, &err));
}

__attribute__((unused)) static void fixture_symlink(struct overlay_tree *tree, const char *target, const char *path)
{
        CLEANUP_ERROR struct error err = ERROR_INIT;
        CLEANUP_OVERLAY_REF struct overlay_ref dir = OVERLAY_REF_INIT;
        CLEANUP_FREE char *name = NULL;
        struct overlay_make make = {.mode = S_IFLNK | 0777, .target = target};

        CHECK_OK(overlay_tree_resolve_parent(tree, NULL, path, &dir, &name, &err));
        CHECK_OK(overlay_node_make(&dir, name, &make, NULL, &err));
}

__attribute__((unused)) static void fixture_remove(struct overlay_tree *tree, const char *path)
{
        CLEANUP_ERROR struct error err = ERROR_INIT;
        CLEANUP_OVERLAY_REF struct overlay_ref dir = OVERLAY_REF_INIT;
        CLEANUP_FREE char *name = NULL;

        CHECK_OK(overlay_tree_resolve_parent(tree, NULL, path, &dir, &name, &err));
        CHECK_OK(overlay_node_remove_all(&dir, name, &err));
}

__attribute__((unused)) static void fixture_link(struct overlay_tree *tree, const char *from, const char *to)
{
        CLEANUP_ERROR struct error err = ERROR_INIT;
        CLEANUP_OVERLAY_REF struct overlay_ref dir = OVERLAY_REF_INIT;
        CLEANUP_OVERLAY_REF struct overlay_ref ref = OVERLAY_REF_INIT;
        CLEANUP_FREE char *name = NULL;

        CHECK_OK(overlay_tree_resolve(tree, NULL, from, OVERLAY_RESOLVE_NOFOLLOW, &ref, &err));
        CHECK_OK(overlay_tree_resolve_parent(tree, NULL, to, &dir, &name, &err));
        CHECK_OK(overlay_node_link(&ref, &dir, name, &err));
}

__attribute__((unused)) static void fixture_rename(struct overlay_tree *tree, const char *from, const char *to)
{
        CLEANUP_ERROR struct error err = ERROR_INIT;
        CLEANUP_OVERLAY_REF struct overlay_ref dir = OVERLAY_REF_INIT;
        CLEANUP_OVERLAY_REF struct overlay_ref new_dir = OVERLAY_REF_INIT;
        CLEANUP_FREE char *name = NULL;
        CLEANUP_FREE char *new_name = NULL;

        CHECK_OK(overlay_tree_resolve_parent(tree, NULL, from, &dir, &name, &err));
        CHECK_OK(overlay_tree_resolve_parent(tree, NULL, to, &new_dir, &new_name, &err));
        CHECK_OK(overlay_node_rename(&dir, name, &new_dir, new_name, &err));
}

/* The text of a file, "(missing)" or an error; heap string. */
__attribute__((unused)) static char *fixture_read(struct overlay_tree *tree, const char *path)
{
        CLEANUP_ERROR struct error err = ERROR_INIT;
        CLEANUP_OVERLAY_REF struct overlay_ref ref = OVERLAY_REF_INIT;
        struct buffer text = BUFFER_INIT;

        if (overlay_tree_resolve(tree, NULL, path, 0, &ref, &err) < 0)
                return memory_strdup(err.code == ENOENT ? "(missing)" : err.message);
        if (overlay_node_read_all(&ref, 1 << 20, &text, &err) < 0) {
                buffer_free(&text);
                return memory_strdup(err.message);
        }
        return buffer_steal(&text);
}

#define CHECK_TEXT(tree, path, expected)                                                                               \
        do {                                                                                                           \
                CLEANUP_FREE char *text_ = fixture_read(tree, path);                                                   \
                CHECK_STR(text_, expected);                                                                            \
        } while (0)

__attribute__((unused)) static int fixture_add_line(void *context, const struct overlay_walk_entry *e,
                                                    struct error *err)
{
        struct buffer *out = context;

        (void)err;
        buffer_append(out, e->path, e->path_size);
        if (e->whiteout)
                buffer_append_string(out, " whiteout");
        else if (e->link != NULL)
                buffer_printf(out, " %s %s", e->unresolved ? "unresolved" : "link", e->link);
        else
                buffer_printf(out, " %o", (unsigned)e->mode);
        if (e->opaque)
                buffer_append_string(out, " opaque");
        if (e->implicit)
                buffer_append_string(out, " implicit");
        if (e->target != NULL)
                buffer_printf(out, " -> %s", e->target);
        buffer_append_char(out, '\n');
        return 0;
}

/* A layer as text, one line an entry, in walk order. Heap string. */
__attribute__((unused)) static char *fixture_layer_text(const struct overlay_index *index)
{
        CLEANUP_ERROR struct error err = ERROR_INIT;
        struct buffer out = BUFFER_INIT;

        if (overlay_index_walk(index, fixture_add_line, &out, &err) < 0)
                buffer_printf(&out, "error: %s\n", err.message);
        return buffer_steal(&out);
}

#define CHECK_LAYER(index, expected)                                                                                   \
        do {                                                                                                           \
                CLEANUP_FREE char *text_ = fixture_layer_text(index);                                                  \
                CHECK_STR(text_, expected);                                                                            \
        } while (0)

#endif
