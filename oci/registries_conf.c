/* SPDX-License-Identifier: Apache-2.0 */
/* Reading registries.conf and its drop-ins (containers-registries.conf(5), containers-registries.conf.d(5)). */
#include "oci/registries_private.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "common/memory.h"
#include "common/strv.h"
#include "oci/limits.h"
#include "oci/quote.h"
#include "oci/reference.h"
#include "oci/toml.h"
#include "oci/user_file.h"

#define SYSTEM_FILE "/etc/containers/registries.conf"

static void rule_free(struct registries_rule *r)
{
        free(r->prefix);
        free(r->location);
        free(r->origin);
        for (size_t i = 0; i < r->count; i++)
                free(r->mirrors[i].location);
        free(r->mirrors);
        *r = (struct registries_rule){.prefix = NULL};
}

void registries_conf_free(struct registries_conf *c)
{
        for (size_t i = 0; i < c->count; i++)
                rule_free(&c->rules[i]);
        free(c->rules);
        oci_labels_free(&c->aliases);
        free(c->searched);
}

/* --- matching ------------------------------------------------------------------------- */

/* "*." stands for any number of subdomains, the port not counted. */
size_t registries_conf_match(const char *prefix, const char *name)
{
        size_t size = strlen(prefix), host = strcspn(name, "/");

        if (prefix[0] == '*') {
                size_t domain = strcspn(name, ":/");

                size--; /* the star; what is left begins with the dot */
                return domain > size && memcmp(name + domain - size, prefix + 1, size) == 0 ? host : 0;
        }
        return strncmp(name, prefix, size) == 0 && (name[size] == '\0' || name[size] == '/') ? size : 0;
}

const struct registries_rule *registries_conf_find(const struct registries_conf *c, const char *name, size_t *ret_size)
{
        const struct registries_rule *best = NULL;

        *ret_size = 0;
        for (size_t i = 0; i < c->count; i++) {
                size_t size = registries_conf_match(c->rules[i].prefix, name);

                /* a plain prefix is more exact than a star that reaches as far */
                if (size > *ret_size || (size > 0 && size == *ret_size && c->rules[i].prefix[0] != '*')) {
                        best = &c->rules[i];
                        *ret_size = size;
                }
        }
        return best;
}

/* --- one file ---------------------------------------------------------------------- */

/* A file being read. */
struct reader {
        const char *what;
        const struct log *log;
        struct registries_conf *conf;
        struct error *err;
};

static int fail(const struct reader *r, const struct oci_toml *at, const char *text, const char *why)
{
        CLEANUP_FREE char *quoted = oci_quote(text);

        return error_set(r->err, EINVAL, "%s, line %u: %s %s", r->what, oci_toml_line(at), quoted, why);
}

/* A key that is new, or misspelled: what it was meant to do will not happen. */
static void tell_unknown(const struct reader *r, const struct oci_toml *table, const char *const *known)
{
        for (size_t i = 0; i < oci_toml_count(table); i++) {
                CLEANUP_FREE char *quoted = oci_quote(oci_toml_key(table, i));
                const char *const *k = known;

                while (*k && strcmp(*k, oci_toml_key(table, i)) != 0)
                        k++;
                if (!*k)
                        log_print(r->log, LOG_WARNING, "%s, line %u: %s is not understood and ignored", r->what,
                                  oci_toml_line(oci_toml_item(table, i)), quoted);
        }
}

