/* SPDX-License-Identifier: Apache-2.0 */
/* The canonical layer: golden bytes for each rule of doc/layer.md, made by other code; refusals; read back by
 * ourselves, GNU tar and Python. */
#include <errno.h>
#include <sys/wait.h>

#include "common/sha256.h"
#include "oci/layer_writer.h"
#include "oci/limits.h"
#include "oci/tar_header.h"
#include "tests/unit/tar_build.h"

#define A10  "aaaaaaaaaa"
#define A50  A10 A10 A10 A10 A10
#define A100 A50 A50

static int collect(void *context, const void *bytes, size_t size, struct error *err)
{
        (void)err;
        buffer_append(context, bytes, size);
        return 0;
}

static int write_entry(struct oci_layer_writer *w, const struct oci_entry *e, const char *body, struct error *err)
{
        if (oci_layer_writer_entry(w, e, err) < 0)
                return -1;
        return body ? oci_layer_writer_body(w, body, strlen(body), err) : 0;
}

/* Writes one entry (below the directories it needs, which are not part of the result) and finishes. */
static int write_one(const struct oci_entry *e, const char *body, struct buffer *ret, struct error *err)
{
        struct oci_layer_writer *w = oci_layer_writer_new(collect, ret);
        CLEANUP_FREE char *path = memory_strdup(e->path);
        size_t head;
        int result = 0;

        for (char *slash = strchr(path, '/'); slash != NULL && result == 0; slash = strchr(slash + 1, '/')) {
                struct oci_entry d = {.kind = OCI_ENTRY_DIRECTORY, .path = path};

                *slash = '\0';
                result = oci_layer_writer_entry(w, &d, err);
                *slash = '/';
        }
        head = ret->size;
        if (result == 0)
                result = write_entry(w, e, body, err);
        if (result == 0)
                result = oci_layer_writer_finish(w, err);
        if (result == 0 && oci_layer_writer_offset(w) != ret->size)
                result = error_set(err, EINVAL, "offset is wrong");
        oci_layer_writer_free(w);
        if (head > 0) {
                memmove(ret->data, ret->data + head, ret->size - head);
                ret->size -= head;
        }
        return result;
}

static void check_bytes(const char *what, const struct buffer *is, const struct buffer *expected)
{
        size_t n = is->size < expected->size ? is->size : expected->size;

        CHECK_INT(is->size, expected->size);
        for (size_t i = 0; i < n; i++) {
                if (is->data[i] != expected->data[i]) {
                        printf("# %s: byte %zu (of block: %zu)\n", what, i, i % 512);
                        CHECK_INT((unsigned char)is->data[i], (unsigned char)expected->data[i]);
                        return;
                }
        }
}

/* An extended header in front, when there are records. */
static void golden(struct buffer *b, const char *const *records, const struct tar_header *h, const char *body)
{
        if (records != NULL) {
                CLEANUP_BUFFER struct buffer r = BUFFER_INIT;
                char size[32];

                for (; records[0] != NULL; records += 2)
                        tar_record(&r, records[0], records[1], strlen(records[1]));
                snprintf(size, sizeof(size), "%zo", r.size);
                tar_add(b, &(struct tar_header){.name = "././@PaxHeader", .mode = "0", .type = 'x', .size = size});
                buffer_append(b, r.data, r.size);
                tar_pad(b);
        }
        tar_add(b, h);
        buffer_append_string(b, body ? body : "");
        tar_pad(b);
        tar_end(b);
}

