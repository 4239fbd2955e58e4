/* SPDX-License-Identifier: Apache-2.0 */
/* The Dockerfile, its ignore file, and the context. */
#include "builder/inputs.h"

#include <errno.h>
#include <limits.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <sys/stat.h>
#include <unistd.h>

#include "builder/origin.h"
#include "common/fd.h"
#include "common/memory.h"
#include "common/redact.h"
#include "dockerfile/suggest.h"

#define MAX_FILE ((size_t)10 << 20)
/* Other Dockerfiles that a message names, at most. */
#define MAX_OTHERS 5

/* A Dockerfile: the directory it is read in, its path there, and what messages call it. */
struct location {
        struct builder_source *directory; /* the context, or a directory of its own; NULL: it lies in none */
        bool own;                         /* directory is not the context */
        char *path;
        char *shown; /* owned */
        struct buffer text;
};

static void location_free(struct location *l)
{
        if (l->own)
                builder_source_free(l->directory);
        free(l->path);
        free(l->shown);
        buffer_free(&l->text);
}

static char *real_directory(const char *path)
{
        const char *slash = strrchr(path, '/');
        CLEANUP_FREE char *directory = slash ? memory_strndup(path, (size_t)(slash - path) + 1) : memory_strdup(".");

        return realpath(directory, NULL);
}

/* Files beside `path` that may have been meant, " (did you mean Dockerfile.dev?)", or "". They are shown behind `prefix`. */
static char *other_dockerfiles(struct builder_source *source, const char *path, const char *prefix)
{
        const char *slash = strrchr(path, '/');
        CLEANUP_FREE char *dir = slash ? memory_strndup(path, (size_t)(slash - path)) : memory_strdup("");
        CLEANUP_ITEM struct builder_item item = BUILDER_ITEM_INIT;
        CLEANUP_STRV struct strv names = STRV_INIT;
        CLEANUP_BUFFER struct buffer list = BUFFER_INIT;
        CLEANUP_ERROR struct error ignored = ERROR_INIT;
        const char *near;
        unsigned count = 0;

        if (source->ops->find(source, dir, &item, &ignored) < 0 || !S_ISDIR(item.attr.mode) ||
            source->ops->list(source, &item, &names, &ignored) < 0)
                return memory_strdup("");
        near = dockerfile_suggest(slash ? slash + 1 : path, (const char *const *)names.items, names.count);
        if (near)
                return memory_printf(" (did you mean %s%s?)", prefix, near);
        for (size_t i = 0; i < names.count && count < MAX_OTHERS; i++)
                if ((strcasestr(names.items[i], "dockerfile") || strcasestr(names.items[i], "containerfile")) &&
                    !strstr(names.items[i], "ignore"))
                        buffer_printf(&list, "%s%s%s", count++ ? ", " : "", prefix, names.items[i]);
        return count ? memory_printf(" (there %s %s)", count == 1 ? "is" : "are", list.data) : memory_strdup("");
}

/* Says that --file is not there, in the words it was given in. */
static int no_such_file(const struct location *l, const char *file, struct error *err)
{
        const char *slash = strrchr(file, '/');
        CLEANUP_FREE char *prefix = memory_strndup(file, slash ? (size_t)(slash - file) + 1 : 0);
        CLEANUP_FREE char *others = other_dockerfiles(l->directory, l->path, prefix);

        return error_set(err, ENOENT, "there is no Dockerfile %s%s", file, others);
}

/* Splits --file into a directory and the path in it: the context when it lies there, so that links may lead anywhere in
 * it. */
static int locate_given(const struct builder_build_options *o, struct builder_source *context, struct location *l,
                        struct error *err)
{
        CLEANUP_FREE char *directory = real_directory(o->file);
        CLEANUP_FREE char *root = realpath(o->context, NULL);
        const char *slash = strrchr(o->file, '/');
        size_t length = root ? strlen(root) : 0;

