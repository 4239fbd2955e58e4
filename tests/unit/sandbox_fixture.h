/* SPDX-License-Identifier: Apache-2.0 */
#ifndef BRYO_TESTS_UNIT_SANDBOX_FIXTURE_H
#define BRYO_TESTS_UNIT_SANDBOX_FIXTURE_H

#include <ctype.h>
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <stdarg.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "common/buffer.h"
#include "common/error.h"
#include "common/fd.h"
#include "common/log.h"
#include "common/memory.h"
#include "common/strv.h"
#include "sandbox/sandbox.h"
#include "tests/unit/check.h"
#include "tests/unit/unprivileged.h"

/*
 * A root directory made of a static busybox, and a sandbox that binds it (option
 * `rootdir`): everything but the FUSE mount is the real thing.
 */
struct fixture {
        char *dir; /* holds root/ and what tests put beside it */
        char *root;
        struct buffer log; /* one line each */
        struct log sink;
        struct sandbox_options options;
        struct sandbox *sandbox;
        struct sandbox_stage *stage;
};

__attribute__((unused)) static void fixture_log(void *context, enum log_level level, const char *line)
{
        (void)level;
        buffer_printf(context, "%s\n", line);
}

/* Runs a program of the host and fails the test if that does. */
__attribute__((unused, format(printf, 1, 2))) static void fixture_shell(const char *format, ...)
{
        char *line;
        va_list ap;

        va_start(ap, format);
        if (vasprintf(&line, format, ap) < 0)
                abort();
        va_end(ap);
        if (system(line) != 0) {
                printf("# failed: %s\n", line);
                exit(1);
        }
        free(line);
}

/* A program that was built beside this test. The caller's to free. */
__attribute__((unused)) static char *fixture_sibling(const char *name)
{
        char self[4096];
        ssize_t n = readlink("/proc/self/exe", self, sizeof(self) - 1);
        char *slash;

        self[n < 0 ? 0 : n] = '\0';
        slash = strrchr(self, '/');
        if (slash == NULL)
                abort();
        *slash = '\0';
        return memory_printf("%s/%s", self, name);
}

__attribute__((unused)) static void fixture_make_root(struct fixture *f)
{
        CLEANUP_FREE char *inside = fixture_sibling("sandbox_inside");
        char template[] = "/tmp/bryo-sandbox-XXXXXX";

        if (access("/bin/busybox", X_OK) < 0)
                CHECK_SKIP("there is no /bin/busybox: install busybox-static");
        if (mkdtemp(template) == NULL || chmod(template, 0755) < 0) {
                perror("# mkdtemp");
                exit(1);
        }
        *f = (struct fixture){.dir = memory_strdup(template), .root = memory_printf("%s/root", template)};
        f->sink = (struct log){fixture_log, &f->log};
        f->options = (struct sandbox_options){.log = &f->sink, .rootdir = f->root};
        fixture_shell(
                "umask 022 && mkdir %s && cd %s && mkdir bin etc proc dev sys tmp && chmod 1777 tmp && "
                "cp /bin/busybox bin && cp '%s' bin/inside && cp bin/inside bin/setuid && chmod 4755 bin/setuid && "
                ": > etc/hosts && : > etc/resolv.conf && "
                "for a in $(/bin/busybox --list); do ln -s busybox bin/$a 2>/dev/null || :; done",
                f->root, f->root, inside);
}

__attribute__((unused)) static void fixture_open(struct fixture *f)
{
        struct error err = ERROR_INIT;

        if (sandbox_open(&f->options, &f->sandbox, &err) < 0 || sandbox_stage_open(f->sandbox, &f->stage, &err) < 0) {
                printf("# cannot open a sandbox: %s\n", err.message);
                exit(1);
        }
}

__attribute__((unused)) static void fixture_close(struct fixture *f)
{
        sandbox_stage_close(f->stage);
        sandbox_close(f->sandbox);
        f->stage = NULL;
        f->sandbox = NULL;
        buffer_clear(&f->log);
}