/* LAYER.1 LAYER.3 LAYER.4 LAYER.9: the bytes of every rule of doc/layer.md. */
static void test_golden(void)
{
        static const struct oci_xattr xattrs[] = {
                {"user.b", "2", 1}, {"security.capability", "c", 1}, {"user.a", "", 0}};
        static const struct {
                const char *rule;
                struct oci_entry e;
                const char *body;
                const char *records[9];
                struct tar_header h;
        } table[] = {
                {"file, body padded",
                 {.kind = OCI_ENTRY_FILE,
                  .path = "d/f",
                  .mode = 04755,
                  .uid = 1,
                  .gid = 2,
                  .mtime = 1700000000,
                  .mtime_ns = 5,
                  .size = 3},
                 "abc",
                 {NULL},
                 {.name = "d/f",
                  .mode = "4755",
                  .uid = "1",
                  .gid = "2",
                  .size = "3",
                  .mtime = "14524770400",
                  .type = '0'}},
                {"empty file",
                 {.kind = OCI_ENTRY_FILE, .path = "f"},
                 NULL,
                 {NULL},
                 {.name = "f", .mode = "0", .type = '0'}},
                {"only permission bits of the mode",
                 {.kind = OCI_ENTRY_FILE, .path = "f", .mode = 0100644},
                 NULL,
                 {NULL},
                 {.name = "f", .type = '0'}},
                {"directories end in a slash",
                 {.kind = OCI_ENTRY_DIRECTORY, .path = "d", .mode = 01777},
                 NULL,
                 {NULL},
                 {.name = "d/", .mode = "1777", .type = '5'}},
                {"the root",
                 {.kind = OCI_ENTRY_DIRECTORY, .path = "", .mode = 0755},
                 NULL,
                 {NULL},
                 {.name = "./", .mode = "755", .type = '5'}},
                {"symlinks are 0777",
                 {.kind = OCI_ENTRY_SYMLINK, .path = "l", .mode = 0, .target = "../x//y/"},
                 NULL,
                 {NULL},
                 {.name = "l", .mode = "777", .type = '2', .link = "../x//y/"}},
                {"hard links keep the attributes of their inode",
                 {.kind = OCI_ENTRY_HARDLINK,
                  .path = "h",
                  .mode = 0600,
                  .uid = 7,
                  .gid = 8,
                  .mtime = 9,
                  .target = "d/f"},
                 NULL,
                 {NULL},
                 {.name = "h", .mode = "600", .uid = "7", .gid = "10", .mtime = "11", .type = '1', .link = "d/f"}},
                {"character device",
                 {.kind = OCI_ENTRY_CHAR, .path = "null", .mode = 0666, .rdev_major = 1, .rdev_minor = 3},
                 NULL,
                 {NULL},
                 {.name = "null", .mode = "666", .type = '3', .major = "1", .minor = "3"}},
                {"block device",
                 {.kind = OCI_ENTRY_BLOCK, .path = "sda", .mode = 0660, .rdev_major = 8, .rdev_minor = 0777777},
                 NULL,
                 {NULL},
                 {.name = "sda", .mode = "660", .type = '4', .major = "10", .minor = "777777"}},
                {"fifo",
                 {.kind = OCI_ENTRY_FIFO, .path = "p", .mode = 0600},
                 NULL,
                 {NULL},
                 {.name = "p", .mode = "600", .type = '6'}},
                {"whiteouts have a path only",
                 {.kind = OCI_ENTRY_WHITEOUT, .path = "d/x", .mode = 0777, .uid = 5, .mtime = 9},
                 NULL,
                 {NULL},
                 {.name = "d/.wh.x", .mode = "0", .type = '0'}},
                {"whiteout in the root",
                 {.kind = OCI_ENTRY_WHITEOUT, .path = "x"},
                 NULL,
                 {NULL},
                 {.name = ".wh.x", .mode = "0", .type = '0'}},
                {"opaque root",
                 {.kind = OCI_ENTRY_OPAQUE, .path = ""},
                 NULL,
                 {NULL},
                 {.name = ".wh..wh..opq", .mode = "0", .type = '0'}},
                {"raw bytes in the name field",
                 {.kind = OCI_ENTRY_FILE, .path = "caf\xe9 gr\xc3\xbcn\n", .mode = 0644},
                 NULL,
                 {NULL},
                 {.name = "caf\xe9 gr\xc3\xbcn\n", .type = '0'}},
                {"a name of 100 bytes",
                 {.kind = OCI_ENTRY_FILE, .path = A100, .mode = 0644},
                 NULL,
                 {NULL},
                 {.name = A100, .type = '0'}},
                {"a name of 101 bytes",
                 {.kind = OCI_ENTRY_FILE, .path = A100 "b", .mode = 0644},
                 NULL,
                 {"path", A100 "b"},
                 {.name = A100, .type = '0'}},
                {"a directory of 100 bytes, 101 with its slash",
                 {.kind = OCI_ENTRY_DIRECTORY, .path = A100, .mode = 0755},
                 NULL,
                 {"path", A100 "/"},
                 {.name = A100, .mode = "755", .type = '5'}},
                {"split at the leftmost slash that fits",
                 {.kind = OCI_ENTRY_FILE, .path = "a/b/c/" A50 "/" A10 A10 A10 A10 "aaaaaaaaa", .mode = 0644},
                 NULL,
                 {NULL},
                 {.name = A50 "/" A10 A10 A10 A10 "aaaaaaaaa", .prefix = "a/b/c", .type = '0'}},
                {"two slashes fit: the left one",
                 {.kind = OCI_ENTRY_FILE, .path = A10 "/" A10 "/" A50 "/" A10 A10 A10, .mode = 0644},
                 NULL,
                 {NULL},
                 {.name = A10 "/" A50 "/" A10 A10 A10, .prefix = A10, .type = '0'}},
                {"prefix 155, name 100",
                 {.kind = OCI_ENTRY_FILE, .path = A100 "/" A50 "aaaa/" A100, .mode = 0644},
                 NULL,
                 {NULL},
                 {.name = A100, .prefix = A100 "/" A50 "aaaa", .type = '0'}},
                {"prefix would need 156",
                 {.kind = OCI_ENTRY_FILE, .path = A100 "/" A50 "aaaaa/" A100, .mode = 0644},
                 NULL,
                 {"path", A100 "/" A50 "aaaaa/" A100},
                 {.name = A100, .type = '0'}},
                {"a long directory is not split at its last slash",
                 {.kind = OCI_ENTRY_DIRECTORY, .path = "d/" A100 A10, .mode = 0755},
                 NULL,
                 {"path", "d/" A100 A10 "/"},
                 {.name = "d/" A50 A10 A10 A10 A10 "aaaaaaaa", .mode = "755", .type = '5'}},
                {"long bytes that are not UTF-8 are declared",
                 {.kind = OCI_ENTRY_FILE, .path = A100 "\xff", .mode = 0644},
                 NULL,
                 {"hdrcharset", "BINARY", "path", A100 "\xff"},
                 {.name = A100, .type = '0'}},
                {"a link of 100 bytes",
                 {.kind = OCI_ENTRY_SYMLINK, .path = "l", .target = A100},
                 NULL,
                 {NULL},
                 {.name = "l", .mode = "777", .type = '2', .link = A100}},
                {"a link of 101 bytes",
                 {.kind = OCI_ENTRY_SYMLINK, .path = "l", .target = A100 "b"},
                 NULL,
                 {"linkpath", A100 "b"},
                 {.name = "l", .mode = "777", .type = '2', .link = A100}},
                {"the largest ids of the field",
                 {.kind = OCI_ENTRY_FILE, .path = "f", .mode = 0644, .uid = 07777777, .gid = 07777777},
                 NULL,
                 {NULL},
                 {.name = "f", .uid = "7777777", .gid = "7777777", .type = '0'}},
                {"larger ids",
                 {.kind = OCI_ENTRY_FILE, .path = "f", .mode = 0644, .uid = 010000000, .gid = 4294967294u},
                 NULL,
                 {"uid", "2097152", "gid", "4294967294"},
                 {.name = "f", .type = '0'}},
                {"times before 1970",
                 {.kind = OCI_ENTRY_FILE, .path = "f", .mode = 0644, .mtime = -1},
                 NULL,
                 {"mtime", "-1"},
                 {.name = "f", .type = '0'}},
                {"times after 2242",
                 {.kind = OCI_ENTRY_FILE, .path = "f", .mode = 0644, .mtime = 0100000000000},
                 NULL,
                 {"mtime", "8589934592"},
                 {.name = "f", .type = '0'}},
                {"xattrs sorted by name",
                 {.kind = OCI_ENTRY_FILE, .path = "f", .mode = 0644, .xattrs = xattrs, .xattr_count = 3},
                 NULL,
                 {"SCHILY.xattr.security.capability", "c", "SCHILY.xattr.user.a", "", "SCHILY.xattr.user.b", "2"},
                 {.name = "f", .type = '0'}},
                {"xattrs of a directory",
                 {.kind = OCI_ENTRY_DIRECTORY, .path = "d", .mode = 0755, .xattrs = xattrs, .xattr_count = 1},
                 NULL,
                 {"SCHILY.xattr.user.b", "2"},
                 {.name = "d/", .mode = "755", .type = '5'}},
        };

        for (size_t i = 0; i < ARRAY_SIZE(table); i++) {
                CLEANUP_ERROR struct error err = ERROR_INIT;
                CLEANUP_BUFFER struct buffer is = BUFFER_INIT, expected = BUFFER_INIT;

                CHECK_OK(write_one(&table[i].e, table[i].body, &is, &err));
                golden(&expected, table[i].records[0] ? table[i].records : NULL, &table[i].h, table[i].body);
                check_bytes(table[i].rule, &is, &expected);
        }
}

