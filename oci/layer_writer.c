/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The canonical layer tar, described rule by rule in doc/layer.md. Our own writer, because libarchive's adds atime and
 * ctime records, writes each extended attribute twice and fails on what it cannot name in the locale; and because these
 * bytes are digests' input for ever, so nobody else's next release may change them.
 */
#include "oci/layer_writer.h"

#include <errno.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

#include "common/buffer.h"
#include "common/memory.h"
#include "oci/limits.h"
#include "oci/pax.h"
#include "oci/quote.h"
#include "oci/tar_header.h"
#include "oci/utf8.h"

#define WHITEOUT_PREFIX ".wh."
#define OPAQUE_NAME     ".wh..wh..opq"
#define PAX_NAME        "././@PaxHeader"

#define MAX_SHORT 07777777ull           /* what 7 octal digits can say */
#define MAX_LONG  077777777777ull       /* what 11 can */
#define MAX_TIME  1000000000000000000ll /* what our reader takes from an extended header */

struct oci_layer_writer {
        oci_write_function *write;
        void *context;
        uint64_t offset;  /* bytes written */
        uint64_t body;    /* bytes of the body still to come */
        unsigned padding; /* zeros behind it */
        bool finished;
        bool started;
        struct buffer out;     /* headers under construction */
        struct buffer name;    /* the entry's name as the tar has it */
        struct buffer records; /* its extended header */
        /* the order so far */
        struct oci_entry last; /* kind, and path in last_path */
        struct buffer last_path;
        struct buffer directory; /* the last directory entry: it and its ancestors are there */
};

struct oci_layer_writer *oci_layer_writer_new(oci_write_function *write, void *context)
{
        struct oci_layer_writer *w = memory_zalloc(1, sizeof(*w));

        w->write = write;
        w->context = context;
        return w;
}

void oci_layer_writer_free(struct oci_layer_writer *w)
{
        if (w == NULL)
                return;
        buffer_free(&w->out);
        buffer_free(&w->name);
        buffer_free(&w->records);
        buffer_free(&w->last_path);
        buffer_free(&w->directory);
        free(w);
}

uint64_t oci_layer_writer_offset(const struct oci_layer_writer *w)
{
        return w->offset;
}

static int put(struct oci_layer_writer *w, const void *bytes, size_t size, struct error *err)
{
        if (w->write(w->context, bytes, size, err) < 0)
                return -1;
        w->offset += size;
        return 0;
}

static int put_zeros(struct oci_layer_writer *w, size_t size, struct error *err)
{
        static const char zeros[2 * OCI_TAR_BLOCK];

        return size == 0 ? 0 : put(w, zeros, size, err);
}

/* ---- what a layer cannot hold --------------------------------------------------- */

/* NULL, or why the path is not one of a layer. */
static const char *path_defect(const char *path)
{
        const char *p = path;

        if (strlen(path) > OCI_LIMIT_PATH)
                return "the path is longer than 4095 bytes";
        while (*p) {
                size_t n = strcspn(p, "/");

                if (n == 0 || (p[n] == '/' && p[n + 1] == '\0'))
                        return "the path has an empty component";
                if (n > OCI_LIMIT_NAME)
                        return "a name is longer than 255 bytes";
                if (strncmp(p, "./", 2) == 0 || strcmp(p, ".") == 0 || strncmp(p, "../", 3) == 0 ||
                    strcmp(p, "..") == 0)
                        return "the path has a component \".\" or \"..\"";
                if (strncmp(p, WHITEOUT_PREFIX, strlen(WHITEOUT_PREFIX)) == 0)
                        return "names that start with \".wh.\" mean something else in a layer";
                p += n + (p[n] == '/');
        }
        return NULL;
}

static const char *target_defect(const struct oci_entry *e)
{
        if (e->kind != OCI_ENTRY_SYMLINK && e->kind != OCI_ENTRY_HARDLINK)
                return e->target == NULL ? NULL : "a target without being a link";
        if (e->target == NULL || *e->target == '\0')
                return "a link without a target";
        if (e->kind == OCI_ENTRY_HARDLINK)
                return path_defect(e->target);
        return strlen(e->target) > OCI_LIMIT_PATH ? "the link target is longer than 4095 bytes" : NULL;
}

static const char *xattr_defect(const struct oci_entry *e)
{
        for (size_t i = 0; i < e->xattr_count; i++) {
                const struct oci_xattr *x = &e->xattrs[i];

                if (*x->name == '\0' || strchr(x->name, '=') != NULL)
                        return "an extended attribute has an empty name or a '=' in it";
                if (strlen(x->name) > OCI_LIMIT_XATTR_NAME || x->size > OCI_LIMIT_XATTR_SIZE)
                        return "an extended attribute is larger than Linux allows";
        }
        return e->xattr_count > OCI_LIMIT_XATTRS ? "too many extended attributes" : NULL;
}

