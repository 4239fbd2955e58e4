/* SPDX-License-Identifier: Apache-2.0 */
/* States of SHA-256 within the tars of layers. */
#include "builder/tar_states.h"

#include <endian.h>
#include <stdlib.h>
#include <string.h>

#include "common/buffer.h"
#include "common/memory.h"

#define MAGIC "bryo-states 1\n"

/* Half of it is digested in vain, on average; and a state takes 72 bytes and costs a recipe. */
#define STEP ((uint64_t)8 << 20)
/* 64 GiB of tar; what is behind them is digested each time. */
#define STATES_MAX 8192
/* From so many bytes of headers on there must be HEADER_SHARE times as many of bodies. */
#define HEADERS_FREE ((uint64_t)512 << 10)
#define HEADER_SHARE 4

struct state {
        struct sha256_digest recipe;
        struct sha256_digest state;
        uint64_t offset; /* big-endian in the object, else not */
};

_Static_assert(sizeof(struct state) == 72, "the object holds this struct as it is");

struct header {
        char magic[16];
        uint64_t count;
        struct sha256_digest sum;
};

struct builder_tar_states {
        struct oci_store *store; /* borrowed */
        const struct log *log;
        struct sha256 recipe;      /* up to here */
        uint64_t header_bytes;     /* of it, that are of headers */
        uint64_t next;             /* the next place is the first entry there or behind it */
        bool off;                  /* no places are looked for any more */
        char *name;                /* of the object; NULL before the first place. Owned */
        struct buffer bytes;       /* the object as it was loaded */
        const struct state *known; /* in `bytes`, offsets big-endian */
        size_t known_count;
        struct state **list; /* those of this tar; each and the list are owned */
        size_t count, cap;
        size_t found;         /* the first of them, which were known */
        struct sha256 resume; /* the recipe at the last of those */
};

struct builder_tar_states *builder_tar_states_new(struct oci_store *store, const struct log *log)
{
        struct builder_tar_states *t = memory_zalloc(1, sizeof(*t));

        t->store = store;
        t->log = log;
        t->next = STEP;
        sha256_init(&t->recipe);
        t->resume = t->recipe;
        return t;
}

void builder_tar_states_free(struct builder_tar_states *t)
{
        if (t == NULL)
                return;
        for (size_t i = 0; i < t->count; i++)
                free(t->list[i]);
        free(t->list);
        free(t->name);
        buffer_free(&t->bytes);
        free(t);
}

void builder_tar_states_cleanup(struct builder_tar_states **t)
{
        builder_tar_states_free(*t);
}

/* --- the recipe -------------------------------------------------------------------- */

void builder_tar_states_add_header(struct builder_tar_states *t, const void *bytes, size_t size)
{
        if (t->off)
                return;
        t->header_bytes += size;
        sha256_field_string(&t->recipe, "header");
        sha256_field(&t->recipe, bytes, size);
}

static void add_numbers(struct builder_tar_states *t, uint64_t first, uint64_t second)
{
        const uint64_t numbers[2] = {htobe64(first), htobe64(second)};

        sha256_update(&t->recipe, numbers, sizeof(numbers));
}

void builder_tar_states_add_piece(struct builder_tar_states *t, const char *source, uint64_t offset, uint64_t length)
{
        if (t->off)
                return;
        sha256_field_string(&t->recipe, "piece");
        sha256_field_string(&t->recipe, source);
        add_numbers(t, offset, length);
}

void builder_tar_states_add_hole(struct builder_tar_states *t, uint64_t length)
{
        if (t->off || length == 0)
                return;
        sha256_field_string(&t->recipe, "hole");
        add_numbers(t, length, 0);
}

/* --- the object -------------------------------------------------------------------- */

static bool is_sound(const struct buffer *bytes)
{
        const struct header *h = (const void *)bytes->data;
        struct sha256_digest sum;
        uint64_t count;

        if (bytes->size < sizeof(*h) || memcmp(h->magic, MAGIC, sizeof(MAGIC)) != 0)
                return false;
        count = be64toh(h->count);
        if (count > STATES_MAX || bytes->size != sizeof(*h) + count * sizeof(struct state))
                return false;
        sha256_of(bytes->data + sizeof(*h), bytes->size - sizeof(*h), &sum);
        return sha256_equal(&sum, &h->sum);
}