/* The form is for ever: one layer with everything in it, by its digest. If this fails, OCI_LAYER_WRITER_VERSION must
 * rise. */
static void write_all(struct buffer *ret, struct error *err)
{
        static const struct oci_xattr capability[] = {
                {"security.capability", "\1\0\0\2\0\x20\0\0\0\0\0\0\0\0\0\0\0\0\0\0", 20}};
        static const struct {
                struct oci_entry e;
                const char *body;
        } table[] = {
                {{.kind = OCI_ENTRY_DIRECTORY, .path = "", .mode = 0755}, NULL},
                {{.kind = OCI_ENTRY_WHITEOUT, .path = "gone"}, NULL},
                {{.kind = OCI_ENTRY_DIRECTORY,
                  .path = "dir",
                  .mode = 02755,
                  .uid = 1000,
                  .gid = 100,
                  .mtime = 1234567890},
                 NULL},
                {{.kind = OCI_ENTRY_OPAQUE, .path = "dir"}, NULL},
                {{.kind = OCI_ENTRY_DIRECTORY, .path = "dir/sub", .mode = 0700}, NULL},
                {{.kind = OCI_ENTRY_WHITEOUT, .path = "dir/sub/x"}, NULL},
                {{.kind = OCI_ENTRY_WHITEOUT, .path = "dir/sub/y"}, NULL},
                {{.kind = OCI_ENTRY_FILE, .path = "dir/sub/" A100 A100, .mode = 0644, .size = 5, .mtime = -5}, "hello"},
                {{.kind = OCI_ENTRY_FILE, .path = "dir/sub/caf\xe9", .mode = 0644, .size = 1}, "x"},
                {{.kind = OCI_ENTRY_FIFO, .path = "fifo", .mode = 0600}, NULL},
                {{.kind = OCI_ENTRY_SYMLINK, .path = "link", .target = "dir/sub"}, NULL},
                {{.kind = OCI_ENTRY_CHAR, .path = "null", .mode = 0666, .rdev_major = 1, .rdev_minor = 3}, NULL},
                {{.kind = OCI_ENTRY_FILE,
                  .path = "ping",
                  .mode = 0755,
                  .size = 4,
                  .xattrs = capability,
                  .xattr_count = 1},
                 "ping"},
                {{.kind = OCI_ENTRY_HARDLINK,
                  .path = "ping2",
                  .mode = 0755,
                  .target = "ping",
                  .xattrs = capability,
                  .xattr_count = 1},
                 NULL},
        };
        struct oci_layer_writer *w = oci_layer_writer_new(collect, ret);

        for (size_t i = 0; i < ARRAY_SIZE(table) && !error_is_set(err); i++)
                (void)write_entry(w, &table[i].e, table[i].body, err);
        if (!error_is_set(err))
                (void)oci_layer_writer_finish(w, err);
        oci_layer_writer_free(w);
}

