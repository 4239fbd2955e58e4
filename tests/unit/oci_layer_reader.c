/* SPDX-License-Identifier: Apache-2.0 */
/* Reading layers: names, kinds, whiteouts, every form of tar, and the hostile ones. */
#include "oci/limits.h"
#include "oci/layer_reader.h"
#include "tests/unit/tar_build.h"

#define A10  "aaaaaaaaaa"
#define A50  A10 A10 A10 A10 A10
#define A100 A50 A50
#define A250 A100 A100 A50

/* Scans and ingests; both must agree. "error: text" stands for a refusal. */
static char *tell(const struct buffer *tar, const struct oci_layer_options *options)
{
        CLEANUP_ERROR struct error err = ERROR_INIT, err2 = ERROR_INIT;
        CLEANUP_BUFFER struct buffer copy = BUFFER_INIT, out = BUFFER_INIT;
        CLEANUP_FD int fd = tar_open(tar->data, tar->size);
        struct buffer seen = BUFFER_INIT;
        struct oci_layer_info info = {0};

        if (tar_scan(fd, options, &seen, &err) < 0)
                buffer_printf(&seen, "error: %s", err.message);
        if (tar_ingest(tar->data, tar->size, options, &copy, &out, &info, &err2) < 0) {
                buffer_printf(&copy, "error: %s", err2.message);
        } else {
                struct sha256_digest d;

                sha256_of(tar->data, tar->size, &d);
                CHECK(sha256_equal(&d, &info.diff_id));
                CHECK(sha256_equal(&d, &info.blob_digest));
                CHECK_INT(info.size, tar->size);
                CHECK_INT(info.compression, OCI_COMPRESSION_NONE);
                CHECK(out.size == tar->size && (out.size == 0 || memcmp(out.data, tar->data, out.size) == 0));
        }
        CHECK_STR(buffer_text(&copy), buffer_text(&seen));
        return buffer_steal(&seen);
}

/* ---- single members ------------------------------------------------------------ */

