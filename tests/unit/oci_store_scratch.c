/* SPDX-License-Identifier: Apache-2.0 */
/* Scratch of the living and the dead, and the gate. */
#include <errno.h>
#include <pthread.h>
#include <signal.h>
#include <sys/wait.h>

#include "common/fd.h"
#include "tests/unit/store_build.h"

/* ---- scratch and locks ----------------------------------------------------------------------------------------- */

static void test_scratch(void)
{
        CLEANUP_ERROR struct error err = ERROR_INIT;
        CLEANUP_FREE char *tmp = in_root("scratch/tmp"), *one = NULL, *two = NULL, *none = NULL;
        struct oci_store *s = open_store("scratch"), *other;
        int fd = -1, again = -1;

        CHECK_OK(oci_store_scratch(s, &fd, &err));
        CHECK_OK(oci_store_scratch(s, &again, &err));
        CHECK_INT(again, fd);
        CHECK_INT(mkdirat(fd, "dir", 0700), 0);
        CHECK_INT(mkdirat(fd, "dir/sub", 0700), 0);
        CHECK_INT(symlinkat("/etc", fd, "dir/link"), 0);
        one = list(tmp);
        other = open_store("scratch"); /* sweeps, but not the living */
        two = list(tmp);
        CHECK_STR(two, one);
        oci_store_close(other);
        oci_store_close(s);
        none = list(tmp);
        CHECK_STR(none, "");
        CHECK_INT(access("/etc/passwd", F_OK), 0);
}

/* A process killed while it writes leaves nothing under a final name, and the next one removes its scratch. */
static void test_killed(void)
{
        CLEANUP_FREE char *tmp = in_root("killed/tmp"), *left = NULL, *none = NULL,
                          *blobs = in_root("killed/blobs/sha256"), *names = NULL;
        struct oci_store *s;
        int status, ready[2];
        char c;
        pid_t pid;

        CHECK_INT(pipe(ready), 0);
        oci_store_close(open_store("killed"));
        pid = fork();
        if (pid == 0) {
                CLEANUP_ERROR struct error err = ERROR_INIT;
                struct oci_store_file *f;

                s = open_store("killed");
                if (oci_store_file_create(s, OCI_STORE_BLOBS, &f, &err) < 0 ||
                    fd_write_all(oci_store_file_fd(f), "half", 4) < 0 || write(ready[1], "x", 1) != 1)
                        _exit(1);
                pause();
                _exit(1);
        }
        CHECK_INT(read(ready[0], &c, 1), 1);
        oci_store_close(open_store("killed"));
        left = list(tmp);
        CHECK(*left != '\0'); /* still alive */
        CHECK_INT(kill(pid, SIGKILL), 0);
        CHECK_INT(waitpid(pid, &status, 0), pid);
        s = open_store("killed");
        none = list(tmp);
        CHECK_STR(none, "");
        names = list(blobs);
        CHECK_STR(names, "");
        oci_store_close(s);
        close(ready[0]);
        close(ready[1]);
}

static void *hammer(void *arg)
{
        long me = (long)arg;
        long failures = 0;

        for (int i = 0; i < 40; i++) {
                CLEANUP_ERROR struct error err = ERROR_INIT;
                CLEANUP_FREE char *path = in_root("race");
                CLEANUP_STORE struct oci_store *s = NULL;
                char text[32];
                struct sha256_digest d;

                if (oci_store_open(path, NULL, &s, &err) < 0) {
                        printf("# %s\n", err.message);
                        return (void *)1;
                }
                snprintf(text, sizeof(text), "%ld %d", me % 2, i);
                if (oci_store_blob_save(s, text, strlen(text), &d, &err) < 0 ||
                    oci_store_ref_set(s, "docker.io/library/x:1", &d, NULL, &err) < 0 || !oci_store_blob_has(s, &d)) {
                        printf("# %s\n", err.message ? err.message : "lost");
                        failures++;
                }
        }
        return (void *)failures;
}

/* Opening, sweeping, writing and closing at the same time: nobody loses anything, nothing stays. */
static void test_race(void)
{
        CLEANUP_FREE char *tmp = in_root("race/tmp"), *none = NULL;
        pthread_t threads[4];
        void *result;

        for (long i = 0; i < 4; i++)
                CHECK_INT(pthread_create(&threads[i], NULL, hammer, (void *)i), 0);
        for (int i = 0; i < 4; i++) {
                CHECK_INT(pthread_join(threads[i], &result), 0);
                CHECK_INT((long)result, 0);
        }
        oci_store_close(open_store("race"));
        none = list(tmp);
        CHECK_STR(none, "");
}

static void test_gate(void)
{
        CLEANUP_ERROR struct error err = ERROR_INIT;
        CLEANUP_STORE struct oci_store *s = open_store("s");
        CLEANUP_STORE struct oci_store *other = open_store("s");
        int a = -1, b = -1, c = -1;

        CHECK_OK(oci_store_gate(s, OCI_GATE_SHARED, true, &a, &err));
        CHECK_OK(oci_store_gate(other, OCI_GATE_SHARED, true, &b, &err));
        CHECK_INT(oci_store_gate(s, OCI_GATE_EXCLUSIVE, true, &c, &err), -1);
        CHECK_INT(err.code, EWOULDBLOCK);
        CHECK_HAS(err.message, "in use by another bryo");
        error_clear(&err);
        CHECK_INT(c, -1);
        close(a);
        close(b);
        CHECK_OK(oci_store_gate(s, OCI_GATE_EXCLUSIVE, false, &c, &err));
        CHECK_INT(oci_store_gate(other, OCI_GATE_SHARED, true, &a, &err), -1);
        error_clear(&err);
        close(c);
        CHECK_OK(oci_store_gate(other, OCI_GATE_SHARED, true, &a, &err));
        close(a);
}

int main(void)
{
        if (mkdtemp(root) == NULL)
                abort();
        CHECK_RUN(test_scratch);
        CHECK_RUN(test_killed);
        CHECK_RUN(test_race);
        CHECK_RUN(test_gate);
        remove_tree(root);
        return CHECK_END();
}
