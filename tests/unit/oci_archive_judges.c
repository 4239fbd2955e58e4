/* SPDX-License-Identifier: Apache-2.0 */
/* Other programs as judges of archives: skopeo copies and umoci unpacks what we write, and what skopeo writes comes in.
 */
#include "tests/unit/archive_build.h"

/* ---- skopeo and umoci ------------------------------------------------------------------------------------------ */

static void test_skopeo_reads(void)
{
        CHECK_INT(run("skopeo --insecure-policy copy -q oci-archive:one.tar:1.0 dir:D"), 0);
        CHECK_INT(run("skopeo inspect oci-archive:one.tar:1.0 | grep -q '\"Env\"'"), 0);
        CHECK_INT(run("skopeo --insecure-policy copy -q oci:x:latest oci:X2:l"), 0);
}

static void test_umoci_unpacks(void)
{
        CLEANUP_FREE char *tree = NULL;

        CHECK_INT(run("umoci unpack --image x:1.0 U"), 0);
        CHECK_INT(run("cd U/rootfs && stat -c '%n %A %u:%g %Y %h' bin bin/* etc etc/* sh >../../tree"), 0);
        tree = read_file("tree");
        CHECK_STR(tree, "bin drwxr-xr-x 0:0 1000 2\n"
                        "bin/hello -rwsr-xr-x 0:0 1000 1\n"
                        "etc drwxr-xr-x 0:0 2000 2\n"
                        "etc/owned -rw-r----- 1234:567 2000 2\n"
                        "etc/twin -rw-r----- 1234:567 2000 2\n"
                        "sh lrwxrwxrwx 0:0 2000 1\n");
        CHECK_INT(run("cd U/rootfs && test \"$(cat sh)\" = \"$(cat etc/twin)\" && test -u bin/hello"), 0);
}

/* What skopeo writes comes in: gzip, zstd, docker types, docker archives; compressed layers keep their identity. */
static void test_skopeo_writes(void)
{
        static const struct {
                const char *command, *file, *names;
        } table[] = {
                {"skopeo --insecure-policy copy -q oci-archive:one.tar:1.0 oci-archive:s1.tar:hello:1.0", "s1.tar",
                 " docker.io/library/hello:1.0"},
                {"skopeo --insecure-policy copy -q --dest-compress-format zstd --dest-compress dir:D oci:s2:l", "s2",
                 ""},
                {"skopeo --insecure-policy copy -q --format v2s2 dir:D oci:s3:example.com/a:b", "s3",
                 " example.com/a:b"},
                {"skopeo --insecure-policy copy -q oci-archive:one.tar:1.0 docker-archive:s4.tar:hello:1.0", "s4.tar",
                 " docker.io/library/hello:1.0"},
        };
        CLEANUP_STORE struct oci_store *a = open_store("a");
        CLEANUP_IMAGE struct oci_image *image = make_image(a);

        for (size_t i = 0; i < ARRAY_SIZE(table); i++) {
                CLEANUP_ERROR struct error err = ERROR_INIT;
                CLEANUP_FREE char *name = memory_printf("skopeo%zu", i),
                                  *expected = expected_load(image, table[i].names), *seen = NULL;
                CLEANUP_STORE struct oci_store *s = open_store(name);
                CLEANUP_IMAGE struct oci_image *back = NULL;

                CHECK_INT(run(table[i].command), 0);
                seen = load(s, table[i].file, true);
                CHECK_STR(seen, expected);
                if (oci_image_load(s, &image->id, &back, &err) < 0)
                        continue;
                for (size_t n = 0; n < 2; n++) {
                        CHECK(oci_store_blob_has(s, &image->layers[n].diff_id));
                        if (i < 2) {
                                CHECK(back->layers[n].blob != NULL);
                                CHECK(back->layers[n].blob != NULL &&
                                      oci_store_blob_has(s, &back->layers[n].blob->digest));
                        }
                }
                if (i == 0) { /* saved again with its own manifest: skopeo's digest stays */
                        CHECK_OK(save_tar(s, back, names, "s1again.tar", &err));
                        CHECK_INT(run("test $(skopeo inspect --raw oci-archive:s1.tar | sha256sum | cut -c1-64) = "
                                      "$(skopeo inspect --raw oci-archive:s1again.tar:1.0 | sha256sum | cut -c1-64)"),
                                  0);
                        CHECK_OK(oci_store_blob_remove(s, &back->layers[0].blob->digest, &err));
                        log_text[0] = '\0';
                        CHECK_OK(save_tar(s, back, names, "s1plain.tar", &err));
                        CHECK_HAS(log_text, "a new manifest with uncompressed layers is written");
                        CHECK_INT(run("cmp s1plain.tar one.tar"), 0);
                }
        }
}

/* Makes one.tar and its unpacked form x. */
static void make_archive(void)
{
        CLEANUP_ERROR struct error err = ERROR_INIT;
        CLEANUP_STORE struct oci_store *s = open_store("a");
        CLEANUP_IMAGE struct oci_image *image = make_image(s);

        CHECK_OK(save_tar(s, image, names, "one.tar", &err));
        CHECK_INT(run("mkdir x && tar xf one.tar -C x"), 0);
}

int main(void)
{
        if (!have("skopeo") || !have("umoci"))
                CHECK_SKIP("skopeo or umoci is not installed");
        if (geteuid() != 0)
                CHECK_SKIP("not root: umoci cannot set owners");
        if (mkdtemp(root) == NULL)
                abort();
        CHECK_RUN(make_archive);
        CHECK_RUN(test_skopeo_reads);
        CHECK_RUN(test_umoci_unpacks);
        CHECK_RUN(test_skopeo_writes);
        (void)nftw(root, remove_one, 16, FTW_DEPTH | FTW_PHYS);
        return CHECK_END();
}
