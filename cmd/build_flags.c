/* SPDX-License-Identifier: Apache-2.0 */
/* The flags of `bryo build` that it carries out: one row each, in the order of the help. */
#include "cmd/build_flags.h"

#include "common/memory.h"

static int parse_rows(const struct option_row *rows, size_t count, char *const *argv, struct build_flags *f, bool *ret_help,
                      struct error *err)
{
        const struct option_table table = {
                .usage = "bryo build [OPTIONS] CONTEXT",
                .about = "Builds an image from a Dockerfile and a context: a directory, a git repository, a URL, or - for standard input.\n"
                         "`bryo build -t app .` builds ./Dockerfile with the files of this directory, and names the image app.",
                .rows = rows,
                .count = count,
                .ignored = build_flags_ignored,
                .ignored_count = build_flags_ignored_count,
                .refused = build_flags_refused,
                .refused_count = build_flags_refused_count,
                .warnings = &f->warnings,
        };

        if (options_parse(&table, argv, &f->words, ret_help, err) < 0)
                return -1;
        if (*ret_help)
                options_print_help(&table);
        return 0;
}

int build_flags_parse(char *const *argv, struct build_flags *f, bool *ret_help, struct error *err)
{
        const struct option_row rows[] = {
                { "add-host", 0, OPTION_LIST, &f->hosts, "NAME:ADDRESS", "Add a line to /etc/hosts of every RUN; host-gateway is this machine" },
                { "annotation", 0, OPTION_LIST, &f->annotations, "[TYPE:]KEY=VALUE", "Annotate the image; TYPE is manifest, index, or one of them with -descriptor" },
                { "arch", 0, OPTION_TEXT, &f->arch, "ARCH", "The architecture part of --platform" },
                { "authfile", 0, OPTION_TEXT, &f->registry.authfile, "FILE", "Credentials of registries (default: those of docker and podman)" },
                { "build-arg", 0, OPTION_LIST, &f->build_args, "NAME[=VALUE]", "Set a build-time variable; without a value, from the environment" },
                { "build-arg-file", 0, OPTION_LIST, &f->build_arg_files, "FILE", "Read build-time variables, a NAME=VALUE in each line" },
                { "build-context", 0, OPTION_LIST, &f->contexts, "NAME=VALUE", "Use a directory, URL, docker-image:// or oci-layout:// where NAME stands" },
                { "cache-from", 0, OPTION_LIST, &f->cache_from, "type=...", "Use steps of a cache outside the store: local, registry; may be repeated" },
                { "cache-to", 0, OPTION_LIST, &f->cache_to, "type=...", "Write the steps of this build to a cache: local, registry, inline; may be repeated" },
                { "cache-ttl", 0, OPTION_TEXT, &f->cache_ttl, "DURATION", "Execute steps again that were executed longer ago than this" },
                { "call", 0, OPTION_TEXT, &f->call, "METHOD", "check, outline or targets[,format=json]: look at the Dockerfile, build nothing" },
                { "cap-add", 0, OPTION_LIST, &f->cap_add, "NAME", "Give commands a capability inside their user namespace" },
                { "cap-drop", 0, OPTION_LIST, &f->cap_drop, "NAME", "Take a capability from commands" },
                { "cert-dir", 0, OPTION_TEXT, &f->registry.cert_dir, "DIR", "Certificates for registries (default: certs.d)" },
                { "check", 0, OPTION_SWITCH, &f->check, NULL, "Shorthand for --call=check" },
                { "compression-format", 0, OPTION_TEXT, &f->compression_format, "TYPE", "How outputs compress layers: gzip (default), zstd or none" },
                { "compression-level", 0, OPTION_TEXT, &f->compression_level, "N", "0-9 for gzip (default 2), 0-22 for zstd (default 3)" },
                { "creds", 0, OPTION_TEXT, &f->registry.creds, "USER[:PASSWORD]", "Credentials for the registry of --push, or of the first FROM" },
                { "digest-file", 0, OPTION_TEXT, &f->digest_file, "FILE", "Write the digest of the image's manifest to a file" },
                { "disable-compression", 0, OPTION_MAYBE, &f->disable_compression, "true|false", "The same as --compression-format none" },
                { "dns", 0, OPTION_LIST, &f->dns, "ADDRESS", "Name servers of commands; none leaves the image's own resolv.conf" },
                { "dns-option", 0, OPTION_LIST, &f->dns_options, "OPTION", "An option of resolv.conf" },
                { "dns-search", 0, OPTION_LIST, &f->dns_search, "DOMAIN", "A search domain of resolv.conf" },
                { "env", 0, OPTION_LIST, &f->env, "NAME[=VALUE]", "Set a variable at the start of every stage" },
                { "explain", 0, OPTION_SWITCH, &f->explain, NULL, "Say of each step why it was found in the cache or executed" },
                { "file", 'f', OPTION_TEXT, &f->file, "FILE", "The Dockerfile, - for standard input (default: CONTEXT/Dockerfile)" },
                { "force-compression", 0, OPTION_MAYBE, &f->force_compression, "true|false", "Compress layers of base images again, too" },
                { "format", 0, OPTION_TEXT, &f->format, "oci|docker", "Whose media types outputs have" },
                { "from", 0, OPTION_TEXT, &f->base, "IMAGE", "Stand in for what the first FROM names" },
                { "http-proxy", 0, OPTION_MAYBE, &f->http_proxy, "true|false", "Pass this shell's *_PROXY variables to commands" },
                { "ignorefile", 0, OPTION_TEXT, &f->ignore_file, "FILE", "Read this instead of .dockerignore" },
                { "iidfile", 0, OPTION_TEXT, &f->iidfile, "FILE", "Write the image ID to a file" },
                { "iidfile-raw", 0, OPTION_TEXT, &f->iidfile_raw, "FILE", "Write the image ID to a file, without sha256:" },
                { "image-name-with-digest-file", 0, OPTION_TEXT, &f->name_file, "FILE", "Write NAME@DIGEST of the manifest to a file, a line for each name" },
                { "inherit-labels", 0, OPTION_MAYBE, &f->inherit_labels, "true|false", "Keep the labels of base images (default: true)" },
                { "insecure-registry", 0, OPTION_LIST, &f->registry.insecure, "HOST", "This registry may be asked by http, or with any certificate" },
                { "jobs", 0, OPTION_TEXT, &f->jobs, "N", "Stages at a time (default: one for each CPU, at least 4)" },
                { "label", 0, OPTION_LIST, &f->labels, "NAME=VALUE", "Set a label of the image" },
                { "load", 0, OPTION_SWITCH, &f->load, NULL, "Also hand the image to the docker or podman of this machine" },
                { "logfile", 0, OPTION_TEXT, &f->logfile, "FILE", "Write the progress to a file instead of standard error" },
                { "metadata-file", 0, OPTION_TEXT, &f->metadata_file, "FILE", "Write digests and names of the result as JSON" },
                { "network", 0, OPTION_TEXT, &f->network, "default|host|none", "The network of commands that do not say" },
                { "no-cache", 0, OPTION_SWITCH, &f->no_cache, NULL, "Execute every step, whatever the cache holds" },
                { "no-cache-filter", 0, OPTION_LIST, &f->no_cache_stages, "STAGE[,...]", "Execute every step of these stages" },
                { "no-hosts", 0, OPTION_SWITCH, &f->no_hosts, NULL, "Leave the image's own /etc/hosts" },
                { "on-error", 0, OPTION_TEXT, &f->on_error, "shell", "Open a shell in the files of a RUN that failed" },
                { "os", 0, OPTION_TEXT, &f->os, "OS", "The operating system part of --platform" },
                { "output", 'o', OPTION_LIST, &f->outputs, "type=...", "Write the result elsewhere: local, tar, oci, docker, image, cacheonly; may be repeated" },
                { "platform", 0, OPTION_LIST, &f->platforms, "OS/ARCH[,...]", "What to build for (default: this machine's); several give one index" },
                { "progress", 0, OPTION_TEXT, &f->progress, "MODE", "auto, tty, plain, rawjson, quiet or none (default: auto)" },
                { "pull", 0, OPTION_MAYBE, &f->pull, "WHEN", "When base images are pulled: always, missing (default) or never" },
                { "pull-always", 0, OPTION_SWITCH, &f->pull_always, NULL, "The same as --pull=always" },
                { "pull-never", 0, OPTION_SWITCH, &f->pull_never, NULL, "The same as --pull=never" },
                { "push", 0, OPTION_SWITCH, &f->push, NULL, "Push the image to the registries of its names" },
                { "push-ignore-immutable-tag-errors", 0, OPTION_SWITCH, &f->registry.keep_tags, NULL, "A tag that the registry never moves is a warning" },
                { "quiet", 'q', OPTION_SWITCH, &f->quiet, NULL, "Print only the image ID" },
                { "registry-certificate", 0, OPTION_LIST, &f->registry.authorities, "HOST=FILE", "Trust these authorities at a registry, too" },
                { "registry-client-cert", 0, OPTION_LIST, &f->registry.clients, "HOST=CERT,KEY", "Show this certificate to a registry" },
                { "registry-mirror", 0, OPTION_LIST, &f->registry.mirrors, "[REG=]HOST[/PATH]", "Ask this registry before docker.io, or before REG" },
                { "retry", 0, OPTION_TEXT, &f->registry.retries, "N", "Try a request to a registry again so often (default: 5)" },
                { "retry-delay", 0, OPTION_TEXT, &f->registry.retry_delay, "DURATION", "Before the first time (default: 1s); doubled each time" },
                { "rewrite-timestamp", 0, OPTION_MAYBE, &f->rewrite_timestamp, "true|false", "Clamp times of files to --timestamp (default: true)" },
                { "root", 0, OPTION_TEXT, &f->root, "DIR", "The store (default: $BRYO_ROOT or ~/.local/share/bryo)" },
                { "secret", 0, OPTION_LIST, &f->secrets, "id=ID,src=FILE", "A secret for RUN --mount=type=secret; also id=ID,env=NAME" },
                { "shm-size", 0, OPTION_TEXT, &f->shm_size, "SIZE", "The size of /dev/shm (default: 64m)" },
                { "source-date-epoch", 0, OPTION_TEXT, &f->epoch, "SECONDS", "The same as --timestamp" },
                { "skip-default-registry-fallback", 0, OPTION_SWITCH, &f->registry.only_mirrors, NULL, "Of what has a --registry-mirror, ask nobody else" },
                { "squash", 0, OPTION_SWITCH, &f->squash, NULL, "Make one layer of those that the build adds" },
                { "squash-all", 0, OPTION_SWITCH, &f->squash_all, NULL, "Make one layer of all, the base's included" },
                { "ssh", 0, OPTION_LIST, &f->agents, "default|ID=SOCKET|ID=KEY,...", "An ssh agent, or keys for one, for RUN --mount=type=ssh and git over ssh" },
                { "storage", 's', OPTION_TEXT, &f->root, "DIR", "The same as --root" },
                { "tag", 't', OPTION_LIST, &f->tags, "NAME[:TAG]", "Name the image; may be repeated" },
                { "target", 0, OPTION_TEXT, &f->target, "STAGE", "Build this stage and what it needs" },
                { "timestamp", 0, OPTION_TEXT, &f->epoch, "SECONDS", "Nothing in the image is later than this (default: $SOURCE_DATE_EPOCH)" },
                { "tls-verify", 0, OPTION_MAYBE, &f->registry.tls_verify, "true|false", "Talk https to registries, and check certificates" },
                { "ulimit", 0, OPTION_LIST, &f->ulimits, "NAME=SOFT:HARD", "A resource limit of commands" },
                { "unsetenv", 0, OPTION_LIST, &f->unset_env, "NAME", "Remove a variable from the image's environment" },
                { "unsetlabel", 0, OPTION_LIST, &f->unset_labels, "NAME", "Do not inherit a label of a base image" },
                { "variant", 0, OPTION_TEXT, &f->variant, "VARIANT", "The variant part of --platform" },
                { "volume", 'v', OPTION_LIST, &f->volumes, "DIR:/WHERE[:ro|:O]", "Show commands a directory of this machine" },
        };

        *f = (struct build_flags){ .words = STRV_INIT };
        return parse_rows(rows, ARRAY_SIZE(rows), argv, f, ret_help, err);
}

void build_flags_free(struct build_flags *f)
{
        struct strv *const lists[] = {
                &f->words, &f->agents, &f->annotations, &f->build_arg_files, &f->build_args, &f->cache_from, &f->cache_to, &f->cap_add, &f->cap_drop, &f->contexts, &f->dns,
                &f->dns_options, &f->dns_search, &f->env, &f->hosts, &f->labels, &f->no_cache_stages, &f->outputs,
                &f->platforms, &f->secrets, &f->tags, &f->ulimits, &f->unset_env, &f->unset_labels, &f->volumes, &f->warnings,
        };

        for (size_t i = 0; i < ARRAY_SIZE(lists); i++)
                strv_free(lists[i]);
        registry_flags_free(&f->registry);
}
