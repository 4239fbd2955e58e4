/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The bryo command: finds the verb, runs it, prints its error. Only this file
 * decides the exit status: 0, what the verb says, 1 after an error, 2 when the
 * command line was wrong.
 */
#include <stdio.h>
#include <string.h>

#include "cmd/global.h"
#include "cmd/options.h"
#include "cmd/text.h"
#include "cmd/verbs.h"
#include "common/memory.h"
#include "oci/fetch.h"
#include "oci/registry.h"

struct verb {
        const char *group; /* "image", "container", or NULL for a verb of its own */
        const char *name;
        int (*run)(char *const *argv, struct error *err);
        const char *help; /* NULL: an alias, not in the help */
};

static const struct verb verbs[] = {
        { NULL, "build", cmd_build, "Build an image from a Dockerfile" },
        { NULL, "run", cmd_run, "Run a command in an image, on a throw-away copy of its files" },
        { NULL, "images", cmd_ls, "List the images of the store (also: image ls)" },
        { NULL, "export", cmd_export, "Write the files of an image as one tar" },
        { NULL, "history", cmd_history, "Show the steps an image was made of" },
        { NULL, "import", cmd_import, "Make an image of a root file system tar" },
        { NULL, "inspect", cmd_inspect, "Show an image's configuration as JSON" },
        { NULL, "kaniko", cmd_kaniko, "Build an image from the command line of kaniko's executor" },
        { NULL, "load", cmd_load, "Load images from an OCI archive or directory" },
        { NULL, "login", cmd_login, "Log in to a registry" },
        { NULL, "logout", cmd_logout, "Forget the credential for a registry" },
        { NULL, "logs", cmd_logs, "Show what a build said" },
        { NULL, "prune", cmd_prune, "Give the space of unused steps and layers back" },
        { NULL, "pull", cmd_pull, "Bring images from registries" },
        { NULL, "push", cmd_push, "Bring an image to a registry" },
        { NULL, "rmi", cmd_rm, "Remove images (also: image rm)" },
        { NULL, "save", cmd_save, "Save images to an OCI archive or directory" },
        { "system", "check", cmd_system_check, "Check whether the store is whole" },
        { "system", "df", cmd_system_df, "Show what the store takes on disk" },
        { "system", "prune", cmd_prune, NULL },
        { NULL, "tag", cmd_tag, "Give an image another name" },
        { NULL, "version", cmd_version, "Print bryo's version" },
        { NULL, OCI_FETCH_VERB, cmd_fetch_child, NULL },
        { NULL, OCI_REGISTRY_VERB, cmd_registry_child, NULL },
        { NULL, "bud", cmd_build, NULL }, /* buildah's older name */
        { NULL, "build-using-dockerfile", cmd_build, NULL },
        { "builder", "build", cmd_build, NULL },
        { "builder", "prune", cmd_prune, NULL },
        { "buildx", "build", cmd_build, NULL },
        { "buildx", "prune", cmd_prune, NULL },
        { "image", "build", cmd_build, NULL },
        { "image", "history", cmd_history, NULL },
        { "image", "import", cmd_import, NULL },
        { "image", "inspect", cmd_inspect, NULL },
        { "image", "load", cmd_load, NULL },
        { "image", "ls", cmd_ls, NULL },
        { "image", "list", cmd_ls, NULL },
        { "image", "pull", cmd_pull, NULL },
        { "image", "push", cmd_push, NULL },
        { "image", "prune", cmd_image_prune, NULL },
        { "image", "rm", cmd_rm, NULL },
        { "image", "remove", cmd_rm, NULL },
        { "image", "save", cmd_save, NULL },
        { "image", "tag", cmd_tag, NULL },
        { "container", "export", cmd_export, NULL },
        { "container", "run", cmd_run, NULL },
        { "manifest", "add", cmd_manifest_add, NULL },
        { "manifest", "annotate", cmd_manifest_annotate, NULL },
        { "manifest", "create", cmd_manifest_create, NULL },
        { "manifest", "inspect", cmd_manifest_inspect, NULL },
        { "manifest", "push", cmd_manifest_push, NULL },
        { "manifest", "rm", cmd_manifest_rm, NULL },
};

static void print_help(void)
{
        printf("Usage: bryo COMMAND [OPTIONS]\n\nBuild container images from Dockerfiles without root.\n\nCommands:\n");
        for (size_t i = 0; i < ARRAY_SIZE(verbs); i++)
                if (verbs[i].help)
                        printf("  %s%s%-*s %s\n", verbs[i].group ? verbs[i].group : "", verbs[i].group ? " " : "",
                               (int)(verbs[i].group ? 11 - strlen(verbs[i].group) : 12), verbs[i].name, verbs[i].help);
        printf("\n`bryo COMMAND --help` shows a command's flags. `image` and `container` groups work as docker's do.\n");
}

static const struct verb *find_verb(const char *group, const char *name)
{
        for (size_t i = 0; i < ARRAY_SIZE(verbs); i++) {
                const char *own = verbs[i].group;

                if ((group == NULL) == (own == NULL) && (!own || strcmp(group, own) == 0) && strcmp(name, verbs[i].name) == 0)
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

int main(int argc, char **argv)
{
        CLEANUP_ERROR struct error err = ERROR_INIT;
        const struct verb *verb;
        int first = 1;

        if (cmd_global_take(&argc, &argv, &err) < 0) {
                fprintf(stderr, "bryo: %s\n", err.message);
                return 2;
        }
        if (argc < 2 || strcmp(argv[1], "--help") == 0 || strcmp(argv[1], "-h") == 0 || strcmp(argv[1], "help") == 0) {
                print_help();
                return argc < 2 ? 2 : 0;
        }
        if (strcmp(argv[1], "--version") == 0)
                return run_verb(find_verb(NULL, "version"), argv + 1);
        verb = find_verb(NULL, argv[1]);
        if (!verb && argc > 2) {
                verb = find_verb(argv[1], argv[2]);
                first = 2;
        }
        if (!verb) {
                fprintf(stderr, "bryo: there is no command \"%s\" (see bryo --help)\n", argv[1]);
                return 2;
        }
        return run_verb(verb, argv + first);
}
