/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Indexes that lie, one lie at a time, in a file that is large enough to be read by pieces: each is refused with the
 * file's name when it is opened or walked, and nothing that a tree does with it crashes, loops or reads outside.
 */
#include <endian.h>
#include <sys/resource.h>

#include "overlay/index_format.h"
#include "tests/unit/overlay_index_use.h"

#define FILES 2400

static struct fixture f;
static struct buffer sound = BUFFER_INIT;
static struct buffer lie = BUFFER_INIT;

static const size_t record_sizes[INDEX_TABLES] = {
        sizeof(struct index_inode_record),
        sizeof(struct index_dirent_record),
        sizeof(struct index_extent_record),
        sizeof(struct index_source_record),
        sizeof(struct index_link_record),
        sizeof(uint32_t),
        1,
};

static struct index_header_record header_of(void)
{
        struct index_header_record h;

        memcpy(&h, lie.data, sizeof(h));
        return h;
}

static uint32_t count_of(enum index_table table)
{
        return (uint32_t)le64toh(header_of().tables[table].count);
}

/* Tables lie at multiples of 8, and so does what malloc gives. */
static void *record_of(enum index_table table, uint32_t number)
{
        return lie.data + le64toh(header_of().tables[table].offset) + (uint64_t)number * record_sizes[table];
}

static struct index_inode_record *inode_of(uint32_t number)
{
        return record_of(INDEX_INODES, number);
}

static uint32_t inode_of_kind(mode_t kind, uint32_t least)
{
        for (uint32_t i = 1; i < count_of(INDEX_INODES); i++)
                if ((inode_of(i)->mode & S_IFMT) == kind && inode_of(i)->count >= least)
                        return i;
        abort();
}

static struct index_dirent_record *first_dirent(void)
{
        return record_of(INDEX_DIRENTS, inode_of(inode_of_kind(S_IFDIR, 2))->first);
}

static void rename_first(const char *name, uint16_t size)
{
        struct index_dirent_record *dirent = first_dirent();

        memcpy(record_of(INDEX_STRINGS, dirent->name), name, size);
        dirent->name_size = size;
}

/* --- lies --- */

static void extent_behind_the_file(void)
{
        ((struct index_extent_record *)record_of(INDEX_EXTENTS, 5))->offset = 1 << 30;
}

static void extent_wraps_around(void)
{
        ((struct index_extent_record *)record_of(INDEX_EXTENTS, 5))->offset = UINT64_MAX - 3;
}

static void extent_length_wraps_around(void)
{
        ((struct index_extent_record *)record_of(INDEX_EXTENTS, 5))->length = UINT64_MAX - 3;
}

static void extent_behind_the_source(void)
{
        ((struct index_extent_record *)record_of(INDEX_EXTENTS, 5))->source_offset = 1 << 30;
}

static void extent_wraps_in_the_source(void)
{
        ((struct index_extent_record *)record_of(INDEX_EXTENTS, 5))->source_offset = INT64_MAX - 1;
}

static void extent_of_no_source(void)
{
        ((struct index_extent_record *)record_of(INDEX_EXTENTS, 5))->source = 77;
}

static void extents_overlap(void)
{
        uint32_t file = inode_of_kind(S_IFREG, 2);
        struct index_extent_record *extents = record_of(INDEX_EXTENTS, inode_of(file)->first);

        extents[1].offset = extents[0].offset;
}

static void name_slash(void)
{
        rename_first("/", 1);
}

static void name_dots(void)
{
        rename_first("..", 2);
}

static void name_dot(void)
{
        rename_first(".", 1);
}

static void name_empty(void)
{
        rename_first("", 0);
}

static void name_nul(void)
{
        rename_first("a\0b", 3);
}

static void name_path(void)
{
        rename_first("a/b", 3);
}

static void name_too_long(void)
{
        first_dirent()->name_size = 256;
}

static void name_twice(void)
{
        struct index_dirent_record *dirent = first_dirent();

        dirent[1].name = dirent[0].name;
        dirent[1].name_size = dirent[0].name_size;
}

