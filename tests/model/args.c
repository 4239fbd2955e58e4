/* SPDX-License-Identifier: Apache-2.0 */
/* Arguments of operations: how each kind of number is drawn, printed, read back and made simpler. */
#include "tests/model/args.h"

#include <fcntl.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "common/memory.h"
#include "tests/model/side.h"

/* A path is bytes: the number of names, then each name's place in this table, then how it ends or begins. */
static const char *const names[] = {"a", "b", "c", "d", "e", "LONG", "BYTES", "..", ".", "HUGE"};
#define ORDINARY  5 /* of them */
#define DEPTH_MAX 4
#define FORM(arg) ((arg) >> 56)
enum form { FORM_PLAIN, FORM_SLASH, FORM_UP, FORM_NOWHERE, FORM_FULL };

static const char *const xattrs[] = {
        "user.a",
        "user.bb",
        "user.with a rather longer name than the others have",
        "security.capability",
        "system.posix_acl_access",
        "system.posix_acl_default",
        "trusted.t",
        "nonsense",
};

static const struct {
        int flag;
        const char *name;
} open_flags[] = {
        {O_WRONLY, "wronly"},     {O_RDWR, "rdwr"},           {O_CREAT, "creat"},     {O_EXCL, "excl"},
        {O_TRUNC, "trunc"},       {O_APPEND, "append"},       {O_SYNC, "sync"},       {O_DSYNC, "dsync"},
        {O_NOFOLLOW, "nofollow"}, {O_DIRECTORY, "directory"}, {O_NOATIME, "noatime"}, {O_PATH, "path"},
        {O_DIRECT, "direct"},
};

uint32_t random_below(struct random *r, uint32_t below)
{
        r->state = r->state * UINT64_C(6364136223846793005) + UINT64_C(1442695040888963407);
        return (uint32_t)((r->state >> 33) % below);
}

/* --- drawing --- */

static uint64_t draw_path(struct random *r)
{
        uint32_t chance = random_below(r, 100);
        uint64_t depth = chance < 2 ? 0 : chance < 42 ? 1 : chance < 82 ? 2 : chance < 97 ? 3 : 4;
        uint64_t arg = depth;

        for (unsigned i = 0; i < depth; i++) {
                uint32_t name = random_below(r, ORDINARY);

                if (random_below(r, 120) == 0)
                        name = ORDINARY + random_below(r, ARRAY_SIZE(names) - ORDINARY);
                arg |= (uint64_t)name << (8 * (i + 1));
        }
        if (random_below(r, 60) == 0)
                arg |= (uint64_t)FORM_SLASH << 56;
        return arg;
}

static uint64_t draw_target(struct random *r)
{
        uint64_t arg = draw_path(r) & UINT64_C(0xffffffffffffff);
        uint32_t chance = random_below(r, 20);

        if (chance < 8)
                arg |= (uint64_t)FORM_UP << 56;
        else if (chance == 8)
                arg |= (uint64_t)FORM_NOWHERE << 56;
        else if (chance == 9)
                arg |= (uint64_t)FORM_FULL << 56;
        return arg;
}

static uint64_t draw_offset(struct random *r)
{
        switch (random_below(r, 6)) {
        case 0:
                return 0;
        case 1:
                return random_below(r, 500);
        case 2: /* beside the edge of a page, of a block of blocks, of a request */
                return 4096 * (1 + random_below(r, 40)) + random_below(r, 3) - 1;
        case 3:
                return 131072 + random_below(r, 3) - 1;
        default:
                return random_below(r, 180000);
        }
}

static uint64_t draw_size(struct random *r)
{
        switch (random_below(r, 6)) {
        case 0:
                return random_below(r, 3);
        case 1:
        case 2:
                return random_below(r, 500);
        case 3:
                return 4096 * (1 + random_below(r, 8)) + random_below(r, 3) - 1;
        default:
                return random_below(r, 70000);
        }
}

static uint64_t draw_mode(struct random *r)
{
        static const unsigned modes[] = {0777, 0755, 0700, 0644, 0666, 0600, 0000, 04755, 02755, 02777, 01777, 06711};

        unsigned mode = random_below(r, 4) == 0 ? random_below(r, 010000) : modes[random_below(r, ARRAY_SIZE(modes))];

        return mode & S_IXGRP ? mode : mode & ~(unsigned)S_ISGID; /* see side_mode */
}

static uint64_t draw_time(struct random *r)
{
        uint32_t form = random_below(r, 8);
        uint64_t value = random_below(r, 1000000000);

        return form << 30 | value;
}

