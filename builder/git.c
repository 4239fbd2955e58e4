/* SPDX-License-Identifier: Apache-2.0 */
/* From the name of a git repository to a commit, and from a commit to files. */
#include "builder/git.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "builder/git_command.h"
#include "builder/random_name.h"
#include "common/fd.h"
#include "common/memory.h"
#include "common/rooted.h"
#include "oci/authorities.h"

/* One repository while it is asked or checked out: a directory of its own in scratch, with an empty home beside the
 * tree. */
struct work {
        const struct builder_git_url *url;
        struct builder_git git;
        char *home, *tree; /* absolute */
        char *authorities; /* likewise; NULL: the usual ones */
};

static void work_free(struct work *w)
{
        free(w->home);
        free(w->tree);
        free(w->authorities);
}

#define CLEANUP_WORK __attribute__((cleanup(work_free)))

/* What git may use for the repository itself: a server that redirects cannot choose another. */
static const char *protocols_of(const struct builder_git_url *url)
{
        return strcmp(url->scheme, "http") == 0 ? "http:https" : url->scheme;
}

static int make_directory(struct oci_store *store, char **ret, struct error *err)
{
        CLEANUP_FREE char *name = NULL;
        CLEANUP_FREE char *link = NULL;
        char path[PATH_MAX];
        int scratch;
        ssize_t n;

        if (oci_store_scratch(store, &scratch, err) < 0 || builder_random_name("git-", &name, err) < 0)
                return -1;
        if (mkdirat(scratch, name, 0700) < 0)
                return error_errno(err, errno, "cannot make a directory for git in %s", oci_store_path(store));
        link = memory_printf("/proc/self/fd/%d", scratch);
        n = readlink(link, path, sizeof(path) - 1);
        if (n < 0)
                return error_errno(err, errno, "cannot find the scratch directory of %s", oci_store_path(store));
        path[n] = '\0';
        *ret = memory_printf("%s/%s", path, name);
        return 0;
}

/* What certs.d has for the host beside the usual authorities, as a file; *ret is NULL where it has nothing. */
static int write_authorities(const struct builder_git_url *url, const char *directory, char **ret, struct error *err)
{
        CLEANUP_BUFFER struct buffer bundle = BUFFER_INIT;
        CLEANUP_FREE char *host = NULL;
        CLEANUP_FREE char *path = NULL;
        CLEANUP_FD int fd = -1;

        if (!url->origin || strncmp(url->origin, "https://", 8) != 0)
                return 0;
        host = memory_strndup(url->origin + 8, strcspn(url->origin + 8, "/"));
        if (oci_authorities_find(host, &bundle, err) < 0)
                return -1;
        if (bundle.size == 0)
                return 0;
        path = memory_printf("%s/authorities", directory);
        fd = open(path, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC | O_NOFOLLOW, 0600);
        if (fd < 0 || fd_write_all(fd, bundle.data, bundle.size) < 0)
                return error_errno(err, errno, "cannot write %s", path);
        *ret = STEAL(path);
        return 0;
}

static int work_begin(struct work *w, const struct builder_git_url *url, const struct builder_git_options *o,
                      struct error *err)
{
        CLEANUP_FREE char *directory = NULL;

        *w = (struct work){.url = url};
        if (make_directory(o->workshop->store, &directory, err) < 0)
                return -1;
        w->home = memory_printf("%s/home", directory);
        w->tree = memory_printf("%s/tree", directory);
        if (mkdir(w->home, 0700) < 0 || mkdir(w->tree, 0755) < 0)
                return error_errno(err, errno, "cannot make a directory for git in %s", directory);
        if (write_authorities(url, directory, &w->authorities, err) < 0)
                return -1;
        w->git = (struct builder_git){.home = w->home,
                                      .authorities = w->authorities,
                                      .protocols = protocols_of(url),
                                      .origin = url->origin,
                                      .authorization = o->authorization ? o->authorization : url->authorization,
                                      .agent = o->agent,
                                      .is_cancelled = o->is_cancelled,
                                      .context = o->context};
        return 0;
}

static int run(const struct work *w, const char *const *words, struct buffer *ret, struct error *err)
{
        CLEANUP_STRV struct strv arguments = STRV_INIT;

        for (; *words; words++)
                strv_add(&arguments, *words);
        return builder_git_run(&w->git, &arguments, ret, err);
}

/* --- which commit -------------------------------------------------------------- */

static bool is_commit(const char *text)
{
        size_t size = strspn(text, "0123456789abcdef");

        return text[size] == '\0' && (size == 40 || size == 64);
}

/* The names that a ref may stand for, best first; an annotated tag stands for the commit it points at
 * (gitrevisions(7)). */