/* TAKEN.2 */
static void test_members(void)
{
        static const struct {
                struct tar_header h;
                const char *expected; /* a part of what is seen; '!': and it is a refusal */
        } table[] = {
                /* paths, as containerd cleans them */
                {{.name = "a/b", .type = '0'}, "file a/b 644 0:0 size 0\n"},
                {{.name = "./a", .type = '0'}, "file a 644"},
                {{.name = "/a", .type = '0'}, "file a 644"},
                {{.name = "//a", .type = '0'}, "file a 644"},
                {{.name = "a//b", .type = '0'}, "file a/b 644"},
                {{.name = "a/./b", .type = '0'}, "file a/b 644"},
                {{.name = "../a", .type = '0'}, "file a 644"},
                {{.name = "../../../a", .type = '0'}, "file a 644"},
                {{.name = "a/../../b", .type = '0'}, "file b 644"},
                {{.name = "a/b/../c", .type = '0'}, "file a/c 644"},
                {{.name = "./.././x", .type = '0'}, "file x 644"},
                {{.name = "..a", .type = '0'}, "file ..a 644"},
                {{.name = "..\\x", .type = '0'}, "file ..\\5cx 644"},
                {{.name = "a/..", .type = '5'}, "dir  644"},
                {{.name = "caf\xe9\n", .type = '0'}, "file caf\\e9\\0a 644"},
                {{.name = "b", .prefix = "p/q", .type = '0'}, "file p/q/b 644"},
                {{.name = "b", .prefix = "p/q", .type = '0', .magic = "\0\0\0\0\0\0\0\0"},
                 "!without the mark of ustar"},
                {{.name = "b", .prefix = "p/q", .type = '0', .magic = "ustar  "}, "!without the mark of ustar"},
                /* kinds */
                {{.name = "d/", .type = '5', .mode = "40755"}, "dir d 755 0:0\n"},
                {{.name = "d", .type = '5', .mode = "1777"}, "dir d 1777 0:0\n"},
                {{.name = "v7", .type = 0}, "file v7 644"},
                {{.name = "v7/", .type = 0}, "dir v7 644"},
                {{.name = "c", .type = '7'}, "file c 644"},
                {{.name = "l", .type = '2', .link = "/../x/./y/", .mode = "777"}, "symlink l 777 0:0 -> /../x/./y/\n"},
                {{.name = "h", .type = '1', .link = "./a/../b"}, "hardlink h 644 0:0 -> b\n"},
                {{.name = "h", .type = '1', .link = "/etc/passwd"}, "hardlink h 644 0:0 -> etc/passwd\n"},
                {{.name = "h", .type = '1', .link = "../../etc/passwd", .size = "1000"},
                 "hardlink h 644 0:0 -> etc/passwd\n"},
                {{.name = "n", .type = '3', .major = "1", .minor = "3"}, "char n 644 0:0 dev 1,3\n"},
                {{.name = "n", .type = '3'}, "char n 644 0:0 dev 0,0\n"},
                {{.name = "n", .type = '4', .major = "10", .minor = "7"}, "block n 644 0:0 dev 8,7\n"},
                {{.name = "p", .type = '6'}, "fifo p 644 0:0\n"},
                {{.name = "o", .type = '0', .uid = "7777777", .gid = "144", .mtime = "14524770400"},
                 "file o 644 2097151:100 mtime 1700000000.000000000"},
                /* the root may only be a directory: CVE-2021-29136 */
                {{.name = "./", .type = '5', .mode = "711"}, "dir  711 0:0\n"},
                {{.name = ".", .type = '5'}, "dir  644"},
                {{.name = "/", .type = '5'}, "dir  644"},
                {{.name = "", .type = '5'}, "dir  644"},
                {{.name = "/.", .type = '2', .link = "/etc"}, "!not a directory"},
                {{.name = ".", .type = '2', .link = "/etc"}, "!not a directory"},
                {{.name = "a/..", .type = '2', .link = "/etc"}, "!not a directory"},
                {{.name = "", .type = '2', .link = "/etc"}, "!not a directory"},
                {{.name = "", .type = '0'}, "!not a directory"},
                {{.name = ".", .type = '1', .link = "x"}, "!not a directory"},
                {{.name = ".", .type = '3'}, "!not a directory"},
                {{.name = ".", .type = '6'}, "!not a directory"},
                {{.name = "h", .type = '1', .link = "/"}, "!hard link to the root"},
                {{.name = "h", .type = '1', .link = "./h"}, "!hard link to itself"},
                {{.name = "h", .type = '1'}, "!without a target"},
                {{.name = "l", .type = '2'}, "!without a target"},
                /* whiteouts */
                {{.name = "d/.wh.x", .type = '0'}, "whiteout d/x\n"},
                {{.name = ".wh.x", .type = '0', .uid = "5", .mtime = "7"}, "whiteout x\n"},
                {{.name = ".wh.x", .type = '1', .link = ".wh..wh.aufs"}, "whiteout x\n"},
                {{.name = ".wh..x", .type = '0'}, "whiteout .x\n"},
                {{.name = ".wh....", .type = '0'}, "whiteout ...\n"},
                {{.name = ".wh..wh..opq", .type = '0'}, "opaque \n"},
                {{.name = "./d/e/.wh..wh..opq", .type = '0'}, "opaque d/e\n"},
                {{.name = ".wh.", .type = '0'}, "!without a valid name"},
                {{.name = "d/.wh..", .type = '0'}, "!without a valid name"},
                {{.name = "d/.wh...", .type = '0'}, "!without a valid name"},
                {{.name = ".wh..wh..opq", .type = '5'}, "!not a file"},
                {{.name = ".wh..wh..opq", .type = '2', .link = "x"}, "!not a file"},
                {{.name = ".wh.x", .type = '5'}, "!not a file"},
                {{.name = ".wh.x", .type = '3'}, "!not a file"},
                {{.name = ".wh.d/x", .type = '0'}, "!below a whiteout"},
                {{.name = ".wh..wh.aufs", .type = '0'}, ""},
                {{.name = ".wh..wh.plnk/123.456", .type = '0'}, ""},
                {{.name = "h", .type = '1', .link = ".wh..wh.plnk/123.456"}, "!file of aufs"},
                {{.name = "x.wh.y", .type = '0'}, "file x.wh.y"},
                /* what readers disagree about, or nobody can hold */
                {{.name = "d", .type = '5', .size = "1"}, "!a body where none belongs"},
                {{.name = "d/", .type = 0, .size = "1"}, "!a body where none belongs"},
                {{.name = "l", .type = '2', .link = "x", .size = "1"}, "!a body where none belongs"},
                {{.name = "n", .type = '3', .size = "1"}, "!a body where none belongs"},
                {{.name = "p", .type = '6', .size = "1"}, "!a body where none belongs"},
                {{.name = "f/", .type = '0'}, "!ends in '/'"},
                {{.name = "v", .type = 'V'}, "!unknown type of member \"V\""},
                {{.name = "v", .type = 'D'}, "!unknown type of member \"D\""},
                {{.name = "v", .type = '\x1b'}, "!unknown type of member \"\\x1b\""},
                {{.name = "f", .type = '0', .size = "1"}, "!ends in the middle"},
                {{.name = "f", .type = '0', .size = "77777777777"}, "!ends in the middle"},
                {{.name = "S", .type = 'S'}, "!sparse member without GNU header"},
        };

        for (size_t i = 0; i < ARRAY_SIZE(table); i++) {
                CLEANUP_BUFFER struct buffer b = BUFFER_INIT;
                CLEANUP_FREE char *seen = NULL;
                bool refused = table[i].expected[0] == '!';

                tar_add(&b, &table[i].h);
                if (table[i].h.size == NULL || table[i].h.type != '0')
                        tar_end(&b);
                seen = tell(&b, NULL);
                CHECK_HAS(seen, table[i].expected + refused);
                CHECK_INT(strstr(seen, "error: tar") != NULL, refused);
                if (*table[i].expected == '\0')
                        CHECK_STR(seen, "");
        }
}

