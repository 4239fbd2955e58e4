/* SPDX-License-Identifier: Apache-2.0 */
/* RUN: its flags, and what becomes of its heredocs. */
#include "dockerfile/syntax.h"

#include <string.h>

#include "common/memory.h"
#include "dockerfile/flags.h"
#include "dockerfile/mount.h"
#include "dockerfile/suggest.h"

/* The index of a flag's value in a list, with an error that names the list when it is not there. */
static int read_choice(struct dockerfile_reader *r, const struct dockerfile_flag *f, const char *const *choices,
                       size_t count, size_t *ret)
{
        CLEANUP_BUFFER struct buffer list = BUFFER_INIT;
        const char *near;

        for (*ret = 0; *ret < count; (*ret)++)
                if (strcmp(f->value, choices[*ret]) == 0)
                        return 0;
        for (size_t k = 0; k < count; k++)
                buffer_printf(&list, "%s%s", k == 0 ? "" : k + 1 < count ? ", " : " or ", choices[k]);
        near = dockerfile_suggest(f->value, choices, count);
        return dockerfile_place_error(r, &f->place, "--%s is %s, not '%s'%s%s%s", f->name, buffer_text(&list), f->value,
                                      near ? " (did you mean " : "", near ? near : "", near ? "?)" : "");
}

static int read_network(struct dockerfile_reader *r, struct dockerfile_instruction *i)
{
        static const char *const names[] = {
                [DOCKERFILE_NETWORK_DEFAULT] = "default",
                [DOCKERFILE_NETWORK_NONE] = "none",
                [DOCKERFILE_NETWORK_HOST] = "host",
        };
        const struct dockerfile_flag *f = dockerfile_flag_find(i, "network");
        size_t choice = 0;

        i->run.network_flag = f;
        if (f && read_choice(r, f, names, ARRAY_SIZE(names), &choice) < 0)
                return -1;
        i->run.network = (enum dockerfile_network)choice;
        return 0;
}

static int read_security(struct dockerfile_reader *r, struct dockerfile_instruction *i)
{
        static const char *const names[] = {
                [DOCKERFILE_SECURITY_SANDBOX] = "sandbox",
                [DOCKERFILE_SECURITY_INSECURE] = "insecure",
        };
        const struct dockerfile_flag *f = dockerfile_flag_find(i, "security");
        size_t choice = 0;

        i->run.security_flag = f;
        if (f && read_choice(r, f, names, ARRAY_SIZE(names), &choice) < 0)
                return -1;
        i->run.security = (enum dockerfile_security)choice;
        return 0;
}

static int check_mount(struct dockerfile_reader *r, const struct dockerfile_flag *f)
{
        struct dockerfile_mount mount;
        struct error bad = ERROR_INIT;

        if (dockerfile_mount_parse(f->value, NULL, r->escape, &mount, &bad) < 0) {
                dockerfile_place_error(r, &f->place, "%s", bad.message);
                error_clear(&bad);
                return -1;
        }
        dockerfile_mount_clear(&mount);
        return 0;
}

static bool is_script(const struct dockerfile_instruction *i)
{
        return i->heredoc_count == 1 && i->heredocs[0].alone && strncmp(i->heredocs[0].body, "#!", 2) == 0;
}

int dockerfile_run_read(struct dockerfile_reader *r, struct dockerfile_instruction *i)
{
        if (i->arg_count == 0)
                return dockerfile_keyword_error(r, i, "RUN requires a command");
        if (is_script(i) && strchr(i->heredocs[0].name, '/'))
                return dockerfile_place_error(r, &i->heredocs[0].place,
                                              "the heredoc's name '%s' cannot be the file name of a script",
                                              i->heredocs[0].name);
        i->run.mount_count = dockerfile_flags_all(i, "mount", &i->run.mounts);
        i->run.device_count = dockerfile_flags_all(i, "device", &i->run.devices);
        for (size_t k = 0; k < i->run.mount_count; k++)
                if (check_mount(r, i->run.mounts[k]) < 0)
                        return -1;
        return read_network(r, i) < 0 || read_security(r, i) < 0 ? -1 : 0;
}

enum dockerfile_run_shape dockerfile_run_text(const struct dockerfile_instruction *i, struct buffer *ret)
{
        if (i->is_json)
                return DOCKERFILE_RUN_JSON;
        if (i->heredoc_count == 1 && i->heredocs[0].alone) {
                buffer_append_string(ret, i->heredocs[0].body);
                return is_script(i) ? DOCKERFILE_RUN_SCRIPT : DOCKERFILE_RUN_SHELL;
        }
        /* Anything more is put together again for the shell, which knows heredocs better. */
        buffer_append_string(ret, i->args[0].text);
        for (size_t k = 0; k < i->heredoc_count; k++)
                buffer_printf(ret, "\n%s%s", i->heredocs[k].raw, i->heredocs[k].name);
        return DOCKERFILE_RUN_SHELL;
}