/* host[:port][/path]: what a reference's name may begin with; `star`: *.host too. */
static int check_place(const struct reader *r, const struct oci_toml *at, const char *place, bool star)
{
        CLEANUP_ERROR struct error reason = ERROR_INIT;
        CLEANUP_REFERENCE struct oci_reference *ref = NULL;
        CLEANUP_FREE char *name = NULL;
        bool starred = star && strncmp(place, "*.", 2) == 0;
        const char *host = starred ? place + 2 : place, *slash = strchr(host, '/');

        if (starred && strpbrk(host, "/:*"))
                return fail(r, at, place, "must be \"*.\" and a domain alone");
        if (strchr(slash ? slash : "", ':') || strchr(place, '@'))
                return fail(r, at, place, "has a tag or digest, which is not understood here");
        /* a one-word host ("registry") is fine in this file, and the grammar of references takes it with a port */
        name = slash ? memory_strdup(host) : memory_printf("%s/x", host);
        if (host[0] == '\0' || oci_reference_parse(name, &ref, &reason) < 0)
                return fail(r, at, place, "is no host[:port][/path]");
        return 0;
}

static int read_use(const struct reader *r, const struct oci_toml *table, struct registries_mirror *m)
{
        const char *use = NULL;

        if (oci_toml_get_string(r->what, table, "pull-from-mirror", &use, r->err) < 0)
                return -1;
        if (!use || !use[0] || strcmp(use, "all") == 0)
                return 0;
        if (strcmp(use, "digest-only") == 0)
                m->use = REGISTRIES_BY_DIGEST;
        else if (strcmp(use, "tag-only") == 0)
                m->use = REGISTRIES_BY_TAG;
        else
                return fail(r, table, use, "is none of all, digest-only and tag-only");
        return 0;
}

static int read_mirror(const struct reader *r, const struct oci_toml *table, bool by_digest,
                       struct registries_rule *rule)
{
        static const char *const known[] = {"location", "insecure", "pull-from-mirror", NULL};
        struct registries_mirror *m;
        const char *location = NULL;

        tell_unknown(r, table, known);
        if (oci_toml_get_string(r->what, table, "location", &location, r->err) < 0)
                return -1;
        if (!location)
                return fail(r, table, "mirror", "has no location");
        if (check_place(r, table, location, false) < 0)
                return -1;
        if (by_digest && oci_toml_find(table, "pull-from-mirror"))
                return fail(r, table, "pull-from-mirror", "cannot be given beside mirror-by-digest-only");
        memory_grow(&rule->mirrors, &rule->cap, rule->count + 1, sizeof(rule->mirrors[0]));
        m = &rule->mirrors[rule->count++];
        *m = (struct registries_mirror){.location = memory_strdup(location),
                                        .use = by_digest ? REGISTRIES_BY_DIGEST : REGISTRIES_ALL};
        return oci_toml_get_bool(r->what, table, "insecure", &m->insecure, r->err) < 0 ? -1 : read_use(r, table, m);
}

static int read_places(const struct reader *r, const struct oci_toml *table, struct registries_rule *rule)
{
        const char *prefix = NULL, *location = NULL;

        if (oci_toml_get_string(r->what, table, "prefix", &prefix, r->err) < 0 ||
            oci_toml_get_string(r->what, table, "location", &location, r->err) < 0)
                return -1;
        location = location && location[0] ? location : NULL;
        prefix = prefix && prefix[0] ? prefix : location;
        if (!prefix)
                return fail(r, table, "registry", "has neither prefix nor location");
        if (!location && prefix[0] != '*')
                return fail(r, table, prefix, "has no location");
        if (check_place(r, table, prefix, true) < 0 || (location && check_place(r, table, location, false) < 0))
                return -1;
        rule->prefix = memory_strdup(prefix);
        rule->location = location ? memory_strdup(location) : NULL;
        rule->origin = memory_strdup(r->what);
        return 0;
}

