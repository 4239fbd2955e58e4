/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The registry client (oci/registry.h) as a command, for tests: one request each, with what no flag of bryo sets. It is
 * its own registry child, as bryo is.
 *
 *     client [--OPTION VALUE]... VERB ARGUMENT...
 */
#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "common/fd.h"
#include "common/memory.h"
#include "oci/digest.h"
#include "oci/registry.h"
#include "oci/registry_child.h"

#define FILE_LIMIT (64u * 1024 * 1024)

static void write_log(void *context, enum log_level level, const char *line)
{
        static const char *const names[] = {"debug", "info", "warning"};

        (void)context;
        fprintf(stderr, "%s: %s\n", names[level], line);
}

static void print_manifest(const struct oci_registry_manifest *m)
{
        char digest[OCI_DIGEST_TEXT + 1];

        oci_digest_format(&m->digest, digest);
        printf("%s %s %llu %s\n", m->media_type, digest, (unsigned long long)m->size, m->origin);
}

static int get(struct oci_registry *r, char **argv, struct error *err)
{
        CLEANUP_REGISTRY_MANIFEST struct oci_registry_manifest m = OCI_REGISTRY_MANIFEST_INIT;
        CLEANUP_REFERENCE struct oci_reference *ref = NULL;
        CLEANUP_FD int fd = -1;

        if (oci_reference_parse(argv[0], &ref, err) < 0 || oci_registry_manifest_get(r, ref, &m, err) < 0)
                return -1;
        fd = open(argv[1], O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);
        if (fd < 0 || fd_write_all(fd, buffer_text(&m.bytes), m.bytes.size) < 0)
                return error_errno(err, errno, "%s", argv[1]);
        print_manifest(&m);
        return 0;
}

static int head(struct oci_registry *r, char **argv, struct error *err)
{
        CLEANUP_REGISTRY_MANIFEST struct oci_registry_manifest m = OCI_REGISTRY_MANIFEST_INIT;
        CLEANUP_REFERENCE struct oci_reference *ref = NULL;

        if (oci_reference_parse(argv[0], &ref, err) < 0 || oci_registry_manifest_head(r, ref, &m, err) < 0)
                return -1;
        print_manifest(&m);
        return 0;
}

static int put(struct oci_registry *r, char **argv, struct error *err)
{
        CLEANUP_REFERENCE struct oci_reference *ref = NULL;
        CLEANUP_BUFFER struct buffer bytes = BUFFER_INIT;

        if (oci_reference_parse(argv[0], &ref, err) < 0 ||
            fd_read_file(AT_FDCWD, argv[2], FILE_LIMIT, false, &bytes, err) < 0)
                return -1;
        return oci_registry_manifest_put(r, ref, argv[1], buffer_text(&bytes), bytes.size, err);
}

/* Counts calls, checks that it never goes back, and gives up after so many of them when it is told to. */
struct watch {
        uint64_t last;
        unsigned calls, most;
};

static bool watch(void *context, uint64_t done, uint64_t total)
{
        struct watch *w = context;

        if (done > total)
                fprintf(stderr, "progress: %llu of %llu\n", (unsigned long long)done, (unsigned long long)total);
        w->last = done;
        w->calls++;
        return w->most == 0 || w->calls < w->most;
}

static int parse_blob(char **argv, struct oci_reference **ret_ref, struct oci_descriptor *ret, struct error *err)
{
        if (oci_reference_parse(argv[0], ret_ref, err) < 0 || oci_digest_parse(argv[1], &ret->digest, err) < 0)
                return -1;
        ret->size = strtoull(argv[2], NULL, 10);
        return 0;
}

static int blob(struct oci_registry *r, char **argv, struct error *err)
{
        CLEANUP_REFERENCE struct oci_reference *ref = NULL;
        struct oci_descriptor d = {.media_type = NULL};
        struct watch w = {.most = argv[4] ? (unsigned)atoi(argv[4]) : 0};
        const struct oci_registry_progress progress = {watch, &w};
        CLEANUP_FD int fd = open(argv[3], O_RDWR | O_CREAT | O_CLOEXEC, 0600);

        if (fd < 0)
                return error_errno(err, errno, "%s", argv[3]);
        if (parse_blob(argv, &ref, &d, err) < 0 || oci_registry_blob_get(r, ref, &d, fd, &progress, err) < 0)
                return -1;
        printf("%llu\n", (unsigned long long)w.last);
        return 0;
}

