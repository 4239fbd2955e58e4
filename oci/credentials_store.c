/* SPDX-License-Identifier: Apache-2.0 */
/* Writing credentials: one member of a file that belongs to docker or podman, or a question to a helper. */
#include "oci/credentials_store.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include "common/environment.h"
#include "common/fd.h"
#include "common/memory.h"
#include "common/strv.h"
#include "oci/base64.h"
#include "oci/credentials_file.h"
#include "oci/credentials_helper.h"
#include "oci/json_text.h"
#include "oci/json_writer.h"

#define HUB     "docker.io"
#define HUB_KEY "https://index.docker.io/v1/"

char *oci_credentials_store_path(const char *authfile, struct error *err)
{
        const char *named = environment_find("REGISTRY_AUTH_FILE"), *docker = environment_find("DOCKER_CONFIG");
        const char *home = environment_find("HOME");

        if (authfile)
                return memory_strdup(authfile);
        if (named)
                return memory_strdup(named);
        if (docker)
                return memory_printf("%s/config.json", docker);
        if (home)
                return memory_printf("%s/.docker/config.json", home);
        (void)error_set(err, ENOENT,
                        "cannot tell where credentials are kept: set HOME, DOCKER_CONFIG or REGISTRY_AUTH_FILE, or use "
                        "--authfile");
        return NULL;
}

/* --- the file ------------------------------------------------------------------------ */

/* A file that is being changed. */
struct edit {
        char *path; /* where a link leads, if it is one: it stays a link */
        char *directory;
        int lock; /* on the directory: the file itself is replaced */
        struct oci_credentials_file *file;
        struct buffer text; /* what is to be written */
};

#define EDIT_INIT                                                                                                      \
        {                                                                                                              \
                .lock = -1                                                                                             \
        }

static void edit_close(struct edit *e)
{
        e->lock = fd_close(e->lock);
        oci_credentials_file_free(e->file);
        if (e->text.data)
                explicit_bzero(e->text.data, e->text.size);
        buffer_free(&e->text);
        free(e->path);
        free(e->directory);
}

#define CLEANUP_EDIT __attribute__((cleanup(edit_close)))

/* The directories on the way, for nobody else: as docker makes ~/.docker. */
static int make_directories(const char *directory, struct error *err)
{
        CLEANUP_FREE char *path = memory_strdup(directory);

        for (char *c = path + 1;; c++) {
                char was = *c;

                if (was != '/' && was != '\0')
                        continue;
                *c = '\0';
                if (mkdir(path, 0700) < 0 && errno != EEXIST)
                        return error_errno(err, errno, "cannot make the directory %s", path);
                *c = was;
                if (was == '\0')
                        return 0;
        }
}

static int edit_open(struct edit *e, const char *path, struct error *err)
{
        CLEANUP_FREE char *real = realpath(path, NULL);
        char *slash;

        e->path = real ? STEAL(real) : memory_strdup(path);
        slash = strrchr(e->path, '/');
        e->directory = slash ? memory_strndup(e->path, (size_t)(slash - e->path)) : memory_strdup(".");
        if (e->directory[0] && make_directories(e->directory, err) < 0)
                return -1;
        e->lock = fd_open_directory(AT_FDCWD, e->directory[0] ? e->directory : "/");
        if (e->lock < 0)
                return error_errno(err, errno, "cannot open the directory %s", e->directory);
        while (flock(e->lock, LOCK_EX) < 0)
                if (errno != EINTR)
                        return error_errno(err, errno, "cannot lock the directory %s", e->directory);
        return oci_credentials_file_load(e->path, &e->file, err);
}

static const char *edit_text(const struct edit *e)
{
        return e->file ? oci_credentials_file_text(e->file) : "";
}

static int write_beside(const struct edit *e, const char *temporary, struct error *err)
{
        CLEANUP_FD int fd = open(temporary, O_CREAT | O_EXCL | O_WRONLY | O_CLOEXEC | O_NOFOLLOW, 0600);

        if (fd < 0)
                return error_errno(err, errno, "cannot make %s", temporary);
        if (fd_write_all(fd, e->text.data, e->text.size) < 0 || fsync(fd) < 0 || fd_settle(fd) < 0 ||
            rename(temporary, e->path) < 0) {
                (void)error_errno(err, errno, "cannot write %s", e->path);
                (void)unlink(temporary); /* it never had its name */
                return -1;
        }
        return 0;
}

/* Under its lock, so that the name of the temporary may be fixed; one that is there is of somebody who was killed. */
static int edit_save(const struct edit *e, struct error *err)
{
        CLEANUP_FREE char *temporary = memory_printf("%s.bryo-new", e->path);

        if (unlink(temporary) < 0 && errno != ENOENT)
                return error_errno(err, errno, "cannot remove %s", temporary);
        return write_beside(e, temporary, err);
}

/* Takes a member of "auths" out of e->text, or of the file when nothing was changed yet. */
static int edit_remove(struct edit *e, const char *key, struct error *err)
{
        const char *const path[] = {"auths", key, NULL};
        CLEANUP_BUFFER struct buffer before = e->text;

        if (!before.data)
                buffer_append_string(&before, edit_text(e));
        e->text = (struct buffer)BUFFER_INIT;
        return oci_json_text_remove(e->path, buffer_text(&before), path, &e->text, err);
}