static uint64_t draw_open(struct random *r)
{
        uint64_t arg = random_below(r, 3) << 30; /* read, write, both */

        if (random_below(r, 30) == 0)
                arg = 3u << 30;
        for (unsigned i = 2; i < ARRAY_SIZE(open_flags); i++)
                if (random_below(r, i == 2 ? 2 : 7) == 0)
                        arg |= 1u << i;
        return arg;
}

uint64_t arg_draw(char letter, struct random *random)
{
        switch (letter) {
        case 'p':
                return draw_path(random);
        case 'l':
                return draw_target(random);
        case 'f':
                return random_below(random, SIDE_SLOTS);
        case 'o':
                return draw_offset(random);
        case 'n':
                return draw_size(random);
        case 'm':
                return draw_mode(random);
        case 'u':
                return random_below(random, 5);
        case 'x':
                return random_below(random, 3) > 0 ? random_below(random, 3) : random_below(random, ARRAY_SIZE(xattrs));
        case 'v':
                return random_below(random, 1 << 20);
        case 't':
                return draw_time(random);
        case 'O':
                return draw_open(random);
        case 'c':
                return random_below(random, 8);
        default:
                abort();
        }
}

/* --- printing --- */

static void format_path(uint64_t arg, struct buffer *ret)
{
        unsigned depth = arg & 0xff;

        if (FORM(arg) == FORM_UP)
                buffer_append_string(ret, "../");
        if (FORM(arg) == FORM_NOWHERE)
                buffer_append_string(ret, "/proc/nowhere/");
        if (FORM(arg) == FORM_FULL)
                buffer_append_string(ret, "FULL/");
        if (depth == 0)
                buffer_append_char(ret, '.');
        for (unsigned i = 0; i < depth; i++)
                buffer_printf(ret, "%s%s", i > 0 ? "/" : "", names[(arg >> (8 * (i + 1))) & 0xff]);
        if (FORM(arg) == FORM_SLASH)
                buffer_append_char(ret, '/');
}

static void format_open(uint64_t arg, struct buffer *ret)
{
        static const char *const access[] = {"rdonly", "wronly", "rdwr", "accmode"};

        buffer_append_string(ret, access[(arg >> 30) & 3]);
        for (unsigned i = 2; i < ARRAY_SIZE(open_flags); i++)
                if (arg & 1u << i)
                        buffer_printf(ret, "+%s", open_flags[i].name);
}

void arg_format(char letter, uint64_t arg, struct buffer *ret)
{
        switch (letter) {
        case 'p':
        case 'l':
                format_path(arg, ret);
                break;
        case 'm':
                buffer_printf(ret, "0%o", (unsigned)arg);
                break;
        case 'O':
                format_open(arg, ret);
                break;
        default:
                buffer_printf(ret, "%" PRIu64, arg);
                break;
        }
}

/* --- reading --- */

static const char *skip_prefix(const char *word, const char *prefix)
{
        size_t size = strlen(prefix);

        return strncmp(word, prefix, size) == 0 ? word + size : NULL;
}

static int find_name(const char *word, size_t size, uint64_t *ret)
{
        for (size_t i = 0; i < ARRAY_SIZE(names); i++)
                if (strlen(names[i]) == size && memcmp(names[i], word, size) == 0) {
                        *ret = i;
                        return 0;
                }
        return -1;
}

static int parse_path(const char *word, uint64_t *ret)
{
        static const struct {
                const char *prefix;
                enum form form;
        } forms[] = {{"../", FORM_UP}, {"/proc/nowhere/", FORM_NOWHERE}, {"FULL/", FORM_FULL}};
        uint64_t form = FORM_PLAIN, depth = 0, name;

        *ret = 0;
        for (size_t i = 0; i < ARRAY_SIZE(forms); i++)
                if (skip_prefix(word, forms[i].prefix)) {
                        form = forms[i].form;
                        word = skip_prefix(word, forms[i].prefix);
                        break;
                }
        if (strcmp(word, ".") == 0)
                word = "";
        while (*word) {
                size_t size = strcspn(word, "/");

                if (depth == DEPTH_MAX || find_name(word, size, &name) < 0)
                        return -1;
                *ret |= name << (8 * ++depth);
                word += size;
                if (strcmp(word, "/") == 0)
                        form = FORM_SLASH;
                word += *word == '/';
        }
        *ret |= depth | form << 56;
        return 0;
}

