/* SPDX-License-Identifier: Apache-2.0 */
/* What is known about who wants which authentication, and the tokens that are left. */
#include "oci/auth.h"

#include <errno.h>
#include <pthread.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "common/memory.h"
#include "oci/auth_token.h"

/* A challenge that an origin made to a user. */
struct known {
        char *who; /* origin and user */
        enum auth_scheme scheme;
        char *realm, *service;
};

struct token {
        char *who;
        struct strv scopes;
        char *value;     /* of Authorization; NULL while it is fetched */
        time_t fresh_to; /* CLOCK_MONOTONIC */
};

struct auth {
        pthread_mutex_t lock; /* guards all below; not held while something is fetched */
        pthread_cond_t fetched;
        struct known *known;
        size_t known_count, known_cap;
        struct token **tokens;
        size_t token_count, token_cap;
};

struct auth *auth_new(void)
{
        struct auth *a = memory_zalloc(1, sizeof(*a));

        pthread_mutex_init(&a->lock, NULL);
        pthread_cond_init(&a->fetched, NULL);
        return a;
}

static void wipe(char *secret)
{
        if (secret)
                explicit_bzero(secret, strlen(secret));
        free(secret);
}

static void token_free(struct token *t)
{
        free(t->who);
        strv_free(&t->scopes);
        wipe(t->value);
        free(t);
}

void auth_free(struct auth *a)
{
        if (!a)
                return;
        for (size_t i = 0; i < a->known_count; i++) {
                free(a->known[i].who);
                free(a->known[i].realm);
                free(a->known[i].service);
        }
        for (size_t i = 0; i < a->token_count; i++)
                token_free(a->tokens[i]);
        free(a->known);
        free(a->tokens);
        pthread_cond_destroy(&a->fetched);
        pthread_mutex_destroy(&a->lock);
        free(a);
}

/* Two users of one host share nothing. The text never leaves this file. */
static char *make_who(const struct auth_request *r)
{
        const struct oci_credential *c = r->credential;

        return memory_printf("%s://%s:%u %s %s", r->origin->scheme, r->origin->host, oci_url_port(r->origin),
                             c->identity_token ? "<token>"
                             : c->user         ? c->user
                                               : "",
                             c->identity_token ? c->identity_token
                             : c->secret       ? c->secret
                                               : "");
}

/* --- scopes ---------------------------------------------------------------------------- */

/* "type:name:actions", of which the name may have colons (host:port) of its own. */
static size_t resource_size(const char *scope)
{
        const char *colon = strrchr(scope, ':');

        return colon ? (size_t)(colon - scope) : strlen(scope);
}

static bool has_action(const char *actions, const char *action, size_t size)
{
        for (; *actions; actions += strcspn(actions, ","), actions += *actions == ',')
                if (strcspn(actions, ",") == size && strncmp(actions, action, size) == 0)
                        return true;
        return false;
}

static bool scope_covers(const char *have, const char *want)
{
        size_t size = resource_size(want);

        if (resource_size(have) != size || strncmp(have, want, size) != 0)
                return false;
        if (want[size] == '\0' || have[size] == '\0')
                return want[size] == have[size];
        for (const char *action = want + size + 1; *action; action += strcspn(action, ","), action += *action == ',')
                if (!has_action(have + size + 1, action, strcspn(action, ",")))
                        return false;
        return true;
}

bool auth_scopes_cover(const struct strv *have, const char *want)
{
        for (size_t i = 0; i < have->count; i++)
                if (scope_covers(have->items[i], want))
                        return true;
        return false;
}

static bool cover_all(const struct strv *have, const struct strv *want)
{
        for (size_t i = 0; i < want->count; i++)
                if (!auth_scopes_cover(have, want->items[i]))
                        return false;
        return true;
}

/* What we want, and what the registry says is wanted: it may know its repositories by other names than we do. */
static void join_scopes(const struct strv *wanted, const char *said, struct strv *ret)
{
        strv_copy(ret, wanted);
        while (said && *said) {
                size_t size = strcspn(said, " ");
                CLEANUP_FREE char *scope = memory_strndup(said, size);

                if (size > 0 && !auth_scopes_cover(ret, scope))
                        strv_add(ret, scope);
                said += size + strspn(said + size, " ");
        }
}

/* --- tokens ------------------------------------------------------------------------------ */

static time_t now(void)
{
        struct timespec t;

        clock_gettime(CLOCK_MONOTONIC, &t);
        return t.tv_sec;
}

/* `lock` is held. Drops what is no longer fresh on the way. */
static struct token *find_token(struct auth *a, const char *who, const struct strv *scopes)
{
        for (size_t i = a->token_count; i-- > 0;) {
                struct token *t = a->tokens[i];

                if (t->value && t->fresh_to <= now()) {
                        token_free(t);
                        a->tokens[i] = a->tokens[--a->token_count];
                } else if (strcmp(t->who, who) == 0 && cover_all(&t->scopes, scopes)) {
                        return t;
                }
        }
        return NULL;
}

/* `lock` is held. */
static void drop_token(struct auth *a, const struct token *t)
{
        for (size_t i = 0; i < a->token_count; i++)
                if (a->tokens[i] == t)
                        a->tokens[i] = a->tokens[--a->token_count];
}

/* `lock` is held, and let go while the token is fetched. */
static int fetch_token(struct auth *a, const struct auth_token_request *request, const char *who, char **ret,
                       struct error *err)
{
        struct token *t = memory_zalloc(1, sizeof(*t));
        CLEANUP_FREE char *bare = NULL;
        unsigned seconds = 0;
        int result;

