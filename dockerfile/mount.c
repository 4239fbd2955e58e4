/* SPDX-License-Identifier: Apache-2.0 */
/* RUN --mount: reading its comma separated options into a struct. */
#include "dockerfile/mount.h"

#include <ctype.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "common/buffer.h"
#include "common/memory.h"
#include "dockerfile/suggest.h"
#include "dockerfile/value.h"

enum mount_key {
        KEY_TYPE,
        KEY_FROM,
        KEY_SOURCE,
        KEY_TARGET,
        KEY_READONLY,
        KEY_READWRITE,
        KEY_REQUIRED,
        KEY_SIZE,
        KEY_ID,
        KEY_SHARING,
        KEY_MODE,
        KEY_UID,
        KEY_GID,
        KEY_ENV,
        KEY_IGNORED,
};

static const struct {
        const char *name;
        enum mount_key key;
} keys[] = {
        {"type", KEY_TYPE},
        {"from", KEY_FROM},
        {"source", KEY_SOURCE},
        {"src", KEY_SOURCE},
        {"target", KEY_TARGET},
        {"dst", KEY_TARGET},
        {"destination", KEY_TARGET},
        {"readonly", KEY_READONLY},
        {"ro", KEY_READONLY},
        {"readwrite", KEY_READWRITE},
        {"rw", KEY_READWRITE},
        {"required", KEY_REQUIRED},
        {"size", KEY_SIZE},
        {"tmpfs-size", KEY_SIZE},
        {"id", KEY_ID},
        {"sharing", KEY_SHARING},
        {"mode", KEY_MODE},
        {"uid", KEY_UID},
        {"gid", KEY_GID},
        {"env", KEY_ENV},
        /* SELinux labels and propagation: other builders' options that mean nothing in this sandbox. */
        {"z", KEY_IGNORED},
        {"relabel", KEY_IGNORED},
        {"bind-propagation", KEY_IGNORED},
};

static const char *const type_names[] = {
        [DOCKERFILE_MOUNT_BIND] = "bind",     [DOCKERFILE_MOUNT_CACHE] = "cache", [DOCKERFILE_MOUNT_TMPFS] = "tmpfs",
        [DOCKERFILE_MOUNT_SECRET] = "secret", [DOCKERFILE_MOUNT_SSH] = "ssh",
};

static const char *const sharing_names[] = {
        [DOCKERFILE_MOUNT_SHARED] = "shared",
        [DOCKERFILE_MOUNT_PRIVATE] = "private",
        [DOCKERFILE_MOUNT_LOCKED] = "locked",
};

/* The mount while its options are read. */
struct reading {
        struct dockerfile_mount m;
        const struct dockerfile_scope *scope; /* NULL: only checking */
        bool said_access;                     /* ro or rw */
        bool said_sharing;
        bool unknown_type; /* the type has a variable in it: what depends on it is not checked */
        struct error *err;
};

const char *dockerfile_mount_type_name(enum dockerfile_mount_type type)
{
        return type_names[type];
}

void dockerfile_mount_clear(struct dockerfile_mount *m)
{
        free(m->from);
        free(m->source);
        free(m->target);
        free(m->id);
        free(m->env);
        strv_free(&m->ignored);
        *m = (struct dockerfile_mount){.ignored = STRV_INIT};
}

/* The next field of a line of RFC 4180 at *at, which moves behind the comma. */
static int read_field(const char **at, struct buffer *field, struct error *err)
{
        const char *c = *at;

        buffer_clear(field);
        if (*c == '"') {
                for (c++; *c != '"' || c[1] == '"'; c++) {
                        if (*c == '\0')
                                return error_set(err, EINVAL, "--mount: the closing \" is missing in '%s'", *at);
                        c += *c == '"';
                        buffer_append_char(field, *c);
                }
                c++;
                if (*c != '\0' && *c != ',')
                        return error_set(err, EINVAL, "--mount: only a comma may follow the closing \" in '%s'", *at);
        } else {
                for (; *c != '\0' && *c != ','; c++) {
                        if (*c == '"')
                                return error_set(err, EINVAL, "--mount: a \" must stand around a whole option in '%s'",
                                                 *at);
                        buffer_append_char(field, *c);
                }
        }
        *at = c;
        return 0;
}

