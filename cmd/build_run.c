/* SPDX-License-Identifier: Apache-2.0 */
/* The flags of `bryo build` about its commands. */
#include "cmd/build_run.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "cmd/progress.h"
#include "cmd/terminal.h"
#include "common/fd.h"
#include "common/memory.h"
#include "dockerfile/value.h"
#include "oci/json.h"

#define CONFIG_MAX ((size_t)1 << 20)

typedef int add_function(struct builder_run_options *o, const char *text, struct error *err);

/* A value that is wrong is a wrong command line, unless what is wrong is a file that it names. */
static int usage(int result, struct error *err)
{
        if (result < 0 && err->code == EINVAL)
                err->code = OPTIONS_EUSAGE;
        return result;
}

static int add_all(struct builder_run_options *o, const struct strv *values, add_function *add, struct error *err)
{
        for (size_t i = 0; i < values->count; i++)
                if (usage(add(o, values->items[i], err), err) < 0)
                        return -1;
        return 0;
}

static int add_agents(struct builder_run_options *o, const struct strv *values, struct error *err)
{
        for (size_t i = 0; i < values->count; i++)
                if (usage(builder_run_options_add_agent(o, values->items[i], getenv("SSH_AUTH_SOCK"), err), err) < 0)
                        return -1;
        return 0;
}

static int add_dns(struct builder_run_options *o, const char *flag, const struct strv *values, struct error *err)
{
        for (size_t i = 0; i < values->count; i++)
                if (usage(builder_run_options_add_dns(o, flag, values->items[i], err), err) < 0)
                        return -1;
        return 0;
}

/* --- proxies ------------------------------------------------------------------------ */

/* docker/cli, cli/config/configfile: ProxyConfig */
static const struct {
        const char *key, *name;
} proxies[] = {
        { "httpProxy", "http_proxy" }, { "httpsProxy", "https_proxy" }, { "noProxy", "no_proxy" },
        { "ftpProxy", "ftp_proxy" },   { "allProxy", "all_proxy" },
};

static int read_proxies(const char *what, const struct oci_json *root, struct strv *ret, struct error *err)
{
        const struct oci_json *all = NULL, *those = NULL;

        if (oci_json_kind(root) != OCI_JSON_OBJECT || oci_json_get_object(what, root, "proxies", &all, err) < 0 || !all ||
            oci_json_get_object(what, all, "default", &those, err) < 0 || !those)
                return error_is_set(err) ? -1 : 0;
        for (size_t i = 0; i < ARRAY_SIZE(proxies); i++) {
                CLEANUP_FREE char *value = NULL;

                if (oci_json_get_string(what, those, proxies[i].key, &value, err) < 0)
                        return -1;
                if (value && value[0])
                        strv_env_set(ret, proxies[i].name, value);
        }
        return 0;
}

/* The "proxies" of docker's config.json. A file that cannot be read is told and is no reason to fail: it is docker's. */
static void find_configured_proxies(const struct log *log, struct strv *ret)
{
        const char *dir = getenv("DOCKER_CONFIG"), *home = getenv("HOME");
        CLEANUP_FREE char *path = dir && dir[0] ? memory_printf("%s/config.json", dir)
                                                : memory_printf("%s/.docker/config.json", home ? home : "");
        CLEANUP_BUFFER struct buffer text = BUFFER_INIT;
        CLEANUP_ERROR struct error err = ERROR_INIT;
        CLEANUP_JSON struct oci_json *root = NULL;

        if (fd_read_file(AT_FDCWD, path, CONFIG_MAX, false, &text, &err) < 0 && err.code == ENOENT)
                return;
        if (error_is_set(&err) || oci_json_parse(path, text.data, text.size, &root, &err) < 0 ||
            read_proxies(path, root, ret, &err) < 0)
                log_print(log, LOG_WARNING, "the proxies of docker's configuration are not used: %s", err.message);
}

