/* SPDX-License-Identifier: Apache-2.0 */
/* bryo build */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "builder/build.h"
#include "cmd/build_flags.h"
#include "cmd/build_load.h"
#include "cmd/build_log.h"
#include "cmd/build_output.h"
#include "cmd/build_platforms.h"
#include "cmd/build_report.h"
#include "cmd/build_run.h"
#include "cmd/build_values.h"
#include "cmd/check.h"
#include "cmd/fetch_limits.h"
#include "cmd/parent.h"
#include "cmd/program.h"
#include "cmd/progress.h"
#include "cmd/store.h"
#include "cmd/upkeep.h"
#include "cmd/verbs.h"
#include "common/memory.h"

static int check_words(struct build_flags *f, struct error *err)
{
        struct strv *words = &f->words;

        if (words->count == 0 && (cmd_program_is("buildah") || cmd_program_is("podman")))
                strv_add(words, "."); /* as these two do */
        if (words->count == 0)
                return error_set(
                        err, OPTIONS_EUSAGE,
                        "bryo build needs a context, the directory that COPY takes files from: write `bryo build .` "
                        "for the current one");
        if (words->count > 1)
                return error_set(err, OPTIONS_EUSAGE,
                                 "bryo build takes one context, %s, not also %s (see bryo build --help)",
                                 words->items[0], words->items[1]);
        return 0;
}

static void fill_options(const struct build_flags *f, const struct build_values *v, struct builder_build_options *o)
{
        o->context = f->words.items[0];
        o->file = f->file;
        o->target = f->target;
        o->platform = v->platform_names.count > 0 ? v->platforms[0] : NULL;
        o->build_args = &v->build_args;
        o->contexts = &f->contexts;
        o->amendments = &v->amendments;
        o->base = f->base;
        o->ignore_file = f->ignore_file;
        o->jobs = v->jobs;
        o->cache = &v->cache;
        o->explain = f->explain;
        o->no_cache = f->no_cache;
        o->no_cache_stages = &v->no_cache_stages;
        o->registry = v->registry;
        o->pull = v->pull;
        o->epoch_given = v->epoch_given;
        o->has_epoch = v->has_epoch;
        o->epoch = v->epoch;
        o->keep_times = v->keep_times;
        o->squash = v->squash;
}

/* What the command line asks for. */
struct request {
        const struct build_flags *flags;
        const struct build_values *values;
        const struct build_outputs *outputs;
};

static int make_one(const struct builder_build_options *o, const struct build_outputs *outputs,
                    struct build_product *product, struct build_report *report, struct builder_build_result *built,
                    struct error *err)
{
        if (builder_build(o, built, err) < 0)
                return -1;
        product->image = report->image = &built->image;
        product->steps = built->steps;
        if (build_outputs_write(outputs, product, err) < 0 || (report->flags->load && build_load(product, err) < 0))
                return -1;
        return build_report_write(report, err);
}

static int make_several(const struct builder_build_options *o, const struct request *r, struct build_product *product,
                        struct build_report *report, struct builder_build_result *built, struct error *err)
{
        CLEANUP_BUILD_PLATFORMS struct build_platforms several = BUILD_PLATFORMS_INIT;
        const struct build_flags *f = r->flags;
        bool wanted = f->iidfile || f->iidfile_raw || f->metadata_file || f->digest_file || f->name_file || f->quiet;

        int result = build_platforms_make(o, r->values, &several, err);

        built->executed = several.executed;
        if (result < 0)
                return -1;
        built->image = several.images[0];
        product->image = report->image = &built->image;
        product->steps = several.steps;
        if (build_platforms_deliver(&several, r->outputs, product, wanted, err) < 0)
                return -1;
        report->index = several.has_index ? &several.index.descriptor : NULL;
        return build_report_write(report, err);
}

/* An image is built and delivered; the warnings of the checks come last, also when the build failed. */
static int make_image(struct builder_build_options *o, const struct request *r, struct cmd_progress *p, FILE *out,
                      struct error *err)
{
        struct dockerfile_warnings warnings = {.count = 0};
        struct builder_build_result built = {.executed = false};
        struct build_report report = {.flags = r->flags,
                                      .outputs = r->outputs,
                                      .store = o->store,
                                      .log = o->log,
                                      .tags = o->tags,
                                      .progress = p,
                                      .stdout_taken = build_outputs_use_stdout(r->outputs)};
        struct build_product product = {.store = o->store,
                                        .log = o->log,
                                        .tags = o->tags,
                                        .registry = &o->registry,
                                        .keep_tags = r->flags->registry.keep_tags,
                                        .progress = p};
        char id[CMD_BUILD_ID + 1];
        int result;

