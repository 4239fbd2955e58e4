/* SPDX-License-Identifier: Apache-2.0 */
/* bryo run */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "builder/container.h"
#include "cmd/notice.h"
#include "cmd/options.h"
#include "cmd/progress.h"
#include "cmd/registry_flags.h"
#include "cmd/store.h"
#include "cmd/terminal.h"
#include "cmd/transfers.h"
#include "cmd/verbs.h"
#include "common/memory.h"

struct run_flags {
        struct strv env;
        struct strv warnings;
        struct registry_flags registry;
        const char *cwd, *user, *entrypoint, *pull, *root;
        bool remove, interactive, tty;
};

#define OWN_NETWORK "the command has this machine's own network"
#define NOT_KEPT    "a container ends with its command, and nothing of it is kept"

/* Flags of docker run and podman run. */
static const struct option_foreign ignored[] = {
        {"expose", 0, OPTION_TEXT, OWN_NETWORK},
        {"name", 0, OPTION_TEXT, NOT_KEPT},
        {"publish", 'p', OPTION_TEXT, OWN_NETWORK ": a port that it listens on is open at once"},
        {"publish-all", 'P', OPTION_SWITCH, OWN_NETWORK ": a port that it listens on is open at once"},
};

static const struct option_foreign refused[] = {
        {"detach", 'd', OPTION_SWITCH, "there is no daemon to keep it: end the line with & to go on in the background"},
        {"mount", 0, OPTION_TEXT, "bryo run shows a command the image's files and no others: build an image with them"},
        {"network", 0, OPTION_TEXT, OWN_NETWORK " and no other"},
        {"privileged", 0, OPTION_SWITCH, "a command is root inside of its user namespace and never more"},
        {"restart", 0, OPTION_TEXT, NOT_KEPT},
        {"volume", 'v', OPTION_TEXT,
         "bryo run shows a command the image's files and no others: build an image with them"},
};

/* What a shell and docker report for a command that could not be executed. */
#define STATUS_NOT_FOUND      127
#define STATUS_NOT_EXECUTABLE 126
#define STATUS_OF_SIGNAL      128

static int complete_env(const struct strv *flags, struct strv *ret, struct error *err)
{
        for (size_t i = 0; i < flags->count; i++) {
                const char *entry = flags->items[i];
                const char *value = strchr(entry, '=') ? NULL : getenv(entry);

                if (entry[0] == '\0' || entry[0] == '=')
                        return error_set(err, OPTIONS_EUSAGE, "-e %s has no name: write -e NAME=VALUE", entry);
                if (strchr(entry, '='))
                        strv_add(ret, entry);
                else if (value)
                        strv_take(ret, memory_printf("%s=%s", entry, value));
        }
        return 0;
}

static int exit_status(int result, const struct builder_container_result *r, struct error *err)
{
        if (result < 0 && r->not_executed) {
                int status = err->code == ENOENT || err->code == ENOTDIR ? STATUS_NOT_FOUND : STATUS_NOT_EXECUTABLE;

                fprintf(stderr, "bryo: %s\n", err->message);
                error_clear(err);
                return status;
        }
        if (result < 0)
                return -1;
        return r->exit.signaled ? STATUS_OF_SIGNAL + r->exit.status : r->exit.status;
}

/* What is pulled is shown in plain lines: the terminal belongs to the command. */
static int find_image(const struct run_flags *f, struct cmd_progress *p, struct builder_container_options *o,
                      struct error *err)
{
        struct oci_registry_options registry;
        enum builder_pull_policy policy;
        struct builder_bases_watch watch;
        struct cmd_transfers transfers;
        int result;

        if (registry_flags_read(&f->registry, &registry, err) < 0 ||
            registry_flags_read_pull(f->pull, &policy, err) < 0)
                return -1;
        cmd_transfers_open(&transfers, p, 0);
        watch = cmd_transfers_bases(&transfers);
        result = builder_container_find(o, &registry, policy, &watch, &o->id, err);
        cmd_transfers_close(&transfers);
        return result;
}