static void test_digest_is_pinned(void)
{
        CLEANUP_ERROR struct error err = ERROR_INIT;
        CLEANUP_BUFFER struct buffer b = BUFFER_INIT;
        struct sha256_digest d;
        char hex[SHA256_HEX_SIZE + 1];

        write_all(&b, &err);
        CHECK_STR(err.message, NULL);
        sha256_of(b.data, b.size, &d);
        sha256_to_hex(&d, hex);
        CHECK_STR(hex, "bb642bfb9769ae53560a10c40fa715f631d98c18a66c38692dd9bbb230947af0");
        CHECK_INT(OCI_LAYER_WRITER_VERSION, 1);
}

static void test_read_back(void)
{
        CLEANUP_ERROR struct error err = ERROR_INIT;
        CLEANUP_BUFFER struct buffer b = BUFFER_INIT, seen = BUFFER_INIT;
        CLEANUP_FD int fd = -1;

        write_all(&b, &err);
        fd = tar_open(b.data, b.size);
        CHECK_OK(tar_scan(fd, NULL, &seen, &err));
        CHECK_STR(buffer_text(&seen),
                  "dir  755 0:0\n"
                  "whiteout gone\n"
                  "dir dir 2755 1000:100 mtime 1234567890.000000000\n"
                  "opaque dir\n"
                  "dir dir/sub 700 0:0\n"
                  "whiteout dir/sub/x\n"
                  "whiteout dir/sub/y\n"
                  "file dir/sub/" A100 A100 " 644 0:0 mtime -5.000000000 size 5 [0+5@5120]\n"
                  "file dir/sub/caf\\e9 644 0:0 size 1 [0+1@6144]\n"
                  "fifo fifo 600 0:0\n"
                  "symlink link 777 0:0 -> dir/sub\n"
                  "char null 666 0:0 dev 1,3\n"
                  "file ping 755 0:0 "
                  "security.capability="
                  "\\01\\00\\00\\02\\00\\20\\00\\00\\00\\00\\00\\00\\00\\00\\00\\00\\00\\00\\00\\00 size 4 [0+4@9728]\n"
                  "hardlink ping2 755 0:0 -> ping "
                  "security.capability="
                  "\\01\\00\\00\\02\\00\\20\\00\\00\\00\\00\\00\\00\\00\\00\\00\\00\\00\\00\\00\\00\n");
}