static int has(struct oci_registry *r, char **argv, struct error *err)
{
        CLEANUP_REFERENCE struct oci_reference *ref = NULL;
        struct oci_descriptor d = {.media_type = NULL};
        bool there = false;

        if (parse_blob(argv, &ref, &d, err) < 0 || oci_registry_blob_has(r, ref, &d, &there, err) < 0)
                return -1;
        printf("%s\n", there ? "yes" : "no");
        return 0;
}

static int digest_file(int fd, struct oci_descriptor *ret, struct error *err)
{
        static char bytes[65536];
        struct sha256 hash;
        ssize_t n;

        sha256_init(&hash);
        while ((n = pread(fd, bytes, sizeof(bytes), (off_t)ret->size)) > 0) {
                sha256_update(&hash, bytes, (size_t)n);
                ret->size += (uint64_t)n;
        }
        sha256_final(&hash, &ret->digest);
        return n < 0 ? error_errno(err, errno, "read") : 0;
}

static int upload(struct oci_registry *r, char **argv, struct error *err)
{
        static const char *const words[] = {"uploaded", "mounted", "there"};
        CLEANUP_REFERENCE struct oci_reference *ref = NULL;
        struct oci_descriptor d = {.media_type = NULL};
        CLEANUP_STRV struct strv from = STRV_INIT;
        CLEANUP_FD int fd = open(argv[1], O_RDONLY | O_CLOEXEC);
        enum oci_registry_pushed pushed;
        char digest[OCI_DIGEST_TEXT + 1];

        if (fd < 0)
                return error_errno(err, errno, "%s", argv[1]);
        for (char **a = argv + 2; *a; a++)
                strv_add(&from, *a);
        if (oci_reference_parse(argv[0], &ref, err) < 0 || digest_file(fd, &d, err) < 0 ||
            oci_registry_blob_put(r, ref, &d, fd, &from, NULL, &pushed, err) < 0)
                return -1;
        oci_digest_format(&d.digest, digest);
        printf("%s %s %llu\n", words[pushed], digest, (unsigned long long)d.size);
        return 0;
}

static int tags(struct oci_registry *r, char **argv, struct error *err)
{
        CLEANUP_REFERENCE struct oci_reference *ref = NULL;
        CLEANUP_STRV struct strv list = STRV_INIT;

        if (oci_reference_parse(argv[0], &ref, err) < 0 || oci_registry_tags(r, ref, &list, err) < 0)
                return -1;
        for (size_t i = 0; i < list.count; i++)
                printf("%s\n", list.items[i]);
        return 0;
}

static int login(struct oci_registry *r, char **argv, struct error *err)
{
        return oci_registry_login(r, argv[0], argv[1], argv[2], err);
}

static int expand(struct oci_registry *r, char **argv, struct error *err)
{
        CLEANUP_STRV struct strv list = STRV_INIT;

        if (oci_registry_expand(r, argv[0], &list, err) < 0)
                return -1;
        for (size_t i = 0; i < list.count; i++)
                printf("%s\n", list.items[i]);
        return 0;
}

/* --- several at once ----------------------------------------------------------------------- */

struct one {
        struct oci_registry *registry;
        char *argv[5];
        struct error err;
        pthread_t thread;
        int result;
};

static void *run_one(void *context)
{
        struct one *o = context;

        o->result = blob(o->registry, o->argv, &o->err);
        return NULL;
}

/* blobs REPOSITORY (DIGEST SIZE FILE)...: all of them at the same time. */
static int blobs(struct oci_registry *r, char **argv, struct error *err)
{
        struct one all[64] = {{.registry = NULL}};
        size_t count = 0;
        int result = 0;

        for (char **a = argv + 1; *a && count < ARRAY_SIZE(all); a += 3) {
                struct one *o = &all[count++];

                *o = (struct one){.registry = r, .argv = {argv[0], a[0], a[1], a[2], NULL}};
                if (pthread_create(&o->thread, NULL, run_one, o) != 0)
                        abort();
        }
        for (size_t i = 0; i < count; i++) {
                (void)pthread_join(all[i].thread, NULL);
                if (all[i].result < 0)
                        result = error_move(err, &all[i].err);
                error_clear(&all[i].err);
        }
        return result;
}

