/* SPDX-License-Identifier: Apache-2.0 */
/* bryo build */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "builder/build.h"
#include "cmd/build_flags.h"
#include "cmd/epoch.h"
#include "cmd/progress.h"
#include "cmd/store.h"
#include "cmd/verbs.h"
#include "common/fd.h"
#include "common/memory.h"

/* --build-arg NAME takes the value from the environment; without one there the argument stays undefined. */
static int complete_build_args(struct build_flags *f, struct strv *ret, struct error *err)
{
        for (size_t i = 0; i < f->build_args.count; i++) {
                const char *arg = f->build_args.items[i];
                const char *value = strchr(arg, '=') ? NULL : getenv(arg);

                if (arg[0] == '=' || arg[0] == '\0')
                        return error_set(err, OPTIONS_EUSAGE, "--build-arg %s has no name: write --build-arg NAME=VALUE", arg);
                if (strchr(arg, '=')) {
                        CLEANUP_FREE char *name = memory_strndup(arg, strcspn(arg, "="));

                        strv_env_set(ret, name, arg + strlen(name) + 1);
                } else if (value) {
                        strv_env_set(ret, arg, value);
                }
        }
        return 0;
}

static int check_flags(const struct build_flags *f, struct error *err)
{
        const struct strv *words = &f->words;

        if (words->count != 1)
                return error_set(err, OPTIONS_EUSAGE, "bryo build takes exactly one context directory%s%s (see bryo build --help)", words->count > 1 ? ", not also " : "", words->count > 1 ? words->items[1] : "");
        if (strcmp(words->items[0], "-") == 0 || strstr(words->items[0], "://"))
                return error_set(err, OPTIONS_EUSAGE, "the context %s: only a directory is built yet", words->items[0]);
        if (f->progress && strcmp(f->progress, "plain") != 0 && strcmp(f->progress, "auto") != 0)
                return error_set(err, OPTIONS_EUSAGE, "--progress=%s is not built yet: plain is", f->progress);
        return 0;
}

static int write_iidfile(const char *path, const char *id, struct error *err)
{
        CLEANUP_FD int fd = open(path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0644);

        if (fd < 0 || fd_write_all(fd, id, strlen(id)) < 0)
                return error_errno(err, errno, "cannot write the image ID to %s", path);
        return 0;
}

static int report(const struct build_flags *f, const struct builder_build_result *result, struct error *err)
{
        char hex[SHA256_HEX_SIZE + 1];
        CLEANUP_FREE char *id = NULL;

        sha256_to_hex(&result->image, hex);
        id = memory_printf("sha256:%s", hex);
        if (f->iidfile && write_iidfile(f->iidfile, id, err) < 0)
                return -1;
        if (f->quiet)
                printf("%s\n", id);
        else
                fprintf(stderr, "image %s\n", id);
        for (size_t i = 0; !f->quiet && i < f->tags.count; i++)
                fprintf(stderr, "named %s\n", f->tags.items[i]);
        return 0;
}

static int build(const struct build_flags *f, const struct strv *build_args, const char *context, struct error *err)
{
        struct cmd_progress *p = cmd_progress_new(f->quiet);
        const struct builder_progress callbacks = cmd_progress_callbacks(p);
        const struct log log = cmd_progress_log(p);
        CLEANUP_STORE struct oci_store *store = NULL;
        struct builder_build_options o = {
                .log = &log,
                .progress = &callbacks,
                .context = context,
                .file = f->file,
                .target = f->target,
                .tags = &f->tags,
                .build_args = build_args,
                .labels = &f->labels,
                .no_cache = f->no_cache,
        };
        struct builder_build_result built;
        int result;

        for (size_t i = 0; i < f->warnings.count; i++)
                log_print(&log, LOG_WARNING, "%s", f->warnings.items[i]);
        result = cmd_epoch_find(strv_env_find(build_args, "SOURCE_DATE_EPOCH"), &o.has_epoch, &o.epoch, err);

        if (result == 0)
                result = cmd_store_open(f->root, &log, &store, err);
        o.store = store;
        if (result == 0)
                result = builder_build(&o, &built, err);
        if (result < 0)
                fputs(cmd_progress_tail(p), stderr);
        else
                result = report(f, &built, err);
        oci_store_close(STEAL(store));
        cmd_progress_free(p);
        return result;
}

int cmd_build(char *const *argv, struct error *err)
{
        CLEANUP_BUILD_FLAGS struct build_flags f;
        CLEANUP_STRV struct strv build_args = STRV_INIT;
        bool help;

        if (build_flags_parse(argv, &f, &help, err) < 0)
                return -1;
        if (help)
                return 0;
        if (check_flags(&f, err) < 0 || complete_build_args(&f, &build_args, err) < 0)
                return -1;
        return build(&f, &build_args, f.words.items[0], err);
}
