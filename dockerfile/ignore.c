/* SPDX-License-Identifier: Apache-2.0 */
/* .dockerignore: an ordered list of patterns of which the last that matches decides. */
#include "dockerfile/ignore.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "common/buffer.h"
#include "common/memory.h"
#include "dockerfile/pattern.h"
#include "dockerfile/utf8.h"

/* No real file comes near; it bounds what a hostile one costs for each path. */
#define MAX_PATTERNS 65536

struct rule {
        struct dockerfile_pattern *pattern;
        bool keeps; /* "!": what it matches is not left out */
        unsigned line;
};

struct dockerfile_ignore {
        struct rule *rules;
        size_t count;
        size_t cap;
        bool keeps; /* some rule does */
};

/* Takes the last component away, and the '/' in front of it. */
static void drop_last(struct buffer *path)
{
        while (path->size > 0 && path->data[path->size - 1] != '/')
                path->size--;
        if (path->size > 0)
                path->size--;
        path->data[path->size] = '\0';
}

/*
 * Go's path.Clean, but for a leading '/', which is dropped: no empty or "."
 * components, ".." takes the one in front of it away, except at the start of a
 * path that had no '/' there; "." when nothing is left.
 */
static char *clean(const char *path)
{
        struct buffer out = BUFFER_INIT;
        bool rooted = path[0] == '/';
        size_t components = 0; /* that ".." may take away */

        for (size_t size; *path; path += size, path += *path == '/') {
                bool up;

                size = strcspn(path, "/");
                up = size == 2 && strncmp(path, "..", 2) == 0;
                if (size == 0 || (size == 1 && path[0] == '.') || (up && rooted && components == 0))
                        continue;
                if (up && components > 0) {
                        drop_last(&out);
                        components--;
                        continue;
                }
                if (out.size > 0)
                        buffer_append_char(&out, '/');
                buffer_append(&out, path, size);
                components += !up;
        }
        if (out.size == 0)
                buffer_append_char(&out, '.');
        return buffer_steal(&out);
}

/* Adds text[start..end], which may begin with '!'. */
static int add_rule(struct dockerfile_ignore *m, const char *text, size_t start, size_t end, unsigned line,
                    struct error *err)
{
        CLEANUP_FREE char *raw = NULL;
        CLEANUP_FREE char *cleaned = NULL;
        const char *pattern;
        struct rule rule = {.line = line};

        dockerfile_utf8_trim(text, &start, &end);
        if (start == end)
                return 0;
        if (text[start] == '!') {
                rule.keeps = true;
                start++;
                dockerfile_utf8_trim(text, &start, &end);
                if (start == end)
                        return error_set(err, EINVAL, "a '!' without a pattern: write !path to keep path");
        }
        if (m->count == MAX_PATTERNS)
                return error_set(err, E2BIG, "more than %d patterns", MAX_PATTERNS);
        raw = memory_strndup(text + start, end - start);
        cleaned = clean(raw);
        pattern = cleaned;
        /* BuildKit looks for a '!' once more when the pattern is clean: "/!x" is "!x" (moby/patternmatcher) */
        if (!rule.keeps && pattern[0] == '!') {
                rule.keeps = true;
                pattern++;
        }
        /* "!/" is nothing but the '!' by then; "!." is not, and means as little */
        if (pattern[0] == '\0' || (rule.keeps && raw[0] == '/' && strcmp(cleaned, ".") == 0))
                return error_set(err, EINVAL, "a '!' without a pattern in front of '%s': write !path to keep path", raw);
        if (dockerfile_pattern_parse(pattern, DOCKERFILE_PATTERN_DEEP, &rule.pattern, err) < 0)
                return -1;
        memory_grow(&m->rules, &m->cap, m->count + 1, sizeof(*m->rules));
        m->rules[m->count++] = rule;
        m->keeps |= rule.keeps;
        return 0;
}

