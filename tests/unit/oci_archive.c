/* SPDX-License-Identifier: Apache-2.0 */
/* Archives: what we save comes back the same, and hostile layouts are refused. */
#include "tests/unit/archive_build.h"

/* ---- by ourselves ------------------------------------------------------------------------------------------ */

/* FORM.5: the same bytes each time. */
static void test_round_trip(void)
{
        CLEANUP_ERROR struct error err = ERROR_INIT;
        CLEANUP_STORE struct oci_store *a = open_store("a"), *b = open_store("b");
        CLEANUP_IMAGE struct oci_image *image = make_image(a), *back = NULL;
        CLEANUP_FREE char *seen = NULL, *again = NULL,
                          *expected = expected_load(image, " docker.io/library/hello:1.0 localhost:5000/x/y:latest");
        CLEANUP_FREE char *own = NULL;
        struct oci_ref *refs = NULL;
        size_t count = 7;

        CHECK_OK(save_tar(a, image, names, "one.tar", &err));
        CHECK_OK(save_tar(a, image, names, "two.tar", &err));
        CHECK_INT(run("cmp one.tar two.tar"), 0);
        seen = load(b, "one.tar", false);
        CHECK_STR(seen, expected);
        CHECK_OK(oci_store_ref_list(b, &refs, &count, &err));
        CHECK_INT(count, 0); /* loading moves no tag */
        oci_refs_free(refs, count);
        CHECK_OK(oci_image_load(b, &image->id, &back, &err));
        CHECK_INT(back->layer_count, 2);
        CHECK_STR(back->created, "2024-01-01T00:00:00Z");
        for (size_t i = 0; i < 2 && back != NULL; i++) {
                CHECK(oci_store_blob_has(b, &image->layers[i].diff_id));
                CHECK_INT(back->layers[i].size, image->layers[i].size);
                CHECK_INT(back->layers[i].writer, 0);
                CHECK_STR(back->layers[i].index, NULL);
                CHECK(back->layers[i].blob != NULL && sha256_equal(&back->layers[i].blob->digest, &image->layers[i].diff_id));
        }
        CHECK(back != NULL && back->manifest != NULL && oci_store_blob_has(b, &back->manifest->digest));
        /* saved again from there, without any stream: the same bytes */
        CHECK_OK(save_tar(b, back, names, "three.tar", &err));
        CHECK_INT(run("cmp one.tar three.tar"), 0);
        /* into the store it came from: what is known stays known */
        again = load(a, "one.tar", false);
        CHECK_STR(again, expected);
        oci_image_free(STEAL(back));
        CHECK_OK(oci_image_load(a, &image->id, &back, &err));
        CHECK_STR(back->layers[1].index, "index-1");
        CHECK_INT(back->layers[1].writer, OCI_LAYER_WRITER_VERSION);
        CHECK(!oci_store_blob_has(a, &image->layers[1].diff_id));
        /* packed, and through a pipe */
        CHECK_INT(run("gzip -k one.tar"), 0);
        own = load(b, "one.tar.gz", false);
        CHECK_STR(own, expected);
}

static void test_pipe(void)
{
        CLEANUP_ERROR struct error err = ERROR_INIT;
        CLEANUP_STORE struct oci_store *s = open_store("pipe");
        CLEANUP_FREE char *command = memory_printf("cat %s/one.tar", root);
        struct oci_archive_loaded *loaded = NULL;
        FILE *p = popen(command, "re");
        size_t count = 0;

        CHECK_OK(oci_archive_load_fd(s, fileno(p), "standard input", NULL, &loaded, &count, &err));
        CHECK_INT(count, 1);
        oci_archive_loaded_free(loaded, count);
        CHECK_INT(pclose(p), 0);
}

