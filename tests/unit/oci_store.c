/* SPDX-License-Identifier: Apache-2.0 */
/* The store: layout and modes, objects, blobs, tags, images, and what it costs. */
#include <errno.h>
#include <fcntl.h>
#include <sys/stat.h>
#include <sys/statfs.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "common/fd.h"
#include "oci/image.h"
#include "oci/store.h"
#include "tests/unit/store_build.h"

/* The test's own fsync and renameat stand in front of libc's: every one is counted, and can be made to fail. */
static int fsync_count, rename_count, fsync_error;

int fsync(int fd)
{
        fsync_count++;
        if (fsync_error != 0) {
                errno = fsync_error;
                return -1;
        }
        return (int)syscall(SYS_fsync, fd);
}

int renameat(int from_fd, const char *from, int to_fd, const char *to)
{
        rename_count++;
        return (int)syscall(SYS_renameat2, from_fd, from, to_fd, to, 0);
}

static int bad_mode(const char *path, const struct stat *st, int type, struct FTW *f)
{
        (void)f;
        if (type == FTW_D || type == FTW_DP)
                CHECK_INT(st->st_mode & 07777, 0700);
        else
                CHECK_INT(st->st_mode & 07777, 0600);
        if ((st->st_mode & 077) != 0)
                printf("# %s\n", path);
        return 0;
}

/* ---- the directory ------------------------------------------------------------------------- */

/* GUARD.13: modes whatever the umask. */
static void test_layout(void)
{
        static const mode_t masks[] = {0, 077, 0777};

        for (size_t i = 0; i < ARRAY_SIZE(masks); i++) {
                CLEANUP_ERROR struct error err = ERROR_INIT;
                CLEANUP_FREE char *path = in_root("new/a/b"), *names = NULL, *top = in_root("new");
                CLEANUP_STORE struct oci_store *s = NULL;
                CLEANUP_BUFFER struct buffer format = BUFFER_INIT;
                struct sha256_digest image = {{1}};
                mode_t old = umask(masks[i]);

                CHECK_OK(oci_store_open(path, &test_log, &s, &err));
                CHECK_OK(oci_store_blob_save(s, "x", 1, NULL, &err));
                CHECK_OK(oci_store_save(s, OCI_STORE_STEPS, "k", "x", 1, &err));
                CHECK_OK(oci_store_ref_set(s, "docker.io/library/x:1", &image, NULL, &err));
                names = list(path);
                CHECK_STR(names, "blobs builds caches compressed data digests downloads format images indexes lists lock "
                                 "partial parts quarantine refs steps tmp");
                CHECK_OK(fd_read_file(oci_store_fd(s), "format", 100, true, &format, &err));
                CHECK_STR(buffer_text(&format), "bryo-store 1\n");
                (void)nftw(top, bad_mode, 16, FTW_PHYS);
                umask(old);
                remove_tree(top);
        }
}

static void put(const char *dir, const char *name, const char *text)
{
        CLEANUP_FREE char *path = memory_printf("%s/%s/%s", root, dir, name);
        FILE *f = fopen(path, "we");

        if (f == NULL || fputs(text, f) < 0 || fclose(f) != 0)
                abort();
}

static void test_refuse(void)
{
        static const struct {
                const char *format;
                const char *message;
        } table[] = {
                {"bryo-store 2\n", "has format 2, this bryo knows up to 1"},
                {"bryo-store 99999999999999999999\n", "this bryo knows up to 1"},
                {"bryo-store 1", "does not say which format"},
                {"bryo-store 0\n", "does not say which format"},
                {"bryo-store 1\nx", "does not say which format"},
                {"", "does not say which format"},
                {"something else\n", "does not say which format"},
        };

        for (size_t i = 0; i < ARRAY_SIZE(table); i++) {
                CLEANUP_ERROR struct error err = ERROR_INIT;
                CLEANUP_FREE char *path = in_root("format"), *names = NULL;
                CLEANUP_STORE struct oci_store *s = NULL;

                CHECK_INT(mkdir(path, 0700), 0);
                put("format", "format", table[i].format);
                CHECK_INT(oci_store_open(path, &test_log, &s, &err), -1);
                CHECK_HAS(err.message, table[i].message);
                names = list(path);
                CHECK_STR(names, "format"); /* untouched */
                remove_tree(path);
        }
}

