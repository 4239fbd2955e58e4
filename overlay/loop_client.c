/* SPDX-License-Identifier: Apache-2.0 */
/* Finding out whether and on which CPU a client of the mount runs, without privileges. */
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
/* 52 numbers and a name of at most 64 bytes; field 39 lies in the first 900 bytes */
#define STAT_SIZE 1024

/* Field `number` (from 3 on) of /proc/TID/stat; NULL when there are fewer. */
static const char *find_field(const char *text, int number)
{
        const char *p = strrchr(text, ')');
        int field;

        if (p == NULL || p[1] != ' ')
                return NULL;
        p++;
        for (field = FIELD_AFTER_NAME; field < number && p != NULL; field++)
                p = strchr(p + 1, ' ');
        return p == NULL ? NULL : p + 1;
}

/* Reads /proc/TID/stat into `text`. */
static int read_stat(struct overlay_loop_client *client, uint32_t tid, char *text, size_t size)
{
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
        n = pread(client->fd, text, size - 1, 0);
        if (n < 0)
                return -errno;
        text[n] = '\0';
        return 0;
}

int overlay_loop_client_cpu(struct overlay_loop_client *client, uint32_t tid)
{
        char text[STAT_SIZE], *end;
        int r = read_stat(client, tid, text, sizeof text);
        const char *field;
        long cpu;

        if (r < 0)
                return r;
        field = find_field(text, FIELD_PROCESSOR);
        if (field == NULL)
                return -EPROTO;
        errno = 0;
        cpu = strtol(field, &end, 10);
        return errno != 0 || end == field || cpu < 0 || cpu > 65535 ? -EPROTO : (int)cpu;
}

int overlay_loop_client_runs(uint32_t tid)
{
        static const char state[] = "\nState:\t"; /* the third line; a line feed in the name is escaped in the first */
        char path[32], text[STAT_SIZE];
        CLEANUP_FD int fd = -1;
        const char *field;
        ssize_t n;

        snprintf(path, sizeof path, "/proc/%u/status", (unsigned)tid);
        fd = open(path, O_RDONLY | O_CLOEXEC);
        if (fd < 0)
                return -errno;
        n = read(fd, text, sizeof text - 1);
        if (n < 0)
                return -errno;
        text[n] = '\0';
        field = strstr(text, state);
        return field == NULL ? -EPROTO : field[sizeof state - 1] == 'R';
}

void overlay_loop_client_close(struct overlay_loop_client *client)
{
        client->fd = fd_close(client->fd);
        client->tid = 0;
}
