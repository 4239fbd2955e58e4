/* SPDX-License-Identifier: Apache-2.0 */
/* Image configs: reading, writing with pinned bytes, and the memory of both. */
#include "oci/config.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "common/memory.h"
#include "oci/digest.h"
#include "oci/json.h"
#include "oci/json_writer.h"
#include "oci/limits.h"
#include "oci/quote.h"

static const char *const known_top[] = {"created", "author", "architecture", "os",      "os.version", "os.features",
                                        "variant", "config", "rootfs",       "history", NULL};
static const char *const known_run[] = {"User",        "ExposedPorts", "Env",    "Entrypoint", "Cmd",
                                        "Volumes",     "WorkingDir",   "Labels", "StopSignal", "ArgsEscaped",
                                        "Healthcheck", "OnBuild",      "Shell",  NULL};

/* ---- memory --------------------------------------------------------------------- */

struct oci_config *oci_config_new(void)
{
        struct oci_config *c = memory_zalloc(1, sizeof(*c));
        const char *variant = oci_config_host_variant();

        c->os = memory_strdup("linux");
        c->architecture = memory_strdup(oci_config_host_architecture());
        c->variant = *variant ? memory_strdup(variant) : NULL;
        return c;
}

static void free_run(struct oci_run_config *r)
{
        free(r->user);
        strv_free(&r->exposed_ports);
        strv_free(&r->env);
        strv_free(&r->entrypoint.items);
        strv_free(&r->cmd.items);
        strv_free(&r->volumes);
        free(r->working_dir);
        oci_labels_free(&r->labels);
        free(r->stop_signal);
        if (r->healthcheck != NULL)
                strv_free(&r->healthcheck->test);
        free(r->healthcheck);
        strv_free(&r->on_build);
        strv_free(&r->shell.items);
        oci_labels_free(&r->extra);
}

void oci_config_free(struct oci_config *c)
{
        if (c == NULL)
                return;
        free(c->created);
        free(c->author);
        free(c->architecture);
        free(c->os);
        free(c->os_version);
        strv_free(&c->os_features);
        free(c->variant);
        free_run(&c->config);
        free(c->diff_ids);
        for (size_t i = 0; i < c->history_count; i++) {
                free(c->history[i].created);
                free(c->history[i].created_by);
                free(c->history[i].author);
                free(c->history[i].comment);
        }
        free(c->history);
        oci_labels_free(&c->extra);
        free(c);
}

void oci_config_cleanup(struct oci_config **c)
{
        oci_config_free(*c);
}

static char *copy(const char *s)
{
        return s ? memory_strdup(s) : NULL;
}

static void copy_argv(struct oci_argv *to, const struct oci_argv *from)
{
        to->set = from->set;
        strv_copy(&to->items, &from->items);
}

static void copy_run(struct oci_run_config *to, const struct oci_run_config *from)
{
        to->user = copy(from->user);
        strv_copy(&to->exposed_ports, &from->exposed_ports);
        strv_copy(&to->env, &from->env);
        copy_argv(&to->entrypoint, &from->entrypoint);
        copy_argv(&to->cmd, &from->cmd);
        strv_copy(&to->volumes, &from->volumes);
        to->working_dir = copy(from->working_dir);
        oci_labels_copy(&to->labels, &from->labels);
        to->stop_signal = copy(from->stop_signal);
        to->args_escaped = from->args_escaped;
        if (from->healthcheck != NULL) {
                to->healthcheck = memory_dup(from->healthcheck, sizeof(*from->healthcheck));
                to->healthcheck->test = (struct strv)STRV_INIT;
                strv_copy(&to->healthcheck->test, &from->healthcheck->test);
        }
        strv_copy(&to->on_build, &from->on_build);
        copy_argv(&to->shell, &from->shell);
        oci_labels_copy(&to->extra, &from->extra);
}

struct oci_config *oci_config_copy(const struct oci_config *c)
{
        struct oci_config *to = memory_zalloc(1, sizeof(*to));

