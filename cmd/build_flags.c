/* SPDX-License-Identifier: Apache-2.0 */
/* The flags of `bryo build` that it carries out: one row each, in the order of the help. */
#include "cmd/build_flags.h"

#include "common/memory.h"

static int parse_rows(const struct option_row *rows, size_t count, char *const *argv, struct build_flags *f, bool *ret_help,
                      struct error *err)
{
        const struct option_table table = {
                .usage = "bryo build [OPTIONS] CONTEXT",
                .about = "Builds an image from a Dockerfile and a context directory.",
                .rows = rows,
                .count = count,
                .ignored = build_flags_ignored,
                .ignored_count = build_flags_ignored_count,
                .refused = build_flags_refused,
                .refused_count = build_flags_refused_count,
                .warnings = &f->warnings,
        };

        if (options_parse(&table, argv, &f->words, ret_help, err) < 0)
                return -1;
        if (*ret_help)
                options_print_help(&table);
        return 0;
}

int build_flags_parse(char *const *argv, struct build_flags *f, bool *ret_help, struct error *err)
{
        const struct option_row rows[] = {
                { "build-arg", 0, OPTION_LIST, &f->build_args, "NAME=VALUE", "Set a build-time variable" },
                { "file", 'f', OPTION_TEXT, &f->file, "FILE", "The Dockerfile, - for standard input (default: CONTEXT/Dockerfile)" },
                { "iidfile", 0, OPTION_TEXT, &f->iidfile, "FILE", "Write the image ID to a file" },
                { "label", 0, OPTION_LIST, &f->labels, "NAME=VALUE", "Set a label of the image" },
                { "no-cache", 0, OPTION_SWITCH, &f->no_cache, NULL, "Execute every step, whatever the cache holds" },
                { "progress", 0, OPTION_TEXT, &f->progress, "plain", "How the build is shown" },
                { "quiet", 'q', OPTION_SWITCH, &f->quiet, NULL, "Print only the image ID" },
                { "root", 0, OPTION_TEXT, &f->root, "DIR", "The store (default: $BRYO_ROOT or ~/.local/share/bryo)" },
                { "tag", 't', OPTION_LIST, &f->tags, "NAME[:TAG]", "Name the image; may be repeated" },
                { "target", 0, OPTION_TEXT, &f->target, "STAGE", "Build this stage and what it needs" },
        };

        *f = (struct build_flags){ .words = STRV_INIT };
        return parse_rows(rows, ARRAY_SIZE(rows), argv, f, ret_help, err);
}

void build_flags_free(struct build_flags *f)
{
        strv_free(&f->words);
        strv_free(&f->build_args);
        strv_free(&f->labels);
        strv_free(&f->tags);
        strv_free(&f->warnings);
}
