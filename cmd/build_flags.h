/* SPDX-License-Identifier: Apache-2.0 */
#ifndef BRYO_CMD_BUILD_FLAGS_H
#define BRYO_CMD_BUILD_FLAGS_H

#include <stdbool.h>
#include <stddef.h>

#include "cmd/options.h"
#include "cmd/registry_flags.h"
#include "common/error.h"
#include "common/strv.h"

/*
 * The command line of `bryo build`, as written: texts are borrowed from argv,
 * lists are copies. A flag has its field here, its row in build_flags.c and
 * its line in doc/cli.md; a flag of another builder that is not carried out
 * has its row in build_foreign.c, with the reason.
 */
struct build_flags {
        struct strv words; /* what is no flag: the context */

        struct strv annotations, build_arg_files, build_args, cache_from, cache_to, contexts, env, labels, no_cache_stages, outputs, platforms, tags,
                unset_env, unset_labels;
        const char *arch, *base, *cache_ttl, *call, *compression_format, *compression_level, *digest_file, *disable_compression, *epoch, *file,
                *force_compression, *format, *ignore_file, *iidfile, *iidfile_raw, *inherit_labels, *jobs, *logfile, *metadata_file, *name_file,
                *os, *progress, *pull, *rewrite_timestamp, *root, *target, *variant;
        bool check, explain, load, no_cache, pull_always, pull_never, push, quiet, squash, squash_all;

        /* about the commands of the build (build_run.c) */
        struct strv secrets, agents, volumes, hosts, ulimits, cap_add, cap_drop, dns, dns_search, dns_options;
        const char *network, *shm_size, *on_error, *http_proxy;
        bool no_hosts;

        struct registry_flags registry;

        struct strv warnings; /* sentences about flags that were ignored */
};

#define CLEANUP_BUILD_FLAGS __attribute__((cleanup(build_flags_free)))

/* Reads argv[1...]. When *ret_help is set the help was printed and nothing is to be done. */
int build_flags_parse(char *const *argv, struct build_flags *ret, bool *ret_help, struct error *err);
void build_flags_free(struct build_flags *f);

/* The flags of other builders (build_foreign.c). */
extern const struct option_foreign build_flags_ignored[];
extern const size_t build_flags_ignored_count;
extern const struct option_foreign build_flags_refused[];
extern const size_t build_flags_refused_count;

#endif