        to->created = copy(c->created);
        to->author = copy(c->author);
        to->architecture = copy(c->architecture);
        to->os = copy(c->os);
        to->os_version = copy(c->os_version);
        strv_copy(&to->os_features, &c->os_features);
        to->variant = copy(c->variant);
        copy_run(&to->config, &c->config);
        for (size_t i = 0; i < c->diff_id_count; i++)
                oci_config_add_layer(to, &c->diff_ids[i]);
        for (size_t i = 0; i < c->history_count; i++)
                oci_config_add_history(to, &c->history[i]);
        oci_labels_copy(&to->extra, &c->extra);
        return to;
}

void oci_config_add_layer(struct oci_config *c, const struct sha256_digest *diff_id)
{
        memory_grow(&c->diff_ids, &c->diff_id_cap, c->diff_id_count + 1, sizeof(*c->diff_ids));
        c->diff_ids[c->diff_id_count++] = *diff_id;
}

void oci_config_add_history(struct oci_config *c, const struct oci_history *h)
{
        memory_grow(&c->history, &c->history_cap, c->history_count + 1, sizeof(*c->history));
        c->history[c->history_count++] = (struct oci_history){
                .created = copy(h->created),
                .created_by = copy(h->created_by),
                .author = copy(h->author),
                .comment = copy(h->comment),
                .empty_layer = h->empty_layer,
        };
}

void oci_argv_assign(struct oci_argv *a, const struct strv *items)
{
        a->set = items != NULL;
        if (items != NULL)
                strv_copy(&a->items, items);
        else
                strv_clear(&a->items);
}

/* ---- reading ---------------------------------------------------------------------- */

/* Null or absent is not set, [] is. */
static int get_argv(const char *what, const struct oci_json *o, const char *key, struct oci_argv *ret,
                    struct error *err)
{
        const struct oci_json *v = oci_json_find(o, key);

        ret->set = v != NULL && oci_json_kind(v) != OCI_JSON_NULL;
        return oci_json_get_strings(what, o, key, &ret->items, err);
}

/* The keys of an object of anything: Go's map[string]struct{}. */
static int get_set(const char *what, const struct oci_json *o, const char *key, struct strv *ret, struct error *err)
{
        const struct oci_json *v;

        if (oci_json_get_object(what, o, key, &v, err) < 0)
                return -1;
        for (size_t i = 0; v != NULL && i < oci_json_count(v); i++)
                strv_add(ret, oci_json_key(v, i));
        return 0;
}

/* An entry without '=' would take its value from whoever starts the container (CVE-2020-14370). */
static int check_env(const char *what, const struct strv *env, struct error *err)
{
        for (size_t i = 0; i < env->count; i++) {
                const char *equals = strchr(env->items[i], '=');
                CLEANUP_FREE char *quoted = NULL;

                if (equals != NULL && equals != env->items[i])
                        continue;
                quoted = oci_quote(env->items[i]);
                return error_set(err, EINVAL, "%s: environment variable %s is not NAME=VALUE", what, quoted);
        }
        return 0;
}

static int get_healthcheck(const char *what, const struct oci_json *o, struct oci_run_config *ret, struct error *err)
{
        const struct oci_json *v;
        struct oci_healthcheck *h;

        if (oci_json_get_object(what, o, "Healthcheck", &v, err) < 0)
                return -1;
        if (v == NULL)
                return 0;
        h = ret->healthcheck = memory_zalloc(1, sizeof(*h));
        if (oci_json_get_strings(what, v, "Test", &h->test, err) < 0 ||
            oci_json_get_int(what, v, "Interval", &h->interval, err) < 0 ||
            oci_json_get_int(what, v, "Timeout", &h->timeout, err) < 0 ||
            oci_json_get_int(what, v, "StartPeriod", &h->start_period, err) < 0 ||
            oci_json_get_int(what, v, "StartInterval", &h->start_interval, err) < 0 ||
            oci_json_get_int(what, v, "Retries", &h->retries, err) < 0)
                return -1;
        return 0;
}

