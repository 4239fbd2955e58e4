/* SPDX-License-Identifier: Apache-2.0 */
/* Partial downloads: what is cut stays, one at a time has it, what is whole becomes a blob. */
#include <errno.h>
#include <pthread.h>
#include <signal.h>
#include <stdatomic.h>
#include <sys/wait.h>

#include "common/fd.h"
#include "tests/unit/store_build.h"

static const char text[] = "the whole blob";

static struct sha256_digest digest_of(const char *s)
{
        struct sha256_digest d;

        sha256_of(s, strlen(s), &d);
        return d;
}

static off_t size_of(int fd)
{
        struct stat st;

        return fstat(fd, &st) < 0 ? -1 : st.st_size;
}

static void test_resume(void)
{
        CLEANUP_ERROR struct error err = ERROR_INIT;
        CLEANUP_FREE char *partial = in_root("s/partial"), *names = NULL;
        CLEANUP_STORE struct oci_store *s = open_store("s");
        const struct sha256_digest digest = digest_of(text);
        CLEANUP_BUFFER struct buffer blob = BUFFER_INIT;
        struct oci_store_partial *p = NULL;
        pid_t pid;
        int status = 0;

        /* a process is killed in the middle */
        pid = fork();
        if (pid == 0) {
                struct oci_store *own = open_store("s");

                if (oci_store_partial_open(own, &digest, &p, &err) < 0 ||
                    fd_write_all(oci_store_partial_fd(p), text, 5) < 0)
                        _exit(1);
                raise(SIGKILL);
        }
        waitpid(pid, &status, 0);
        CHECK(WIFSIGNALED(status));
        CHECK_OK(oci_store_partial_open(s, &digest, &p, &err));
        CHECK_INT(size_of(oci_store_partial_fd(p)), 5);
        CHECK(!oci_store_blob_has(s, &digest));
        CHECK_INT(fd_pwrite_all(oci_store_partial_fd(p), text + 5, strlen(text) - 5, 5), 0);
        CHECK_OK(oci_store_partial_commit(p, &err));
        oci_store_partial_free(p);
        CHECK_OK(oci_store_blob_load(s, &digest, 100, &blob, &err));
        CHECK_STR(buffer_text(&blob), text);
        names = list(partial);
        CHECK_STR(names, "");
        CHECK_OK(oci_store_partial_open(s, &digest, &p, &err));
        CHECK(p == NULL);
}

static void test_ends(void)
{
        CLEANUP_ERROR struct error err = ERROR_INIT;
        CLEANUP_FREE char *partial = in_root("s/partial"), *names = NULL, *kept = NULL;
        CLEANUP_STORE struct oci_store *s = open_store("s");
        const struct sha256_digest digest = digest_of("x");
        struct oci_store_partial *p = NULL;

        /* nothing came, or the wrong thing: nothing stays */
        CHECK_OK(oci_store_partial_open(s, &digest, &p, &err));
        oci_store_partial_free(p);
        CHECK_OK(oci_store_partial_open(s, &digest, &p, &err));
        CHECK_INT(fd_write_all(oci_store_partial_fd(p), "y", 1), 0);
        oci_store_partial_drop(p);
        oci_store_partial_free(p);
        names = list(partial);
        CHECK_STR(names, "");
        CHECK_OK(oci_store_partial_open(s, &digest, &p, &err));
        CHECK_INT(size_of(oci_store_partial_fd(p)), 0);
        CHECK_INT(fd_write_all(oci_store_partial_fd(p), "x", 1), 0);
        oci_store_partial_free(p);
        kept = list(partial);
        CHECK_INT(strlen(kept), SHA256_HEX_SIZE);
}

struct other {
        struct oci_store *store;
        struct sha256_digest digest;
        struct oci_store_partial *partial;
        int result;
        atomic_bool over; /* it waits no more */
};

static void *open_other(void *context)
{
        struct other *o = context;
        CLEANUP_ERROR struct error err = ERROR_INIT;

        o->result = oci_store_partial_open(o->store, &o->digest, &o->partial, &err);
        atomic_store(&o->over, true);
        return NULL;
}

/* Whoever waits gets the blob when it is committed, and its turn when it is given up. */
static void test_waits(void)
{
        for (int commit = 0; commit < 2; commit++) {
                CLEANUP_ERROR struct error err = ERROR_INIT;
                CLEANUP_STORE struct oci_store *s = open_store("s");
                struct other o = {.store = s, .digest = digest_of(commit ? "one" : "two")};
                struct oci_store_partial *p = NULL;
                pthread_t thread;

                CHECK_OK(oci_store_partial_open(s, &o.digest, &p, &err));
                CHECK_INT(fd_write_all(oci_store_partial_fd(p), "one", 3), 0);
                CHECK_INT(pthread_create(&thread, NULL, open_other, &o), 0);
                usleep(20000);
                CHECK(!atomic_load(&o.over));
                if (commit)
                        CHECK_OK(oci_store_partial_commit(p, &err));
                else
                        oci_store_partial_drop(p);
                oci_store_partial_free(p);
                pthread_join(thread, NULL);
                CHECK_INT(o.result, 0);
                CHECK_INT(o.partial != NULL, !commit);
                if (o.partial)
                        CHECK_INT(size_of(oci_store_partial_fd(o.partial)), 0);
                oci_store_partial_free(o.partial);
        }
}

int main(void)
{
        if (mkdtemp(root) == NULL)
                abort();
        CHECK_RUN(test_resume);
        CHECK_RUN(test_ends);
        CHECK_RUN(test_waits);
        remove_tree(root);
        return CHECK_END();
}
