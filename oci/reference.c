/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Image references. The grammar is distribution/reference's:
 *
 *     reference  = [domain "/"] path [":" tag] ["@" digest]
 *     domain     = host [":" digits];  host = label ("." label)* | "[" IPv6 "]"
 *     path       = component ("/" component)*
 *     component  = [a-z0-9]+ (("." | "_" | "__" | "-"+) [a-z0-9]+)*
 *     tag        = [A-Za-z0-9_][A-Za-z0-9_.-]{0,127}
 */
#include "oci/reference.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "common/memory.h"
#include "oci/digest.h"
#include "oci/limits.h"
#include "oci/quote.h"

#define DEFAULT_DOMAIN "docker.io"
#define LEGACY_DOMAIN  "index.docker.io"
#define OFFICIAL       "library/"
#define DEFAULT_TAG    "latest"

/* ctype.h asks the locale; references are ASCII. */
static bool is_digit(char c)
{
        return c >= '0' && c <= '9';
}

static bool is_lower(char c)
{
        return c >= 'a' && c <= 'z';
}

static bool is_upper(char c)
{
        return c >= 'A' && c <= 'Z';
}

static bool is_alphanumeric(char c)
{
        return is_digit(c) || is_lower(c) || is_upper(c);
}

static bool has_upper(const char *s)
{
        for (; *s; s++)
                if (is_upper(*s))
                        return true;
        return false;
}

bool oci_reference_tag_is_valid(const char *tag)
{
        size_t n = 0;

        for (; tag[n]; n++)
                if (!is_alphanumeric(tag[n]) && tag[n] != '_' && (n == 0 || (tag[n] != '.' && tag[n] != '-')))
                        return false;
        return n >= 1 && n <= OCI_LIMIT_TAG;
}

static bool path_is_valid(const char *p)
{
        for (;;) {
                size_t separators;

                if (!is_digit(*p) && !is_lower(*p))
                        return false;
                while (is_digit(*p) || is_lower(*p))
                        p++;
                if (*p == '\0')
                        return true;
                separators = strspn(p, "-");
                if (separators == 0 && *p == '_')
                        separators = p[1] == '_' ? 2 : 1;
                if (separators == 0 && (*p == '.' || *p == '/'))
                        separators = 1;
                if (separators == 0)
                        return false;
                p += separators;
        }
}

static bool domain_is_valid(const char *d)
{
        const char *p = d;

        if (*p == '[') {
                p += 1 + strspn(p + 1, "0123456789abcdefABCDEF:");
                if (p == d + 1 || *p++ != ']')
                        return false;
        } else {
                for (;;) {
                        if (!is_alphanumeric(*p))
                                return false;
                        while (is_alphanumeric(*p) || *p == '-')
                                p++;
                        if (p[-1] == '-')
                                return false;
                        if (*p != '.')
                                break;
                        p++;
                }
        }
        if (*p == ':') {
                p++;
                return *p != '\0' && p[strspn(p, "0123456789")] == '\0';
        }
        return *p == '\0';
}

/* Is the part in front of the first '/' a registry? */
static bool is_domain(const char *part)
{
        return strcmp(part, "localhost") == 0 || strpbrk(part, ".:") != NULL || has_upper(part);
}

static char *lower_copy(const char *s)
{
        char *copy = memory_strdup(s);

        for (char *p = copy; *p; p++)
                if (is_upper(*p))
                        *p = (char)(*p - 'A' + 'a');
        return copy;
}

/* Splits the name (no tag, no digest) into domain and path. */
static void split_name(const char *name, struct oci_reference *r)
{
        const char *slash = strchr(name, '/');
        CLEANUP_FREE char *first = slash ? memory_strndup(name, (size_t)(slash - name)) : NULL;
        const char *rest = name;

        if (first != NULL && is_domain(first)) {
                r->domain = memory_strdup(strcmp(first, LEGACY_DOMAIN) == 0 ? DEFAULT_DOMAIN : first);
                rest = slash + 1;
        } else {
                r->domain = memory_strdup(DEFAULT_DOMAIN);
        }
        if (strcmp(r->domain, DEFAULT_DOMAIN) == 0 && strchr(rest, '/') == NULL)
                r->path = memory_printf(OFFICIAL "%s", rest);
        else
                r->path = memory_strdup(rest);
}

/* Upper case alone is the commonest slip: say what was meant, if the whole becomes valid. */
static int fail_case(const char *text, const char *name, const char *quoted, struct error *err)
{
        CLEANUP_FREE char *lower = lower_copy(name);
        CLEANUP_FREE char *whole = memory_printf("%s%s", lower, text + strlen(name));
        CLEANUP_REFERENCE struct oci_reference *fixed = NULL;
        CLEANUP_ERROR struct error ignored = ERROR_INIT;

        if (oci_reference_parse(whole, &fixed, &ignored) < 0)
                return error_set(err, EINVAL, "invalid reference %s: repository name must be lower case", quoted);
        return error_set(err, EINVAL, "invalid reference %s: repository name must be lower case: did you mean %s?",
                         quoted, whole);
}

