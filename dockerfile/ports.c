/* SPDX-License-Identifier: Apache-2.0 */
/* Ports of EXPOSE: [[ip:]host:]port[-port][/protocol]. */
#include "dockerfile/value.h"

#include <ctype.h>
#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <strings.h>

#include "common/memory.h"
#include "dockerfile/suggest.h"

static const char *const protocols[] = {
        [DOCKERFILE_TCP] = "tcp",
        [DOCKERFILE_UDP] = "udp",
        [DOCKERFILE_SCTP] = "sctp",
};

/* Reads digits up to 65535 at *text; false when there are none or too many. */
static bool read_port(const char **text, uint16_t *ret)
{
        unsigned value = 0;
        const char *start = *text;

        for (; isdigit((unsigned char)**text); (*text)++) {
                value = value * 10 + (unsigned)(**text - '0');
                if (value > UINT16_MAX)
                        return false;
        }
        *ret = (uint16_t)value;
        return *text > start;
}

static int read_protocol(const char *word, struct dockerfile_ports *ret, struct error *err)
{
        const char *near;

        for (size_t k = 0; k < ARRAY_SIZE(protocols); k++)
                if (strcasecmp(word, protocols[k]) == 0) {
                        ret->protocol = (enum dockerfile_protocol)k;
                        ret->other_case = strcmp(word, protocols[k]) != 0;
                        return 0;
                }
        near = dockerfile_suggest(word, protocols, ARRAY_SIZE(protocols));
        return error_set(err, EINVAL, "'%s' is no protocol: a port is /tcp, /udp or /sctp%s%s%s", word,
                         near ? " (did you mean " : "", near ? near : "", near ? "?)" : "");
}

int dockerfile_ports_parse(const char *text, struct dockerfile_ports *ret, struct error *err)
{
        const char *slash = strrchr(text, '/');
        CLEANUP_FREE char *ports = memory_strndup(text, slash ? (size_t)(slash - text) : strlen(text));
        const char *colon = strrchr(ports, ':');
        const char *at = colon ? colon + 1 : ports;

        *ret = (struct dockerfile_ports){.has_mapping = colon != NULL};
        if (slash && slash[1] != '\0' && read_protocol(slash + 1, ret, err) < 0)
                return -1;
        if (!read_port(&at, &ret->first))
                goto bad;
        ret->last = ret->first;
        if (*at == '-') {
                at++;
                if (!read_port(&at, &ret->last))
                        goto bad;
        }
        if (*at != '\0')
                goto bad;
        if (ret->last < ret->first)
                return error_set(err, EINVAL, "'%s': the range of ports ends before it begins", text);
        return 0;
bad:
        return error_set(err, EINVAL, "'%s' is not a port: write 80, 80/udp or 7000-7010 (0 to 65535)", text);
}

void dockerfile_port_format(uint16_t port, enum dockerfile_protocol protocol, char ret[DOCKERFILE_PORT_SIZE])
{
        snprintf(ret, DOCKERFILE_PORT_SIZE, "%u/%s", (unsigned)port, protocols[protocol]);
}
