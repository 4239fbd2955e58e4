/* SPDX-License-Identifier: Apache-2.0 */
/* bryo logout */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "cmd/arguments.h"
#include "cmd/notice.h"
#include "cmd/registry_name.h"
#include "cmd/verbs.h"
#include "common/memory.h"
#include "oci/credentials.h"
#include "oci/credentials_store.h"

/* Another place may go on saying who we are: podman's, for instance. Nothing of it is removed. */
static int tell_others(const char *authfile, const char *name, const char *host, struct error *err)
{
        const struct oci_credentials_options options = {.log = &cmd_notice_log};
        CLEANUP_CREDENTIALS struct oci_credentials *credentials = NULL;
        CLEANUP_CREDENTIAL struct oci_credential found = OCI_CREDENTIAL_INIT;
        const char *slash = strchr(name, '/');

        if (authfile)
                return 0;
        if (oci_credentials_new(&options, &credentials, err) < 0 ||
            oci_credentials_find(credentials, host, slash ? slash + 1 : NULL, NULL, &found, err) < 0)
                return -1;
        if (found.origin)
                fprintf(stderr, "bryo: warning: %s still has a credential for %s\n", found.origin, name);
        return 0;
}

static int logout(const char *authfile, const char *registry, struct error *err)
{
        CLEANUP_FREE char *path = oci_credentials_store_path(authfile, err);
        CLEANUP_FREE char *name = NULL;
        CLEANUP_FREE char *host = NULL;
        bool found;

        if (!path || cmd_registry_name_parse(registry, &name, &host, err) < 0 ||
            oci_credentials_store_erase(path, name, &found, err) < 0)
                return -1;
        if (found)
                printf("Removed the credential for %s\n", name);
        else
                printf("Not logged in to %s\n", name);
        return tell_others(authfile, name, host, err);
}

static int logout_all(const char *authfile, struct error *err)
{
        CLEANUP_FREE char *path = oci_credentials_store_path(authfile, err);
        size_t count;

        if (!path || oci_credentials_store_erase_all(path, &count, err) < 0)
                return -1;
        printf("Removed %zu %s of %s\n", count, count == 1 ? "credential" : "credentials", path);
        return 0;
}

int cmd_logout(char *const *argv, struct error *err)
{
        const char *authfile = NULL;
        bool all = false;
        const struct option_row rows[] = {
                {"all", 'a', OPTION_SWITCH, &all, NULL, "Forget every registry of the file and its helpers"},
                {"authfile", 0, OPTION_TEXT, &authfile, "FILE",
                 "Forget it there (default: $REGISTRY_AUTH_FILE, docker's config.json)"},
        };
        const struct option_table table = {
                .usage = "bryo logout [OPTIONS] [REGISTRY]",
                .about = "Forgets the credential for a registry (default: docker.io).",
                .rows = rows,
                .count = ARRAY_SIZE(rows),
        };
        CLEANUP_STRV struct strv words = STRV_INIT;
        bool done;

        if (cmd_arguments_parse(&table, argv, 0, 1, &words, &done, err) < 0)
                return -1;
        if (done)
                return 0;
        if (all && words.count > 0)
                return error_set(err, OPTIONS_EUSAGE, "--all takes no registry");
        return all ? logout_all(authfile, err) : logout(authfile, words.count > 0 ? words.items[0] : NULL, err);
}