static void candidates(const char *ref, struct strv *ret)
{
        if (!ref) {
                strv_add(ret, "HEAD");
                return;
        }
        if (strncmp(ref, "refs/", 5) == 0) {
                strv_take(ret, memory_printf("%s^{}", ref));
                strv_add(ret, ref);
                return;
        }
        strv_take(ret, memory_printf("refs/heads/%s", ref));
        strv_take(ret, memory_printf("refs/tags/%s^{}", ref));
        strv_take(ret, memory_printf("refs/tags/%s", ref));
        strv_take(ret, memory_printf("refs/%s", ref));
        if (strcmp(ref, "HEAD") == 0)
                strv_add(ret, "HEAD");
}

/* The object of a name in what ls-remote printed: "OBJECT TAB NAME" lines. Heap text, or NULL. */
static char *find_name(const struct buffer *listing, const char *name)
{
        CLEANUP_FREE char *copy = memory_strdup(buffer_text(listing));
        char *save = NULL;

        for (char *line = strtok_r(copy, "\n", &save); line; line = strtok_r(NULL, "\n", &save)) {
                char *tab = strchr(line, '\t');

                if (!tab || strcmp(tab + 1, name) != 0)
                        continue;
                *tab = '\0';
                return is_commit(line) ? memory_strdup(line) : NULL;
        }
        return NULL;
}

static int unknown_ref(const struct builder_git_url *url, struct error *err)
{
        if (!url->ref)
                return error_set(err, ENOENT, "%s is empty: it has no commit", url->remote);
        if (strspn(url->ref, "0123456789abcdef") == strlen(url->ref) && strlen(url->ref) >= 7)
                return error_set(err, ENOENT,
                                 "%s has no branch or tag \"%s\": a commit is written with all its 40 digits",
                                 url->remote, url->ref);
        return error_set(err, ENOENT, "%s has no branch or tag \"%s\"", url->remote, url->ref);
}

static int list_remote(const struct work *w, char **ret, struct error *err)
{
        CLEANUP_BUFFER struct buffer listing = BUFFER_INIT;
        CLEANUP_STRV struct strv arguments = STRV_INIT;
        CLEANUP_STRV struct strv names = STRV_INIT;

        candidates(w->url->ref, &names);
        strv_add(&arguments, "ls-remote");
        strv_add(&arguments, "--");
        strv_add(&arguments, w->url->remote);
        strv_extend(&arguments, &names);
        if (builder_git_run(&w->git, &arguments, &listing, err) < 0)
                return -1;
        for (size_t i = 0; i < names.count && !*ret; i++)
                *ret = find_name(&listing, names.items[i]);
        return *ret ? 0 : unknown_ref(w->url, err);
}

static int check_commit(const struct builder_git_url *url, const char *commit, struct error *err)
{
        if (!url->commit || strncmp(commit, url->commit, strlen(url->commit)) == 0)
                return 0;
        return error_set(err, EBADMSG, "%s of %s is the commit %s, not %s", url->ref ? url->ref : "HEAD", url->remote,
                         commit, url->commit);
}

int builder_git_resolve(const struct builder_git_url *url, const struct builder_git_options *o, char **ret_commit,
                        struct error *err)
{
        CLEANUP_WORK struct work w = {.home = NULL};

        *ret_commit = NULL;
        if (url->commit && is_commit(url->commit) && (url->by_commit || !url->ref)) {
                *ret_commit = memory_strdup(url->commit);
                return 0;
        }
        if (url->ref && is_commit(url->ref)) {
                *ret_commit = memory_strdup(url->ref);
                return check_commit(url, url->ref, err);
        }
        if (work_begin(&w, url, o, err) < 0)
                return -1;
        if (list_remote(&w, ret_commit, err) < 0)
                return error_wrap(err, "cannot read %s", url->shown);
        return check_commit(url, *ret_commit, err);
}

/* --- its files -------------------------------------------------------------------- */

/* The one commit if the server gives single commits away; else everything it has, and the commit is among it or not. */
static int fetch(const struct work *w, const char *commit, const struct log *log, struct error *err)
{
        const char *const one[] = {"fetch", "-q", "--no-tags", "--depth=1", "origin", commit, NULL};
        const char *const all[] = {"fetch", "-q", "--no-tags", "origin", "+refs/*:refs/remotes/origin/*", NULL};
        CLEANUP_ERROR struct error first = ERROR_INIT;

        if (run(w, one, NULL, &first) == 0)
                return 0;
        if (first.code == ECANCELED)
                return error_move(err, &first);
        log_print(log, LOG_INFO, "%s gives no single commit away (%s): fetching all of it", w->url->remote,
                  first.message);
        if (run(w, all, NULL, err) == 0)
                return 0;
        error_clear(err);
        return error_move(err, &first);
}

