/* SPDX-License-Identifier: Apache-2.0 */
#ifndef BRYO_BUILDER_KEY_AGENT_H
#define BRYO_BUILDER_KEY_AGENT_H

#include "common/error.h"
#include "common/strv.h"

/*
 * The key files of --ssh ID=KEY[,KEY...], in an ssh-agent that is started for
 * this build alone: the keys are read by ssh-add (whatever it knows: OpenSSH's
 * and PEM files, of any algorithm), never by bryo, and lie in no memory of it. As with
 * BuildKit a key must not have a passphrase: nobody is asked. Its mode does not matter.
 *
 * The agent ends with builder_key_agent_stop, or when this process ends, however that happens.
 */
struct builder_key_agent;

/* `what` is the option, for messages. ENOENT: ssh-agent and ssh-add are not installed. EINVAL: a file is no such key. */
int builder_key_agent_start(const char *what, const struct strv *keys, struct builder_key_agent **ret, struct error *err);
/* Valid until it is stopped. */
const char *builder_key_agent_socket(const struct builder_key_agent *a);
/* Accepts NULL. */
void builder_key_agent_stop(struct builder_key_agent *a);

#endif