static void test_golden(void)
{
        CLEANUP_FREE char *index = NULL, *layout = NULL, *list = NULL;

        CHECK_INT(run("mkdir x && tar xf one.tar -C x && cd x && find . -type f | sort | wc -l > ../count && tar tf "
                      "../one.tar | grep -v sha256/. > ../list"),
                  0);
        index = read_file("x/index.json");
        CHECK_HAS(index, "{\"schemaVersion\":2,\"mediaType\":\"application/"
                         "vnd.oci.image.index.v1+json\",\"manifests\":[{\"mediaType\":\"application/"
                         "vnd.oci.image.manifest.v1+json\",\"digest\":\"sha256:");
        CHECK_HAS(index, "\"annotations\":{\"io.containerd.image.name\":\"docker.io/library/"
                         "hello:1.0\",\"org.opencontainers.image.ref.name\":\"1.0\"}");
        CHECK_HAS(index, "\"annotations\":{\"io.containerd.image.name\":\"localhost:5000/x/"
                         "y:latest\",\"org.opencontainers.image.ref.name\":\"latest\"}");
        layout = read_file("x/oci-layout");
        CHECK_STR(layout, "{\"imageLayoutVersion\":\"1.0.0\"}");
        list = read_file("list");
        CHECK_STR(list, "blobs/\nblobs/sha256/\nindex.json\noci-layout\n");
        CHECK_INT(run("test $(cat count) = 6 && cd x/blobs/sha256 && for f in *; do echo \"$f  $f\"; done | sha256sum "
                      "-c --quiet"),
                  0);
}

static void test_directory(void)
{
        CLEANUP_ERROR struct error err = ERROR_INIT;
        CLEANUP_STORE struct oci_store *a = open_store("a"), *c = open_store("c");
        CLEANUP_IMAGE struct oci_image *image = make_image(a);
        CLEANUP_FREE char *path = memory_printf("%s/dir", root), *seen = NULL, *expected = expected_load(image, "");
        struct oci_archive_item item = {image, NULL};
        int calls = 0;
        struct oci_archive_save_options options = {.pack = {.stream = {stream, &calls}}};

        CHECK_OK(oci_archive_save_directory(a, &item, 1, &options, path, &err));
        CHECK_INT(calls, 1);
        seen = load(c, "dir", false);
        CHECK_STR(seen, expected);
        CHECK_INT(oci_archive_save_directory(a, &item, 1, &options, path, &err), -1);
        CHECK_HAS(err.message, "the directory is not empty");
}

static void test_save_refuses(void)
{
        CLEANUP_ERROR struct error err = ERROR_INIT;
        CLEANUP_STORE struct oci_store *s = open_store("d");
        CLEANUP_IMAGE struct oci_image *image = make_image(s);
        CLEANUP_FD int null = open("/dev/null", O_WRONLY | O_CLOEXEC), full = open("/dev/full", O_WRONLY | O_CLOEXEC);
        struct oci_archive_item item = {image, NULL};
        int calls = 0;
        struct oci_archive_save_options wrong = {.pack = {.stream = {stream_wrong, NULL}}},
                                        good = {.pack = {.stream = {stream, &calls}}};

        CHECK_INT(oci_archive_save_tar(s, &item, 1, &wrong, null, &err), -1);
        CHECK_HAS(err.message, "are not what they were (3584 of 6144 bytes)");
        error_clear(&err);
        CHECK_INT(oci_archive_save_tar(s, &item, 1, NULL, null, &err), -1);
        CHECK_HAS(err.message, "layer 2: the tar of layer sha256:");
        error_clear(&err);
        CHECK_INT(oci_archive_save_tar(s, &item, 1, &good, full, &err), -1);
        CHECK_INT(err.code, ENOSPC);
}

/* ---- hostile layouts -----------------------------------------------------------------------------------------------
 */

/* A layout directory under construction; every blob is put under its true digest. */
static void put_file(const char *name, const void *bytes, size_t size)
{
        CLEANUP_FREE char *path = memory_printf("%s/%s", root, name);
        CLEANUP_FD int fd = open(path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);

        if (fd < 0 || fd_write_all(fd, bytes, size) < 0)
                abort();
}

static char *put_blob(const char *text, size_t size)
{
        struct sha256_digest d;
        char hex[SHA256_HEX_SIZE + 1];
        CLEANUP_FREE char *name = NULL;

        sha256_of(text, size, &d);
        sha256_to_hex(&d, hex);
        name = memory_printf("h/blobs/sha256/%s", hex);
        put_file(name, text, size);
        return memory_printf("sha256:%s", hex);
}

static char *descriptor(const char *type, const char *digest, size_t size, const char *more)
{
        return memory_printf("{\"mediaType\":\"%s\",\"digest\":\"%s\",\"size\":%zu%s}", type, digest, size, more);
}

static char *put_json(const char *type, const char *text)
{
        CLEANUP_FREE char *digest = put_blob(text, strlen(text));

        return descriptor(type, digest, strlen(text), "");
}