        l->shown = memory_strdup(o->file);
        if (!directory)
                return error_errno(err, errno, "cannot read the Dockerfile %s", o->file);
        if (root && strncmp(directory, root, length) == 0 && (directory[length] == '/' || directory[length] == '\0')) {
                l->directory = context;
                l->path = memory_printf("%s%s%s", directory + length + strspn(directory + length, "/"), directory[length] ? "/" : "",
                                        slash ? slash + 1 : o->file);
                return 0;
        }
        l->path = memory_strdup(slash ? slash + 1 : o->file);
        l->own = true;
        return builder_context_open(directory, NULL, o->log, &l->directory, err);
}

static int read_standard_input(struct location *l, struct error *err)
{
        ssize_t n;

        l->path = memory_strdup("Dockerfile");
        l->shown = memory_strdup("Dockerfile");
        while ((n = read(STDIN_FILENO, buffer_reserve(&l->text, 65536), 65536)) != 0) {
                if (n < 0 && errno == EINTR)
                        continue;
                if (n < 0)
                        return error_errno(err, errno, "cannot read the Dockerfile from standard input");
                l->text.size += (size_t)n;
                if (l->text.size > MAX_FILE)
                        return error_set(err, EFBIG, "the Dockerfile on standard input is larger than %zu bytes",
                                         MAX_FILE);
        }
        return 0;
}

/* --file: standard input, a URL, a path of the host, or, where the context is not on the host, a path in it. */
static int read_given(struct builder_job *job, const struct builder_origin *origin, struct location *l,
                      struct error *err)
{
        const struct builder_build_options *o = job->options;
        CLEANUP_ERROR struct error cause = ERROR_INIT;

        if (strcmp(o->file, "-") == 0) {
                l->directory = origin->source;
                return read_standard_input(l, err);
        }
        if (strncasecmp(o->file, "http://", 7) == 0 || strncasecmp(o->file, "https://", 8) == 0) {
                l->path = memory_strdup("Dockerfile");
                l->shown = redact_urls(o->file);
                return builder_origin_read_url(job, o->file, MAX_FILE, &l->text, err);
        }
        if (origin->is_directory) {
                if (locate_given(o, origin->source, l, err) < 0)
                        return -1;
        } else {
                l->directory = origin->source;
                l->path = memory_strdup(o->file);
                l->shown = memory_strdup(o->file);
        }
        if (builder_source_read(l->directory, l->path, MAX_FILE, &l->text, &cause) == 0)
                return 0;
        if (cause.code == ENOENT)
                return no_such_file(l, o->file, err);
        (void)error_wrap(&cause, "cannot read the Dockerfile %s", o->file);
        return error_move(err, &cause);
}

static int read_default(const struct builder_origin *origin, struct location *l, struct error *err)
{
        static const char *const names[] = {"Dockerfile", "dockerfile", "Containerfile"};
        CLEANUP_FREE char *others = NULL;

        l->directory = origin->source;
        for (size_t i = 0; i < ARRAY_SIZE(names); i++) {
                CLEANUP_ERROR struct error read_err = ERROR_INIT;

                if (builder_source_read(origin->source, names[i], MAX_FILE, &l->text, &read_err) == 0) {
                        l->path = memory_strdup(names[i]);
                        l->shown = memory_strdup(names[i]);
                        return 0;
                }
                if (read_err.code != ENOENT) {
                        (void)error_wrap(&read_err, "cannot read the Dockerfile");
                        return error_move(err, &read_err);
                }
        }
        others = other_dockerfiles(origin->source, "Dockerfile", "");
        return error_set(err, ENOENT, "there is no Dockerfile in %s%s: name one with -f", origin->shown, others);
}

/* The context was no tar but a text: that is the Dockerfile, and there are no files. */
static int take_text(struct builder_job *job, struct builder_origin *origin, struct location *l, struct error *err)
{
        /* with a URL BuildKit lets -f say anything: there is one file */
        if (job->options->file && !origin->is_url)
                return error_set(err, EINVAL, "%s is a Dockerfile, and -f names another one: leave one of them out", origin->shown);
        l->path = memory_strdup("Dockerfile");
        l->shown = memory_strdup("Dockerfile");
        l->text = origin->dockerfile;
        origin->dockerfile = (struct buffer)BUFFER_INIT;
        return 0;
}