        t->who = memory_strdup(who);
        strv_copy(&t->scopes, request->scopes);
        memory_grow(&a->tokens, &a->token_cap, a->token_count + 1, sizeof(struct token *));
        a->tokens[a->token_count++] = t;
        pthread_mutex_unlock(&a->lock);
        result = auth_token_fetch(request, &bare, &seconds, err);
        pthread_mutex_lock(&a->lock);
        pthread_cond_broadcast(&a->fetched);
        if (result < 0) {
                drop_token(a, t);
                token_free(t);
                return -1;
        }
        t->value = memory_printf("Bearer %s", bare);
        t->fresh_to = now() + (time_t)(seconds - seconds / 10);
        *ret = memory_strdup(t->value);
        explicit_bzero(bare, strlen(bare));
        return 0;
}

/* `lock` is held. Others that want the same token wait for the one fetch. */
static int ensure_token(struct auth *a, const struct auth_token_request *request, const char *who, char **ret,
                        struct error *err)
{
        struct token *t;

        while ((t = find_token(a, who, request->scopes))) {
                if (t->value) {
                        *ret = memory_strdup(t->value);
                        return 0;
                }
                pthread_cond_wait(&a->fetched, &a->lock);
        }
        return fetch_token(a, request, who, ret, err);
}

/* --- challenges ------------------------------------------------------------------------------ */

/* `lock` is held. */
static struct known *find_known(struct auth *a, const char *who)
{
        for (size_t i = 0; i < a->known_count; i++)
                if (strcmp(a->known[i].who, who) == 0)
                        return &a->known[i];
        return NULL;
}

/* `lock` is held. */
static void remember(struct auth *a, const char *who, const struct auth_challenge *c)
{
        struct known *k = find_known(a, who);

        if (!k) {
                memory_grow(&a->known, &a->known_cap, a->known_count + 1, sizeof(struct known));
                k = &a->known[a->known_count++];
                *k = (struct known){.who = memory_strdup(who)};
        }
        free(k->realm);
        free(k->service);
        k->scheme = c->scheme;
        k->realm = c->realm ? memory_strdup(c->realm) : NULL;
        k->service = c->service ? memory_strdup(c->service) : NULL;
}

/* `lock` is held. The answer to a challenge; *ret is NULL if there is nothing to answer with. */
static int make_answer(struct auth *a, const struct auth_request *request, const struct auth_challenge *c,
                       const struct strv *scopes, char **ret, struct error *err)
{
        const struct oci_credential *credential = request->credential;
        CLEANUP_FREE char *who = make_who(request);
        CLEANUP_FREE char *service = c->service ? memory_strdup(c->service) : NULL;
        CLEANUP_URL struct oci_url realm = OCI_URL_INIT;
        const struct auth_token_request token = {request, &realm, service, scopes};

        *ret = NULL;
        if (c->scheme == AUTH_BASIC) {
                if (credential->user)
                        *ret = oci_url_basic_format(credential->user, credential->secret);
                return 0;
        }
        if (credential->registry_token) {
                *ret = memory_printf("Bearer %s", credential->registry_token);
                return 0;
        }
        if (auth_realm_check(request->origin, request->local, c->realm, &realm, err) < 0)
                return -1;
        return ensure_token(a, &token, who, ret, err);
}

int auth_find(struct auth *a, const struct auth_request *request, char **ret, struct error *err)
{
        CLEANUP_FREE char *who = make_who(request);
        const struct known *k;
        int result = 0;

        *ret = NULL;
        pthread_mutex_lock(&a->lock);
        k = find_known(a, who);
        if (k) {
                const struct auth_challenge c = {.scheme = k->scheme, .realm = k->realm, .service = k->service};

                result = make_answer(a, request, &c, request->scopes, ret, err);
        }
        pthread_mutex_unlock(&a->lock);
        explicit_bzero(who, strlen(who));
        return result;
}

/* `lock` is held. Forgets the token that was refused. */
static void forget(struct auth *a, const char *who, const char *refused)
{
        for (size_t i = a->token_count; i-- > 0;) {
                struct token *t = a->tokens[i];

                if (!t->value || strcmp(t->who, who) != 0 || strcmp(t->value, refused) != 0)
                        continue;
                token_free(t);
                a->tokens[i] = a->tokens[--a->token_count];
        }
}

int auth_answer(struct auth *a, const struct auth_request *request, const struct auth_challenges *challenges,
                const char *refused, char **ret, struct error *err)
{
        const struct auth_challenge *c = auth_challenges_choose(challenges);
        CLEANUP_STRV struct strv scopes = STRV_INIT;
        CLEANUP_FREE char *who = make_who(request);
        const char *host = request->origin->host;
        bool has_credential =
                request->credential->user || request->credential->identity_token || request->credential->registry_token;
        int result;

        if (!c)
                return error_set(err, EACCES, "%s wants authentication, of a kind that bryo does not know", host);
        join_scopes(request->scopes, c->scope, &scopes);
        pthread_mutex_lock(&a->lock);
        if (refused)
                forget(a, who, refused);
        remember(a, who, c);
        result = make_answer(a, request, c, &scopes, ret, err);
        pthread_mutex_unlock(&a->lock);
        explicit_bzero(who, strlen(who));
        if (result == 0 && *ret && refused && strcmp(*ret, refused) == 0) {
                wipe(STEAL(*ret));
                return error_set(err, EACCES, "%s does not accept the credential for it", host);
        }
        if (result == 0 && !*ret)
                return error_set(err, EACCES,
                                 has_credential ? "%s wants a password, and there is only a token for it"
                                                : "%s wants a password, and none is known: `bryo login` stores one",
                                 host);
        return result;
}
