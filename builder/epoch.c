/* SPDX-License-Identifier: Apache-2.0 */
/* What SOURCE_DATE_EPOCH says, and of what. */
#include "builder/epoch.h"

#include <errno.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <sys/stat.h>

#include "builder/git_url.h"
#include "builder/named.h"
#include "builder/origin.h"
#include "builder/remote.h"
#include "common/memory.h"
#include "dockerfile/expand.h"

#define NAME "SOURCE_DATE_EPOCH"

/* --- the time of files that came from elsewhere ------------------------------------ */

struct newest {
        struct builder_source *source;
        bool found;
        int64_t time;
};

static int look_at(void *context, const char *name, const struct builder_item *item, struct error *err)
{
        struct newest *n = context;

        (void)name;
        if (S_ISDIR(item->attr.mode))
                return builder_source_each(n->source, item, look_at, n, err);
        if (S_ISREG(item->attr.mode) && (!n->found || item->attr.mtime.tv_sec > n->time)) {
                n->found = true;
                n->time = item->attr.mtime.tv_sec;
        }
        return 0;
}

/* Of a tar whose server said nothing of its age. */
static int find_newest(struct builder_source *source, struct builder_time *ret, struct error *err)
{
        CLEANUP_ITEM struct builder_item root = BUILDER_ITEM_INIT;
        struct newest n = {.source = source};

        if (source->ops->find(source, "", &root, err) < 0 || builder_source_each(source, &root, look_at, &n, err) < 0)
                return -1;
        *ret = (struct builder_time){.known = n.found, .seconds = n.time};
        return 0;
}

static int time_of(struct builder_source *source, const struct builder_time *made, struct builder_time *ret,
                   struct error *err)
{
        *ret = *made;
        return made->in_files && source ? find_newest(source, ret, err) : 0;
}

/* --- a stage that only names a source ------------------------------------------------- */

/* The variables of the stage while it is read: nothing but ARGs. */
struct reading {
        struct builder_job *job;
        struct strv env;
};

static const char *find_variable(void *context, const char *name)
{
        return strv_env_find(&((struct reading *)context)->env, name);
}

static int expand(struct reading *r, const char *text, const struct dockerfile_place *place, char **ret,
                  struct error *err)
{
        const struct dockerfile_scope scope = {.find = find_variable, .context = r};
        CLEANUP_ERROR struct error cause = ERROR_INIT;

        if (dockerfile_expand(&scope, r->job->file->escape, DOCKERFILE_EXPAND_WORD, text, ret, &cause) == 0)
                return 0;
        return dockerfile_error(r->job->file, place, err, "%s", cause.message);
}

static int read_arg(struct reading *r, const struct dockerfile_instruction *in, struct error *err)
{
        for (size_t i = 0; i < in->pairs.count; i++) {
                const struct dockerfile_pair *pair = &in->pairs.items[i];
                const char *given = strv_env_find(r->job->options->build_args, pair->key.text);
                CLEANUP_FREE char *value = NULL;

                if (!given && !pair->has_value)
                        continue;
                if (!given && expand(r, pair->value.text, &pair->value.place, &value, err) < 0)
                        return -1;
                strv_env_set(&r->env, pair->key.text, given ? given : value);
        }
        return 0;
}

static int not_a_source(const struct reading *r, const struct dockerfile_place *place, struct error *err)
{
        return dockerfile_error(
                r->job->file, place, err,
                NAME " names this stage, which must then be FROM scratch with ARGs and a single ADD of one URL or "
                     "git repository");
}

/* A checksum is checked although nobody copies the files. */
static int read_add(struct reading *r, const struct dockerfile_instruction *in, struct builder_time *ret,
                    struct error *err)
{
        const struct dockerfile_copy *copy = &in->copy;
        CLEANUP_ORIGIN struct builder_origin origin = BUILDER_ORIGIN_INIT;
        CLEANUP_ERROR struct error cause = ERROR_INIT;
        CLEANUP_FREE char *checksum = NULL;
        CLEANUP_FREE char *text = NULL;
        struct builder_remote_options o = {.keep_git_dir = copy->keep_git_dir};
        struct builder_remote *remote;