static void test_foreign_directory(void)
{
        CLEANUP_ERROR struct error err = ERROR_INIT;
        CLEANUP_FREE char *path = in_root("foreign"), *names = NULL, *interrupted = in_root("foreign/thing");
        struct oci_store *s = NULL;

        CHECK_INT(mkdir(path, 0755), 0);
        put("foreign", "thing", "x");
        CHECK_INT(oci_store_open(path, &test_log, &s, &err), -1);
        CHECK_HAS(err.message, "is not a bryo store and not empty: choose another directory with --root");
        names = list(path);
        CHECK_STR(names, "thing");
        error_clear(&err);
        /* what an interrupted start leaves is finished */
        CHECK_INT(unlink(interrupted), 0);
        CHECK_INT(mkdirat(AT_FDCWD, (free(names), names = in_root("foreign/blobs")), 0700), 0);
        put("foreign", "format.123", "half");
        CHECK_OK(oci_store_open(path, &test_log, &s, &err));
        oci_store_close(s);
        /* others must not be able to write */
        CHECK_INT(chmod(path, 0775), 0);
        s = NULL;
        CHECK_INT(oci_store_open(path, &test_log, &s, &err), -1);
        CHECK_HAS(err.message, "others may write to the store's directory");
        CHECK_INT(chmod(path, 0700), 0);
        error_clear(&err);
        if (geteuid() == 0) {
                CHECK_INT(chown(path, 12345, 12345), 0);
                CHECK_INT(oci_store_open(path, &test_log, &s, &err), -1);
                CHECK_HAS(err.message, "belongs to user 12345, not to you");
        }
        remove_tree(path);
}

/* A link in place of one of the store's directories is not followed. */
static void test_planted_link(void)
{
        CLEANUP_ERROR struct error err = ERROR_INIT;
        CLEANUP_FREE char *blobs = in_root("planted/blobs/sha256"), *elsewhere = in_root("elsewhere"), *names = NULL;
        CLEANUP_STORE struct oci_store *s = open_store("planted");

        CHECK_INT(mkdir(elsewhere, 0700), 0);
        CHECK_INT(rmdir(blobs), 0);
        CHECK_INT(symlink(elsewhere, blobs), 0);
        CHECK_INT(oci_store_blob_save(s, "x", 1, NULL, &err), -1);
        CHECK_HAS(err.message, "planted/blobs/sha256");
        names = list(elsewhere);
        CHECK_STR(names, "");
}

/* ---- objects ------------------------------------------------------------------------------------ */

static void test_names(void)
{
        static const char *const bad[] = {"", ".", "..", "../x", "a/b", "/a", ".hidden", "-x", "a b", "a\nb", "\xff"};
        CLEANUP_STORE struct oci_store *s = open_store("s");
        CLEANUP_BUFFER struct buffer b = BUFFER_INIT;
        char lengthy[300];

        memset(lengthy, 'a', sizeof(lengthy));
        lengthy[251] = '\0';
        for (size_t i = 0; i <= ARRAY_SIZE(bad); i++) {
                const char *name = i < ARRAY_SIZE(bad) ? bad[i] : lengthy;
                CLEANUP_ERROR struct error err = ERROR_INIT;
                int fd;

                CHECK_INT(oci_store_save(s, OCI_STORE_STEPS, name, "x", 1, &err), -1);
                CHECK_HAS(err.message, "cannot be a name in");
                error_clear(&err);
                CHECK_INT(oci_store_open_object(s, OCI_STORE_DATA, name, &fd, NULL, &err), -1);
                error_clear(&err);
                CHECK_INT(oci_store_remove(s, OCI_STORE_INDEXES, name, &err), -1);
                error_clear(&err);
                CHECK_INT(oci_store_load(s, OCI_STORE_BLOBS, name, &b, &err), -1);
                CHECK(!oci_store_has(s, OCI_STORE_STEPS, name));
        }
}

