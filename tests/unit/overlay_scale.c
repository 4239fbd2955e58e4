/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Large trees: opening does not read them, walking does not keep them,
 * creating costs a bounded number of bytes for each file. BRYO_FILES makes it larger than CI needs.
 */
#include <malloc.h>
#include <time.h>

#include "tests/unit/overlay_fixture.h"

static struct fixture f;

static double now(void)
{
        struct timespec t;

        clock_gettime(CLOCK_MONOTONIC, &t);
        return (double)t.tv_sec + (double)t.tv_nsec / 1e9;
}

static double cpu(void)
{
        struct timespec t;

        clock_gettime(CLOCK_THREAD_CPUTIME_ID, &t);
        return (double)t.tv_sec + (double)t.tv_nsec / 1e9;
}

static size_t heap(void)
{
        struct mallinfo2 info = mallinfo2();

        return info.uordblks + info.hblkhd;
}

/* Returns how much longer the last quarter took than the first: 1 when files cost the same however many there are. */
static double fill(struct overlay_tree *tree, unsigned files)
{
        double began = cpu(), first = 0, last = 0;
        struct overlay_create create = {.mode = S_IFDIR | 0755}, file = {.mode = S_IFREG | 0644};
        struct overlay_attr dir = {0}, attr;
        char name[32];

        for (unsigned i = 0; i < files; i++) {
                if (i == files / 4)
                        first = cpu() - began;
                if (i == files / 4 * 3)
                        last = cpu();
                if (i % 500 == 0) {
                        if (i > 0)
                                overlay_ops_forget(tree, dir.ino, 1);
                        snprintf(name, sizeof(name), "directory-%u", i / 500);
                        CHECK_INT(overlay_ops_make(tree, 1, name, &create, &dir), 0);
                }
                snprintf(name, sizeof(name), "file-%u.txt", i);
                CHECK_INT(overlay_ops_make(tree, dir.ino, name, &file, &attr), 0);
                CHECK_INT(overlay_ops_write_sz(tree, attr.ino, name, 10, 0, 0), 10);
                overlay_ops_forget(tree, attr.ino, 1);
        }
        overlay_ops_forget(tree, dir.ino, 1);
        return (cpu() - last) / first;
}

struct visiting {
        struct overlay_tree *tree;
        uint64_t dirs[4000];
        size_t dir_count;
        unsigned long files;
};

static bool visit(void *context, const struct overlay_dirent *e)
{
        struct visiting *v = context;

        if (e->name[0] == '.')
                return true;
        if (S_ISDIR(e->attr.mode))
                v->dirs[v->dir_count++] = e->attr.ino;
        else
                v->files++;
        return true;
}

static void test_scale(void)
{
        const char *asked = getenv("BRYO_FILES");
        unsigned files = asked != NULL ? (unsigned)strtoul(asked, NULL, 10) : 100000;
        static struct visiting v;
        struct overlay_seal_result result;
        struct overlay_tree *tree;
        double began, opened, walked, slower;
        size_t before;

        fixture_begin(&f);
        before = heap();
        tree = fixture_tree(&f);
        CHECK(overlay_ops_attach(tree));
        began = now();
        slower = fill(tree, files);
        printf("# %u files made in %.2f s, %.0f bytes of memory each, the last quarter in %.2f times the first's "
               "time\n",
               files, now() - began, (double)(heap() - before) / files, slower);
        CHECK(slower < 2.5);
        /* a million must stay under 500 MiB */
        CHECK((heap() - before) / files < 450);
        overlay_ops_detach(tree);
        began = now();
        result = fixture_seal(&f, tree, false);
        printf("# sealed in %.2f s: %llu bytes of index, %.0f each\n", now() - began,
               (unsigned long long)result.index_size, (double)result.index_size / files);
        CHECK_INT(result.entries, files + (files + 499) / 500);
        fixture_pop(&f);
        malloc_trim(0); /* else the next malloc sorts what the large tree left: that is not what is measured */
        began = now();
        {
                CLEANUP_ERROR struct error err = ERROR_INIT;

                CHECK_OK(overlay_index_open(f.fd, "index-0", NULL, &f.layers[0], &err));
                f.layer_count = 1;
        }
        tree = fixture_tree(&f);
        opened = now() - began;
        printf("# opened in %.3f ms\n", opened * 1000);
#ifndef BRYO_SANITIZED
        if (files <= 100000)
                CHECK(opened < 0.005);
#endif
        before = heap();
        CHECK(overlay_ops_attach(tree));
        v = (struct visiting){.tree = tree};
        began = now();
        CHECK_INT(overlay_ops_readdir(tree, 1, 0, true, visit, &v), 0);
        for (size_t i = 0; i < v.dir_count; i++)
                CHECK_INT(overlay_ops_readdir(tree, v.dirs[i], 0, true, visit, &v), 0);
        walked = now() - began;
        CHECK_INT(v.files, files);
        printf("# walked with attributes in %.2f s (%.2f us each), %.0f bytes each while the kernel holds them\n",
               walked, walked * 1e6 / files, (double)(heap() - before) / files);
        overlay_ops_detach(tree);
        printf("# and %zu bytes in all when it has forgotten them\n", heap() > before ? heap() - before : 0);
        CHECK(heap() < before + (1 << 20) + (size_t)files * 24); /* the two hash tables keep their buckets */
        malloc_trim(0);
        began = now();
        fixture_write(tree, "/directory-7/file-3501.txt", "touched");
        result = fixture_seal(&f, tree, false);
        printf("# one file changed, sealed and reopened in %.3f ms\n", (now() - began) * 1000);
        CHECK_INT(result.entries, 2);
        fixture_end(&f);
}

int main(void)
{
        CHECK_RUN(test_scale);
        return CHECK_END();
}