static void find_own_proxies(struct strv *ret)
{
        static const char *const names[] = { "HTTP_PROXY", "HTTPS_PROXY", "NO_PROXY", "FTP_PROXY", "ALL_PROXY",
                                             "http_proxy", "https_proxy", "no_proxy", "ftp_proxy", "all_proxy" };

        for (size_t i = 0; i < ARRAY_SIZE(names); i++)
                if (getenv(names[i]))
                        strv_env_set(ret, names[i], getenv(names[i]));
}

static int add_proxies(struct builder_run_options *o, const struct build_flags *f, const struct log *log, struct error *err)
{
        find_configured_proxies(log, &o->proxies);
        if (!f->http_proxy || strcmp(f->http_proxy, "false") == 0)
                return 0;
        if (strcmp(f->http_proxy, "true") != 0)
                return error_set(err, OPTIONS_EUSAGE, "--http-proxy is true or false, not %s", f->http_proxy);
        find_own_proxies(&o->proxies);
        return 0;
}

/* --- the rest ------------------------------------------------------------------------- */

/* `context` is the struct cmd_progress. */
static int attend_shell(void *context, struct sandbox_stage *stage, int tty_fd, struct error *err)
{
        struct cmd_terminal terminal;
        int result;

        if (cmd_terminal_open(&terminal, true, err) < 0) {
                (void)fd_close(tty_fd);
                return -1;
        }
        cmd_progress_suspend(context);
        fputs("a shell in the files of the failed step; leave it with exit\n", stderr);
        result = cmd_terminal_attend(&terminal, stage, tty_fd, err);
        cmd_terminal_close(&terminal);
        cmd_progress_resume(context);
        return result;
}

static int set_on_error(struct builder_run_options *o, const struct build_flags *f, const struct log *log, struct error *err)
{
        if (!f->on_error || strcmp(f->on_error, "fail") == 0)
                return 0;
        if (strcmp(f->on_error, "shell") != 0)
                return error_set(err, OPTIONS_EUSAGE, "--on-error is shell or fail, not %s", f->on_error);
        if (isatty(STDIN_FILENO) && isatty(STDOUT_FILENO)) {
                o->attend_shell = attend_shell;
                cmd_terminal_size(&o->shell_rows, &o->shell_columns);
        } else {
                log_print(log, LOG_WARNING, "--on-error=shell needs a terminal: a failure will just fail");
        }
        return 0;
}

static int set_shm_size(struct builder_run_options *o, const struct build_flags *f, struct error *err)
{
        if (f->shm_size && (!dockerfile_size_parse(f->shm_size, &o->shm_size) || o->shm_size == 0))
                return error_set(err, OPTIONS_EUSAGE, "--shm-size %s: write a size such as 128m", f->shm_size);
        return 0;
}

int build_run_options(const struct build_flags *f, const struct log *log, struct builder_run_options *o, struct error *err)
{
        *o = (struct builder_run_options){ .no_hosts = f->no_hosts };
        if (add_all(o, &f->secrets, builder_run_options_add_secret, err) < 0 || add_agents(o, &f->agents, err) < 0 ||
            add_all(o, &f->volumes, builder_run_options_add_volume, err) < 0 ||
            add_all(o, &f->hosts, builder_run_options_add_host, err) < 0 ||
            add_all(o, &f->ulimits, builder_run_options_add_ulimit, err) < 0)
                return -1;
        if (usage(builder_run_options_set_capabilities(o, &f->cap_add, &f->cap_drop, err), err) < 0 ||
            add_dns(o, "dns", &f->dns, err) < 0 || add_dns(o, "dns-search", &f->dns_search, err) < 0 ||
            add_dns(o, "dns-option", &f->dns_options, err) < 0)
                return -1;
        if (f->network && usage(builder_run_options_set_network(o, f->network, err), err) < 0)
                return -1;
        if (set_shm_size(o, f, err) < 0 || set_on_error(o, f, log, err) < 0)
                return -1;
        return add_proxies(o, f, log, err);
}