static int read_rule(const struct reader *r, const struct oci_toml *table, struct registries_rule *rule)
{
        static const char *const known[] = {
                "prefix", "location", "insecure", "blocked", "mirror", "mirror-by-digest-only", NULL};
        const struct oci_toml *mirrors;
        bool by_digest = false;

        tell_unknown(r, table, known);
        if (read_places(r, table, rule) < 0 ||
            oci_toml_get_bool(r->what, table, "insecure", &rule->insecure, r->err) < 0 ||
            oci_toml_get_bool(r->what, table, "blocked", &rule->blocked, r->err) < 0 ||
            oci_toml_get_bool(r->what, table, "mirror-by-digest-only", &by_digest, r->err) < 0 ||
            oci_toml_get_array(r->what, table, "mirror", OCI_TOML_TABLE, &mirrors, r->err) < 0)
                return -1;
        for (size_t i = 0; mirrors && i < oci_toml_count(mirrors); i++)
                if (read_mirror(r, oci_toml_item(mirrors, i), by_digest, rule) < 0)
                        return -1;
        return 0;
}

static struct registries_rule *find_rule(struct registries_conf *c, const char *prefix)
{
        for (size_t i = 0; i < c->count; i++)
                if (strcmp(c->rules[i].prefix, prefix) == 0)
                        return &c->rules[i];
        return NULL;
}

/* A later file's rule takes the place of an earlier one's; twice in one file would leave open which is meant. */
static int read_rules(const struct reader *r, const struct oci_toml *root)
{
        const struct oci_toml *tables;

        if (oci_toml_get_array(r->what, root, "registry", OCI_TOML_TABLE, &tables, r->err) < 0)
                return -1;
        for (size_t i = 0; tables && i < oci_toml_count(tables); i++) {
                struct registries_rule rule = {.prefix = NULL}, *there;
                const struct oci_toml *table = oci_toml_item(tables, i);
                int result = read_rule(r, table, &rule);

                there = result == 0 ? find_rule(r->conf, rule.prefix) : NULL;
                if (there && strcmp(there->origin, r->what) == 0)
                        result = fail(r, table, rule.prefix, "has a [[registry]] already");
                if (result < 0) {
                        rule_free(&rule);
                        return -1;
                }
                if (there) {
                        rule_free(there);
                        *there = rule;
                } else {
                        memory_grow(&r->conf->rules, &r->conf->cap, r->conf->count + 1, sizeof(rule));
                        r->conf->rules[r->conf->count++] = rule;
                }
        }
        return 0;
}

/* True for a name whose first word would be taken for a registry (distribution/reference, normalize.go). */
static bool names_registry(const char *name)
{
        CLEANUP_FREE char *first = memory_strndup(name, strcspn(name, "/"));

        return strchr(name, '/') && (strpbrk(first, ".:") || strcmp(first, "localhost") == 0);
}

static int check_alias(const struct reader *r, const struct oci_toml *at, const char *name, const char *meant)
{
        CLEANUP_ERROR struct error reason = ERROR_INIT;
        CLEANUP_REFERENCE struct oci_reference *ref = NULL;
        CLEANUP_FREE char *tagged = memory_printf("%s:x", name);

        /* a name with a tag or digest of its own does not take another tag */
        if (names_registry(name) || oci_reference_parse(tagged, &ref, &reason) < 0)
                return fail(r, at, name, "is no short name without tag and digest");
        if (!meant[0])
                return 0;
        error_clear(&reason);
        oci_reference_free(STEAL(ref));
        free(tagged);
        tagged = memory_printf("%s:x", meant);
        if (!names_registry(meant) || oci_reference_parse(tagged, &ref, &reason) < 0)
                return fail(r, at, meant, "is no full name of a repository (registry/path, without tag and digest)");
        return 0;
}

static int read_aliases(const struct reader *r, const struct oci_toml *root)
{
        const struct oci_toml *table;

        if (oci_toml_get_table(r->what, root, "aliases", &table, r->err) < 0)
                return -1;
        for (size_t i = 0; table && i < oci_toml_count(table); i++) {
                const struct oci_toml *v = oci_toml_item(table, i);
                const char *name = oci_toml_key(table, i);

                if (oci_toml_kind(v) != OCI_TOML_STRING)
                        return fail(r, v, name, "must be a string");
                if (check_alias(r, v, name, oci_toml_string(v)) < 0)
                        return -1;
                /* an empty one takes the alias of an earlier file away */
                if (oci_toml_string(v)[0])
                        oci_labels_set(&r->conf->aliases, name, oci_toml_string(v));
                else
                        oci_labels_remove(&r->conf->aliases, name);
        }
        return 0;
}