static int run_image(const struct run_flags *f, const struct strv *env, const char *image, const struct strv *argv,
                     struct error *err)
{
        struct cmd_progress *p = cmd_progress_new(CMD_PROGRESS_PLAIN, NULL);
        const struct log log = cmd_progress_log(p);
        CLEANUP_STORE struct oci_store *store = NULL;
        struct cmd_terminal terminal;
        struct builder_container_options o = {
                .log = &log,
                .image = image,
                .argv = argv,
                .env = env,
                .entrypoint = f->entrypoint,
                .cwd = f->cwd,
                .user = f->user,
                .tty = f->tty,
                .stdin_fd = f->interactive ? STDIN_FILENO : -1,
                .attend = cmd_terminal_attend,
                .context = &terminal,
        };
        struct builder_container_result ran = {.not_executed = false};
        int result = cmd_store_open(f->root, &log, &store, err);

        o.store = store;
        if (result == 0)
                result = find_image(f, p, &o, err);
        cmd_terminal_size(&o.tty_rows, &o.tty_columns);
        if (result == 0 && (result = cmd_terminal_open(&terminal, f->interactive, err)) == 0) {
                result = builder_container_run(&o, &ran, err);
                cmd_terminal_close(&terminal);
        }
        oci_store_close(STEAL(store));
        cmd_progress_free(p);
        return exit_status(result, &ran, err);
}

static int parse_and_run(struct run_flags *f, char *const *argv, struct error *err)
{
        const struct option_row rows[] = {
                {"entrypoint", 0, OPTION_TEXT, &f->entrypoint, "COMMAND", "Replace the image's ENTRYPOINT"},
                {"env", 'e', OPTION_LIST, &f->env, "NAME[=VALUE]", "Set a variable"},
                {"interactive", 'i', OPTION_SWITCH, &f->interactive, NULL, "Keep standard input open"},
                {"pull", 0, OPTION_MAYBE, &f->pull, "WHEN",
                 "When the image is pulled: always, missing (default) or never"},
                {"rm", 0, OPTION_SWITCH, &f->remove, NULL, "Remove the container at its end (bryo always does)"},
                {"root", 0, OPTION_TEXT, &f->root, "DIR", "The store (default: $BRYO_ROOT or ~/.local/share/bryo)"},
                {"tty", 't', OPTION_SWITCH, &f->tty, NULL, "Give the command a terminal of its own"},
                {"user", 'u', OPTION_TEXT, &f->user, "USER[:GROUP]", "Run as this user of the image"},
                {"workdir", 'w', OPTION_TEXT, &f->cwd, "DIR", "Start in this directory"},
                CMD_REGISTRY_ROWS(&f->registry),
        };
        const struct option_table table = {
                .usage = "bryo run [OPTIONS] IMAGE [COMMAND...]",
                .about = "Runs a command in an image. What it writes is thrown away at its end.",
                .rows = rows,
                .count = ARRAY_SIZE(rows),
                .stop_at_word = true,
                .ignored = ignored,
                .ignored_count = ARRAY_SIZE(ignored),
                .refused = refused,
                .refused_count = ARRAY_SIZE(refused),
                .warnings = &f->warnings,
        };
        CLEANUP_STRV struct strv words = STRV_INIT;
        CLEANUP_STRV struct strv env = STRV_INIT;
        CLEANUP_STRV struct strv command = STRV_INIT;
        bool help;

        if (options_parse(&table, argv, &words, &help, err) < 0)
                return -1;
        if (help) {
                options_print_help(&table);
                return 0;
        }
        if (words.count == 0)
                return error_set(err, OPTIONS_EUSAGE, "bryo run needs an image (see bryo run --help)");
        if (f->cwd && f->cwd[0] != '/')
                return error_set(err, OPTIONS_EUSAGE, "-w %s: the working directory must be absolute", f->cwd);
        if (f->tty && f->interactive && !isatty(STDIN_FILENO))
                return error_set(err, ENOTTY, "-it needs a terminal on standard input: leave -t out");
        if (complete_env(&f->env, &env, err) < 0)
                return -1;
        cmd_notice_warn(&f->warnings);
        for (size_t i = 1; i < words.count; i++)
                strv_add(&command, words.items[i]);
        return run_image(f, &env, words.items[0], &command, err);
}

int cmd_run(char *const *argv, struct error *err)
{
        struct run_flags f = {.env = STRV_INIT, .warnings = STRV_INIT};
        int result = parse_and_run(&f, argv, err);

        strv_free(&f.env);
        strv_free(&f.warnings);
        registry_flags_free(&f.registry);
        return result;
}
