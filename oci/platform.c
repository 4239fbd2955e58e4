/* SPDX-License-Identifier: Apache-2.0 */
/* Platforms: how users write them, and which of several images fits a machine. */
#include "oci/platform.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "common/memory.h"
#include "oci/config.h"
#include "oci/quote.h"

struct oci_platform *oci_platform_copy(const struct oci_platform *p)
{
        struct oci_platform *copy = memory_zalloc(1, sizeof(*copy));

        copy->architecture = p->architecture ? memory_strdup(p->architecture) : NULL;
        copy->os = p->os ? memory_strdup(p->os) : NULL;
        copy->os_version = p->os_version ? memory_strdup(p->os_version) : NULL;
        copy->variant = p->variant ? memory_strdup(p->variant) : NULL;
        strv_copy(&copy->os_features, &p->os_features);
        return copy;
}

void oci_platform_free(struct oci_platform *p)
{
        if (p == NULL)
                return;
        free(p->architecture);
        free(p->os);
        free(p->os_version);
        free(p->variant);
        strv_free(&p->os_features);
        free(p);
}

void oci_platform_cleanup(struct oci_platform **p)
{
        oci_platform_free(*p);
}

static struct oci_platform *make(const char *os, const char *architecture, const char *variant)
{
        struct oci_platform *p = memory_zalloc(1, sizeof(*p));

        p->os = memory_strdup(os);
        p->architecture = memory_strdup(architecture);
        p->variant = variant != NULL && *variant ? memory_strdup(variant) : NULL;
        return p;
}

struct oci_platform *oci_platform_host(void)
{
        return make("linux", oci_config_host_architecture(), oci_config_host_variant());
}

void oci_platform_format(const struct oci_platform *p, struct buffer *ret)
{
        buffer_printf(ret, "%s/%s", p->os ? p->os : "?", p->architecture ? p->architecture : "?");
        if (p->variant != NULL && *p->variant != '\0')
                buffer_printf(ret, "/%s", p->variant);
}

/* Other names of an architecture, with the variant they imply. */
static const struct {
        const char *alias, *architecture, *variant;
} aliases[] = {
        {"x86_64", "amd64", NULL},  {"x86-64", "amd64", NULL}, {"i386", "386", NULL},  {"i686", "386", NULL},
        {"aarch64", "arm64", NULL}, {"armhf", "arm", "v7"},    {"armel", "arm", "v6"}, {"ppc64el", "ppc64le", NULL},
};

static bool is_architecture(const char *s)
{
        static const char *const names[] = {"386",      "amd64", "arm",     "arm64",   "loong64", "mips64",
                                            "mips64le", "ppc64", "ppc64le", "riscv64", "s390x",   "wasm"};

        for (size_t i = 0; i < ARRAY_SIZE(names); i++)
                if (strcmp(s, names[i]) == 0)
                        return true;
        return false;
}

static bool is_word(const char *s)
{
        return *s != '\0' && s[strspn(s, "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_.-")] == '\0';
}

int oci_platform_parse(const char *text, struct oci_platform **ret, struct error *err)
{
        CLEANUP_FREE char *copy = memory_strdup(text);
        CLEANUP_FREE char *quoted = NULL;
        char *rest = copy;
        const char *part[4] = {NULL, NULL, NULL, NULL};
        size_t count = 0;
        bool good = true;

        while (rest != NULL && count < 4) {
                part[count] = strsep(&rest, "/");
                good = good && is_word(part[count++]);
        }
        if (!good || count > 3) {
                quoted = oci_quote(text);
                return error_set(err, EINVAL, "platform %s is not OS/ARCHITECTURE[/VARIANT], as in linux/arm64",
                                 quoted);
        }
        if (count == 1) { /* "arm64" alone is an architecture, "linux" alone a system */
                bool architecture = is_architecture(part[0]);

                for (size_t i = 0; i < ARRAY_SIZE(aliases) && !architecture; i++)
                        architecture = strcmp(part[0], aliases[i].alias) == 0;
                part[1] = architecture ? part[0] : oci_config_host_architecture();
                part[2] = architecture ? NULL : oci_config_host_variant();
                part[0] = architecture ? "linux" : part[0];
        }
        for (size_t i = 0; i < ARRAY_SIZE(aliases); i++) {
                if (strcmp(part[1], aliases[i].alias) == 0) {
                        part[2] = part[2] ? part[2] : aliases[i].variant;
                        part[1] = aliases[i].architecture;
                        break;
                }
        }
        *ret = make(strcmp(part[0], "macos") == 0 ? "darwin" : part[0], part[1], part[2]);
        return 0;
}

static bool is_variant(const struct oci_platform *p, const char *architecture, const char *variant)
{
        return p->architecture && p->variant && strcmp(p->architecture, architecture) == 0 && strcmp(p->variant, variant) == 0;
}

void oci_platform_normalize(struct oci_platform *p)
{
        if (is_variant(p, "arm64", "v8") || is_variant(p, "arm64", "8") || is_variant(p, "amd64", "v1"))
                free(STEAL(p->variant));
        else if (p->architecture && strcmp(p->architecture, "arm") == 0 && (!p->variant || strcmp(p->variant, "7") == 0)) {
                free(p->variant);
                p->variant = memory_strdup("v7");
        }
}

/* The number of a variant, with the default that a silent platform means; -1: not of that kind. */
static int variant_level(const struct oci_platform *p, int silent)
{
        const char *v = p->variant;

        if (v == NULL || *v == '\0')
                return silent;
        if (v[0] == 'v' && v[1] >= '1' && v[1] <= '9' && v[2] == '\0')
                return v[1] - '0';
        return -1;
}

/* Silent means: amd64 v1, arm v7, arm64 v8 (containerd's normalisation). */
static int silent_level(const char *architecture)
{
        if (strcmp(architecture, "arm") == 0)
                return 7;
        return strcmp(architecture, "arm64") == 0 ? 8 : 1;
}

int oci_platform_rank(const struct oci_platform *have, const struct oci_platform *want)
{
        int a, b;

        if (have->os == NULL || have->architecture == NULL || strcmp(have->os, want->os) != 0)
                return -1;
        a = variant_level(have, silent_level(have->architecture));
        b = variant_level(want, silent_level(want->architecture));
        if (strcmp(have->architecture, want->architecture) == 0) {
                if (have->variant != NULL && want->variant != NULL && strcmp(have->variant, want->variant) == 0)
                        return 0;
                return a < 0 || b < 0 || a > b ? -1 : b - a;
        }
        if (strcmp(want->architecture, "arm64") == 0 && strcmp(have->architecture, "arm") == 0 && a >= 5 && a <= 8)
                return 100 - a;
        return -1;
}
