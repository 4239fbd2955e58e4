/* SPDX-License-Identifier: Apache-2.0 */
/* Gets a command and its tree ready for each other. */
#include "builder/command.h"

#include <stdlib.h>
#include <string.h>

#include "builder/accounts.h"
#include "builder/resolver.h"
#include "common/memory.h"

static int find_user(struct builder_command *c, struct overlay_tree *tree, const char *user, struct error *err)
{
        CLEANUP_ACCOUNTS struct builder_account_files files = BUILDER_ACCOUNT_FILES_INIT;
        struct builder_accounts accounts;

        if (builder_accounts_load(tree, &files, err) < 0)
                return -1;
        accounts = builder_accounts_view(&files);
        return builder_user_find(user ? user : "", &accounts, &c->user, err);
}

static bool leaves_hosts(const struct builder_command *c)
{
        return c->options && c->options->no_hosts;
}

static bool leaves_resolv_conf(const struct builder_command *c)
{
        return c->options && c->options->no_dns;
}

static int make_stubs(const struct builder_command *c, struct overlay_tree *tree, struct error *err)
{
        static const struct {
                const char *path;
                bool directory;
        } stubs[] = {
                { "/proc", true },
                { "/dev", true },
                { "/sys", true },
                { "/etc/hosts", false },
                { "/etc/resolv.conf", false },
        };

        for (size_t i = 0; i < ARRAY_SIZE(stubs); i++) {
                if ((leaves_hosts(c) && strcmp(stubs[i].path, "/etc/hosts") == 0) ||
                    (leaves_resolv_conf(c) && strcmp(stubs[i].path, "/etc/resolv.conf") == 0))
                        continue;
                if (overlay_tree_stub(tree, stubs[i].path, stubs[i].directory, NULL, err) < 0)
                        return error_wrap(err, "cannot make the mount point %s", stubs[i].path);
        }
        return 0;
}

/* --add-host and --dns* */
static void add_options(struct builder_command *c)
{
        const struct builder_run_options *o = c->options;

        if (!o)
                return;
        for (size_t i = 0; i < o->hosts.count; i++)
                buffer_printf(&c->hosts, "%s\n", o->hosts.items[i]);
        builder_resolv_conf_replace(&c->resolv_conf, "nameserver", &o->dns);
        builder_resolv_conf_replace(&c->resolv_conf, "search", &o->dns_search);
        builder_resolv_conf_replace(&c->resolv_conf, "options", &o->dns_options);
}

int builder_command_prepare(struct builder_command *c, struct overlay_tree *tree, const char *user, struct error *err)
{
        if (find_user(c, tree, user, err) < 0 || make_stubs(c, tree, err) < 0)
                return -1;
        if (!strv_env_find(&c->env, "HOME"))
                strv_env_set(&c->env, "HOME", c->user.home);
        builder_hosts_text(c->hostname, &c->hosts);
        if (builder_resolv_conf_text(&c->resolv_conf, err) < 0)
                return -1;
        add_options(c);
        c->view = (struct sandbox_command){
                .argv = strv_array(&c->argv),
                .env = strv_array(&c->env),
                .cwd = c->cwd,
                .uid = c->user.uid,
                .gid = c->user.gid,
                .groups = c->user.groups,
                .group_count = c->user.group_count,
                .hostname = c->hostname,
                .hosts = leaves_hosts(c) ? NULL : buffer_text(&c->hosts),
                .resolv_conf = leaves_resolv_conf(c) ? NULL : buffer_text(&c->resolv_conf),
                .network = SANDBOX_NETWORK_HOST,
                .capabilities = c->options ? c->options->capabilities : 0,
                .shm_size = c->options ? c->options->shm_size : 0,
                .rlimits = c->options ? c->options->rlimits : NULL,
                .rlimit_count = c->options ? c->options->rlimit_count : 0,
                .stdin_fd = -1,
                .stdout_fd = -1,
                .stderr_fd = -1,
        };
        return 0;
}

void builder_command_free(struct builder_command *c)
{
        strv_free(&c->argv);
        strv_free(&c->env);
        free(c->cwd);
        builder_user_free(&c->user);
        buffer_free(&c->hosts);
        buffer_free(&c->resolv_conf);
}
