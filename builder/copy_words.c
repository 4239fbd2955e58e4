/* SPDX-License-Identifier: Apache-2.0 */
/* The words of COPY and ADD: expanded, checked, and as the history tells them. */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "builder/copying.h"
#include "common/memory.h"
#include "common/redact.h"
#include "dockerfile/expand.h"
#include "dockerfile/heredoc_mistake.h"

static int check_flags(const struct copying *c, struct error *err)
{
        const struct dockerfile_instruction *in = c->site->instruction;

        if (in->copy.checksum && in->copy.source_count > 1)
                return dockerfile_error(c->site->file, &in->copy.checksum->place, err,
                                        "--checksum goes with a single source: it says what that one is");
        if (in->copy.from && strchr(in->copy.from->value, '$'))
                return dockerfile_error(c->site->file, &in->copy.from->place, err,
                                        "--from takes no variables: name a stage that says FROM %s, and copy from that",
                                        in->copy.from->value);
        return 0;
}

static const char *find_variable(void *context, const char *name)
{
        const struct builder_site *site = context;

        return strv_env_find(&site->stage->state.env, name);
}

static int expand_heredoc(struct copying *c, const struct dockerfile_heredoc *doc, char **ret, struct error *err)
{
        struct builder_site site = *c->site;
        const struct dockerfile_scope scope = { find_variable, NULL, &site };
        CLEANUP_ERROR struct error cause = ERROR_INIT;

        if (!doc->expand) {
                *ret = memory_strdup(doc->body);
                return 0;
        }
        if (dockerfile_expand(&scope, '\\', DOCKERFILE_EXPAND_HEREDOC, doc->body, ret, &cause) < 0) {
                const struct dockerfile_place place = dockerfile_heredoc_mistake(&scope, doc, cause.message);

                return builder_site_error(&site, &place, err, &cause);
        }
        return 0;
}

/* `c->sources.count` is the number of the source that is being expanded. */
static int open_remote(struct copying *c, const struct dockerfile_copy_source *source, const char *text, struct error *err)
{
        const struct dockerfile_flag *checksum = c->in->checksum;
        CLEANUP_FREE char *expanded = NULL;
        CLEANUP_ERROR struct error cause = ERROR_INIT;
        struct builder_remote_options o = { .text = text,
                                            .is_repository = c->in->keep_git_dir_flag,
                                            .keep_git_dir = c->in->keep_git_dir_flag && c->in->keep_git_dir };

        if (checksum && builder_site_expand(c->site, checksum->value, &checksum->place, &expanded, err) < 0)
                return -1;
        o.checksum = expanded;
        if (builder_remote_open(c->site->job, &o, &c->remotes[c->sources.count], &cause) < 0)
                return builder_site_error(c->site, &source->path->place, err, &cause);
        return 0;
}

static int expand_source(struct copying *c, const struct dockerfile_copy_source *source, struct error *err)
{
        CLEANUP_FREE char *text = NULL;

        if (source->heredoc) {
                if (expand_heredoc(c, source->heredoc, &text, err) < 0)
                        return -1;
                strv_add(&c->sources, "");
                strv_take(&c->bodies, STEAL(text));
                return 0;
        }
        if (builder_site_expand(c->site, source->path->text, &source->path->place, &text, err) < 0)
                return -1;
        if (c->site->instruction->kind == DOCKERFILE_ADD && builder_remote_is(text)) {
                if (open_remote(c, source, text, err) < 0)
                        return -1;
        } else if (c->in->checksum) {
                return dockerfile_error(c->site->file, &c->in->checksum->place, err,
                                        "--checksum is for a URL or a git repository; %s is neither", text);
        }
        strv_add(&c->sources, text);
        strv_add(&c->bodies, "");
        return 0;
}

/* Of --chown and --chmod. One whose variables leave nothing of it is one that was not given, as in BuildKit: *ret stays NULL. */
static int expand_flag(struct copying *c, const struct dockerfile_flag *flag, char **ret, struct error *err)
{
        if (!flag)
                return 0;
        if (builder_site_expand(c->site, flag->value, &flag->place, ret, err) < 0)
                return -1;
        if ((*ret)[0] != '\0')
                return 0;
        log_print(c->site->job->workshop.log, LOG_WARNING, "%s:%u: --%s=%s is empty: it means nothing", c->site->file->name,
                  flag->place.line, flag->name, flag->value);
        free(STEAL(*ret));
        return 0;
}