static void test_plain_names(void)
{
        static const struct oci_layer_options plain = {.plain_names = true};
        CLEANUP_BUFFER struct buffer b = BUFFER_INIT;
        CLEANUP_FREE char *seen = NULL;

        tar_add(&b, &(struct tar_header){.name = ".wh.x", .type = '5'});
        tar_add(&b, &(struct tar_header){.name = ".wh.x/.wh..wh..opq", .type = '0'});
        tar_add(&b, &(struct tar_header){.name = "h", .type = '1', .link = ".wh.x/.wh..wh..opq"});
        seen = tell(&b, &plain);
        CHECK_STR(seen, "dir .wh.x 644 0:0\nfile .wh.x/.wh..wh..opq 644 0:0 size 0\nhardlink h 644 0:0 -> "
                        ".wh.x/.wh..wh..opq\n");
}

/* ---- numbers ------------------------------------------------------------------------ */

static void test_numbers(void)
{
        static const struct {
                size_t at, size;
                const char *bytes;
                const char *expected;
        } table[] = {
                {108, 8, "0000001\0", "0 1:0 size"},
                {108, 8, "      1 ", "0 1:0 size"},
                {108, 8, "1\0\0\0\0\0\0\0", "0 1:0 size"},
                {108, 8, "\0\0\0\0\0\0\0\0", "0 0:0 size"},
                {108, 8, "77777777", "0 16777215:0 size"},
                {108, 8, "\x80\0\0\0\xff\xff\xff\xfe", "0 4294967294:0 size"},
                {108, 8, "\x80\0\0\0\xff\xff\xff\xff", "the user id 4294967295"},
                {108, 8, "\xff\xff\xff\xff\xff\xff\xff\xff", "the user id -1"},
                {108, 8, "\x80\0\0\x01\0\0\0\0", "the user id 4294967296"},
                {116, 8, "\xff\xff\xff\xff\xff\xff\xff\xff", "the group id -1"},
                {108, 8, "000008\0\0", "uid field"},
                {108, 8, "1 1\0\0\0\0\0", "uid field"},
                {108, 8, "-1\0\0\0\0\0\0", "uid field"},
                {108, 8, "0x10\0\0\0\0", "uid field"},
                {100, 8, "abc\0\0\0\0\0", "mode field"},
                {100, 8, "\xb0\x30\x30\x30\x36\x34\x34\0", "mode field"},
                {108, 8, "\x81\0\0\0\0\0\0\x01", "uid field"},
                {124, 12, "\0        3 \0", "size field"},
                {124, 12, "         0 \0", "size 0"},
                {329, 8, "x\0\0\0\0\0\0\0", "device major"},
                {136, 12, "\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff", "mtime -1.000000000"},
                {136, 12, "\x80\0\0\0\0\0\0\x02\0\0\0\0", "mtime 8589934592.000000000"},
                {136, 12, "\x80\0\0\0\x80\0\0\0\0\0\0\0", "mtime field"},
                {136, 12, "\xbf\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff", "mtime field"},
                {124, 12, "\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff", "the size -1 is negative"},
                {124, 12, "\x80\0\0\0\x40\0\0\0\0\0\0\0",
                 "the size 4611686018427387904 is negative or above the limit"},
                {124, 12, "\x80\0\0\0\x80\0\0\0\0\0\0\0", "size field"},
        };

        for (size_t i = 0; i < ARRAY_SIZE(table); i++) {
                CLEANUP_BUFFER struct buffer b = BUFFER_INIT;
                CLEANUP_FREE char *seen = NULL;

                tar_add(&b, &(struct tar_header){.name = "f", .mode = "0", .type = '0'});
                memcpy(b.data + table[i].at, table[i].bytes, table[i].size);
                tar_sign(b.data);
                tar_end(&b);
                seen = tell(&b, NULL);
                CHECK_HAS(seen, table[i].expected);
        }
}

