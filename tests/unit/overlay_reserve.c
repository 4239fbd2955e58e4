/* SPDX-License-Identifier: Apache-2.0 */
/* A disk that gets full: new files are refused while what was written before still lands; and then nothing lands. */
#include <sched.h>
#include <sys/mount.h>
#include <sys/syscall.h>

#include "tests/unit/overlay_fixture.h"

#define MIB ((size_t)1 << 20)

static struct fixture f;
static char disk[] = "/tmp/bryo-disk-XXXXXX";
static char *bytes;

/* In the place of libc's: counts. */
static unsigned fallocates;

int fallocate(int fd, int mode, off_t offset, off_t length)
{
        fallocates++;
        return (int)syscall(SYS_fallocate, fd, mode, offset, length);
}

static bool put(const char *path, const char *text)
{
        int fd = open(path, O_WRONLY | O_CLOEXEC);
        bool good = fd >= 0 && write(fd, text, strlen(text)) == (ssize_t)strlen(text);

        close(fd);
        return good;
}

/* A disk of 24 MiB for the fixture; false where namespaces are forbidden. */
static bool make_disk(void)
{
        char map[64];
        unsigned uid = getuid(), gid = getgid();

        if (mkdtemp(disk) == NULL || unshare(CLONE_NEWUSER | CLONE_NEWNS) < 0)
                return false;
        snprintf(map, sizeof(map), "0 %u 1", uid);
        if (!put("/proc/self/setgroups", "deny") || !put("/proc/self/uid_map", map))
                return false;
        snprintf(map, sizeof(map), "0 %u 1", gid);
        return put("/proc/self/gid_map", map) && mount("none", disk, "tmpfs", 0, "size=24m") == 0 &&
               setenv("TMPDIR", disk, 1) == 0;
}

static int create(struct overlay_tree *tree, const char *name, uint64_t *ret)
{
        struct overlay_create create = {.mode = S_IFREG | 0644};
        struct overlay_attr attr = {0};
        int rc = overlay_ops_make(tree, 1, name, &create, &attr);

        *ret = attr.ino;
        return rc;
}

/* Writes until a new file is refused; returns how many MiB that took. */
static size_t fill(struct overlay_tree *tree, uint64_t ino)
{
        uint64_t other;
        size_t mib = 0;

        while (create(tree, "other", &other) == 0) {
                CHECK_INT(overlay_ops_unlink(tree, 1, "other"), 0);
                overlay_ops_forget(tree, other, 1);
                if (mib > 100 || overlay_ops_write_sz(tree, ino, bytes, MIB, mib * MIB, 0) != (ssize_t)MIB)
                        break;
                mib++;
        }
        return mib;
}

static void test_the_reserve(void)
{
        struct overlay_seal_result result;
        struct overlay_tree *tree;
        uint64_t big, small;
        size_t mib;

        fixture_begin(&f);
        tree = fixture_tree(&f);
        CHECK(overlay_ops_attach(tree));
        CHECK_INT(create(tree, "small", &small), 0);
        CHECK_INT(overlay_ops_write_sz(tree, small, bytes, 10, 0, 0), 10);
        CHECK_INT(create(tree, "big", &big), 0);
        mib = fill(tree, big);
        printf("# full after %zu MiB\n", mib);
        CHECK(mib >= 18 && mib < 24);
        /* a program that has the file open is not told yet: the reserve takes it */
        CHECK_INT(overlay_ops_write_sz(tree, big, bytes, 65536, mib * MIB, 0), 65536);
        CHECK_INT(create(tree, "new", &big), -ENOSPC);
        /* names need no room */
        CHECK_INT(overlay_ops_rename(tree, 1, "small", 1, "renamed", 0), 0);
        CHECK_INT(overlay_ops_lookup(tree, 1, "big", &(struct overlay_attr){0}), 0);
        overlay_ops_forget(tree, fixture_ino(tree, "/big"), 2);
        CHECK_INT(overlay_ops_unlink(tree, 1, "big"), 0);
        /* there is room again, and nothing was lost */
        CHECK_INT(create(tree, "new", &big), 0);
        CHECK_INT(overlay_ops_write_sz(tree, big, bytes, MIB, 0, 0), (ssize_t)MIB);
        overlay_ops_detach(tree);
        result = fixture_seal(&f, tree, false);
        CHECK_INT(result.data_used, MIB + 10);
        fixture_end(&f);
}