static int update_submodules(struct work *w, const struct log *log, struct error *err)
{
        const char *const shallow[] = {"submodule", "update", "-q", "--init", "--recursive", "--depth=1", NULL};
        const char *const deep[] = {"submodule", "update", "-q", "--init", "--recursive", NULL};
        CLEANUP_FREE char *file = memory_printf("%s/.gitmodules", w->tree);
        CLEANUP_ERROR struct error first = ERROR_INIT;
        struct stat st;

        if (lstat(file, &st) < 0 || !S_ISREG(st.st_mode))
                return 0;
        /* they name hosts of their own; never a path of this machine */
        w->git.protocols = "https:http:ssh:git";
        if (run(w, shallow, NULL, &first) == 0)
                return 0;
        if (first.code == ECANCELED)
                return error_move(err, &first);
        log_print(log, LOG_INFO, "%s: a submodule cannot be had without its history (%s): fetching all of it",
                  w->url->remote, first.message);
        return run(w, deep, NULL, err);
}

static int fill_tree(struct work *w, const char *commit, const struct log *log, struct error *err)
{
        /* a commit of 64 digits is of a repository that counts with SHA-256, and both ends must do so */
        const char *const format = strlen(commit) == 64 ? "--object-format=sha256" : NULL;
        const char *const init[] = {"init", "-q", "--template=", format, NULL};
        const char *const remote[] = {"remote", "add", "--", "origin", w->url->remote, NULL};
        const char *const checkout[] = {"checkout", "-q", "--force", "--detach", commit, NULL};

        w->git.directory = w->tree;
        if (run(w, init, NULL, err) < 0 || run(w, remote, NULL, err) < 0 || fetch(w, commit, log, err) < 0 ||
            run(w, checkout, NULL, err) < 0)
                return -1;
        return w->url->no_submodules ? 0 : update_submodules(w, log, err);
}

static int read_commit_time(const struct work *w, time_t *ret, struct error *err)
{
        const char *const show[] = {"show", "-s", "--format=%ct", "HEAD", NULL};
        CLEANUP_BUFFER struct buffer text = BUFFER_INIT;

        if (run(w, show, &text, err) < 0)
                return -1;
        *ret = (time_t)strtoll(buffer_text(&text), NULL, 10);
        return 0;
}

/* The directory that the URL asks for: below the checkout, and no link on the way to it. */
static int find_subdir(const struct work *w, char **ret, struct error *err)
{
        CLEANUP_ROOTED struct rooted found = ROOTED_INIT;
        CLEANUP_FD int root = -1;
        struct stat st;

        if (!w->url->subdir) {
                *ret = memory_strdup(w->tree);
                return 0;
        }
        root = fd_open_directory(AT_FDCWD, w->tree);
        if (root < 0)
                return error_errno(err, errno, "cannot open the checkout");
        if (rooted_resolve(root, w->url->subdir, ROOTED_NOFOLLOW, &found, err) < 0)
                return -1;
        if (fstat(found.fd, &st) < 0)
                return error_errno(err, errno, "cannot look at %s", w->url->subdir);
        if (strcmp(found.path, w->url->subdir) != 0 || S_ISLNK(st.st_mode))
                return error_set(err, ELOOP, "%s leads through a symbolic link: refused", w->url->subdir);
        if (!S_ISDIR(st.st_mode))
                return error_set(err, ENOTDIR, "%s is not a directory", w->url->subdir);
        *ret = memory_printf("%s/%s", w->tree, w->url->subdir);
        return 0;
}

static int open_tree(const struct work *w, const struct builder_git_options *o, struct builder_source **ret,
                     struct error *err)
{
        const bool keep = w->url->has_keep_git_dir ? w->url->keep_git_dir : o->keep_git_dir;
        struct builder_context_options options = {.label = w->url->shown, .plain_modes = true, .skip_git_dir = !keep};
        CLEANUP_FREE char *directory = NULL;
        time_t time = 0;

        if (find_subdir(w, &directory, err) < 0)
                return -1;
        if ((w->url->commit_time || o->made) && read_commit_time(w, &time, err) < 0)
                return -1;
        if (w->url->commit_time)
                options.mtime = &time;
        if (o->made)
                *o->made = (struct builder_time){.known = true, .seconds = time};
        return builder_context_open(directory, &options, o->workshop->log, ret, err);
}

int builder_git_checkout(const struct builder_git_url *url, const char *commit, const struct builder_git_options *o,
                         struct builder_source **ret, struct error *err)
{
        CLEANUP_WORK struct work w = {.home = NULL};

        if (work_begin(&w, url, o, err) < 0)
                return -1;
        if (fill_tree(&w, commit, o->workshop->log, err) < 0 || open_tree(&w, o, ret, err) < 0)
                return error_wrap(err, "cannot check out %s", url->shown);
        return 0;
}
