/* SPDX-License-Identifier: Apache-2.0 */
/* Where an overlay index becomes an OCI layer. */
#include "builder/layer_tar.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>

#include "builder/tar_states.h"
#include "common/memory.h"
#include "common/sha256_ahead.h"

#define CHUNK ((size_t)1 << 18)

struct stream {
        struct builder_workshop *workshop;
        struct overlay_index *index; /* NULL: the empty layer. Owned */
        struct overlay_source **sources; /* by number in the index; opened at first use; owned */
        uint32_t source_count;
        struct oci_layer_writer *writer;
        char *chunk; /* CHUNK bytes; owned */
        oci_write_function *write; /* takes the tar */
        void *context;
        /* the rest is for digests that go on from a state that is known (tar_states.h) */
        struct builder_tar_states *states; /* NULL: none of that */
        struct sha256_ahead *hash;
        bool probing;  /* the first way: only the recipe is made */
        bool probed;   /* ... and at its end: no error */
        uint64_t from; /* the second way: bytes before this place are known, and not made */
        bool in_body;  /* what the writer writes is no header */
};

/* Whether the bytes of the entry that is being written are wanted, not only its headers and places. */
static bool wants_bytes(const struct stream *s)
{
        return !s->probing && oci_layer_writer_offset(s->writer) >= s->from;
}

static bool wants_recipe(const struct stream *s)
{
        return s->states != NULL && oci_layer_writer_offset(s->writer) >= s->from;
}

/* Whatever the writer writes. */
static int pass_on(void *context, const void *bytes, size_t size, struct error *err)
{
        struct stream *s = context;

        if (!s->in_body && wants_recipe(s))
                builder_tar_states_add_header(s->states, bytes, size);
        return wants_bytes(s) ? s->write(s->context, bytes, size, err) : 0;
}

static int source_of(struct stream *s, uint32_t number, struct overlay_source **ret, struct error *err)
{
        struct overlay_index_source row;

        if (number >= s->source_count)
                return error_set(err, EBADMSG, "%s: a body names source %u of %u", overlay_index_label(s->index), number,
                                 s->source_count);
        if (s->sources[number] == NULL) {
                if (overlay_index_source(s->index, number, &row, err) < 0 ||
                    overlay_pool_ensure(s->workshop->pool, row.name, row.size, &s->sources[number], err) < 0)
                        return -1;
        }
        *ret = s->sources[number];
        return 0;
}

static int write_zeros(struct stream *s, uint64_t size, struct error *err)
{
        if (wants_recipe(s))
                builder_tar_states_add_hole(s->states, size);
        if (!wants_bytes(s))
                return oci_layer_writer_skip(s->writer, size, err);
        memset(s->chunk, 0, size < CHUNK ? (size_t)size : CHUNK); /* most files have no hole: nothing to clear */
        while (size > 0) {
                size_t n = size < CHUNK ? (size_t)size : CHUNK;

                if (oci_layer_writer_body(s->writer, s->chunk, n, err) < 0)
                        return -1;
                size -= n;
        }
        return 0;
}

static int write_extent(struct stream *s, const struct overlay_extent *extent, struct error *err)
{
        struct overlay_source *source = NULL;
        uint64_t done = 0;

        if (source_of(s, extent->source, &source, err) < 0)
                return -1;
        if (wants_recipe(s))
                builder_tar_states_add_piece(s->states, overlay_source_name(source), extent->source_offset, extent->length);
        if (!wants_bytes(s))
                return oci_layer_writer_skip(s->writer, extent->length, err);
        while (done < extent->length) {
                size_t n = extent->length - done < CHUNK ? (size_t)(extent->length - done) : CHUNK;

                if (overlay_source_read(source, s->chunk, n, extent->source_offset + done, err) < 0 ||
                    oci_layer_writer_body(s->writer, s->chunk, n, err) < 0)
                        return -1;
                done += n;
        }
        return 0;
}

static int write_pieces(struct stream *s, const struct overlay_walk_entry *entry, struct error *err)
{
        uint64_t at = 0;

        for (size_t i = 0; i < entry->extent_count; i++) {
                const struct overlay_extent *extent = &entry->extents[i];

                if (write_zeros(s, extent->offset - at, err) < 0 || write_extent(s, extent, err) < 0)
                        return -1;
                at = extent->offset + extent->length;
        }
        return write_zeros(s, entry->size - at, err);
}

static int write_body(struct stream *s, const struct overlay_walk_entry *entry, struct error *err)
{
        int result;

        s->in_body = true;
        result = write_pieces(s, entry, err);
        s->in_body = false;
        return result;
}

static int write_marker(struct stream *s, enum oci_entry_kind kind, const char *path, struct error *err)
{
        const struct oci_entry marker = { .kind = kind, .path = path };

        return oci_layer_writer_entry(s->writer, &marker, err);
}

