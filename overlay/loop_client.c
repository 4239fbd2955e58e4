/* SPDX-License-Identifier: Apache-2.0 */
/* Finding out on which CPU a client of the mount runs, without privileges. */
#include "overlay/loop_client.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "common/fd.h"

/* Field 2 may hold anything, spaces and parentheses too; behind its last ')' comes field 3. */
#define FIELD_AFTER_NAME 3
#define FIELD_PROCESSOR  39

static int parse_cpu(const char *text)
{
        const char *p = strrchr(text, ')');
        char *end;
        long cpu;
        int field;

        if (p == NULL)
                return -EPROTO;
        p++;
        for (field = FIELD_AFTER_NAME; field < FIELD_PROCESSOR; field++) {
                p = strchr(p + 1, ' ');
                if (p == NULL)
                        return -EPROTO;
        }
        errno = 0;
        cpu = strtol(p, &end, 10);
        return errno != 0 || end == p || cpu < 0 || cpu > 65535 ? -EPROTO : (int)cpu;
}

int overlay_loop_client_cpu(struct overlay_loop_client *client, uint32_t tid)
{
        char text[1024]; /* 52 numbers and a name of at most 64 bytes; field 39 lies in the first 900 bytes */
        ssize_t n;

        if (client->fd < 0 || client->tid != tid) {
                char path[32];

                overlay_loop_client_close(client);
                snprintf(path, sizeof path, "/proc/%u/stat", (unsigned)tid);
                client->fd = open(path, O_RDONLY | O_CLOEXEC);
                if (client->fd < 0)
                        return -errno;
                client->tid = tid;
        }
        n = pread(client->fd, text, sizeof text - 1, 0);
        if (n < 0)
                return -errno;
        text[n] = '\0';
        return parse_cpu(text);
}

void overlay_loop_client_close(struct overlay_loop_client *client)
{
        client->fd = fd_close(client->fd);
        client->tid = 0;
}
