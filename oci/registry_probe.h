/* SPDX-License-Identifier: Apache-2.0 */
#ifndef BRYO_OCI_REGISTRY_PROBE_H
#define BRYO_OCI_REGISTRY_PROBE_H

#include <stdbool.h>

/*
 * Whether what listens at "host[:port]" of a URL, on this machine, speaks no TLS: it answers a ClientHello with
 * something that is no TLS record. Asked of libcurl that would cost a whole OpenSSL with the authorities of the host,
 * which takes longer than pushing an image that is there already. False also for a host elsewhere, if nobody listens,
 * nothing comes within a moment, or a proxy is set: then it is not known, and https tells. Internal to this room.
 */
bool registry_probe_is_plain(const char *host);

#endif
