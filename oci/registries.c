/* SPDX-License-Identifier: Apache-2.0 */
/* From the name of an image to the places it may be had from: rules, mirrors, flags and certificates put together. */
#include "oci/registries.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <sys/stat.h>

#include "common/memory.h"
#include "oci/quote.h"
#include "oci/registries_private.h"

/* Docker Hub's name in references, and where it really is. */
#define HUB      "docker.io"
#define HUB_HOST "registry-1.docker.io"

/* --registry-mirror, taken apart. */
struct mirror {
        char *prefix;   /* whose: host[:port][/path] */
        char *location; /* host[:port][/path] */
        enum oci_registries_scheme scheme;
};

struct oci_registries {
        const struct log *log;
        char *cert_dir; /* NULL: certs.d */
        enum oci_registries_tls tls;
        struct mirror *mirrors;
        size_t count;
        bool only_mirrors;
        struct strv insecure, authorities, clients;
        struct registries_conf conf;
};

void oci_registries_endpoints_free(struct oci_registries_endpoints *e)
{
        for (size_t i = 0; i < e->count; i++) {
                free(e->items[i].host);
                free(e->items[i].account);
                free(e->items[i].repository);
                buffer_free(&e->items[i].ca);
                free(e->items[i].client_certificate);
                free(e->items[i].client_key);
        }
        free(e->items);
        *e = (struct oci_registries_endpoints)OCI_REGISTRIES_ENDPOINTS_INIT;
}

void oci_registries_free(struct oci_registries *r)
{
        if (!r)
                return;
        for (size_t i = 0; i < r->count; i++) {
                free(r->mirrors[i].prefix);
                free(r->mirrors[i].location);
        }
        free(r->mirrors);
        free(r->cert_dir);
        strv_free(&r->insecure);
        strv_free(&r->authorities);
        strv_free(&r->clients);
        registries_conf_free(&r->conf);
        free(r);
}

void oci_registries_cleanup(struct oci_registries **r)
{
        oci_registries_free(*r);
}

/* --- names ------------------------------------------------------------------------ */

/* "host[:port][/path]" as a reference to a repository; a one-word host is one too, when a path follows. */
static int parse_place(const char *place, const char *path, struct oci_reference **ret, struct error *err)
{
        /* a host of one word ("registry/x") would be read as a path of Docker Hub: the name of a port makes it one, and
         * goes again */
        CLEANUP_FREE char *host = memory_strndup(place, strcspn(place, "/"));
        const char *rest = place + strlen(host);
        bool bare = !strpbrk(host, ".:") && strcmp(host, "localhost") != 0;
        CLEANUP_FREE char *name = memory_printf("%s%s%s%s%s", host, bare ? ":0" : "", rest, path[0] ? "/" : "", path);

        if (!rest[0] && !path[0])
                return error_set(err, EINVAL, "it is a registry alone: no path is left for the repository");
        if (oci_reference_parse(name, ret, err) < 0)
                return -1;
        if (bare) {
                free((*ret)->domain);
                (*ret)->domain = STEAL(host);
        }
        return 0;
}

static bool is_loopback(const char *host)
{
        size_t name = host[0] == '[' ? strcspn(host, "]") + 1 : strcspn(host, ":");

        if (strncasecmp(host, "[::1]", name) == 0 ||
            (name == strlen("localhost") && strncasecmp(host, "localhost", name) == 0))
                return true;
        /* an address, not a name such as 127.0.0.1.example: digits and dots alone */
        return strncmp(host, "127.", 4) == 0 && strspn(host, "0123456789.") == name;
}

/* --- the flags ---------------------------------------------------------------------- */

/* Whose mirror it is, in front of an equals sign; docker.io's without one. *ret_place: what follows. */
static int read_prefix(const char *text, const char **ret_place, char **ret, struct error *err)
{
        CLEANUP_REFERENCE struct oci_reference *ref = NULL;
        CLEANUP_FREE char *prefix = memory_strndup(text, strcspn(text, "="));
        bool given = text[strlen(prefix)] == '=';

        *ret_place = given ? text + strlen(prefix) + 1 : text;
        if (given && parse_place(prefix, "x", &ref, err) < 0)
                return -1;
        /* references have one name for Docker Hub */
        *ret = !given ? memory_strdup(HUB) : memory_printf("%s%s", ref->domain, prefix + strcspn(prefix, "/"));
        return 0;
}

