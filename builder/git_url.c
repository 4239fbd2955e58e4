/* SPDX-License-Identifier: Apache-2.0 */
/* Names of git repositories, and what must never reach git. */
#include "builder/git_url.h"

#include <ctype.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "common/memory.h"
#include "common/path.h"
#include "common/redact.h"
#include "oci/url.h"

#define MAX_REF 255

void builder_git_url_free(struct builder_git_url *url)
{
        free(url->remote);
        free(url->shown);
        free(url->scheme);
        free(url->origin);
        free(url->host);
        free(url->authorization);
        free(url->ref);
        free(url->subdir);
        free(url->commit);
        *url = (struct builder_git_url)BUILDER_GIT_URL_INIT;
}

/* USER@HOST:PATH, as scp has it; there is no scheme, so no "://". */
static bool is_scp(const char *text)
{
        static const char plain[] = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789._-";
        size_t user = strspn(text, plain);
        size_t host;

        if (user == 0 || text[user] != '@')
                return false;
        host = strspn(text + user + 1, plain);
        return host > 0 && text[user + 1 + host] == ':' && text[user + 2 + host] != '\0';
}

static bool ends_in_git(const char *text)
{
        size_t size = strcspn(text, "?#");

        while (size > 0 && text[size - 1] == '/')
                size--;
        return size > 4 && strncmp(text + size - 4, ".git", 4) == 0;
}

bool builder_git_url_is(const char *text)
{
        if (strncasecmp(text, "ssh://", 6) == 0 || strncasecmp(text, "git://", 6) == 0)
                return true;
        if (strncasecmp(text, "http://", 7) == 0 || strncasecmp(text, "https://", 8) == 0)
                return ends_in_git(text);
        return is_scp(text);
}

/* --- parts ------------------------------------------------------------------- */

/* git-check-ref-format(1), and no option. */
static int set_ref(struct builder_git_url *url, const char *prefix, const char *ref, struct error *err)
{
        CLEANUP_FREE char *whole = memory_printf("%s%s", prefix, ref);
        bool bad = ref[0] == '\0' || ref[0] == '-' || ref[0] == '/' || strlen(ref) > MAX_REF ||
                   strpbrk(ref, " ~^:?*[\\") || strstr(ref, "..") || strstr(ref, "@{") || strstr(ref, "//");

        for (const char *c = ref; *c && !bad; c++)
                bad = (unsigned char)*c < ' ' || *c == 127;
        if (bad)
                return error_set(err, EINVAL, "\"%s\" is not the name of a branch, tag or commit", ref);
        if (url->ref && strcmp(url->ref, whole) != 0)
                return error_set(err, EINVAL, "it names two refs, %s and %s", url->ref, whole);
        free(url->ref);
        url->ref = STEAL(whole);
        return 0;
}

/* A directory below the checkout, by its text; that no link leads out of it is seen when it is opened. */
static int set_subdir(struct builder_git_url *url, const char *subdir, struct error *err)
{
        CLEANUP_FREE char *parts = memory_strdup(subdir);
        CLEANUP_FREE char *clean = path_clean(subdir);
        char *save = NULL;

        if (subdir[0] == '/')
                return error_set(err, EINVAL, "the subdirectory %s is absolute: name it from the top of the repository",
                                 subdir);
        if (subdir[0] == '-')
                return error_set(err, EINVAL, "the subdirectory %s begins with a dash", subdir);
        for (char *part = strtok_r(parts, "/", &save); part; part = strtok_r(NULL, "/", &save))
                if (strcmp(part, "..") == 0 || strcasecmp(part, ".git") == 0)
                        return error_set(err, EINVAL, "the subdirectory %s leads out of the checkout", subdir);
        if (url->subdir && strcmp(url->subdir, clean) != 0)
                return error_set(err, EINVAL, "it names two subdirectories, %s and %s", url->subdir, clean);
        free(url->subdir);
        url->subdir = clean[0] ? STEAL(clean) : NULL;
        return 0;
}

int builder_git_url_set_commit(struct builder_git_url *url, const char *commit, struct error *err)
{
        size_t size = strspn(commit, "0123456789abcdef");

        if (commit[size] != '\0' || size < 7 || size > 64)
                return error_set(err, EINVAL, "\"%s\" is not a commit: hex digits in small letters, 7 or more of them", commit);
        if (url->commit && strcmp(url->commit, commit) != 0)
                return error_set(err, EINVAL, "it must be the commit %s and %s at once", url->commit, commit);
        free(url->commit);
        url->commit = memory_strdup(commit);
        return 0;
}

static int parse_flag(const char *key, const char *value, bool *ret, struct error *err)
{
        if (value[0] == '\0' || strcmp(value, "true") == 0 || strcmp(value, "1") == 0)
                *ret = true;
        else if (strcmp(value, "false") == 0 || strcmp(value, "0") == 0)
                *ret = false;
        else
                return error_set(err, EINVAL, "%s=%s: it is true or false", key, value);
        return 0;
}

