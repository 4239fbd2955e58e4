/* SPDX-License-Identifier: Apache-2.0 */
#ifndef BRYO_BUILDER_AGENT_H
#define BRYO_BUILDER_AGENT_H

#include "common/error.h"
#include "common/log.h"
#include "sandbox/sandbox.h"

/*
 * RUN --mount=type=ssh: passes requests from the command's sockets on to ssh
 * agents of the host (draft-ietf-sshm-ssh-agent). A command may list keys and have things
 * signed, as in BuildKit; whatever would change the agent is answered with a failure here
 * and never reaches it.
 */
struct builder_agent;

struct builder_agent *builder_agent_new(const struct log *log);
/* One more agent; the sockets of the command belong to the agents in this order. */
void builder_agent_add(struct builder_agent *agent, const char *path);
/* Takes the listening sockets of the command that was just started, and serves them in a thread of its own. */
int builder_agent_start(struct builder_agent *agent, struct sandbox_stage *stage, struct error *err);
/* Ends the thread and every connection. NULL is fine. */
void builder_agent_free(struct builder_agent *agent);

#endif