static int read_mirror(const char *text, struct mirror *ret, struct error *err)
{
        CLEANUP_ERROR struct error reason = ERROR_INIT;
        CLEANUP_REFERENCE struct oci_reference *ref = NULL;
        CLEANUP_FREE char *quoted = oci_quote(text);
        const char *place;
        size_t size;

        if (read_prefix(text, &place, &ret->prefix, &reason) < 0)
                return error_set(err, EINVAL, "--registry-mirror %s: %s", quoted, reason.message);
        ret->scheme = OCI_REGISTRIES_HTTPS;
        if (strncasecmp(place, "http://", 7) == 0) {
                ret->scheme = OCI_REGISTRIES_HTTP;
                place += 7;
        } else if (strncasecmp(place, "https://", 8) == 0) {
                place += 8;
        } else if (is_loopback(place)) {
                ret->scheme = OCI_REGISTRIES_HTTPS_OR_HTTP;
        }
        size = strlen(place);
        while (size > 0 && place[size - 1] == '/')
                size--;
        ret->location = memory_strndup(place, size);
        if (strpbrk(ret->location, "@?#") || size == 0 || parse_place(ret->location, "x", &ref, &reason) < 0)
                return error_set(err, EINVAL, "--registry-mirror %s is no [REGISTRY=][http://]HOST[:PORT][/PATH]",
                                 quoted);
        return 0;
}

static int read_flags(const struct oci_registries_options *options, struct oci_registries *r, struct error *err)
{
        size_t count = options->mirrors ? options->mirrors->count : 0;
        struct stat st;

        if (options->cert_dir && (stat(options->cert_dir, &st) < 0 || !S_ISDIR(st.st_mode)))
                return error_set(err, ENOTDIR, "--cert-dir %s is no directory", options->cert_dir);
        r->cert_dir = options->cert_dir ? memory_strdup(options->cert_dir) : NULL;
        r->tls = options->tls;
        r->only_mirrors = options->only_mirrors;
        if (options->insecure)
                strv_copy(&r->insecure, options->insecure);
        if (options->authorities)
                strv_copy(&r->authorities, options->authorities);
        if (options->clients)
                strv_copy(&r->clients, options->clients);
        if (registries_certs_check(&r->authorities, &r->clients, err) < 0)
                return -1;
        r->mirrors = memory_zalloc(count + 1, sizeof(r->mirrors[0]));
        for (size_t i = 0; i < count; i++)
                if (read_mirror(options->mirrors->items[i], &r->mirrors[r->count++], err) < 0)
                        return -1;
        return 0;
}

int oci_registries_load(const struct oci_registries_options *options, struct oci_registries **ret, struct error *err)
{
        CLEANUP_REGISTRIES struct oci_registries *r = memory_zalloc(1, sizeof(*r));

        r->log = options->log;
        if (read_flags(options, r, err) < 0 || registries_conf_load(options->log, &r->conf, err) < 0)
                return -1;
        *ret = STEAL(r);
        return 0;
}

/* --- endpoints ------------------------------------------------------------------------ */

/* Whether a host is insecure by flag: the host as it is connected to, or as the user calls it. */
static bool is_insecure_by_flag(const struct oci_registries *r, const char *host)
{
        for (size_t i = 0; i < r->insecure.count; i++)
                if (strcasecmp(r->insecure.items[i], host) == 0)
                        return true;
        return false;
}

static void set_security(const struct oci_registries *r, bool insecure, struct oci_registries_endpoint *e)
{
        if (r->tls == OCI_REGISTRIES_TLS_ON) {
                e->scheme = OCI_REGISTRIES_HTTPS;
                e->verify = true;
                return;
        }
        insecure = insecure || r->tls == OCI_REGISTRIES_TLS_OFF || is_insecure_by_flag(r, e->account);
        e->verify = !insecure;
        if (e->scheme == OCI_REGISTRIES_HTTPS && (insecure || is_loopback(e->host)))
                e->scheme = OCI_REGISTRIES_HTTPS_OR_HTTP;
}

/* An endpoint at "host[:port][/path]" and the rest of the repository's path below it. */
static int add_endpoint(const struct oci_registries *r, const char *place, const char *rest,
                        struct oci_registries_endpoints *ret, struct error *err)
{
        CLEANUP_REFERENCE struct oci_reference *ref = NULL;
        struct oci_registries_endpoint *e;
        const char *path = rest[0] == '/' ? rest + 1 : rest;

        if (parse_place(place, path, &ref, err) < 0)
                return error_wrap(err, "the place %s%s%s", place, path[0] ? "/" : "", path);
        memory_grow(&ret->items, &ret->cap, ret->count + 1, sizeof(ret->items[0]));
        e = &ret->items[ret->count++];
        *e = (struct oci_registries_endpoint){.scheme = OCI_REGISTRIES_HTTPS, .verify = true};
        e->account = STEAL(ref->domain);
        e->host = memory_strdup(strcmp(e->account, HUB) == 0 ? HUB_HOST : e->account);
        e->repository = STEAL(ref->path);
        registries_certs_tell(r->log, e->account);
        return registries_certs_load(r->cert_dir, e->account, e, err) < 0
                       ? -1
                       : registries_certs_add(&r->authorities, &r->clients, e->account, e, err);
}

