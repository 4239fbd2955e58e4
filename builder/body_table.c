/* SPDX-License-Identifier: Apache-2.0 */
/* Which bytes lie where in the data files and layer tars of the store. */
#include "builder/body_table.h"

#include <errno.h>
#include <pthread.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "builder/body.h"
#include "builder/record.h"
#include "common/buffer.h"
#include "common/fd.h"
#include "common/map.h"
#include "common/memory.h"
#include "common/siphash.h"

#define NAME        "bodies"
#define MAGIC       "bryo-bodies 2\n"
#define MAX_ENTRIES ((uint64_t)4 << 20)

/* What a tree writes and what is a layer's tar. Unpacked archives have other names and are left out. */
enum source_kind {
        SOURCE_DATA,  /* "data/" and 32 hex digits */
        SOURCE_LAYER, /* "blobs/" and 64 hex digits */
        SOURCE_KINDS
};

static const struct {
        const char *prefix;
        size_t hex;
} source_kinds[SOURCE_KINDS] = {[SOURCE_DATA] = {"data/", 32}, [SOURCE_LAYER] = {"blobs/", 64}};

struct header {
        char magic[16];
        char boot[40];
        uint64_t count;
        struct sha256_digest sum;
};

struct place {
        uint64_t kind;            /* enum source_kind */
        unsigned char source[32]; /* the digits' value, then zeros */
        uint64_t offset;
        uint64_t size;
};

struct entry {
        struct sha256_digest digest;
        struct place place;
};

_Static_assert(sizeof(struct entry) == 88, "the file holds this struct as it is");

struct builder_body_table {
        struct oci_store *store;
        struct overlay_pool *pool;
        const struct log *log;
        pthread_mutex_t lock; /* guards all below */
        bool loaded;
        struct buffer bytes;         /* the object */
        const struct entry *entries; /* in it, sorted by place */
        size_t count;
        size_t next;     /* the entry behind the one found last: whoever copies a tree asks in this order */
        uint32_t *slots; /* their numbers + 1, hashed by digest; 0: free. NULL until needed. Owned */
        size_t slot_mask;
        struct siphash_key slot_key;
        struct map *learnt;  /* place -> struct entry */
        struct map *digests; /* digest -> one of these entries; borrowed */
        struct map *here;    /* names of sources that are in the store -> uint64_t size */
};

/* --- the file ---------------------------------------------------------------------- */

static void set_boot(char ret[40])
{
        CLEANUP_FREE char *boot = builder_record_boot();

        memset(ret, 0, 40);
        memcpy(ret, boot, strnlen(boot, 39));
}

static bool is_sound(const struct buffer *bytes)
{
        const struct header *h = (const void *)bytes->data;
        const struct entry *entries;
        struct sha256_digest sum;

        if (bytes->size < sizeof(*h) || memcmp(h->magic, MAGIC, sizeof(MAGIC)) != 0 || h->count > MAX_ENTRIES ||
            bytes->size != sizeof(*h) + h->count * sizeof(struct entry))
                return false;
        sha256_of(bytes->data + sizeof(*h), bytes->size - sizeof(*h), &sum);
        if (!sha256_equal(&sum, &h->sum))
                return false;
        entries = (const void *)(bytes->data + sizeof(*h));
        for (uint64_t i = 0; i < h->count; i++)
                if (entries[i].place.kind >= SOURCE_KINDS)
                        return false;
        return true;
}

static bool is_of_this_boot(const struct buffer *bytes)
{
        const struct header *h = (const void *)bytes->data;
        char boot[40];

        set_boot(boot);
        return memcmp(h->boot, boot, sizeof(boot)) == 0 && strcmp(boot, "unknown") != 0;
}

/* Data files may have lost what was not synced; the others keep their order. */
static size_t drop_data(struct entry *entries, size_t count)
{
        size_t kept = 0;

        for (size_t i = 0; i < count; i++)
                if (entries[i].place.kind != SOURCE_DATA)
                        entries[kept++] = entries[i];
        return kept;
}

