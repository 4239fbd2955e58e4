/* SPDX-License-Identifier: Apache-2.0 */
/* A directory of 500 layers: a lookup in it looks at no more names than one in a directory of the same size in one
 * layer. */
#include "overlay/index_read.h"
#include "tests/unit/overlay_fixture.h"

#define LAYERS 500
#define EACH   4

static struct fixture f;
static unsigned long reads;

/* The linker puts this before the real one (-Wl,--wrap): every name that a view looks at. */
bool __wrap_overlay_index_read_dirent(const struct overlay_index *index, uint32_t number, struct index_dirent *ret);
bool __real_overlay_index_read_dirent(const struct overlay_index *index, uint32_t number, struct index_dirent *ret);

bool __wrap_overlay_index_read_dirent(const struct overlay_index *index, uint32_t number, struct index_dirent *ret)
{
        reads++;
        return __real_overlay_index_read_dirent(index, number, ret);
}

static void name_of(char ret[32], unsigned layer, unsigned i)
{
        snprintf(ret, 32, "/dir/name-%u-%u", i, layer);
}

static uint64_t dir_ino(struct overlay_tree *tree)
{
        return fixture_ino(tree, "/dir");
}

/* Most names looked at for one lookup, of those that are there and of as many that are not. */
static unsigned long most_reads(struct overlay_tree *tree, uint64_t dir)
{
        unsigned long most = 0;
        struct overlay_attr attr;

        for (unsigned layer = 0; layer < LAYERS; layer++)
                for (unsigned i = 0; i < EACH * 2; i++) {
                        char name[32];
                        int rc;

                        name_of(name, layer, i);
                        reads = 0;
                        rc = overlay_ops_lookup(tree, dir, name + 5, &attr);
                        CHECK_INT(rc, i < EACH ? 0 : -ENOENT);
                        if (rc == 0)
                                overlay_ops_forget(tree, attr.ino, 1);
                        if (reads > most)
                                most = reads;
                }
        return most;
}

static void test_lookups_in_500_layers(void)
{
        struct overlay_attr attr;
        struct overlay_tree *tree;
        unsigned long most;
        uint64_t dir;

        fixture_begin(&f);
        for (unsigned layer = 0; layer < LAYERS; layer++) {
                tree = fixture_tree(&f);
                if (layer == 0)
                        fixture_mkdir(tree, "/dir");
                for (unsigned i = 0; i < EACH; i++) {
                        char name[32];

                        name_of(name, layer, i);
                        fixture_mkdir(tree, name);
                }
                fixture_seal(&f, tree, false);
        }
        tree = fixture_tree(&f);
        dir = dir_ino(tree);
        CHECK(overlay_ops_attach(tree));
        CHECK_INT(overlay_ops_lookup(tree, 1, "dir", &attr), 0);
        CHECK_INT(overlay_ops_lookup(tree, dir, "nothing", &attr), -ENOENT); /* merges */
        most = most_reads(tree, dir);
        printf("# at most %lu of %u names looked at\n", most, LAYERS * EACH);
        /* a binary search among 2000, the look at what was found, and the name in the one layer that has it */
        CHECK(most <= 11 + 2);
        overlay_ops_detach(tree);
        overlay_tree_close(tree);
        fixture_end(&f);
}

int main(void)
{
        CHECK_RUN(test_lookups_in_500_layers);
        return CHECK_END();
}
