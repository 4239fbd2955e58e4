/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A context directory of the host as a source: finding and listing. Every file
 * is reached component by component below the directory's descriptor, never
 * through a link that leads out of it, and files belong to 0:0 whoever owns them on the
 * host, so that a laptop and a CI machine share step keys.
 *
 * A file costs one stat: it is opened only when its bytes are needed, and then
 * it must still be the file that the stat saw.
 */
#include "builder/context.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "common/fd.h"
#include "common/memory.h"
#include "common/path.h"
#include "common/rooted.h"

struct context *builder_context_of(struct builder_source *s)
{
        return (struct context *)(void *)s;
}

static void take_stat(struct context *c, struct builder_item *item, const struct stat *st)
{
        mode_t mode = st->st_mode;

        if (c->plain_modes && !S_ISLNK(mode))
                mode = (mode & S_IFMT) | (S_ISDIR(mode) || (mode & 0100) ? 0755 : 0644);
        item->device = st->st_dev;
        item->attr = (struct overlay_attr){
                .ino = st->st_ino,
                .mode = mode,
                .nlink = (uint32_t)st->st_nlink,
                .rdev = st->st_rdev,
                .size = S_ISDIR(st->st_mode) ? 0 : (uint64_t)st->st_size,
                .mtime = c->has_mtime ? (struct timespec){.tv_sec = c->mtime} : st->st_mtim,
                .ctime = st->st_ctim,
        };
        item->known = c->cache && S_ISREG(st->st_mode) && builder_digest_cache_find(c->cache, st, &item->file);
}

static bool is_ignored(const struct context *c, const char *path)
{
        return c->ignore && dockerfile_ignore_matches(c->ignore, path, NULL);
}

/* A directory that is itself excluded is still there when something below it is brought back by a `!` pattern. */
static bool is_left_out(const struct context *c, const char *path, mode_t mode)
{
        return is_ignored(c, path) && !(S_ISDIR(mode) && dockerfile_ignore_may_contain(c->ignore, path));
}

static int find(struct builder_source *s, const char *path, struct builder_item *ret, struct error *err)
{
        struct context *c = builder_context_of(s);
        struct rooted found = ROOTED_INIT;
        CLEANUP_FREE char *clean = path_clean(path);
        struct stat st;

        if (rooted_resolve(c->root, path, 0, &found, err) < 0)
                return -1;
        ret->fd = found.fd;
        ret->path = found.path;
        if (fstat(ret->fd, &st) < 0)
                return error_errno(err, errno, "cannot look at %s/%s", c->directory, ret->path);
        take_stat(c, ret, &st);
        if (is_left_out(c, ret->path, ret->attr.mode) || is_left_out(c, clean, ret->attr.mode))
                return error_set(err, ENOENT, "%s is excluded from the context", path);
        return 0;
}

static char *child_path(const struct builder_item *dir, const char *name)
{
        return dir->path[0] ? memory_printf("%s/%s", dir->path, name) : memory_strdup(name);
}

static int compare_names(const void *a, const void *b)
{
        return strcmp(*(char *const *)a, *(char *const *)b);
}

static mode_t kind_of(int dir_fd, const struct dirent *entry)
{
        struct stat st;

        if (entry->d_type != DT_UNKNOWN)
                return DTTOIF(entry->d_type);
        return fstatat(dir_fd, entry->d_name, &st, AT_SYMLINK_NOFOLLOW) < 0 ? 0 : st.st_mode & S_IFMT;
}

static bool is_taken(struct context *c, const struct builder_item *dir, int dir_fd, const struct dirent *entry)
{
        CLEANUP_FREE char *path = NULL;
        mode_t kind;

        if (strcmp(entry->d_name, ".") == 0 || strcmp(entry->d_name, "..") == 0)
                return false;
        if (!c->ignore && entry->d_type != DT_UNKNOWN && entry->d_type != DT_SOCK)
                return true;
        path = child_path(dir, entry->d_name);
        kind = kind_of(dir_fd, entry);
        if (is_left_out(c, path, kind))
                return false;
        if (S_ISSOCK(kind)) {
                log_print(c->log, LOG_INFO, "%s/%s is a socket: left out", c->directory, path);
                return false;
        }
        return true;
}

