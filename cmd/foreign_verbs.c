/* SPDX-License-Identifier: Apache-2.0 */
/* The commands of docker, podman and buildah that bryo has not: what a script that calls them is told. */
#include "cmd/foreign_verbs.h"

#include <stddef.h>
#include <string.h>

#include "cmd/program.h"
#include "common/memory.h"

static const char containers[] = "bryo keeps no containers: `bryo run IMAGE COMMAND` runs one command in an image";
static const char working_containers[] = "bryo has no working containers: the steps belong into a Dockerfile";
static const char services[] = "bryo builds images and runs no services";

static const struct {
        const char *group; /* NULL: a command of its own, or a whole group */
        const char *name;
        const char *why;
} verbs[] = {
        {NULL, "attach", containers},
        {NULL, "commit", containers},
        {NULL, "cp", "bryo keeps no containers: `bryo build --output DIR` writes the files of an image"},
        {NULL, "create", containers},
        {NULL, "diff", containers},
        {NULL, "exec", containers},
        {NULL, "kill", containers},
        {NULL, "ps", containers},
        {NULL, "restart", containers},
        {NULL, "rm", containers},
        {NULL, "start", containers},
        {NULL, "stop", containers},
        {NULL, "top", containers},
        {NULL, "wait", containers},
        {NULL, "add", working_containers},
        {NULL, "config", working_containers},
        {NULL, "containers", working_containers},
        {NULL, "copy", working_containers},
        {NULL, "from", working_containers},
        {NULL, "mount", working_containers},
        {NULL, "rename", working_containers},
        {NULL, "umount", working_containers},
        {NULL, "unmount", working_containers},
        {NULL, "unshare", "every build makes its own user namespace"},
        {NULL, "compose", services},
        {NULL, "kube", services},
        {NULL, "machine", services},
        {NULL, "network", services},
        {NULL, "play", services},
        {NULL, "pod", services},
        {NULL, "service", services},
        {NULL, "stack", services},
        {NULL, "swarm", services},
        {NULL, "volume", services},
        {NULL, "scan", "bryo looks for no vulnerabilities"},
        {NULL, "scout", "bryo looks for no vulnerabilities"},
        {NULL, "search", "registries have no search that all of them answer"},
        {NULL, "sign", "bryo signs nothing"},
        {NULL, "trust", "bryo signs nothing, and checks no signatures"},
        {"buildx", "bake", "bryo reads no bake files: `bryo build` builds one target"},
        {"buildx", "debug", "`bryo build --on-error=shell` opens a shell in a step that failed"},
        {"buildx", "history", "`bryo logs --list` shows the builds that are kept"},
        {"image", "sign", "bryo signs nothing"},
        {"image", "trust", "bryo checks no signatures"},
        {"manifest", "remove", "make the list again without the image: bryo manifest rm, then create"},
        {"system", "connection", "there is no daemon"},
        {"system", "events", "bryo keeps no events"},
        {"system", "reset", "the store is a directory: remove it"},
};

const char *foreign_verb_why(const char *group, const char *name)
{
        for (size_t i = 0; i < ARRAY_SIZE(verbs); i++) {
                const char *own = verbs[i].group;

                if ((group == NULL) == (own == NULL) && (!own || strcmp(group, own) == 0) &&
                    strcmp(name, verbs[i].name) == 0)
                        return verbs[i].why;
        }
        return group && strcmp(group, "container") == 0 ? containers : NULL;
}

const char *foreign_verb_why_not_as_called(const char *name)
{
        return cmd_program_is("buildah") && strcmp(name, "run") == 0 ? working_containers : NULL;
}
