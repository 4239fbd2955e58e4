/* SPDX-License-Identifier: Apache-2.0 */
/* ADD from elsewhere: URLs and git repositories as sources. */
#include "builder/remote.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "builder/download.h"
#include "builder/git.h"
#include "builder/host_secret.h"
#include "builder/scratch_tree.h"
#include "common/memory.h"
#include "common/redact.h"
#include "oci/url.h"

struct builder_remote {
        struct builder_job *job;
        struct builder_source *source; /* NULL until the files are wanted */
        char *shown;                   /* for messages */
        /* a URL */
        bool is_file;
        struct builder_download download;
        char *name;
        /* a repository */
        struct builder_git_url git;
        char *commit;
        char *authorization;
        bool keep_git_dir;
};

bool builder_remote_is(const char *text)
{
        return strncasecmp(text, "http://", 7) == 0 || strncasecmp(text, "https://", 8) == 0 ||
               builder_git_url_is(text);
}

void builder_remote_free(struct builder_remote *r)
{
        if (!r)
                return;
        builder_source_free(r->source);
        builder_download_free(&r->download);
        builder_git_url_free(&r->git);
        free(r->shown);
        free(r->name);
        free(r->commit);
        free(r->authorization);
        free(r);
}

static bool is_cancelled(void *context)
{
        return builder_job_is_cancelled(context);
}

static struct builder_git_options git_options(const struct builder_remote *r)
{
        return (struct builder_git_options){.workshop = &r->job->workshop,
                                            .authorization = r->authorization,
                                            .agent = r->job->options->run ? builder_agent_find(r->job->options->run, "default")
                                                                          : NULL,
                                            .keep_git_dir = r->keep_git_dir,
                                            .is_cancelled = is_cancelled,
                                            .context = r->job};
}

static int open_repository(struct builder_remote *r, const struct builder_remote_options *o, struct error *err)
{
        struct builder_git_options options;

        if (builder_git_url_parse(o->text, &r->git, err) < 0 ||
            builder_host_secret_find(r->job->options->run, BUILDER_SECRET_GIT, r->git.host, &r->authorization, err) < 0)
                return -1;
        if (o->checksum && builder_git_url_set_commit(&r->git, o->checksum, err) < 0)
                return error_wrap(err, "--checksum");
        options = git_options(r);
        return builder_git_resolve(&r->git, &options, &r->commit, err);
}

/* A secret for the host comes before what the URL itself says. */
static int find_authorization(struct builder_remote *r, const char *text, struct error *err)
{
        CLEANUP_URL struct oci_url url = OCI_URL_INIT;

        if (oci_url_parse(text, &url, err) < 0)
                return -1;
        return builder_host_secret_find(r->job->options->run, BUILDER_SECRET_HTTP, url.host, &r->authorization, err);
}

static int parse_checksum(const char *text, struct sha256_digest *ret, struct error *err)
{
        if (strncmp(text, "sha256:", 7) == 0 && sha256_from_hex(text + 7, ret))
                return 0;
        return error_set(err, EINVAL, "--checksum=%s: for a URL it is sha256: and 64 hex digits, small letters", text);
}

static int open_url(struct builder_remote *r, const struct builder_remote_options *o, struct error *err)
{
        struct builder_download_request request = {
                .url = o->text, .is_cancelled = is_cancelled, .context = r->job};
        struct sha256_digest digest;

        if (find_authorization(r, o->text, err) < 0)
                return -1;
        request.authorization = r->authorization;
        if (o->checksum) {
                if (parse_checksum(o->checksum, &digest, err) < 0)
                        return -1;
                request.digest = &digest;
        }
        if (builder_download(&r->job->workshop, &request, &r->download, err) < 0)
                return -1;
        r->name = builder_download_file_name(o->text);
        return 0;
}

int builder_remote_open(struct builder_job *job, const struct builder_remote_options *o, struct builder_remote **ret,
                        struct error *err)
{
        struct builder_remote *r = memory_zalloc(1, sizeof(*r));
        int result;

        r->job = job;
        r->shown = redact_urls(o->text);
        r->is_file = !o->is_repository && !builder_git_url_is(o->text);
        r->keep_git_dir = o->keep_git_dir;
        result = r->is_file ? open_url(r, o, err) : open_repository(r, o, err);
        if (result < 0) {
                builder_remote_free(r);
                return -1;
        }
        *ret = r;
        return 0;
}

void builder_remote_hash(const struct builder_remote *r, struct sha256 *hash)
{
        sha256_field_string(hash, r->is_file ? "url" : "git");
        if (r->is_file) {
                sha256_field_string(hash, r->name);
                sha256_field(hash, r->download.digest.bytes, sizeof(r->download.digest.bytes));
                return;
        }
        sha256_field_string(hash, r->commit);
        sha256_field_string(hash, r->git.subdir ? r->git.subdir : "");
        sha256_field_string(hash, (r->git.has_keep_git_dir ? r->git.keep_git_dir : r->keep_git_dir) ? "git dir" : "");
        sha256_field_string(hash, r->git.no_submodules ? "" : "submodules");
        sha256_field_string(hash, r->git.commit_time ? "commit time" : "");
}

void builder_remote_add_part(const struct builder_remote *r, const char *url, struct builder_parts *parts)
{
        CLEANUP_FREE char *shown = redact_urls(url);

        if (r->is_file)
                builder_parts_add(parts, "what is behind", shown, r->download.digest.bytes, sizeof(r->download.digest.bytes));
        else
                builder_parts_add_text(parts, "the commit of", shown, r->commit);
}

static int open_file_source(struct builder_remote *r, struct error *err)
{
        const struct builder_download *d = &r->download;
        struct builder_scratch_tree *tree;

        if (builder_scratch_tree_new(&r->job->workshop, r->shown, &tree, err) < 0)
                return -1;
        if (builder_scratch_tree_add_file(tree, r->name, 0600, builder_download_mtime(d), d->data,
                                          d->size, err) < 0) {
                builder_scratch_tree_free(tree);
                return -1;
        }
        r->source = builder_tree_source_own(tree);
        return 0;
}

int builder_remote_files(struct builder_remote *r, struct builder_source **ret, const char **ret_path,
                         struct error *err)
{
        const struct builder_git_options options = git_options(r);

        if (!r->source) {
                int result = r->is_file ? open_file_source(r, err)
                                        : builder_git_checkout(&r->git, r->commit, &options, &r->source, err);

                if (result < 0)
                        return -1;
        }
        *ret = r->source;
        *ret_path = !r->is_file ? "" : r->name;
        return 0;
}

bool builder_remote_is_file(const struct builder_remote *r)
{
        return r->is_file;
}