static void test_objects(void)
{
        CLEANUP_ERROR struct error err = ERROR_INIT;
        CLEANUP_STORE struct oci_store *s = open_store("s");
        CLEANUP_BUFFER struct buffer b = BUFFER_INIT;
        CLEANUP_STORE_FILE struct oci_store_file *f = NULL, *second = NULL, *dropped = NULL;
        CLEANUP_FD int fd = -1;
        uint64_t size = 0;

        CHECK_INT(oci_store_load(s, OCI_STORE_STEPS, "absent", &b, &err), -1);
        CHECK_INT(err.code, ENOENT);
        CHECK_HAS(err.message, "/s/steps/absent: No such file");
        error_clear(&err);
        CHECK_OK(oci_store_save(s, OCI_STORE_STEPS, "k1", "one", 3, &err));
        CHECK_OK(oci_store_load(s, OCI_STORE_STEPS, "k1", &b, &err));
        CHECK_STR(buffer_text(&b), "one");
        CHECK_OK(oci_store_save(s, OCI_STORE_STEPS, "k1", "three", 5, &err));
        buffer_clear(&b);
        CHECK_OK(oci_store_load(s, OCI_STORE_STEPS, "k1", &b, &err));
        CHECK_STR(buffer_text(&b), "three");
        /* a file in the making is not there before its commit */
        CHECK_OK(oci_store_file_create(s, OCI_STORE_DATA, &f, &err));
        CHECK_INT(fd_write_all(oci_store_file_fd(f), "data", 4), 0);
        CHECK(!oci_store_has(s, OCI_STORE_DATA, "d1"));
        CHECK_OK(oci_store_file_commit(f, "d1", &err));
        CHECK(oci_store_has(s, OCI_STORE_DATA, "d1"));
        CHECK_OK(oci_store_open_object(s, OCI_STORE_DATA, "d1", &fd, &size, &err));
        CHECK_INT(size, 4);
        /* the first of a name stands */
        CHECK_OK(oci_store_file_create(s, OCI_STORE_DATA, &second, &err));
        CHECK_INT(fd_write_all(oci_store_file_fd(second), "other", 5), 0);
        CHECK_OK(oci_store_file_commit(second, "d1", &err));
        buffer_clear(&b);
        CHECK_OK(oci_store_load(s, OCI_STORE_DATA, "d1", &b, &err));
        CHECK_STR(buffer_text(&b), "data");
        CHECK_OK(oci_store_file_create(s, OCI_STORE_DATA, &dropped, &err));
        CHECK_OK(oci_store_remove(s, OCI_STORE_DATA, "d1", &err));
        CHECK_OK(oci_store_remove(s, OCI_STORE_DATA, "d1", &err));
        CHECK(!oci_store_has(s, OCI_STORE_DATA, "d1"));
}

static void test_blobs(void)
{
        CLEANUP_ERROR struct error err = ERROR_INIT;
        CLEANUP_STORE struct oci_store *s = open_store("s");
        CLEANUP_BUFFER struct buffer b = BUFFER_INIT;
        CLEANUP_FREE char *path = NULL;
        struct sha256_digest d, other;
        char hex[SHA256_HEX_SIZE + 1];
        FILE *f;

        CHECK_OK(oci_store_blob_save(s, "hello", 5, &d, &err));
        sha256_to_hex(&d, hex);
        CHECK_STR(hex, "2cf24dba5fb0a30e26e83b2ac5b9e29e1b161e5c1fa7425e73043362938b9824");
        CHECK(oci_store_blob_has(s, &d));
        CHECK_OK(oci_store_blob_load(s, &d, 5, &b, &err));
        CHECK_STR(buffer_text(&b), "hello");
        CHECK_INT(oci_store_blob_load(s, &d, 4, &b, &err), -1);
        CHECK_HAS(err.message, "larger than the limit of 4 bytes");
        error_clear(&err);
        /* what does not have its digest is not handed out */
        path = memory_printf("%s/s/blobs/sha256/%s", root, hex);
        f = fopen(path, "r+e");
        CHECK(f != NULL && fputs("j", f) >= 0 && fclose(f) == 0);
        CHECK_INT(oci_store_blob_load(s, &d, 5, &b, &err), -1);
        CHECK_INT(err.code, EBADMSG);
        CHECK_HAS(err.message, "is damaged");
        error_clear(&err);
        sha256_of("nothing", 7, &other);
        CHECK(!oci_store_blob_has(s, &other));
        CHECK_INT(oci_store_blob_load(s, &other, 5, &b, &err), -1);
        CHECK_INT(err.code, ENOENT);
        CHECK_OK(oci_store_blob_remove(s, &d, (error_clear(&err), &err)));
        CHECK(!oci_store_blob_has(s, &d));
}

struct seen {
        struct buffer names;
        int stop_after;
};

