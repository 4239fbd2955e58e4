/* SPDX-License-Identifier: Apache-2.0 */
/* Name resolution files for commands on the host's network. */
#include "builder/resolver.h"

#include <errno.h>
#include <fcntl.h>
#include <stdbool.h>
#include <string.h>

#include "common/fd.h"
#include "common/memory.h"

#define MAX_FILE ((size_t)1 << 20)
#define STUB "127.0.0.53"
#define BEHIND_STUB "/run/systemd/resolve/resolv.conf"

void builder_hosts_text(const char *hostname, struct buffer *ret)
{
        buffer_printf(ret,
                      "127.0.0.1\tlocalhost %s\n"
                      "::1\tlocalhost ip6-localhost ip6-loopback\n"
                      "fe00::0\tip6-localnet\n"
                      "ff00::0\tip6-mcastprefix\n"
                      "ff02::1\tip6-allnodes\n"
                      "ff02::2\tip6-allrouters\n",
                      hostname);
}

bool builder_resolv_conf_is_stub(const struct buffer *text)
{
        CLEANUP_FREE char *copy = memory_strdup(buffer_text(text));
        bool any = false;
        char *save = NULL;

        for (char *line = strtok_r(copy, "\n", &save); line; line = strtok_r(NULL, "\n", &save)) {
                const char *value = line + 10;

                if (strncmp(line, "nameserver", 10) != 0 || (*value != ' ' && *value != '\t'))
                        continue;
                value += strspn(value, " \t");
                if (strncmp(value, STUB, strlen(STUB)) != 0)
                        return false;
                any = true;
        }
        return any;
}

static int read_if_there(const char *path, struct buffer *ret, struct error *err)
{
        CLEANUP_ERROR struct error read_err = ERROR_INIT;

        if (fd_read_file(AT_FDCWD, path, MAX_FILE, false, ret, &read_err) == 0 || read_err.code == ENOENT)
                return 0;
        return error_move(err, &read_err);
}

int builder_resolv_conf_text(struct buffer *ret, struct error *err)
{
        CLEANUP_BUFFER struct buffer behind = BUFFER_INIT;

        if (read_if_there("/etc/resolv.conf", ret, err) < 0)
                return -1;
        if (!builder_resolv_conf_is_stub(ret))
                return 0;
        if (read_if_there(BEHIND_STUB, &behind, err) < 0)
                return -1;
        if (behind.size > 0) {
                buffer_clear(ret);
                buffer_append(ret, behind.data, behind.size);
        }
        return 0;
}

static bool is_line_of(const char *line, const char *keyword)
{
        size_t length = strlen(keyword);

        return strncmp(line, keyword, length) == 0 && (line[length] == ' ' || line[length] == '\t');
}

void builder_resolv_conf_replace(struct buffer *text, const char *keyword, const struct strv *values)
{
        CLEANUP_FREE char *copy = memory_strdup(buffer_text(text));
        char *save = NULL;

        if (values->count == 0)
                return;
        buffer_clear(text);
        for (char *line = strtok_r(copy, "\n", &save); line; line = strtok_r(NULL, "\n", &save))
                /* domain is an old way to say search (resolv.conf(5)) */
                if (!is_line_of(line, keyword) && !(strcmp(keyword, "search") == 0 && is_line_of(line, "domain")))
                        buffer_printf(text, "%s\n", line);
        if (strcmp(keyword, "nameserver") == 0) {
                for (size_t i = 0; i < values->count; i++)
                        buffer_printf(text, "nameserver %s\n", values->items[i]);
                return;
        }
        buffer_append_string(text, keyword);
        for (size_t i = 0; i < values->count; i++)
                buffer_printf(text, " %s", values->items[i]);
        buffer_append_char(text, '\n');
}
