/* SPDX-License-Identifier: Apache-2.0 */
/*
 * GUARD.7: CVE-2025-62518 and its family: a tar that two programs read differently hides something from one of them. Random tars
 * with odd headers are listed by our reader, GNU tar and Python's tarfile; whatever ours accepts, the others must list
 * in the same way. BRYO_TEST_ROUNDS sets how many (400), BRYO_TEST_SEED the seed, BRYO_TEST_KEEP=DIR keeps the tars.
 */
#include <ftw.h>
#include <sys/stat.h>

#include "tests/unit/tar_build.h"

static uint64_t seed = 1;

static unsigned roll(unsigned sides)
{
        seed = seed * 6364136223846793005u + 1442695040888963407u;
        return (unsigned)(seed >> 33) % sides;
}

static void add_records(struct buffer *b, char type)
{
        static const struct {
                const char *key, *values[4];
        } keys[] = {
                {"path", {"p", "q/r", "", "s/"}},
                {"size", {"0", "3", "512", ""}},
                {"linkpath", {"l", "m", "", "n"}},
                {"comment", {"x", "y", "z", ""}},
                {"mtime", {"1.5", "7", "-1", "1"}},
                {"uid", {"0", "70000", "7", ""}},
                {"GNU.sparse.size", {"3", "10", "1000", "0"}},
                {"GNU.sparse.map", {"0,3", "0,0", "5,3", "0,1,2,2"}},
                {"GNU.sparse.name", {"sp", "sq", "sr", "ss"}},
                {"GNU.sparse.major", {"0", "1", "0", "1"}},
                {"GNU.sparse.minor", {"0", "1", "0", "1"}},
                {"GNU.sparse.numblocks", {"1", "1", "2", "0"}},
                {"SCHILY.xattr.user.a", {"1", "", "2", "3"}},
        };
        CLEANUP_BUFFER struct buffer r = BUFFER_INIT;

        for (unsigned n = 1 + roll(3); n > 0; n--) {
                unsigned key = roll(roll(3) ? 6 : ARRAY_SIZE(keys));
                const char *value = keys[key].values[roll(4)];

                tar_record(&r, keys[key].key, value, strlen(value));
        }
        if (roll(20) == 0 && r.size > 3)
                r.data[roll((unsigned)r.size)] ^= (char)(1 << roll(7));
        tar_add_file(b, "pax", type, r.data, r.size);
}

static void add_long(struct buffer *b, char type)
{
        static const char *const names[] = {"long", "long/name", "longer", "x"};
        const char *name = names[roll(4)];

        tar_add_file(b, "././@LongLink", type, name, strlen(name) + roll(2));
}

static void add_member(struct buffer *b)
{
        static const char types[] = "0000000\0\0"
                                    "11225634"
                                    "7SVDMX9";
        static const char *const names[] = {"a", "b/c", "d/", "e", "f", "g/h/i"};
        static const char *const sizes[] = {"0", "3", "3", "3", "1000", "2000", "1"};
        static const char *const magics[] = {NULL,
                                             NULL,
                                             NULL,
                                             "ustar  ",
                                             "\0\0\0\0\0\0\0",
                                             "ustar\0xx",
                                             "USTAR\0"
                                             "00"};
        struct tar_header h = {.name = names[roll(6)],
                               .size = sizes[roll(7)],
                               .magic = magics[roll(7)],
                               .link = "target",
                               .type = types[roll(sizeof(types) - 1)]};
        char block[512];
        size_t size = strtoul(h.size, NULL, 8);

        if (h.type != '0' && h.type != 0 && h.type != '7' && roll(4))
                size = 0, h.size = "0";
        if (h.type == '5' && roll(3))
                h.name = "dir/";
        tar_make(block, &h);
        if (roll(10) == 0)
                memcpy(block + 345, "prefix", roll(6));
        if (roll(25) == 0)
                memcpy(block + 124, "\x80\0\0\0\0\0\0\0\0\0\0\3", 12);
        if (roll(25) == 0)
                memcpy(block + 124, "\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff", 12);
        if (roll(25) == 0)
                memcpy(block + 124, "         3 \0", 12);
        if (roll(40) == 0)
                memcpy(block + 508, "tar", 4);
        if (roll(30) == 0)
                block[100 + roll(30)] ^= (char)(1 << roll(8));
        tar_sign(block);
        if (roll(40) == 0)
                block[148] ^= 1;
        buffer_append(b, block, 512);
        /* sometimes the body looks like a header, so that a wrong size shows up as a member */
        if (roll(3) == 0 && size >= 512) {
                tar_add_file(b, "hidden", '0', "", 0);
                size -= 512;
        }
        while (size-- > 0)
                buffer_append_char(b, 'x');
        tar_pad(b);
}