static int see(void *context, const struct oci_store_object *o, struct error *err)
{
        struct seen *seen = context;

        buffer_printf(&seen->names, "%s:%llu ", o->name, (unsigned long long)o->size);
        return --seen->stop_after == 0 ? error_set(err, EINTR, "enough") : 0;
}

static void test_each(void)
{
        CLEANUP_ERROR struct error err = ERROR_INIT;
        CLEANUP_STORE struct oci_store *s = open_store("each");
        struct seen all = {BUFFER_INIT, 0}, some = {BUFFER_INIT, 2};

        CHECK_OK(oci_store_save(s, OCI_STORE_STEPS, "b", "12", 2, &err));
        CHECK_OK(oci_store_save(s, OCI_STORE_STEPS, "a", "1", 1, &err));
        CHECK_OK(oci_store_save(s, OCI_STORE_STEPS, "c", "123", 3, &err));
        put("each/steps", ".strange", "x");
        CHECK_OK(oci_store_each(s, OCI_STORE_STEPS, see, &all, &err));
        CHECK_STR(buffer_text(&all.names), "a:1 b:2 c:3 ");
        CHECK_INT(oci_store_each(s, OCI_STORE_STEPS, see, &some, &err), -1);
        CHECK_STR(buffer_text(&some.names), "a:1 b:2 ");
        CHECK_STR(err.message, "enough");
        buffer_free(&all.names);
        buffer_free(&some.names);
}

/* ---- tags and images --------------------------------------------------------------------------------- */

static void test_refs(void)
{
        CLEANUP_ERROR struct error err = ERROR_INIT;
        CLEANUP_STORE struct oci_store *s = open_store("refs");
        struct sha256_digest one = {{1}}, two = {{2}}, is = {{0}};
        CLEANUP_FREE char *lengthy = NULL, *names = NULL, *dir = in_root("refs/refs");
        struct oci_ref *refs = NULL;
        size_t count = 0;
        bool found = true, changed = false;
        char long_path[256];

        memset(long_path, 'p', sizeof(long_path));
        long_path[255] = '\0';
        lengthy = memory_printf("docker.io/library/%s:latest", long_path);
        CHECK_OK(oci_store_ref_find(s, "docker.io/library/x:latest", &found, &is, &err));
        CHECK(!found);
        CHECK_OK(oci_store_ref_set(s, "docker.io/library/x:latest", &one, &changed, &err));
        CHECK(changed);
        CHECK_OK(oci_store_ref_set(s, "docker.io/library/x:latest", &one, &changed, &err));
        CHECK(!changed);
        CHECK_OK(oci_store_ref_set(s, "docker.io/library/x:latest", &two, &changed, &err));
        CHECK(changed);
        CHECK_OK(oci_store_ref_set(s, "docker.io/library/x:Latest", &one, &changed, &err));
        CHECK_OK(oci_store_ref_set(s, "[::1]:5000/a.b/c_d-e:1.0", &one, &changed, &err));
        CHECK_OK(oci_store_ref_set(s, lengthy, &one, &changed, &err));
        CHECK_OK(oci_store_ref_find(s, "docker.io/library/x:latest", &found, &is, &err));
        CHECK(found && sha256_equal(&is, &two));
        CHECK_OK(oci_store_ref_list(s, &refs, &count, &err));
        CHECK_INT(count, 4);
        CHECK_STR(refs[0].name, "[::1]:5000/a.b/c_d-e:1.0");
        CHECK_STR(refs[1].name, lengthy);
        CHECK_STR(refs[2].name, "docker.io/library/x:Latest");
        oci_refs_free(refs, count);
        names = list(dir);
        CHECK_STR(names, "%5B%3A%3A1%5D%3A5000%2Fa.b%2Fc_d-e%3A1.0 docker.io%2Flibrary%2Fx%3ALatest "
                         "docker.io%2Flibrary%2Fx%3Alatest "
                         "long-324bf0fe346b6de3a2a271aa553ef6d27e7ee6af8eb43ea76b5e6811d700bf35");
        CHECK_OK(oci_store_ref_remove(s, lengthy, &found, &err));
        CHECK(found);
        CHECK_OK(oci_store_ref_remove(s, lengthy, &found, &err));
        CHECK(!found);
        /* damage is told, does not hide the others, and can be removed */
        put("refs/refs", "docker.io%2Flibrary%2Fx%3Alatest", "bryo-ref 1\nname x\nimage sha256:../../x\n");
        CHECK_INT(oci_store_ref_find(s, "docker.io/library/x:latest", &found, &is, &err), -1);
        CHECK_HAS(err.message, "digest \"sha256:../../x\"");
        error_clear(&err);
        log_text[0] = '\0';
        CHECK_OK(oci_store_ref_list(s, &refs, &count, &err));
        CHECK_INT(count, 2);
        CHECK_HAS(log_text, "sha256:../../x");
        oci_refs_free(refs, count);
        CHECK_OK(oci_store_ref_remove(s, "docker.io/library/x:latest", &found, &err));
        CHECK(found);
        CHECK_INT(oci_store_ref_set(s, "a\nb", &one, &changed, &err), -1);
}