static const char *entry_defect(const struct oci_entry *e)
{
        const char *defect = path_defect(e->path);

        if (defect != NULL || e->kind == OCI_ENTRY_OPAQUE)
                return defect;
        if (*e->path == '\0' && e->kind != OCI_ENTRY_DIRECTORY)
                return "the root is not a directory";
        if (e->kind == OCI_ENTRY_WHITEOUT)
                return NULL;
        if (e->kind != OCI_ENTRY_FILE && e->size != 0)
                return "a size without being a file";
        if (e->size > OCI_LIMIT_FILE_SIZE)
                return "the file is too large";
        if (e->mtime <= -MAX_TIME || e->mtime >= MAX_TIME)
                return "the time is out of range";
        if (e->rdev_major > MAX_SHORT || e->rdev_minor > MAX_SHORT)
                return "the device number is out of range";
        if (e->uid == UINT32_MAX || e->gid == UINT32_MAX)
                return "the owner is out of range";
        defect = target_defect(e);
        return defect ? defect : xattr_defect(e);
}

/* True if `path` is the directory `directory` or lies above it. */
static bool is_ancestor(const char *path, size_t size, const struct buffer *directory)
{
        const char *d = buffer_text(directory);

        return size <= directory->size && memcmp(path, d, size) == 0 &&
               (size == 0 || d[size] == '/' || d[size] == '\0');
}

static const char *order_defect(const struct oci_layer_writer *w, const struct oci_entry *e)
{
        const char *slash = strrchr(e->path, '/');
        size_t parent = slash ? (size_t)(slash - e->path) : 0;

        if (w->started && oci_entry_compare(&w->last, e) >= 0)
                return "the entry comes after its place in the canonical order";
        if (e->kind == OCI_ENTRY_OPAQUE)
                parent = strlen(e->path);
        return is_ancestor(e->path, parent, &w->directory) ? NULL : "the entry's directory was not written before it";
}

static int check(struct oci_layer_writer *w, const struct oci_entry *e, struct error *err)
{
        CLEANUP_FREE char *quoted = NULL;
        const char *defect = entry_defect(e);

        if (defect == NULL && w->finished)
                defect = "the layer is finished";
        if (defect == NULL && w->body > 0)
                defect = "the body of the file before it is incomplete";
        if (defect == NULL)
                defect = order_defect(w, e);
        if (defect == NULL)
                return 0;
        quoted = oci_quote(e->path);
        return error_set(err, EINVAL, "cannot put %s into a layer: %s", quoted, defect);
}

/* ---- headers ------------------------------------------------------------------------ */

/* An octal field with its NUL. The value fits. */
static void put_octal(char *block, size_t at, size_t size, uint64_t value)
{
        block[at + size - 1] = '\0';
        for (size_t i = size - 1; i-- > 0; value >>= 3)
                block[at + i] = (char)('0' + (value & 7));
}

/* As above; a value that needs more digits goes to the extended header, and the field says 0. */
static void put_number(struct oci_layer_writer *w, char *block, size_t at, size_t size, const char *key, int64_t value)
{
        uint64_t most = size == OCI_TAR_SHORT ? MAX_SHORT : MAX_LONG;

        if (value < 0 || (uint64_t)value > most) {
                CLEANUP_FREE char *text = memory_printf("%lld", (long long)value);

                oci_pax_append(&w->records, key, text, strlen(text));
                value = 0;
        }
        put_octal(block, at, size, (uint64_t)value);
}

/*
 * The name into name and prefix: whole if it fits, else split at the leftmost slash that makes both parts fit. False if
 * there is none; then the extended header has the name, and the field its first bytes for programs that do not know
 * better.
 */
static bool put_name(char *block, const char *name, size_t size)
{
        if (size <= OCI_TAR_NAME_SIZE) {
                memcpy(block + OCI_TAR_NAME, name, size);
                return true;
        }
        for (size_t i = 1; i <= OCI_TAR_PREFIX_SIZE && i + 1 < size; i++) {
                if (name[i] == '/' && size - i - 1 <= OCI_TAR_NAME_SIZE) {
                        memcpy(block + OCI_TAR_PREFIX, name, i);
                        memcpy(block + OCI_TAR_NAME, name + i + 1, size - i - 1);
                        return true;
                }
        }
        memcpy(block + OCI_TAR_NAME, name, OCI_TAR_NAME_SIZE);
        return false;
}

static bool put_link(char *block, const char *target, size_t size)
{
        memcpy(block + OCI_TAR_LINK, target, size < OCI_TAR_LINK_SIZE ? size : OCI_TAR_LINK_SIZE);
        return size <= OCI_TAR_LINK_SIZE;
}

