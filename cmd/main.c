/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The bryo command: finds the verb, runs it, prints its error. Only this file
 * decides the exit status: 0, what the verb says, 1 after an error, 2 when the
 * command line was wrong.
 */
#include <signal.h>
#include <stdio.h>
#include <string.h>

#include "cmd/foreign_verbs.h"
#include "cmd/global.h"
#include "cmd/options.h"
#include "cmd/program.h"
#include "cmd/text.h"
#include "cmd/verbs.h"
#include "common/memory.h"
#include "common/strv.h"
#include "dockerfile/suggest.h"
#include "oci/fetch.h"
#include "oci/registry.h"

struct verb {
        const char *group; /* "image", "container", or NULL for a verb of its own */
        const char *name;
        int (*run)(char *const *argv, struct error *err);
        const char *help; /* NULL: an alias, which only its group's help lists */
};

/* `docker buildx imagetools create|inspect`: a group in a group. */
static int run_imagetools(char *const *argv, struct error *err)
{
        if (argv[1] && strcmp(argv[1], "create") == 0)
                return cmd_imagetools_create(argv + 1, err);
        if (argv[1] && strcmp(argv[1], "inspect") == 0)
                return cmd_imagetools_inspect(argv + 1, err);
        return error_set(err, OPTIONS_EUSAGE, "imagetools is followed by create or inspect");
}

static const struct verb verbs[] = {
        {NULL, "build", cmd_build, "Build an image from a Dockerfile"},
        {NULL, "run", cmd_run, "Run a command in an image, on a throw-away copy of its files"},
        {NULL, "images", cmd_ls, "List the images of the store (also: image ls)"},
        {NULL, "export", cmd_export, "Write the files of an image as one tar"},
        {NULL, "history", cmd_history, "Show the steps an image was made of"},
        {"image", "exists", cmd_image_exists, "Tell by the exit status whether an image is here"},
        {"image", "prune", cmd_image_prune, "Remove images without a name"},
        {NULL, "import", cmd_import, "Make an image of a root file system tar"},
        {NULL, "info", cmd_info, "Show what this machine lets bryo do"},
        {NULL, "inspect", cmd_inspect, "Show an image's configuration as JSON"},
        {NULL, "kaniko", cmd_kaniko, "Build an image from the command line of kaniko's executor"},
        {NULL, "load", cmd_load, "Load images from an OCI archive or directory"},
        {NULL, "login", cmd_login, "Log in to a registry"},
        {NULL, "logout", cmd_logout, "Forget the credential for a registry"},
        {NULL, "logs", cmd_logs, "Show what a build said"},
        {"manifest", "create", cmd_manifest_create, "Begin an image for several platforms"},
        {"manifest", "add", cmd_manifest_add, "Add an image, or change what is said of it"},
        {"manifest", "annotate", cmd_manifest_annotate, "Change what is said of an image"},
        {"manifest", "exists", cmd_manifest_exists, "Tell by the exit status whether there is one"},
        {"manifest", "inspect", cmd_manifest_inspect, "Show it as JSON"},
        {"manifest", "push", cmd_manifest_push, "Bring it to a registry"},
        {"manifest", "rm", cmd_manifest_rm, "Forget it"},
        {NULL, "prune", cmd_prune, "Give the space of unused steps and layers back"},
        {NULL, "pull", cmd_pull, "Bring images from registries"},
        {NULL, "push", cmd_push, "Bring an image to a registry"},
        {NULL, "rmi", cmd_rm, "Remove images (also: image rm)"},
        {NULL, "save", cmd_save, "Save images to an OCI archive or directory"},
        {"system", "check", cmd_system_check, "Check whether the store is whole"},
        {"system", "df", cmd_system_df, "Show what the store takes on disk"},
        {"system", "info", cmd_info, NULL},
        {"system", "prune", cmd_prune, NULL},
        {NULL, "tag", cmd_tag, "Give an image another name"},
        {NULL, "version", cmd_version, "Print bryo's version"},
        {NULL, OCI_FETCH_VERB, cmd_fetch_child, NULL},
        {NULL, OCI_REGISTRY_VERB, cmd_registry_child, NULL},
        {NULL, "bud", cmd_build, NULL}, /* buildah's older name */
        {NULL, "build-using-dockerfile", cmd_build, NULL},
        {"builder", "build", cmd_build, NULL},
        {"builder", "prune", cmd_prune, NULL},
        {"buildx", "build", cmd_build, NULL},
        {"buildx", "create", cmd_buildx_create, NULL},
        {"buildx", "du", cmd_system_df, NULL},
        {"buildx", "imagetools", run_imagetools, NULL},
        {"buildx", "inspect", cmd_buildx_inspect, NULL},
        {"buildx", "install", cmd_buildx_use, NULL},
        {"buildx", "ls", cmd_buildx_ls, NULL},
        {"buildx", "prune", cmd_prune, NULL},
        {"buildx", "rm", cmd_buildx_use, NULL},
        {"buildx", "stop", cmd_buildx_use, NULL},
        {"buildx", "use", cmd_buildx_use, NULL},
        {"buildx", "version", cmd_version, NULL},
        {"context", "create", cmd_context_use, NULL},
        {"context", "rm", cmd_context_use, NULL},
        {"context", "use", cmd_context_use, NULL},
        {"image", "build", cmd_build, NULL},
        {"image", "history", cmd_history, NULL},
        {"image", "import", cmd_import, NULL},
        {"image", "inspect", cmd_inspect, NULL},
        {"image", "load", cmd_load, NULL},
        {"image", "ls", cmd_ls, NULL},
        {"image", "list", cmd_ls, NULL},
        {"image", "pull", cmd_pull, NULL},
        {"image", "push", cmd_push, NULL},
        {"image", "rm", cmd_rm, NULL},
        {"image", "remove", cmd_rm, NULL},
        {"image", "save", cmd_save, NULL},
        {"image", "tag", cmd_tag, NULL},
        {"container", "export", cmd_export, NULL},
        {"container", "run", cmd_run, NULL},
};

