/* SPDX-License-Identifier: Apache-2.0 */
/* From the word for a context to its files. */
#include "builder/origin.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <sys/stat.h>
#include <unistd.h>

#include "builder/download.h"
#include "builder/git.h"
#include "builder/host_secret.h"
#include "builder/scratch_tree.h"
#include "common/fd.h"
#include "common/memory.h"
#include "common/redact.h"
#include "oci/layer_reader.h"

#define HEAD_SIZE      ((size_t)1024)
#define CHUNK          ((size_t)1 << 18)
#define MAX_DOCKERFILE ((size_t)10 << 20)

void builder_origin_free(struct builder_origin *o)
{
        builder_source_free(o->source);
        buffer_free(&o->dockerfile);
        free(o->shown);
        *o = (struct builder_origin)BUILDER_ORIGIN_INIT;
}

static bool is_url(const char *text)
{
        return strncasecmp(text, "http://", 7) == 0 || strncasecmp(text, "https://", 8) == 0;
}

static bool is_cancelled(void *context)
{
        return builder_job_is_cancelled(context);
}

/* --- bytes that are a tar or a Dockerfile -------------------------------------- */

static int take_tree(struct builder_origin *o, struct builder_scratch_tree *tree, int result)
{
        if (result < 0)
                builder_scratch_tree_free(tree);
        else
                o->source = builder_tree_source_own(tree);
        return result;
}

static int read_dockerfile(int fd, struct builder_origin *o, struct error *err)
{
        struct stat st;

        if (fstat(fd, &st) < 0)
                return error_errno(err, errno, "cannot look at %s", o->shown);
        if ((uint64_t)st.st_size > MAX_DOCKERFILE)
                return error_set(err, EFBIG, "%s is no tar, and as a Dockerfile it is larger than %zu bytes", o->shown,
                                 MAX_DOCKERFILE);
        if (fd_pread_all(fd, buffer_reserve(&o->dockerfile, (size_t)st.st_size + 1), (size_t)st.st_size, 0) < 0)
                return error_errno(err, errno, "cannot read %s", o->shown);
        o->dockerfile.size = (size_t)st.st_size;
        o->dockerfile.data[o->dockerfile.size] = '\0';
        o->has_dockerfile = true;
        return 0;
}

/* `fd` is a file, read from its start. */
static int read_bytes(struct builder_job *job, int fd, bool may_be_dockerfile, struct builder_origin *o,
                      struct error *err)
{
        struct builder_scratch_tree *tree;
        char head[HEAD_SIZE];
        ssize_t n = pread(fd, head, sizeof(head), 0);

        if (n < 0)
                return error_errno(err, errno, "cannot read %s", o->shown);
        if (n == 0)
                return error_set(err, EINVAL, "%s is empty", o->shown);
        if (builder_scratch_tree_new(&job->workshop, o->shown, &tree, err) < 0)
                return -1;
        if (oci_layer_is_archive(head, (size_t)n))
                return take_tree(o, tree, builder_scratch_tree_read_tar(tree, fd, err));
        if (!may_be_dockerfile)
                return take_tree(
                        o, tree,
                        error_set(err, EINVAL, "%s is no tar, plain or packed with gzip, bzip2, xz or zstd", o->shown));
        return take_tree(o, tree, read_dockerfile(fd, o, err));
}

/* A pipe cannot be looked at and read again: its bytes go through scratch. */
static int spool(struct builder_job *job, int in, int out, struct error *err)
{
        CLEANUP_FREE char *chunk = memory_alloc(CHUNK);
        ssize_t n;

        while ((n = read(in, chunk, CHUNK)) != 0) {
                if (n < 0 && errno == EINTR)
                        continue;
                if (n < 0)
                        return error_errno(err, errno, "cannot read the context from standard input");
                if (fd_write_all(out, chunk, (size_t)n) < 0)
                        return error_errno(err, errno, "cannot write to the store %s",
                                           oci_store_path(job->workshop.store));
        }
        return 0;
}

static int open_standard_input(struct builder_job *job, bool may_be_dockerfile, struct builder_origin *o,
                               struct error *err)
{
        CLEANUP_STORE_FILE struct oci_store_file *file = NULL;
        struct stat st;

        o->shown = memory_strdup("the context on standard input");
        if (isatty(STDIN_FILENO))
                return error_set(
                        err, EINVAL,
                        "the context - is standard input, which is a terminal: pipe a tar or a Dockerfile into bryo");
        if (fstat(STDIN_FILENO, &st) == 0 && S_ISREG(st.st_mode) && lseek(STDIN_FILENO, 0, SEEK_CUR) == 0)
                return read_bytes(job, STDIN_FILENO, may_be_dockerfile, o, err);
        if (oci_store_file_create(job->workshop.store, OCI_STORE_DATA, &file, err) < 0 ||
            spool(job, STDIN_FILENO, oci_store_file_fd(file), err) < 0)
                return -1;
        if (lseek(oci_store_file_fd(file), 0, SEEK_SET) < 0)
                return error_errno(err, errno, "cannot read the context again");
        return read_bytes(job, oci_store_file_fd(file), may_be_dockerfile, o, err);
}

