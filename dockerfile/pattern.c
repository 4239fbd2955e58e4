/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Path patterns as little state machines. State k means "the pieces before k
 * have matched"; a star is a state that loops. All states that are possible are
 * kept at once, in a bit set, so nothing is ever tried twice.
 */
#include "dockerfile/pattern.h"

#include <errno.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "common/memory.h"
#include "dockerfile/utf8.h"

enum piece_kind {
        PIECE_CHARACTER, /* itself */
        PIECE_ANY,       /* ?: one character but '/' */
        PIECE_CLASS,     /* [...]: one character; [^a] takes '/' too, as in Go */
        PIECE_STAR,      /* *: any run without '/' */
        PIECE_DEEP,      /* ** at the end: anything */
        PIECE_DIRS,      /* ** before something: nothing, or any run that ends in '/'; followed by PIECE_IN_DIRS */
        PIECE_IN_DIRS,   /* inside such a run */
};

struct class_range {
        uint32_t first, last;
};

struct piece {
        enum piece_kind kind;
        uint32_t character;
        bool negated;  /* [^...] */
        size_t ranges; /* where the class's ranges begin, and how many */
        size_t range_count;
};

struct dockerfile_pattern {
        struct piece *pieces;
        size_t count;
        size_t cap;
        struct class_range *ranges;
        size_t range_count;
        size_t range_cap;
        char *literal; /* the whole pattern when it has no special piece, else NULL */
};

#define WORD_BITS   64
#define STATE_WORDS (DOCKERFILE_PATTERN_MAX / WORD_BITS + 1)

struct states {
        uint64_t words[STATE_WORDS];
        size_t used; /* words in use for this pattern */
};

static struct piece *add(struct dockerfile_pattern *p, enum piece_kind kind)
{
        memory_grow(&p->pieces, &p->cap, p->count + 1, sizeof(*p->pieces));
        p->pieces[p->count] = (struct piece){.kind = kind};
        return &p->pieces[p->count++];
}

static int bad_pattern(const char *text, const char *why, struct error *err)
{
        return error_set(err, EINVAL, "bad pattern '%s': %s", text, why);
}

/* One character of a class, maybe escaped; '-' and ']' must be. */
static bool read_class_character(const char **at, uint32_t *ret)
{
        if (**at == '\0' || **at == '-' || **at == ']')
                return false;
        if (**at == '\\' && *++*at == '\0')
                return false;
        *at += dockerfile_utf8_next(*at, strlen(*at) < 4 ? strlen(*at) : 4, ret);
        return true;
}

/* "[^a-z...]", behind the '['. */
static int read_class(struct dockerfile_pattern *p, const char *text, const char **at, struct error *err)
{
        struct piece *piece = add(p, PIECE_CLASS);

        piece->ranges = p->range_count;
        piece->negated = **at == '^';
        *at += piece->negated;
        do {
                struct class_range r;

                if (!read_class_character(at, &r.first))
                        return bad_pattern(text, "'[' needs characters and ranges and then ']'", err);
                r.last = r.first;
                if (**at == '-') {
                        (*at)++;
                        if (!read_class_character(at, &r.last))
                                return bad_pattern(text, "a range in [...] does not end", err);
                }
                memory_grow(&p->ranges, &p->range_cap, p->range_count + 1, sizeof(*p->ranges));
                p->ranges[p->range_count++] = r;
                piece->range_count++;
                if (p->range_count > DOCKERFILE_PATTERN_MAX)
                        return bad_pattern(text, "it is too long", err);
        } while (**at != ']');
        (*at)++;
        return 0;
}

/* True if nothing but ordinary characters is left. */
static bool is_plain(const char *text)
{
        return text[strcspn(text, "*?[]\\")] == '\0';
}

/* "**", behind it. `first` when the pattern begins with it. */
static void read_deep(struct dockerfile_pattern *p, const char **at, bool first)
{
        bool slash = **at == '/';

        *at += slash;
        if (**at == '\0' || (first && !slash && is_plain(*at))) {
                /* "**name" is anything that ends in "name": patternmatcher's special case. */
                add(p, PIECE_DEEP);
                return;
        }
        if (p->count > 0 && p->pieces[p->count - 1].kind == PIECE_IN_DIRS)
                return;
        add(p, PIECE_DIRS);
        add(p, PIECE_IN_DIRS);
}

static int read_pieces(struct dockerfile_pattern *p, const char *text, enum dockerfile_pattern_kind kind,
                       struct error *err)
{
        const char *at = text;

        while (*at) {
                if (p->count + 2 > DOCKERFILE_PATTERN_MAX)
                        return bad_pattern(text, "it is too long", err);
                if (*at == '*') {
                        at++;
                        if (kind == DOCKERFILE_PATTERN_DEEP && *at == '*') {
                                at++;
                                read_deep(p, &at, at == text + 2);
                        } else if (p->count == 0 || p->pieces[p->count - 1].kind != PIECE_STAR) {
                                add(p, PIECE_STAR);
                        }
                } else if (*at == '?') {
                        at++;
                        add(p, PIECE_ANY);
                } else if (*at == '[') {
                        at++;
                        if (read_class(p, text, &at, err) < 0)
                                return -1;
                } else {
                        uint32_t c;

                        if (*at == '\\' && *++at == '\0')
                                return bad_pattern(text, "nothing follows the '\\' at its end", err);
                        at += dockerfile_utf8_next(at, strlen(at) < 4 ? strlen(at) : 4, &c);
                        add(p, PIECE_CHARACTER)->character = c;
                }
        }
        return 0;
}