static char type_of(enum oci_entry_kind kind)
{
        switch (kind) {
        case OCI_ENTRY_HARDLINK:
                return '1';
        case OCI_ENTRY_SYMLINK:
                return '2';
        case OCI_ENTRY_CHAR:
                return '3';
        case OCI_ENTRY_BLOCK:
                return '4';
        case OCI_ENTRY_DIRECTORY:
                return '5';
        case OCI_ENTRY_FIFO:
                return '6';
        case OCI_ENTRY_FILE:
        case OCI_ENTRY_WHITEOUT:
        case OCI_ENTRY_OPAQUE:
                break;
        }
        return '0';
}

/* What every header block has. */
static void begin_block(char block[OCI_TAR_BLOCK], char type)
{
        memset(block, 0, OCI_TAR_BLOCK);
        block[OCI_TAR_TYPE] = type;
        memcpy(block + OCI_TAR_MAGIC,
               "ustar\0"
               "00",
               8);
        put_octal(block, OCI_TAR_MODE, OCI_TAR_SHORT, 0);
        put_octal(block, OCI_TAR_UID, OCI_TAR_SHORT, 0);
        put_octal(block, OCI_TAR_GID, OCI_TAR_SHORT, 0);
        put_octal(block, OCI_TAR_SIZE, OCI_TAR_LONG, 0);
        put_octal(block, OCI_TAR_MTIME, OCI_TAR_LONG, 0);
        put_octal(block, OCI_TAR_DEVMAJOR, OCI_TAR_SHORT, 0);
        put_octal(block, OCI_TAR_DEVMINOR, OCI_TAR_SHORT, 0);
}

static int compare_xattrs(const void *a, const void *b)
{
        return strcmp((*(const struct oci_xattr *const *)a)->name, (*(const struct oci_xattr *const *)b)->name);
}

static void append_xattrs(struct oci_layer_writer *w, const struct oci_entry *e)
{
        CLEANUP_FREE const struct oci_xattr **sorted = memory_zalloc(e->xattr_count, sizeof(*sorted));

        for (size_t i = 0; i < e->xattr_count; i++)
                sorted[i] = &e->xattrs[i];
        qsort(sorted, e->xattr_count, sizeof(*sorted), compare_xattrs);
        for (size_t i = 0; i < e->xattr_count; i++) {
                CLEANUP_FREE char *key = memory_printf("SCHILY.xattr.%s", sorted[i]->name);

                oci_pax_append(&w->records, key, sorted[i]->value, sorted[i]->size);
        }
}

/* The name as the tar has it: directories end in '/', the root is "./", whiteouts get their prefix. */
static void make_name(struct oci_layer_writer *w, const struct oci_entry *e)
{
        const char *slash = strrchr(e->path, '/');
        const char *base = slash ? slash + 1 : e->path;

        buffer_clear(&w->name);
        if (e->kind == OCI_ENTRY_WHITEOUT) {
                buffer_append(&w->name, e->path, (size_t)(base - e->path));
                buffer_printf(&w->name, WHITEOUT_PREFIX "%s", base);
        } else if (e->kind == OCI_ENTRY_OPAQUE) {
                buffer_printf(&w->name, "%s%s" OPAQUE_NAME, e->path, *e->path ? "/" : "");
        } else {
                buffer_append_string(&w->name, e->kind == OCI_ENTRY_DIRECTORY && *e->path == '\0' ? "." : e->path);
                if (e->kind == OCI_ENTRY_DIRECTORY)
                        buffer_append_char(&w->name, '/');
        }
}

/* Makes the entry's header block, and in w->records what it cannot say. */
static void make_header(struct oci_layer_writer *w, const struct oci_entry *e, char block[OCI_TAR_BLOCK])
{
        const char *target = e->kind == OCI_ENTRY_SYMLINK || e->kind == OCI_ENTRY_HARDLINK ? e->target : "";
        bool name_fits, target_fits;

        begin_block(block, type_of(e->kind));
        buffer_clear(&w->records);
        make_name(w, e);
        name_fits = put_name(block, w->name.data, w->name.size);
        target_fits = put_link(block, target, strlen(target));
        if ((!name_fits && !oci_utf8_is_valid(w->name.data, w->name.size)) ||
            (!target_fits && !oci_utf8_is_valid(target, strlen(target))))
                oci_pax_append(&w->records, "hdrcharset", "BINARY", 6);
        if (!name_fits)
                oci_pax_append(&w->records, "path", w->name.data, w->name.size);
        if (!target_fits)
                oci_pax_append(&w->records, "linkpath", target, strlen(target));
        if (e->kind == OCI_ENTRY_WHITEOUT || e->kind == OCI_ENTRY_OPAQUE)
                return;
        put_octal(block, OCI_TAR_MODE, OCI_TAR_SHORT, e->kind == OCI_ENTRY_SYMLINK ? 0777 : e->mode & 07777);
        put_number(w, block, OCI_TAR_SIZE, OCI_TAR_LONG, "size", (int64_t)e->size);
        put_number(w, block, OCI_TAR_UID, OCI_TAR_SHORT, "uid", e->uid);
        put_number(w, block, OCI_TAR_GID, OCI_TAR_SHORT, "gid", e->gid);
        put_number(w, block, OCI_TAR_MTIME, OCI_TAR_LONG, "mtime", e->mtime);
        if (e->kind == OCI_ENTRY_CHAR || e->kind == OCI_ENTRY_BLOCK) {
                put_octal(block, OCI_TAR_DEVMAJOR, OCI_TAR_SHORT, e->rdev_major);
                put_octal(block, OCI_TAR_DEVMINOR, OCI_TAR_SHORT, e->rdev_minor);
        }
        append_xattrs(w, e);
}