        if (copy->source_count != 1 || copy->sources[0].heredoc)
                return not_a_source(r, &in->place, err);
        if (expand(r, copy->sources[0].path->text, &copy->sources[0].path->place, &text, err) < 0 ||
            (copy->checksum && expand(r, copy->checksum->value, &copy->checksum->place, &checksum, err) < 0))
                return -1;
        /* what only --keep-git-dir makes a repository is not known as one here */
        if (!builder_remote_is(text) || (copy->keep_git_dir_flag && !builder_git_url_is(text)))
                return not_a_source(r, &copy->sources[0].path->place, err);
        o.text = text;
        o.checksum = checksum;
        if (builder_remote_open(r->job, &o, &remote, &cause) < 0)
                return dockerfile_error(r->job->file, &copy->sources[0].path->place, err, "%s", cause.message);
        builder_remote_free(remote);
        if (builder_origin_open(r->job, text, true, &origin, &cause) < 0 ||
            time_of(origin.source, &origin.made, ret, &cause) < 0)
                return dockerfile_error(r->job->file, &copy->sources[0].path->place, err, "%s", cause.message);
        return 0;
}

static int read_instructions(struct reading *r, const struct builder_stage_plan *stage, struct builder_time *ret,
                             struct error *err)
{
        bool added = false;

        for (size_t i = stage->first; i < stage->end; i++) {
                const struct dockerfile_instruction *in = &r->job->file->instructions[i];
                bool again = in->kind == DOCKERFILE_ADD && added;

                if ((in->kind != DOCKERFILE_ARG && in->kind != DOCKERFILE_ADD) || again)
                        return not_a_source(r, &in->place, err);
                if ((in->kind == DOCKERFILE_ARG ? read_arg(r, in, err) : read_add(r, in, ret, err)) < 0)
                        return -1;
                added = added || in->kind == DOCKERFILE_ADD;
        }
        return added ? 0 : not_a_source(r, &stage->from->place, err);
}

static int time_of_stage(struct builder_job *job, const struct builder_stage_plan *stage, struct builder_time *ret,
                         struct error *err)
{
        const struct dockerfile_word *image = stage->from->from.image;
        struct reading r = {.job = job, .env = STRV_INIT};
        CLEANUP_FREE char *base = NULL;
        int result;

        strv_extend(&r.env, &job->plan.globals);
        result = expand(&r, image->text, &image->place, &base, err);
        if (result == 0 && strcmp(base, "scratch") != 0)
                result = not_a_source(&r, &stage->from->place, err);
        if (result == 0)
                result = read_instructions(&r, stage, ret, err);
        strv_free(&r.env);
        return result;
}

/* --- the value -------------------------------------------------------------------------- */

static bool read_number(const char *text, int64_t *ret)
{
        char *end;

        errno = 0;
        *ret = strtoll(text, &end, 10);
        return errno == 0 && end != text && *end == '\0' && *ret >= 0;
}

static int time_of_word(struct builder_job *job, const char *word, struct builder_time *ret, struct error *err)
{
        struct builder_time made;
        struct builder_source *source;

        if (strcmp(word, "context") == 0)
                return time_of(job->context, &job->context_made, ret, err);
        if (builder_named_has(job->named, word))
                return builder_named_made(job, word, &source, &made, err) < 0 ? -1 : time_of(source, &made, ret, err);
        for (size_t i = 0; i < job->plan.count; i++)
                if (job->plan.stages[i].name && strcasecmp(job->plan.stages[i].name, word) == 0)
                        return time_of_stage(job, &job->plan.stages[i], ret, err);
        return error_set(err, EINVAL,
                         NAME
                         "=%s: it is a number of seconds since 1970, the word context, or the name of a stage or named "
                         "context that was fetched",
                         word);
}

int builder_epoch_find(struct builder_job *job, struct error *err)
{
        const struct builder_build_options *o = job->options;
        const char *text = strv_env_find(o->build_args, NAME);
        struct builder_time time = {.known = true};

        job->has_epoch = o->has_epoch;
        job->epoch = o->epoch;
        text = text ? text : strv_env_find(&job->plan.globals, NAME);
        if (o->epoch_given || !text || text[0] == '\0')
                return 0;
        if (!read_number(text, &time.seconds)) {
                time.known = false;
                if (time_of_word(job, text, &time, err) < 0)
                        return -1;
                job->epoch_text = time.known ? memory_printf("%" PRId64, time.seconds) : memory_strdup("");
                if (strv_env_find(&job->plan.globals, NAME))
                        strv_env_set(&job->plan.globals, NAME, job->epoch_text);
        }
        job->has_epoch = time.known;
        job->epoch = time.seconds;
        return 0;
}
