/* SPDX-License-Identifier: Apache-2.0 */
/* Reading docker's config.json and containers' auth.json: whose credentials, or which helper knows them. */
#include "oci/credentials_file.h"

#include <ctype.h>
#include <errno.h>
#include <stdint.h>
#include <string.h>
#include <strings.h>
#include <sys/stat.h>
#include <unistd.h>

#include "common/environment.h"
#include "common/memory.h"
#include "oci/base64.h"
#include "oci/json.h"
#include "oci/limits.h"
#include "oci/quote.h"
#include "oci/user_file.h"

struct oci_credentials_file {
        char *what;         /* owned: the path, or the variable it came from */
        struct buffer text; /* as it was read */
        struct oci_json *root;
        bool open;
};

/* --- where ------------------------------------------------------------------------ */

void oci_credentials_file_places(struct strv *ret)
{
        const char *home = environment_find("HOME"), *docker = environment_find("DOCKER_CONFIG");
        const char *runtime = environment_find("XDG_RUNTIME_DIR");
        CLEANUP_FREE char *own = oci_user_file_config("containers/auth.json");

        if (docker)
                strv_take(ret, memory_printf("%s/config.json", docker));
        /* a relative path in these variables is to be ignored: XDG base directory specification */
        if (runtime && runtime[0] == '/')
                strv_take(ret, memory_printf("%s/containers/auth.json", runtime));
        else
                strv_take(ret, memory_printf("/run/containers/%u/auth.json", (unsigned)getuid()));
        if (own)
                strv_take(ret, STEAL(own));
        if (!docker && home)
                strv_take(ret, memory_printf("%s/.docker/config.json", home));
}

/* --- the document ------------------------------------------------------------------ */

static bool is_blank(const struct buffer *text)
{
        for (size_t i = 0; i < text->size; i++)
                if (!strchr(" \t\r\n", text->data[i]))
                        return false;
        return true;
}

static int parse_root(struct oci_credentials_file *f, struct error *err)
{
        /* An empty file is what `touch`, or a login that ran out of space, leaves: nobody is known there. */
        if (is_blank(&f->text))
                return 0;
        if (oci_json_parse(f->what, f->text.data, f->text.size, &f->root, err) < 0)
                return error_wrap(err, "cannot read the credentials");
        if (oci_json_kind(f->root) != OCI_JSON_OBJECT)
                return error_set(err, EINVAL, "cannot read the credentials: %s is no JSON object", f->what);
        return 0;
}

int oci_credentials_file_parse(const char *what, const void *text, size_t size, struct oci_credentials_file **ret,
                               struct error *err)
{
        CLEANUP_CREDENTIALS_FILE struct oci_credentials_file *f = memory_zalloc(1, sizeof(*f));

        f->what = memory_strdup(what);
        if (size > OCI_LIMIT_AUTH_FILE)
                return error_set(err, E2BIG, "cannot read the credentials: %s is larger than the limit of %u bytes",
                                 what, OCI_LIMIT_AUTH_FILE);
        buffer_append(&f->text, text, size);
        if (parse_root(f, err) < 0)
                return -1;
        *ret = STEAL(f);
        return 0;
}

int oci_credentials_file_load(const char *path, struct oci_credentials_file **ret, struct error *err)
{
        CLEANUP_CREDENTIALS_FILE struct oci_credentials_file *f = memory_zalloc(1, sizeof(*f));
        struct stat st;
        bool found;

        *ret = NULL;
        f->what = memory_strdup(path);
        if (oci_user_file_read(path, OCI_LIMIT_AUTH_FILE, &found, &f->text, err) < 0)
                return error_wrap(err, "cannot read the credentials");
        if (!found)
                return 0;
        f->open = stat(path, &st) == 0 && S_ISREG(st.st_mode) && (st.st_mode & S_IROTH);
        if (parse_root(f, err) < 0)
                return -1;
        *ret = STEAL(f);
        return 0;
}

void oci_credentials_file_free(struct oci_credentials_file *f)
{
        if (!f)
                return;
        if (f->text.data)
                explicit_bzero(f->text.data, f->text.size);
        buffer_free(&f->text);
        oci_json_free(f->root);
        free(f->what);
        free(f);
}

void oci_credentials_file_cleanup(struct oci_credentials_file **f)
{
        oci_credentials_file_free(*f);
}

bool oci_credentials_file_is_open(const struct oci_credentials_file *f)
{
        return f->open;
}

const char *oci_credentials_file_text(const struct oci_credentials_file *f)
{
        return buffer_text(&f->text);
}

static int find_object(const struct oci_credentials_file *f, const char *key, const struct oci_json **ret,
                       struct error *err)
{
        *ret = NULL;
        return f->root ? oci_json_get_object(f->what, f->root, key, ret, err) : 0;
}

/* --- names ------------------------------------------------------------------------ */