/* With the lock held. */
static void load(struct builder_body_table *t)
{
        CLEANUP_ERROR struct error err = ERROR_INIT;
        CLEANUP_FD int fd = -1;
        uint64_t size;

        if (t->loaded)
                return;
        t->loaded = true;
        if (oci_store_open_object(t->store, OCI_STORE_DIGESTS, NAME, &fd, &size, &err) < 0)
                return;
        if (size > sizeof(struct header) + MAX_ENTRIES * sizeof(struct entry) ||
            fd_pread_all(fd, buffer_reserve(&t->bytes, (size_t)size), (size_t)size, 0) < 0)
                return;
        t->bytes.size = (size_t)size;
        if (!is_sound(&t->bytes)) {
                log_print(t->log, LOG_INFO,
                          "the table of bodies is damaged or another version's: bytes are copied again");
                return;
        }
        t->count = (size_t)((const struct header *)(const void *)t->bytes.data)->count;
        t->entries = (const void *)(t->bytes.data + sizeof(struct header));
        if (is_of_this_boot(&t->bytes))
                return;
        log_print(t->log, LOG_INFO, "the table of bodies is of another boot: bytes that steps wrote are copied again");
        t->count = drop_data((void *)(t->bytes.data + sizeof(struct header)), t->count);
}

struct builder_body_table *builder_body_table_new(struct oci_store *store, struct overlay_pool *pool,
                                                  const struct log *log)
{
        struct builder_body_table *t = memory_zalloc(1, sizeof(*t));

        t->store = store;
        t->pool = pool;
        t->log = log;
        t->learnt = map_new(free);
        t->digests = map_new(NULL);
        t->here = map_new(free);
        siphash_key_init(&t->slot_key);
        pthread_mutex_init(&t->lock, NULL);
        return t;
}

void builder_body_table_free(struct builder_body_table *t)
{
        if (t == NULL)
                return;
        map_free(t->digests);
        map_free(t->learnt);
        map_free(t->here);
        pthread_mutex_destroy(&t->lock);
        buffer_free(&t->bytes);
        free(t->slots);
        free(t);
}

struct oci_store *builder_body_table_store(const struct builder_body_table *t)
{
        return t->store;
}

struct overlay_pool *builder_body_table_pool(const struct builder_body_table *t)
{
        return t->pool;
}

/* --- looking up --------------------------------------------------------------------- */

static int compare_places(const void *a, const void *b)
{
        const struct entry *x = a;
        const struct entry *y = b;
        int c = memcmp(x->place.source, y->place.source, sizeof(x->place.source));

        if (c != 0)
                return c;
        if (x->place.kind != y->place.kind)
                return x->place.kind < y->place.kind ? -1 : 1;
        if (x->place.offset != y->place.offset)
                return x->place.offset < y->place.offset ? -1 : 1;
        return x->place.size < y->place.size ? -1 : x->place.size > y->place.size;
}

/* The slot of the digest, or the free one where it would be. */
static uint32_t *find_slot(struct builder_body_table *t, const struct sha256_digest *digest)
{
        size_t at = (size_t)siphash_of(&t->slot_key, 0, digest, sizeof(*digest)) & t->slot_mask;

        while (t->slots[at] != 0 && !sha256_equal(&t->entries[t->slots[at] - 1].digest, digest))
                at = (at + 1) & t->slot_mask;
        return &t->slots[at];
}

static void hash_digests(struct builder_body_table *t)
{
        t->slot_mask = 15;
        while (t->slot_mask < 2 * t->count)
                t->slot_mask = 2 * t->slot_mask + 1;
        t->slots = memory_zalloc(t->slot_mask + 1, sizeof(*t->slots));
        for (size_t i = 0; i < t->count; i++)
                *find_slot(t, &t->entries[i].digest) = (uint32_t)i + 1;
}

/* With the lock held. */
static const struct entry *find_digest(struct builder_body_table *t, const struct sha256_digest *digest)
{
        const struct entry *found = map_find(t->digests, digest, sizeof(*digest));
        uint32_t number;

        load(t);
        if (found || t->count == 0)
                return found;
        if (!t->slots)
                hash_digests(t);
        number = *find_slot(t, digest);
        return number != 0 ? &t->entries[number - 1] : NULL;
}