static void make_tar(struct buffer *b)
{
        static const char zeros[512];

        for (unsigned n = 1 + roll(4); n > 0; n--) {
                if (roll(2) == 0)
                        for (unsigned extra = 1 + roll(5) / 4; extra > 0; extra--) {
                                switch (roll(6)) {
                                case 0:
                                        add_records(b, 'g');
                                        break;
                                case 1:
                                        add_long(b, 'L');
                                        break;
                                case 2:
                                        add_long(b, 'K');
                                        break;
                                default:
                                        add_records(b, 'x');
                                        break;
                                }
                        }
                add_member(b);
                if (roll(25) == 0)
                        buffer_append(b, zeros, 512);
        }
        for (unsigned n = roll(4); n > 0; n--)
                buffer_append(b, zeros, 512);
        if (roll(30) == 0 && b->size > 600)
                b->size -= roll(600);
}

/* One line for each entry: kind, size of a file, path. Empty for a refusal. */
static int tell(void *context, const struct oci_entry *e, struct error *err)
{
        static const char kinds[] = "fdshcbp";

        (void)err;
        buffer_printf(context, "%c %llu %s%s%s\n", kinds[e->kind], (unsigned long long)e->size, e->path,
                      e->target ? " -> " : "", e->target ? e->target : "");
        return 0;
}

static bool list_ours(const struct buffer *tar, struct buffer *ret)
{
        static const struct oci_layer_options plain = {.plain_names = true};
        CLEANUP_ERROR struct error err = ERROR_INIT;
        CLEANUP_FD int fd = tar_open(tar->data, tar->size);
        struct oci_layer_info info;

        return oci_layer_ingest(fd, -1, &plain, tell, ret, &info, &err) == 0;
}

static const char script[] =
        "import sys, tarfile, os\n"
        "for name in sorted(os.listdir(sys.argv[1])):\n"
        "    if not name.endswith('.tar'): continue\n"
        "    out = open(os.path.join(sys.argv[1], name[:-4] + '.python'), 'w', errors='surrogateescape')\n"
        "    try:\n"
        "        with tarfile.open(os.path.join(sys.argv[1], name), 'r:') as t:\n"
        "            for m in t:\n"
        "                k = 'f' if m.isreg() else 'd' if m.isdir() else 's' if m.issym() else 'h' if m.islnk() else "
        "'c' if m.ischr() else 'b' if m.isblk() else 'p' if m.isfifo() else '?'\n"
        "                link = ' -> ' + m.linkname if k in 'sh' else ''\n"
        "                print(k, m.size if k == 'f' else 0, m.name.strip('/') + link, file=out)\n"
        "    except Exception as e:\n"
        "        if 'empty file' not in str(e): print('error', e, file=out)\n"
        "    out.close()\n";

static int remove_one(const char *path, const struct stat *st, int type, struct FTW *f)
{
        (void)st, (void)type, (void)f;
        return remove(path);
}

static void write_file(const char *path, const void *bytes, size_t size)
{
        CLEANUP_FD int fd = open(path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);

        if (fd < 0 || fd_write_all(fd, bytes, size) < 0)
                abort();
}

static void read_list(const char *dir, unsigned i, const char *suffix, struct buffer *ret)
{
        CLEANUP_FREE char *path = memory_printf("%s/%05u.%s", dir, i, suffix);
        CLEANUP_ERROR struct error err = ERROR_INIT;

        CHECK_OK(fd_read_file(AT_FDCWD, path, 1 << 20, true, ret, &err));
        (void)buffer_text(ret);
}

static void run(const char *command)
{
        if (system(command) == -1)
                abort();
}

/* The names only, as GNU tar lists them. */
static char *names_of(const char *list)
{
        struct buffer b = BUFFER_INIT;
        CLEANUP_FREE char *copy = memory_strdup(list);
        char *rest = copy;

        for (char *line = strsep(&rest, "\n"); rest != NULL; line = strsep(&rest, "\n")) {
                char *name = strchr(line + 2, ' ') + 1;
                char *arrow = *line == 's' || *line == 'h' ? strstr(name, " -> ") : NULL;

                buffer_printf(&b, "%.*s\n", (int)(arrow ? (size_t)(arrow - name) : strlen(name)), name);
        }
        (void)buffer_reserve(&b, 1);
        return buffer_steal(&b);
}

