/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A fuzz target for what a registry says outside of documents: the same bytes are taken as the values of
 * WWW-Authenticate, a Location, a realm, a Retry-After and the answer of a token server. Nothing may crash or leak, a
 * failure has a message, and what is accepted keeps the promises that the rules about credentials stand on.
 */
#include <assert.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "common/memory.h"
#include "oci/auth.h"
#include "oci/fetch_local.h"
#include "oci/limits.h"
#include "oci/registry_client.h"
#include "tests/fuzz/replay.h"

/* A function that failed has said why, one that did not is silent. */
static void check(int result, struct error *err)
{
        assert((result < 0) == error_is_set(err));
        error_clear(err);
}

static void try_challenges(const char *text)
{
        CLEANUP_CHALLENGES struct auth_challenges challenges = AUTH_CHALLENGES_INIT;
        CLEANUP_STRV struct strv values = STRV_INIT;
        const struct auth_challenge *chosen;

        for (const char *line = text; *line; line += strcspn(line, "\n"), line += *line == '\n')
                strv_take(&values, memory_strndup(line, strcspn(line, "\n")));
        auth_challenges_parse(&values, &challenges);
        assert(challenges.count <= OCI_LIMIT_CHALLENGES);
        chosen = auth_challenges_choose(&challenges);
        assert(!chosen || chosen->scheme == AUTH_BASIC || chosen->realm);
        for (size_t i = 0; i < challenges.count; i++)
                assert(!challenges.items[i].realm || !strpbrk(challenges.items[i].realm, "\r\n"));
}

/* What is accepted is the same URL to whoever reads its text again: what was judged is what is asked. */
static void check_again(const struct oci_url *url)
{
        CLEANUP_FREE char *text = oci_url_format(url);
        CLEANUP_URL struct oci_url again = OCI_URL_INIT;
        struct error err = ERROR_INIT;

        assert(oci_url_parse(text, &again, &err) == 0);
        assert(oci_url_is_same_origin(url, &again));
        assert(strcmp(url->path, again.path) == 0 && !again.user);
}

static void try_location(const char *text)
{
        CLEANUP_URL struct oci_url base = OCI_URL_INIT;
        CLEANUP_URL struct oci_url url = OCI_URL_INIT;
        struct error err = ERROR_INIT;
        int result;

        assert(oci_url_parse("https://registry.example:5000/v2/a/b?c", &base, &err) == 0);
        result = oci_url_resolve(&base, text, &url, &err);
        if (result == 0)
                check_again(&url);
        check(result, &err);
}

static void try_realm(const char *text)
{
        CLEANUP_URL struct oci_url origin = OCI_URL_INIT;
        CLEANUP_URL struct oci_url url = OCI_URL_INIT;
        struct error err = ERROR_INIT;
        int result;

        assert(oci_url_parse("https://registry.example", &origin, &err) == 0);
        result = auth_realm_check(&origin, false, text, &url, &err);
        if (result == 0) {
                assert(strcmp(url.scheme, "https") == 0 && !url.user && !fetch_local_is_host(url.host));
                check_again(&url);
        }
        check(result, &err);
}

static void try_token(const char *bytes, size_t size)
{
        CLEANUP_FREE char *token = NULL;
        struct error err = ERROR_INIT;
        unsigned seconds = 0;
        int result = auth_token_parse("an answer", bytes, size, &token, &seconds, &err);

        if (result == 0) {
                assert(token[0] && strlen(token) <= OCI_LIMIT_TOKEN && !strpbrk(token, " \r\n\t"));
                assert(seconds >= 1 && seconds <= OCI_LIMIT_TOKEN_LIFE_MAX);
        }
        check(result, &err);
}

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t size)
{
        CLEANUP_FREE char *text = memory_strndup((const char *)bytes, size);
        long after = registry_retry_after(text, 784111777);

        assert(after >= -1 && after <= (long)OCI_LIMIT_RETRY_AFTER);
        try_challenges(text);
        try_location(text);
        try_realm(text);
        try_token((const char *)bytes, size);
        return 0;
}

REPLAY_MAIN("oci_wire")
