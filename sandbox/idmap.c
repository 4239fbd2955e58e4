/* SPDX-License-Identifier: Apache-2.0 */
/* Id maps as data: which ranges a user namespace gets. Setting them is mapping.c. */
#include "sandbox/idmap.h"

#include <ctype.h>
#include <errno.h>
#include <inttypes.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "common/memory.h"

/* 4294967295 is no id: (uid_t)-1 */
#define IDS_MAX UINT32_C(4294967295)

struct line {
        const char *owner;
        size_t owner_length;
        uint64_t start, count;
        bool valid;
};

void sandbox_idmap_free(struct sandbox_idmap *map)
{
        free(map->ranges);
        *map = (struct sandbox_idmap)SANDBOX_IDMAP_INIT;
}

static void add(struct sandbox_idmap *map, uint32_t inside, uint32_t outside, uint32_t count)
{
        memory_grow(&map->ranges, &map->cap, map->count + 1, sizeof(*map->ranges));
        map->ranges[map->count++] = (struct sandbox_idmap_range){inside, outside, count};
}

/* A decimal number that ends at `stop`, at most 2^32; false for anything else, signs and blanks included. */
static bool parse_number(const char *s, const char *stop, uint64_t *ret)
{
        uint64_t value = 0;

        if (s == stop)
                return false;
        for (; s < stop; s++) {
                if (!isdigit((unsigned char)*s))
                        return false;
                value = value * 10 + (uint64_t)(*s - '0');
                if (value > (uint64_t)IDS_MAX + 1)
                        return false;
        }
        *ret = value;
        return true;
}

/* Reads the line at `*text` and moves on; false at the end. */
static bool next_line(const char **text, struct line *ret)
{
        const char *s = *text, *end, *first, *second;

        if (*s == '\0')
                return false;
        end = strchrnul(s, '\n');
        *text = *end ? end + 1 : end;
        *ret = (struct line){s, (size_t)(end - s), 0, 0, false};
        first = memchr(s, ':', (size_t)(end - s));
        if (first == NULL)
                return true;
        ret->owner_length = (size_t)(first - s);
        second = memchr(first + 1, ':', (size_t)(end - first - 1));
        ret->valid = second != NULL && parse_number(first + 1, second, &ret->start) &&
                     parse_number(second + 1, end, &ret->count);
        return true;
}

static bool is_owner(const struct line *line, const char *name, uint32_t uid)
{
        char number[16];

        if (name != NULL && strlen(name) == line->owner_length && memcmp(line->owner, name, line->owner_length) == 0)
                return true;
        (void)snprintf(number, sizeof(number), "%u", uid);
        return strlen(number) == line->owner_length && memcmp(line->owner, number, line->owner_length) == 0;
}

/* Shortens [*start, *start + *count) to its first part that the map does not have yet; the rest is for the next turn.
 */
static bool cut_overlap(const struct sandbox_idmap *map, uint64_t *start, uint64_t *count)
{
        bool cut = false;

        for (size_t i = 0; i < map->count; i++) {
                uint64_t from = map->ranges[i].outside, to = from + map->ranges[i].count, end = *start + *count;

                if (end <= from || *start >= to)
                        continue;
                cut = true;
                if (*start < from)
                        *count = from - *start;
                else if (end > to)
                        *start = to, *count = end - to;
                else
                        *count = 0;
                i = (size_t)-1; /* what is left may meet another range */
        }
        return cut;
}

/* Adds what is new and possible of a range; `*inside` is the next free id. Returns false if some of it was left out. */
static bool add_range(struct sandbox_idmap *map, uint64_t start, uint64_t count, uint32_t *inside)
{
        const uint64_t end = start + count;
        bool whole = true;

        while (start < end) {
                uint64_t from = start, n = end - start;

                if (cut_overlap(map, &from, &n))
                        whole = false;
                if (n == 0)
                        return whole;
                start = from + n;
                if (from >= IDS_MAX || map->count == SANDBOX_IDMAP_MAX || *inside == IDS_MAX)
                        return false;
                if (n > IDS_MAX - from || n > IDS_MAX - *inside) {
                        n = IDS_MAX - (from > *inside ? from : *inside);
                        whole = false;
                }
                add(map, *inside, (uint32_t)from, (uint32_t)n);
                *inside += (uint32_t)n;
        }
        return whole;
}

uint32_t sandbox_idmap_parse_subordinate(const char *text, const char *name, uint32_t uid, uint32_t own,
                                         const struct log *log, struct sandbox_idmap *ret)
{
        uint32_t inside = 1;
        struct line line;

        add(ret, 0, own, 1);
        while (next_line(&text, &line)) {
                if (!is_owner(&line, name, uid))
                        continue;
                if (!line.valid)
                        log_print(log, LOG_WARNING,
                                  "subordinate ids: a line of %.*s is not NAME:START:COUNT and is ignored",
                                  (int)line.owner_length, line.owner);
                else if (!add_range(ret, line.start, line.count, &inside))
                        log_print(log, LOG_WARNING,
                                  "subordinate ids: of the range %" PRIu64 "+%" PRIu64
                                  " only the part that is an id, is new, and fits into the map is used",
                                  line.start, line.count);
        }
        return inside - 1;
}

uint32_t sandbox_idmap_suggest(const char *text)
{
        uint64_t start = 100000; /* SUB_UID_MIN of login.defs(5) */
        struct line line;

        while (next_line(&text, &line))
                if (line.valid && line.start + line.count > start)
                        start = line.start + line.count;
        return start + 65536 > 600100000 ? 0 : (uint32_t)start; /* SUB_UID_MAX */
}

int sandbox_idmap_parse_own(const char *text, struct sandbox_idmap *ret, struct error *err)
{
        while (*text != '\0') {
                uint32_t inside, outside, count;
                int length = 0;

                if (sscanf(text, " %" SCNu32 " %" SCNu32 " %" SCNu32 " %n", &inside, &outside, &count, &length) != 3 ||
                    length == 0 || ret->count == SANDBOX_IDMAP_MAX)
                        return error_set(err, EINVAL, "cannot read the id map of this user namespace: \"%s\"", text);
                add(ret, inside, inside, count);
                text += length;
        }
        if (ret->count == 0)
                return error_set(err, EPERM, "this user namespace has no ids mapped: nothing can be built in it");
        return 0;
}