static int unknown_key(const char *key, struct error *err)
{
        const char *names[ARRAY_SIZE(keys)];
        const char *near;

        for (size_t k = 0; k < ARRAY_SIZE(keys); k++)
                names[k] = keys[k].name;
        near = dockerfile_suggest(key, names, ARRAY_SIZE(names));
        return error_set(err, EINVAL, "--mount has no option '%s'%s%s%s", key, near ? " (did you mean " : "",
                         near ? near : "", near ? "?)" : "");
}

static int find_key(const char *name, enum mount_key *ret, struct error *err)
{
        static const char *const refused[] = {"U", "chown", "tmpcopyup", "notmpcopyup", "tmpfs-mode"};

        for (size_t k = 0; k < ARRAY_SIZE(keys); k++)
                if (strcasecmp(name, keys[k].name) == 0) {
                        *ret = keys[k].key;
                        return 0;
                }
        for (size_t k = 0; k < ARRAY_SIZE(refused); k++)
                if (strcasecmp(name, refused[k]) == 0)
                        return error_set(err, ENOTSUP, "--mount: the option '%s' of other builders is not supported",
                                         name);
        return unknown_key(name, err);
}

/* The index of a value in a list of names. */
static int read_choice(const char *key, const char *value, const char *const *names, size_t count, size_t *ret,
                       struct error *err)
{
        const char *near;

        for (*ret = 0; *ret < count; (*ret)++)
                if (strcasecmp(value, names[*ret]) == 0)
                        return 0;
        near = dockerfile_suggest(value, names, count);
        return error_set(err, EINVAL, "--mount: unsupported %s '%s'%s%s%s", key, value, near ? " (did you mean " : "",
                         near ? near : "", near ? "?)" : "");
}

/* Go's strconv.ParseBool. */
static int read_bool(const char *key, const char *value, bool *ret, struct error *err)
{
        static const char *const yes[] = {"1", "t", "T", "TRUE", "true", "True"};
        static const char *const no[] = {"0", "f", "F", "FALSE", "false", "False"};

        for (size_t k = 0; k < ARRAY_SIZE(yes); k++) {
                *ret = strcmp(value, yes[k]) == 0;
                if (*ret || strcmp(value, no[k]) == 0)
                        return 0;
        }
        return error_set(err, EINVAL, "--mount: %s is true or false, not '%s'", key, value);
}

static int read_number(const char *key, const char *value, int base, uint32_t *ret, struct error *err)
{
        char *end;
        unsigned long long number;

        errno = 0;
        number = strtoull(value, &end, base);
        if (!isdigit((unsigned char)value[0]) || *end != '\0' || errno != 0 || number >= UINT32_MAX)
                return error_set(err, EINVAL, "--mount: %s is %s number, not '%s'", key, base == 8 ? "an octal" : "a",
                                 value);
        *ret = (uint32_t)number;
        return 0;
}

static int read_size(const char *value, uint64_t *ret, struct error *err)
{
        if (!dockerfile_size_parse(value, ret))
                return error_set(err, EINVAL, "--mount: size is a number of bytes such as 67108864 or 64m, not '%s'", value);
        return 0;
}

static int wrong_type(const struct reading *r, const char *key)
{
        return error_set(r->err, EINVAL, "--mount: '%s' does not go with type=%s%s", key, type_names[r->m.type],
                         strcasecmp(key, "required") == 0 || strcasecmp(key, "size") == 0
                                 ? " (write type= in front of it)"
                                 : "");
}

static void set_string(char **target, const char *value)
{
        free(*target);
        *target = memory_strdup(value);
}

static int set_type(struct reading *r, const char *value)
{
        size_t type;

        if (read_choice("type", value, type_names, ARRAY_SIZE(type_names), &type, r->err) < 0)
                return -1;
        r->m.type = (enum dockerfile_mount_type)type;
        return 0;
}

static int set_access(struct reading *r, const char *key, const char *value, bool readonly)
{
        bool yes = true;

        r->said_access = true;
        if (value && read_bool(key, value, &yes, r->err) < 0)
                return -1;
        r->m.readonly = yes == readonly;
        return 0;
}

static int set_required(struct reading *r, const char *key, const char *value)
{
        if (!r->unknown_type && r->m.type != DOCKERFILE_MOUNT_SECRET && r->m.type != DOCKERFILE_MOUNT_SSH)
                return wrong_type(r, key);
        r->m.required = true;
        return value ? read_bool(key, value, &r->m.required, r->err) : 0;
}