static void names_not_sorted(void)
{
        rename_first("zzzz", 4);
}

static void directory_in_itself(void)
{
        uint32_t dir = inode_of_kind(S_IFDIR, 2);
        struct index_dirent_record *dirent = record_of(INDEX_DIRENTS, inode_of(dir)->first);

        dirent->inode = dir;
        dirent->kind = 4;
}

static void directory_with_two_names(void)
{
        struct index_dirent_record *root = record_of(INDEX_DIRENTS, inode_of(0)->first);

        root[1].inode = root[0].inode;
        root[1].kind = root[0].kind;
}

static void root_as_a_child(void)
{
        first_dirent()->inode = 0;
}

static void child_outside(void)
{
        first_dirent()->inode = count_of(INDEX_INODES);
}

static void children_outside(void)
{
        inode_of(inode_of_kind(S_IFDIR, 2))->count = count_of(INDEX_DIRENTS) + 1;
}

static void children_wrap_around(void)
{
        inode_of(inode_of_kind(S_IFDIR, 2))->first = UINT32_MAX - 1;
}

static void no_kind(void)
{
        inode_of(inode_of_kind(S_IFREG, 1))->mode = 0644;
}

static void kind_of_the_name(void)
{
        first_dirent()->kind = 10;
}

static void links_outside(void)
{
        inode_of(inode_of_kind(S_IFREG, 1))->nlink = 1 << 30;
}

static void target_outside(void)
{
        inode_of(inode_of_kind(S_IFLNK, 1))->first = UINT32_MAX - 1;
}

static void target_too_long(void)
{
        inode_of(inode_of_kind(S_IFLNK, 1))->count = 4096;
}

static void target_with_nul(void)
{
        *(char *)record_of(INDEX_STRINGS, inode_of(inode_of_kind(S_IFLNK, 1))->first) = '\0';
}

static void xattrs_outside(void)
{
        inode_of(inode_of_kind(S_IFREG, 1))->xattrs_size = 1 << 20;
}

static void xattrs_that_are_none(void)
{
        struct index_inode_record *inode = inode_of(inode_of_kind(S_IFREG, 1));

        inode->xattrs = 0;
        inode->xattrs_size = 9;
}

static void size_negative(void)
{
        inode_of(inode_of_kind(S_IFREG, 1))->size = UINT64_MAX;
}

static void nanoseconds(void)
{
        inode_of(inode_of_kind(S_IFREG, 1))->mtime_nsec = 1000000000;
}

static const struct {
        const char *what;
        void (*tell)(void);
} lies[] = {
        {"an extent behind the end of its file", extent_behind_the_file},
        {"an extent whose end wraps around", extent_wraps_around},
        {"an extent whose length wraps around", extent_length_wraps_around},
        {"an extent behind the end of its source", extent_behind_the_source},
        {"an extent that wraps around in its source", extent_wraps_in_the_source},
        {"an extent of a source that there is not", extent_of_no_source},
        {"extents that overlap", extents_overlap},
        {"the name /", name_slash},
        {"the name ..", name_dots},
        {"the name .", name_dot},
        {"an empty name", name_empty},
        {"a name with a NUL", name_nul},
        {"a name that is a path", name_path},
        {"a name of 256 bytes", name_too_long},
        {"a name twice", name_twice},
        {"names out of order", names_not_sorted},
        {"a directory in itself", directory_in_itself},
        {"a directory with two names", directory_with_two_names},
        {"the root as a child", root_as_a_child},
        {"a child that there is not", child_outside},
        {"more children than there are names", children_outside},
        {"children whose numbers wrap around", children_wrap_around},
        {"an inode of no kind", no_kind},
        {"a name of another kind than its inode", kind_of_the_name},
        {"more names than there are links", links_outside},
        {"a link target outside of the strings", target_outside},
        {"a link target of 4096 bytes", target_too_long},
        {"a link target with a NUL", target_with_nul},
        {"xattrs outside of the strings", xattrs_outside},
        {"xattrs that are none", xattrs_that_are_none},
        {"a negative size", size_negative},
        {"a thousand million nanoseconds", nanoseconds},
};