char *oci_credentials_host(const char *host)
{
        char *lower = memory_strdup(host);

        for (char *c = lower; *c; c++)
                *c = (char)tolower((unsigned char)*c);
        if (strcmp(lower, "index.docker.io") == 0 || strcmp(lower, "registry-1.docker.io") == 0)
                memcpy(lower, "docker.io", sizeof("docker.io"));
        return lower;
}

/* A key as host and path ("" for the host as a whole). */
static void split_key(const char *key, char **ret_host, char **ret_path)
{
        CLEANUP_FREE char *host = NULL;
        const char *start = key, *slash;
        bool url = false;

        if (strncasecmp(key, "https://", 8) == 0 || strncasecmp(key, "http://", 7) == 0) {
                start = strstr(key, "://") + 3;
                url = true;
        }
        slash = strchrnul(start, '/');
        host = memory_strndup(start, (size_t)(slash - start));
        *ret_host = oci_credentials_host(host);
        *ret_path = memory_strdup(*slash && !url ? slash + 1 : "");
}

static bool is_path_prefix(const char *prefix, const char *path)
{
        size_t size = strlen(prefix);

        return size == 0 || (path && strncmp(prefix, path, size) == 0 && (path[size] == '\0' || path[size] == '/'));
}

/* How much of host/repository the key is: 0 nothing, 1 the host, more with each character of the path. */
static size_t match_key(const char *key, const char *host, const char *repository)
{
        CLEANUP_FREE char *own = NULL;
        CLEANUP_FREE char *path = NULL;

        split_key(key, &own, &path);
        return strcmp(own, host) == 0 && is_path_prefix(path, repository) ? 1 + strlen(path) : 0;
}

void oci_credentials_file_keys(const struct oci_credentials_file *f, const char *name, struct strv *ret)
{
        CLEANUP_ERROR struct error ignored = ERROR_INIT; /* no object: no keys */
        CLEANUP_FREE char *host = NULL;
        CLEANUP_FREE char *path = NULL;
        const struct oci_json *auths;

        if (find_object(f, "auths", &auths, &ignored) < 0)
                return;
        split_key(name, &host, &path);
        for (size_t i = 0; auths && i < oci_json_count(auths); i++)
                if (match_key(oci_json_key(auths, i), host, path) == 1 + strlen(path))
                        strv_add(ret, oci_json_key(auths, i));
}

void oci_credentials_file_names(const struct oci_credentials_file *f, struct strv *ret)
{
        static const char *const places[] = {"auths", "credHelpers"};

        for (size_t p = 0; p < ARRAY_SIZE(places); p++) {
                CLEANUP_ERROR struct error ignored = ERROR_INIT; /* no object: no keys */
                const struct oci_json *object;

                if (find_object(f, places[p], &object, &ignored) < 0)
                        continue;
                for (size_t i = 0; object && i < oci_json_count(object); i++) {
                        CLEANUP_FREE char *host = NULL;
                        CLEANUP_FREE char *path = NULL;
                        CLEANUP_FREE char *name = NULL;

                        split_key(oci_json_key(object, i), &host, &path);
                        name = memory_printf("%s%s%s", host, path[0] ? "/" : "", path);
                        if (!strv_has(ret, name))
                                strv_add(ret, name);
                }
        }
}

/* --- helpers ------------------------------------------------------------------------ */

int oci_credentials_file_helper(const struct oci_credentials_file *f, const char *host, char **ret, struct error *err)
{
        CLEANUP_FREE char *name = oci_credentials_host(host);
        CLEANUP_FREE char *helper = NULL;
        const struct oci_json *helpers;

        *ret = NULL;
        if (find_object(f, "credHelpers", &helpers, err) < 0)
                return -1;
        for (size_t i = 0; !helper && helpers && i < oci_json_count(helpers); i++)
                if (match_key(oci_json_key(helpers, i), name, NULL) > 0 &&
                    oci_json_get_string(f->what, helpers, oci_json_key(helpers, i), &helper, err) < 0)
                        return -1;
        if (!helper && f->root && oci_json_get_string(f->what, f->root, "credsStore", &helper, err) < 0)
                return -1;
        if (helper && helper[0])
                *ret = STEAL(helper);
        return 0;
}

/* --- credentials -------------------------------------------------------------------- */

/* "auth": base64 of USER:PASSWORD; NUL bytes behind it are docker's own padding of old. */
static int decode_auth(const char *auth, struct oci_credential *ret)
{
        CLEANUP_BUFFER struct buffer plain = BUFFER_INIT;
        char *colon;

        if (oci_base64_decode(auth, &plain) < 0)
                return -1;
        while (plain.size > 0 && plain.data[plain.size - 1] == '\0')
                plain.size--;
        colon = memchr(buffer_text(&plain), ':', plain.size);
        if (!colon || colon == plain.data || memchr(plain.data, '\0', plain.size))
                return -1;
        ret->user = memory_strndup(plain.data, (size_t)(colon - plain.data));
        ret->secret = memory_strndup(colon + 1, plain.size - (size_t)(colon + 1 - plain.data));
        explicit_bzero(plain.data, plain.size);
        return 0;
}