static int set_sharing(struct reading *r, const char *value)
{
        size_t sharing;

        if (read_choice("sharing", value, sharing_names, ARRAY_SIZE(sharing_names), &sharing, r->err) < 0)
                return -1;
        r->said_sharing = true;
        r->m.sharing = (enum dockerfile_mount_sharing)sharing;
        return 0;
}

static int set_mode(struct reading *r, const char *value)
{
        if (read_number("mode", value, 8, &r->m.mode, r->err) < 0)
                return -1;
        if (r->m.mode > 07777)
                return error_set(r->err, EINVAL, "--mount: the mode %s is above 7777", value);
        r->m.has_mode = true;
        return 0;
}

static int set_option(struct reading *r, enum mount_key key, const char *name, const char *value)
{
        switch (key) {
        case KEY_TYPE:
                return set_type(r, value);
        case KEY_FROM:
                set_string(&r->m.from, value);
                return 0;
        case KEY_SOURCE:
                set_string(&r->m.source, value);
                return 0;
        case KEY_TARGET:
                set_string(&r->m.target, value);
                return 0;
        case KEY_ID:
                set_string(&r->m.id, value);
                return 0;
        case KEY_ENV:
                set_string(&r->m.env, value);
                return 0;
        case KEY_READONLY:
        case KEY_READWRITE:
                return set_access(r, name, value, key == KEY_READONLY);
        case KEY_REQUIRED:
                return set_required(r, name, value);
        case KEY_SIZE:
                if (!r->unknown_type && r->m.type != DOCKERFILE_MOUNT_TMPFS)
                        return wrong_type(r, name);
                return read_size(value, &r->m.size, r->err);
        case KEY_SHARING:
                return set_sharing(r, value);
        case KEY_MODE:
                return set_mode(r, value);
        case KEY_UID:
                r->m.has_uid = true;
                return read_number(name, value, 10, &r->m.uid, r->err);
        case KEY_GID:
                r->m.has_gid = true;
                return read_number(name, value, 10, &r->m.gid, r->err);
        case KEY_IGNORED:
                break;
        }
        strv_add(&r->m.ignored, name);
        return 0;
}

/* "from" chooses a stage before anything is expanded. */
static int check_from(const char *value, struct error *err)
{
        const char *dollar = strchr(value, '$');

        if (!dollar || dollar[1] == '\0')
                return 0;
        return error_set(err, EINVAL,
                         "--mount: from does not expand variables: define a stage with 'FROM %s AS name' "
                         "at the top and use its name",
                         value);
}

/* When only checking: a value with a variable in it is kept as it is, and judged later. */
static int defer_option(struct reading *r, enum mount_key key, const char *name, const char *value)
{
        r->unknown_type |= key == KEY_TYPE;
        r->said_access |= key == KEY_READONLY || key == KEY_READWRITE;
        if (key == KEY_SOURCE || key == KEY_TARGET || key == KEY_ID || key == KEY_ENV)
                return set_option(r, key, name, value);
        return 0;
}

static int read_option(struct reading *r, const char *field, char escape)
{
        const char *equals = strchr(field, '=');
        CLEANUP_FREE char *name = memory_strndup(field, equals ? (size_t)(equals - field) : strlen(field));
        CLEANUP_FREE char *value = NULL;
        enum mount_key key = KEY_IGNORED;

        if (find_key(name, &key, r->err) < 0)
                return -1;
        if (!equals) {
                if (key != KEY_READONLY && key != KEY_READWRITE && key != KEY_REQUIRED && key != KEY_IGNORED)
                        return error_set(r->err, EINVAL, "--mount: '%s' needs a value: %s=...", field, field);
                return set_option(r, key, name, NULL);
        }
        if (key == KEY_FROM)
                return check_from(equals + 1, r->err) < 0 ? -1 : set_option(r, key, name, equals + 1);
        if (!r->scope)
                return strchr(equals, '$') ? defer_option(r, key, name, equals + 1)
                                           : set_option(r, key, name, equals + 1);
        if (dockerfile_expand(r->scope, escape, DOCKERFILE_EXPAND_WORD, equals + 1, &value, r->err) < 0)
                return error_wrap(r->err, "--mount: %s", name);
        return set_option(r, key, name, value);
}

