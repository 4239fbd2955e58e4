/* SPDX-License-Identifier: Apache-2.0 */
/* bryo login: asks the registry whether it takes a credential, then keeps it where docker keeps its own. */
#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "cmd/arguments.h"
#include "cmd/notice.h"
#include "cmd/registry_name.h"
#include "cmd/secret.h"
#include "cmd/verbs.h"
#include "common/memory.h"
#include "oci/credentials.h"
#include "oci/credentials_store.h"
#include "oci/registry.h"

struct login {
        const char *authfile, *cert_dir, *tls_verify; /* of the flags */
        struct strv insecure;
        const char *user, *password; /* of the flags */
        bool password_stdin, get_login;
        char *name; /* host[/path], owned */
        char *host; /* owned */
};

static void login_free(struct login *l)
{
        strv_free(&l->insecure);
        free(l->name);
        free(l->host);
}

#define CLEANUP_LOGIN __attribute__((cleanup(login_free)))

/* What is known of the registry already. */
static int find_stored(const struct login *l, struct oci_credential *ret, struct error *err)
{
        const struct oci_credentials_options options = {.log = &cmd_notice_log, .authfile = NULL};
        CLEANUP_CREDENTIALS struct oci_credentials *credentials = NULL;
        const char *slash = strchr(l->name, '/');

        /* the file of --authfile is made by a login, so it may be missing here: as the variable of that meaning */
        if (l->authfile && setenv("REGISTRY_AUTH_FILE", l->authfile, 1) < 0)
                return error_errno(err, errno, "cannot set the environment");
        if (oci_credentials_new(&options, &credentials, err) < 0)
                return -1;
        return oci_credentials_find(credentials, l->host, slash ? slash + 1 : NULL, NULL, ret, err);
}

static int print_login(const struct login *l, struct error *err)
{
        CLEANUP_CREDENTIAL struct oci_credential stored = OCI_CREDENTIAL_INIT;

        if (find_stored(l, &stored, err) < 0)
                return -1;
        if (!stored.origin)
                return error_set(err, ENOENT, "not logged in to %s", l->name);
        printf("%s\n", stored.user ? stored.user : "<token>");
        return 0;
}

static int read_tls(const char *text, enum oci_registry_tls *ret, struct error *err)
{
        *ret = OCI_REGISTRY_TLS_DEFAULT;
        if (!text)
                return 0;
        if (strcmp(text, "true") == 0)
                *ret = OCI_REGISTRY_TLS_ON;
        else if (strcmp(text, "false") == 0)
                *ret = OCI_REGISTRY_TLS_OFF;
        else
                return error_set(err, OPTIONS_EUSAGE, "--tls-verify=%s: true or false", text);
        return 0;
}

static int verify(const struct login *l, const char *user, const char *secret, struct error *err)
{
        struct oci_registry_options options = {
                .log = &cmd_notice_log, .cert_dir = l->cert_dir, .insecure = &l->insecure};
        struct oci_registry *registry;
        int result;

        if (read_tls(l->tls_verify, &options.tls, err) < 0)
                return -1;
        registry = oci_registry_new(&options);
        result = oci_registry_login(registry, l->host, user, secret, err);
        oci_registry_free(registry);
        return result < 0 ? error_wrap(err, "login to %s", l->name) : 0;
}

/* Says where it is now, and if another place that is asked earlier will be believed instead. */
static int report(const struct login *l, const char *path, const char *helper, const struct oci_credential *kept,
                  struct error *err)
{
        CLEANUP_CREDENTIAL struct oci_credential found = OCI_CREDENTIAL_INIT;

        if (helper)
                fprintf(stderr, "bryo: docker-credential-%s keeps the password\n", helper);
        else
                fprintf(stderr,
                        "bryo: the password is in %s, not encrypted; a credential helper (credsStore) would keep it "
                        "safer\n",
                        path);
        if (find_stored(l, &found, err) < 0)
                return -1;
        if (!found.user || strcmp(found.user, kept->user) != 0 || !found.secret ||
            strcmp(found.secret, kept->secret) != 0)
                fprintf(stderr, "bryo: warning: %s has another credential for %s, and is asked first\n",
                        found.origin ? found.origin : "nobody", l->name);
        return 0;
}

static int keep(const struct login *l, char *user, char *secret, struct error *err)
{
        const struct oci_credential credential = {.user = user, .secret = secret}; /* borrowed: not freed */
        CLEANUP_FREE char *path = oci_credentials_store_path(l->authfile, err);
        CLEANUP_FREE char *helper = NULL;

        if (!path)
                return -1;
        if (oci_credentials_store_save(path, l->name, &credential, &helper, err) < 0)
                return error_wrap(err, "the password is right, but cannot be kept");
        printf("Login Succeeded\n");
        return report(l, path, helper, &credential, err);
}

