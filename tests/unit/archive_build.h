/* SPDX-License-Identifier: Apache-2.0 */
#ifndef BRYO_TESTS_UNIT_ARCHIVE_BUILD_H
#define BRYO_TESTS_UNIT_ARCHIVE_BUILD_H

/* What the tests of archives share: a private directory, an image of two layers, saving and loading it. */
#include <errno.h>
#include <fcntl.h>
#include <ftw.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "oci/archive.h"
#include "oci/digest.h"
#include "oci/reference.h"
#include "tests/unit/tar_build.h"

static char root[] = "/tmp/bryo-archive-XXXXXX";
static char log_text[8192];

static void log_line(void *context, enum log_level level, const char *line)
{
        size_t n = strlen(log_text);

        (void)context, (void)level;
        snprintf(log_text + n, sizeof(log_text) - n, "%s\n", line);
}

__attribute__((unused)) static const struct log test_log = {log_line, NULL};

__attribute__((unused)) static int remove_one(const char *path, const struct stat *st, int type, struct FTW *f)
{
        (void)type, (void)f;
        if (S_ISDIR(st->st_mode))
                (void)chmod(path, 0700);
        return remove(path);
}

__attribute__((unused)) static struct oci_store *open_store(const char *name)
{
        CLEANUP_ERROR struct error err = ERROR_INIT;
        CLEANUP_FREE char *path = memory_printf("%s/%s", root, name);
        struct oci_store *s = NULL;

        CHECK_OK(oci_store_open(path, &test_log, &s, &err));
        if (s == NULL)
                abort();
        return s;
}

/* Runs a shell command in `root`; output is appended to log and shown when it fails. */
__attribute__((unused)) static int run(const char *command)
{
        CLEANUP_FREE char *full = memory_printf("cd %s && { %s; } >log 2>&1 </dev/null", root, command);
        CLEANUP_FREE char *show = memory_printf("sed 's/^/# /' %s/log", root);
        int status = system(full);

        if (status != 0) {
                printf("# %s\n", command);
                fflush(stdout);
                (void)!system(show);
        }
        return WIFEXITED(status) ? WEXITSTATUS(status) : -1;
}

__attribute__((unused)) static bool have(const char *program)
{
        CLEANUP_FREE char *command = memory_printf("command -v %s >/dev/null 2>&1", program);

        return system(command) == 0;
}

/* ---- an image of two layers: one is a stored tar, one is made on demand ------------------------------ */

static const char body_text[] = "#!/bin/sh\necho hello\n";

__attribute__((unused)) static int write_layer(int which, oci_write_function *write, void *context, struct error *err)
{
        static const struct oci_xattr xattr = {"user.note", "x", 1};
        const struct oci_entry lower[] = {
                {.kind = OCI_ENTRY_DIRECTORY, .path = "bin", .mode = 0755, .mtime = 1000},
                {.kind = OCI_ENTRY_FILE,
                 .path = "bin/hello",
                 .mode = 04755,
                 .uid = 0,
                 .mtime = 1000,
                 .size = strlen(body_text)},
                {.kind = OCI_ENTRY_DIRECTORY, .path = "etc", .mode = 0755, .mtime = 1000},
                {.kind = OCI_ENTRY_FILE, .path = "etc/gone", .mode = 0644, .mtime = 1000},
        };
        const struct oci_entry upper[] = {
                {.kind = OCI_ENTRY_DIRECTORY, .path = "etc", .mode = 0755, .mtime = 2000},
                {.kind = OCI_ENTRY_WHITEOUT, .path = "etc/gone"},
                {.kind = OCI_ENTRY_FILE,
                 .path = "etc/owned",
                 .mode = 0640,
                 .uid = 1234,
                 .gid = 567,
                 .mtime = 2000,
                 .size = strlen(body_text),
                 .xattrs = &xattr,
                 .xattr_count = 1},
                {.kind = OCI_ENTRY_HARDLINK,
                 .path = "etc/twin",
                 .mode = 0640,
                 .uid = 1234,
                 .gid = 567,
                 .mtime = 2000,
                 .target = "etc/owned",
                 .xattrs = &xattr,
                 .xattr_count = 1},
                {.kind = OCI_ENTRY_SYMLINK, .path = "sh", .target = "bin/hello", .mtime = 2000},
        };
        const struct oci_entry *entries = which == 0 ? lower : upper;
        size_t count = which == 0 ? ARRAY_SIZE(lower) : ARRAY_SIZE(upper);
        struct oci_layer_writer *w = oci_layer_writer_new(write, context);
        int result = 0;

        for (size_t i = 0; i < count && result == 0; i++) {
                result = oci_layer_writer_entry(w, &entries[i], err);
                if (result == 0 && entries[i].size > 0)
                        result = oci_layer_writer_body(w, body_text, strlen(body_text), err);
        }
        if (result == 0)
                result = oci_layer_writer_finish(w, err);
        oci_layer_writer_free(w);
        return result;
}

__attribute__((unused)) static int collect(void *context, const void *bytes, size_t size, struct error *err)
{
        (void)err;
        buffer_append(context, bytes, size);
        return 0;
}