static int expand_mode(struct copying *c, struct error *err)
{
        const struct dockerfile_flag *flag = c->in->chmod;
        CLEANUP_ERROR struct error cause = ERROR_INIT;

        if (expand_flag(c, flag, &c->chmod, err) < 0)
                return -1;
        if (!c->chmod)
                return 0;
        if (dockerfile_mode_parse(c->chmod, &c->mode, &cause) < 0)
                return builder_site_error(c->site, &flag->place, err, &cause);
        return 0;
}

/* Tells which of the patterns is bad: each is tried by itself. */
static int blame_exclude(struct copying *c, struct error *err)
{
        for (size_t i = 0; i < c->in->exclude_count; i++) {
                CLEANUP_IGNORE struct dockerfile_ignore *one = NULL;
                CLEANUP_ERROR struct error cause = ERROR_INIT;
                const char *pattern = c->in->excludes[i]->value;

                if (dockerfile_ignore_new(&pattern, 1, &one, &cause) < 0)
                        return builder_site_error(c->site, &c->in->excludes[i]->place, err, &cause);
        }
        return dockerfile_error(c->site->file, &c->in->excludes[0]->place, err, "too many patterns");
}

static int expand_excludes(struct copying *c, struct error *err)
{
        CLEANUP_ERROR struct error cause = ERROR_INIT;
        const char **patterns;
        int result;

        if (c->in->exclude_count == 0)
                return 0;
        patterns = memory_zalloc(c->in->exclude_count, sizeof(char *));
        for (size_t i = 0; i < c->in->exclude_count; i++)
                patterns[i] = c->in->excludes[i]->value;
        result = dockerfile_ignore_new(patterns, c->in->exclude_count, &c->exclude, &cause);
        free(patterns);
        return result < 0 ? blame_exclude(c, err) : 0;
}

/* As BuildKit: --chmod needs the files of the stage, so that --link is dropped. */
static void choose_link(struct copying *c)
{
        c->link = c->in->link && !c->chmod;
        if (c->in->link && !c->link)
                log_print(c->site->job->workshop.log, LOG_INFO, "%s:%u: --link means nothing together with --chmod",
                          c->site->file->name, c->site->instruction->first_line);
}

/* Not cleaned: a '/' or '.' at the end says that it is a directory. */
static char *absolute(const char *cwd, const char *dest)
{
        if (dest[0] == '/')
                return memory_strdup(dest);
        return memory_printf("%s%s%s", cwd, cwd[strlen(cwd) - 1] == '/' ? "" : "/", dest);
}

int builder_copying_expand(struct copying *c, struct error *err)
{
        if (check_flags(c, err) < 0)
                return -1;
        c->remotes = memory_zalloc(c->in->source_count, sizeof(*c->remotes));
        for (size_t i = 0; i < c->in->source_count; i++)
                if (expand_source(c, &c->in->sources[i], err) < 0)
                        return -1;
        if (builder_site_expand(c->site, c->in->dest->text, &c->in->dest->place, &c->dest, err) < 0)
                return -1;
        /* an empty one is the working directory, as BuildKit has it */
        c->target = absolute(builder_state_cwd(&c->site->stage->state), c->dest[0] ? c->dest : ".");
        if (expand_flag(c, c->in->chown, &c->chown, err) < 0)
                return -1;
        if (expand_mode(c, err) < 0)
                return -1;
        choose_link(c);
        return expand_excludes(c, err);
}

char *builder_copying_history(const struct copying *c)
{
        struct buffer text = BUFFER_INIT;

        buffer_append_string(&text, dockerfile_kind_name(c->site->instruction->kind));
        if (c->in->parents)
                buffer_append_string(&text, " --parents");
        if (c->chown)
                buffer_printf(&text, " --chown=%s", c->chown);
        if (c->chmod)
                buffer_printf(&text, " --chmod=%s", c->chmod);
        for (size_t i = 0; i < c->sources.count; i++)
                if (!c->in->sources[i].heredoc) {
                        CLEANUP_FREE char *shown = redact_urls(c->sources.items[i]);

                        buffer_printf(&text, " %s", shown);
                }
        for (size_t i = 0; i < c->sources.count; i++)
                if (c->in->sources[i].heredoc)
                        buffer_printf(&text, " <<%s", c->in->sources[i].heredoc->name);
        buffer_printf(&text, " %s # buildkit", c->dest);
        return buffer_steal(&text);
}