#define NAME_WIDTH 17 /* of the longest verb in the help, with its group */

static void print_verb(const char *group, const char *name, const char *help)
{
        const int width = group ? NAME_WIDTH - 1 - (int)strlen(group) : NAME_WIDTH;

        printf("  %s%s%-*s %s\n", group ? group : "", group ? " " : "", width, name, help);
}

static void print_help(void)
{
        printf("Usage: bryo COMMAND [OPTIONS]\n\nBuild container images from Dockerfiles without root.\n\nCommands:\n");
        for (size_t i = 0; i < ARRAY_SIZE(verbs); i++)
                if (verbs[i].help)
                        print_verb(verbs[i].group, verbs[i].name, verbs[i].help);
        printf("\n`bryo COMMAND --help` shows a command's flags. `image` and `container` groups work as docker's "
               "do.\n");
}

/* What an alias does is said where the verb has its own name. */
static const char *help_of(const struct verb *verb)
{
        for (size_t i = 0; i < ARRAY_SIZE(verbs); i++)
                if (verbs[i].run == verb->run && verbs[i].help)
                        return verbs[i].help;
        return "";
}

static bool is_group(const char *name)
{
        for (size_t i = 0; i < ARRAY_SIZE(verbs); i++)
                if (verbs[i].group && strcmp(verbs[i].group, name) == 0)
                        return true;
        return false;
}

static void print_group(const char *group)
{
        printf("Usage: bryo %s COMMAND [OPTIONS]\n\nCommands:\n", group);
        for (size_t i = 0; i < ARRAY_SIZE(verbs); i++)
                if (verbs[i].group && strcmp(verbs[i].group, group) == 0)
                        print_verb(NULL, verbs[i].name, help_of(&verbs[i]));
        printf("\n`bryo %s COMMAND --help` shows a command's flags.\n", group);
}

static const struct verb *find_verb(const char *group, const char *name)
{
        for (size_t i = 0; i < ARRAY_SIZE(verbs); i++) {
                const char *own = verbs[i].group;

                if ((group == NULL) == (own == NULL) && (!own || strcmp(group, own) == 0) &&
                    strcmp(name, verbs[i].name) == 0)
                        return &verbs[i];
        }
        return NULL;
}

static int run_verb(const struct verb *verb, char *const *argv)
{
        CLEANUP_ERROR struct error err = ERROR_INIT;
        int status = verb->run(argv, &err);

        if (status < 0) {
                /* it may quote files, images and servers */
                CLEANUP_BUFFER struct buffer text = BUFFER_INIT;

                cmd_text_append_message(&text, err.message);
                fflush(stdout);
                fprintf(stderr, "%s%s\n", strncmp(text.data, "bryo: ", 6) == 0 ? "" : "bryo: ", text.data);
                return err.code == OPTIONS_EUSAGE ? 2 : 1;
        }
        if (fflush(stdout) != 0) {
                perror("bryo: cannot write to standard output");
                return 1;
        }
        return status;
}

