/* SPDX-License-Identifier: Apache-2.0 */
#ifndef BRYO_BUILDER_RUN_OPTIONS_H
#define BRYO_BUILDER_RUN_OPTIONS_H

#include <stdbool.h>
#include <stdint.h>

#include "builder/source.h"
#include "common/buffer.h"
#include "common/error.h"
#include "common/log.h"
#include "common/strv.h"
#include "dockerfile/instruction.h"
#include "sandbox/sandbox.h"

/*
 * What the command line says about the commands of a build: secrets, agents,
 * volumes, hosts, limits. The functions here read the values of the flags that
 * docker and buildah users know (`--secret id=a,src=f`); errors name the flag.
 */
struct builder_secret {
        char *id;
        char *file; /* one of the two is NULL */
        char *env;
        struct buffer piped; /* what came through `file`, if that is a pipe (--secret src=<(command)) and so read at once */
        bool is_piped;
};

struct builder_agent_path {
        char *id;
        char *path;                     /* of the socket */
        struct builder_key_agent *keys; /* the agent there, if it was started for key files; else NULL. Owned */
};

struct builder_volume {
        char *source; /* a directory or file of the host */
        char *target;
        bool discard; /* may be written to, but nothing is kept; else read-only */
};

struct builder_run_options {
        struct builder_secret *secrets;
        size_t secret_count, secret_cap;
        struct builder_agent_path *agents;
        size_t agent_count, agent_cap;
        struct builder_volume *volumes;
        size_t volume_count, volume_cap;
        struct strv hosts;                         /* lines of /etc/hosts: "ADDRESS\tNAME" */
        struct strv host_names;                    /* the names alone, for the key */
        struct strv dns, dns_search, dns_options;  /* replace the host's */
        bool no_hosts;                             /* the image's own /etc/hosts stays */
        bool no_dns;                               /* likewise /etc/resolv.conf */
        enum dockerfile_network network;           /* what --network=default means */
        uint64_t shm_size;                         /* 0: the default */
        uint64_t capabilities;                     /* 0: the default */
        struct sandbox_rlimit rlimits[SANDBOX_RLIMITS_MAX];
        size_t rlimit_count;
        struct strv proxies; /* NAME=VALUE from docker's config.json; the command alone sees them */
        /*
         * --on-error=shell: called with a shell running in the failed step's file system; returns when
         * sandbox_stage_fd(stage) is readable. NULL: a failure is a failure. One call at a time.
         */
        int (*attend_shell)(void *context, struct sandbox_stage *stage, int tty_fd, struct error *err);
        void *shell_context;
        unsigned short shell_rows, shell_columns; /* the size of that shell's terminal; 0: unknown */
};

/* --secret id=ID[,src=FILE|,env=NAME][,type=file|env]; the file must be there. */
int builder_run_options_add_secret(struct builder_run_options *o, const char *text, struct error *err);
/* --ssh default|ID[=SOCKET|KEY[,KEY...]]; `auth_sock` is $SSH_AUTH_SOCK or NULL. Key files start an agent. */
int builder_run_options_add_agent(struct builder_run_options *o, const char *text, const char *auth_sock,
                                  struct error *err);
/* --volume SOURCE:TARGET[:OPTIONS] */
int builder_run_options_add_volume(struct builder_run_options *o, const char *text, struct error *err);
/* --add-host NAME:ADDRESS or NAME=ADDRESS; the address host-gateway is the host's loopback. */
int builder_run_options_add_host(struct builder_run_options *o, const char *text, struct error *err);
/* --ulimit NAME=SOFT[:HARD], -1 is unlimited */
int builder_run_options_add_ulimit(struct builder_run_options *o, const char *text, struct error *err);
/* --cap-add, --cap-drop: names with or without CAP_, or ALL */
int builder_run_options_set_capabilities(struct builder_run_options *o, const struct strv *add, const struct strv *drop,
                                         struct error *err);
/* --network default|host|none */
int builder_run_options_set_network(struct builder_run_options *o, const char *text, struct error *err);
/* --dns ADDRESS|none, --dns-search DOMAIN, --dns-option OPTION; `flag` is the name without dashes. */
int builder_run_options_add_dns(struct builder_run_options *o, const char *flag, const char *text, struct error *err);
void builder_run_options_free(struct builder_run_options *o);

/* The bytes of a secret; *ret_found is false when none of that id was given. At most 500 KiB, as in BuildKit. */
int builder_secret_load(const struct builder_run_options *o, const char *id, struct buffer *ret, bool *ret_found,
                        struct error *err);
/* The socket of an agent, or NULL. */
const char *builder_agent_find(const struct builder_run_options *o, const char *id);
/* The volume as a source; *ret_path is what to take of it (heap text). The source is the caller's. */
int builder_volume_open(const struct builder_volume *v, const struct log *log, struct builder_source **ret,
                        char **ret_path, struct error *err);

#endif
