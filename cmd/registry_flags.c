/* SPDX-License-Identifier: Apache-2.0 */
/* Flags about registries: --creds, --tls-verify, --retry and their like, and when images are pulled. */
#include "cmd/registry_flags.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "cmd/number.h"
#include "common/memory.h"

#define MAX_RETRIES  1000
#define MAX_DELAY_MS (3600ul * 1000)

static int read_retries(const char *text, unsigned *ret, struct error *err)
{
        uint64_t value = *ret;

        if (text && !cmd_number_parse(text, 1, MAX_RETRIES, &value))
                return error_set(err, OPTIONS_EUSAGE, "--retry %s: give a number from 1 to %d", text, MAX_RETRIES);
        *ret = (unsigned)value;
        return 0;
}

/* Seconds, or with a unit: "500ms", "2s", "1m" (time.ParseDuration of Go, one unit). */
static int read_delay(const char *text, unsigned *ret, struct error *err)
{
        static const struct {
                const char *unit;
                double ms;
        } units[] = {{"", 1000}, {"ms", 1}, {"s", 1000}, {"m", 60000}};
        char *end;
        double value;

        if (!text)
                return 0;
        errno = 0;
        value = strtod(text, &end);
        for (size_t i = 0; i < ARRAY_SIZE(units); i++)
                if (errno == 0 && end != text && text[0] >= '0' && text[0] <= '9' && strcmp(end, units[i].unit) == 0 &&
                    value * units[i].ms >= 1 && value * units[i].ms <= MAX_DELAY_MS) {
                        *ret = (unsigned)(value * units[i].ms);
                        return 0;
                }
        return error_set(err, OPTIONS_EUSAGE, "--retry-delay %s: give a time such as 2s or 500ms, an hour at most",
                         text);
}

static int read_tls(const char *text, enum oci_registry_tls *ret, struct error *err)
{
        if (!text)
                return 0;
        if (strcmp(text, "true") != 0 && strcmp(text, "false") != 0)
                return error_set(err, OPTIONS_EUSAGE, "--tls-verify=%s: say true or false", text);
        *ret = strcmp(text, "true") == 0 ? OCI_REGISTRY_TLS_ON : OCI_REGISTRY_TLS_OFF;
        return 0;
}

int registry_flags_read(const struct registry_flags *f, struct oci_registry_options *ret, struct error *err)
{
        *ret = (struct oci_registry_options){.authfile = f->authfile,
                                             .credentials = f->creds,
                                             .cert_dir = f->cert_dir,
                                             .mirrors = &f->mirrors,
                                             .only_mirrors = f->only_mirrors,
                                             .authorities = &f->authorities,
                                             .clients = &f->clients,
                                             .insecure = &f->insecure};
        if (read_retries(f->retries, &ret->retries, err) < 0 ||
            read_delay(f->retry_delay, &ret->retry_delay_ms, err) < 0)
                return -1;
        return read_tls(f->tls_verify, &ret->tls, err);
}

void registry_flags_free(struct registry_flags *f)
{
        strv_free(&f->mirrors);
        strv_free(&f->insecure);
        strv_free(&f->authorities);
        strv_free(&f->clients);
}

int registry_flags_read_pull(const char *text, enum builder_pull_policy *ret, struct error *err)
{
        static const struct {
                const char *word;
                enum builder_pull_policy policy;
        } words[] = {
                {"true", BUILDER_PULL_ALWAYS},     {"always", BUILDER_PULL_ALWAYS},
                {"newer", BUILDER_PULL_ALWAYS},    {"ifnewer", BUILDER_PULL_ALWAYS},
                {"missing", BUILDER_PULL_MISSING}, {"ifmissing", BUILDER_PULL_MISSING},
                {"false", BUILDER_PULL_MISSING},   {"never", BUILDER_PULL_NEVER},
        };
        const char *from_environment = getenv("BRYO_PULL");
        const char *what = text ? "--pull" : "BRYO_PULL";

        *ret = BUILDER_PULL_MISSING;
        if (!text)
                text = from_environment && from_environment[0] ? from_environment : "missing";
        for (size_t i = 0; i < ARRAY_SIZE(words); i++)
                if (strcmp(text, words[i].word) == 0) {
                        *ret = words[i].policy;
                        return 0;
                }
        return error_set(err, OPTIONS_EUSAGE, "%s=%s: say always, missing or never", what, text);
}