static void test_checksum(void)
{
        CLEANUP_BUFFER struct buffer b = BUFFER_INIT;
        CLEANUP_FREE char *bad = NULL, *old = NULL;
        int sum = 0;
        char text[16];

        tar_add(&b, &(struct tar_header){.name = "f\xff", .type = '0'});
        b.data[0] = 'g';
        bad = tell(&b, NULL);
        CHECK_HAS(bad, "tar, byte 0: not a tar header: the checksum is wrong");
        /* sums of signed characters, as some old tars wrote them */
        memset(b.data + 148, ' ', 8);
        for (size_t i = 0; i < 512; i++)
                sum += (signed char)b.data[i];
        snprintf(text, sizeof(text), "%06o", (unsigned)sum);
        memcpy(b.data + 148, text, 7);
        old = tell(&b, NULL);
        CHECK_STR(old, "file g\\ff 644 0:0 size 0\n");
}

/* ---- extended headers ------------------------------------------------------------------ */

static void test_pax(void)
{
        static const struct {
                const char *records;
                const char *expected;
        } table[] = {
                {"path=p/q", "file p/q 644 0:0 size 3 [0+3@1536]\n"},
                {"path=caf\xe9", "file caf\\e9 644"},
                {"hdrcharset=BINARY|path=\xff", "file \\ff 644"},
                {"path=a|path=b", "file b 644"},
                {"path=a|path=", "\"path\" is empty: programs differ"},
                {"linkpath=", "\"linkpath\" is empty: programs differ"},
                {"path=" A250 "/" A250 "/x", A250 "/" A250 "/x 644"},
                {"path=" A250 "aaaaa/x", "aaaaa/x 644"},
                {"path=" A250 "aaaaaa/x", "a name is longer than the limit of 255 bytes"},
                {"uid=4294967294|gid=70000", "4294967294:70000"},
                {"uid=4294967295", "the user id 4294967295 is out of range"},
                {"uid=-1", "the user id -1 is out of range"},
                {"uid=abc", "\"uid\" is not a number"},
                {"uid=1.5", "\"uid\" is not a number"},
                {"uid=", "\"uid\" is empty: programs differ"},
                {"mtime=", "\"mtime\" is empty: programs differ"},
                {"size=", "\"size\" is empty: programs differ"},
                {"mtime=1.5", "mtime 1.500000000"},
                {"mtime=1.1234567899", "mtime 1.123456789"},
                {"mtime=-1.5", "mtime -2.500000000"},
                {"mtime=-0.000000001", "mtime -1.999999999"},
                {"mtime=7.", "mtime 7.000000000"},
                {"mtime=x", "\"mtime\" is not a time"},
                {"mtime=.5", "\"mtime\" is not a time"},
                {"mtime=99999999999999999999", "\"mtime\" is not a time"},
                {"size=3", "size 3 [0+3@1536]"},
                {"size=-3", "the size -3 is negative"},
                {"size=9223372036854775807", "\"size\" is not a number"},
                {"size=999999999999999999", "above the limit"},
                {"size=0", "checksum is wrong"}, /* the body is taken for a header */
                {"SCHILY.xattr.user.a=1|SCHILY.xattr.security.capability=x", "user.a=1 security.capability=x size 3"},
                {"SCHILY.xattr.user.a=1|SCHILY.xattr.user.a=2", " user.a=2 size"},
                {"SCHILY.xattr.user.a=", " user.a= size"},
                {"SCHILY.xattr.=x", "file u 644 0:0 size 3"},
                {"SCHILY.xattr." A250 "aaaaa=x", "aaaaa=x size"},
                {"SCHILY.xattr." A250 "aaaaaa=x", "longer than the limit for an extended attribute"},
                {"LIBARCHIVE.xattr.user.a=MQ==|SCHILY.acl.access=user::rwx|comment=x|atime=1|ctime=2|uname=u|unknown=y",
                 "file u 644 0:0 size 3 [0"},
        };

        for (size_t i = 0; i < ARRAY_SIZE(table); i++) {
                CLEANUP_BUFFER struct buffer b = BUFFER_INIT;
                CLEANUP_FREE char *seen = NULL;

                tar_add_pax(&b, 'x', table[i].records);
                tar_add_file(&b, "u", '0', "abc", 3);
                tar_add_file(&b, "next", '0', "", 0);
                tar_end(&b);
                seen = tell(&b, NULL);
                CHECK_HAS(seen, table[i].expected);
                /* what the record said is forgotten behind its member */
                if (strstr(seen, "error:") == NULL)
                        CHECK_HAS(seen, "\nfile next 644 0:0 size 0\n");
        }
}

