/* SPDX-License-Identifier: Apache-2.0 */
#ifndef BRYO_OCI_FETCH_LOCAL_H
#define BRYO_OCI_FETCH_LOCAL_H

#include <stdbool.h>
#include <sys/socket.h>

/*
 * Addresses that a redirect from elsewhere must not lead to: this machine (127.0.0.0/8, ::1, 0.0.0.0, ::), and its link
 * (169.254.0.0/16 with the metadata service of clouds, fe80::/10), also as IPv4 inside IPv6. Private networks (RFC
 * 1918, RFC 4193) are not among them: mirrors and package servers live there. Internal to this room.
 */
bool fetch_local_is_address(const struct sockaddr *address);
/* The same for a host as it stands in a URL: an address, or "localhost" and names below it; other names are looked up
 * later. */
bool fetch_local_is_host(const char *host);
/* Whether the environment names a proxy for a scheme. */
bool fetch_local_has_proxy(const char *scheme);
/*
 * Whether a connection to `port` of this machine may be the one to the proxy that the environment names for a scheme:
 * then it says nothing about the host that is spoken to. no_proxy is libcurl's to read, so only the port can tell.
 */
bool fetch_local_is_proxy(const char *scheme, unsigned port);
/* ", for which $NAME names the proxy HOST:PORT": for a message about a host that cannot be reached; "" where no
 * variable names one. Without the proxy's credentials. Heap text. */
char *fetch_local_proxy_words(const char *scheme);
/* The port of an address of the internet; 0 for another family. */
unsigned fetch_local_port(const struct sockaddr *address);

#endif