/* `context` counts the calls; layer 0 of every image here is stored, so only the other is asked for. */
__attribute__((unused)) static int stream(void *context, const struct oci_image_layer *layer, oci_write_function *write,
                                          void *write_context, struct error *err)
{
        (*(int *)context)++;
        CHECK_INT(layer->writer, OCI_LAYER_WRITER_VERSION);
        return write_layer(1, write, write_context, err);
}

__attribute__((unused)) static int stream_wrong(void *context, const struct oci_image_layer *layer,
                                                oci_write_function *write, void *write_context, struct error *err)
{
        (void)context, (void)layer;
        return write_layer(0, write, write_context, err);
}

__attribute__((unused)) static struct oci_image *make_image(struct oci_store *s)
{
        CLEANUP_ERROR struct error err = ERROR_INIT;
        CLEANUP_CONFIG struct oci_config *c = oci_config_new();
        CLEANUP_BUFFER struct buffer text = BUFFER_INIT;
        struct sha256_digest diff[2], id;
        uint64_t size[2];
        struct oci_image *image;

        for (int i = 0; i < 2; i++) {
                CLEANUP_BUFFER struct buffer tar = BUFFER_INIT;

                CHECK_OK(write_layer(i, collect, &tar, &err));
                sha256_of(tar.data, tar.size, &diff[i]);
                size[i] = tar.size;
                oci_config_add_layer(c, &diff[i]);
                oci_config_add_history(c, &(struct oci_history){.created = (char *)"2024-01-01T00:00:00Z",
                                                                .created_by = (char *)"RUN <x>"});
                if (i == 0)
                        CHECK_OK(oci_store_blob_save(s, tar.data, tar.size, NULL, &err));
        }
        c->created = memory_strdup("2024-01-01T00:00:00Z");
        strv_add(&c->config.env, "PATH=/bin");
        c->config.cmd.set = true;
        strv_add(&c->config.cmd.items, "/bin/hello");
        oci_config_format(c, &text);
        CHECK_OK(oci_store_blob_save(s, text.data, text.size, &id, &err));
        image = oci_image_new(&id);
        image->created = memory_strdup(c->created);
        for (int i = 0; i < 2; i++) {
                struct oci_image_layer *l = oci_image_add_layer(image);

                l->diff_id = diff[i];
                l->size = size[i];
                l->writer = i == 0 ? 0 : OCI_LAYER_WRITER_VERSION;
                l->index = memory_printf("index-%d", i);
        }
        CHECK_OK(oci_image_save(s, image, &err));
        return image;
}

__attribute__((unused)) static int save_tar(struct oci_store *s, const struct oci_image *image,
                                            const char *const *names, const char *file, struct error *err)
{
        CLEANUP_FREE char *path = memory_printf("%s/%s", root, file);
        CLEANUP_FD int fd = open(path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);
        CLEANUP_STRV struct strv list = STRV_INIT;
        struct oci_archive_item item = {image, &list};
        int calls = 0;
        struct oci_archive_save_options options = {.pack = {.stream = {stream, &calls}, .log = &test_log}};

        for (; *names; names++)
                strv_add(&list, *names);
        return oci_archive_save_tar(s, &item, 1, &options, fd, err);
}

__attribute__((unused)) static char *read_file(const char *name)
{
        CLEANUP_ERROR struct error err = ERROR_INIT;
        CLEANUP_FREE char *path = memory_printf("%s/%s", root, name);
        struct buffer b = BUFFER_INIT;

        CHECK_OK(fd_read_file(AT_FDCWD, path, 1 << 20, false, &b, &err));
        return buffer_steal(&b);
}

/* Loads an archive; returns "IMAGEHEX names...\n" for each image, or "error: ...". */
__attribute__((unused)) static char *load(struct oci_store *s, const char *file, bool keep)
{
        CLEANUP_ERROR struct error err = ERROR_INIT;
        CLEANUP_FREE char *path = memory_printf("%s/%s", root, file);
        struct oci_archive_load_options options = {.keep_compressed = keep, .log = &test_log};
        struct oci_archive_loaded *loaded = NULL;
        struct buffer b = BUFFER_INIT;
        size_t count = 0;

        if (oci_archive_load(s, path, &options, &loaded, &count, &err) < 0) {
                buffer_printf(&b, "error: %s", err.message);
                return buffer_steal(&b);
        }
        for (size_t i = 0; i < count; i++) {
                char hex[SHA256_HEX_SIZE + 1];

                sha256_to_hex(&loaded[i].image, hex);
                buffer_append_string(&b, hex);
                for (size_t n = 0; n < loaded[i].names.count; n++)
                        buffer_printf(&b, " %s", loaded[i].names.items[n]);
                buffer_append_char(&b, '\n');
        }
        oci_archive_loaded_free(loaded, count);
        return buffer_steal(&b);
}

__attribute__((unused)) static const char *const names[] = {"docker.io/library/hello:1.0", "localhost:5000/x/y:latest",
                                                            NULL};

__attribute__((unused)) static char *expected_load(const struct oci_image *image, const char *rest)
{
        char hex[SHA256_HEX_SIZE + 1];

        sha256_to_hex(&image->id, hex);
        return memory_printf("%s%s\n", hex, rest);
}

#endif