static void test_full_for_good(void)
{
        CLEANUP_ERROR struct error err = ERROR_INIT;
        struct overlay_seal_result result;
        struct overlay_tree *tree;
        uint64_t big, other;
        struct stat st;
        ssize_t n = (ssize_t)MIB;

        fixture_begin(&f);
        tree = fixture_tree(&f);
        fixture_write(tree, "/sealed", "sound");
        fixture_seal(&f, tree, false);
        tree = fixture_tree(&f);
        CHECK(overlay_ops_attach(tree));
        CHECK_INT(create(tree, "big", &big), 0);
        for (size_t at = 0; n == (ssize_t)MIB && at < 100; at++)
                n = overlay_ops_write_sz(tree, big, bytes, MIB, at * MIB, 0);
        CHECK_INT(n, -ENOSPC);
        CHECK_INT(overlay_ops_fsync(tree, big), -ENOSPC);
        CHECK_INT(create(tree, "other", &other), -ENOSPC);
        /* the step is lost, also when room was made */
        CHECK_INT(overlay_ops_unlink(tree, 1, "big"), 0);
        overlay_ops_forget(tree, big, 1);
        CHECK_INT(create(tree, "other", &other), -ENOSPC);
        overlay_ops_detach(tree);
        CHECK(overlay_tree_seal(tree, f.fd, "never", true, &result, &err) < 0);
        CHECK_INT(err.code, ENOSPC);
        CHECK_HAS(err.message, "/big");
        CHECK_HAS(err.message, strerror(ENOSPC));
        CHECK(fstatat(f.fd, "never", &st, 0) < 0);
        overlay_tree_close(tree);
        tree = fixture_tree(&f);
        CHECK_TEXT(tree, "/sealed", "sound");
        overlay_tree_close(tree);
        fixture_end(&f);
}

/* What was asked for in advance goes back when the step is sealed. */
static void test_nothing_stays_reserved(void)
{
        struct overlay_tree *tree;
        uint64_t ino;
        struct stat st;

        fixture_begin(&f);
        tree = fixture_tree(&f);
        CHECK(overlay_ops_attach(tree));
        CHECK_INT(create(tree, "file", &ino), 0);
        for (size_t at = 0; at < 8; at++)
                CHECK_INT(overlay_ops_write_sz(tree, ino, bytes, MIB, at * MIB, 0), (ssize_t)MIB);
        CHECK_INT(fstatat(f.fd, "data-0", &st, 0), 0);
        CHECK((size_t)st.st_blocks * 512 > 8 * MIB + MIB / 2);
        overlay_ops_detach(tree);
        fixture_seal(&f, tree, false);
        CHECK_INT(fstatat(f.fd, "data-0", &st, 0), 0);
        CHECK_INT(st.st_size, 8 * MIB);
        CHECK((size_t)st.st_blocks * 512 <= 8 * MIB + 4096);
        fixture_end(&f);
}