static int get_run(const char *what, const struct oci_json *top, struct oci_run_config *ret, struct error *err)
{
        const struct oci_json *o;

        if (oci_json_get_object(what, top, "config", &o, err) < 0)
                return -1;
        if (o == NULL)
                return 0;
        if (oci_json_get_string(what, o, "User", &ret->user, err) < 0 ||
            get_set(what, o, "ExposedPorts", &ret->exposed_ports, err) < 0 ||
            oci_json_get_strings(what, o, "Env", &ret->env, err) < 0 || check_env(what, &ret->env, err) < 0 ||
            get_argv(what, o, "Entrypoint", &ret->entrypoint, err) < 0 ||
            get_argv(what, o, "Cmd", &ret->cmd, err) < 0 || get_set(what, o, "Volumes", &ret->volumes, err) < 0 ||
            oci_json_get_string(what, o, "WorkingDir", &ret->working_dir, err) < 0 ||
            oci_json_get_labels(what, o, "Labels", &ret->labels, err) < 0 ||
            oci_json_get_string(what, o, "StopSignal", &ret->stop_signal, err) < 0 ||
            oci_json_get_bool(what, o, "ArgsEscaped", &ret->args_escaped, err) < 0 ||
            get_healthcheck(what, o, ret, err) < 0 ||
            oci_json_get_strings(what, o, "OnBuild", &ret->on_build, err) < 0 ||
            get_argv(what, o, "Shell", &ret->shell, err) < 0)
                return -1;
        return oci_json_get_unknown(what, o, known_run, &ret->extra, err);
}

static int get_rootfs(const char *what, const struct oci_json *top, struct oci_config *c, struct error *err)
{
        CLEANUP_STRV struct strv ids = STRV_INIT;
        CLEANUP_FREE char *type = NULL;
        const struct oci_json *o;

        if (oci_json_get_object(what, top, "rootfs", &o, err) < 0)
                return -1;
        if (o == NULL)
                return error_set(err, EINVAL, "%s has no \"rootfs\": it is not an image's config", what);
        if (oci_json_get_string(what, o, "type", &type, err) < 0 ||
            oci_json_get_strings(what, o, "diff_ids", &ids, err) < 0)
                return -1;
        if (type == NULL || strcmp(type, "layers") != 0)
                return error_set(err, EINVAL, "%s: the type of \"rootfs\" is not \"layers\"", what);
        if (ids.count > OCI_LIMIT_LAYERS)
                return error_set(err, E2BIG, "%s has more than the limit of %d layers", what, OCI_LIMIT_LAYERS);
        for (size_t i = 0; i < ids.count; i++) {
                struct sha256_digest d;

                if (oci_digest_parse(ids.items[i], &d, err) < 0)
                        return error_wrap(err, "%s: diff ID %zu", what, i + 1);
                oci_config_add_layer(c, &d);
        }
        return 0;
}

static int get_history_entry(const char *what, const struct oci_json *o, struct oci_history *ret, struct error *err)
{
        if (oci_json_kind(o) != OCI_JSON_OBJECT)
                return error_set(err, EINVAL, "%s: a \"history\" entry is %s", what,
                                 oci_json_kind_name(oci_json_kind(o)));
        if (oci_json_get_string(what, o, "created", &ret->created, err) < 0 ||
            oci_json_get_string(what, o, "created_by", &ret->created_by, err) < 0 ||
            oci_json_get_string(what, o, "author", &ret->author, err) < 0 ||
            oci_json_get_string(what, o, "comment", &ret->comment, err) < 0 ||
            oci_json_get_bool(what, o, "empty_layer", &ret->empty_layer, err) < 0)
                return -1;
        return 0;
}

static int get_history(const char *what, const struct oci_json *top, struct oci_config *c, struct error *err)
{
        const struct oci_json *v;

        if (oci_json_get_array(what, top, "history", &v, err) < 0)
                return -1;
        for (size_t i = 0; v != NULL && i < oci_json_count(v); i++) {
                oci_config_add_history(c, &(struct oci_history){.created = NULL});
                if (get_history_entry(what, oci_json_item(v, i), &c->history[i], err) < 0)
                        return -1;
        }
        return 0;
}