/* The last component of a path, without a '/' at its end; "" for the root. */
static char *last_component(const char *path)
{
        size_t end = strlen(path);
        size_t start;

        while (end > 0 && path[end - 1] == '/')
                end--;
        start = end;
        while (start > 0 && path[start - 1] != '/')
                start--;
        return memory_strndup(path + start, end - start);
}

static int finish_secret(struct reading *r)
{
        struct dockerfile_mount *m = &r->m;

        if (m->from || r->said_sharing)
                return wrong_type(r, m->from ? "from" : "sharing");
        if (m->source && m->id)
                return error_set(r->err, EINVAL, "--mount: a secret has either source or id, they mean the same");
        if (!m->id)
                m->id = m->source ? STEAL(m->source) : m->target ? last_component(m->target) : NULL;
        if (!m->id || m->id[0] == '\0')
                return error_set(r->err, EINVAL, "--mount: a secret needs an id or a target");
        if (!m->target && !m->env) {
                CLEANUP_FREE char *name = last_component(m->id);

                m->target = memory_printf("/run/secrets/%s", name);
        }
        return 0;
}

/* True for "/" in any spelling, "." and "..": a mount there would hide the whole root. */
static bool is_root(const char *path)
{
        if (path[0] != '/')
                return false;
        while (*path) {
                size_t size;

                path += strspn(path, "/");
                size = strcspn(path, "/");
                if (size > 0 && !(size == 1 && path[0] == '.') && !(size == 2 && strncmp(path, "..", 2) == 0))
                        return false;
                path += size;
        }
        return true;
}

static int finish_by_type(struct reading *r)
{
        struct dockerfile_mount *m = &r->m;
        bool has_ids = m->has_mode || m->has_uid || m->has_gid;

        if (has_ids && (m->type == DOCKERFILE_MOUNT_BIND || m->type == DOCKERFILE_MOUNT_TMPFS))
                return wrong_type(r, m->has_mode ? "mode" : m->has_uid ? "uid" : "gid");
        if (r->said_sharing && m->type != DOCKERFILE_MOUNT_CACHE)
                return wrong_type(r, "sharing");
        if (m->env && m->type != DOCKERFILE_MOUNT_SECRET)
                return wrong_type(r, "env");
        if (!r->said_access)
                m->readonly = m->type != DOCKERFILE_MOUNT_CACHE && m->type != DOCKERFILE_MOUNT_TMPFS;
        if (!m->has_mode)
                m->mode = m->type == DOCKERFILE_MOUNT_SECRET ? 0400 : m->type == DOCKERFILE_MOUNT_SSH ? 0600 : 0755;
        if (m->type == DOCKERFILE_MOUNT_SECRET)
                return finish_secret(r);
        if (m->type == DOCKERFILE_MOUNT_SSH && !m->id)
                m->id = memory_strdup("default");
        /* As in BuildKit: relative to WORKDIR, so WORKDIR itself. */
        if (m->type != DOCKERFILE_MOUNT_SSH && (!m->target || m->target[0] == '\0')) {
                free(m->target);
                m->target = memory_strdup(".");
        }
        return 0;
}

static int read_spec(struct reading *r, const char *spec, char escape)
{
        CLEANUP_BUFFER struct buffer field = BUFFER_INIT;
        const char *at = spec;

        if (*spec == '\0')
                return error_set(r->err, EINVAL, "--mount= says nothing");
        for (;;) {
                if (read_field(&at, &field, r->err) < 0 || read_option(r, buffer_text(&field), escape) < 0)
                        return -1;
                if (*at == '\0')
                        break;
                at++;
        }
        if (!r->unknown_type && finish_by_type(r) < 0)
                return -1;
        if (r->m.target && is_root(r->m.target))
                return error_set(r->err, EINVAL, "--mount: the target cannot be '/'");
        return 0;
}

int dockerfile_mount_parse(const char *spec, const struct dockerfile_scope *scope, char escape,
                           struct dockerfile_mount *ret, struct error *err)
{
        struct reading r = {.m = {.ignored = STRV_INIT}, .scope = scope, .err = err};

        if (read_spec(&r, spec, escape) < 0) {
                dockerfile_mount_clear(&r.m);
                return -1;
        }
        *ret = r.m;
        return 0;
}