/* The mirrors of --registry-mirror are asked before what files name. */
static int add_flag_mirrors(const struct oci_registries *r, const char *name, struct oci_registries_endpoints *ret,
                            struct error *err)
{
        for (size_t i = 0; i < r->count; i++) {
                size_t size = registries_conf_match(r->mirrors[i].prefix, name);
                struct oci_registries_endpoint *e;

                if (size == 0)
                        continue;
                if (add_endpoint(r, r->mirrors[i].location, name + size, ret, err) < 0)
                        return -1;
                e = &ret->items[ret->count - 1];
                e->mirror = true;
                e->scheme = r->mirrors[i].scheme;
                if (e->scheme != OCI_REGISTRIES_HTTP || r->tls == OCI_REGISTRIES_TLS_ON)
                        set_security(r, false, e);
        }
        return 0;
}

static bool is_for(enum registries_use use, const struct oci_reference *ref)
{
        return use == REGISTRIES_ALL || (use == REGISTRIES_BY_DIGEST) == ref->has_digest;
}

static int add_rule_mirrors(const struct oci_registries *r, const struct registries_rule *rule, const char *rest,
                            const struct oci_reference *ref, struct oci_registries_endpoints *ret, struct error *err)
{
        for (size_t i = 0; rule && i < rule->count; i++) {
                const struct registries_mirror *m = &rule->mirrors[i];

                if (!is_for(m->use, ref))
                        continue;
                if (add_endpoint(r, m->location, rest, ret, err) < 0)
                        return error_wrap(err, "a mirror in %s", rule->origin);
                ret->items[ret->count - 1].mirror = true;
                set_security(r, m->insecure, &ret->items[ret->count - 1]);
        }
        return 0;
}

int oci_registries_resolve(const struct oci_registries *r, const struct oci_reference *ref,
                           enum oci_registries_purpose purpose, struct oci_registries_endpoints *ret, struct error *err)
{
        CLEANUP_FREE char *name = memory_printf("%s/%s", ref->domain, ref->path);
        const struct registries_rule *rule;
        bool moved;
        size_t size;

        rule = registries_conf_find(&r->conf, name, &size);
        if (rule && rule->blocked)
                return error_set(err, EPERM, "%s is blocked: [[registry]] %s in %s", name, rule->prefix, rule->origin);
        /* as containers does: what is said about other places is about reading */
        if (purpose == OCI_REGISTRIES_PULL && add_flag_mirrors(r, name, ret, err) < 0)
                return -1;
        if (r->only_mirrors && ret->count > 0)
                return 0;
        if (purpose == OCI_REGISTRIES_PULL && add_rule_mirrors(r, rule, name + size, ref, ret, err) < 0)
                return -1;
        moved = purpose == OCI_REGISTRIES_PULL && rule && rule->location;
        if (add_endpoint(r, moved ? rule->location : ref->domain, moved ? name + size : ref->path, ret, err) < 0)
                return moved ? error_wrap(err, "the location in %s", rule->origin) : -1;
        set_security(r, rule && rule->insecure, &ret->items[ret->count - 1]);
        return 0;
}

/* --- short names ------------------------------------------------------------------------ */

int oci_registries_expand(const struct oci_registries *r, const char *text, struct oci_reference **ret,
                          struct error *err)
{
        const char *end = text + strcspn(text, "@"), *slash = memrchr(text, '/', (size_t)(end - text));
        const char *tag = slash ? slash : text;
        CLEANUP_FREE char *name = NULL;
        CLEANUP_FREE char *meant = NULL;
        const char *alias;

        tag += strcspn(tag, ":@");
        name = memory_strndup(text, (size_t)(tag - text));
        alias = oci_labels_find(&r->conf.aliases, name);
        if (!alias) {
                CLEANUP_FREE char *first = memory_strndup(name, strcspn(name, "/"));
                bool is_short = !strchr(name, '/') || (!strpbrk(first, ".:") && strcmp(first, "localhost") != 0);

                if (is_short && r->conf.searched)
                        log_print(r->log, LOG_INFO,
                                  "%s is looked for in docker.io alone: unqualified-search-registries of %s are not "
                                  "followed",
                                  name, r->conf.searched);
                return oci_reference_parse(text, ret, err);
        }
        meant = memory_printf("%s%s", alias, tag);
        log_print(r->log, LOG_INFO, "%s is %s by an alias of registries.conf", name, alias);
        return oci_reference_parse(meant, ret, err);
}
