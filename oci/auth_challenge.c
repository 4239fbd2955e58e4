/* SPDX-License-Identifier: Apache-2.0 */
/* Reading WWW-Authenticate, without trusting who wrote it. */
#include "oci/auth_challenge.h"

#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "common/buffer.h"
#include "common/memory.h"
#include "oci/limits.h"

/* tchar of RFC 9110, section 5.6.2; ctype.h asks the locale. */
static bool is_token(char c)
{
        return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') ||
               (c != '\0' && strchr("!#$%&'*+-.^_`|~", c));
}

static const char *skip_space(const char *at)
{
        return at + strspn(at, " \t");
}

/* White space and empty elements of the list. */
static const char *skip_commas(const char *at)
{
        return at + strspn(at, " \t,");
}

/* NULL when there is none at *at. */
static char *take_token(const char **at)
{
        const char *begin = *at;

        while (is_token(**at))
                (*at)++;
        return *at == begin ? NULL : memory_strndup(begin, (size_t)(*at - begin));
}

/* From the opening quote on; NULL when it is not closed or has a control character in it. */
static char *take_quoted(const char **at)
{
        CLEANUP_BUFFER struct buffer text = BUFFER_INIT;

        for ((*at)++; **at != '"'; (*at)++) {
                if (**at == '\\')
                        (*at)++;
                if ((unsigned char)**at < ' ' && **at != '\t')
                        return NULL;
                buffer_append_char(&text, **at);
        }
        (*at)++;
        return buffer_steal(&text);
}

/* name "=" value, if that is what comes next; *at stays where it is otherwise. */
static bool take_parameter(const char **at, char **ret_name, char **ret_value)
{
        CLEANUP_FREE char *name = NULL;
        const char *here = *at;

        name = take_token(&here);
        here = skip_space(here);
        if (!name || *here != '=')
                return false;
        here = skip_space(here + 1);
        *ret_value = *here == '"' ? take_quoted(&here) : take_token(&here);
        if (!*ret_value)
                return false;
        *ret_name = STEAL(name);
        *at = here;
        return true;
}

static void keep_parameter(struct auth_challenge *c, const char *name, char **value)
{
        const struct {
                const char *name;
                char **field;
        } known[] = {{"realm", &c->realm}, {"service", &c->service}, {"scope", &c->scope}, {"error", &c->error}};

        for (size_t i = 0; i < ARRAY_SIZE(known); i++)
                if (strcasecmp(name, known[i].name) == 0 && !*known[i].field)
                        *known[i].field = STEAL(*value);
}

static enum auth_scheme find_scheme(const char *name)
{
        if (strcasecmp(name, "bearer") == 0)
                return AUTH_BEARER;
        return strcasecmp(name, "basic") == 0 ? AUTH_BASIC : AUTH_OTHER;
}

/* The parameters of one challenge, up to the next scheme: a word that no "=" follows. */
static void take_parameters(const char **at, struct auth_challenge *ret)
{
        bool more = true;

        while (more) {
                CLEANUP_FREE char *name = NULL;
                CLEANUP_FREE char *value = NULL;
                const char *here = skip_commas(*at);

                more = take_parameter(&here, &name, &value);
                if (!more)
                        break;
                *at = here;
                keep_parameter(ret, name, &value);
        }
}

/* "Negotiate abc==": what RFC 9110 calls token68 stands where parameters would. */
static void skip_token68(const char **at)
{
        const char *here = skip_space(*at);
        const char *end = here;

        while (is_token(*end) || *end == '/')
                end++;
        end += strspn(end, "=");
        if (end > here && (*skip_space(end) == ',' || *skip_space(end) == '\0'))
                *at = end;
}

static void parse_value(const char *at, struct auth_challenges *ret)
{
        for (at = skip_commas(at); *at && ret->count < OCI_LIMIT_CHALLENGES; at = skip_commas(at)) {
                CLEANUP_FREE char *scheme = take_token(&at);

                if (!scheme || (*at != '\0' && *at != ' ' && *at != '\t' && *at != ','))
                        return;
                memory_grow(&ret->items, &ret->cap, ret->count + 1, sizeof(struct auth_challenge));
                ret->items[ret->count] = (struct auth_challenge){.scheme = find_scheme(scheme)};
                if (*at == ' ' || *at == '\t')
                        skip_token68(&at);
                take_parameters(&at, &ret->items[ret->count++]);
        }
}

void auth_challenges_parse(const struct strv *values, struct auth_challenges *ret)
{
        for (size_t i = 0; i < values->count; i++)
                parse_value(values->items[i], ret);
}

void auth_challenges_free(struct auth_challenges *c)
{
        for (size_t i = 0; i < c->count; i++) {
                free(c->items[i].realm);
                free(c->items[i].service);
                free(c->items[i].scope);
                free(c->items[i].error);
        }
        free(c->items);
        *c = (struct auth_challenges)AUTH_CHALLENGES_INIT;
}

const struct auth_challenge *auth_challenges_choose(const struct auth_challenges *c)
{
        const struct auth_challenge *basic = NULL;

        for (size_t i = 0; i < c->count; i++) {
                if (c->items[i].scheme == AUTH_BEARER && c->items[i].realm)
                        return &c->items[i];
                if (c->items[i].scheme == AUTH_BASIC && !basic)
                        basic = &c->items[i];
        }
        return basic;
}