int oci_config_parse(const char *what, const void *bytes, size_t size, struct oci_config **ret, struct error *err)
{
        CLEANUP_CONFIG struct oci_config *c = memory_zalloc(1, sizeof(*c));
        CLEANUP_JSON struct oci_json *v = NULL;

        if (oci_json_parse(what, bytes, size, &v, err) < 0)
                return -1;
        if (oci_json_kind(v) != OCI_JSON_OBJECT)
                return error_set(err, EINVAL, "%s is %s, not an object", what, oci_json_kind_name(oci_json_kind(v)));
        if (oci_json_get_string(what, v, "created", &c->created, err) < 0 ||
            oci_json_get_string(what, v, "author", &c->author, err) < 0 ||
            oci_json_get_string(what, v, "architecture", &c->architecture, err) < 0 ||
            oci_json_get_string(what, v, "os", &c->os, err) < 0 ||
            oci_json_get_string(what, v, "os.version", &c->os_version, err) < 0 ||
            oci_json_get_strings(what, v, "os.features", &c->os_features, err) < 0 ||
            oci_json_get_string(what, v, "variant", &c->variant, err) < 0 || get_run(what, v, &c->config, err) < 0 ||
            get_rootfs(what, v, c, err) < 0 || get_history(what, v, c, err) < 0 ||
            oci_json_get_unknown(what, v, known_top, &c->extra, err) < 0)
                return -1;
        *ret = STEAL(c);
        return 0;
}

/* ---- writing ------------------------------------------------------------------------ */

static void add_strings(struct oci_json_writer *w, const char *key, const struct strv *v)
{
        oci_json_begin_array(w, key);
        for (size_t i = 0; i < v->count; i++)
                oci_json_add_string(w, NULL, v->items[i]);
        oci_json_end_array(w);
}

static void add_strings_if(struct oci_json_writer *w, const char *key, const struct strv *v)
{
        if (v->count > 0)
                add_strings(w, key, v);
}

static void add_argv(struct oci_json_writer *w, const char *key, const struct oci_argv *a)
{
        if (a->set)
                add_strings(w, key, &a->items);
}

/* A sorted object of empty objects; a name given twice is there once. */
static void add_set(struct oci_json_writer *w, const char *key, const struct strv *v)
{
        struct oci_labels sorted = OCI_LABELS_INIT;

        if (v->count == 0)
                return;
        for (size_t i = 0; i < v->count; i++)
                oci_labels_set(&sorted, v->items[i], "");
        oci_json_begin_object(w, key);
        for (size_t i = 0; i < sorted.count; i++) {
                oci_json_begin_object(w, sorted.items[i].name);
                oci_json_end_object(w);
        }
        oci_json_end_object(w);
        oci_labels_free(&sorted);
}

static void add_labels(struct oci_json_writer *w, const char *key, const struct oci_labels *l)
{
        if (l->count == 0)
                return;
        oci_json_begin_object(w, key);
        for (size_t i = 0; i < l->count; i++)
                oci_json_add_string(w, l->items[i].name, l->items[i].value);
        oci_json_end_object(w);
}

static void add_extra(struct oci_json_writer *w, const struct oci_labels *extra)
{
        for (size_t i = 0; i < extra->count; i++)
                oci_json_add_raw(w, extra->items[i].name, extra->items[i].value);
}

static void add_int_if(struct oci_json_writer *w, const char *key, int64_t value)
{
        if (value != 0)
                oci_json_add_int(w, key, value);
}

static void add_healthcheck(struct oci_json_writer *w, const struct oci_healthcheck *h)
{
        if (h == NULL)
                return;
        oci_json_begin_object(w, "Healthcheck");
        add_strings_if(w, "Test", &h->test);
        add_int_if(w, "Interval", h->interval);
        add_int_if(w, "Timeout", h->timeout);
        add_int_if(w, "StartPeriod", h->start_period);
        add_int_if(w, "StartInterval", h->start_interval);
        add_int_if(w, "Retries", h->retries);
        oci_json_end_object(w);
}