/* Appends the extended header for w->records to w->out. */
static void append_records(struct oci_layer_writer *w)
{
        char block[OCI_TAR_BLOCK];

        begin_block(block, 'x');
        memcpy(block + OCI_TAR_NAME, PAX_NAME, strlen(PAX_NAME));
        put_octal(block, OCI_TAR_SIZE, OCI_TAR_LONG, w->records.size);
        oci_tar_block_sign(block);
        buffer_append(&w->out, block, sizeof(block));
        buffer_append(&w->out, w->records.data, w->records.size);
        while (w->out.size % OCI_TAR_BLOCK != 0)
                buffer_append_char(&w->out, '\0');
}

static void remember(struct oci_layer_writer *w, const struct oci_entry *e)
{
        buffer_clear(&w->last_path);
        buffer_append_string(&w->last_path, e->path);
        w->last = (struct oci_entry){.kind = e->kind, .path = buffer_text(&w->last_path)};
        w->started = true;
        if (e->kind == OCI_ENTRY_DIRECTORY) {
                buffer_clear(&w->directory);
                buffer_append_string(&w->directory, e->path);
        }
}

int oci_layer_writer_entry(struct oci_layer_writer *w, const struct oci_entry *e, struct error *err)
{
        char block[OCI_TAR_BLOCK];

        if (check(w, e, err) < 0)
                return -1;
        make_header(w, e, block);
        if (w->records.size > OCI_LIMIT_TAR_EXTENDED) {
                CLEANUP_FREE char *quoted = oci_quote(e->path);

                return error_set(err, E2BIG,
                                 "cannot put %s into a layer: its extended attributes take more than %u bytes", quoted,
                                 OCI_LIMIT_TAR_EXTENDED);
        }
        buffer_clear(&w->out);
        if (w->records.size > 0)
                append_records(w);
        oci_tar_block_sign(block);
        buffer_append(&w->out, block, sizeof(block));
        if (put(w, w->out.data, w->out.size, err) < 0)
                return -1;
        remember(w, e);
        w->body = e->kind == OCI_ENTRY_FILE ? e->size : 0;
        w->padding = (unsigned)((OCI_TAR_BLOCK - w->body % OCI_TAR_BLOCK) % OCI_TAR_BLOCK);
        return 0;
}

static int too_long(const struct oci_layer_writer *w, struct error *err)
{
        CLEANUP_FREE char *quoted = oci_quote(w->started ? w->last.path : "");

        return error_set(err, EINVAL, "cannot put %s into a layer: its body is longer than its size", quoted);
}

int oci_layer_writer_skip(struct oci_layer_writer *w, uint64_t size, struct error *err)
{
        if (size > w->body)
                return too_long(w, err);
        w->body -= size;
        w->offset += size;
        if (size > 0 && w->body == 0)
                w->offset += w->padding;
        return 0;
}

int oci_layer_writer_body(struct oci_layer_writer *w, const void *bytes, size_t size, struct error *err)
{
        if (size == 0)
                return 0;
        if (size > w->body)
                return too_long(w, err);
        if (put(w, bytes, size, err) < 0)
                return -1;
        w->body -= size;
        return w->body > 0 ? 0 : put_zeros(w, w->padding, err);
}

int oci_layer_writer_finish(struct oci_layer_writer *w, struct error *err)
{
        CLEANUP_FREE char *quoted = NULL;

        if (w->body > 0 || w->finished) {
                quoted = oci_quote(w->started ? w->last.path : "");
                return error_set(err, EINVAL, "cannot finish the layer: %s%s",
                                 w->finished ? "it is finished, last " : "the body is incomplete of ", quoted);
        }
        w->finished = true;
        return put_zeros(w, (size_t)2 * OCI_TAR_BLOCK, err);
}
