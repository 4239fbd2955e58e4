/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Prune: what is reached stays readable, what is not is gone, and of files that are needed in part only that part
 * takes space.
 */
#include "builder/prune.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/filter.h>
#include <linux/seccomp.h>
#include <stddef.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "builder/record.h"
#include "common/fd.h"
#include "common/memory.h"
#include "oci/image.h"
#include "tests/unit/builder_store.h"
#include "tests/unit/check.h"

#define MIB   ((size_t)1 << 20)
#define SMALL 5000
/* A small body, in whole blocks at both ends, and what a file system may add. */
#define LITTLE  65536
#define BASE    "docker.io/library/base:latest"
#define COPY    "docker.io/library/copy:latest"
#define WORK    "docker.io/library/work:latest"
#define PICK    "docker.io/library/pick:latest"
#define KEY     "1111111111111111111111111111111111111111111111111111111111111111"
#define OLD_KEY "2222222222222222222222222222222222222222222222222222222222222222"

/*
 * base: a tar with big and small. copy: small of base, grafted. work: big and small in a data file. pick:
 * small of work, grafted.
 */
struct scene {
        struct test_store t;
        struct builder_workshop w;
        struct buffer tar;
        struct sha256_digest tar_digest;
        char blob[SHA256_HEX_SIZE + 1];
        char *big, *small; /* bodies of base, and of work in reverse order of use */
        char *work_data;   /* name in OCI_STORE_DATA */
};

struct graft_from {
        struct builder_workshop *w;
        const char *image;
};

static void graft_small(void *context, struct overlay_tree *tree)
{
        struct graft_from *from = context;
        CLEANUP_OVERLAY_TREE struct overlay_tree *other = NULL;
        CLEANUP_UPPER struct builder_upper upper = {.workshop = from->w};
        CLEANUP_OVERLAY_REF struct overlay_ref root = OVERLAY_REF_INIT;
        CLEANUP_OVERLAY_REF struct overlay_ref node = OVERLAY_REF_INIT;
        CLEANUP_OVERLAY_REF struct overlay_ref made = OVERLAY_REF_INIT;
        const struct overlay_graft graft = {.mode = (mode_t)-1};
        CLEANUP_ERROR struct error err = ERROR_INIT;

        CHECK_OK(test_tree_open(from->w, from->image, &upper, &other, &err));
        CHECK_OK(overlay_tree_resolve(other, NULL, "/small", 0, &node, &err));
        overlay_tree_root(tree, &root);
        CHECK_OK(overlay_node_graft(&root, "small", &node, &graft, &made, &err));
}

static void fill_work(void *context, struct overlay_tree *tree)
{
        struct scene *s = context;

        test_write(tree, "big", s->big + 1, MIB - 1);
        test_write(tree, "small", s->small + 1, SMALL - 1);
}

static int take_name(void *context, const struct oci_store_object *o, struct error *err)
{
        char **name = context;

        (void)err;
        free(*name);
        *name = memory_strdup(o->name);
        return 0;
}

static void scene_open(struct scene *s)
{
        CLEANUP_ERROR struct error err = ERROR_INIT;
        struct graft_from base = {&s->w, "base"};
        struct graft_from work = {&s->w, "work"};
        struct sha256_digest id;

        *s = (struct scene){.big = test_noise(1, MIB), .small = test_noise(2, SMALL)};
        test_store_open(&s->t);
        test_workshop_open(&s->w, s->t.store);
        test_tar_add(&s->tar, "big", '0', NULL, s->big, MIB);
        test_tar_add(&s->tar, "small", '0', NULL, s->small, SMALL);
        test_tar_end(&s->tar);
        sha256_of(s->tar.data, s->tar.size, &s->tar_digest);
        sha256_to_hex(&s->tar_digest, s->blob);
        CHECK_OK(test_import(s->t.store, &s->tar, BASE, &id, &err));
        test_build(&s->w, COPY, graft_small, &base);
        test_build(&s->w, WORK, fill_work, s);
        CHECK_OK(oci_store_each(s->t.store, OCI_STORE_DATA, take_name, &s->work_data, &err));
        test_build(&s->w, PICK, graft_small, &work);
}