/* A token becomes part of a header: nothing in it may end the line. */
static bool is_token(const char *text)
{
        for (const char *c = text; *c; c++)
                if (*c <= ' ' || *c >= 127)
                        return false;
        return true;
}

/* RFC 7617: a user name has no colon, and neither it nor the password a control character; passwords are taken as they
 * are. */
static bool is_user(const char *text)
{
        for (const char *c = text; *c; c++)
                if ((unsigned char)*c < ' ' || *c == 127 || *c == ':')
                        return false;
        return true;
}

static int read_entry(const char *what, const struct oci_json *entry, struct oci_credential *ret, struct error *err)
{
        CLEANUP_FREE char *auth = NULL;
        CLEANUP_FREE char *user = NULL;
        CLEANUP_FREE char *password = NULL;

        if (oci_json_get_string(what, entry, "auth", &auth, err) < 0 ||
            oci_json_get_string(what, entry, "username", &user, err) < 0 ||
            oci_json_get_string(what, entry, "password", &password, err) < 0 ||
            oci_json_get_string(what, entry, "identitytoken", &ret->identity_token, err) < 0 ||
            oci_json_get_string(what, entry, "registrytoken", &ret->registry_token, err) < 0)
                return -1;
        if (auth && auth[0] && decode_auth(auth, ret) < 0)
                return error_set(err, EINVAL, "%s: \"auth\" is not the base64 of USER:PASSWORD", what);
        if (!ret->user && user && user[0] && password) {
                ret->user = STEAL(user);
                ret->secret = STEAL(password);
        }
        if (ret->user && !is_user(ret->user))
                return error_set(err, EINVAL, "%s: the user has a ':' or a control character in it", what);
        if ((ret->identity_token && !is_token(ret->identity_token)) ||
            (ret->registry_token && !is_token(ret->registry_token)))
                return error_set(err, EINVAL, "%s: a token has a space or a control character in it", what);
        return 0;
}

/* What docker leaves in `auths` beside a helper: nothing, or texts without a letter. */
static bool is_empty(const struct oci_credential *c)
{
        return !c->user && !(c->identity_token && c->identity_token[0]) && !(c->registry_token && c->registry_token[0]);
}

static int take_entry(const struct oci_credentials_file *f, const struct oci_json *auths, size_t i,
                      struct oci_credential *ret, struct error *err)
{
        CLEANUP_FREE char *key = oci_quote(oci_json_key(auths, i));
        CLEANUP_FREE char *what = memory_printf("the entry %s of %s", key, f->what);
        CLEANUP_CREDENTIAL struct oci_credential found = OCI_CREDENTIAL_INIT;

        if (oci_json_kind(oci_json_item(auths, i)) != OCI_JSON_OBJECT)
                return error_set(err, EINVAL, "%s is no JSON object", what);
        if (read_entry(what, oci_json_item(auths, i), &found, err) < 0)
                return -1;
        if (is_empty(&found))
                return 0;
        if (found.identity_token && !found.identity_token[0])
                free(STEAL(found.identity_token));
        if (found.registry_token && !found.registry_token[0])
                free(STEAL(found.registry_token));
        found.origin = memory_strdup(f->what);
        oci_credential_free(ret);
        *ret = found;
        found = (struct oci_credential)OCI_CREDENTIAL_INIT;
        return 0;
}

/* The next shorter match of a key: the greatest that is less than `below`; 0 when there is none. */
static size_t next_match(const struct oci_json *auths, const char *host, const char *repository, size_t below)
{
        size_t best = 0;

        for (size_t i = 0; i < oci_json_count(auths); i++) {
                size_t match = match_key(oci_json_key(auths, i), host, repository);

                if (match < below && match > best)
                        best = match;
        }
        return best;
}

int oci_credentials_file_find(const struct oci_credentials_file *f, const char *host, const char *repository,
                              struct oci_credential *ret, struct error *err)
{
        CLEANUP_FREE char *name = oci_credentials_host(host);
        const struct oci_json *auths;
        size_t match = SIZE_MAX;

        if (find_object(f, "auths", &auths, err) < 0)
                return -1;
        /* an empty entry does not hide a shorter one, nor another spelling of the same */
        while (auths && !ret->origin && (match = next_match(auths, name, repository, match)) > 0)
                for (size_t i = 0; i < oci_json_count(auths) && !ret->origin; i++)
                        if (match_key(oci_json_key(auths, i), name, repository) == match &&
                            take_entry(f, auths, i, ret, err) < 0)
                                return -1;
        return 0;
}