static struct oci_image *make_image(struct oci_store *s, const char *config, const char *created)
{
        CLEANUP_ERROR struct error err = ERROR_INIT;
        struct sha256_digest id;
        struct oci_image *i;
        struct oci_image_layer *l;

        CHECK_OK(oci_store_blob_save(s, config, strlen(config), &id, &err));
        i = oci_image_new(&id);
        i->created = memory_strdup(created);
        l = oci_image_add_layer(i);
        l->diff_id.bytes[0] = 7;
        l->size = 1000;
        l->index = memory_strdup("index-1");
        l->writer = 1;
        l = oci_image_add_layer(i);
        l->diff_id.bytes[0] = 8;
        l->size = 2000;
        l->blob = memory_zalloc(1, sizeof(*l->blob));
        l->blob->media_type = memory_strdup(OCI_TYPE_LAYER_GZIP);
        l->blob->digest.bytes[0] = 9;
        l->blob->size = 500;
        CHECK_OK(oci_image_save(s, i, &err));
        return i;
}

#define CONFIG_A                                                                                                       \
        "{\"architecture\":\"amd64\",\"os\":\"linux\",\"config\":{},\"rootfs\":{\"type\":\"layers\",\"diff_ids\":[]}}"
#define CONFIG_B                                                                                                       \
        "{\"architecture\":\"arm64\",\"os\":\"linux\",\"config\":{},\"rootfs\":{\"type\":\"layers\",\"diff_ids\":[]}}"