static void test_pax_malformed(void)
{
        static const struct {
                const char *bytes;
                size_t size;
                const char *expected;
        } table[] = {
                {"9 path=x\n", 9, "file x 644"},
                {"8 path=x\n", 9, "wrong length"},
                {"10 path=x\n", 10, "file x 644"},
                {"11 path=x\n", 10, "wrong length"},
                {"99999999999 path=x\n", 19, "wrong length"},
                {"0 path=x\n", 9, "wrong length"},
                {"-9 path=x\n", 10, "wrong length"},
                {"path=x\n", 7, "wrong length"},
                {"9path=x\n", 8, "wrong length"},
                {"7 path\n", 7, "no key"},
                {"5 =x\n", 5, "no key"},
                {"9 path=xx", 9, "wrong length"},
                {"10 path=x\0\n", 11, "wrong length"},
                {"11 path=x\0\n", 11, "NUL in its value"},
                {"11 pa\0th=x\n", 11, "has a NUL in it"},
                {"9 path=x\n\0\0", 11, "wrong length"},
                {"9 path=x\n5 ", 11, "wrong length"},
        };

        for (size_t i = 0; i < ARRAY_SIZE(table); i++) {
                CLEANUP_BUFFER struct buffer b = BUFFER_INIT;
                CLEANUP_FREE char *seen = NULL;

                tar_add_file(&b, "pax", 'x', table[i].bytes, table[i].size);
                tar_add_file(&b, "u", '0', "abc", 3);
                seen = tell(&b, NULL);
                CHECK_HAS(seen, table[i].expected);
        }
}

/* GUARD.7: which header counts: CVE-2025-62518 and its family. */
static void test_precedence(void)
{
        static const struct {
                const char *plan; /* x records ; L name ; K link ; g records ; f name (3 bytes) ; s symlink ; z zero
                                     block ; t trailing junk */
                const char *expected;
        } table[] = {
                {"lunended;fshort", "file unended 644"},
                {"Llong;fshort", "file long 644 0:0 size 3"},
                {"Ktarget;Llong;sshort", "symlink long 644 0:0 -> target"},
                {"Llong;Ktarget;sshort", "symlink long 644 0:0 -> target"},
                {"Llong/;vshort", "only one of its two names ends in '/'"},
                {"Llong;vshort/", "only one of its two names ends in '/'"},
                {"Llong/;vshort/", "dir long 644"},
                {"xsize=3;hshort", "a body where none belongs"},
                {"xGNU.sparse.name=x;hshort", "a sparse map for what is no ordinary file"},
                {"xpath=p;Llong;fshort", "more than one extended header"},
                {"Llong;xpath=p;fshort", "more than one extended header"},
                {"xpath=p;xuid=1;fshort", "more than one extended header"},
                {"La;Lb;fshort", "more than one extended header"},
                {"Ka;Kb;sshort", "more than one extended header"},
                {"xpath=p;gcomment=x;fshort", "more than one extended header"},
                {"gcomment=abc;fshort", "file short 644"},
                {"gpath=p;fshort", "\"path\" in a global header"},
                {"gsize=0;fshort", "\"size\" in a global header"},
                {"gmtime=0;fshort", "\"mtime\" in a global header"},
                {"gSCHILY.xattr.user.a=1;fshort", "in a global header"},
                {"xpath=p", "ends with an extended header"},
                {"Llong", "ends with an extended header"},
                {"xpath=p;z;z", "ends with an extended header"},
                {"fa", "file a 644 0:0 size 3 [0+3@512]\n"},
                {"fa;z", "file a 644 0:0 size 3 [0+3@512]\n"},
                {"fa;z;z", "file a 644 0:0 size 3 [0+3@512]\n"},
                {"fa;z;z;t", "file a 644 0:0 size 3 [0+3@512]\n"},
                {"fa;z;z;fb", "file a 644 0:0 size 3 [0+3@512]\n"},
                {"fa;z;fb", "a single zero block is followed by more"},
                {"fa;t", "middle of a block"},
        };

        for (size_t i = 0; i < ARRAY_SIZE(table); i++) {
                CLEANUP_BUFFER struct buffer b = BUFFER_INIT;
                CLEANUP_FREE char *seen = NULL;
                CLEANUP_FREE char *text = memory_strdup(table[i].plan);
                static const char zeros[512];
                char *rest = text;

                for (char *one = strsep(&rest, ";"); one != NULL; one = strsep(&rest, ";")) {
                        if (*one == 'x' || *one == 'g')
                                tar_add_pax(&b, *one, one + 1);
                        else if (*one == 'L' || *one == 'K')
                                tar_add_file(&b, "././@LongLink", *one, one + 1, strlen(one)); /* with its NUL */
                        else if (*one == 'l') /* without its NUL, and with something behind it in the block */
                                tar_add_file(&b, "././@LongLink", 'L', one + 1, strlen(one + 1)),
                                        b.data[b.size - 512 + strlen(one + 1)] = 'X';
                        else if (*one == 'f')
                                tar_add_file(&b, one + 1, '0', "abc", 3);
                        else if (*one == 'v')
                                tar_add(&b, &(struct tar_header){.name = one + 1});
                        else if (*one == 'h')
                                tar_add(&b, &(struct tar_header){.name = one + 1, .type = '1', .link = "short"});
                        else if (*one == 's')
                                tar_add(&b, &(struct tar_header){.name = one + 1, .type = '2', .link = "short"});
                        else if (*one == 'z')
                                buffer_append(&b, zeros, sizeof(zeros));
                        else
                                buffer_append_string(&b, "junk");
                }
                seen = tell(&b, NULL);
                CHECK_HAS(seen, table[i].expected);
                if (table[i].expected[strlen(table[i].expected) - 1] == '\n')
                        CHECK_STR(seen, table[i].expected);
        }
}