/* --- telling them --- */

static void make_sound(void)
{
        CLEANUP_ERROR struct error err = ERROR_INIT;
        CLEANUP_OVERLAY_REF struct overlay_ref ref = OVERLAY_REF_INIT;
        struct overlay_tree *tree;

        fixture_begin(&f);
        tree = fixture_tree(&f);
        fixture_mkdir(tree, "/a");
        fixture_mkdir(tree, "/b/c/d");
        fixture_symlink(tree, "target", "/b/link");
        fixture_write(tree, "/a/holes", "begin");
        CHECK_OK(overlay_tree_resolve(tree, NULL, "/a/holes", 0, &ref, &err));
        CHECK_OK(overlay_node_write(&ref, "end", 3, 100000, &err));
        for (int i = 0; i < FILES; i++) {
                char path[64];

                snprintf(path, sizeof(path), "/a/file-with-a-longer-name-%04d", i);
                fixture_write(tree, path, path);
        }
        overlay_ref_release(&ref);
        fixture_seal(&f, tree, false);
        CHECK_OK(fd_read_file(f.fd, "index-0", 4 << 20, true, &sound, &err));
        CHECK(sound.size > 300 << 10); /* else it is read at once */
        fixture_pop(&f);
}

static void drop_sound(void)
{
        buffer_free(&sound);
        buffer_free(&lie);
        fixture_end(&f);
}

static void begin_lie(void)
{
        buffer_clear(&lie);
        buffer_append(&lie, sound.data, sound.size);
}

static void write_lie(size_t size)
{
        int fd = openat(f.fd, "victim", O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);

        CHECK_INT(fd_write_all(fd, lie.data, size), 0);
        close(fd);
}

/* Opens and walks; true when one of the two says that the victim is damaged. */
static bool is_refused(void)
{
        CLEANUP_ERROR struct error err = ERROR_INIT;
        struct overlay_index *index = NULL;
        size_t sum = 0;

        if (overlay_index_open(f.fd, "victim", NULL, &index, &err) == 0)
                (void)overlay_index_walk(index, index_use_entry, &sum, &err);
        overlay_index_unref(index);
        return err.code == EBADMSG && strstr(err.message, "victim") != NULL;
}

static void test_lies(void)
{
        struct index_use use = {.f = &f};

        make_sound();
        begin_lie();
        write_lie(lie.size);
        CHECK(!is_refused());
        for (size_t i = 0; i < ARRAY_SIZE(lies); i++) {
                begin_lie();
                lies[i].tell();
                write_lie(lie.size);
                if (!is_refused())
                        CHECK_STR(lies[i].what, "(refused)");
                index_use(&use, "victim");
        }
        drop_sound();
}

static void test_cut_at_each_page(void)
{
        make_sound();
        begin_lie();
        for (size_t size = 0; size < lie.size; size += 4096) {
                write_lie(size);
                CHECK(is_refused());
        }
        drop_sound();
}

static void test_flipped_bits(void)
{
        struct index_use use = {.f = &f};
        unsigned refused = 0;
        uint32_t random = 20261121;

        make_sound();
        begin_lie();
        for (int i = 0; i < 1000; i++) {
                size_t at;

                random = random * 1664525 + 1013904223;
                at = (size_t)(((uint64_t)random * lie.size) >> 32);
                lie.data[at] ^= (char)(1 << (i % 8));
                write_lie(lie.size);
                refused += is_refused();
                if (i % 10 == 0)
                        index_use(&use, "victim");
                lie.data[at] ^= (char)(1 << (i % 8));
        }
        printf("# %u of 1000 make it unusable; the others change what it says\n", refused);
        CHECK(refused > 100);
        drop_sound();
}