static void scene_close(struct scene *s)
{
        builder_workshop_close(&s->w);
        test_store_close(&s->t);
        buffer_free(&s->tar);
        free(s->big);
        free(s->small);
        free(s->work_data);
}
#define CLEANUP_SCENE __attribute__((cleanup(scene_close)))

/* The workshop holds the shared gate, and prune wants it alone. */
static int prune(struct scene *s, bool all, struct builder_prune_result *ret, struct error *err)
{
        const struct builder_prune_options o = {.store = s->t.store, .all = all};
        int result;

        builder_workshop_close(&s->w);
        result = builder_prune(&o, ret, err);
        test_workshop_open(&s->w, s->t.store);
        return result;
}

static void remove_image(struct scene *s, const char *name)
{
        CLEANUP_ERROR struct error err = ERROR_INIT;
        struct sha256_digest id;
        bool found = false;

        CHECK_OK(oci_store_ref_find(s->t.store, name, &found, &id, &err));
        CHECK(found);
        CHECK_OK(oci_store_ref_remove(s->t.store, name, NULL, &err));
        CHECK_OK(oci_image_remove(s->t.store, &id, &err));
}

/* Bytes on disk of an object; -1: it is not there. */
static int64_t disk_of(struct scene *s, enum oci_store_area area, const char *name)
{
        CLEANUP_ERROR struct error err = ERROR_INIT;
        CLEANUP_FD int fd = -1;
        struct stat st;

        if (oci_store_open_object(s->t.store, area, name, &fd, NULL, &err) < 0)
                return -1;
        return fstat(fd, &st) < 0 ? -1 : (int64_t)st.st_blocks * 512;
}

static void check_file(struct scene *s, const char *image, const char *path, const char *expected)
{
        CLEANUP_FREE char *seen = test_read(&s->w, image, path);

        CHECK(strcmp(seen, expected) == 0);
        if (strcmp(seen, expected) != 0)
                printf("#   %s of %s is not as expected: %.100s\n", path, image, seen);
}

static void test_nothing_to_do(void)
{
        CLEANUP_SCENE struct scene s;
        CLEANUP_ERROR struct error err = ERROR_INIT;
        struct builder_prune_result r;

        scene_open(&s);
        CHECK_OK(prune(&s, true, &r, &err));
        CHECK_INT(r.bytes, 0);
        CHECK_INT(r.held, 0);
        CHECK_INT(r.images + r.steps + r.layers + r.files, 0);
        check_file(&s, "base", "/big", s.big);
        check_file(&s, "base", "/small", s.small);
        check_file(&s, "copy", "/small", s.small);
        check_file(&s, "work", "/big", s.big + 1);
        check_file(&s, "pick", "/small", s.small + 1);
}

/* The base goes; a copy of one of its files keeps that file's blocks and no more. */
static void test_tar_needed_in_part(void)
{
        CLEANUP_SCENE struct scene s;
        CLEANUP_ERROR struct error err = ERROR_INIT;
        CLEANUP_BUFFER struct buffer blob = BUFFER_INIT;
        struct builder_prune_result r;
        struct sha256_digest id;

        scene_open(&s);
        remove_image(&s, BASE);
        CHECK_OK(prune(&s, false, &r, &err));
        CHECK_INT(r.layers, 1);
        CHECK_INT(disk_of(&s, OCI_STORE_BLOBS, s.blob), -1);
        if (r.held > 0)
                CHECK_SKIP("/var/tmp takes no holes");
        CHECK(disk_of(&s, OCI_STORE_DATA, s.blob) > 0);
        CHECK(disk_of(&s, OCI_STORE_DATA, s.blob) <= LITTLE);
        CHECK(r.bytes >= MIB - LITTLE);
        check_file(&s, "copy", "/small", s.small);

        /* The same base comes again: it must not be taken for there. */
        CHECK_OK(test_import(s.t.store, &s.tar, BASE, &id, &err));
        CHECK_OK(oci_store_blob_load(s.t.store, &s.tar_digest, 2 * MIB, &blob, &err));
        check_file(&s, "base", "/big", s.big);
        check_file(&s, "copy", "/small", s.small);

        /* Then the parked one is of no use. */
        CHECK_OK(prune(&s, false, &r, &err));
        CHECK_INT(r.files, 1);
        CHECK_INT(disk_of(&s, OCI_STORE_DATA, s.blob), -1);
        check_file(&s, "base", "/big", s.big);
        check_file(&s, "copy", "/small", s.small);

        /* And once more, with a parked one already there that was needed for less. */
        remove_image(&s, BASE);
        CHECK_OK(prune(&s, false, &r, &err));
        CHECK_OK(test_import(s.t.store, &s.tar, BASE, &id, &err));
        remove_image(&s, BASE);
        CHECK_OK(prune(&s, false, &r, &err));
        CHECK_INT(disk_of(&s, OCI_STORE_BLOBS, s.blob), -1);
        check_file(&s, "copy", "/small", s.small);
        remove_image(&s, COPY);
        CHECK_OK(prune(&s, false, &r, &err));
        CHECK_INT(disk_of(&s, OCI_STORE_DATA, s.blob), -1);
}