/* ---- sparse files --------------------------------------------------------------------------- */

static void add_sparse(struct buffer *b, const char *records, const char *body, size_t size)
{
        tar_add_pax(b, 'x', records);
        tar_add_file(b, "u", '0', body, size);
        tar_add_file(b, "next", '0', "", 0);
        tar_end(b);
}

static void test_sparse_pax(void)
{
        static char map[512 + 6] = "2\n0\n2\n100\n4\n";
        static const struct {
                const char *records, *body;
                size_t size;
                const char *expected;
        } table[] = {
                {"GNU.sparse.size=1000|GNU.sparse.numblocks=2|GNU.sparse.offset=0|GNU.sparse.numbytes=2|GNU.sparse."
                 "offset=100|GNU.sparse.numbytes=4",
                 "abcdef", 6, "file u 644 0:0 size 1000 [0+2@1536] [100+4@1538]\n"},
                {"GNU.sparse.name=s|GNU.sparse.size=1000|GNU.sparse.numblocks=3|GNU.sparse.map=0,2,100,4,1000,0",
                 "abcdef", 6, "file s 644 0:0 size 1000 [0+2@1536] [100+4@1538]\n"},
                {"GNU.sparse.major=1|GNU.sparse.minor=0|GNU.sparse.name=s|GNU.sparse.realsize=1000", map, 518,
                 "file s 644 0:0 size 1000 [0+2@2048] [100+4@2050]\n"},
                {"GNU.sparse.name=s|GNU.sparse.size=5|GNU.sparse.numblocks=1|GNU.sparse.map=0,0", "", 0,
                 "file s 644 0:0 size 5\n"},
                {"GNU.sparse.size=1000|GNU.sparse.numblocks=1|GNU.sparse.map=0,2", "abcdef", 6,
                 "more bytes than the regions"},
                {"GNU.sparse.size=1000|GNU.sparse.numblocks=1|GNU.sparse.map=0,7", "abcdef", 6,
                 "more bytes than the member"},
                {"GNU.sparse.size=1000|GNU.sparse.numblocks=2|GNU.sparse.map=0,4,2,2", "abcdef", 6, "overlap"},
                {"GNU.sparse.size=1000|GNU.sparse.numblocks=2|GNU.sparse.map=100,2,0,4", "abcdef", 6, "out of order"},
                {"GNU.sparse.size=1000|GNU.sparse.map=0,6|GNU.sparse.numblocks=1", "abcdef", 6, "behind the regions it counts"},
                {"GNU.sparse.size=1000|GNU.sparse.offset=0|GNU.sparse.numblocks=1|GNU.sparse.numbytes=6", "abcdef", 6,
                 "behind the regions it counts"},
                {"GNU.sparse.size=5|GNU.sparse.numblocks=1|GNU.sparse.map=0,6", "abcdef", 6, "outside of the file"},
                {"GNU.sparse.size=5|GNU.sparse.numblocks=1|GNU.sparse.map=9,0", "abcdef", 6, "outside of the file"},
                {"GNU.sparse.size=5|GNU.sparse.numblocks=1|GNU.sparse.map=0", "abcdef", 6, "not pairs"},
                {"GNU.sparse.size=5|GNU.sparse.numblocks=1|GNU.sparse.map=a,b", "abcdef", 6, "not pairs"},
                {"GNU.sparse.size=5|GNU.sparse.numblocks=1|GNU.sparse.map=-1,2", "abcdef", 6, "not pairs"},
                {"GNU.sparse.size=5|GNU.sparse.numblocks=1|GNU.sparse.map=0,99999999999999999999", "abcdef", 6,
                 "not pairs"},
                {"GNU.sparse.size=-5|GNU.sparse.numblocks=1|GNU.sparse.map=0,6", "abcdef", 6,
                 "size of the file is wrong"},
                {"GNU.sparse.size=999999999999999999|GNU.sparse.numblocks=1|GNU.sparse.map=0,6", "abcdef", 6,
                 "size of the file is wrong"},
                {"GNU.sparse.size=6|GNU.sparse.numblocks=2|GNU.sparse.map=0,6", "abcdef", 6,
                 "it has not the announced number of regions"},
                {"GNU.sparse.size=6|GNU.sparse.map=0,6", "abcdef", 6, "it has not the announced number of regions"},
                {"GNU.sparse.size=6", "abcdef", 6, "it has not the announced number of regions"},
                {"GNU.sparse.map=0,6", "abcdef", 6, "size of the file is wrong"},
                {"GNU.sparse.offset=0|GNU.sparse.size=6", "abcdef", 6, "has no GNU.sparse.numbytes"},
                {"GNU.sparse.numbytes=0|GNU.sparse.size=6", "abcdef", 6, "has no GNU.sparse.offset"},
                {"GNU.sparse.major=2|GNU.sparse.minor=0|GNU.sparse.realsize=6|GNU.sparse.numblocks=1|GNU.sparse.map=0,"
                 "6",
                 "abcdef", 6, "unknown version 2.0"},
                {"GNU.sparse.major=1|GNU.sparse.minor=0|GNU.sparse.realsize=6", "abcdef", 6, "longer than the member"},
        };

        for (size_t i = 0; i < ARRAY_SIZE(table); i++) {
                CLEANUP_BUFFER struct buffer b = BUFFER_INIT;
                CLEANUP_FREE char *seen = NULL;

                memcpy(map + 512, "abcdef", 6);
                add_sparse(&b, table[i].records, table[i].body, table[i].size);
                seen = tell(&b, NULL);
                CHECK_HAS(seen, table[i].expected);
                if (strstr(seen, "error") == NULL)
                        CHECK_HAS(seen, "file next");
        }
}

