/* SPDX-License-Identifier: Apache-2.0 */
/* Writing credentials into files that belong to docker or podman. */
#include "oci/credentials_store.h"

#include <fcntl.h>
#include <pthread.h>
#include <sys/stat.h>
#include <unistd.h>

#include "common/fd.h"
#include "common/memory.h"
#include "tests/unit/check.h"

static void plant(const char *path, const char *text)
{
        int fd = open(path, O_CREAT | O_TRUNC | O_WRONLY | O_CLOEXEC, 0600);

        if (fd < 0 || fd_write_all(fd, text, strlen(text)) < 0) {
                perror(path);
                exit(1);
        }
        fd_close(fd);
}

static const char *text_of(const char *path)
{
        static struct buffer text;
        CLEANUP_ERROR struct error err = ERROR_INIT;

        buffer_clear(&text);
        if (fd_read_file(AT_FDCWD, path, 1u << 20, false, &text, &err) < 0)
                buffer_printf(&text, "!%s", err.message);
        return buffer_text(&text);
}

/* Keeps user "u" with the secret for the name; the error or "". */
static const char *save(const char *path, const char *name, const char *secret)
{
        static __thread char said[512];
        struct oci_credential credential = {.user = memory_strdup("u"), .secret = memory_strdup(secret)};
        CLEANUP_ERROR struct error err = ERROR_INIT;
        CLEANUP_FREE char *helper = NULL;

        said[0] = '\0';
        if (oci_credentials_store_save(path, name, &credential, &helper, &err) < 0)
                (void)snprintf(said, sizeof(said), "%s", err.message);
        oci_credential_free(&credential);
        return said;
}

static bool erase(const char *path, const char *name)
{
        CLEANUP_ERROR struct error err = ERROR_INIT;
        bool found = false;

        CHECK_OK(oci_credentials_store_erase(path, name, &found, &err));
        return found;
}

static void test_names(void)
{
        CHECK_STR(save("new/deep/config.json", "docker.io", "p"), "");
        CHECK_STR(
                text_of("new/deep/config.json"),
                "{\n\t\"auths\": {\n\t\t\"https://index.docker.io/v1/\": {\n\t\t\t\"auth\": \"dTpw\"\n\t\t}\n\t}\n}\n");
        CHECK_STR(save("auth.json", "docker.io", "p"), "");
        CHECK_STR(text_of("auth.json"),
                  "{\n\t\"auths\": {\n\t\t\"docker.io\": {\n\t\t\t\"auth\": \"dTpw\"\n\t\t}\n\t}\n}\n");
        /* the spelling that is there, and only one of them afterwards */
        plant("auth.json", "{\"auths\":{\"index.docker.io\":{\"auth\":\"b2xk\"},\"x.io\":{},\"https://index.docker.io/"
                           "v1/\":{\"auth\":\"b2xk\"}}}");
        CHECK_STR(save("auth.json", "docker.io", "p"), "");
        CHECK_STR(text_of("auth.json"), "{\"auths\":{\"index.docker.io\":{\"auth\": \"dTpw\"},\"x.io\":{}}}");
        CHECK(erase("auth.json", "docker.io"));
        CHECK(!erase("auth.json", "docker.io"));
        CHECK_STR(text_of("auth.json"), "{\"auths\":{\"x.io\":{}}}");
        /* a path is another name than its host */
        plant("auth.json", "");
        CHECK_STR(save("auth.json", "x.io/a", "p"), "");
        CHECK(!erase("auth.json", "x.io"));
        CHECK(!erase("auth.json", "x.io/a/b"));
        CHECK(erase("auth.json", "x.io/a"));
        CHECK(!erase("nowhere/at/all.json", "x.io"));
        CHECK_INT(access("nowhere", F_OK), -1);
}

static void test_token(void)
{
        struct oci_credential credential = {.identity_token = memory_strdup("a\"b")};
        CLEANUP_ERROR struct error err = ERROR_INIT;
        CLEANUP_FREE char *helper = NULL;

        plant("token.json", "{}");
        CHECK_OK(oci_credentials_store_save("token.json", "x.io", &credential, &helper, &err));
        CHECK_STR(text_of("token.json"),
                  "{\"auths\":{\"x.io\":{\"auth\": \"PHRva2VuPjo=\",\"identitytoken\": \"a\\\"b\"}}}");
        oci_credential_free(&credential);
}