static int set_option(struct builder_git_url *url, const char *key, const char *value, struct error *err)
{
        bool flag;

        if (strcmp(key, "ref") == 0)
                return set_ref(url, "", value, err);
        if (strcmp(key, "branch") == 0)
                return set_ref(url, "refs/heads/", value, err);
        if (strcmp(key, "tag") == 0)
                return set_ref(url, "refs/tags/", value, err);
        if (strcmp(key, "subdir") == 0)
                return set_subdir(url, value, err);
        if (strcmp(key, "commit") == 0 || strcmp(key, "checksum") == 0)
                return builder_git_url_set_commit(url, value, err);
        if (strcmp(key, "keep-git-dir") == 0) {
                url->has_keep_git_dir = true;
                return parse_flag(key, value, &url->keep_git_dir, err);
        }
        if (strcmp(key, "fetch-by-commit") == 0)
                return parse_flag(key, value, &url->by_commit, err);
        if (strcmp(key, "submodules") == 0) {
                if (parse_flag(key, value, &flag, err) < 0)
                        return -1;
                url->no_submodules = !flag;
                return 0;
        }
        if (strcmp(key, "mtime") == 0) {
                url->commit_time = strcmp(value, "commit") == 0;
                return url->commit_time || strcmp(value, "checkout") == 0
                               ? 0
                               : error_set(err, EINVAL, "mtime=%s: it is checkout or commit", value);
        }
        return error_set(err, EINVAL,
                         "\"%s\" is nothing that can be asked of a git repository: there are ref, branch, tag, subdir, "
                         "commit, checksum, keep-git-dir, submodules, mtime and fetch-by-commit",
                         key);
}

static int parse_query(struct builder_git_url *url, const char *query, struct error *err)
{
        CLEANUP_FREE char *copy = memory_strdup(query);
        char *save = NULL;

        for (char *pair = strtok_r(copy, "&", &save); pair; pair = strtok_r(NULL, "&", &save)) {
                char *equals = strchr(pair, '=');
                CLEANUP_FREE char *value = oci_url_decode(equals ? equals + 1 : "");

                if (equals)
                        *equals = '\0';
                if (set_option(url, pair, value, err) < 0)
                        return -1;
        }
        return 0;
}

static int parse_fragment(struct builder_git_url *url, const char *fragment, struct error *err)
{
        const char *colon = strchr(fragment, ':');
        CLEANUP_FREE char *ref = memory_strndup(fragment, colon ? (size_t)(colon - fragment) : strlen(fragment));

        if (ref[0] && set_ref(url, "", ref, err) < 0)
                return -1;
        return colon && colon[1] ? set_subdir(url, colon + 1, err) : 0;
}

/* --- the whole ------------------------------------------------------------------ */

static int parse_scp(const char *text, struct builder_git_url *ret, struct error *err)
{
        const char *hash = strchr(text, '#');
        const char *host = strchr(text, '@') + 1;
        const char *path = strchr(text, ':') + 1;

        for (const char *c = text; *c; c++)
                if ((unsigned char)*c <= ' ' || *c == 127)
                        return error_set(err, EINVAL, "it has a blank or control character");
        if (text[0] == '-' || host[0] == '-' || path[0] == '-')
                return error_set(err, EINVAL, "a part of it begins with a dash");
        ret->remote = memory_strndup(text, hash ? (size_t)(hash - text) : strlen(text));
        ret->scheme = memory_strdup("ssh");
        return hash ? parse_fragment(ret, hash + 1, err) : 0;
}

/* ssh's user is part of the remote; that of http and https is a credential. */
static void set_remote(const struct oci_url *url, struct builder_git_url *ret)
{
        CLEANUP_FREE char *port = url->port ? memory_printf(":%u", url->port) : memory_strdup("");
        const char *user = strcmp(url->scheme, "ssh") == 0 && url->user ? url->user : NULL;

        ret->scheme = memory_strdup(url->scheme);
        ret->remote = memory_printf("%s://%s%s%s%s%s", url->scheme, user ? user : "", user ? "@" : "", url->host, port,
                                    url->path);
        if (url->scheme[0] != 'h')
                return;
        ret->origin = memory_printf("%s://%s%s/", url->scheme, url->host, port);
        ret->host = memory_strdup(url->host);
        ret->authorization = oci_url_basic(url);
}

static int parse_url(const char *text, struct builder_git_url *ret, struct error *err)
{
        CLEANUP_URL struct oci_url url = OCI_URL_INIT;

        if (oci_url_parse(text, &url, err) < 0)
                return -1;
        if (url.path[0] == '\0' || strcmp(url.path, "/") == 0)
                return error_set(err, EINVAL, "it names no repository on the host");
        if (strncmp(url.path, "/-", 2) == 0 || (url.user && url.user[0] == '-'))
                return error_set(err, EINVAL, "a part of it begins with a dash");
        if (url.scheme[0] != 'h' && url.user && strchr(url.user, ':'))
                return error_set(err, EINVAL, "%s takes no password in the URL", url.scheme);
        set_remote(&url, ret);
        if (url.query && parse_query(ret, url.query, err) < 0)
                return -1;
        return url.fragment ? parse_fragment(ret, url.fragment, err) : 0;
}

int builder_git_url_parse(const char *text, struct builder_git_url *ret, struct error *err)
{
        CLEANUP_FREE char *shown = redact_urls(text);
        int result;

        *ret = (struct builder_git_url)BUILDER_GIT_URL_INIT;
        result = strstr(text, "://") ? parse_url(text, ret, err) : parse_scp(text, ret, err);
        if (result == 0 && ret->by_commit && !ret->commit)
                result = error_set(err, EINVAL, "fetch-by-commit needs a commit");
        if (result < 0) {
                builder_git_url_free(ret);
                return error_wrap(err, "the git repository %s", shown);
        }
        ret->shown = STEAL(shown);
        return 0;
}
