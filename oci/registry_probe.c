/* SPDX-License-Identifier: Apache-2.0 */
/* Which of TLS and plain http a port of this machine speaks, by one question and the first bytes of the answer. */
#include "oci/registry_probe.h"

#include <netdb.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/time.h>
#include <unistd.h>

#include "common/fd.h"
#include "common/memory.h"
#include "oci/fetch_local.h"

/* An answer on loopback takes microseconds; what takes longer is asked the ordinary way. */
#define PATIENCE_MS 250

/*
 * A ClientHello of TLS 1.2 (RFC 8446, 4.1.2, and RFC 5246, 7.4.1.2). The session ID is arbitrary bytes: two empty lines
 * let a server that reads lines answer at once.
 */
static const char hello[] = "\x16\x03\x01\x00\x53"                              /* handshake, 83 bytes */
                            "\x01\x00\x00\x4f\x03\x03"                          /* ClientHello, 79 bytes, TLS 1.2 */
                            "bryo asks: TLS or plain http? GO"                  /* random */
                            "\x20"                                              /* session ID */
                            " HELLO, HELLO HELLO HELLO \r\n\r\n\r\n"            /* of 32 bytes */
                            "\x00\x08\x13\x01\xc0\x2b\xc0\x2f\x00\x9c\x01\x00"; /* cipher suites; no compression */
_Static_assert(sizeof(hello) - 1 == 5 + 83, "the record is as long as it says");

static int connect_to(const struct addrinfo *a)
{
        const struct timeval patience = {.tv_usec = PATIENCE_MS * 1000};
        CLEANUP_FD int fd = -1;

        if (!fetch_local_is_address(a->ai_addr))
                return -1;
        fd = socket(a->ai_family, a->ai_socktype | SOCK_CLOEXEC, a->ai_protocol);
        return fd >= 0 && setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &patience, sizeof(patience)) == 0 &&
                               setsockopt(fd, SOL_SOCKET, SO_SNDTIMEO, &patience, sizeof(patience)) ==
                                       0 && /* connect too */
                               connect(fd, a->ai_addr, a->ai_addrlen) == 0
                       ? fd_steal(&fd)
                       : -1;
}

/* "host:port", "[address]:port"; without a port it is that of https. Not -1 only for a host of this machine. */
static int connect_to_host(const char *host)
{
        const struct addrinfo hints = {.ai_socktype = SOCK_STREAM};
        bool bracket = host[0] == '[';
        size_t size = bracket ? strcspn(host, "]") + 1 : strcspn(host, ":");
        CLEANUP_FREE char *name = memory_strndup(host, size);
        const char *port = NULL;
        struct addrinfo *addresses = NULL;
        int fd = -1;

        if (bracket && !strchr(host, ']'))
                return -1;
        if (!fetch_local_is_host(name))
                return -1;
        port = strchr(host + size, ':');
        if (bracket) {
                memmove(name, name + 1, size);
                name[strcspn(name, "]")] = '\0';
        }
        if (getaddrinfo(name, port ? port + 1 : "443", &hints, &addresses) != 0)
                return -1;
        for (const struct addrinfo *a = addresses; a && fd < 0; a = a->ai_next)
                fd = connect_to(a);
        freeaddrinfo(addresses);
        return fd;
}

bool registry_probe_is_plain(const char *host)
{
        CLEANUP_FD int fd = -1;
        unsigned char answer[2];

        if (fetch_local_has_proxy("https") || fetch_local_has_proxy("http"))
                return false;
        fd = connect_to_host(host);
        if (fd < 0 || send(fd, hello, sizeof(hello) - 1, MSG_NOSIGNAL) != (ssize_t)sizeof(hello) - 1 ||
            recv(fd, answer, sizeof(answer), MSG_WAITALL) != sizeof(answer))
                return false;
        /* an alert or a handshake, of a version 3.x */
        return !((answer[0] == 0x15 || answer[0] == 0x16) && answer[1] == 0x03);
}