static void test_files(void)
{
        struct stat st;

        /* a link stays one: people keep these files among others of theirs */
        plant("real.json", "{}");
        CHECK_INT(symlink("real.json", "link.json"), 0);
        CHECK_STR(save("link.json", "x.io", "p"), "");
        CHECK_INT(lstat("link.json", &st), 0);
        CHECK(S_ISLNK(st.st_mode));
        CHECK_HAS(text_of("real.json"), "dTpw");
        /* what is no such document, or no file, stays as it is */
        plant("bad.json", "{\"auths\": ");
        CHECK_HAS(save("bad.json", "x.io", "p"), "cannot read the credentials");
        CHECK_STR(text_of("bad.json"), "{\"auths\": ");
        plant("list.json", "{\"auths\": []}");
        CHECK_HAS(save("list.json", "x.io", "p"), "auths");
        CHECK_STR(text_of("list.json"), "{\"auths\": []}");
        CHECK_INT(mkdir("directory.json", 0700), 0);
        CHECK_HAS(save("directory.json", "x.io", "p"), "it is not a regular file");
        /* a temporary of somebody who was killed */
        plant("real.json.bryo-new", "half");
        CHECK_STR(save("real.json", "y.io", "p"), "");
        CHECK_INT(access("real.json.bryo-new", F_OK), -1);
}

static void test_all(void)
{
        CLEANUP_ERROR struct error err = ERROR_INIT;
        size_t count = 0;

        plant("all.json", "{\"auths\": {\"a.io\": {\"auth\": \"dTpw\"}, \"b.io/x\": {}}, \"detachKeys\": \"x\"}");
        CHECK_OK(oci_credentials_store_erase_all("all.json", &count, &err));
        CHECK_INT(count, 2);
        CHECK_STR(text_of("all.json"), "{\"auths\": {}, \"detachKeys\": \"x\"}");
}

static void *login_to(void *name)
{
        return (void *)(size_t)strlen(save("race.json", name, "p"));
}

/* Each login is read, changed and written under one lock: none is lost. */
static void test_race(void)
{
        pthread_t threads[16];
        char names[16][16];

        plant("race.json", "{}");
        for (size_t i = 0; i < ARRAY_SIZE(threads); i++) {
                (void)snprintf(names[i], sizeof(names[i]), "host%zu.io", i);
                CHECK_INT(pthread_create(&threads[i], NULL, login_to, names[i]), 0);
        }
        for (size_t i = 0; i < ARRAY_SIZE(threads); i++)
                CHECK_INT(pthread_join(threads[i], NULL), 0);
        for (size_t i = 0; i < ARRAY_SIZE(threads); i++)
                CHECK_HAS(text_of("race.json"), names[i]);
}

static void test_place(void)
{
        CLEANUP_ERROR struct error err = ERROR_INIT;
        char *path;

        setenv("HOME", "/h", 1);
        unsetenv("DOCKER_CONFIG");
        unsetenv("REGISTRY_AUTH_FILE");
        path = oci_credentials_store_path(NULL, &err);
        CHECK_STR(path, "/h/.docker/config.json");
        free(path);
        setenv("DOCKER_CONFIG", "/d", 1);
        path = oci_credentials_store_path(NULL, &err);
        CHECK_STR(path, "/d/config.json");
        free(path);
        setenv("REGISTRY_AUTH_FILE", "/r", 1);
        path = oci_credentials_store_path(NULL, &err);
        CHECK_STR(path, "/r");
        free(path);
        path = oci_credentials_store_path("given", &err);
        CHECK_STR(path, "given");
        free(path);
        unsetenv("REGISTRY_AUTH_FILE");
        unsetenv("DOCKER_CONFIG");
        unsetenv("HOME");
        CHECK(!oci_credentials_store_path(NULL, &err));
        CHECK_HAS(err.message, "use --authfile");
}

int main(void)
{
        char directory[256];

        (void)snprintf(directory, sizeof(directory), "%s/store.XXXXXX", getenv("TMPDIR") ? getenv("TMPDIR") : "/tmp");
        if (!mkdtemp(directory) || chdir(directory) < 0)
                return 1;
        CHECK_RUN(test_names);
        CHECK_RUN(test_token);
        CHECK_RUN(test_files);
        CHECK_RUN(test_all);
        CHECK_RUN(test_race);
        CHECK_RUN(test_place);
        return CHECK_END();
}