/* With the lock held. */
static const struct entry *find_place(struct builder_body_table *t, const struct place *place)
{
        const struct entry *learnt = map_count(t->learnt) > 0 ? map_find(t->learnt, place, sizeof(*place)) : NULL;
        const struct entry wanted = {.place = *place};
        const struct entry *found;

        load(t);
        if (learnt || t->count == 0)
                return learnt;
        if (t->next < t->count && compare_places(&wanted, &t->entries[t->next]) == 0)
                found = &t->entries[t->next];
        else
                found = bsearch(&wanted, t->entries, t->count, sizeof(wanted), compare_places);
        if (found)
                t->next = (size_t)(found - t->entries) + 1;
        return found;
}

static int hex_value(char c)
{
        return c >= '0' && c <= '9' ? c - '0' : c >= 'a' && c <= 'f' ? c - 'a' + 10 : -1;
}

static bool parse_source(const char *name, enum source_kind kind, struct place *ret)
{
        size_t prefix = strlen(source_kinds[kind].prefix);

        if (strncmp(name, source_kinds[kind].prefix, prefix) != 0 || strlen(name) != prefix + source_kinds[kind].hex)
                return false;
        for (size_t i = 0; i < source_kinds[kind].hex / 2; i++) {
                int high = hex_value(name[prefix + 2 * i]);
                int low = hex_value(name[prefix + 2 * i + 1]);

                if (high < 0 || low < 0)
                        return false;
                ret->source[i] = (unsigned char)(high * 16 + low);
        }
        ret->kind = kind;
        return true;
}

/* Where the bytes of a file lie, if that is one piece of a source that is known here. */
static bool find_piece(const struct overlay_piece *pieces, size_t count, uint64_t size, struct place *ret)
{
        const char *name;

        if (count != 1 || pieces[0].offset != 0 || pieces[0].length != size)
                return false;
        *ret = (struct place){.offset = pieces[0].source_offset, .size = size};
        name = overlay_source_name(pieces[0].source);
        return parse_source(name, SOURCE_DATA, ret) || parse_source(name, SOURCE_LAYER, ret);
}

bool builder_body_table_find(struct builder_body_table *t, const struct overlay_piece *pieces, size_t count,
                             uint64_t size, struct sha256_digest *ret)
{
        const struct entry *found;
        struct place place;

        if (!find_piece(pieces, count, size, &place))
                return false;
        pthread_mutex_lock(&t->lock);
        found = find_place(t, &place);
        if (found)
                *ret = found->digest;
        pthread_mutex_unlock(&t->lock);
        return found != NULL;
}

/* --- sharing --------------------------------------------------------------------------- */

static void format_source(const struct place *place, char ret[OVERLAY_SOURCE_NAME_MAX + 1])
{
        static const char digits[] = "0123456789abcdef";
        size_t at = strlen(source_kinds[place->kind].prefix);

        memcpy(ret, source_kinds[place->kind].prefix, at);
        for (size_t i = 0; i < source_kinds[place->kind].hex / 2; i++) {
                ret[at++] = digits[place->source[i] >> 4];
                ret[at++] = digits[place->source[i] & 15];
        }
        ret[at] = '\0';
}

/*
 * True if the file is in the store, and long enough: the step that makes it may still fail, or find that nothing
 * needs its last bytes.
 */
static bool is_here(struct builder_body_table *t, const char *source, const struct place *place)
{
        CLEANUP_ERROR struct error err = ERROR_INIT;
        CLEANUP_FD int fd = -1;
        const uint64_t *known;
        uint64_t size = 0;
        struct stat st;

        pthread_mutex_lock(&t->lock);
        known = map_find(t->here, source, strlen(source));
        if (known)
                size = *known;
        pthread_mutex_unlock(&t->lock);
        if (!known) {
                if (builder_body_open(t->store, source, &fd, &err) < 0 || fstat(fd, &st) < 0)
                        return false;
                size = (uint64_t)st.st_size;
                pthread_mutex_lock(&t->lock);
                map_set(t->here, source, strlen(source), memory_dup(&size, sizeof(size)));
                pthread_mutex_unlock(&t->lock);
        }
        return place->offset <= size && place->size <= size - place->offset;
}