static int download(struct builder_job *job, const char *url, struct builder_time *ret_made, int *ret_fd, struct error *err)
{
        const struct builder_download_request request = {.url = url, .is_cancelled = is_cancelled, .context = job};
        CLEANUP_DOWNLOAD struct builder_download d = BUILDER_DOWNLOAD_INIT;

        if (builder_download(&job->workshop, &request, &d, err) < 0)
                return -1;
        if (ret_made)
                *ret_made = (struct builder_time){
                        .known = d.modified, .in_files = !d.modified, .seconds = builder_download_mtime(&d)};
        return oci_store_open_object(job->workshop.store, OCI_STORE_DATA, d.data, ret_fd, NULL, err);
}

static int open_url(struct builder_job *job, const char *text, bool may_be_dockerfile, struct builder_origin *o,
                    struct error *err)
{
        CLEANUP_FD int fd = -1;

        o->shown = redact_urls(text);
        o->is_url = true;
        if (download(job, text, &o->made, &fd, err) < 0)
                return -1;
        return read_bytes(job, fd, may_be_dockerfile, o, err);
}

int builder_origin_read_url(struct builder_job *job, const char *url, size_t limit, struct buffer *ret,
                            struct error *err)
{
        CLEANUP_FREE char *proc = NULL;
        CLEANUP_FD int fd = -1;

        if (download(job, url, NULL, &fd, err) < 0)
                return -1;
        proc = memory_printf("/proc/self/fd/%d", fd);
        return fd_read_file(AT_FDCWD, proc, limit, false, ret, err);
}

/* --- files --------------------------------------------------------------------------- */

static int open_repository(struct builder_job *job, const char *text, struct builder_origin *o, struct error *err)
{
        const char *keep = strv_env_find(job->options->build_args, "BUILDKIT_CONTEXT_KEEP_GIT_DIR");
        const char *agent = job->options->run ? builder_agent_find(job->options->run, "default") : NULL;
        struct builder_git_options options = {
                .workshop = &job->workshop,
                .agent = agent ? agent : getenv("SSH_AUTH_SOCK"), /* the user typed the URL */
                .made = &o->made,
                .keep_git_dir = keep && (strcmp(keep, "1") == 0 || strcmp(keep, "true") == 0),
                .is_cancelled = is_cancelled,
                .context = job};
        CLEANUP_GIT_URL struct builder_git_url url = BUILDER_GIT_URL_INIT;
        CLEANUP_FREE char *authorization = NULL;
        CLEANUP_FREE char *commit = NULL;

        o->shown = redact_urls(text);
        if (builder_git_url_parse(text, &url, err) < 0 ||
            builder_host_secret_find(job->options->run, BUILDER_SECRET_GIT, url.host, &authorization, err) < 0)
                return -1;
        options.authorization = authorization;
        if (builder_git_resolve(&url, &options, &commit, err) < 0)
                return -1;
        return builder_git_checkout(&url, commit, &options, &o->source, err);
}

static int open_directory(struct builder_job *job, const char *text, struct builder_origin *o, struct error *err)
{
        CLEANUP_ERROR struct error open_err = ERROR_INIT;

        o->shown = memory_strdup(text);
        o->is_directory = true;
        if (builder_context_open(text, NULL, job->workshop.log, &o->source, &open_err) == 0)
                return 0;
        if (strstr(text, "://"))
                return error_set(err, EINVAL,
                                 "the context %s: only directories, tars, http, https, git and ssh are read", text);
        if (open_err.code == ENOENT && strncmp(text, "github.com/", 11) == 0)
                return error_set(err, ENOENT, "cannot open the context %s: did you mean https://%s.git?", text, text);
        return error_move(err, &open_err);
}

int builder_origin_open(struct builder_job *job, const char *text, bool may_be_dockerfile, struct builder_origin *ret,
                        struct error *err)
{
        int result;

        *ret = (struct builder_origin)BUILDER_ORIGIN_INIT;
        if (strcmp(text, "-") == 0)
                result = open_standard_input(job, may_be_dockerfile, ret, err);
        else if (builder_git_url_is(text))
                result = open_repository(job, text, ret, err);
        else if (is_url(text))
                result = open_url(job, text, may_be_dockerfile, ret, err);
        else
                result = open_directory(job, text, ret, err);
        if (result < 0)
                builder_origin_free(ret);
        return result;
}