/* What is missing or damaged is empty. */
static void load(struct builder_tar_states *t)
{
        CLEANUP_ERROR struct error err = ERROR_INIT;

        if (oci_store_load(t->store, OCI_STORE_DIGESTS, t->name, &t->bytes, &err) < 0)
                return;
        if (!is_sound(&t->bytes)) {
                log_print(t->log, LOG_INFO, "the kept states of a layer's digest (%s) are damaged: all of it is read",
                          t->name);
                buffer_clear(&t->bytes);
                return;
        }
        t->known_count = (size_t)be64toh(((const struct header *)(const void *)t->bytes.data)->count);
        t->known = (const void *)(t->bytes.data + sizeof(struct header));
}

void builder_tar_states_save(struct builder_tar_states *t)
{
        CLEANUP_ERROR struct error err = ERROR_INIT;
        CLEANUP_BUFFER struct buffer out = BUFFER_INIT;
        struct header header = {.magic = MAGIC, .count = htobe64(t->count)};

        if (t->count == t->found)
                return;
        buffer_append(&out, &header, sizeof(header));
        for (size_t i = 0; i < t->count; i++) {
                struct state s = *t->list[i];

                s.offset = htobe64(s.offset);
                buffer_append(&out, &s, sizeof(s));
        }
        sha256_of(out.data + sizeof(header), out.size - sizeof(header), &header.sum);
        memcpy(out.data, &header, sizeof(header));
        if (oci_store_save(t->store, OCI_STORE_DIGESTS, t->name, out.data, out.size, &err) < 0)
                log_print(t->log, LOG_INFO, "%s", err.message);
}

/* --- places ------------------------------------------------------------------------ */

static bool is_place(struct builder_tar_states *t, uint64_t offset)
{
        if (!t->off && t->header_bytes > HEADERS_FREE && offset / (HEADER_SHARE + 1) < t->header_bytes)
                t->off = true;
        return !t->off && offset >= t->next && t->count < STATES_MAX;
}

static struct state *add(struct builder_tar_states *t, uint64_t offset)
{
        struct state *s = memory_zalloc(1, sizeof(*s));
        struct sha256 recipe = t->recipe;

        sha256_final(&recipe, &s->recipe);
        s->offset = offset;
        t->next = offset + STEP;
        memory_grow(&t->list, &t->cap, t->count + 1, sizeof(*t->list));
        t->list[t->count++] = s;
        return s;
}

static void name_object(struct builder_tar_states *t)
{
        char hex[SHA256_HEX_SIZE + 1];

        sha256_to_hex(&t->list[0]->recipe, hex);
        t->name = memory_printf("tar-%.32s", hex);
}

bool builder_tar_states_probe(struct builder_tar_states *t, uint64_t offset)
{
        const struct state *known;
        struct state *s;

        if (!is_place(t, offset))
                return !t->off;
        s = add(t, offset);
        if (t->name == NULL) {
                name_object(t);
                load(t);
        }
        known = t->count <= t->known_count ? &t->known[t->count - 1] : NULL;
        if (known == NULL || be64toh(known->offset) != offset || !sha256_equal(&known->recipe, &s->recipe))
                return false;
        s->state = known->state;
        t->found = t->count;
        t->resume = t->recipe;
        return true;
}

uint64_t builder_tar_states_resume(struct builder_tar_states *t, struct sha256_ahead *hash)
{
        const struct state *last = t->found > 0 ? t->list[t->found - 1] : NULL;

        while (t->count > t->found)
                free(t->list[--t->count]);
        t->recipe = t->resume;
        t->next = STEP;
        if (last == NULL)
                return 0;
        t->next += last->offset;
        sha256_ahead_resume(hash, &last->state, last->offset);
        return last->offset;
}

void builder_tar_states_note(struct builder_tar_states *t, uint64_t offset, struct sha256_ahead *hash)
{
        if (!is_place(t, offset))
                return;
        sha256_ahead_mark(hash, &add(t, offset)->state);
        if (t->name == NULL)
                name_object(t);
}
