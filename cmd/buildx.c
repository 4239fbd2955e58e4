/* SPDX-License-Identifier: Apache-2.0 */
/*
 * bryo buildx create, inspect, install, ls, rm, stop, use, and bryo context create, rm, use: what scripts say to choose
 * a builder. There is one, this program, so that they change nothing; what they show is what it can do.
 */
#include <stdint.h>
#include <stdio.h>

#include "cmd/arguments.h"
#include "cmd/platforms.h"
#include "cmd/verbs.h"
#include "common/memory.h"

static const char one_builder[] = "there is one builder, this program";

/* The flags of all these commands of docker's. */
static const struct option_foreign flags[] = {
        {"all-inactive", 0, OPTION_SWITCH, one_builder},
        {"append", 0, OPTION_SWITCH, one_builder},
        {"bootstrap", 0, OPTION_MAYBE, one_builder},
        {"buildkitd-config", 0, OPTION_TEXT, one_builder},
        {"buildkitd-flags", 0, OPTION_TEXT, one_builder},
        {"builder", 0, OPTION_TEXT, one_builder},
        {"config", 0, OPTION_TEXT, one_builder},
        {"default", 0, OPTION_SWITCH, one_builder},
        {"description", 0, OPTION_TEXT, one_builder},
        {"docker", 0, OPTION_TEXT, one_builder},
        {"driver", 0, OPTION_TEXT, one_builder},
        {"driver-opt", 0, OPTION_TEXT, one_builder},
        {"force", 'f', OPTION_SWITCH, one_builder},
        {"global", 0, OPTION_SWITCH, one_builder},
        {"keep-daemon", 0, OPTION_SWITCH, one_builder},
        {"keep-state", 0, OPTION_SWITCH, one_builder},
        {"leave", 0, OPTION_SWITCH, one_builder},
        {"no-trunc", 0, OPTION_SWITCH, one_builder},
        {"node", 0, OPTION_TEXT, one_builder},
        {"platform", 0, OPTION_TEXT, one_builder},
        {"timeout", 0, OPTION_TEXT, one_builder},
        {"use", 0, OPTION_MAYBE, one_builder},
};

/* What one of them was given. */
struct buildx_line {
        const char *name; /* --name */
        struct strv words;
        bool done; /* only the help was wanted */
};

static int parse(char *const *argv, const char *usage, const char *about, struct buildx_line *ret, struct error *err)
{
        const struct option_row rows[] = {{"name", 0, OPTION_TEXT, &ret->name, "NAME", "What create prints"}};
        CLEANUP_STRV struct strv ignored = STRV_INIT;
        const struct option_table table = {.usage = usage,
                                           .about = about,
                                           .rows = rows,
                                           .count = ARRAY_SIZE(rows),
                                           .ignored = flags,
                                           .ignored_count = ARRAY_SIZE(flags),
                                           .warnings = &ignored};

        return cmd_arguments_parse(&table, argv, 0, CMD_ARGUMENTS_MANY, &ret->words, &ret->done, err);
}

static int nothing(char *const *argv, const char *usage, const char *about, bool prints_name, struct error *err)
{
        struct buildx_line line = {.words = STRV_INIT};
        int result = parse(argv, usage, about, &line, err);

        if (result == 0 && !line.done) {
                fprintf(stderr, "warning: %s changes nothing: %s\n", argv[0], one_builder);
                if (prints_name)
                        puts(line.name ? line.name : "bryo");
        }
        strv_free(&line.words);
        return result;
}

int cmd_buildx_create(char *const *argv, struct error *err)
{
        return nothing(argv, "bryo buildx create [OPTIONS]",
                       "Prints the builder's name, for scripts that make themselves one: there is one, this program.",
                       true, err);
}

int cmd_buildx_use(char *const *argv, struct error *err)
{
        return nothing(argv, "bryo buildx use|rm|stop|install [OPTIONS] [NAME]",
                       "Changes nothing, for scripts that choose a builder: there is one, this program.", false, err);
}

int cmd_context_use(char *const *argv, struct error *err)
{
        return nothing(argv, "bryo context create|rm|use [OPTIONS] NAME",
                       "Changes nothing, for scripts that choose a daemon: there is none.", false, err);
}

int cmd_buildx_inspect(char *const *argv, struct error *err)
{
        struct buildx_line line = {.words = STRV_INIT};
        CLEANUP_BUFFER struct buffer platforms = BUFFER_INIT;
        int result =
                parse(argv, "bryo buildx inspect [OPTIONS] [NAME]",
                      "Shows the one builder, this program, and what platforms it can run commands for.", &line, err);

        if (result == 0 && !line.done) {
                cmd_platforms_format(&platforms);
                printf("Name:      %s\nDriver:    bryo\nStatus:    running\nVersion:   %s\nPlatforms: %s\n",
                       line.words.count > 0 ? line.words.items[0] : "bryo", PACKAGE_VERSION, platforms.data);
        }
        strv_free(&line.words);
        return result;
}

int cmd_buildx_ls(char *const *argv, struct error *err)
{
        struct buildx_line line = {.words = STRV_INIT};
        CLEANUP_BUFFER struct buffer platforms = BUFFER_INIT;
        int result = parse(argv, "bryo buildx ls", "Lists the one builder, this program.", &line, err);

        if (result == 0 && !line.done) {
                cmd_platforms_format(&platforms);
                printf("NAME/NODE   DRIVER/ENDPOINT   STATUS    PLATFORMS\nbryo*       bryo              running   "
                       "%s\n",
                       platforms.data);
        }
        strv_free(&line.words);
        return result;
}
