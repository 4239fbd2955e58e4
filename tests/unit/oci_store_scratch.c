/* SPDX-License-Identifier: Apache-2.0 */
/* Scratch of the living and the dead, and the gate. */
#include <errno.h>
#include <pthread.h>
#include <signal.h>
#include <sys/file.h>
#include <sys/syscall.h>
#include <sys/wait.h>

#include "common/fd.h"
#include "tests/unit/store_build.h"

/* ---- a network file system ------------------------------------------------------------------------------------- */

/*
 * The test's own unlinkat, close and flock stand in front of libc's. As NFS does it: an open file that is removed stays
 * beside its name as `.nfsXXXX`, a link like any, until it is closed; and there may be no lock service.
 */
static struct {
        bool is_nfs, has_no_locks;
        int held, left;       /* the descriptor of the removed file and its directory, or -1 */
        const char *replaced; /* the file of this name becomes another one just before the next lock is taken */
} network = {.held = -1, .left = -1};

/* The descriptor of this process that is open on the file, -1 if none is. */
static int find_open(const struct stat *file)
{
        for (int fd = 3; fd < 256; fd++) {
                struct stat st;

                if (fstat(fd, &st) == 0 && st.st_ino == file->st_ino && st.st_dev == file->st_dev)
                        return fd;
        }
        return -1;
}

int unlinkat(int dirfd, const char *name, int flags)
{
        struct stat st;
        int fd = -1;

        if (network.is_nfs && network.held < 0 && fstatat(dirfd, name, &st, AT_SYMLINK_NOFOLLOW) == 0 &&
            S_ISREG(st.st_mode))
                fd = find_open(&st);
        if (fd < 0)
                return (int)syscall(SYS_unlinkat, dirfd, name, flags);
        network.left = fcntl(dirfd, F_DUPFD_CLOEXEC, 3);
        network.held = fd;
        return renameat(dirfd, name, network.left, ".nfs0001");
}

int close(int fd)
{
        if (fd >= 0 && fd == network.held) {
                int left = network.left;

                network.held = network.left = -1;
                CHECK_INT(syscall(SYS_unlinkat, left, ".nfs0001", 0), 0);
                (void)syscall(SYS_close, left);
        }
        return (int)syscall(SYS_close, fd);
}

int flock(int fd, int operation)
{
        if (network.has_no_locks) {
                errno = ENOLCK;
                return -1;
        }
        if (network.replaced != NULL) {
                CLEANUP_FREE char *gone = memory_printf("%s/.nfs0002", root);
                int new_fd;

                CHECK_INT(rename(network.replaced, gone), 0);
                new_fd = open(network.replaced, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0600);
                CHECK(new_fd >= 0);
                network.replaced = NULL;
                (void)syscall(SYS_close, new_fd);
        }
        return (int)syscall(SYS_flock, fd, operation);
}

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

/* What a removed file leaves on NFS as long as it is open keeps no scratch there. */
static void test_nfs(void)
{
        CLEANUP_ERROR struct error err = ERROR_INIT;
        CLEANUP_FREE char *tmp = in_root("nfs/tmp"), *one = NULL, *none = NULL;
        CLEANUP_STORE struct oci_store *s = open_store("nfs");
        int fd = -1;

        CHECK_OK(oci_store_scratch(s, &fd, &err));
        one = list(tmp);
        CHECK(*one != '\0');
        network.is_nfs = true;
        oci_store_close(STEAL(s));
        network.is_nfs = false;
        none = list(tmp);
        CHECK_STR(none, "");
}

static bool is_same_file(const char *path, int fd)
{
        struct stat a, b;

        return stat(path, &a) == 0 && fstat(fd, &b) == 0 && a.st_ino == b.st_ino && a.st_dev == b.st_dev;
}

/*
 * Between opening a step's lock file and locking it, another build was done with it, and the next one made a file of
 * the same name. Who executes the step then holds that file; who sweeps leaves it alone.
 */
static void test_step_replaced(void)
{
        CLEANUP_ERROR struct error err = ERROR_INIT;
        CLEANUP_FREE char *path = in_root("replaced/tmp/step.00");
        CLEANUP_STORE struct oci_store *s = open_store("replaced");
        CLEANUP_FD int left = -1;
        int lock = -1;

        left = open(path, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0600);
        CHECK(left >= 0);
        network.replaced = path;
        CHECK_OK(oci_store_step_lock(s, "00", &lock, &err));
        CHECK(network.replaced == NULL);
        CHECK(lock >= 0 && is_same_file(path, lock) && !is_same_file(path, left));
        oci_store_step_unlock(s, "00", lock);
        CHECK_INT(access(path, F_OK), -1);

        left = fd_close(left);
        left = open(path, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0600);
        CHECK(left >= 0);
        network.replaced = path;
        oci_store_close(open_store("replaced"));
        CHECK(network.replaced == NULL);
        CHECK_INT(access(path, F_OK), 0);
        oci_store_close(open_store("replaced"));
        CHECK_INT(access(path, F_OK), -1);
}

/* Where nothing can be locked builds go on, with a warning; what would remove others' work does not. */
static void test_no_locks(void)
{
        CLEANUP_ERROR struct error err = ERROR_INIT;
        CLEANUP_STORE struct oci_store *s = open_store("no-locks");
        int fd = -1;

        network.has_no_locks = true;
        CHECK_OK(oci_store_gate(s, OCI_GATE_SHARED, true, &fd, &err));
        CHECK_INT(fd, -1);
        CHECK_OK(oci_store_step_lock(s, "00", &fd, &err));
        CHECK_INT(fd, -1);
        CHECK_OK(oci_store_cache_lock(s, "cache", true, true, &fd, &err));
        CHECK_INT(fd, -1);
        CHECK_INT(oci_store_gate(s, OCI_GATE_EXCLUSIVE, false, &fd, &err), -1);
        CHECK_INT(err.code, ENOLCK);
        CHECK_HAS(err.message, "/lock: No locks available: its file system has no locks");
        network.has_no_locks = false;
}

int main(void)
{
        if (mkdtemp(root) == NULL)
                abort();
        CHECK_RUN(test_scratch);
        CHECK_RUN(test_killed);
        CHECK_RUN(test_race);
        CHECK_RUN(test_gate);
        CHECK_RUN(test_nfs);
        CHECK_RUN(test_step_replaced);
        CHECK_RUN(test_no_locks);
        remove_tree(root);
        return CHECK_END();
}