static void test_sparse_head(void)
{
        static const struct {
                const char *map;
                const char *expected;
        } table[] = {
                {"0\n", "file u 644 0:0 size 1000\n"},
                {"1\n0\n0\n", "file u 644 0:0 size 1000\n"},
                {"\n", "count of regions is wrong"},
                {"x\n", "count of regions is wrong"},
                {"-1\n", "count of regions is wrong"},
                {"999999999\n", "more than the limit of 262144 regions"},
                {"99999999999999999999999\n", "more than the limit of 262144 regions"},
                {"1\n0\nx\n", "not pairs"},
                {"1\n0\n\n", "not pairs"},
                {"2\n0\n0\n", "longer than the member"},
                {"1", "longer than the member"},
        };

        for (size_t i = 0; i < ARRAY_SIZE(table); i++) {
                CLEANUP_BUFFER struct buffer b = BUFFER_INIT;
                CLEANUP_FREE char *seen = NULL;
                char map[512] = {0};

                memcpy(map, table[i].map, strlen(table[i].map));
                add_sparse(&b, "GNU.sparse.major=1|GNU.sparse.minor=0|GNU.sparse.realsize=1000", map, sizeof(map));
                seen = tell(&b, NULL);
                CHECK_HAS(seen, table[i].expected);
        }
}

static void put_region(char *at, unsigned offset, unsigned length)
{
        CLEANUP_FREE char *text = memory_printf("%011o", offset);
        CLEANUP_FREE char *more = memory_printf("%011o", length);

        memcpy(at, text, 12);
        memcpy(at + 12, more, 12);
}

/* GNU's type S with 4 + 21 + 1 regions of one byte */
static void test_sparse_old(void)
{
        CLEANUP_BUFFER struct buffer b = BUFFER_INIT;
        CLEANUP_FREE char *seen = NULL, *bad = NULL;
        char more[512] = {0}, last[512] = {0}, body[512] = {0};

        tar_add(&b, &(struct tar_header){.name = "s", .type = 'S', .size = "32", .magic = "ustar  "});
        for (unsigned i = 0; i < 4; i++)
                put_region(b.data + 386 + (size_t)24 * i, i * 10, 1);
        for (unsigned i = 0; i < 21; i++)
                put_region(more + (size_t)24 * i, 40 + i * 10, 1);
        put_region(last, 250, 1);
        b.data[482] = 1;
        more[504] = 1;
        memcpy(b.data + 483, "00000001000", 12);
        tar_sign(b.data);
        buffer_append(&b, more, 512);
        buffer_append(&b, last, 512);
        buffer_append(&b, body, 512);
        tar_add_file(&b, "next", '0', "", 0);
        seen = tell(&b, NULL);
        CHECK_HAS(seen, "file s 644 0:0 size 512 [0+1@1536] [10+1@1537] [20+1@1538]");
        CHECK_HAS(seen, "[240+1@1560] [250+1@1561]\nfile next 644");
        b.data[512 + 504] = 0;
        bad = tell(&b, NULL);
        CHECK_HAS(bad, "error: ");
}

