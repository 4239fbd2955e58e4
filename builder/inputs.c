/* SPDX-License-Identifier: Apache-2.0 */
/* The Dockerfile, its ignore file, and the context. */
#include "builder/inputs.h"

#include <errno.h>
#include <limits.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "common/fd.h"
#include "common/memory.h"

#define MAX_FILE ((size_t)10 << 20)

/* A Dockerfile: the directory it is read in, its path there, and what messages call it. */
struct location {
        struct builder_source *directory; /* the context, or a directory of its own */
        bool own;                         /* directory is not the context */
        char *path;
        const char *shown;
        struct buffer text;
};

static void location_free(struct location *l)
{
        if (l->own)
                builder_source_free(l->directory);
        free(l->path);
        buffer_free(&l->text);
}

static char *real_directory(const char *path)
{
        const char *slash = strrchr(path, '/');
        CLEANUP_FREE char *directory = slash ? memory_strndup(path, (size_t)(slash - path) + 1) : memory_strdup(".");

        return realpath(directory, NULL);
}

/* Splits --file into a directory and the path in it: the context when it lies there, so that links may lead anywhere in it. */
static int locate_given(const struct builder_build_options *o, struct builder_source *context, struct location *l,
                        struct error *err)
{
        CLEANUP_FREE char *directory = real_directory(o->file);
        CLEANUP_FREE char *root = realpath(o->context, NULL);
        const char *slash = strrchr(o->file, '/');
        size_t length = root ? strlen(root) : 0;

        l->shown = o->file;
        if (!directory)
                return error_errno(err, errno, "cannot read the Dockerfile %s", o->file);
        if (root && strncmp(directory, root, length) == 0 && (directory[length] == '/' || directory[length] == '\0')) {
                l->directory = context;
                l->path = memory_printf("%s/%s", directory + length, slash ? slash + 1 : o->file);
                return 0;
        }
        l->path = memory_strdup(slash ? slash + 1 : o->file);
        l->own = true;
        return builder_context_open(directory, o->log, &l->directory, err);
}

static int read_standard_input(struct builder_source *context, struct location *l, struct error *err)
{
        ssize_t n;

        l->directory = context;
        l->path = memory_strdup("Dockerfile");
        l->shown = "Dockerfile";
        while ((n = read(STDIN_FILENO, buffer_reserve(&l->text, 65536), 65536)) != 0) {
                if (n < 0 && errno == EINTR)
                        continue;
                if (n < 0)
                        return error_errno(err, errno, "cannot read the Dockerfile from standard input");
                l->text.size += (size_t)n;
                if (l->text.size > MAX_FILE)
                        return error_set(err, EFBIG, "the Dockerfile on standard input is larger than %zu bytes", MAX_FILE);
        }
        return 0;
}

static int read_given(const struct builder_build_options *o, struct builder_source *context, struct location *l,
                      struct error *err)
{
        if (strcmp(o->file, "-") == 0)
                return read_standard_input(context, l, err);
        if (locate_given(o, context, l, err) < 0)
                return -1;
        if (builder_context_read(l->directory, l->path, MAX_FILE, &l->text, err) < 0)
                return error_wrap(err, "cannot read the Dockerfile %s", o->file);
        return 0;
}

static int read_default(const struct builder_build_options *o, struct builder_source *context, struct location *l,
                        struct error *err)
{
        static const char *const names[] = { "Dockerfile", "dockerfile", "Containerfile" };

        l->directory = context;
        for (size_t i = 0; i < ARRAY_SIZE(names); i++) {
                CLEANUP_ERROR struct error read_err = ERROR_INIT;

                if (builder_context_read(context, names[i], MAX_FILE, &l->text, &read_err) == 0) {
                        l->path = memory_strdup(names[i]);
                        l->shown = names[i];
                        return 0;
                }
                if (read_err.code != ENOENT) {
                        (void)error_wrap(&read_err, "cannot read the Dockerfile");
                        return error_move(err, &read_err);
                }
        }
        return error_set(err, ENOENT, "there is no Dockerfile in %s: name one with -f", o->context);
}

static int read_given_ignore(const char *path, struct builder_source *context, struct error *err)
{
        CLEANUP_FREE char *directory = real_directory(path);
        CLEANUP_BUFFER struct buffer text = BUFFER_INIT;
        struct builder_source *place = NULL;
        const char *slash = strrchr(path, '/');
        int result;

        if (!directory)
                return error_errno(err, errno, "cannot read the ignore file %s", path);
        result = builder_context_open(directory, NULL, &place, err);
        if (result == 0)
                result = builder_context_read(place, slash ? slash + 1 : path, MAX_FILE, &text, err);
        builder_source_free(place);
        if (result < 0)
                return error_wrap(err, "cannot read the ignore file %s", path);
        return builder_context_set_ignore(context, buffer_text(&text), text.size, path, err);
}

/* NAME.dockerignore beside the Dockerfile comes before .dockerignore of the context. */
static int read_ignore(struct builder_source *context, const struct location *l, struct error *err)
{
        CLEANUP_FREE char *own = memory_printf("%s.dockerignore", l->path);
        const struct {
                struct builder_source *directory;
                const char *path;
        } places[] = { { l->directory, own }, { context, ".dockerignore" } };

        for (size_t i = 0; i < ARRAY_SIZE(places); i++) {
                CLEANUP_BUFFER struct buffer text = BUFFER_INIT;
                CLEANUP_ERROR struct error read_err = ERROR_INIT;

                if (builder_context_read(places[i].directory, places[i].path, MAX_FILE, &text, &read_err) == 0)
                        return builder_context_set_ignore(context, buffer_text(&text), text.size, places[i].path, err);
                if (read_err.code != ENOENT) {
                        (void)error_wrap(&read_err, "cannot read the ignore file");
                        return error_move(err, &read_err);
                }
        }
        return 0;
}

int builder_inputs_open(const struct builder_build_options *o, struct dockerfile **ret_file,
                        struct builder_source **ret_context, struct error *err)
{
        struct location l = { .text = BUFFER_INIT };
        int result = builder_context_open(o->context, o->log, ret_context, err);

        if (result == 0)
                result = o->file ? read_given(o, *ret_context, &l, err) : read_default(o, *ret_context, &l, err);
        if (result == 0)
                result = o->ignore_file ? read_given_ignore(o->ignore_file, *ret_context, err) : read_ignore(*ret_context, &l, err);
        if (result == 0)
                result = dockerfile_parse(buffer_text(&l.text), l.text.size, l.shown, ret_file, err);
        location_free(&l);
        return result;
}