/* GUARD.10: what no layer can say. */
static void test_refuse(void)
{
        static const struct oci_xattr equals = {"user.a=b", "", 0}, empty = {"", "", 0};
        static const char big[OCI_LIMIT_XATTR_SIZE + 1];
        static const struct oci_xattr large = {"user.a", big, sizeof(big)};
        static const struct {
                struct oci_entry e;
                const char *message;
        } table[] = {
                {{.kind = OCI_ENTRY_FILE, .path = ""}, "the root is not a directory"},
                {{.kind = OCI_ENTRY_WHITEOUT, .path = ""}, "the root is not a directory"},
                {{.kind = OCI_ENTRY_FILE, .path = ".."}, "\".\" or \"..\""},
                {{.kind = OCI_ENTRY_FILE, .path = "."}, "\".\" or \"..\""},
                {{.kind = OCI_ENTRY_FILE, .path = "../x"}, "\".\" or \"..\""},
                {{.kind = OCI_ENTRY_FILE, .path = "/x"}, "empty component"},
                {{.kind = OCI_ENTRY_DIRECTORY, .path = "x/"}, "empty component"},
                {{.kind = OCI_ENTRY_FILE, .path = ".wh.x"}, "start with \".wh.\""},
                {{.kind = OCI_ENTRY_WHITEOUT, .path = ".wh.x"}, "start with \".wh.\""},
                {{.kind = OCI_ENTRY_OPAQUE, .path = ".wh.x"}, "start with \".wh.\""},
                {{.kind = OCI_ENTRY_FILE, .path = A100 A100 A50 "aaaaaa"}, "longer than 255"},
                {{.kind = OCI_ENTRY_SYMLINK, .path = "l"}, "without a target"},
                {{.kind = OCI_ENTRY_SYMLINK, .path = "l", .target = ""}, "without a target"},
                {{.kind = OCI_ENTRY_HARDLINK, .path = "l", .target = "/x"}, "empty component"},
                {{.kind = OCI_ENTRY_FILE, .path = "l", .target = "x"}, "without being a link"},
                {{.kind = OCI_ENTRY_DIRECTORY, .path = "l", .size = 1}, "without being a file"},
                {{.kind = OCI_ENTRY_FILE, .path = "l", .size = UINT64_MAX}, "too large"},
                {{.kind = OCI_ENTRY_FILE, .path = "l", .uid = UINT32_MAX}, "owner"},
                {{.kind = OCI_ENTRY_FILE, .path = "l", .mtime = INT64_MIN}, "time"},
                {{.kind = OCI_ENTRY_FILE, .path = "l", .mtime = INT64_MAX}, "time"},
                {{.kind = OCI_ENTRY_CHAR, .path = "l", .rdev_minor = 010000000}, "device number"},
                {{.kind = OCI_ENTRY_FILE, .path = "l", .xattrs = &equals, .xattr_count = 1}, "empty name or a '='"},
                {{.kind = OCI_ENTRY_FILE, .path = "l", .xattrs = &empty, .xattr_count = 1}, "empty name or a '='"},
                {{.kind = OCI_ENTRY_FILE, .path = "l", .xattrs = &large, .xattr_count = 1}, "larger than Linux"},
        };

        for (size_t i = 0; i < ARRAY_SIZE(table); i++) {
                CLEANUP_ERROR struct error err = ERROR_INIT;
                CLEANUP_BUFFER struct buffer b = BUFFER_INIT;
                struct oci_layer_writer *w = oci_layer_writer_new(collect, &b);

                CHECK_INT(oci_layer_writer_entry(w, &table[i].e, &err), -1);
                CHECK_HAS(err.message, table[i].message);
                CHECK_HAS(err.message, "into a layer");
                CHECK_INT(b.size, 0);
                oci_layer_writer_free(w);
        }
}

