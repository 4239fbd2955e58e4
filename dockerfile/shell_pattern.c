/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Matching of the shell's small patterns by segments: between two stars there
 * is a run of characters to be found, earliest first, and nothing ever
 * backtracks over a star. A match at the end of a text is one at the start of
 * the text and the pattern written backwards.
 */
#include "dockerfile/shell_pattern.h"

#include <errno.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "common/memory.h"
#include "dockerfile/utf8.h"

/* Not characters, so that a pattern is a plain array. */
#define PATTERN_ANY  0xFFFFFFFEu
#define PATTERN_STAR 0xFFFFFFFFu
#define NO_MATCH     SIZE_MAX

struct characters {
        uint32_t *items;
        size_t count;
        size_t cap;
};

static void add(struct characters *c, uint32_t item)
{
        memory_grow(&c->items, &c->cap, c->count + 1, sizeof(*c->items));
        c->items[c->count++] = item;
}

static void free_characters(struct characters *c)
{
        free(c->items);
}
#define CLEANUP_CHARACTERS __attribute__((cleanup(free_characters)))

static void reverse(struct characters *c)
{
        for (size_t k = 0; k < c->count / 2; k++) {
                uint32_t item = c->items[k];

                c->items[k] = c->items[c->count - 1 - k];
                c->items[c->count - 1 - k] = item;
        }
}

static void read_value(const char *text, struct characters *ret)
{
        size_t size = strlen(text);
        uint32_t c;

        /* An array even for nothing, so that positions in it can be pointed to. */
        memory_grow(&ret->items, &ret->cap, 1, sizeof(*ret->items));
        for (size_t at = 0; at < size;) {
                at += dockerfile_utf8_next(text + at, size - at, &c);
                add(ret, c);
        }
}

static int read_pattern(const char *text, struct characters *ret, struct error *err)
{
        size_t size = strlen(text);
        uint32_t c;

        memory_grow(&ret->items, &ret->cap, 1, sizeof(*ret->items));
        for (size_t at = 0; at < size;) {
                at += dockerfile_utf8_next(text + at, size - at, &c);
                if (c == '\\') {
                        /* '}' and '/' are escaped only to not end the ${...}. */
                        if (at == size || !strchr("*?\\}/", text[at]))
                                return error_set(err, EINVAL,
                                                 "the pattern '%s' has a '\\' in front of something other than "
                                                 "* ? \\ } or /",
                                                 text);
                        add(ret, (unsigned char)text[at++]);
                } else if (c == '*') {
                        if (ret->count == 0 || ret->items[ret->count - 1] != PATTERN_STAR)
                                add(ret, PATTERN_STAR);
                } else {
                        add(ret, c == '?' ? PATTERN_ANY : c);
                }
        }
        return 0;
}

/* Does the segment p[0..n) stand at v[0..n)? */
static bool stands_at(const uint32_t *p, const uint32_t *v, size_t n, size_t *work)
{
        for (size_t k = 0; k < n; k++) {
                if (*work == 0)
                        return false;
                (*work)--;
                if (p[k] != PATTERN_ANY && p[k] != v[k])
                        return false;
        }
        return true;
}

/* The length of the segment that begins at `from`: up to the next star or the end. */
static size_t segment_size(const struct characters *p, size_t from)
{
        size_t to = from;

        while (to < p->count && p->items[to] != PATTERN_STAR)
                to++;
        return to - from;
}

/* The earliest (or last) place in v[from..] where the segment stands. */
static size_t find_segment(const uint32_t *p, size_t n, const struct characters *v, size_t from, bool last,
                           size_t *work)
{
        size_t found = NO_MATCH;

        for (size_t at = from; at + n <= v->count && *work > 0; at++) {
                (*work)--;
                if (!stands_at(p, v->items + at, n, work))
                        continue;
                found = at;
                if (!last)
                        break;
        }
        return found;
}

/* Where the shortest (longest) match that begins at `start` ends; NO_MATCH when there is none. */
static size_t match_end(const struct characters *p, const struct characters *v, size_t start, bool longest,
                        size_t *work)
{
        size_t n = segment_size(p, 0);
        size_t at = start + n;
        size_t next = n;

        if (start + n > v->count || !stands_at(p->items, v->items + start, n, work))
                return NO_MATCH;
        while (next < p->count) {
                size_t from = next + 1; /* behind the star */
                bool is_last;

                n = segment_size(p, from);
                is_last = from + n == p->count;
                if (is_last && n == 0)
                        return longest ? v->count : at;
                at = find_segment(p->items + from, n, v, at, longest && is_last, work);
                if (at == NO_MATCH)
                        return NO_MATCH;
                at += n;
                next = from + n;
        }
        return at;
}

static int too_much(const char *pattern, struct error *err)
{
        return error_set(err, ELOOP, "the pattern '%s' takes too long to match", pattern);
}

/* How many bytes v[from..to) takes in the text it was read from. */
static size_t byte_size(const struct characters *v, size_t from, size_t to)
{
        size_t size = 0;

        for (; from < to; from++) {
                uint32_t c = v->items[from];

                if (c >= DOCKERFILE_UTF8_BAD && c <= DOCKERFILE_UTF8_BAD + 0xFF)
                        size += 1;
                else
                        size += c < 0x80 ? 1 : c < 0x800 ? 2 : c < 0x10000 ? 3 : 4;
        }
        return size;
}

int dockerfile_shell_trim(const char *pattern, const char *value, bool at_end, bool longest, size_t *work,
                          struct buffer *ret, struct error *err)
{
        CLEANUP_CHARACTERS struct characters p = {NULL, 0, 0};
        CLEANUP_CHARACTERS struct characters v = {NULL, 0, 0};
        size_t end;
        size_t cut;

        if (read_pattern(pattern, &p, err) < 0)
                return -1;
        read_value(value, &v);
        if (at_end) {
                reverse(&p);
                reverse(&v);
        }
        end = match_end(&p, &v, 0, longest, work);
        if (*work == 0)
                return too_much(pattern, err);
        cut = end == NO_MATCH ? 0 : byte_size(&v, 0, end);
        if (at_end)
                buffer_append(ret, value, strlen(value) - cut);
        else
                buffer_append_string(ret, value + cut);
        return 0;
}

int dockerfile_shell_replace(const char *pattern, const char *value, const char *by, bool all, size_t limit,
                             size_t *work, struct buffer *ret, struct error *err)
{
        CLEANUP_CHARACTERS struct characters p = {NULL, 0, 0};
        CLEANUP_CHARACTERS struct characters v = {NULL, 0, 0};
        size_t after_match = NO_MATCH; /* where a match that was not empty ended: no empty one follows right there */
        size_t at = 0;
        size_t byte = 0;
        bool replaced = false;

        if (read_pattern(pattern, &p, err) < 0)
                return -1;
        read_value(value, &v);
        while (at <= v.count && ret->size <= limit && *work > 0) {
                size_t end = replaced && !all ? NO_MATCH : match_end(&p, &v, at, true, work);
                size_t next = end == NO_MATCH || end == at ? at + 1 : end;

                if (end != NO_MATCH && (end > at || at != after_match)) {
                        buffer_append_string(ret, by);
                        replaced = true;
                }
                if (end == NO_MATCH || end == at)
                        end = at;
                else
                        after_match = end;
                if (next <= v.count) {
                        size_t size = byte_size(&v, at, next);

                        if (end == at)
                                buffer_append(ret, value + byte, size);
                        byte += size;
                }
                at = next;
        }
        return *work == 0 ? too_much(pattern, err) : 0;
}
