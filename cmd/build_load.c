/* SPDX-License-Identifier: Apache-2.0 */
/* To docker's or podman's own store, through their socket. */
#include "cmd/build_load.h"

#include <errno.h>
#include <pthread.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/sendfile.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include "builder/archive.h"
#include "common/fd.h"
#include "common/memory.h"
#include "oci/digest.h"
#include "oci/quote.h"

/* An answer is a line of JSON or two. */
#define ANSWER_MAX ((size_t)65536)

/* --- the socket -------------------------------------------------------------- */

static int try_socket(const char *path, int *ret, struct error *err)
{
        struct sockaddr_un address = {.sun_family = AF_UNIX};
        CLEANUP_FD int fd = -1;

        if (strlen(path) >= sizeof(address.sun_path))
                return error_set(err, ENAMETOOLONG, "the path of the socket %s is too long", path);
        memcpy(address.sun_path, path, strlen(path) + 1);
        fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
        if (fd < 0 || connect(fd, (struct sockaddr *)&address, sizeof(address)) < 0)
                return error_errno(err, errno, "cannot connect to %s", path);
        *ret = fd_steal(&fd);
        return 0;
}

/* *ret_path is heap text, NULL: nobody listens. What the user names must be there. */
static int find_socket(int *ret, char **ret_path, struct error *err)
{
        const char *host = getenv("DOCKER_HOST");
        const char *runtime = getenv("XDG_RUNTIME_DIR");
        CLEANUP_FREE char *own = memory_printf("%s/podman/podman.sock", runtime ? runtime : "/run");
        const char *const places[] = {"/var/run/docker.sock", own, "/run/podman/podman.sock"};

        *ret_path = NULL;
        if (host && host[0]) {
                if (strncmp(host, "unix://", 7) != 0)
                        return error_set(
                                err, ENOTSUP,
                                "DOCKER_HOST=%s: only a socket of this machine can be loaded into (unix://PATH)", host);
                *ret_path = memory_strdup(host + 7);
                return try_socket(*ret_path, ret, err);
        }
        for (size_t i = 0; i < ARRAY_SIZE(places); i++) {
                CLEANUP_ERROR struct error absent = ERROR_INIT;

                if (try_socket(places[i], ret, &absent) == 0) {
                        *ret_path = memory_strdup(places[i]);
                        return 0;
                }
        }
        return 0;
}

/* --- the exchange -------------------------------------------------------------- */

static int send_file(int socket, int fd, struct error *err)
{
        struct stat st;
        off_t at = 0;

        if (fstat(fd, &st) < 0)
                return error_errno(err, errno, "cannot look at the archive");
        while (at < st.st_size) {
                ssize_t n = sendfile(socket, fd, &at, (size_t)(st.st_size - at));

                if (n < 0 && errno != EINTR)
                        return error_errno(err, errno, "cannot send the image");
                if (n == 0)
                        return error_set(err, EIO, "cannot send the image: the archive became shorter");
        }
        return 0;
}

static int receive(int socket, struct buffer *ret, struct error *err)
{
        ssize_t n;

        do {
                char *to = buffer_reserve(ret, 4097);

                n = read(socket, to, 4096);
                if (n > 0)
                        ret->size += (size_t)n;
                ret->data[ret->size] = '\0';
        } while ((n > 0 && ret->size < ANSWER_MAX) || (n < 0 && errno == EINTR));
        return n < 0 ? error_errno(err, errno, "cannot read the answer") : 0;
}

/* 200, and nothing of an error in what follows: docker answers before it has looked at what it gets. */
static int check_answer(const char *answer, struct error *err)
{
        const char *body = strstr(answer, "\r\n\r\n");
        const char *message = body ? strstr(body, "\"error\"") : NULL;
        CLEANUP_FREE char *shown = NULL;
        CLEANUP_FREE char *quoted = NULL;

        if (strncmp(answer, "HTTP/1.", 7) != 0)
                return error_set(err, EBADMSG, "what answers is no docker and no podman");
        if (strncmp(answer + 8, " 200 ", 5) == 0 && !message)
                return 0;
        body = message ? message : body ? body + 4 : answer;
        shown = memory_strndup(body, strcspn(body, "\r\n"));
        quoted = oci_quote(shown);
        return error_set(err, EREMOTEIO, "it answers %.3s: %s", answer + 9, quoted);
}

static int exchange(int socket, int archive, struct error *err)
{
        CLEANUP_BUFFER struct buffer head = BUFFER_INIT;
        CLEANUP_BUFFER struct buffer answer = BUFFER_INIT;
        struct stat st;

        if (fstat(archive, &st) < 0)
                return error_errno(err, errno, "cannot look at the archive");
        buffer_printf(
                &head,
                "POST /v1.24/images/load?quiet=1 HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/x-tar\r\n"
                "Content-Length: %lld\r\nConnection: close\r\n\r\n",
                (long long)st.st_size);
        if (fd_write_all(socket, head.data, head.size) < 0)
                return error_errno(err, errno, "cannot send the image");
        if (send_file(socket, archive, err) < 0 || receive(socket, &answer, err) < 0)
                return -1;
        return check_answer(buffer_text(&answer), err);
}

/* Whoever listens may hang up in the middle: that is an error of the write, not the end of this process. */
static int exchange_quietly(int socket, int archive, struct error *err)
{
        const struct timespec now = {.tv_sec = 0};
        sigset_t pipe, before;
        int result;

        (void)sigemptyset(&pipe);
        (void)sigaddset(&pipe, SIGPIPE);
        (void)pthread_sigmask(SIG_BLOCK, &pipe, &before);
        result = exchange(socket, archive, err);
        (void)sigtimedwait(&pipe, NULL, &now);
        (void)pthread_sigmask(SIG_SETMASK, &before, NULL);
        return result;
}

/* --- the whole ------------------------------------------------------------------- */

static int save(const struct build_product *product, int fd, struct error *err)
{
        CLEANUP_STRV struct strv images = STRV_INIT;
        const struct builder_save_options o = {
                .store = product->store, .log = product->log, .images = &images, .fd = fd, .docker = true};
        char id[OCI_DIGEST_TEXT + 1];

        oci_digest_format(product->image, id);
        strv_add(&images, id);
        strv_extend(&images, product->tags);
        return builder_archive_save(&o, err);
}

int build_load(const struct build_product *product, struct error *err)
{
        CLEANUP_STORE_FILE struct oci_store_file *archive = NULL;
        CLEANUP_FREE char *path = NULL;
        CLEANUP_FD int socket = -1;

        if (find_socket(&socket, &path, err) < 0)
                return error_wrap(err, "--load");
        if (!path) {
                const char *name = product->tags->count > 0 ? product->tags->items[0] : "ID";

                log_print(product->log, LOG_INFO,
                          "--load: neither docker nor podman listens here; the image is in bryo's store, and "
                          "bryo save --format docker-archive %s | docker load brings it to another",
                          name);
                return 0;
        }
        /* the length must be known before the first byte: podman takes no chunks here */
        if (oci_store_file_create(product->store, OCI_STORE_DATA, &archive, err) < 0 ||
            save(product, oci_store_file_fd(archive), err) < 0 ||
            exchange_quietly(socket, oci_store_file_fd(archive), err) < 0)
                return error_wrap(err, "cannot load the image into %s", path);
        log_print(product->log, LOG_INFO, "loaded into %s", path);
        return 0;
}
