/* SPDX-License-Identifier: Apache-2.0 */
/* The parts of a step's key, and what differs between two lists of them. */
#include "builder/parts.h"

#include <inttypes.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "common/map.h"
#include "common/memory.h"
#include "common/siphash.h"

#define HASH_SIZE ((size_t)16)
#define FILE_PART "file "
#define DIR_PART  "a file in "

/* Not secret: the same in every build. Who makes two files with one hash makes --explain say less. */
static const struct siphash_key key = {{0, 0}};

/* A name on one line: each of the bytes below ' ' as \xNN. */
static void append_name(struct buffer *to, const char *name)
{
        while (*name) {
                const char *plain = name;

                while ((unsigned char)*name >= 0x20)
                        name++;
                buffer_append(to, plain, (size_t)(name - plain));
                if (*name)
                        buffer_printf(to, "\\x%02x", (unsigned char)*name++);
        }
}

/* A COPY has a part for each of its files: printf would be a tenth of its key's time. */
static void append_hash(struct buffer *to, uint64_t hash)
{
        static const char digits[] = "0123456789abcdef";
        char text[HASH_SIZE];

        for (size_t i = HASH_SIZE; i > 0; hash >>= 4)
                text[--i] = digits[hash & 15];
        buffer_append(to, text, sizeof(text));
}

void builder_parts_clear(struct builder_parts *p)
{
        if (p)
                buffer_clear(&p->text);
}

void builder_parts_add(struct builder_parts *p, const char *kind, const char *name, const void *bytes, size_t size)
{
        if (!p)
                return;
        append_hash(&p->text, siphash_of(&key, 0, bytes, size));
        buffer_append_char(&p->text, ' ');
        buffer_append_string(&p->text, kind);
        if (name) {
                buffer_append_char(&p->text, ' ');
                append_name(&p->text, name[0] ? name : ".");
        }
        buffer_append_char(&p->text, '\n');
}

void builder_parts_add_text(struct builder_parts *p, const char *kind, const char *name, const char *text)
{
        builder_parts_add(p, kind, name, text ? text : "", text ? strlen(text) : 0);
}

void builder_parts_free(struct builder_parts *p)
{
        buffer_free(&p->text);
}

/* --- lines ---------------------------------------------------------------- */

struct part {
        const char *hash; /* HASH_SIZE bytes */
        const char *name;
        size_t size;
};

/* The next line of *text, which moves on; false at the end or at what is no part. */
static bool next_part(const char **text, struct part *ret)
{
        const char *end = strchr(*text, '\n');

        if (!end || (size_t)(end - *text) <= HASH_SIZE || (*text)[HASH_SIZE] != ' ')
                return false;
        *ret = (struct part){*text, *text + HASH_SIZE + 1, (size_t)(end - *text) - HASH_SIZE - 1};
        *text = end + 1;
        return true;
}

static struct map *index_parts(const char *text)
{
        struct map *map = map_new(NULL);
        struct part part;

        while (next_part(&text, &part))
                map_set(map, part.name, part.size, (void *)(uintptr_t)part.hash);
        return map;
}

/* --- comparing ------------------------------------------------------------- */

struct report {
        struct buffer *to;
        size_t limit, count;
        bool parent;
};

static void report(struct report *r, const struct part *part, const char *what)
{
        if (part->size == strlen(BUILDER_PART_PARENT) && memcmp(part->name, BUILDER_PART_PARENT, part->size) == 0) {
                r->parent = true;
                return;
        }
        if (r->count++ >= r->limit)
                return;
        if (r->count > 1)
                buffer_append_string(r->to, ", ");
        buffer_append(r->to, part->name, part->size);
        buffer_append_string(r->to, what);
}

void builder_parts_compare(const char *before, const char *after, size_t limit, struct buffer *ret)
{
        CLEANUP_MAP struct map *old = index_parts(before);
        CLEANUP_MAP struct map *new = index_parts(after);
        struct report r = {ret, limit, 0, false};
        struct part part;

        while (next_part(&after, &part)) {
                const char *hash = map_find(old, part.name, part.size);

                if (!hash)
                        report(&r, &part, " is new");
                else if (memcmp(hash, part.hash, HASH_SIZE) != 0)
                        report(&r, &part, " changed");
        }
        while (next_part(&before, &part))
                if (!map_find(new, part.name, part.size))
                        report(&r, &part, " is gone");
        if (r.count > limit)
                buffer_printf(ret, " and %zu more", r.count - limit);
        if (r.parent)
                buffer_printf(ret, "%s" BUILDER_PART_PARENT " changed", r.count > 0 ? ", " : "");
}

/* --- folding ----------------------------------------------------------------- */

static bool is_file(const struct part *part)
{
        return part->size > strlen(FILE_PART) && memcmp(part->name, FILE_PART, strlen(FILE_PART)) == 0;
}

struct folding {
        struct buffer *to;
};

static void append_directory(void *context, const void *name, size_t size, void *value)
{
        const struct folding *f = context;

        buffer_printf(f->to, "%016" PRIx64 " " DIR_PART "%.*s\n", *(uint64_t *)value, (int)size, (const char *)name);
}

/* The hashes of a directory's files, with their names, in any order. */
static void add_to_directory(struct map *directories, const struct part *part)
{
        const char *name = part->name + strlen(FILE_PART);
        size_t size = part->size - strlen(FILE_PART);
        const char *slash = memrchr(name, '/', size);
        size_t length = slash ? (size_t)(slash - name) : 1;
        const char *directory = slash ? name : ".";
        uint64_t *sum = map_find(directories, directory, length);

        if (!sum) {
                sum = memory_zalloc(1, sizeof(*sum));
                map_set(directories, directory, length, sum);
        }
        *sum += siphash_of(&key, 1, part->hash, HASH_SIZE + 1 + part->size);
}

void builder_parts_fold(const char *text, size_t limit, struct buffer *ret)
{
        CLEANUP_MAP struct map *directories = map_new(free);
        struct folding folding = {ret};
        const char *at = text;
        struct part part;
        size_t files = 0;

        while (next_part(&at, &part))
                files += is_file(&part);
        while (next_part(&text, &part)) {
                if (files > limit && is_file(&part))
                        add_to_directory(directories, &part);
                else
                        buffer_append(ret, part.hash, HASH_SIZE + 2 + part.size);
        }
        map_each(directories, append_directory, &folding);
}