static int check_name(const char *text, const char *name, const struct oci_reference *r, struct error *err)
{
        CLEANUP_FREE char *quoted = oci_quote(text);

        if (strlen(name) == SHA256_HEX_SIZE && strspn(name, "0123456789abcdef") == SHA256_HEX_SIZE)
                return error_set(err, EINVAL, "invalid reference %s: 64 hex characters are an image ID, not a name",
                                 quoted);
        if (has_upper(r->path))
                return fail_case(text, name, quoted, err);
        if (!domain_is_valid(r->domain))
                return error_set(err, EINVAL, "invalid reference %s: \"%s\" is not a host name with an optional port",
                                 quoted, strpbrk(r->domain, "\"\\") ? "?" : r->domain);
        if (strchr(r->path, ':') && r->tag)
                return error_set(err, EINVAL,
                                 "invalid reference %s: a name has one tag, and both \"%s\" and \"%s\" stand here",
                                 quoted, strpbrk(r->path, "\"\\") ? "?" : strchr(r->path, ':') + 1, r->tag);
        if (!path_is_valid(r->path))
                return error_set(err, EINVAL,
                                 "invalid reference %s: a repository name is made of a-z and 0-9, separated by one of "
                                 ". _ __ - /",
                                 quoted);
        if (strlen(r->path) > OCI_LIMIT_REPOSITORY || strlen(r->domain) > OCI_LIMIT_REPOSITORY)
                return error_set(err, EINVAL, "invalid reference %s: longer than %u characters", quoted,
                                 OCI_LIMIT_REPOSITORY);
        return 0;
}

/* Cuts "@digest" off `name`. */
static int take_digest(const char *text, char *name, struct oci_reference *r, struct error *err)
{
        char *at = strchr(name, '@');

        if (at == NULL)
                return 0;
        *at = '\0';
        r->has_digest = true;
        if (oci_digest_parse(at + 1, &r->digest, err) < 0) {
                CLEANUP_FREE char *quoted = oci_quote(text);

                return error_wrap(err, "invalid reference %s", quoted);
        }
        return 0;
}

/* Cuts ":tag" off `name`; a colon in front of a '/' belongs to a port. */
static int take_tag(const char *text, char *name, struct oci_reference *r, struct error *err)
{
        char *colon = strrchr(name, ':');
        CLEANUP_FREE char *quoted = NULL;

        if (colon == NULL || strchr(colon, '/') != NULL)
                return 0;
        *colon = '\0';
        if (oci_reference_tag_is_valid(colon + 1)) {
                r->tag = memory_strdup(colon + 1);
                return 0;
        }
        quoted = oci_quote(text);
        return error_set(err, EINVAL,
                         "invalid reference %s: a tag has 1 to %u of the characters A-Z a-z 0-9 _ . - and starts with "
                         "none of . -",
                         quoted, OCI_LIMIT_TAG);
}

int oci_reference_parse(const char *text, struct oci_reference **ret, struct error *err)
{
        CLEANUP_REFERENCE struct oci_reference *r = memory_zalloc(1, sizeof(*r));
        CLEANUP_FREE char *name = memory_strdup(text);

        if (*text == '\0')
                return error_set(err, EINVAL, "invalid reference: the image name is empty");
        if (take_digest(text, name, r, err) < 0 || take_tag(text, name, r, err) < 0)
                return -1;
        split_name(name, r);
        if (check_name(text, name, r, err) < 0)
                return -1;
        if (r->tag == NULL && !r->has_digest)
                r->tag = memory_strdup(DEFAULT_TAG);
        *ret = STEAL(r);
        return 0;
}

struct oci_reference *oci_reference_copy(const struct oci_reference *r)
{
        struct oci_reference *copy = memory_dup(r, sizeof(*r));

        copy->domain = memory_strdup(r->domain);
        copy->path = memory_strdup(r->path);
        copy->tag = r->tag ? memory_strdup(r->tag) : NULL;
        return copy;
}

void oci_reference_free(struct oci_reference *r)
{
        if (r == NULL)
                return;
        free(r->domain);
        free(r->path);
        free(r->tag);
        free(r);
}

void oci_reference_cleanup(struct oci_reference **r)
{
        oci_reference_free(*r);
}

static void format_suffix(const struct oci_reference *r, struct buffer *ret)
{
        char digest[OCI_DIGEST_TEXT + 1];

        if (r->tag != NULL)
                buffer_printf(ret, ":%s", r->tag);
        if (r->has_digest) {
                oci_digest_format(&r->digest, digest);
                buffer_printf(ret, "@%s", digest);
        }
}

void oci_reference_format(const struct oci_reference *r, struct buffer *ret)
{
        buffer_printf(ret, "%s/%s", r->domain, r->path);
        format_suffix(r, ret);
}

void oci_reference_format_repository(const struct oci_reference *r, struct buffer *ret)
{
        const char *rest;

        if (strcmp(r->domain, DEFAULT_DOMAIN) != 0) {
                buffer_printf(ret, "%s/%s", r->domain, r->path);
                return;
        }
        rest = strncmp(r->path, OFFICIAL, strlen(OFFICIAL)) == 0 ? r->path + strlen(OFFICIAL) : r->path;
        /* "library/a/b" and "library/localhost" must stay long, or they would be read back as something else */
        if (strchr(rest, '/') != NULL)
                rest = r->path;
        buffer_append_string(ret, rest);
}

void oci_reference_format_familiar(const struct oci_reference *r, struct buffer *ret)
{
        oci_reference_format_repository(r, ret);
        format_suffix(r, ret);
}