/* LAYER.5 LAYER.6: pairs and triples of which the last must be refused: "kind path" with d, f, w, o. */
static void test_order(void)
{
        static const struct {
                const char *entries;
                bool good;
        } table[] = {
                {"d a;f a/b;f b", true},
                {"d a;d a/b;f a/b/c;f a/c;f b", true},
                {"d a;o a;w a/b;f a/c", true},
                {"w z;f a", true},
                {"d a;f a.b", true},
                {"d a;f a/x;f a-", true},
                {"o ;w a;f b", true},
                {"d ;o ;f b", true},
                {"d a;w a/z;d a/b;f a/b/c", true},
                {"f b;f a", false},
                {"f a;f a", false},
                {"f a/b", false},
                {"d a;f b/c", false},
                {"d a;f b;f a/c", false},
                {"d a;w a/c;w a/b", false},
                {"d a;f a/b;w a/c", false},
                {"d a;w a/b;o a", false},
                {"o a", false},
                {"w a/b", false},
                {"d b;d a", false},
                {"d a;d a/b;f a/bc/d", false},
                {"f a;d ", false},
                {"d a;f a/b;o a", false},
                {"f a;f a/b", false},
        };

        for (size_t i = 0; i < ARRAY_SIZE(table); i++) {
                CLEANUP_ERROR struct error err = ERROR_INIT;
                CLEANUP_BUFFER struct buffer b = BUFFER_INIT;
                struct oci_layer_writer *w = oci_layer_writer_new(collect, &b);
                CLEANUP_FREE char *text = memory_strdup(table[i].entries);
                char *rest = text;
                int result = 0;

                for (char *word = strsep(&rest, ";"); word != NULL; word = strsep(&rest, ";")) {
                        struct oci_entry e = {.path = word + 2};

                        e.kind = *word == 'd'   ? OCI_ENTRY_DIRECTORY
                                 : *word == 'f' ? OCI_ENTRY_FILE
                                 : *word == 'w' ? OCI_ENTRY_WHITEOUT
                                                : OCI_ENTRY_OPAQUE;
                        CHECK_INT(result, 0); /* only the last may fail */
                        result = oci_layer_writer_entry(w, &e, &err);
                }
                if ((result == 0) != table[i].good)
                        printf("# %s\n", table[i].entries);
                CHECK_INT(result, table[i].good ? 0 : -1);
                oci_layer_writer_free(w);
        }
}

static int fail_write(void *context, const void *bytes, size_t size, struct error *err)
{
        (void)context, (void)bytes, (void)size;
        return error_set(err, ENOSPC, "disk full");
}

static void test_body(void)
{
        static const struct oci_entry file = {.kind = OCI_ENTRY_FILE, .path = "f", .size = 3},
                                      next = {.kind = OCI_ENTRY_FILE, .path = "g"};
        CLEANUP_ERROR struct error err = ERROR_INIT;
        CLEANUP_BUFFER struct buffer b = BUFFER_INIT;
        struct oci_layer_writer *w = oci_layer_writer_new(collect, &b);

        CHECK_OK(oci_layer_writer_entry(w, &file, &err));
        CHECK_INT(oci_layer_writer_offset(w), 512);
        CHECK_OK(oci_layer_writer_body(w, "ab", 2, &err));
        CHECK_INT(oci_layer_writer_entry(w, &next, &err), -1);
        CHECK_HAS(err.message, "incomplete");
        error_clear(&err);
        CHECK_INT(oci_layer_writer_finish(w, &err), -1);
        CHECK_HAS(err.message, "incomplete of \"f\"");
        error_clear(&err);
        CHECK_INT(oci_layer_writer_body(w, "cd", 2, &err), -1);
        CHECK_HAS(err.message, "longer than its size");
        error_clear(&err);
        CHECK_OK(oci_layer_writer_body(w, "c", 1, &err));
        CHECK_INT(b.size, 1024);
        CHECK_OK(oci_layer_writer_finish(w, &err));
        CHECK_INT(b.size, 2048);
        CHECK_INT(oci_layer_writer_entry(w, &next, &err), -1);
        CHECK_HAS(err.message, "finished");
        error_clear(&err);
        CHECK_INT(oci_layer_writer_finish(w, &err), -1);
        error_clear(&err);
        oci_layer_writer_free(w);
        w = oci_layer_writer_new(fail_write, NULL);
        CHECK_INT(oci_layer_writer_entry(w, &file, &err), -1);
        CHECK_INT(err.code, ENOSPC);
        CHECK_INT(oci_layer_writer_offset(w), 0);
        oci_layer_writer_free(w);
}

