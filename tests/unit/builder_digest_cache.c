/* SPDX-License-Identifier: Apache-2.0 */
/* Digests of a context's files: found again, never believed too soon, never across a change. */
#include "builder/digest_cache.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <unistd.h>

#include "common/fd.h"
#include "common/memory.h"
#include "tests/unit/builder_store.h"
#include "tests/unit/check.h"

static const int64_t second = 1000000000;

static struct stat directory;

static struct stat file(uint64_t inode, int64_t changed)
{
        return (struct stat){ .st_dev = directory.st_dev,
                              .st_ino = inode,
                              .st_size = 5,
                              .st_mode = S_IFREG | 0644,
                              .st_mtim = { 1, 2 },
                              .st_ctim = { changed / second, changed % second } };
}

static struct timespec at(int64_t time)
{
        return (struct timespec){ time / second, time % second };
}

static void add(struct builder_digest_cache *c, const struct stat *st, int64_t begun, unsigned char mark)
{
        const struct builder_known_file known = { .digest = { { mark } }, .plain = mark % 2 };
        const struct timespec time = at(begun);

        builder_digest_cache_add(c, st, &time, &known);
}

/* The mark of the digest that is known, 0 when none is. */
static int find(struct builder_digest_cache *c, const struct stat *st)
{
        struct builder_known_file known;

        if (!builder_digest_cache_find(c, st, &known))
                return 0;
        CHECK(known.plain == (known.digest.bytes[0] % 2 != 0));
        return known.digest.bytes[0];
}

static struct builder_digest_cache *open_cache(struct test_store *t, int *ret_fd)
{
        *ret_fd = fd_open_directory(AT_FDCWD, t->path);
        CHECK(*ret_fd >= 0);
        CHECK_INT(fstat(*ret_fd, &directory), 0);
        return builder_digest_cache_open(t->store, *ret_fd, NULL);
}

/* Whatever the clock of the machine says: only the distance of the two times counts. */
static void test_racy(void)
{
        static const struct {
                int64_t changed, begun;
                bool known;
        } cases[] = {
                { 1000 * second + 5, 1000 * second + 5, false },
                { 1000 * second + 5, 1000 * second + 5 + second / 20, false },
                { 1000 * second + 5, 1000 * second + 6 + second / 20, true },
                { 1000 * second + 5, 999 * second, false }, /* from the future */
                { 1000 * second, 1001 * second, false },    /* whole seconds */
                { 1000 * second, 1002 * second + 1, true },
                { 1000 * second + 5, 100000 * second, true },
        };
        struct test_store t = { NULL, NULL };
        struct builder_digest_cache *c;
        CLEANUP_FD int fd = -1;

        test_store_open(&t);
        c = open_cache(&t, &fd);
        for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
                struct stat st = file(i + 1, cases[i].changed);

                add(c, &st, cases[i].begun, 9);
                CHECK_INT(find(c, &st), cases[i].known ? 9 : 0);
        }
        /* another file system may have another clock: an hour */
        for (int k = 0; k < 2; k++) {
                struct stat st = file(100 + (uint64_t)k, 1000 * second + 5);

                st.st_dev++;
                add(c, &st, (k ? 4601 : 4600) * second, 9);
                CHECK_INT(find(c, &st), k ? 9 : 0);
        }
        builder_digest_cache_free(c);
        test_store_close(&t);
}

static void test_every_field_counts(void)
{
        struct test_store t = { NULL, NULL };
        struct builder_digest_cache *c;
        struct stat st, other;
        CLEANUP_FD int fd = -1;

        test_store_open(&t);
        c = open_cache(&t, &fd);
        st = file(7, 1000 * second + 5);
        add(c, &st, 2000 * second, 3);
        CHECK_INT(find(c, &st), 3);
        other = st;
        other.st_ino++;
        CHECK_INT(find(c, &other), 0);
        other = st;
        other.st_dev++;
        CHECK_INT(find(c, &other), 0);
        other = st;
        other.st_size++;
        CHECK_INT(find(c, &other), 0);
        other = st;
        other.st_mtim.tv_sec++;
        CHECK_INT(find(c, &other), 0);
        other = st;
        other.st_mtim.tv_nsec++;
        CHECK_INT(find(c, &other), 0);
        other = st;
        other.st_ctim.tv_sec++;
        CHECK_INT(find(c, &other), 0);
        other = st;
        other.st_ctim.tv_nsec++;
        CHECK_INT(find(c, &other), 0);
        builder_digest_cache_free(c);
        test_store_close(&t);
}

/* Many files through the store; a changed one replaces its entry; a damaged object is an empty one. */
static void test_store(void)
{
        CLEANUP_ERROR struct error err = ERROR_INIT;
        struct test_store t = { NULL, NULL };
        struct builder_digest_cache *c;
        CLEANUP_FREE char *path = NULL;
        CLEANUP_FD int fd = -1;
        CLEANUP_FD int damaged = -1;
        struct stat st;

        test_store_open(&t);
        c = open_cache(&t, &fd);
        for (uint64_t i = 0; i < 1000; i++) {
                st = file(i * 7919 % 1000, 1000 * second + 5);
                add(c, &st, 2000 * second, (unsigned char)(i * 7919 % 1000 % 250 + 1));
        }
        CHECK_OK(builder_digest_cache_save(c, false, &err));
        builder_digest_cache_free(c);
        for (int round = 0; round < 2; round++) {
                fd = fd_close(fd);
                c = open_cache(&t, &fd);
                for (uint64_t i = 0; i < 1000; i++) {
                        st = file(i, 1000 * second + 5);
                        CHECK_INT(find(c, &st), round && i == 5 ? 0 : (int)(i % 250 + 1));
                }
                st = file(5, 3000 * second + 5);
                CHECK_INT(find(c, &st), round ? 201 : 0);
                add(c, &st, 4000 * second, 201);
                CHECK_OK(builder_digest_cache_save(c, true, &err));
                builder_digest_cache_free(c);
        }
        path = memory_printf("%s/digests/%llx-%llx", t.path, (unsigned long long)directory.st_dev,
                             (unsigned long long)directory.st_ino);
        damaged = open(path, O_WRONLY | O_CLOEXEC);
        CHECK_INT(pwrite(damaged, "xxxx", 4, 700), 4);
        fd = fd_close(fd);
        c = open_cache(&t, &fd);
        st = file(5, 3000 * second + 5);
        CHECK_INT(find(c, &st), 0);
        builder_digest_cache_free(c);
        test_store_close(&t);
}

/* A few files are not worth a write of their own. */
static void test_worth(void)
{
        CLEANUP_ERROR struct error err = ERROR_INIT;
        struct test_store t = { NULL, NULL };
        struct builder_digest_cache *c;
        CLEANUP_FD int fd = -1;
        struct stat st;

        test_store_open(&t);
        for (int worth = 0; worth < 2; worth++) {
                fd = fd_close(fd);
                c = open_cache(&t, &fd);
                st = file(1, 1000 * second + 5);
                CHECK_INT(find(c, &st), 0);
                add(c, &st, 2000 * second, 3);
                CHECK_OK(builder_digest_cache_save(c, worth, &err));
                builder_digest_cache_free(c);
        }
        fd = fd_close(fd);
        c = open_cache(&t, &fd);
        CHECK_INT(find(c, &st), 3);
        builder_digest_cache_free(c);
        test_store_close(&t);
}

int main(void)
{
        CHECK_RUN(test_racy);
        CHECK_RUN(test_every_field_counts);
        CHECK_RUN(test_store);
        CHECK_RUN(test_worth);
        return CHECK_END();
}
