/* SPDX-License-Identifier: Apache-2.0 */
/* Flags in front of the verb. */
#include "cmd/global.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "cmd/notice.h"
#include "cmd/options.h"
#include "common/memory.h"

static const struct option_foreign ignored[] = {
        {"cgroup-manager", 0, OPTION_TEXT, "bryo makes no control groups"},
        {"connection", 0, OPTION_TEXT, "there is no daemon"},
        {"context", 'c', OPTION_TEXT, "there is no daemon"},
        {"events-backend", 0, OPTION_TEXT, "bryo keeps no events"},
        {"host", 'H', OPTION_TEXT, "there is no daemon"},
        {"log-level", 'l', OPTION_TEXT, "there is nothing more to say"},
        {"remote", 'r', OPTION_MAYBE, "there is no daemon"},
        {"runroot", 0, OPTION_TEXT, "bryo keeps all its files in one store"},
        {"storage-driver", 0, OPTION_TEXT, "bryo has its own file system"},
        {"storage-opt", 0, OPTION_TEXT, "bryo has its own file system"},
};

static int export(const char *name, const char *value, struct error *err)
{
        if (value && setenv(name, value, 1) < 0)
                return error_errno(err, errno, "cannot set $%s", name);
        return 0;
}

static bool is_flag(const char *word)
{
        return word && word[0] == '-' && strcmp(word, "--help") != 0 && strcmp(word, "-h") != 0 &&
               strcmp(word, "--version") != 0;
}

int cmd_global_take(int *argc, char ***argv, struct error *err)
{
        CLEANUP_STRV struct strv words = STRV_INIT;
        CLEANUP_STRV struct strv warnings = STRV_INIT;
        const char *root = NULL, *config = NULL, *registries = NULL;
        bool debug = false;
        const struct option_row rows[] = {
                {"config", 0, OPTION_TEXT, &config, "DIR",
                 "docker's configuration (default: $DOCKER_CONFIG or ~/.docker)"},
                {"debug", 'D', OPTION_SWITCH, &debug, NULL,
                 "Log what the parts of bryo do, too (default: $BRYO_DEBUG)"},
                {"registries-conf", 0, OPTION_TEXT, &registries, "FILE",
                 "registries.conf (default: $CONTAINERS_REGISTRIES_CONF)"},
                {"root", 0, OPTION_TEXT, &root, "DIR", "The store (default: $BRYO_ROOT or ~/.local/share/bryo)"},
        };
        const struct option_table table = {
                .usage = "bryo [OPTIONS] COMMAND",
                .rows = rows,
                .count = ARRAY_SIZE(rows),
                .stop_at_word = true,
                .ignored = ignored,
                .ignored_count = ARRAY_SIZE(ignored),
                .warnings = &warnings,
        };
        bool help;
        int skipped;

        if (!is_flag((*argv)[1]))
                return 0;
        if (options_parse(&table, *argv, &words, &help, err) < 0 || export("BRYO_ROOT", root, err) < 0 ||
            export("BRYO_DEBUG", debug ? "1" : NULL, err) < 0 || export("DOCKER_CONFIG", config, err) < 0 ||
            export("CONTAINERS_REGISTRIES_CONF", registries, err) < 0)
                return -1;
        cmd_notice_warn(&warnings);
        skipped = *argc - 1 - (int)words.count;
        (*argv)[skipped] = (*argv)[0];
        *argv += skipped;
        *argc -= skipped;
        return 0;
}
