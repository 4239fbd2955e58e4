/* SPDX-License-Identifier: Apache-2.0 */
/* Which addresses are this machine's own, and which its link's. */
#include "oci/fetch_local.h"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "common/memory.h"

static bool is_local4(const unsigned char bytes[4])
{
        return bytes[0] == 127 || bytes[0] == 0 || (bytes[0] == 169 && bytes[1] == 254);
}

static bool is_local6(const struct in6_addr *a)
{
        static const unsigned char nat64[12] = {0, 0x64, 0xff, 0x9b};

        if (IN6_IS_ADDR_LOOPBACK(a) || IN6_IS_ADDR_UNSPECIFIED(a) || IN6_IS_ADDR_LINKLOCAL(a))
                return true;
        if (IN6_IS_ADDR_V4MAPPED(a) || IN6_IS_ADDR_V4COMPAT(a) || memcmp(a->s6_addr, nat64, sizeof(nat64)) == 0)
                return is_local4(a->s6_addr + 12);
        return false;
}

bool fetch_local_is_address(const struct sockaddr *address)
{
        if (address->sa_family == AF_INET) {
                struct sockaddr_in in;

                memcpy(&in, address, sizeof(in));
                return is_local4((const unsigned char *)&in.sin_addr);
        }
        if (address->sa_family == AF_INET6) {
                struct sockaddr_in6 in;

                memcpy(&in, address, sizeof(in));
                return is_local6(&in.sin6_addr);
        }
        return false;
}

static bool ends_with(const char *text, const char *end)
{
        size_t size = strlen(text), tail = strlen(end);

        return size >= tail && strcmp(text + size - tail, end) == 0;
}

bool fetch_local_is_host(const char *host)
{
        CLEANUP_FREE char *bare = NULL;
        struct in6_addr six;
        struct in_addr four;

        if (host[0] == '[') {
                bare = memory_strndup(host + 1, strcspn(host + 1, "]"));
                return inet_pton(AF_INET6, bare, &six) == 1 && is_local6(&six);
        }
        if (strcmp(host, "localhost") == 0 || ends_with(host, ".localhost") || strcmp(host, "localhost.") == 0)
                return true;
        /* inet_aton, not inet_pton: "127.1" and "0x7f000001" are addresses to resolvers as well */
        return inet_aton(host, &four) != 0 && is_local4((const unsigned char *)&four);
}

/* libcurl's default for a proxy without a port. */
#define PROXY_PORT 1080u

/* Where HOST[:PORT] of a proxy's URL begins, behind the credentials; *ret_end is where it ends. */
static const char *find_host(const char *proxy, const char **ret_end)
{
        const char *rest = strstr(proxy, "://");
        const char *host = rest ? rest + 3 : proxy;
        const char *at;

        *ret_end = host + strcspn(host, "/?#");
        at = memrchr(host, '@', (size_t)(*ret_end - host));
        return at ? at + 1 : host;
}

static unsigned find_port(const char *proxy)
{
        const char *end;
        const char *host = find_host(proxy, &end);
        const char *colon;

        colon = memrchr(host, ':', (size_t)(end - host));
        if (!colon || memchr(colon, ']', (size_t)(end - colon)))
                return strncasecmp(proxy, "https://", 8) == 0 ? 443 : PROXY_PORT;
        return (unsigned)strtoul(colon + 1, NULL, 10);
}

/* The variable that names the proxy for a scheme, and its value; NULL: none does. */
static const char *find_proxy(const char *scheme, const char **ret_value)
{
        const bool secure = strcmp(scheme, "https") == 0;
        const char *const names[] = {secure ? "https_proxy" : "http_proxy", secure ? "HTTPS_PROXY" : "http_proxy",
                                     "all_proxy", "ALL_PROXY"};

        for (size_t i = 0; i < ARRAY_SIZE(names); i++) {
                *ret_value = getenv(names[i]);
                if (*ret_value && (*ret_value)[0])
                        return names[i];
        }
        return NULL;
}

bool fetch_local_has_proxy(const char *scheme)
{
        const char *value;

        return find_proxy(scheme, &value) != NULL;
}

bool fetch_local_is_proxy(const char *scheme, unsigned port)
{
        const char *value;

        return find_proxy(scheme, &value) && find_port(value) == port;
}

char *fetch_local_proxy_words(const char *scheme)
{
        const char *value, *host, *end;
        const char *name = find_proxy(scheme, &value);

        if (!name)
                return memory_strdup("");
        host = find_host(value, &end);
        return memory_printf(", for which $%s names the proxy %.*s", name, (int)(end - host), host);
}

unsigned fetch_local_port(const struct sockaddr *address)
{
        struct sockaddr_in in;

        if (address->sa_family != AF_INET && address->sa_family != AF_INET6)
                return 0;
        memcpy(&in, address, sizeof(in)); /* both families have it at the same place */
        return ntohs(in.sin_port);
}