static void test_not_archives(void)
{
        static const struct {
                const char *bytes;
                size_t size;
        } table[] = {
                {"PK\3\4", 4}, {"Rar!\x1a\7\0", 7}, {"7z\xbc\xaf\x27\x1c", 6}, {"MSCF", 4},     {"xar!", 4},
                {"070701", 6}, {"!<arch>\n", 8},    {"#mtree\n", 7},           {"WARC/1.0", 8},
        };

        for (size_t i = 0; i < ARRAY_SIZE(table); i++) {
                CLEANUP_BUFFER struct buffer b = BUFFER_INIT;
                CLEANUP_FREE char *seen = NULL;

                buffer_append(&b, table[i].bytes, table[i].size);
                while (b.size < 4096)
                        buffer_append_char(&b, 'x');
                CHECK(!oci_layer_is_archive(b.data, b.size));
                seen = tell(&b, NULL);
                CHECK_HAS(seen, "error: tar, byte 0: not a tar header");
        }
}

/* ---- limits (GUARD.6) -------------------------------------------------------------------------------------- */

static void test_extended_limit(void)
{
        CLEANUP_BUFFER struct buffer b = BUFFER_INIT;
        CLEANUP_FREE char *seen = NULL;

        tar_add(&b, &(struct tar_header){.name = "x", .type = 'x', .size = "40000000000"}); /* 4 GiB */
        seen = tell(&b, NULL);
        CHECK_HAS(seen, "an extended header is larger than the limit of 1048576 bytes");
}

static void test_xattr_limit(void)
{
        CLEANUP_BUFFER struct buffer b = BUFFER_INIT, r = BUFFER_INIT;
        CLEANUP_FREE char *seen = NULL;

        for (unsigned i = 0; i <= OCI_LIMIT_XATTRS; i++) {
                CLEANUP_FREE char *key = memory_printf("SCHILY.xattr.user.%u", i);

                tar_record(&r, key, "x", 1);
        }
        tar_add_file(&b, "x", 'x', r.data, r.size);
        tar_add_file(&b, "f", '0', "", 0);
        seen = tell(&b, NULL);
        CHECK_HAS(seen, "more than the limit of 1024 extended attributes");
}

/* A scan does not read bodies: the second half of this file is a hole of 1 TiB. */
static void test_scan_skips(void)
{
        CLEANUP_ERROR struct error err = ERROR_INIT;
        CLEANUP_BUFFER struct buffer b = BUFFER_INIT, seen = BUFFER_INIT;
        CLEANUP_FD int fd = -1;
        struct tar_header h = {.name = "big", .type = '0', .magic = "ustar  "};

        tar_add(&b, &h);
        memcpy(b.data + 124, "\x80\0\0\0\0\0\x01\0\0\0\0\0", 12);
        tar_sign(b.data);
        fd = tar_open(b.data, b.size);
        CHECK_INT(ftruncate(fd, 512 + (1ll << 40) + 1024), 0);
        CHECK_OK(tar_scan(fd, NULL, &seen, &err));
        CHECK_STR(buffer_text(&seen), "file big 644 0:0 size 1099511627776 [0+1099511627776@512]\n");
}

static void test_empty(void)
{
        CLEANUP_BUFFER struct buffer nothing = BUFFER_INIT, end = BUFFER_INIT;
        CLEANUP_FREE char *a = NULL, *b = NULL;

        a = tell(&nothing, NULL);
        CHECK_STR(a, "");
        tar_end(&end);
        b = tell(&end, NULL);
        CHECK_STR(b, "");
}

int main(void)
{
        CHECK_RUN(test_members);
        CHECK_RUN(test_plain_names);
        CHECK_RUN(test_numbers);
        CHECK_RUN(test_checksum);
        CHECK_RUN(test_pax);
        CHECK_RUN(test_pax_malformed);
        CHECK_RUN(test_precedence);
        CHECK_RUN(test_sparse_pax);
        CHECK_RUN(test_sparse_head);
        CHECK_RUN(test_sparse_old);
        CHECK_RUN(test_not_archives);
        CHECK_RUN(test_extended_limit);
        CHECK_RUN(test_xattr_limit);
        CHECK_RUN(test_scan_skips);
        CHECK_RUN(test_empty);
        return CHECK_END();
}
