/* SPDX-License-Identifier: Apache-2.0 */
/* Which credential belongs to a registry: the places, in their order, and what helpers said so far. */
#include "oci/credentials.h"

#include <errno.h>
#include <pthread.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "common/memory.h"
#include "common/strv.h"
#include "oci/credentials_file.h"
#include "oci/credentials_helper.h"
#include "oci/quote.h"

/* What a helper said of a host, or that it could not. */
struct answer {
        char *helper;
        char *host;
        struct oci_credential credential;
};

struct oci_credentials {
        const struct log *log;
        char *authfile; /* NULL: the usual places */
        bool must_exist;
        char *user; /* --creds; NULL: none */
        char *secret;
        bool restricted; /* to these registries */
        struct strv registries;
        unsigned helper_seconds;
        pthread_mutex_t lock; /* guards the rest, and that one helper runs at a time */
        struct answer *answers;
        size_t count;
        size_t cap;
        struct strv warned; /* files that others can read, and registries that --creds is not for: each is told once */
};

static void wipe(char *text)
{
        if (text)
                explicit_bzero(text, strlen(text));
        free(text);
}

void oci_credential_free(struct oci_credential *c)
{
        wipe(c->user);
        wipe(c->secret);
        wipe(c->identity_token);
        wipe(c->registry_token);
        free(c->origin);
        *c = (struct oci_credential)OCI_CREDENTIAL_INIT;
}

static char *copy_text(const char *text)
{
        return text ? memory_strdup(text) : NULL;
}

static void copy(const struct oci_credential *from, struct oci_credential *ret)
{
        oci_credential_free(ret);
        ret->user = copy_text(from->user);
        ret->secret = copy_text(from->secret);
        ret->identity_token = copy_text(from->identity_token);
        ret->registry_token = copy_text(from->registry_token);
        ret->origin = copy_text(from->origin);
}

int oci_credentials_new(const struct oci_credentials_options *options, struct oci_credentials **ret, struct error *err)
{
        CLEANUP_CREDENTIALS struct oci_credentials *c = memory_zalloc(1, sizeof(*c));
        const char *colon = options->credentials ? strchr(options->credentials, ':') : NULL;
        const char *file = getenv("REGISTRY_AUTH_FILE");

        pthread_mutex_init(&c->lock, NULL);
        if (options->credentials && (!colon || colon == options->credentials))
                return error_set(err, EINVAL, "--creds takes USER:PASSWORD"); /* what was given is not repeated */
        if (options->authfile && !options->authfile[0])
                return error_set(err, EINVAL, "--authfile is empty: name a file");
        c->log = options->log;
        c->must_exist = options->authfile != NULL;
        if (options->authfile)
                c->authfile = memory_strdup(options->authfile);
        else if (file && file[0])
                c->authfile = memory_strdup(file);
        c->helper_seconds = options->helper_seconds;
        if (colon) {
                c->user = memory_strndup(options->credentials, (size_t)(colon - options->credentials));
                c->secret = memory_strdup(colon + 1);
        }
        c->restricted = options->registries != NULL;
        if (options->registries)
                strv_copy(&c->registries, options->registries);
        *ret = STEAL(c);
        return 0;
}

void oci_credentials_free(struct oci_credentials *c)
{
        if (!c)
                return;
        for (size_t i = 0; i < c->count; i++) {
                free(c->answers[i].helper);
                free(c->answers[i].host);
                oci_credential_free(&c->answers[i].credential);
        }
        free(c->answers);
        strv_free(&c->warned);
        strv_free(&c->registries);
        free(c->authfile);
        wipe(c->user);
        wipe(c->secret);
        pthread_mutex_destroy(&c->lock);
        free(c);
}

void oci_credentials_cleanup(struct oci_credentials **c)
{
        oci_credentials_free(*c);
}

/* --- one place ---------------------------------------------------------------------- */

/* Asks a helper, once for each host. That it cannot answer is told, and then as if it knew nothing; but a name that is
 * none is an error. */
static int ask_helper(struct oci_credentials *c, const char *helper, const char *host, struct oci_credential *ret,
                      struct error *err)
{
        CLEANUP_ERROR struct error failure = ERROR_INIT;
        struct answer *answer;

        for (size_t i = 0; i < c->count; i++) {
                if (strcmp(c->answers[i].helper, helper) == 0 && strcmp(c->answers[i].host, host) == 0) {
                        copy(&c->answers[i].credential, ret);
                        return 0;
                }
        }
        if (oci_credentials_helper_check(helper, err) < 0)
                return -1;
        if (oci_credentials_helper_get(helper, host, c->helper_seconds, ret, &failure) < 0)
                log_print(c->log, LOG_WARNING, "no credential for %s from its helper: %s", host, failure.message);
        memory_grow(&c->answers, &c->cap, c->count + 1, sizeof(*c->answers));
        answer = &c->answers[c->count++];
        *answer = (struct answer){.helper = memory_strdup(helper), .host = memory_strdup(host)};
        copy(ret, &answer->credential);
        return 0;
}

