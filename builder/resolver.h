/* SPDX-License-Identifier: Apache-2.0 */
#ifndef BRYO_BUILDER_RESOLVER_H
#define BRYO_BUILDER_RESOLVER_H

#include <stdbool.h>

#include "common/buffer.h"
#include "common/error.h"
#include "common/strv.h"

/*
 * The texts of /etc/hosts and /etc/resolv.conf that a command sees on the
 * host's network: bound over the image's own, read-only, never part of a layer.
 */

/* localhost, the host's own names, and `hostname` of the command. */
void builder_hosts_text(const char *hostname, struct buffer *ret);
/*
 * The host's resolver configuration. Where it only names systemd-resolved's
 * stub (127.0.0.53) the file behind the stub is taken, as docker does. A host without one gives
 * an empty text.
 */
int builder_resolv_conf_text(struct buffer *ret, struct error *err);
/* True when it names a server, and no other than the stub, which answers on the host's own loopback only. */
bool builder_resolv_conf_is_stub(const struct buffer *text);
/* Unless `values` is empty: drops the lines of a keyword ("nameserver", "search", "options") and adds one for each value. */
void builder_resolv_conf_replace(struct buffer *text, const char *keyword, const struct strv *values);

#endif