static void add_run(struct oci_json_writer *w, const struct oci_run_config *r)
{
        oci_json_begin_object(w, "config");
        oci_json_add_string_if(w, "User", r->user);
        add_set(w, "ExposedPorts", &r->exposed_ports);
        add_strings_if(w, "Env", &r->env);
        add_argv(w, "Entrypoint", &r->entrypoint);
        add_argv(w, "Cmd", &r->cmd);
        add_set(w, "Volumes", &r->volumes);
        oci_json_add_string_if(w, "WorkingDir", r->working_dir);
        add_labels(w, "Labels", &r->labels);
        oci_json_add_string_if(w, "StopSignal", r->stop_signal);
        if (r->args_escaped)
                oci_json_add_bool(w, "ArgsEscaped", true);
        add_healthcheck(w, r->healthcheck);
        add_strings_if(w, "OnBuild", &r->on_build);
        add_argv(w, "Shell", &r->shell);
        add_extra(w, &r->extra);
        oci_json_end_object(w);
}

static void add_rootfs(struct oci_json_writer *w, const struct oci_config *c)
{
        char text[OCI_DIGEST_TEXT + 1];

        oci_json_begin_object(w, "rootfs");
        oci_json_add_string(w, "type", "layers");
        oci_json_begin_array(w, "diff_ids");
        for (size_t i = 0; i < c->diff_id_count; i++) {
                oci_digest_format(&c->diff_ids[i], text);
                oci_json_add_string(w, NULL, text);
        }
        oci_json_end_array(w);
        oci_json_end_object(w);
}

static void add_history(struct oci_json_writer *w, const struct oci_config *c)
{
        if (c->history_count == 0)
                return;
        oci_json_begin_array(w, "history");
        for (size_t i = 0; i < c->history_count; i++) {
                const struct oci_history *h = &c->history[i];

                oci_json_begin_object(w, NULL);
                oci_json_add_string_if(w, "created", h->created);
                oci_json_add_string_if(w, "created_by", h->created_by);
                oci_json_add_string_if(w, "author", h->author);
                oci_json_add_string_if(w, "comment", h->comment);
                if (h->empty_layer)
                        oci_json_add_bool(w, "empty_layer", true);
                oci_json_end_object(w);
        }
        oci_json_end_array(w);
}

void oci_config_format(const struct oci_config *c, struct buffer *ret)
{
        struct oci_json_writer w = OCI_JSON_WRITER(ret);

        oci_json_begin_object(&w, NULL);
        oci_json_add_string_if(&w, "created", c->created);
        oci_json_add_string_if(&w, "author", c->author);
        oci_json_add_string(&w, "architecture", c->architecture ? c->architecture : "");
        oci_json_add_string(&w, "os", c->os ? c->os : "");
        oci_json_add_string_if(&w, "os.version", c->os_version);
        add_strings_if(&w, "os.features", &c->os_features);
        oci_json_add_string_if(&w, "variant", c->variant);
        add_run(&w, &c->config);
        add_rootfs(&w, c);
        add_history(&w, c);
        add_extra(&w, &c->extra);
        oci_json_end_object(&w);
}

/* ---- this machine --------------------------------------------------------------------- */

/* What bryo was compiled for is what it can run; uname would say x86_64 to a 32-bit binary, too. */
const char *oci_config_host_architecture(void)
{
#if defined(__x86_64__)
        return "amd64";
#elif defined(__i386__)
        return "386";
#elif defined(__aarch64__)
        return "arm64";
#elif defined(__arm__)
        return "arm";
#elif defined(__riscv) && __riscv_xlen == 64
        return "riscv64";
#elif defined(__powerpc64__) && defined(__LITTLE_ENDIAN__)
        return "ppc64le";
#elif defined(__s390x__)
        return "s390x";
#elif defined(__loongarch64)
        return "loong64";
#elif defined(__mips64) && defined(__MIPSEL__)
        return "mips64le";
#else
#error "name this architecture as Go does (go tool dist list)"
#endif
}

const char *oci_config_host_variant(void)
{
#if defined(__arm__) && defined(__ARM_ARCH) && __ARM_ARCH >= 7
        return "v7";
#elif defined(__arm__) && defined(__ARM_ARCH) && __ARM_ARCH == 6
        return "v6";
#elif defined(__arm__)
        return "v5";
#else
        return "";
#endif
}