/* Go's reader, and so containerd and ours, takes a tar that ends in the zeros behind its last member; GNU tar and
 * Python list the same members, and then complain. */
static void forgive_end(struct buffer *list, bool cut)
{
        char *last = NULL;

        if (!cut || list->size < 2)
                return;
        list->data[list->size - 1] = '\0';
        last = strrchr(list->data, '\n');
        last = last ? last + 1 : list->data;
        if (strncmp(last, "error", 5) == 0)
                *last = '\0';
        else
                list->data[list->size - 1] = '\n';
}

static char dir[] = "/tmp/bryo-differential-XXXXXX";
static unsigned rounds = 400, accepted;

static void test_differential(void)
{
        CLEANUP_FREE char *where =
                getenv("BRYO_TEST_KEEP") ? memory_strdup(getenv("BRYO_TEST_KEEP")) : memory_strdup(mkdtemp(dir));
        CLEANUP_FREE char *program = memory_printf("%s/list.py", where),
                          *python = memory_printf("python3 %s %s", program, where);
        CLEANUP_FREE char *gnu =
                memory_printf("cd %s && for f in *.tar; do LC_ALL=C tar --quoting-style=literal -P -tf $f "
                              ">${f%%.tar}.gnu 2>/dev/null || echo error >>${f%%.tar}.gnu; done",
                              where);

        for (unsigned i = 0; i < rounds; i++) {
                CLEANUP_BUFFER struct buffer tar = BUFFER_INIT, ours = BUFFER_INIT;
                CLEANUP_FREE char *path = memory_printf("%s/%05u.tar", where, i),
                                  *list = memory_printf("%s/%05u.ours", where, i);

                make_tar(&tar);
                if (!list_ours(&tar, &ours))
                        continue;
                accepted++;
                write_file(path, tar.data, tar.size);
                write_file(list, buffer_text(&ours), ours.size);
        }
        write_file(program, script, strlen(script));
        run(python);
        run(gnu);
        for (unsigned i = 0; i < rounds; i++) {
                CLEANUP_BUFFER struct buffer ours = BUFFER_INIT, theirs = BUFFER_INIT, gnus = BUFFER_INIT;
                CLEANUP_FREE char *path = memory_printf("%s/%05u.ours", where, i), *names = NULL;
                CLEANUP_FREE char *tar = memory_printf("%s/%05u.tar", where, i);
                struct stat st = {.st_size = 0};
                char *to;

                if (access(path, F_OK) != 0)
                        continue;
                read_list(where, i, "ours", &ours);
                read_list(where, i, "python", &theirs);
                read_list(where, i, "gnu", &gnus);
                CHECK_INT(stat(tar, &st), 0);
                forgive_end(&theirs, st.st_size % 512 != 0);
                forgive_end(&gnus, st.st_size % 512 != 0);
                names = names_of(buffer_text(&ours));
                to = gnus.size ? gnus.data : NULL;
                for (const char *p = to; p != NULL && *p; p++) /* GNU tar shows the slash of a directory */
                        if (!(p[0] == '/' && p[1] == '\n'))
                                *to++ = *p;
                if (to != NULL)
                        *to = '\0';
                if (strcmp(buffer_text(&ours), buffer_text(&theirs)) != 0 || strcmp(names, buffer_text(&gnus)) != 0)
                        printf("# tar %u, seed %s\n", i, getenv("BRYO_TEST_SEED") ? getenv("BRYO_TEST_SEED") : "1");
                CHECK_STR(buffer_text(&theirs), buffer_text(&ours));
                CHECK_STR(buffer_text(&gnus), names);
        }
        printf("# %u of %u tars were accepted\n", accepted, rounds);
        CHECK(accepted > rounds / 10); /* else this compares nothing */
        if (getenv("BRYO_TEST_KEEP") == NULL)
                (void)nftw(where, remove_one, 16, FTW_DEPTH | FTW_PHYS);
}

int main(void)
{
        if (system("command -v python3 >/dev/null 2>&1 && tar --version 2>/dev/null | grep -q GNU") != 0)
                CHECK_SKIP("python3 or GNU tar is not installed");
        if (getenv("BRYO_TEST_ROUNDS"))
                rounds = (unsigned)strtoul(getenv("BRYO_TEST_ROUNDS"), NULL, 10);
        if (getenv("BRYO_TEST_SEED"))
                seed = strtoull(getenv("BRYO_TEST_SEED"), NULL, 10);
        CHECK_RUN(test_differential);
        return CHECK_END();
}