int dockerfile_pattern_parse(const char *text, enum dockerfile_pattern_kind kind, struct dockerfile_pattern **ret,
                             struct error *err)
{
        struct dockerfile_pattern *p = memory_zalloc(1, sizeof(*p));

        if (read_pieces(p, text, kind, err) < 0) {
                dockerfile_pattern_free(p);
                return -1;
        }
        if (is_plain(text))
                p->literal = memory_strdup(text);
        *ret = p;
        return 0;
}

void dockerfile_pattern_free(struct dockerfile_pattern *p)
{
        if (!p)
                return;
        free(p->pieces);
        free(p->ranges);
        free(p->literal);
        free(p);
}

static void set(struct states *s, size_t state)
{
        s->words[state / WORD_BITS] |= UINT64_C(1) << (state % WORD_BITS);
}

static bool has(const struct states *s, size_t state)
{
        return s->words[state / WORD_BITS] >> (state % WORD_BITS) & 1;
}

/* Adds a state and those that are reached from it without reading anything. */
static void enter(const struct dockerfile_pattern *p, struct states *s, size_t state)
{
        while (!has(s, state)) {
                set(s, state);
                if (state == p->count)
                        return;
                if (p->pieces[state].kind == PIECE_STAR || p->pieces[state].kind == PIECE_DEEP)
                        state += 1;
                else if (p->pieces[state].kind == PIECE_DIRS)
                        state += 2;
                else
                        return;
        }
}

static void start(const struct dockerfile_pattern *p, struct states *s)
{
        s->used = p->count / WORD_BITS + 1;
        memset(s->words, 0, s->used * sizeof(s->words[0]));
        enter(p, s, 0);
}

static bool is_in_class(const struct dockerfile_pattern *p, const struct piece *piece, uint32_t c)
{
        bool found = false;

        for (size_t k = 0; k < piece->range_count && !found; k++) {
                const struct class_range *r = &p->ranges[piece->ranges + k];

                found = c >= r->first && c <= r->last;
        }
        return found != piece->negated;
}

/* Reads `c` in state `from` and enters what follows into `next`. */
static void step_state(const struct dockerfile_pattern *p, size_t from, uint32_t c, struct states *next)
{
        const struct piece *piece = &p->pieces[from];

        switch (piece->kind) {
        case PIECE_CHARACTER:
                if (c == piece->character)
                        enter(p, next, from + 1);
                break;
        case PIECE_ANY:
                if (c != '/')
                        enter(p, next, from + 1);
                break;
        case PIECE_CLASS:
                if (is_in_class(p, piece, c))
                        enter(p, next, from + 1);
                break;
        case PIECE_STAR:
                if (c != '/')
                        enter(p, next, from);
                break;
        case PIECE_DEEP:
                enter(p, next, from);
                break;
        case PIECE_DIRS:
                enter(p, next, from + 1);
                if (c == '/')
                        enter(p, next, from + 2);
                break;
        case PIECE_IN_DIRS:
                enter(p, next, from);
                if (c == '/')
                        enter(p, next, from + 1);
                break;
        }
}

/* Reads one character; false when no state is left. */
static bool step(const struct dockerfile_pattern *p, struct states *s, uint32_t c)
{
        struct states next = {.used = s->used};
        uint64_t any = 0;

        memset(next.words, 0, next.used * sizeof(next.words[0]));
        for (size_t w = 0; w < s->used; w++)
                for (uint64_t bits = s->words[w]; bits; bits &= bits - 1) {
                        size_t state = w * WORD_BITS + (size_t)__builtin_ctzll(bits);

                        if (state < p->count)
                                step_state(p, state, c, &next);
                }
        for (size_t w = 0; w < s->used; w++)
                any |= s->words[w] = next.words[w];
        return any != 0;
}

static bool literal_matches(const char *literal, const char *path, bool or_parent)
{
        size_t size = strlen(literal);

        if (strncmp(path, literal, size) != 0)
                return false;
        return path[size] == '\0' || (or_parent && size > 0 && path[size] == '/');
}

bool dockerfile_pattern_matches(const struct dockerfile_pattern *p, const char *path, bool or_parent)
{
        size_t size;
        struct states s;

        if (p->literal)
                return literal_matches(p->literal, path, or_parent);
        size = strlen(path);
        start(p, &s);
        for (size_t at = 0; at < size;) {
                uint32_t c;

                at += dockerfile_utf8_next(path + at, size - at, &c);
                if (or_parent && c == '/' && at > 1 && has(&s, p->count))
                        return true;
                if (!step(p, &s, c))
                        return false;
        }
        return has(&s, p->count);
}

bool dockerfile_pattern_may_contain(const struct dockerfile_pattern *p, const char *dir)
{
        size_t size = strlen(dir);
        uint64_t pending = 0;
        struct states s;

        start(p, &s);
        for (size_t at = 0; at < size;) {
                uint32_t c;

                at += dockerfile_utf8_next(dir + at, size - at, &c);
                if (!step(p, &s, c))
                        return false;
        }
        if (size > 0 && !step(p, &s, '/'))
                return false;
        /* The end alone wants no more characters. */
        s.words[p->count / WORD_BITS] &= ~(UINT64_C(1) << (p->count % WORD_BITS));
        for (size_t w = 0; w < s.used; w++)
                pending |= s.words[w];
        return pending != 0;
}