static int write_entry(struct stream *s, const struct overlay_walk_entry *entry, struct error *err)
{
        struct oci_xattr *xattrs = memory_zalloc(entry->xattr_count, sizeof(*xattrs));
        struct oci_entry out = {
                .kind = entry->link ? OCI_ENTRY_HARDLINK : oci_entry_kind_of(entry->mode),
                .path = entry->path,
                .mode = entry->mode & 07777,
                .uid = entry->uid,
                .gid = entry->gid,
                .mtime = entry->mtime_sec,
                .rdev_major = major(entry->rdev),
                .rdev_minor = minor(entry->rdev),
                .target = entry->link ? entry->link : entry->target,
                .xattrs = xattrs,
                .xattr_count = entry->link ? 0 : entry->xattr_count,
        };
        int result;

        if (out.kind == OCI_ENTRY_FILE)
                out.size = entry->size;
        for (size_t i = 0; i < entry->xattr_count; i++)
                xattrs[i] = (struct oci_xattr){ entry->xattrs[i].name, entry->xattrs[i].value, entry->xattrs[i].size };
        result = oci_layer_writer_entry(s->writer, &out, err);
        free(xattrs);
        return result;
}

static int visit(void *context, const struct overlay_walk_entry *entry, struct error *err)
{
        struct stream *s = context;
        const uint64_t offset = oci_layer_writer_offset(s->writer);

        if (s->probing && !builder_tar_states_probe(s->states, offset)) {
                s->probed = true;
                return -1;
        }
        if (s->states && !s->probing && offset > s->from)
                builder_tar_states_note(s->states, offset, s->hash);
        if (entry->whiteout)
                return write_marker(s, OCI_ENTRY_WHITEOUT, entry->path, err);
        if (!entry->implicit && write_entry(s, entry, err) < 0)
                return -1;
        if (entry->opaque && write_marker(s, OCI_ENTRY_OPAQUE, entry->path, err) < 0)
                return -1;
        return S_ISREG(entry->mode) && !entry->link && !entry->implicit ? write_body(s, entry, err) : 0;
}

static int open_index(struct stream *s, const char *name, struct error *err)
{
        CLEANUP_FREE char *path = memory_printf("indexes/%s", name);
        const struct overlay_index_options options = { .log = s->workshop->log };

        if (overlay_index_open(oci_store_fd(s->workshop->store), path, &options, &s->index, err) < 0)
                return -1;
        s->source_count = overlay_index_source_count(s->index);
        s->sources = memory_zalloc(s->source_count, sizeof(struct overlay_source *));
        s->chunk = memory_alloc(CHUNK);
        return 0;
}

static void close_index(struct stream *s)
{
        for (uint32_t i = 0; i < s->source_count; i++)
                (void)overlay_source_unref(s->sources[i]);
        free(s->sources);
        free(s->chunk);
        (void)overlay_index_unref(s->index);
}

/* Once through the whole tar, or as far as a probe goes. */
static int walk(struct stream *s, struct error *err)
{
        int result;

        s->writer = oci_layer_writer_new(pass_on, s);
        result = s->index ? overlay_index_walk(s->index, visit, s, err) : 0;
        if (s->probing)
                result = s->probed ? 0 : result;
        else if (result == 0)
                result = oci_layer_writer_finish(s->writer, err);
        oci_layer_writer_free(s->writer);
        return result;
}

int builder_layer_tar_stream(struct builder_workshop *w, const char *index, oci_write_function *write, void *context,
                             struct error *err)
{
        struct stream s = { .workshop = w, .write = write, .context = context };
        int result = index ? open_index(&s, index, err) : 0;

        if (result == 0)
                result = walk(&s, err);
        close_index(&s);
        return result;
}

struct counted_hash {
        struct sha256_ahead *hash; /* borrowed */
        uint64_t size;
};

static int hash_bytes(void *context, const void *bytes, size_t size, struct error *err)
{
        struct counted_hash *h = context;

        (void)err;
        sha256_ahead_update(h->hash, bytes, size);
        h->size += size;
        return 0;
}

/* The first way finds where the digest can go on from, the second goes on. */
static int digest_index(struct stream *s, struct counted_hash *h, struct error *err)
{
        s->probing = true;
        if (walk(s, err) < 0)
                return -1;
        s->probing = false;
        s->from = h->size = builder_tar_states_resume(s->states, h->hash);
        return walk(s, err);
}

int builder_layer_tar_digest(struct builder_workshop *w, struct builder_layer *layer, struct error *err)
{
        CLEANUP_TAR_STATES struct builder_tar_states *states = builder_tar_states_new(w->store, w->log);
        CLEANUP_SHA256_AHEAD struct sha256_ahead *hash = sha256_ahead_new(); /* freed first: it writes into the states */
        struct counted_hash h = { .hash = hash };
        struct stream s = { .workshop = w, .write = hash_bytes, .context = &h, .states = states, .hash = hash };
        int result = layer->index ? open_index(&s, layer->index, err) : 0;

        if (result == 0)
                result = digest_index(&s, &h, err);
        close_index(&s);
        if (result < 0)
                return -1;
        sha256_ahead_final(hash, &layer->diff_id);
        builder_tar_states_save(states);
        layer->size = h.size;
        layer->writer = OCI_LAYER_WRITER_VERSION;
        layer->has_diff = true;
        return 0;
}