static void put_index(const char *descriptors)
{
        CLEANUP_FREE char *text = memory_printf("{\"schemaVersion\":2,\"manifests\":[%s]}", descriptors);

        put_file("h/index.json", text, strlen(text));
}

static void begin_layout(void)
{
        CHECK_INT(run("rm -rf h hostile && mkdir -p h/blobs/sha256"), 0);
        put_file("h/oci-layout", "{\"imageLayoutVersion\":\"1.0.0\"}", 30);
}

/* Puts an image with one layer; the texts replace what would be right when not NULL. */
static void put_image(const char *layer_descriptor, const char *diff_id, const char *config_text)
{
        CLEANUP_BUFFER struct buffer tar = BUFFER_INIT;
        CLEANUP_FREE char *layer = NULL, *layer_d = NULL, *config = NULL, *config_d = NULL, *manifest = NULL,
                          *manifest_d = NULL;

        tar_add_file(&tar, "f", '0', "abc", 3);
        tar_end(&tar);
        layer = put_blob(tar.data, tar.size);
        layer_d = layer_descriptor ? memory_strdup(layer_descriptor) : descriptor(OCI_TYPE_LAYER, layer, tar.size, "");
        config = config_text ? memory_strdup(config_text)
                             : memory_printf("{\"architecture\":\"amd64\",\"os\":\"linux\",\"rootfs\":{\"type\":"
                                             "\"layers\",\"diff_ids\":[\"%s\"]}}",
                                             diff_id ? diff_id : layer);
        config_d = put_json(OCI_TYPE_CONFIG, config);
        manifest = memory_printf("{\"schemaVersion\":2,\"config\":%s,\"layers\":[%s]}", config_d, layer_d);
        manifest_d = put_json(OCI_TYPE_MANIFEST, manifest);
        put_index(manifest_d);
}

static int no_image(void *context, const struct oci_image *i, struct error *err)
{
        (void)context, (void)i;
        return error_set(err, EEXIST, "an image was left");
}

/* Loads h; it must fail with the message, and leave no image. */
static void refuse(const char *message)
{
        CLEANUP_ERROR struct error err = ERROR_INIT;
        CLEANUP_STORE struct oci_store *s = open_store("hostile");
        CLEANUP_FREE char *seen = load(s, "h", false);

        CHECK_HAS(seen, "error: ");
        CHECK_HAS(seen, message);
        CHECK_OK(oci_image_each(s, no_image, NULL, &err));
}

#define ZEROS "0000000000000000000000000000000000000000000000000000000000000000"

static void test_hostile_digests(void)
{
        static const char *const digests[] = {
                "sha256:../../../etc/passwd",
                "sha256:" ZEROS "0",
                "sha256:" ZEROS "/x",
                "",
                "md5:00",
                "SHA256:" ZEROS,
                "sha256:" ZEROS "\\n",
                "../x",
        };

        for (size_t i = 0; i < ARRAY_SIZE(digests); i++) {
                CLEANUP_FREE char *layer = descriptor(OCI_TYPE_LAYER, digests[i], 1, ""),
                                  *top = descriptor(OCI_TYPE_MANIFEST, digests[i], 1, "");
                CLEANUP_FREE char *config =
                        memory_printf("{\"rootfs\":{\"type\":\"layers\",\"diff_ids\":[\"%s\"]}}", digests[i]);

                begin_layout();
                put_image(layer, NULL, NULL);
                refuse("is not \"sha256:\" and 64 lower-case hex characters");
                put_image(NULL, NULL, config);
                refuse("is not \"sha256:\" and 64 lower-case hex characters");
                put_index(top);
                refuse("is not \"sha256:\" and 64 lower-case hex characters");
        }
}