/* A flipped bit that nothing else could notice. */
static void test_digest(void)
{
        CLEANUP_ERROR struct error err = ERROR_INIT;
        struct overlay_index_options options = {.verify = true};
        struct overlay_index *index = NULL;

        make_sound();
        begin_lie();
        inode_of(inode_of_kind(S_IFREG, 1))->uid ^= 1;
        write_lie(lie.size);
        CHECK(!is_refused());
        CHECK(overlay_index_open(f.fd, "victim", &options, &index, &err) < 0);
        CHECK_HAS(err.message, "victim");
        CHECK_HAS(err.message, "digest");
        drop_sound();
}

/* The file gets shorter after it was opened. A mapping would end the process here. */
static void test_cut_while_open(void)
{
        CLEANUP_ERROR struct error err = ERROR_INIT;
        struct overlay_index *index = NULL;
        size_t sum = 0;
        int fd;

        make_sound();
        begin_lie();
        write_lie(lie.size);
        CHECK_OK(overlay_index_open(f.fd, "victim", NULL, &index, &err));
        fd = openat(f.fd, "victim", O_WRONLY | O_CLOEXEC);
        CHECK_INT(ftruncate(fd, 100000), 0);
        close(fd);
        CHECK(overlay_index_walk(index, index_use_entry, &sum, &err) < 0);
        CHECK_INT(err.code, EBADMSG);
        CHECK_HAS(err.message, "victim is damaged: it was cut off");
        error_clear(&err);
        CHECK(overlay_index_verify(index, &err) < 0);
        overlay_index_unref(index);
        drop_sound();
}

/* What was read stays as it was: nobody can change an answer that was checked. */
static void test_changed_while_open(void)
{
        CLEANUP_ERROR struct error err = ERROR_INIT;
        struct overlay_index *index = NULL;
        size_t before = 0, after = 0;
        int fd;

        make_sound();
        begin_lie();
        write_lie(lie.size);
        CHECK_OK(overlay_index_open(f.fd, "victim", NULL, &index, &err));
        CHECK_OK(overlay_index_walk(index, index_use_entry, &before, &err));
        memset(lie.data, 0xff, lie.size);
        fd = openat(f.fd, "victim", O_WRONLY | O_CLOEXEC);
        CHECK_INT(fd_pwrite_all(fd, lie.data, lie.size, 0), 0);
        close(fd);
        CHECK_OK(overlay_index_walk(index, index_use_entry, &after, &err));
        CHECK_INT(after, before);
        overlay_index_unref(index);
        drop_sound();
}

static unsigned open_descriptors(void)
{
        unsigned count = 0;

        for (int fd = 0; fd < 256; fd++)
                count += fcntl(fd, F_GETFD) >= 0;
        return count;
}

/* A large index keeps a descriptor for what was not read yet, but not when there are few. */
static void test_few_descriptors(void)
{
        CLEANUP_ERROR struct error err = ERROR_INIT;
        struct overlay_index *index[2] = {NULL};
        struct rlimit old, few;
        unsigned before;
        size_t sum = 0;

        make_sound();
        before = open_descriptors();
        CHECK_OK(overlay_index_open(f.fd, "index-0", NULL, &index[0], &err));
        CHECK_INT(open_descriptors(), before + 1);
        getrlimit(RLIMIT_NOFILE, &old);
        few = (struct rlimit){.rlim_cur = 16, .rlim_max = old.rlim_max};
        setrlimit(RLIMIT_NOFILE, &few);
        CHECK_OK(overlay_index_open(f.fd, "index-0", NULL, &index[1], &err));
        CHECK_INT(open_descriptors(), before + 1);
        CHECK_OK(overlay_index_walk(index[1], index_use_entry, &sum, &err));
        setrlimit(RLIMIT_NOFILE, &old);
        overlay_index_unref(index[0]);
        overlay_index_unref(index[1]);
        CHECK_INT(open_descriptors(), before);
        drop_sound();
}

int main(void)
{
        CHECK_RUN(test_lies);
        CHECK_RUN(test_cut_at_each_page);
        CHECK_RUN(test_flipped_bits);
        CHECK_RUN(test_digest);
        CHECK_RUN(test_cut_while_open);
        CHECK_RUN(test_changed_while_open);
        CHECK_RUN(test_few_descriptors);
        return CHECK_END();
}