static void test_images(void)
{
        CLEANUP_ERROR struct error err = ERROR_INIT;
        CLEANUP_STORE struct oci_store *s = open_store("images");
        CLEANUP_IMAGE struct oci_image *a = make_image(s, CONFIG_A, "2024-01-01T00:00:00Z");
        CLEANUP_IMAGE struct oci_image *b = make_image(s, CONFIG_B, "2025-01-01T00:00:00Z");
        CLEANUP_IMAGE struct oci_image *back = NULL;
        CLEANUP_CONFIG struct oci_config *config = NULL;
        CLEANUP_BUFFER struct buffer text = BUFFER_INIT;
        CLEANUP_FREE char *name = NULL;
        struct oci_image_row *rows = NULL;
        struct sha256_digest id;
        char hex[SHA256_HEX_SIZE + 1], prefix[16] = "";
        size_t count = 0;
        bool changed;

        sha256_to_hex(&a->id, hex);
        CHECK_OK(oci_store_load(s, OCI_STORE_IMAGES, hex, &text, &err));
        CHECK_STR(buffer_text(&text),
                  "{\"version\":1,\"created\":\"2024-01-01T00:00:00Z\",\"layers\":["
                  "{\"diffId\":\"sha256:0700000000000000000000000000000000000000000000000000000000000000\",\"size\":"
                  "1000,\"index\":\"index-1\",\"writer\":1},"
                  "{\"diffId\":\"sha256:0800000000000000000000000000000000000000000000000000000000000000\",\"size\":"
                  "2000,\"blob\":{\"mediaType\":\"application/vnd.oci.image.layer.v1.tar+gzip\","
                  "\"digest\":\"sha256:0900000000000000000000000000000000000000000000000000000000000000\",\"size\":500}"
                  "}]}");
        CHECK_OK(oci_image_load(s, &a->id, &back, &err));
        CHECK_INT(back->layer_count, 2);
        CHECK_STR(back->layers[0].index, "index-1");
        CHECK_INT(back->layers[0].writer, 1);
        CHECK_INT(back->layers[1].blob->size, 500);
        CHECK_INT(oci_image_size(back), 3000);
        CHECK_OK(oci_image_load_config(s, &b->id, &config, &err));
        CHECK_STR(config->architecture, "arm64");

        CHECK_OK(oci_store_ref_set(s, "docker.io/library/x:1", &a->id, &changed, &err));
        CHECK_OK(oci_store_ref_set(s, "ghcr.io/y:2", &a->id, &changed, &err));
        CHECK_OK(oci_image_list(s, &rows, &count, &err));
        CHECK_INT(count, 3);
        CHECK_STR(rows[0].name, NULL);
        CHECK(sha256_equal(&rows[0].id, &b->id));
        CHECK_STR(rows[1].repository, "x");
        CHECK_STR(rows[1].tag, "1");
        CHECK_STR(rows[2].repository, "ghcr.io/y");
        CHECK_INT(rows[2].size, 3000);
        CHECK_INT(rows[2].created_seconds, 1704067200);
        oci_image_rows_free(rows, count);

        CHECK_OK(oci_image_resolve(s, "x:1", &id, &name, &err));
        CHECK(sha256_equal(&id, &a->id));
        CHECK_STR(name, "docker.io/library/x:1");
        for (size_t n = 12; n <= 64; n += 52) {
                CLEANUP_FREE char *with = memory_printf("sha256:%.*s", (int)n, hex);
                CLEANUP_FREE char *none = NULL;

                CHECK_OK(oci_image_resolve(s, with, &id, &none, &err));
                CHECK(sha256_equal(&id, &a->id));
                CHECK_STR(none, NULL);
                memset(&id, 0, sizeof(id));
                CHECK_OK(oci_image_resolve(s, with + 7, &id, NULL, &err));
                CHECK(sha256_equal(&id, &a->id));
        }
        {
                CLEANUP_FREE char *pinned = memory_printf("whatever@sha256:%s", hex);

                CHECK_OK(oci_image_resolve(s, pinned, &id, NULL, &err));
                CHECK(sha256_equal(&id, &a->id));
        }
        CHECK_INT(oci_image_resolve(s, "x:3", &id, NULL, &err), -1);
        CHECK_INT(err.code, ENOENT);
        CHECK_STR(err.message, "no such image: \"x:3\"");
        error_clear(&err);
        CHECK_INT(oci_image_resolve(s, "X", &id, NULL, &err), -1);
        CHECK_HAS(err.message, "did you mean x?");
        error_clear(&err);
        CHECK_INT(oci_image_resolve(s, "", &id, NULL, &err), -1);
        error_clear(&err);
        /* many images: one of them shares its first digit with another */
        for (int i = 0; i < 20; i++) {
                CLEANUP_FREE char *c = memory_printf("{\"os\":\"%d\",\"rootfs\":{\"type\":\"layers\"}}", i);
                CLEANUP_IMAGE struct oci_image *extra = make_image(s, c, "2023-01-01T00:00:00Z");

                CHECK(extra != NULL);
        }
        prefix[0] = hex[0];
        for (const char *c = "0123456789abcdef"; *c; c++) {
                prefix[0] = *c;
                if (oci_image_resolve(s, prefix, &id, NULL, &err) < 0 && err.code == EINVAL) {
                        CHECK_HAS(err.message, "image IDs: give more of it");
                        prefix[1] = 'x';
                }
                error_clear(&err);
        }
        CHECK_INT(prefix[1], 'x');
        CHECK_OK(oci_image_remove(s, &a->id, &err));
        CHECK_INT(oci_image_load(s, &a->id, &back, &err), -1);
        CHECK_INT(err.code, ENOENT);
}

/* ---- cost and durability ----------------------------------------------------------------------------------- */