static void test_data_needed_in_part(void)
{
        CLEANUP_SCENE struct scene s;
        CLEANUP_ERROR struct error err = ERROR_INIT;
        struct builder_prune_result r;

        scene_open(&s);
        remove_image(&s, WORK);
        CHECK_OK(prune(&s, false, &r, &err));
        if (r.held > 0)
                CHECK_SKIP("/var/tmp takes no holes");
        CHECK(disk_of(&s, OCI_STORE_DATA, s.work_data) > 0);
        CHECK(disk_of(&s, OCI_STORE_DATA, s.work_data) <= LITTLE);
        CHECK(r.bytes >= MIB - LITTLE);
        check_file(&s, "pick", "/small", s.small + 1);
        /* nothing is left for a second one */
        CHECK_OK(prune(&s, false, &r, &err));
        CHECK_INT(r.bytes, 0);
        remove_image(&s, PICK);
        CHECK_OK(prune(&s, false, &r, &err));
        CHECK_INT(disk_of(&s, OCI_STORE_DATA, s.work_data), -1);
}

static void test_without_names(void)
{
        CLEANUP_SCENE struct scene s;
        CLEANUP_ERROR struct error err = ERROR_INIT;
        struct builder_prune_result r;

        scene_open(&s);
        CHECK_OK(oci_store_ref_remove(s.t.store, WORK, NULL, &err));
        CHECK_OK(oci_store_ref_remove(s.t.store, PICK, NULL, &err));
        CHECK_OK(prune(&s, false, &r, &err));
        CHECK_INT(r.images, 2);
        CHECK_INT(r.layers, 2);
        CHECK_INT(disk_of(&s, OCI_STORE_DATA, s.work_data), -1);
        check_file(&s, "copy", "/small", s.small);
}

static bool has_step(struct scene *s, const char *key)
{
        CLEANUP_RECORD struct builder_record record = BUILDER_RECORD_INIT;
        CLEANUP_ERROR struct error err = ERROR_INIT;
        struct sha256_digest digest;
        bool found = false;

        CHECK(sha256_from_hex(key, &digest));
        CHECK_OK(builder_record_load(&s->w, &digest, &record, &found, &err));
        return found;
}

static void fill_step(void *context, struct overlay_tree *tree)
{
        test_write(tree, "made", context, strlen(context));
}