static void test_hostile_content(void)
{
        CLEANUP_FREE char *other = NULL, *wrong = NULL, *seen = NULL,
                          *missing = descriptor(OCI_TYPE_LAYER, "sha256:" ZEROS, 5, "");

        begin_layout();
        put_image(NULL, NULL, NULL);
        {
                CLEANUP_STORE struct oci_store *s = open_store("hostile"); /* the neighbour that must work */

                seen = load(s, "h", false);
                CHECK(strncmp(seen, "error", 5) != 0);
        }
        begin_layout();
        put_image(missing, NULL, NULL);
        refuse("has no file \"blobs/sha256/" ZEROS "\"");
        begin_layout();
        put_image(NULL, "sha256:" ZEROS, NULL);
        refuse("which is not the config's diff ID");
        begin_layout();
        other = put_blob("abc", 3);
        wrong = descriptor(OCI_TYPE_LAYER, other, 4, "");
        put_image(wrong, NULL, NULL);
        refuse("has 3 bytes, but 4 were announced");
        begin_layout();
        put_image(NULL, NULL, "{\"rootfs\":{\"type\":\"layers\",\"diff_ids\":[]}}");
        refuse("the manifest has 1 layers, the config 0");
        begin_layout();
        put_image(NULL, NULL, NULL);
        CHECK_INT(run("cd h/blobs/sha256 && for f in *; do printf X | dd of=$f bs=1 seek=3 conv=notrunc; done"), 0);
        refuse("do not have that digest");
        begin_layout();
        put_image(NULL, NULL, NULL);
        CHECK_INT(run("cd h/blobs/sha256 && f=$(ls -S | head -1) && printf X | dd of=$f bs=1 seek=600 conv=notrunc"),
                  0);
        refuse("its bytes have the digest sha256:");
        begin_layout();
        put_image(NULL, NULL, NULL);
        CHECK_INT(run("rm h/oci-layout"), 0);
        refuse("has no file \"oci-layout\"");
        put_file("h/oci-layout", "{\"imageLayoutVersion\":\"2.0.0\"}", 30);
        refuse("does not say version 1.0.0");
        CHECK_INT(run("rm h/index.json"), 0);
        refuse("is no image archive");
        begin_layout();
        put_index("");
        refuse("has no images");
}

/* Links, FIFOs and devices in a directory are not followed or waited for. */
static void test_hostile_files(void)
{
        begin_layout();
        put_image(NULL, NULL, NULL);
        CHECK_INT(run("mv h/index.json i && ln -s ../i h/index.json"), 0);
        refuse("is no image archive");
        CHECK_INT(run("rm h/index.json && mkfifo h/index.json"), 0);
        refuse("is no image archive");
        CHECK_INT(run("rm h/index.json && mv i h/index.json && mv h/blobs moved && ln -s ../moved h/blobs"), 0);
        refuse("cannot open ");
        CHECK_INT(run("rm -rf moved"), 0);
}

static void test_nested_indexes(void)
{
        char *d = NULL;

        begin_layout();
        put_image(NULL, NULL, NULL);
        {
                CLEANUP_FREE char *index = read_file("h/index.json");

                d = put_json(OCI_TYPE_INDEX, index);
        }
        for (int depth = 1; depth <= 4; depth++) {
                CLEANUP_FREE char *text = NULL;
                char *next;

                put_index(d);
                if (depth <= 2) {
                        CLEANUP_STORE struct oci_store *s = open_store("hostile");
                        CLEANUP_FREE char *seen = load(s, "h", false);

                        if (strncmp(seen, "error", 5) == 0)
                                CHECK_STR(seen, "no error");
                } else {
                        CHECK_INT(run("rm -rf hostile"), 0);
                        refuse("deeper than the limit of 3 indexes");
                }
                text = memory_printf("{\"schemaVersion\":2,\"manifests\":[%s]}", d);
                next = put_json(OCI_TYPE_INDEX, text);
                free(d);
                d = next;
        }
        free(d);
}