/* Without a user: is what is known already still good? *ret_done: it is. */
static int try_stored(const struct login *l, bool *ret_done, struct error *err)
{
        CLEANUP_CREDENTIAL struct oci_credential stored = OCI_CREDENTIAL_INIT;
        CLEANUP_ERROR struct error refused = ERROR_INIT;

        *ret_done = false;
        if (find_stored(l, &stored, err) < 0)
                return -1;
        if (!stored.user && !stored.identity_token)
                return 0;
        if (verify(l, stored.identity_token ? "<token>" : stored.user,
                   stored.identity_token ? stored.identity_token : stored.secret, &refused) < 0) {
                fprintf(stderr, "bryo: the credential of %s is not accepted any more: %s\n", stored.origin,
                        refused.message);
                return 0;
        }
        printf("Login Succeeded (with what %s has)\n", stored.origin);
        *ret_done = true;
        return 0;
}

static int take_secret(const struct login *l, char **ret, struct error *err)
{
        if (l->password_stdin)
                return cmd_secret_read(ret, err);
        if (l->password) {
                fprintf(stderr, "bryo: warning: everybody on this machine can read a password on the command line; "
                                "--password-stdin is safe\n");
                *ret = memory_strdup(l->password);
                return 0;
        }
        return cmd_secret_ask("Password", true, ret, err) < 0 ? error_wrap(err, "the password (see --password-stdin)")
                                                              : 0;
}

static int login(const struct login *l, struct error *err)
{
        CLEANUP_SECRET char *user = l->user ? memory_strdup(l->user) : NULL;
        CLEANUP_SECRET char *secret = NULL;
        bool done = false;

        if (!user && try_stored(l, &done, err) < 0)
                return -1;
        if (done)
                return 0;
        if (!user && cmd_secret_ask("Username", false, &user, err) < 0)
                return error_wrap(err, "the user name (see --username)");
        if (!user[0] || strchr(user, ':') || strpbrk(user, "\r\n"))
                return error_set(err, EINVAL, "a user name must not be empty and has no ':'");
        if (take_secret(l, &secret, err) < 0)
                return -1;
        if (!secret[0])
                return error_set(err, EINVAL, "the password is empty");
        return verify(l, user, secret, err) < 0 ? -1 : keep(l, user, secret, err);
}

static int check(struct login *l, const char *registry, struct error *err)
{
        if (l->password && l->password_stdin)
                return error_set(err, OPTIONS_EUSAGE, "--password and --password-stdin exclude each other");
        if ((l->password || l->password_stdin) && !l->user)
                return error_set(err, OPTIONS_EUSAGE, "%s wants --username",
                                 l->password ? "--password" : "--password-stdin");
        return cmd_registry_name_parse(registry, &l->name, &l->host, err);
}

int cmd_login(char *const *argv, struct error *err)
{
        CLEANUP_LOGIN struct login l = {.name = NULL};
        const struct option_row rows[] = {
                {"authfile", 0, OPTION_TEXT, &l.authfile, "FILE",
                 "Keep it there (default: $REGISTRY_AUTH_FILE, docker's config.json)"},
                {"cert-dir", 0, OPTION_TEXT, &l.cert_dir, "DIR", "Certificates for the registry (default: certs.d)"},
                {"get-login", 0, OPTION_SWITCH, &l.get_login, NULL,
                 "Print the user that is logged in, and do nothing else"},
                {"insecure-registry", 0, OPTION_LIST, &l.insecure, "HOST",
                 "This registry may be asked by http, or with any certificate"},
                {"password", 'p', OPTION_TEXT, &l.password, "PASSWORD",
                 "The password; others can read it: see --password-stdin"},
                {"password-stdin", 0, OPTION_SWITCH, &l.password_stdin, NULL, "Read the password from standard input"},
                {"tls-verify", 0, OPTION_MAYBE, &l.tls_verify, "true|false", "Talk https, and check certificates"},
                {"username", 'u', OPTION_TEXT, &l.user, "USER", "The user"},
        };
        const struct option_table table = {
                .usage = "bryo login [OPTIONS] [REGISTRY]",
                .about = "Logs in to a registry (default: docker.io). The password is asked for where it is not given, "
                         "checked with the "
                         "registry, and kept where docker keeps its own: docker, podman and bryo use it from then on.",
                .rows = rows,
                .count = ARRAY_SIZE(rows),
        };
        CLEANUP_STRV struct strv words = STRV_INIT;
        bool done;

        if (cmd_arguments_parse(&table, argv, 0, 1, &words, &done, err) < 0)
                return -1;
        if (done)
                return 0;
        if (check(&l, words.count > 0 ? words.items[0] : NULL, err) < 0)
                return -1;
        return l.get_login ? print_login(&l, err) : login(&l, err);
}
