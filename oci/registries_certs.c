/* SPDX-License-Identifier: Apache-2.0 */
/* Directories of certificates for one registry (containers-certs.d(5); docker's /etc/docker/certs.d is the same). */
#include "oci/registries_private.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <sys/stat.h>
#include <unistd.h>

#include "common/memory.h"
#include "common/strv.h"
#include "oci/limits.h"
#include "oci/user_file.h"

/* The first directory of the host that exists; NULL when none does. Heap text. */
static char *find_directory(const char *host)
{
        char *places[] = {oci_user_file_config("containers/certs.d"), oci_user_file_config("docker/certs.d"),
                          memory_strdup("/etc/containers/certs.d"), memory_strdup("/etc/docker/certs.d")};
        char *found = NULL;

        for (size_t i = 0; i < ARRAY_SIZE(places); i++) {
                char *path = !found && places[i] ? memory_printf("%s/%s", places[i], host) : NULL;
                struct stat st;

                if (path && stat(path, &st) == 0 && S_ISDIR(st.st_mode))
                        found = STEAL(path);
                free(path);
                free(places[i]);
        }
        return found;
}

/* Appends certificates; what is no PEM file is an error. */
static int read_authority(const char *path, bool must_exist, struct buffer *ret, struct error *err)
{
        size_t before = ret->size;
        bool found;

        if (oci_user_file_read(path, OCI_LIMIT_CERTIFICATE, &found, ret, err) < 0)
                return -1;
        if (!found && must_exist)
                return error_set(err, ENOENT, "the certificate %s does not exist", path);
        if (found && !strstr(buffer_text(ret) + before, "-----BEGIN "))
                return error_set(err, EINVAL, "%s is no certificate (PEM)", path);
        buffer_append_char(ret, '\n');
        return 0;
}

static int read_authorities(const char *directory, struct buffer *ret, struct error *err)
{
        CLEANUP_STRV struct strv files = STRV_INIT;

        if (oci_user_file_list(directory, ".crt", &files, err) < 0)
                return -1;
        for (size_t i = 0; i < files.count; i++)
                if (read_authority(files.items[i], false, ret, err) < 0)
                        return -1;
        return 0;
}

static char *replace_suffix(const char *path, const char *from, const char *to)
{
        return memory_printf("%.*s%s", (int)(strlen(path) - strlen(from)), path, to);
}

/* The first *.cert that has its *.key; one without the other is a mistake that would show as a refused login. */
static int find_client(const char *directory, struct oci_registries_endpoint *ret, struct error *err)
{
        CLEANUP_STRV struct strv certificates = STRV_INIT;
        CLEANUP_STRV struct strv keys = STRV_INIT;

        if (oci_user_file_list(directory, ".cert", &certificates, err) < 0 ||
            oci_user_file_list(directory, ".key", &keys, err) < 0)
                return -1;
        for (size_t i = 0; i < certificates.count; i++) {
                CLEANUP_FREE char *key = replace_suffix(certificates.items[i], ".cert", ".key");

                if (!strv_has(&keys, key))
                        return error_set(err, ENOENT, "the client certificate %s has no key: %s is missing",
                                         certificates.items[i], key);
                if (!ret->client_certificate) {
                        ret->client_certificate = memory_strdup(certificates.items[i]);
                        ret->client_key = STEAL(key);
                }
        }
        for (size_t i = 0; i < keys.count; i++) {
                CLEANUP_FREE char *certificate = replace_suffix(keys.items[i], ".key", ".cert");

                if (!strv_has(&certificates, certificate))
                        return error_set(err, ENOENT, "the client key %s has no certificate: %s is missing",
                                         keys.items[i], certificate);
        }
        return 0;
}

int registries_certs_load(const char *cert_dir, const char *host, struct oci_registries_endpoint *ret,
                          struct error *err)
{
        CLEANUP_FREE char *directory = cert_dir ? memory_strdup(cert_dir) : find_directory(host);

        if (!directory)
                return 0;
        return read_authorities(directory, &ret->ca, err) < 0 || find_client(directory, ret, err) < 0 ? -1 : 0;
}

void registries_certs_tell(const struct log *log, const char *host)
{
        char *places[] = {oci_user_file_config("containerd/certs.d"), memory_strdup("/etc/containerd/certs.d"),
                          memory_strdup("/etc/docker/certs.d")};

        for (size_t i = 0; i < ARRAY_SIZE(places); i++) {
                char *path = places[i] ? memory_printf("%s/%s/hosts.toml", places[i], host) : NULL;

                if (path && access(path, F_OK) == 0)
                        log_print(log, LOG_WARNING, "%s is not read: registries.conf and certs.d say what bryo is to know about %s",
                                  path, host);
                free(path);
                free(places[i]);
        }
}

/* --- of flags ---------------------------------------------------------------------------- */

/* What follows HOST= when the text is about this host; NULL otherwise. */
static const char *find_value(const char *text, const char *host)
{
        size_t size = strcspn(text, "=");

        return strlen(host) == size && strncasecmp(text, host, size) == 0 ? text + size + 1 : NULL;
}

int registries_certs_add(const struct strv *authorities, const struct strv *clients, const char *host,
                         struct oci_registries_endpoint *ret, struct error *err)
{
        for (size_t i = 0; i < authorities->count; i++) {
                const char *path = find_value(authorities->items[i], host);

                if (path && read_authority(path, true, &ret->ca, err) < 0)
                        return error_wrap(err, "--registry-certificate");
        }
        for (size_t i = 0; i < clients->count; i++) {
                const char *paths = find_value(clients->items[i], host);

                if (!paths)
                        continue;
                free(ret->client_certificate);
                free(ret->client_key);
                ret->client_certificate = memory_strndup(paths, strcspn(paths, ","));
                ret->client_key = memory_strdup(strchr(paths, ',') + 1);
                if (access(ret->client_certificate, R_OK) < 0 || access(ret->client_key, R_OK) < 0)
                        return error_errno(err, errno, "--registry-client-cert: cannot read %s and %s",
                                           ret->client_certificate, ret->client_key);
        }
        return 0;
}

int registries_certs_check(const struct strv *authorities, const struct strv *clients, struct error *err)
{
        for (size_t i = 0; i < authorities->count; i++) {
                const char *equals = strchr(authorities->items[i], '=');

                if (!equals || equals == authorities->items[i] || !equals[1])
                        return error_set(err, EINVAL, "--registry-certificate %s: write HOST=FILE",
                                         authorities->items[i]);
        }
        for (size_t i = 0; i < clients->count; i++) {
                const char *equals = strchr(clients->items[i], '=');
                const char *comma = equals ? strchr(equals, ',') : NULL;

                if (!comma || equals == clients->items[i] || comma == equals + 1 || !comma[1])
                        return error_set(err, EINVAL, "--registry-client-cert %s: write HOST=CERTIFICATE,KEY",
                                         clients->items[i]);
        }
        return 0;
}
