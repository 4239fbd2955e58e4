/* SPDX-License-Identifier: Apache-2.0 */
/* Builds for several platforms, side by side. */
#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "builder/siblings.h"
#include "cmd/build_platforms.h"
#include "cmd/progress_relay.h"
#include "common/crew.h"
#include "common/fd.h"
#include "common/memory.h"
#include "dockerfile/lint.h"

#define INPUT_PIECE ((size_t)256 * 1024)
/* Builds at a time; each has a user namespace, threads for its file system, and a process that asks registries. */
#define BUILDS 8

/* --- standard input -------------------------------------------------------------- */

/*
 * Standard input, which context or Dockerfile may be, is read once for each platform: what is no file goes into one,
 * without a name, that takes its place. *ret is where it begins.
 */
static int keep_input(const struct builder_build_options *o, off_t *ret, struct error *err)
{
        CLEANUP_FREE char *bytes = NULL;
        CLEANUP_FD int fd = -1;
        int scratch;
        ssize_t n;

        *ret = lseek(STDIN_FILENO, 0, SEEK_CUR);
        if (*ret >= 0)
                return 0;
        *ret = 0;
        if (oci_store_scratch(o->store, &scratch, err) < 0)
                return -1;
        fd = openat(scratch, "input", O_RDWR | O_CREAT | O_EXCL | O_CLOEXEC, 0600);
        if (fd < 0 || unlinkat(scratch, "input", 0) < 0)
                return error_errno(err, errno, "cannot keep standard input for the platforms after the first");
        bytes = memory_alloc(INPUT_PIECE);
        while ((n = read(STDIN_FILENO, bytes, INPUT_PIECE)) != 0) {
                if (n < 0 && errno == EINTR)
                        continue;
                if (n < 0 || fd_write_all(fd, bytes, (size_t)n) < 0)
                        return error_errno(err, errno, "cannot keep standard input for the platforms after the first");
        }
        if (dup2(fd, STDIN_FILENO) < 0)
                return error_errno(err, errno, "cannot keep standard input for the platforms after the first");
        return 0;
}

static bool reads_input(const struct builder_build_options *o)
{
        return !isatty(STDIN_FILENO) && (strcmp(o->context, "-") == 0 || (o->file && strcmp(o->file, "-") == 0));
}

/* --- one build --------------------------------------------------------------------- */

struct making {
        const struct builder_build_options *options;
        const struct build_values *values;
        struct builder_siblings *siblings;
        struct cmd_relay *relay;
        struct builder_build_result *built; /* one for each */
        bool again;                         /* standard input is read by each build, from `start` */
        off_t start;
        int64_t begun;
        size_t first;         /* that the crew makes */
        pthread_mutex_t lock; /* guards the two below */
        bool failed;
        struct error why; /* what the first one failed of; the others fail of being stopped */
};

static void fail(struct making *m, const char *title, struct error *err)
{
        bool first;

        pthread_mutex_lock(&m->lock);
        first = !m->failed;
        m->failed = true;
        if (first)
                (void)error_move(&m->why, err);
        pthread_mutex_unlock(&m->lock);
        if (!first)
                return;
        (void)error_wrap(&m->why, "%s", title);
        builder_siblings_cancel(m->siblings);
        (void)error_set(err, ECANCELED, "given up"); /* the crew wants one as well */
}

static int make_one(struct making *m, size_t i, struct error *err)
{
        const struct strv none = STRV_INIT;
        struct builder_cache_options cache = *m->options->cache;
        struct builder_build_options own = *m->options;
        struct dockerfile_warnings again = {.count = 0};
        int result;

        own.platform = m->values->platforms[i];
        own.platform_title = m->values->platform_names.items[i];
        own.siblings = m->siblings;
        own.progress = cmd_relay_of(m->relay, i);
        own.tags = &none;
        own.cache = &cache;
        if (i > 0)
                own.warnings = &again; /* the same once more */
        /* without a cache a step is still executed once: what this command executed counts for the platforms after the
         * first */
        if (m->options->no_cache && i > 0) {
                own.no_cache = false;
                cache.has_oldest = true;
                cache.oldest = m->begun;
        }
        if (m->again && lseek(STDIN_FILENO, m->start, SEEK_SET) < 0)
                return error_errno(err, errno, "cannot read standard input again");
        result = builder_build(&own, &m->built[i], err);
        dockerfile_warnings_clear(&again);
        return result;
}

static int make_next(struct crew *crew, void *context, size_t number, struct error *err)
{
        struct making *m = context;
        size_t i = m->first + number;

        (void)crew;
        if (make_one(m, i, err) == 0)
                return 0;
        fail(m, m->values->platform_names.items[i], err);
        return -1;
}

/* --- all ---------------------------------------------------------------------------- */

static bool has_image(const struct build_platforms *p, const struct sha256_digest *id)
{
        for (size_t i = 0; i < p->count; i++)
                if (sha256_equal(&p->images[i], id))
                        return true;
        return false;
}

static void take_images(const struct making *m, struct build_platforms *ret)
{
        for (size_t i = 0; i < m->values->platform_names.count; i++) {
                const char *title = m->values->platform_names.items[i];

                if (has_image(ret, &m->built[i].image)) {
                        log_print(m->options->log, LOG_WARNING,
                                  "%s gave the same image as another platform, and is left out: its last stage is for "
                                  "one platform",
                                  title);
                        continue;
                }
                ret->images[ret->count++] = m->built[i].image;
                strv_add(&ret->names, title);
        }
}

/* One after the other where they would meet: at standard input, and at a shell that a failed command opens. */
static int make_all(struct making *m, struct error *err)
{
        size_t count = m->values->platform_names.count;
        bool alone = m->again || m->options->run->attend_shell;

        if (m->again && keep_input(m->options, &m->start, err) < 0)
                return -1;
        /* what it executes the others find */
        if (m->options->no_cache && crew_run(1, 1, make_next, m, err) < 0)
                return -1;
        m->first = m->options->no_cache;
        return crew_run(count - m->first, alone ? 1 : BUILDS, make_next, m, err);
}

int build_platforms_make(const struct builder_build_options *o, const struct build_values *v,
                         struct build_platforms *ret, struct error *err)
{
        size_t count = v->platform_names.count;
        struct making m = {.options = o, .values = v, .again = reads_input(o), .begun = (int64_t)time(NULL)};
        int result;

        *ret = (struct build_platforms){.images = memory_zalloc(count, sizeof(*ret->images))};
        m.built = memory_zalloc(count, sizeof(*m.built));
        m.siblings = builder_siblings_new(o->jobs);
        m.relay = cmd_relay_new(o->progress, count);
        pthread_mutex_init(&m.lock, NULL);
        result = make_all(&m, err);
        if (m.failed) {
                error_clear(err);
                (void)error_move(err, &m.why);
        }
        if (result == 0)
                take_images(&m, ret);
        for (size_t i = 0; i < count; i++)
                ret->executed = ret->executed || m.built[i].executed;
        ret->steps = cmd_relay_steps(m.relay);
        pthread_mutex_destroy(&m.lock);
        cmd_relay_free(m.relay);
        builder_siblings_free(m.siblings);
        free(m.built);
        return result;
}