static int parse_lines(struct dockerfile_ignore *m, const char *text, size_t size, const char *name, struct error *err)
{
        unsigned line = 0;

        if (size >= 3 && memcmp(text, "\xEF\xBB\xBF", 3) == 0) {
                text += 3;
                size -= 3;
        }
        while (size > 0) {
                const char *newline = memchr(text, '\n', size);
                size_t n = newline ? (size_t)(newline - text) : size;

                line++;
                if (memchr(text, '\0', n))
                        return error_set(err, EINVAL, "%s:%u: a NUL byte: this is not a text file", name, line);
                /* Only in the first column: " #x" is a pattern. */
                if (text[0] != '#' && add_rule(m, text, 0, n, line, err) < 0)
                        return error_wrap(err, "%s:%u", name, line);
                n += newline != NULL;
                text += n;
                size -= n;
        }
        return 0;
}

int dockerfile_ignore_parse(const char *text, size_t size, const char *name, struct dockerfile_ignore **ret,
                            struct error *err)
{
        CLEANUP_IGNORE struct dockerfile_ignore *m = memory_zalloc(1, sizeof(*m));

        if (parse_lines(m, text, size, name, err) < 0)
                return -1;
        *ret = STEAL(m);
        return 0;
}

int dockerfile_ignore_new(const char *const *patterns, size_t count, struct dockerfile_ignore **ret, struct error *err)
{
        CLEANUP_IGNORE struct dockerfile_ignore *m = memory_zalloc(1, sizeof(*m));

        for (size_t k = 0; k < count; k++)
                if (add_rule(m, patterns[k], 0, strlen(patterns[k]), (unsigned)k + 1, err) < 0)
                        return -1;
        *ret = STEAL(m);
        return 0;
}

void dockerfile_ignore_free(struct dockerfile_ignore *m)
{
        if (!m)
                return;
        for (size_t k = 0; k < m->count; k++)
                dockerfile_pattern_free(m->rules[k].pattern);
        free(m->rules);
        free(m);
}

void dockerfile_ignore_cleanup(struct dockerfile_ignore **m)
{
        dockerfile_ignore_free(*m);
        *m = NULL;
}

bool dockerfile_ignore_has_exceptions(const struct dockerfile_ignore *m)
{
        return m->keeps;
}

/* A name that nobody has is left out only by what leaves out all names. */
bool dockerfile_ignore_is_everything(const struct dockerfile_ignore *m)
{
        return dockerfile_ignore_matches(m, "\001a name that nobody has\001", NULL);
}

size_t dockerfile_ignore_count(const struct dockerfile_ignore *m)
{
        return m->count;
}

/* The last rule that matches the path or a parent of it; m->count when none does. */
static size_t find_rule(const struct dockerfile_ignore *m, const char *path)
{
        if (path[0] == '\0' || strcmp(path, ".") == 0)
                return m->count;
        for (size_t k = m->count; k > 0; k--)
                if (dockerfile_pattern_matches(m->rules[k - 1].pattern, path, true))
                        return k - 1;
        return m->count;
}

bool dockerfile_ignore_matches(const struct dockerfile_ignore *m, const char *path, unsigned *ret_line)
{
        size_t rule = find_rule(m, path);

        if (ret_line)
                *ret_line = rule < m->count ? m->rules[rule].line : 0;
        return rule < m->count && !m->rules[rule].keeps;
}

bool dockerfile_ignore_may_contain(const struct dockerfile_ignore *m, const char *dir)
{
        size_t rule = find_rule(m, dir);

        if (rule == m->count || m->rules[rule].keeps)
                return true;
        /* What left the directory out leaves out all below it, so only what stands behind it has a say. */
        for (size_t k = rule + 1; m->keeps && k < m->count; k++)
                if (m->rules[k].keeps && dockerfile_pattern_may_contain(m->rules[k].pattern, dir))
                        return true;
        return false;
}