/* ---- other programs as judges ------------------------------------------------ */

static char *run(const char *command)
{
        struct buffer b = BUFFER_INIT;
        FILE *p = popen(command, "re");
        char bytes[4096];
        size_t n;

        if (p == NULL)
                abort();
        while ((n = fread(bytes, 1, sizeof(bytes), p)) > 0)
                buffer_append(&b, bytes, n);
        buffer_printf(&b, "exit %d\n", WEXITSTATUS(pclose(p)));
        return buffer_steal(&b);
}

/* Bodies that are not written still count: the next headers are the same, at the same places. */
static void test_skip(void)
{
        static const char *const bodies[] = {"", "x", A100 A100 A100 A100 A100 "123456789012", A100};
        struct buffer whole = BUFFER_INIT, headers = BUFFER_INIT;
        struct oci_layer_writer *a = oci_layer_writer_new(collect, &whole);
        struct oci_layer_writer *b = oci_layer_writer_new(collect, &headers);
        CLEANUP_ERROR struct error err = ERROR_INIT;

        for (size_t i = 0; i < sizeof(bodies) / sizeof(bodies[0]); i++) {
                char name[2] = {(char)('a' + i), '\0'};
                struct oci_entry e = {.kind = OCI_ENTRY_FILE, .path = name, .mode = 0644, .size = strlen(bodies[i])};

                CHECK_INT(oci_layer_writer_offset(a), oci_layer_writer_offset(b));
                CHECK_OK(write_entry(a, &e, bodies[i], &err));
                CHECK_OK(oci_layer_writer_entry(b, &e, &err));
                CHECK(memcmp(headers.data + headers.size - OCI_TAR_BLOCK,
                             whole.data + oci_layer_writer_offset(b) - OCI_TAR_BLOCK, OCI_TAR_BLOCK) == 0);
                CHECK_OK(oci_layer_writer_skip(b, e.size / 2, &err));
                CHECK_OK(oci_layer_writer_skip(b, e.size - e.size / 2, &err));
        }
        CHECK_INT(oci_layer_writer_offset(a), oci_layer_writer_offset(b));
        CHECK_INT(headers.size, 4 * OCI_TAR_BLOCK);
        CHECK_INT(oci_layer_writer_skip(b, 1, &err), -1);
        CHECK_HAS(err.message, "its body is longer than its size");
        oci_layer_writer_free(a);
        oci_layer_writer_free(b);
        buffer_free(&whole);
        buffer_free(&headers);
}