static void test_cost(void)
{
        CLEANUP_ERROR struct error err = ERROR_INIT;
        CLEANUP_FREE char *tmp = in_root("cost/tmp"), *names = NULL;
        CLEANUP_STORE struct oci_store *s = open_store("cost");
        CLEANUP_IMAGE struct oci_image *i = NULL;
        struct oci_image_row *rows = NULL;
        struct sha256_digest id;
        size_t count;
        bool changed;

        fsync_count = rename_count = 0;
        CHECK_OK(oci_store_save(s, OCI_STORE_STEPS, "k", "x", 1, &err));
        CHECK_INT(fsync_count, 0); /* step records are not synced */
        CHECK_INT(rename_count, 1);
        /* a commit without its sources: config, its directory, record, its directory, tag, its directory */
        fsync_count = rename_count = 0;
        i = make_image(s, CONFIG_A, "2024-01-01T00:00:00Z");
        CHECK_OK(oci_image_sync(s, i, &err));
        CHECK_OK(oci_store_ref_set(s, "docker.io/library/x:1", &i->id, &changed, &err));
        CHECK_INT(fsync_count, 6);
        CHECK_INT(rename_count, 3);
        oci_store_close(s);

        /* the same again in a new process: nothing */
        fsync_count = rename_count = 0;
        s = open_store("cost");
        CHECK_OK(oci_store_save(s, OCI_STORE_STEPS, "k", "x", 1, &err));
        CHECK_OK(oci_store_blob_save(s, CONFIG_A, strlen(CONFIG_A), &id, &err));
        CHECK_OK(oci_image_save(s, i, &err));
        CHECK_OK(oci_store_ref_set(s, "docker.io/library/x:1", &i->id, &changed, &err));
        CHECK_OK(oci_image_resolve(s, "x:1", &id, NULL, &err));
        CHECK_OK(oci_image_list(s, &rows, &count, &err));
        oci_image_rows_free(rows, count);
        CHECK_INT(fsync_count, 0);
        CHECK_INT(rename_count, 0);
        names = list(tmp);
        CHECK_STR(names, ""); /* not even scratch */
        /* a second sync through one handle costs nothing */
        CHECK_OK(oci_image_sync(s, i, &err));
        fsync_count = 0;
        CHECK_OK(oci_image_sync(s, i, &err));
        CHECK_INT(fsync_count, 0);
}

/* A failed fsync never becomes a success: no blob, no tag. */
static void test_fsync_fails(void)
{
        CLEANUP_ERROR struct error err = ERROR_INIT;
        CLEANUP_STORE struct oci_store *s = open_store("sync");
        struct sha256_digest d = {{1}};
        bool found;

        fsync_error = EIO;
        CHECK_INT(oci_store_blob_save(s, "x", 1, &d, &err), -1);
        CHECK(!oci_store_blob_has(s, &d));
        error_clear(&err);
        CHECK_INT(oci_store_ref_set(s, "docker.io/library/x:1", &d, NULL, &err), -1);
        error_clear(&err);
        fsync_error = ENOSPC;
        CHECK_INT(oci_store_ref_set(s, "docker.io/library/x:1", &d, NULL, &err), -1);
        CHECK_HAS(err.message, "No space left on device: free some space, or let `bryo prune` do it");
        error_clear(&err);
        fsync_error = 0;
        CHECK_OK(oci_store_ref_find(s, "docker.io/library/x:1", &found, &d, &err));
        CHECK(!found);
        CHECK_OK(oci_store_save(s, OCI_STORE_IMAGES, "1111111111111111111111111111111111111111111111111111111111111111",
                                "x", 1, &err));
        fsync_error = EIO;
        CHECK_INT(oci_store_sync(s, OCI_STORE_IMAGES,
                                 "1111111111111111111111111111111111111111111111111111111111111111", &err),
                  -1);
        error_clear(&err);
        CHECK_INT(oci_store_sync(s, OCI_STORE_IMAGES,
                                 "1111111111111111111111111111111111111111111111111111111111111111", &err),
                  -1);
        fsync_error = 0;
}

static void test_free_space(void)
{
        CLEANUP_ERROR struct error err = ERROR_INIT;
        CLEANUP_STORE struct oci_store *s = open_store("s");
        uint64_t bytes = 0, inodes = 0;
        struct statfs fs;

        CHECK_OK(oci_store_free_space(s, &bytes, &inodes, &err));
        CHECK_INT(fstatfs(oci_store_fd(s), &fs), 0);
        CHECK(bytes > 0 && bytes <= (uint64_t)fs.f_blocks * (uint64_t)fs.f_bsize);
}

int main(void)
{
        if (mkdtemp(root) == NULL)
                abort();
        CHECK_RUN(test_layout);
        CHECK_RUN(test_refuse);
        CHECK_RUN(test_foreign_directory);
        CHECK_RUN(test_planted_link);
        CHECK_RUN(test_names);
        CHECK_RUN(test_objects);
        CHECK_RUN(test_blobs);
        CHECK_RUN(test_each);
        CHECK_RUN(test_refs);
        CHECK_RUN(test_images);
        CHECK_RUN(test_cost);
        CHECK_RUN(test_fsync_fails);
        CHECK_RUN(test_free_space);
        remove_tree(root);
        return CHECK_END();
}