static int read_given_ignore(const char *path, const struct builder_origin *origin, struct error *err)
{
        CLEANUP_FREE char *directory = real_directory(path);
        CLEANUP_BUFFER struct buffer text = BUFFER_INIT;
        struct builder_source *place = NULL;
        const char *slash = strrchr(path, '/');
        int result;

        if (!origin->is_directory)
                return error_set(err, EINVAL, "the ignore file %s: ignore files are for directories, and the context is %s", path,
                                 origin->shown);
        if (!directory)
                return error_errno(err, errno, "cannot read the ignore file %s", path);
        result = builder_context_open(directory, NULL, NULL, &place, err);
        if (result == 0)
                result = builder_source_read(place, slash ? slash + 1 : path, MAX_FILE, &text, err);
        builder_source_free(place);
        if (result < 0)
                return error_wrap(err, "cannot read the ignore file %s", path);
        return builder_context_set_ignore(origin->source, buffer_text(&text), text.size, path, err);
}

/*
 * The first that exists, and no other: NAME.dockerignore and NAME.containerignore beside the Dockerfile, then
 * .containerignore and .dockerignore of the context. buildah has the .containerignore ones (containerignore(5)).
 */
static int read_ignore(struct builder_source *context, const struct location *l, struct error *err)
{
        CLEANUP_FREE char *own = memory_printf("%s.dockerignore", l->path ? l->path : "");
        CLEANUP_FREE char *own_container = memory_printf("%s.containerignore", l->path ? l->path : "");
        const struct {
                struct builder_source *directory; /* NULL: not looked for */
                const char *path;
        } places[] = {
                {l->directory, own}, {l->directory, own_container}, {context, ".containerignore"}, {context, ".dockerignore"}};

        for (size_t i = 0; i < ARRAY_SIZE(places); i++) {
                CLEANUP_BUFFER struct buffer text = BUFFER_INIT;
                CLEANUP_ERROR struct error read_err = ERROR_INIT;

                if (!places[i].directory)
                        continue;
                if (builder_source_read(places[i].directory, places[i].path, MAX_FILE, &text, &read_err) == 0)
                        return builder_context_set_ignore(context, buffer_text(&text), text.size, places[i].path, err);
                if (read_err.code != ENOENT) {
                        (void)error_wrap(&read_err, "cannot read the ignore file");
                        return error_move(err, &read_err);
                }
        }
        return 0;
}

int builder_inputs_read_ignore(struct builder_source *context, struct error *err)
{
        const struct location nowhere = {.path = NULL};

        return read_ignore(context, &nowhere, err);
}

static int read_dockerfile(struct builder_job *job, struct builder_origin *origin, struct location *l,
                           struct error *err)
{
        if (origin->has_dockerfile)
                return take_text(job, origin, l, err);
        return job->options->file ? read_given(job, origin, l, err) : read_default(origin, l, err);
}

int builder_inputs_open(struct builder_job *job, struct error *err)
{
        CLEANUP_ORIGIN struct builder_origin origin = BUILDER_ORIGIN_INIT;
        const struct builder_build_options *o = job->options;
        struct location l = {.text = BUFFER_INIT};
        int result;

        if (o->file && strcmp(o->file, "-") == 0 && strcmp(o->context, "-") == 0)
                return error_set(err, EINVAL, "context and Dockerfile cannot both be read from standard input");
        result = builder_origin_open(job, o->context, true, &origin, err);
        if (result == 0)
                result = read_dockerfile(job, &origin, &l, err);
        if (result == 0 && o->ignore_file)
                result = read_given_ignore(o->ignore_file, &origin, err);
        else if (result == 0 && origin.is_directory)
                result = read_ignore(origin.source, &l, err);
        if (result == 0)
                result = dockerfile_syntax_check(buffer_text(&l.text), l.text.size, l.shown,
                                                 strv_env_find(o->build_args, "BUILDKIT_SYNTAX"), err);
        if (result == 0)
                result = dockerfile_parse_keep(buffer_text(&l.text), l.text.size, l.shown, &job->file, &job->unreadable, err);
        location_free(&l);
        job->context_is_directory = origin.is_directory;
        job->context_made = origin.made;
        job->context = STEAL(origin.source);
        return result;
}