static int parse_open(const char *word, uint64_t *ret)
{
        static const char *const access[] = {"rdonly", "wronly", "rdwr", "accmode"};
        size_t size = strcspn(word, "+");

        *ret = UINT64_MAX;
        for (uint64_t i = 0; i < ARRAY_SIZE(access); i++)
                if (strlen(access[i]) == size && memcmp(access[i], word, size) == 0)
                        *ret = i << 30;
        if (*ret == UINT64_MAX)
                return -1;
        for (word += size; *word == '+'; word += size) {
                bool known = false;

                size = strcspn(++word, "+");
                for (unsigned i = 2; i < ARRAY_SIZE(open_flags); i++)
                        if (strlen(open_flags[i].name) == size && memcmp(open_flags[i].name, word, size) == 0) {
                                *ret |= 1u << i;
                                known = true;
                        }
                if (!known)
                        return -1;
        }
        return 0;
}

int arg_parse(char letter, const char *word, uint64_t *ret)
{
        char *end;

        switch (letter) {
        case 'p':
        case 'l':
                return parse_path(word, ret);
        case 'O':
                return parse_open(word, ret);
        default:
                *ret = strtoull(word, &end, letter == 'm' ? 8 : 10);
                return *word != '\0' && *end == '\0' ? 0 : -1;
        }
}

bool arg_simplify(char letter, uint64_t arg, unsigned attempt, uint64_t *ret)
{
        static const uint64_t paths[] = {0x0001, 0x0101, 0x000002};

        if (letter == 'p' || letter == 'l') {
                if (attempt >= ARRAY_SIZE(paths))
                        return false;
                *ret = paths[attempt];
        } else if (letter == 'O') {
                if (attempt >= 2 * ARRAY_SIZE(open_flags))
                        return false;
                *ret = arg & ~(UINT64_C(1) << attempt % 30);
        } else {
                static const uint64_t numbers[] = {0, 1};

                if (attempt < ARRAY_SIZE(numbers))
                        *ret = letter == 'm' && attempt == 1 ? 0644 : numbers[attempt];
                else if (attempt == ARRAY_SIZE(numbers) && (letter == 'o' || letter == 'n'))
                        *ret = arg / 2;
                else
                        return false;
        }
        return true;
}

/* --- what they stand for --- */

static size_t expand_name(uint64_t name, char *to)
{
        switch (name) {
        case 5: /* the longest there is */
                memset(to, 'x', NAME_MAX);
                return NAME_MAX;
        case 6: /* any byte but '/' and NUL */
                memcpy(to, "\xff\n\x01 \xc3", 5);
                return 5;
        case 9:
                memset(to, 'y', NAME_MAX + 1);
                return NAME_MAX + 1;
        default:
                memcpy(to, names[name], strlen(names[name]));
                return strlen(names[name]);
        }
}

const char *arg_path(uint64_t arg, struct path_text *ret)
{
        unsigned depth = arg & 0xff;
        char *to = ret->text;

        if (FORM(arg) == FORM_UP)
                to = stpcpy(to, "../");
        if (FORM(arg) == FORM_NOWHERE)
                to = stpcpy(to, "/proc/nowhere/");
        if (FORM(arg) == FORM_FULL) {
                memset(to, '/', PATH_MAX - 1);
                memcpy(to, "nowhere", 7);
                ret->text[PATH_MAX - 1] = '\0';
                return ret->text;
        }
        if (depth == 0)
                *to++ = '.';
        for (unsigned i = 0; i < depth; i++) {
                if (i > 0)
                        *to++ = '/';
                to += expand_name((arg >> (8 * (i + 1))) & 0xff, to);
        }
        if (FORM(arg) == FORM_SLASH)
                *to++ = '/';
        *to = '\0';
        return ret->text;
}

const char *arg_xattr(uint64_t arg)
{
        return xattrs[arg % ARRAY_SIZE(xattrs)];
}

uid_t arg_id(uint64_t arg)
{
        static const uid_t ids[] = {0, 1000, 1001, 60000, (uid_t)-1};

        return ids[arg % ARRAY_SIZE(ids)];
}

struct timespec arg_time(uint64_t arg)
{
        long value = (long)(arg & ((1u << 30) - 1)) % 1000000000;

        switch (arg >> 30) {
        case 0:
                return (struct timespec){0, 0};
        case 1:
                return (struct timespec){0, value};
        case 2: /* before 1970 */
                return (struct timespec){-1 - value, value};
        case 3: /* after 2106 */
                return (struct timespec){INT64_C(4294967296) + value, value};
        case 4:
                return (struct timespec){0, UTIME_NOW};
        case 5:
                return (struct timespec){0, UTIME_OMIT};
        default:
                return (struct timespec){value, value};
        }
}

int arg_open_flags(uint64_t arg)
{
        int flags = (int)((arg >> 30) & 3);

        for (unsigned i = 2; i < ARRAY_SIZE(open_flags); i++)
                if (arg & 1u << i)
                        flags |= open_flags[i].flag;
        return flags | O_CLOEXEC | O_NONBLOCK;
}