static int list(struct builder_source *s, const struct builder_item *dir, struct strv *ret, struct error *err)
{
        struct context *c = builder_context_of(s);
        int fd = openat(dir->fd, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
        DIR *stream = fd < 0 ? NULL : fdopendir(fd);
        struct dirent *entry;

        if (stream == NULL) {
                (void)error_errno(err, errno, "cannot list %s/%s", c->directory, dir->path);
                fd_close(fd);
                return -1;
        }
        while (errno = 0, (entry = readdir(stream)))
                if (is_taken(c, dir, fd, entry))
                        strv_add(ret, entry->d_name);
        if (errno != 0)
                (void)error_errno(err, errno, "cannot list %s/%s", c->directory, dir->path);
        closedir(stream);
        if (error_is_set(err))
                return -1;
        if (ret->count > 1)
                qsort(ret->items, ret->count, sizeof(*ret->items), compare_names);
        return 0;
}

static int child(struct builder_source *s, const struct builder_item *dir, const char *name, struct builder_item *ret,
                 struct error *err)
{
        struct context *c = builder_context_of(s);
        struct stat st;

        ret->path = child_path(dir, name);
        ret->parent = dir->fd;
        if (fstatat(dir->fd, name, &st, AT_SYMLINK_NOFOLLOW) < 0)
                return error_errno(err, errno, "cannot look at %s/%s", c->directory, ret->path);
        if (S_ISDIR(st.st_mode)) {
                ret->fd = openat(dir->fd, name, O_PATH | O_NOFOLLOW | O_CLOEXEC);
                if (ret->fd < 0 || fstat(ret->fd, &st) < 0)
                        return error_errno(err, errno, "cannot open %s/%s", c->directory, ret->path);
        }
        take_stat(c, ret, &st);
        return 0;
}

int builder_context_reopen(struct context *c, const struct builder_item *dir, const char *name,
                           const struct builder_context_entry *seen, struct builder_item *ret, struct error *err)
{
        struct stat st;

        ret->path = child_path(dir, name);
        ret->parent = dir->fd;
        ret->attr = seen->attr;
        ret->device = seen->device;
        ret->known = seen->known;
        ret->file = seen->file;
        ret->listed = true;
        ret->target = seen->target;
        if (!S_ISDIR(seen->attr.mode))
                return 0;
        ret->fd = openat(dir->fd, name, O_PATH | O_NOFOLLOW | O_CLOEXEC);
        if (ret->fd < 0 || fstat(ret->fd, &st) < 0)
                return error_set(err, errno == ENOENT ? ESTALE : errno, "cannot open %s/%s: %s", c->directory,
                                 ret->path, strerror(errno));
        if (!S_ISDIR(st.st_mode) || st.st_dev != seen->device || st.st_ino != seen->attr.ino)
                return error_set(err, ESTALE, "%s/%s changed while it was being copied", c->directory, ret->path);
        return 0;
}

/* Which line of the ignore file it was, and what it says. */
static char *explain_ignored(const struct context *c, unsigned line, const char *path)
{
        const char *text = c->ignore_text;

        for (unsigned i = 1; i < line && *text; i++) {
                text += strcspn(text, "\n");
                text += *text == '\n';
        }
        return memory_printf("%s excludes it in line %u: %.*s; a later line !%s would let it in", c->ignore_name, line,
                             (int)strcspn(text, "\r\n"), text, path);
}

static char *explain_missing(struct builder_source *s, const char *path, bool *ret_plain)
{
        struct context *c = builder_context_of(s);
        CLEANUP_FREE char *clean = path_clean(path);
        unsigned line = 0;

        *ret_plain = !c->ignore || !dockerfile_ignore_matches(c->ignore, clean, &line);
        if (!*ret_plain)
                return explain_ignored(c, line, clean);
        return memory_printf("it is not in the context directory %s", c->directory);
}

static struct builder_source *for_step(struct builder_source *s)
{
        struct context *step = memory_dup(builder_context_of(s), sizeof(*step));

        step->seen = builder_context_seen_new();
        step->ahead = step->bodies ? builder_context_ahead_new(step->bodies, step->log) : NULL;
        return &step->base;
}

static void context_free(struct builder_source *s)
{
        struct context *c = builder_context_of(s);

        if (c->seen) { /* the rest is borrowed */
                builder_context_seen_free(c->seen);
                builder_context_ahead_free(c->ahead);
                free(c);
                return;
        }
        builder_digest_cache_free(c->cache);
        dockerfile_ignore_free(c->ignore);
        fd_close(c->root);
        free(c->directory);
        free(c->ignore_name);
        free(c->ignore_text);
        free(c);
}

static int keep(struct builder_source *s, struct strv *made, struct error *err)
{
        struct context *c = builder_context_of(s);

        return c->ahead ? builder_context_ahead_keep(c->ahead, made, err) : 0;
}

static const struct builder_source_ops context_ops = {
        .for_step = for_step,
        .find = find,
        .list = list,
        .child = child,
        .each = builder_context_each,
        .each_digested = builder_context_each_digested,
        .read_link = builder_context_read_link,
        .each_xattr = builder_context_each_xattr,
        .digest = builder_context_digest,
        .keyed_digest = builder_context_keyed_digest,
        .place = builder_context_place,
        .open_file = builder_context_open_file,
        .keep = keep,
        .explain_missing = explain_missing,
        .free = context_free,
};

static int set_options(struct context *c, const struct builder_context_options *o, struct error *err)
{
        static const char git[] = "**/.git\n";

        c->plain_modes = o->plain_modes;
        c->has_mtime = o->mtime != NULL;
        c->mtime = o->mtime ? *o->mtime : 0;
        return o->skip_git_dir ? builder_context_set_ignore(&c->base, git, strlen(git), "git", err) : 0;
}

int builder_context_open(const char *directory, const struct builder_context_options *options, const struct log *log,
                         struct builder_source **ret, struct error *err)
{
        struct context *c;
        int root = fd_open_directory(AT_FDCWD, directory);

        if (root < 0)
                return errno == ENOTDIR
                               ? error_set(err, ENOTDIR,
                                           "the context %s is no directory: if it is the Dockerfile, write -f %s "
                                           "and the directory that COPY takes files from",
                                           directory, directory)
                               : error_errno(err, errno, "cannot open the context %s", directory);
        c = memory_zalloc(1, sizeof(*c));
        c->base.ops = &context_ops;
        c->directory = memory_strdup(options && options->label ? options->label : directory);
        c->root = root;
        c->log = log;
        if (options && set_options(c, options, err) < 0) {
                context_free(&c->base);
                return -1;
        }
        *ret = &c->base;
        return 0;
}

void builder_context_use_digests(struct builder_source *s, struct oci_store *store)
{
        struct context *c = builder_context_of(s);

        builder_digest_cache_free(c->cache);
        c->cache = builder_digest_cache_open(store, c->root, c->log);
}

void builder_context_use_bodies(struct builder_source *s, struct builder_body_table *bodies)
{
        builder_context_of(s)->bodies = bodies;
}

int builder_context_save_digests(struct builder_source *s, bool worth, struct error *err)
{
        struct context *c = builder_context_of(s);

        return c->cache ? builder_digest_cache_save(c->cache, worth, err) : 0;
}

const struct dockerfile_ignore *builder_context_ignore(const struct builder_source *s)
{
        return ((const struct context *)s)->ignore;
}

int builder_context_set_ignore(struct builder_source *s, const char *text, size_t size, const char *name,
                               struct error *err)
{
        struct context *c = builder_context_of(s);

        if (dockerfile_ignore_parse(text, size, name, &c->ignore, err) < 0)
                return -1;
        c->ignore_name = memory_strdup(name);
        c->ignore_text = memory_strndup(text, size);
        if (dockerfile_ignore_count(c->ignore) == 0) {
                dockerfile_ignore_free(c->ignore);
                c->ignore = NULL;
        }
        return 0;
}