        if (cmd_build_id_make(id, err) < 0)
                return -1;
        cmd_progress_add(p, cmd_build_log_new(o->store, id, o->tags->count > 0 ? o->tags->items[0] : o->context));
        o->warnings = &warnings;
        report.build = id;
        result = r->values->platform_names.count > 1 ? make_several(o, r, &product, &report, &built, err)
                                                     : make_one(o, r->outputs, &product, &report, &built, err);
        if (cmd_progress_mode(p) == CMD_PROGRESS_JSON)
                cmd_check_tell(&warnings, o->log);
        if (result == 0)
                cmd_progress_finish(p, BUILDER_DONE, NULL);
        cmd_progress_finish(p, BUILDER_FAILED, err->message);
        if (cmd_progress_mode(p) == CMD_PROGRESS_PLAIN || cmd_progress_mode(p) == CMD_PROGRESS_TTY)
                cmd_check_summarise(&warnings, out);
        dockerfile_warnings_clear(&warnings);
        if (built.executed)
                cmd_upkeep_run(o->store, o->log);
        return result;
}

/* What --call and --check ask for. */
static int find_call(const struct build_flags *f, enum cmd_call *ret, bool *ret_json, struct error *err)
{
        *ret = f->check ? CMD_CALL_CHECK : CMD_CALL_BUILD;
        *ret_json = false;
        return f->call ? cmd_call_parse(f->call, ret, ret_json, err) : 0;
}

static int open_progress(struct build_flags *f, FILE *out, struct cmd_progress **ret, struct error *err)
{
        const char *name = f->progress ? f->progress : getenv("BUILDKIT_PROGRESS");
        enum cmd_progress_mode mode;
        char *warning;

        if (cmd_progress_mode_parse(name, out, &mode, &warning, err) < 0)
                return -1;
        f->quiet = f->quiet || (name && strcmp(name, "quiet") == 0); /* as buildx: the image ID is printed */
        if (warning)
                strv_take(&f->warnings, warning);
        *ret = cmd_progress_new(f->quiet ? CMD_PROGRESS_QUIET : mode, out);
        return 0;
}

/* Returns 1 when --check warned. */
static int build(const struct build_flags *f, const struct build_values *v, const struct build_outputs *outputs,
                 struct cmd_progress *p, FILE *out, struct error *err)
{
        const struct builder_progress callbacks = cmd_progress_callbacks(p);
        const struct log log = cmd_progress_log(p);
        CLEANUP_STORE struct oci_store *store = NULL;
        CLEANUP_STRV struct strv tags = STRV_INIT;
        struct builder_build_options o = {.log = &log, .progress = &callbacks, .tags = &tags};
        struct builder_run_options run = {.shell_context = NULL};
        const struct request request = {f, v, outputs};
        enum cmd_call call;
        bool json, warned = false;
        int result;

        strv_copy(&tags, &f->tags);
        build_outputs_names(outputs, &tags);
        for (size_t i = 0; i < f->warnings.count; i++)
                log_print(&log, LOG_WARNING, "%s", f->warnings.items[i]);
        fill_options(f, v, &o);
        o.run = &run;
        result = find_call(f, &call, &json, err);
        if (result == 0)
                result = build_run_options(f, &log, &run, err);
        run.shell_context = p;
        if (result == 0)
                result = cmd_fetch_limits_find(&o.fetch, err);
        if (result == 0)
                result = cmd_upkeep_check(err);
        if (result == 0)
                result = cmd_store_open(f->root, &log, &store, err);
        o.store = store;
        if (result == 0 && call == CMD_CALL_BUILD)
                result = make_image(&o, &request, p, out, err);
        else if (result == 0)
                result = cmd_call_run(&o, call, json, &warned, err);
        oci_store_close(STEAL(store));
        builder_run_options_free(&run);
        return result == 0 && warned ? 1 : result;
}

static int close_log(FILE *file, const char *path, int result, struct error *err)
{
        bool lost = ferror(file) != 0;

        if ((fclose(file) != 0 || lost) && result == 0)
                return error_errno(err, errno, "cannot write --logfile %s", path);
        return result;
}

static int build_to(struct build_flags *f, const struct build_values *v, const struct build_outputs *outputs, FILE *out,
                    struct error *err)
{
        struct cmd_progress *p;
        int result;

        if (open_progress(f, out, &p, err) < 0)
                return -1;
        result = build(f, v, outputs, p, out, err);
        cmd_progress_free(p);
        return result;
}

static int build_with_log(struct build_flags *f, const struct build_values *v, const struct build_outputs *outputs,
                          struct error *err)
{
        FILE *file;

        if (!f->logfile)
                return build_to(f, v, outputs, stderr, err);
        file = fopen(f->logfile, "we");
        if (!file)
                return error_errno(err, errno, "cannot open --logfile %s", f->logfile);
        return close_log(file, f->logfile, build_to(f, v, outputs, file, err), err);
}

int cmd_build(char *const *argv, struct error *err)
{
        CLEANUP_BUILD_FLAGS struct build_flags f;
        CLEANUP_BUILD_VALUES struct build_values v = {.jobs = 0};
        CLEANUP_BUILD_OUTPUTS struct build_outputs outputs = {.items = NULL};
        bool help;

        if (build_flags_parse(argv, &f, &help, err) < 0)
                return -1;
        if (help)
                return 0;
        if (check_words(&f, err) < 0 || build_outputs_parse(&f, &outputs, err) < 0 ||
            build_values_read(&f, &outputs, &v, err) < 0 || build_platforms_check(&f, &v, &outputs, err) < 0 ||
            cmd_parent_watch(err) < 0)
                return -1;
        return build_with_log(&f, &v, &outputs, err);
}