static int edit_set(struct edit *e, const char *key, const char *value, struct error *err)
{
        const char *const path[] = {"auths", key, NULL};
        CLEANUP_BUFFER struct buffer before = e->text;

        if (!before.data)
                buffer_append_string(&before, edit_text(e));
        e->text = (struct buffer)BUFFER_INIT;
        return oci_json_text_set(e->path, buffer_text(&before), path, value, &e->text, err);
}

/* --- one credential ------------------------------------------------------------------ */

/* The key of a new entry: docker looks for its own Hub under a URL, containers' files have the plain name. */
static const char *choose_key(const char *path, const char *name)
{
        const char *slash = strrchr(path, '/');

        return strcmp(name, HUB) == 0 && strcmp(slash ? slash + 1 : path, "config.json") == 0 ? HUB_KEY : name;
}

/* The value of the entry: {} where a helper has the rest, as docker leaves it. Heap text. */
static char *make_value(const struct oci_credential *c, bool kept_elsewhere)
{
        CLEANUP_BUFFER struct buffer value = BUFFER_INIT;
        CLEANUP_BUFFER struct buffer auth = BUFFER_INIT;
        CLEANUP_FREE char *plain = NULL;

        if (kept_elsewhere)
                return memory_strdup("{}");
        plain = memory_printf("%s:%s", c->user ? c->user : "<token>", c->secret ? c->secret : "");
        oci_base64_encode(plain, strlen(plain), &auth);
        explicit_bzero(plain, strlen(plain));
        buffer_printf(&value, "{\n\t\"auth\": \"%s\"", buffer_text(&auth));
        if (c->identity_token) {
                buffer_append_string(&value, ",\n\t\"identitytoken\": ");
                oci_json_append_quoted(&value, c->identity_token);
        }
        buffer_append_string(&value, "\n}");
        return buffer_steal(&value);
}

/* The helper for a whole host; a path of it can only be kept in a file. */
static int find_helper(const struct edit *e, const char *name, char **ret, struct error *err)
{
        *ret = NULL;
        if (!e->file || strchr(name, '/'))
                return 0;
        if (oci_credentials_file_helper(e->file, name, ret, err) < 0)
                return -1;
        return *ret ? oci_credentials_helper_check(*ret, err) : 0;
}

int oci_credentials_store_save(const char *path, const char *name, const struct oci_credential *credential,
                               char **ret_helper, struct error *err)
{
        CLEANUP_EDIT struct edit e = EDIT_INIT;
        CLEANUP_STRV struct strv keys = STRV_INIT;
        CLEANUP_FREE char *helper = NULL;
        CLEANUP_FREE char *value = NULL;

        *ret_helper = NULL;
        if (edit_open(&e, path, err) < 0 || find_helper(&e, name, &helper, err) < 0 ||
            (helper && oci_credentials_helper_store(helper, name, 0, credential, err) < 0))
                return -1;
        value = make_value(credential, helper != NULL);
        if (e.file)
                oci_credentials_file_keys(e.file, name, &keys);
        /* under the spelling that is there; a second one would go on with the old secret */
        for (size_t i = 1; i < keys.count; i++)
                if (edit_remove(&e, keys.items[i], err) < 0)
                        return -1;
        if (edit_set(&e, keys.count > 0 ? keys.items[0] : choose_key(path, name), value, err) < 0 ||
            edit_save(&e, err) < 0)
                return -1;
        explicit_bzero(value, strlen(value));
        *ret_helper = STEAL(helper);
        return 0;
}

/* Takes one name out of the edit and its helper. */
static int erase(struct edit *e, const char *name, bool *ret_found, struct error *err)
{
        CLEANUP_CREDENTIAL struct oci_credential kept = OCI_CREDENTIAL_INIT;
        CLEANUP_STRV struct strv keys = STRV_INIT;
        CLEANUP_FREE char *helper = NULL;

        if (find_helper(e, name, &helper, err) < 0)
                return -1;
        if (helper && (oci_credentials_helper_get(helper, name, 0, &kept, err) < 0 ||
                       oci_credentials_helper_erase(helper, name, 0, err) < 0))
                return -1;
        oci_credentials_file_keys(e->file, name, &keys);
        for (size_t i = 0; i < keys.count; i++)
                if (edit_remove(e, keys.items[i], err) < 0)
                        return -1;
        *ret_found = keys.count > 0 || kept.origin;
        return 0;
}

int oci_credentials_store_erase(const char *path, const char *name, bool *ret_found, struct error *err)
{
        CLEANUP_EDIT struct edit e = EDIT_INIT;

        *ret_found = false;
        if (access(path, F_OK) < 0 && (errno == ENOENT || errno == ENOTDIR))
                return 0;
        if (edit_open(&e, path, err) < 0 || (e.file && erase(&e, name, ret_found, err) < 0))
                return -1;
        return e.text.data ? edit_save(&e, err) : 0;
}

int oci_credentials_store_erase_all(const char *path, size_t *ret_count, struct error *err)
{
        CLEANUP_EDIT struct edit e = EDIT_INIT;
        CLEANUP_STRV struct strv names = STRV_INIT;

        *ret_count = 0;
        if (access(path, F_OK) < 0 && (errno == ENOENT || errno == ENOTDIR))
                return 0;
        if (edit_open(&e, path, err) < 0)
                return -1;
        if (e.file)
                oci_credentials_file_names(e.file, &names);
        for (size_t i = 0; i < names.count; i++) {
                bool found;

                if (erase(&e, names.items[i], &found, err) < 0)
                        return -1;
                *ret_count += found;
        }
        return e.text.data ? edit_save(&e, err) : 0;
}