static void test_gnu_tar(void)
{
        CLEANUP_ERROR struct error err = ERROR_INIT;
        CLEANUP_BUFFER struct buffer b = BUFFER_INIT;
        CLEANUP_FREE char *command = NULL, *list = NULL;
        char path[] = "/tmp/bryo-layer-XXXXXX";
        CLEANUP_FD int fd = mkostemp(path, O_CLOEXEC);

        write_all(&b, &err);
        CHECK(fd >= 0 && fd_write_all(fd, b.data, b.size) == 0);
        command = memory_printf("LC_ALL=C TZ=UTC tar --numeric-owner --full-time --quoting-style=escape -tvf %s 2>&1",
                                path);
        list = run(command);
        CHECK_STR(list, "drwxr-xr-x 0/0               0 1970-01-01 00:00:00 ./\n"
                        "---------- 0/0               0 1970-01-01 00:00:00 .wh.gone\n"
                        "drwxr-sr-x 1000/100          0 2009-02-13 23:31:30 dir/\n"
                        "---------- 0/0               0 1970-01-01 00:00:00 dir/.wh..wh..opq\n"
                        "drwx------ 0/0               0 1970-01-01 00:00:00 dir/sub/\n"
                        "---------- 0/0               0 1970-01-01 00:00:00 dir/sub/.wh.x\n"
                        "---------- 0/0               0 1970-01-01 00:00:00 dir/sub/.wh.y\n"
                        "-rw-r--r-- 0/0               5 1969-12-31 23:59:55 dir/sub/" A100 A100 "\n"
                        "-rw-r--r-- 0/0               1 1970-01-01 00:00:00 dir/sub/caf\\351\n"
                        "prw------- 0/0               0 1970-01-01 00:00:00 fifo\n"
                        "lrwxrwxrwx 0/0               0 1970-01-01 00:00:00 link -> dir/sub\n"
                        "crw-rw-rw- 0/0             1,3 1970-01-01 00:00:00 null\n"
                        "-rwxr-xr-x 0/0               4 1970-01-01 00:00:00 ping\n"
                        "hrwxr-xr-x 0/0               0 1970-01-01 00:00:00 ping2 link to ping\n"
                        "exit 0\n");
        (void)unlink(path);
}

static void test_python(void)
{
        static const char script[] = "import sys, tarfile\n"
                                     "t = tarfile.open(sys.argv[1], errors=\"surrogateescape\", encoding=\"utf-8\")\n"
                                     "for m in t:\n"
                                     "    b = t.extractfile(m).read().decode() if m.isreg() else \"\"\n"
                                     "    x = sorted(k for k in m.pax_headers if k.startswith(\"SCHILY\"))\n"
                                     "    print(ascii(m.name)[1:-1][:11], oct(m.mode), m.uid, m.gid, int(m.mtime), "
                                     "m.type.decode(), ascii(m.linkname), m.size, b, *x)\n";
        CLEANUP_ERROR struct error err = ERROR_INIT;
        CLEANUP_BUFFER struct buffer b = BUFFER_INIT;
        CLEANUP_FREE char *command = NULL, *list = NULL;
        char path[] = "/tmp/bryo-layer-XXXXXX";
        CLEANUP_FD int fd = mkostemp(path, O_CLOEXEC);

        write_all(&b, &err);
        CHECK(fd >= 0 && fd_write_all(fd, b.data, b.size) == 0);
        command = memory_printf("python3 -c '%s' %s 2>&1", script, path);
        list = run(command);
        CHECK_STR(list, ". 0o755 0 0 0 5 '' 0 \n"
                        ".wh.gone 0o0 0 0 0 0 '' 0 \n"
                        "dir 0o2755 1000 100 1234567890 5 '' 0 \n"
                        "dir/.wh..wh 0o0 0 0 0 0 '' 0 \n"
                        "dir/sub 0o700 0 0 0 5 '' 0 \n"
                        "dir/sub/.wh 0o0 0 0 0 0 '' 0 \n"
                        "dir/sub/.wh 0o0 0 0 0 0 '' 0 \n"
                        "dir/sub/aaa 0o644 0 0 -5 0 '' 5 hello\n"
                        "dir/sub/caf 0o644 0 0 0 0 '' 1 x\n"
                        "fifo 0o600 0 0 0 6 '' 0 \n"
                        "link 0o777 0 0 0 2 'dir/sub' 0 \n"
                        "null 0o666 0 0 0 3 '' 0 \n"
                        "ping 0o755 0 0 0 0 '' 4 ping SCHILY.xattr.security.capability\n"
                        "ping2 0o755 0 0 0 1 'ping' 0  SCHILY.xattr.security.capability\n"
                        "exit 0\n");
        (void)unlink(path);
}

static bool have(const char *program)
{
        CLEANUP_FREE char *command = memory_printf("command -v %s >/dev/null 2>&1", program);

        if (system(command) == 0)
                return true;
        printf("# %s is not installed: its judgement is left out\n", program);
        return false;
}

int main(void)
{
        CHECK_RUN(test_golden);
        CHECK_RUN(test_digest_is_pinned);
        CHECK_RUN(test_read_back);
        CHECK_RUN(test_refuse);
        CHECK_RUN(test_order);
        CHECK_RUN(test_body);
        CHECK_RUN(test_skip);
        if (have("tar"))
                CHECK_RUN(test_gnu_tar);
        if (have("python3"))
                CHECK_RUN(test_python);
        return CHECK_END();
}