/* Steps that no image has stay usable, unless nobody could use them; with all they go. */
static void test_steps(void)
{
        CLEANUP_SCENE struct scene s;
        CLEANUP_ERROR struct error err = ERROR_INIT;
        CLEANUP_FREE char *index = NULL;
        CLEANUP_FREE char *old_index = NULL;
        struct builder_prune_result r;

        scene_open(&s);
        test_record(&s.w, KEY, true, fill_step, (char[]){"usable"}, &index);
        test_record(&s.w, OLD_KEY, false, fill_step, (char[]){"of another boot"}, &old_index);
        CHECK_OK(prune(&s, false, &r, &err));
        CHECK_INT(r.steps, 1);
        CHECK_INT(r.layers, 1);
        CHECK_INT(r.files, 1);
        CHECK(has_step(&s, KEY));
        CHECK(oci_store_has(s.t.store, OCI_STORE_INDEXES, index));
        CHECK(!oci_store_has(s.t.store, OCI_STORE_STEPS, OLD_KEY));
        CHECK(!oci_store_has(s.t.store, OCI_STORE_INDEXES, old_index));
        CHECK_OK(prune(&s, true, &r, &err));
        CHECK_INT(r.steps, 1);
        CHECK_INT(r.layers, 1);
        CHECK_INT(r.files, 1);
        CHECK(!oci_store_has(s.t.store, OCI_STORE_STEPS, KEY));
        CHECK(!oci_store_has(s.t.store, OCI_STORE_INDEXES, index));
        check_file(&s, "work", "/big", s.big + 1);
}

static void damage(struct scene *s, const char *index)
{
        CLEANUP_FREE char *path = memory_printf("%s/indexes/%s", s->t.path, index);
        CLEANUP_FD int fd = open(path, O_WRONLY | O_CLOEXEC);

        CHECK(fd >= 0 && fd_pwrite_all(fd, "damaged!", 8, 0) == 0);
}

static char *index_of(struct scene *s, const char *name)
{
        CLEANUP_IMAGE struct oci_image *image = NULL;
        CLEANUP_ERROR struct error err = ERROR_INIT;
        struct sha256_digest id;

        CHECK_OK(oci_image_resolve(s->t.store, name, &id, NULL, &err));
        CHECK_OK(oci_image_load(s->t.store, &id, &image, &err));
        return memory_strdup(image->layers[0].index);
}

/* What a damaged index of an image points at is unknown: nothing is removed. That of a step goes with the step. */
static void test_damage(void)
{
        CLEANUP_SCENE struct scene s;
        CLEANUP_ERROR struct error err = ERROR_INIT;
        CLEANUP_FREE char *index = NULL;
        CLEANUP_FREE char *of_step = NULL;
        struct builder_prune_result r;

        scene_open(&s);
        test_record(&s.w, KEY, true, fill_step, (char[]){"usable"}, &of_step);
        damage(&s, of_step);
        index = index_of(&s, "pick");
        damage(&s, index);
        CHECK_OK(oci_store_ref_remove(s.t.store, WORK, NULL, &err));
        CHECK_INT(prune(&s, true, &r, &err), -1);
        CHECK_HAS(err.message, "pick");
        CHECK_HAS(err.message, "bryo rmi");
        CHECK_INT(r.bytes + r.images + r.layers + r.files + r.steps, 0);
        CHECK(oci_store_has(s.t.store, OCI_STORE_STEPS, KEY));
        CHECK(disk_of(&s, OCI_STORE_DATA, s.work_data) >= (int64_t)MIB);
        error_clear(&err);
        remove_image(&s, PICK);
        CHECK_OK(prune(&s, false, &r, &err));
        CHECK_INT(r.steps, 1);
        CHECK_INT(disk_of(&s, OCI_STORE_DATA, s.work_data), -1);
        check_file(&s, "copy", "/small", s.small);
}

static void test_dangling_name(void)
{
        CLEANUP_SCENE struct scene s;
        CLEANUP_ERROR struct error err = ERROR_INIT;
        struct builder_prune_result r;
        struct sha256_digest id;
        bool found = true;

        scene_open(&s);
        CHECK_OK(oci_image_resolve(s.t.store, "pick", &id, NULL, &err));
        CHECK_OK(oci_image_remove(s.t.store, &id, &err));
        CHECK_OK(prune(&s, false, &r, &err));
        CHECK_OK(oci_store_ref_find(s.t.store, PICK, &found, &id, &err));
        CHECK(!found);
        CHECK_INT(r.layers, 1);
        check_file(&s, "work", "/small", s.small + 1);
}