static void warn_if_open(struct oci_credentials *c, const struct oci_credentials_file *f, const char *what)
{
        if (!oci_credentials_file_is_open(f) || strv_has(&c->warned, what))
                return;
        strv_add(&c->warned, what);
        log_print(c->log, LOG_WARNING, "%s holds credentials and everybody can read it: chmod 600 %s", what, what);
}

static int find_in(struct oci_credentials *c, const struct oci_credentials_file *f, const char *what,
                   const char *const name[2], struct oci_credential *ret, struct error *err)
{
        CLEANUP_FREE char *helper = NULL;
        const char *host = name[0], *repository = name[1];

        if (oci_credentials_file_helper(f, host, &helper, err) < 0)
                return -1;
        if (helper && ask_helper(c, helper, host, ret, err) < 0)
                return error_wrap(err, "the credential helper of %s", what);
        if (ret->origin)
                return 0;
        if (oci_credentials_file_find(f, host, repository, ret, err) < 0)
                return -1;
        if (ret->origin)
                warn_if_open(c, f, what);
        return 0;
}

static int find_in_variable(struct oci_credentials *c, const char *const name[2], struct oci_credential *ret,
                            struct error *err)
{
        static const char what[] = "DOCKER_AUTH_CONFIG";
        CLEANUP_CREDENTIALS_FILE struct oci_credentials_file *f = NULL;
        const char *text = getenv(what);

        if (!text || !text[0])
                return 0;
        if (oci_credentials_file_parse(what, text, strlen(text), &f, err) < 0)
                return -1;
        return find_in(c, f, what, name, ret, err);
}

static int find_in_path(struct oci_credentials *c, const char *path, bool must_exist, const char *const name[2],
                        struct oci_credential *ret, struct error *err)
{
        CLEANUP_CREDENTIALS_FILE struct oci_credentials_file *f = NULL;

        if (oci_credentials_file_load(path, &f, err) < 0)
                return -1;
        if (!f)
                return must_exist ? error_set(err, ENOENT, "the file of --authfile, %s, does not exist", path) : 0;
        return find_in(c, f, path, name, ret, err);
}

static int find_everywhere(struct oci_credentials *c, const char *const name[2], struct oci_credential *ret,
                           struct error *err)
{
        CLEANUP_STRV struct strv places = STRV_INIT;

        if (c->authfile)
                return find_in_path(c, c->authfile, c->must_exist, name, ret, err);
        if (find_in_variable(c, name, ret, err) < 0)
                return -1;
        oci_credentials_file_places(&places);
        for (size_t i = 0; i < places.count && !ret->origin; i++)
                if (find_in_path(c, places.items[i], false, name, ret, err) < 0)
                        return -1;
        return 0;
}

/* --- all of them -------------------------------------------------------------------- */

/* Whether --creds is for the registry that a reference names. One that it is not for is told: it may ask in vain. */
static bool is_given(struct oci_credentials *c, const char *named)
{
        if (!c->user || !named)
                return false;
        if (!c->restricted)
                return true;
        for (size_t i = 0; i < c->registries.count; i++)
                if (strcasecmp(c->registries.items[i], named) == 0)
                        return true;
        pthread_mutex_lock(&c->lock);
        if (!strv_has(&c->warned, named)) {
                strv_add(&c->warned, named);
                log_print(c->log, LOG_INFO, "%s is asked without the credential of --creds, which is for %s", named,
                          c->registries.count > 0 ? c->registries.items[0] : "no registry of this command");
        }
        pthread_mutex_unlock(&c->lock);
        return false;
}

int oci_credentials_find(struct oci_credentials *c, const char *host, const char *repository, const char *named,
                         struct oci_credential *ret, struct error *err)
{
        CLEANUP_CREDENTIAL struct oci_credential found = OCI_CREDENTIAL_INIT;
        CLEANUP_FREE char *registry = oci_credentials_host(host);
        const char *const name[2] = {registry, repository};
        int result;

        *ret = (struct oci_credential)OCI_CREDENTIAL_INIT;
        if (is_given(c, named)) {
                ret->user = memory_strdup(c->user);
                ret->secret = memory_strdup(c->secret);
                ret->origin = memory_strdup("--creds");
                return 0;
        }
        pthread_mutex_lock(&c->lock);
        result = find_everywhere(c, name, &found, err);
        pthread_mutex_unlock(&c->lock);
        if (result < 0)
                return -1;
        *ret = found;
        found = (struct oci_credential)OCI_CREDENTIAL_INIT;
        return 0;
}