static bool asks_for_help(const char *word)
{
        return strcmp(word, "--help") == 0 || strcmp(word, "-h") == 0 || strcmp(word, "help") == 0;
}

/* `name` is a verb, or, in a group, one of its own; the guess may also be a group. */
static int report_unknown(const char *group, const char *name)
{
        const char *why = foreign_verb_why(group, name);
        CLEANUP_BUFFER struct buffer text = BUFFER_INIT;
        CLEANUP_STRV struct strv names = STRV_INIT;
        const char *near;

        for (size_t i = 0; i < ARRAY_SIZE(verbs); i++)
                if (group ? verbs[i].group && strcmp(verbs[i].group, group) == 0 : verbs[i].group || verbs[i].help)
                        strv_add(&names, group || !verbs[i].group ? verbs[i].name : verbs[i].group);
        near = why ? NULL : dockerfile_suggest(name, (const char *const *)names.items, names.count);
        buffer_printf(&text, "there is no command \"%s%s%s\"", group ? group : "", group ? " " : "", name);
        if (why)
                buffer_printf(&text, ": %s", why);
        else if (near)
                buffer_printf(&text, ": did you mean %s%s%s?", group ? group : "", group ? " " : "", near);
        else
                buffer_printf(&text, " (see bryo%s%s --help)", group ? " " : "", group ? group : "");
        fprintf(stderr, "bryo: %s\n", buffer_text(&text));
        return 2;
}

/* `bryo help VERB` is `bryo VERB --help`; the words are those behind `help`. */
static int run_help(char *const *words)
{
        char *argv[] = {words[0], (char[]){"--help"}, NULL};
        const struct verb *verb = find_verb(NULL, words[0]);

        if (!verb && words[1] && is_group(words[0])) {
                argv[0] = words[1];
                verb = find_verb(words[0], words[1]);
                return verb ? run_verb(verb, argv) : report_unknown(words[0], words[1]);
        }
        if (verb)
                return run_verb(verb, argv);
        if (!is_group(words[0]))
                return report_unknown(NULL, words[0]);
        print_group(words[0]);
        return 0;
}

/* `docker buildx --builder NAME build`: what stands between a group and its verb chooses a builder, of which there is one. */
static char *const *skip_builder(char *const *words)
{
        for (;;) {
                if (words[0] && words[1] && strcmp(words[0], "--builder") == 0)
                        words += 2;
                else if (words[0] && (strncmp(words[0], "--builder=", strlen("--builder=")) == 0 ||
                                      strcmp(words[0], "-D") == 0 || strcmp(words[0], "--debug") == 0))
                        words++;
                else
                        return words;
        }
}

static int run_group(const char *group, char *const *words)
{
        const struct verb *verb = words[0] ? find_verb(group, words[0]) : NULL;

        if (verb)
                return run_verb(verb, words);
        if (words[0] && !asks_for_help(words[0]))
                return report_unknown(group, words[0]);
        print_group(group);
        return words[0] ? 0 : 2;
}

/*
 * What a careless parent leaves ignored is inherited: without SIGCHLD no child can be waited for. A limit on the size
 * of files is to be an error that is told, not a death.
 */
static void set_signals(void)
{
        (void)signal(SIGCHLD, SIG_DFL);
        (void)signal(SIGXFSZ, SIG_IGN);
}

int main(int argc, char **argv)
{
        CLEANUP_ERROR struct error err = ERROR_INIT;
        const struct verb *verb;
        const char *why;

        set_signals();
        if (argc > 0)
                cmd_program_set(argv[0]);
        if (cmd_global_take(&argc, &argv, &err) < 0) {
                fprintf(stderr, "bryo: %s\n", err.message);
                return 2;
        }
        if (argc > 2 && strcmp(argv[1], "help") == 0)
                return run_help(argv + 2);
        if (argc < 2 || asks_for_help(argv[1])) {
                print_help();
                return argc < 2 ? 2 : 0;
        }
        if (strcmp(argv[1], "--version") == 0)
                return run_verb(find_verb(NULL, "version"), argv + 1);
        why = foreign_verb_why_not_as_called(argv[1]);
        if (why) {
                fprintf(stderr, "bryo: there is no command \"%s\": %s\n", argv[1], why);
                return 2;
        }
        verb = find_verb(NULL, argv[1]);
        if (verb)
                return run_verb(verb, argv + 1);
        if (!is_group(argv[1]))
                return report_unknown(NULL, argv[1]);
        return run_group(argv[1], strcmp(argv[1], "buildx") == 0 ? skip_builder(argv + 2) : argv + 2);
}