/* From now on this process lives on a file system that takes no holes. */
static bool refuse_holes(void)
{
        struct sock_filter code[] = {
                BPF_STMT(BPF_LD | BPF_W | BPF_ABS, offsetof(struct seccomp_data, nr)),
                BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, __NR_fallocate, 0, 1),
                BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ERRNO | EOPNOTSUPP),
                BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ALLOW),
        };
        const struct sock_fprog program = {ARRAY_SIZE(code), code};

        return prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) == 0 && prctl(PR_SET_SECCOMP, SECCOMP_MODE_FILTER, &program) == 0;
}

static void prune_without_holes(void)
{
        CLEANUP_SCENE struct scene s;
        CLEANUP_ERROR struct error err = ERROR_INIT;
        struct builder_prune_result r;

        scene_open(&s);
        remove_image(&s, WORK);
        CHECK_OK(prune(&s, false, &r, &err));
        CHECK(r.held >= MIB - LITTLE && r.held <= MIB);
        CHECK(r.bytes <= LITTLE);
        CHECK_INT(r.layers, 1);
        CHECK(disk_of(&s, OCI_STORE_DATA, s.work_data) >= (int64_t)MIB);
        check_file(&s, "pick", "/small", s.small + 1);
}

/* Where holes are refused the space is reported as held, and nothing else is lost. */
static void test_no_holes(void)
{
        int status = 0;
        pid_t child;

        fflush(stdout);
        child = fork();
        if (child == 0) {
                int before = check_failures_;

                if (!refuse_holes())
                        _exit(77);
                prune_without_holes();
                fflush(stdout);
                _exit(check_failures_ == before ? 0 : 1);
        }
        CHECK_INT(waitpid(child, &status, 0), child);
        if (WIFEXITED(status) && WEXITSTATUS(status) == 77)
                CHECK_SKIP("this kernel takes no system call filter");
        CHECK_INT(status, 0);
}

static void remember(void *context, enum log_level level, const char *line)
{
        (void)level;
        buffer_append_string(context, line);
}

/* A build in another process holds the gate for a while. */
static void test_waits(void)
{
        CLEANUP_SCENE struct scene s;
        CLEANUP_ERROR struct error err = ERROR_INIT;
        CLEANUP_BUFFER struct buffer said = BUFFER_INIT;
        const struct log log = {remember, &said};
        struct builder_prune_options o = {.log = &log};
        struct builder_prune_result r;
        const struct timespec pause = {.tv_nsec = 200000000};
        struct timespec before, after;
        int ready[2];
        pid_t child;
        char byte;

        scene_open(&s);
        builder_workshop_close(&s.w);
        CHECK_INT(pipe2(ready, O_CLOEXEC), 0);
        child = fork();
        if (child == 0) {
                struct oci_store *own = NULL;
                int gate = -1;

                if (oci_store_open(s.t.path, NULL, &own, &err) < 0 ||
                    oci_store_gate(own, OCI_GATE_SHARED, false, &gate, &err) < 0 || write(ready[1], "x", 1) != 1)
                        _exit(1);
                nanosleep(&pause, NULL);
                _exit(0);
        }
        CHECK_INT(read(ready[0], &byte, 1), 1);
        o.store = s.t.store;
        clock_gettime(CLOCK_MONOTONIC, &before);
        CHECK_OK(builder_prune(&o, &r, &err));
        clock_gettime(CLOCK_MONOTONIC, &after);
        CHECK_HAS(buffer_text(&said), "waiting");
        CHECK((after.tv_sec - before.tv_sec) * 1000 + (after.tv_nsec - before.tv_nsec) / 1000000 >= 150);
        CHECK_INT(waitpid(child, NULL, 0), child);
        close(ready[0]);
        close(ready[1]);
        test_workshop_open(&s.w, s.t.store);
}

int main(void)
{
        CHECK_RUN(test_nothing_to_do);
        CHECK_RUN(test_tar_needed_in_part);
        CHECK_RUN(test_data_needed_in_part);
        CHECK_RUN(test_without_names);
        CHECK_RUN(test_steps);
        CHECK_RUN(test_damage);
        CHECK_RUN(test_dangling_name);
        CHECK_RUN(test_no_holes);
        CHECK_RUN(test_waits);
        return CHECK_END();
}