/* A journal that comes and goes neither gives the reserve back nor asks for it anew, each time. */
static void test_short_lived_files_leave_the_reserve(void)
{
        struct overlay_tree *tree;
        uint64_t ino;
        struct stat before, after;

        fixture_begin(&f);
        tree = fixture_tree(&f);
        CHECK(overlay_ops_attach(tree));
        CHECK_INT(create(tree, "base", &ino), 0);
        CHECK_INT(overlay_ops_write_sz(tree, ino, bytes, MIB, 0, 0), (ssize_t)MIB);
        for (int i = 0; i < 2; i++) {
                CHECK_INT(create(tree, "journal", &ino), 0);
                CHECK_INT(overlay_ops_write_sz(tree, ino, bytes, 8192, 0, 0), 8192);
                CHECK_INT(fstatat(f.fd, "data-0", &before, 0), 0);
                CHECK_INT(overlay_ops_unlink(tree, 1, "journal"), 0);
                overlay_ops_forget(tree, ino, 1);
                CHECK_INT(fstatat(f.fd, "data-0", &after, 0), 0);
                CHECK((size_t)before.st_blocks * 512 >= 2 * MIB);
                CHECK_INT(after.st_blocks, before.st_blocks);
        }
        overlay_ops_detach(tree);
        overlay_tree_close(tree);
        fixture_end(&f);
}

/* Many journals: the space of the dead ones is asked for, and given back, in few calls. */
static void test_short_lived_files_cost_little(void)
{
        struct overlay_tree *tree;
        uint64_t ino;
        struct stat st;

        fixture_begin(&f);
        tree = fixture_tree(&f);
        CHECK(overlay_ops_attach(tree));
        CHECK_INT(create(tree, "base", &ino), 0);
        CHECK_INT(overlay_ops_write_sz(tree, ino, bytes, MIB, 0, 0), (ssize_t)MIB);
        fallocates = 0;
        for (int i = 0; i < 512; i++) {
                CHECK_INT(create(tree, "journal", &ino), 0);
                CHECK_INT(overlay_ops_write_sz(tree, ino, bytes, 16384, 0, 0), 16384);
                CHECK_INT(overlay_ops_unlink(tree, 1, "journal"), 0);
                overlay_ops_forget(tree, ino, 1);
        }
        printf("# %u calls of fallocate for 512 journals of 16 KiB\n", fallocates);
        CHECK(fallocates > 0 && fallocates <= 24);
        CHECK_INT(fstatat(f.fd, "data-0", &st, 0), 0);
        CHECK((size_t)st.st_blocks * 512 <= 6 * MIB); /* of 9 that were written */
        overlay_ops_detach(tree);
        overlay_tree_close(tree);
        fixture_end(&f);
}

static void test_fallocate(void)
{
        struct overlay_tree *tree;
        struct overlay_attr attr;
        uint64_t ino;

        fixture_begin(&f);
        tree = fixture_tree(&f);
        CHECK(overlay_ops_attach(tree));
        CHECK_INT(create(tree, "file", &ino), 0);
        CHECK_INT(overlay_ops_fallocate(tree, ino, 0, 0, 100 * MIB), -ENOSPC);
        CHECK_INT(overlay_ops_getattr(tree, ino, &attr), 0);
        CHECK_INT(attr.size, 0);
        CHECK_INT(overlay_ops_fallocate(tree, ino, FALLOC_FL_KEEP_SIZE, 0, 100 * MIB), -ENOSPC);
        CHECK_INT(overlay_ops_fallocate(tree, ino, 0, 100 * MIB, 4096), 0);
        CHECK_INT(overlay_ops_fallocate(tree, ino, FALLOC_FL_PUNCH_HOLE | FALLOC_FL_KEEP_SIZE, 0, 1000 * MIB), 0);
        overlay_ops_detach(tree);
        overlay_tree_close(tree);
        fixture_end(&f);
}

int main(void)
{
        bytes = memory_alloc(MIB);
        memset(bytes, 'x', MIB);
        if (!make_disk()) {
                CHECK_SKIP("a small disk needs a user namespace");
                return CHECK_END();
        }
        CHECK_RUN(test_the_reserve);
        CHECK_RUN(test_full_for_good);
        CHECK_RUN(test_nothing_stays_reserved);
        CHECK_RUN(test_short_lived_files_leave_the_reserve);
        CHECK_RUN(test_short_lived_files_cost_little);
        CHECK_RUN(test_fallocate);
        umount2(disk, MNT_DETACH);
        rmdir(disk);
        free(bytes);
        return CHECK_END();
}