/* again N MILLISECONDS VERB ARGUMENT...: the same request N times in one client with pauses, for what it remembers. */
static int again(struct oci_registry *r, char **argv, struct error *err);
/* both VERB ARGUMENT... then VERB ARGUMENT...: two requests of one client. */
static int both(struct oci_registry *r, char **argv, struct error *err);

struct verb {
        const char *name;
        int (*run)(struct oci_registry *r, char **argv, struct error *err);
        int arguments;
};

static const struct verb verbs[] = {
        {"again", again, 3},   {"blob", blob, 4}, {"blobs", blobs, 4}, {"both", both, 3},
        {"expand", expand, 1}, {"get", get, 2},   {"has", has, 3},     {"head", head, 1},
        {"login", login, 3},   {"put", put, 3},   {"tags", tags, 1},   {"upload", upload, 2},
};

static int run(struct oci_registry *r, char **argv, struct error *err)
{
        int count = 0;

        while (argv[count])
                count++;
        for (size_t i = 0; i < ARRAY_SIZE(verbs); i++)
                if (count > 0 && strcmp(verbs[i].name, argv[0]) == 0 && count > verbs[i].arguments)
                        return verbs[i].run(r, argv + 1, err);
        return error_set(err, EINVAL, "client: no such verb, or too few arguments");
}

static int again(struct oci_registry *r, char **argv, struct error *err)
{
        for (int n = atoi(argv[0]); n > 0; n--) {
                if (run(r, argv + 2, err) < 0)
                        return -1;
                if (n > 1)
                        (void)usleep((useconds_t)atoi(argv[1]) * 1000);
        }
        return 0;
}

static int both(struct oci_registry *r, char **argv, struct error *err)
{
        char **second = argv;

        while (*second && strcmp(*second, "then") != 0)
                second++;
        if (!*second)
                return error_set(err, EINVAL, "client: both without then");
        *second = NULL;
        return run(r, argv, err) < 0 ? -1 : run(r, second + 1, err);
}

static int take_options(char ***argv, struct oci_registry_options *o, struct strv *mirrors, struct strv *insecure)
{
        for (; **argv && strncmp(**argv, "--", 2) == 0 && (*argv)[1]; *argv += 2) {
                const char *name = **argv + 2, *value = (*argv)[1];

                if (strcmp(name, "creds") == 0)
                        o->credentials = value;
                else if (strcmp(name, "authfile") == 0)
                        o->authfile = value;
                else if (strcmp(name, "cert-dir") == 0)
                        o->cert_dir = value;
                else if (strcmp(name, "tls") == 0)
                        o->tls = strcmp(value, "on") == 0 ? OCI_REGISTRY_TLS_ON : OCI_REGISTRY_TLS_OFF;
                else if (strcmp(name, "retries") == 0)
                        o->retries = (unsigned)atoi(value);
                else if (strcmp(name, "delay") == 0)
                        o->retry_delay_ms = (unsigned)atoi(value);
                else if (strcmp(name, "stall") == 0)
                        o->stall_seconds = (unsigned)atoi(value);
                else if (strcmp(name, "mirror") == 0)
                        strv_add(mirrors, value);
                else if (strcmp(name, "insecure") == 0)
                        strv_add(insecure, value);
                else
                        return -1;
        }
        return 0;
}

int main(int argc, char **argv)
{
        const struct log log = {.write = write_log};
        CLEANUP_STRV struct strv mirrors = STRV_INIT;
        CLEANUP_STRV struct strv insecure = STRV_INIT;
        struct oci_registry_options o = {.log = &log, .mirrors = &mirrors, .insecure = &insecure};
        CLEANUP_ERROR struct error err = ERROR_INIT;
        struct oci_registry *r;
        int result;

        if (argc == 2 && strcmp(argv[1], OCI_REGISTRY_VERB) == 0)
                return oci_registry_child_main(&err) < 0;
        argv++;
        if (take_options(&argv, &o, &mirrors, &insecure) < 0)
                return 2;
        r = oci_registry_new(&o);
        result = run(r, argv, &err);
        oci_registry_free(r);
        if (result < 0)
                fprintf(stderr, "error: %s: %s\n", strerrorname_np(err.code), err.message);
        return result < 0;
}