/* Where these bytes are, in a file of the store that is called `name`; false when they are nowhere. */
static bool locate(struct builder_body_table *t, const struct sha256_digest *digest, uint64_t size,
                   char name[OVERLAY_SOURCE_NAME_MAX + 1], struct place *ret)
{
        const struct entry *found;

        pthread_mutex_lock(&t->lock);
        found = find_digest(t, digest);
        if (found)
                *ret = found->place;
        pthread_mutex_unlock(&t->lock);
        if (!found || ret->size != size || size == 0)
                return false;
        format_source(ret, name);
        return is_here(t, name, ret);
}

bool builder_body_table_has(struct builder_body_table *t, const struct sha256_digest *digest, uint64_t size)
{
        char name[OVERLAY_SOURCE_NAME_MAX + 1];
        struct place place;

        return locate(t, digest, size, name, &place);
}

int builder_body_table_share(struct builder_body_table *t, const struct sha256_digest *digest, uint64_t size,
                             const struct overlay_ref *file, bool *ret_done, struct error *err)
{
        char name[OVERLAY_SOURCE_NAME_MAX + 1];
        struct overlay_source *source = NULL;
        struct place place;
        int result;

        *ret_done = false;
        if (!locate(t, digest, size, name, &place))
                return 0;
        if (overlay_pool_ensure(t->pool, name, place.offset + place.size, &source, err) < 0)
                return -1;
        result = overlay_node_extend(file, 0, size, source, place.offset, err);
        (void)overlay_source_unref(source);
        *ret_done = result == 0;
        return result;
}

/* --- learning -------------------------------------------------------------------------- */

void builder_body_table_add(struct builder_body_table *t, const struct overlay_piece *pieces, size_t count,
                            uint64_t size, const struct sha256_digest *digest)
{
        struct entry *entry;
        struct place place;

        if (!find_piece(pieces, count, size, &place))
                return;
        pthread_mutex_lock(&t->lock);
        if (!find_place(t, &place)) {
                entry = memory_zalloc(1, sizeof(*entry));
                entry->digest = *digest;
                entry->place = place;
                map_set(t->learnt, &place, sizeof(place), entry);
                if (!find_digest(t, digest))
                        map_set(t->digests, digest, sizeof(*digest), entry);
        }
        pthread_mutex_unlock(&t->lock);
}

static void append_learnt(void *context, const void *key, size_t size, void *value)
{
        (void)key;
        (void)size;
        buffer_append(context, value, sizeof(struct entry));
}

int builder_body_table_save(struct builder_body_table *t, struct error *err)
{
        struct header header = {.magic = MAGIC};
        CLEANUP_BUFFER struct buffer out = BUFFER_INIT;

        if (map_count(t->learnt) == 0)
                return 0;
        load(t);
        set_boot(header.boot);
        buffer_append(&out, &header, sizeof(header));
        map_each(t->learnt, append_learnt, &out);
        buffer_append(&out, t->entries, t->count * sizeof(*t->entries));
        header.count = (out.size - sizeof(header)) / sizeof(struct entry);
        if (header.count > MAX_ENTRIES)
                return builder_body_table_drop(t->store, err);
        qsort(out.data + sizeof(header), (size_t)header.count, sizeof(struct entry), compare_places);
        sha256_of(out.data + sizeof(header), out.size - sizeof(header), &header.sum);
        memcpy(out.data, &header, sizeof(header));
        return oci_store_save(t->store, OCI_STORE_DIGESTS, NAME, out.data, out.size, err);
}

int builder_body_table_drop(struct oci_store *store, struct error *err)
{
        CLEANUP_FD int fd = -1;

        if (!oci_store_has(store, OCI_STORE_DIGESTS, NAME))
                return 0;
        if (oci_store_remove(store, OCI_STORE_DIGESTS, NAME, err) < 0)
                return -1;
        fd = fd_open_directory(oci_store_fd(store), "digests");
        if (fd < 0 || fsync(fd) < 0)
                return error_errno(err, errno, "cannot make the removal of %s/digests/" NAME " last",
                                   oci_store_path(store));
        return 0;
}