static void test_names(void)
{
        static const struct {
                const char *annotations, *names;
        } table[] = {
                {"", ""},
                {"\"org.opencontainers.image.ref.name\":\"latest\"", ""},
                {"\"org.opencontainers.image.ref.name\":\"a/b:c\"", " docker.io/a/b:c"},
                {"\"org.opencontainers.image.ref.name\":\"../../x\"", ""},
                {"\"org.opencontainers.image.ref.name\":\"/x\"", ""},
                {"\"org.opencontainers.image.ref.name\":\"a:b\\nc\"", ""},
                {"\"org.opencontainers.image.ref.name\":\"latest\",\"io.containerd.image.name\":\"ghcr.io/a/b:latest\"",
                 " ghcr.io/a/b:latest"},
                {"\"io.containerd.image.name\":\"ghcr.io/A/b:latest\"", ""},
                {"\"io.containerd.image.name\":\"ghcr.io/a/b@sha256:" ZEROS "\"", ""},
        };

        for (size_t i = 0; i < ARRAY_SIZE(table); i++) {
                CLEANUP_FREE char *index = NULL, *named = NULL, *seen = NULL;
                CLEANUP_STORE struct oci_store *s = NULL;
                char *end;

                begin_layout();
                put_image(NULL, NULL, NULL);
                index = read_file("h/index.json");
                end = strrchr(index, ']') - 1; /* the descriptor's closing brace */
                named = memory_printf("%.*s,\"annotations\":{%s}%s", (int)(end - index), index, table[i].annotations,
                                      end);
                put_file("h/index.json", named, strlen(named));
                s = open_store("hostile");
                seen = load(s, "h", false);
                CHECK_INT(strlen(seen), 64 + strlen(table[i].names) + 1);
                CHECK_HAS(seen, table[i].names);
        }
}

/* TAKEN.5 */
static void test_docker_archive(void)
{
        static const struct {
                const char *layers, *message;
        } table[] = {
                {"[\"l/layer.tar\"]", NULL},
                {"[\"../../etc/passwd\"]", "has no file \"../../etc/passwd\""},
                {"[\"/etc/passwd\"]", "has no file \"/etc/passwd\""},
                {"[\"link.tar\"]", "has no file \"link.tar\""},
                {"[\"hard.tar\"]", "has no file \"hard.tar\""},
                {"[]", "0 layer files for 1 diff IDs"},
                {"null", "0 layer files for 1 diff IDs"},
                {"[1]", "only strings may be"},
        };
        CLEANUP_BUFFER struct buffer layer = BUFFER_INIT;
        CLEANUP_FREE char *config = NULL;
        struct sha256_digest d;
        char hex[SHA256_HEX_SIZE + 1];

        tar_add_file(&layer, "f", '0', "abc", 3);
        tar_end(&layer);
        sha256_of(layer.data, layer.size, &d);
        sha256_to_hex(&d, hex);
        config = memory_printf("{\"os\":\"linux\",\"rootfs\":{\"type\":\"layers\",\"diff_ids\":[\"sha256:%s\"]}}", hex);
        for (size_t i = 0; i < ARRAY_SIZE(table); i++) {
                CLEANUP_BUFFER struct buffer tar = BUFFER_INIT;
                CLEANUP_FREE char *manifest = memory_printf(
                                          "[{\"Config\":\"c.json\",\"RepoTags\":[\"a:1\",\"B:2\"],\"Layers\":%s}]",
                                          table[i].layers),
                                  *seen = NULL;
                CLEANUP_STORE struct oci_store *s = NULL;

                tar_add_file(&tar, "manifest.json", '0', manifest, strlen(manifest));
                tar_add_file(&tar, "./c.json", '0', config, strlen(config));
                tar_add_file(&tar, "l/layer.tar", '0', layer.data, layer.size);
                tar_add(&tar, &(struct tar_header){.name = "link.tar", .type = '2', .link = "/etc/passwd"});
                tar_add(&tar, &(struct tar_header){.name = "hard.tar", .type = '1', .link = "l/layer.tar"});
                tar_end(&tar);
                CHECK_INT(run("rm -rf hostile"), 0);
                put_file("docker.tar", tar.data, tar.size);
                s = open_store("hostile");
                seen = load(s, "docker.tar", false);
                if (table[i].message != NULL) {
                        CHECK_HAS(seen, "error: ");
                        CHECK_HAS(seen, table[i].message);
                } else {
                        CHECK_HAS(seen, " docker.io/library/a:1\n");
                }
        }
}

int main(void)
{
        if (mkdtemp(root) == NULL)
                abort();
        CHECK_RUN(test_round_trip);
        CHECK_RUN(test_pipe);
        CHECK_RUN(test_golden);
        CHECK_RUN(test_directory);
        CHECK_RUN(test_save_refuses);
        CHECK_RUN(test_hostile_digests);
        CHECK_RUN(test_hostile_content);
        CHECK_RUN(test_hostile_files);
        CHECK_RUN(test_nested_indexes);
        CHECK_RUN(test_names);
        CHECK_RUN(test_docker_archive);
        (void)nftw(root, remove_one, 16, FTW_DEPTH | FTW_PHYS);
        return CHECK_END();
}