static int read_search(const struct reader *r, const struct oci_toml *root)
{
        const struct oci_toml *list;

        if (oci_toml_get_array(r->what, root, "unqualified-search-registries", OCI_TOML_STRING, &list, r->err) < 0)
                return -1;
        if (!list)
                return 0;
        free(STEAL(r->conf->searched));
        for (size_t i = 0; i < oci_toml_count(list); i++)
                if (strcmp(oci_toml_string(oci_toml_item(list, i)), "docker.io") != 0 && !r->conf->searched)
                        r->conf->searched = memory_strdup(r->what);
        return 0;
}

static int read_file(const struct log *log, const char *path, bool must_exist, struct registries_conf *ret,
                     struct error *err)
{
        /* those without effect here: how podman asks users, and where it looks for credentials (oci/credentials.h has
         * our own order) */
        static const char *const known[] = {"registry",
                                            "aliases",
                                            "unqualified-search-registries",
                                            "short-name-mode",
                                            "credential-helpers",
                                            "additional-layer-store-auth-helper",
                                            NULL};
        const struct reader r = {.what = path, .log = log, .conf = ret, .err = err};
        CLEANUP_BUFFER struct buffer text = BUFFER_INIT;
        CLEANUP_TOML struct oci_toml *root = NULL;
        bool found;

        if (oci_user_file_read(path, OCI_LIMIT_REGISTRIES, &found, &text, err) < 0)
                return -1;
        if (!found)
                return must_exist ? error_set(err, ENOENT, "the file of CONTAINERS_REGISTRIES_CONF, %s, does not exist",
                                              path)
                                  : 0;
        if (oci_toml_parse(path, buffer_text(&text), text.size, &root, err) < 0)
                return -1;
        if (oci_toml_find(root, "registries"))
                return error_set(err, EINVAL,
                                 "%s, line %u: [registries...] is version 1 of the format, which nobody reads any "
                                 "more: write [[registry]] tables",
                                 path, oci_toml_line(oci_toml_find(root, "registries")));
        tell_unknown(&r, root, known);
        return read_rules(&r, root) < 0 || read_aliases(&r, root) < 0 || read_search(&r, root) < 0 ? -1 : 0;
}

/* --- all of them -------------------------------------------------------------------- */

static int read_main(const struct log *log, struct registries_conf *ret, struct error *err)
{
        const char *named = getenv("CONTAINERS_REGISTRIES_CONF");
        CLEANUP_FREE char *own = oci_user_file_config("containers/registries.conf");
        CLEANUP_BUFFER struct buffer ignored = BUFFER_INIT;
        bool found = false;

        if (named && named[0])
                return read_file(log, named, true, ret, err);
        if (own && oci_user_file_read(own, OCI_LIMIT_REGISTRIES, &found, &ignored, err) < 0)
                return -1;
        return read_file(log, found ? own : SYSTEM_FILE, false, ret, err);
}

int registries_conf_load(const struct log *log, struct registries_conf *ret, struct error *err)
{
        CLEANUP_FREE char *own = oci_user_file_config("containers/registries.conf.d");
        CLEANUP_STRV struct strv dropins = STRV_INIT;

        if (read_main(log, ret, err) < 0 || oci_user_file_list(SYSTEM_FILE ".d", ".conf", &dropins, err) < 0 ||
            (own && oci_user_file_list(own, ".conf", &dropins, err) < 0))
                return -1;
        for (size_t i = 0; i < dropins.count; i++)
                if (read_file(log, dropins.items[i], false, ret, err) < 0)
                        return -1;
        return 0;
}