__attribute__((unused)) static void fixture_remove(struct fixture *f)
{
        fixture_close(f);
        fixture_shell("chmod -R u+rwX %s && rm -rf %s", f->dir, f->dir);
        buffer_free(&f->log);
        free(f->root);
        free(f->dir);
}

/* The first child of `parent`, 0 if there is none. */
__attribute__((unused)) static pid_t fixture_child(pid_t parent)
{
        DIR *dir = opendir("/proc");
        struct dirent *entry;
        pid_t found = 0;

        while (dir != NULL && found == 0 && (entry = readdir(dir)) != NULL) {
                char path[300], line[512];
                const char *rest;
                FILE *stat;
                int ppid;

                if (!isdigit((unsigned char)entry->d_name[0]))
                        continue;
                (void)snprintf(path, sizeof(path), "/proc/%s/stat", entry->d_name);
                stat = fopen(path, "re");
                if (stat != NULL && fgets(line, sizeof(line), stat) != NULL && (rest = strrchr(line, ')')) != NULL &&
                    sscanf(rest, ") %*c %d", &ppid) == 1 && ppid == parent)
                        found = (pid_t)atoi(entry->d_name);
                if (stat != NULL)
                        (void)fclose(stat);
        }
        if (dir != NULL)
                (void)closedir(dir);
        return found;
}

/* A command that runs `script` in the root's shell; change what the test is about. */
struct fixture_command {
        const char *argv[4];
        const char *env[4];
        struct sandbox_command c;
};

__attribute__((unused)) static void fixture_command_init(struct fixture_command *x, const char *script)
{
        *x = (struct fixture_command){.argv = {"/bin/sh", "-c", script, NULL}, .env = {"PATH=/bin", NULL}};
        x->c = (struct sandbox_command){.argv = (char *const *)x->argv,
                                        .env = (char *const *)x->env,
                                        .hostname = "mossy",
                                        .stdin_fd = -1,
                                        .stdout_fd = -1,
                                        .stderr_fd = -1};
}

__attribute__((unused)) static int fixture_start(struct fixture *f, struct sandbox_command *c, struct error *err)
{
        int fuse_fd = -1;

        if (sandbox_stage_mount(f->stage, &fuse_fd, err) < 0)
                return -1;
        CHECK_INT(fuse_fd, -1);
        return sandbox_stage_start(f->stage, c, err);
}

/* Runs to the end; what it wrote to stdout and stderr goes to `ret`. Returns its exit status, 128 + signal, or -1 with
 * the error set. */
__attribute__((unused)) static int fixture_execute(struct fixture *f, struct sandbox_command *c, struct buffer *ret,
                                                   struct error *err)
{
        struct sandbox_exit end;
        int fds[2];

        if (pipe2(fds, O_CLOEXEC) < 0)
                abort();
        c->stdout_fd = c->stderr_fd = fds[1];
        if (fixture_start(f, c, err) < 0) {
                (void)close(fds[0]);
                (void)close(fds[1]);
                return -1;
        }
        (void)close(fds[1]);
        for (;;) {
                char part[4096];
                ssize_t n = read(fds[0], part, sizeof(part));

                if (n <= 0)
                        break;
                buffer_append(ret, part, (size_t)n);
        }
        (void)close(fds[0]);
        if (sandbox_stage_wait(f->stage, &end, err) < 0)
                return -1;
        return end.signaled ? 128 + end.status : end.status;
}

/* Runs a script; the text it wrote, with a line "error: ..." if it could not be started. The caller's to free. */
__attribute__((unused)) static char *fixture_run(struct fixture *f, const char *script)
{
        CLEANUP_ERROR struct error err = ERROR_INIT;
        struct buffer text = BUFFER_INIT;
        struct fixture_command x;

        fixture_command_init(&x, script);
        if (fixture_execute(f, &x.c, &text, &err) < 0)
                buffer_printf(&text, "error: %s\n", err.message);
        return buffer_steal(&text);
}

#define CHECK_SCRIPT(f, script, expected)                                                                              \
        do {                                                                                                           \
                char *text_ = fixture_run((f), (script));                                                              \
                CHECK_STR(text_, (expected));                                                                          \
                free(text_);                                                                                           \
        } while (0)

#endif
