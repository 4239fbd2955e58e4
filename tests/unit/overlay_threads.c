/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Many threads on one tree, as the FUSE server has them: nobody waits for
 * ever, nothing is lost, and what is left can be sealed. (Worth most under
 * ThreadSanitizer: configure CFLAGS="-g -O1 -fsanitize=thread".)
 */
#include <linux/fs.h>
#include <pthread.h>

#include "tests/unit/overlay_fixture.h"

#define THREADS 4
#define ROUNDS  4000

static struct fixture f;
static struct overlay_tree *tree;

static uint32_t pick(uint64_t *state, uint32_t below)
{
        *state = *state * UINT64_C(6364136223846793005) + UINT64_C(1442695040888963407);
        return (uint32_t)(*state >> 33) % below;
}

static bool ignore_name(void *context, const struct overlay_dirent *e)
{
        (void)context;
        return e->size > 0;
}

/* A file that all may write, each a byte of its own. */
static uint64_t shared;

static void one_round(uint64_t *state, unsigned thread, unsigned round)
{
        struct overlay_create create = {.mode = (pick(state, 8) == 0 ? S_IFDIR : S_IFREG) | 0755};
        struct overlay_change change = {.set = OVERLAY_SET_SIZE, .size = pick(state, 5000)};
        char name[4], other[4], bytes[3000];
        struct overlay_attr attr = {0}, attr2;
        char mark = (char)('0' + thread);

        snprintf(name, sizeof(name), "%c%u", 'a' + (int)pick(state, 6), pick(state, 10));
        snprintf(other, sizeof(other), "%c%u", 'a' + (int)pick(state, 6), pick(state, 10));
        memset(bytes, mark, sizeof(bytes));
        (void)overlay_ops_write_sz(tree, shared, &mark, 1, (uint64_t)round * THREADS + thread, 0);
        if (overlay_ops_lookup(tree, 1, name, &attr) < 0 && overlay_ops_make(tree, 1, name, &create, &attr) < 0)
                return;
        switch (pick(state, 8)) {
        case 0:
                (void)overlay_ops_unlink(tree, 1, name);
                (void)overlay_ops_rmdir(tree, 1, name);
                break;
        case 1:
                (void)overlay_ops_rename(tree, 1, name, 1, other, pick(state, 2) ? RENAME_EXCHANGE : 0);
                break;
        case 2:
                (void)overlay_ops_setattr(tree, attr.ino, &change, true, &attr2);
                break;
        case 3:
                if (overlay_ops_link(tree, attr.ino, 1, other, &attr2) == 0)
                        overlay_ops_forget(tree, attr2.ino, 1);
                break;
        case 4:
                (void)overlay_ops_copy_sz(tree, attr.ino, 10, shared, (uint64_t)1 << 30, 2000);
                break;
        case 5:
                (void)overlay_ops_readdir(tree, 1, pick(state, 100), false, ignore_name, NULL);
                break;
        default:
                (void)overlay_ops_write_sz(tree, attr.ino, bytes, 1 + pick(state, 2999), pick(state, 100000), 0);
                (void)overlay_ops_read_sz(tree, attr.ino, bytes, sizeof(bytes), pick(state, 100000));
                break;
        }
        overlay_ops_forget(tree, attr.ino, 1);
}

static void *work(void *context)
{
        unsigned thread = (unsigned)(uintptr_t)context;
        uint64_t state = thread + 1;

        for (unsigned round = 0; round < ROUNDS; round++)
                one_round(&state, thread, round);
        return NULL;
}

static void test_threads(void)
{
        CLEANUP_ERROR struct error err = ERROR_INIT;
        CLEANUP_FREE char *text = NULL;
        struct overlay_create create = {.mode = S_IFREG | 0644};
        static char is[ROUNDS * THREADS];
        struct overlay_attr attr;
        pthread_t threads[THREADS];

        fixture_begin(&f);
        tree = fixture_tree(&f);
        for (char c = 'a'; c < 'd'; c++)
                for (int i = 0; i < 10; i++) {
                        char path[8];

                        snprintf(path, sizeof(path), "/%c%d", c, i);
                        fixture_write(tree, path, "from below");
                }
        fixture_seal(&f, tree, false);
        tree = fixture_tree(&f);
        CHECK(overlay_ops_attach(tree));
        CHECK_INT(overlay_ops_make(tree, 1, "shared", &create, &attr), 0);
        shared = attr.ino;
        for (unsigned i = 0; i < THREADS; i++)
                CHECK_INT(pthread_create(&threads[i], NULL, work, (void *)(uintptr_t)i), 0);
        for (unsigned i = 0; i < THREADS; i++)
                pthread_join(threads[i], NULL);
        CHECK_OK(overlay_tree_failure(tree, &err));
        for (int again = 0; again < 2; again++) {
                CHECK_INT(overlay_ops_read_sz(tree, shared, is, sizeof(is), 0), (ssize_t)sizeof(is));
                for (unsigned i = 0; i < sizeof(is); i++)
                        if (is[i] != (char)('0' + i % THREADS)) {
                                CHECK_INT(is[i], '0' + (int)(i % THREADS));
                                break;
                        }
                overlay_ops_detach(tree);
                if (again == 0) {
                        fixture_seal(&f, tree, false);
                        tree = fixture_tree(&f);
                        CHECK(overlay_ops_attach(tree));
                        CHECK_INT(overlay_ops_lookup(tree, 1, "shared", &attr), 0);
                        CHECK_INT(attr.ino, shared);
                }
        }
        overlay_tree_close(tree);
        text = fixture_layer_text(f.layers[1]);
        CHECK_HAS(text, "shared 100644");
        fixture_end(&f);
}

int main(void)
{
        CHECK_RUN(test_threads);
        return CHECK_END();
}
