/* SPDX-License-Identifier: Apache-2.0 */
/*
 * bryo kaniko: the command line of kaniko's executor, translated into one of
 * `bryo build`. A CI job that calls /kaniko/executor can call this instead.
 * What kaniko does to be able to snapshot its own root directory has no
 * meaning here and is ignored.
 */
#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "cmd/options.h"
#include "cmd/notice.h"
#include "cmd/verbs.h"
#include "common/memory.h"

#define NO_SNAPSHOTS "nothing is snapshotted: the file system knows what changed"

struct kaniko_flags {
        struct strv authorities, build_args, clients, destinations, insecure, labels, maps, mirrors, warnings, words;
        const char *compression, *level, *retries, *single_snapshot;
        const char *cache, *cache_repo, *cache_ttl, *no_push_cache, *context, *dockerfile, *digest_file, *name_file, *oci_path, *platform, *sub_path, *tar_path, *target, *root;
        const char *insecure_push, *insecure_pull, *keep_tags, *only_mirrors, *skip_push, *skip_pull; /* "true", or NULL */
        bool no_push, reproducible;
};

static const struct option_foreign ignored[] = {
        { "cache-copy-layers", 0, OPTION_MAYBE, "every step is cached in bryo's store" },
        { "cache-dir", 0, OPTION_TEXT, "every step is cached in bryo's store" },
        { "cache-run-layers", 0, OPTION_MAYBE, "every step is cached in bryo's store" },
        { "cleanup", 0, OPTION_MAYBE, "nothing is left behind" },
        { "compressed-caching", 0, OPTION_MAYBE, "layers of a cache are compressed as those of images" },
        { "force", 0, OPTION_MAYBE, "bryo runs anywhere" },
        { "force-build-metadata", 0, OPTION_MAYBE, "the image is always written" },
        { "git", 0, OPTION_TEXT, "git repositories are fetched with git's defaults" },
        { "ignore-path", 0, OPTION_TEXT, NO_SNAPSHOTS },
        { "ignore-var-run", 0, OPTION_MAYBE, NO_SNAPSHOTS },
        { "image-fs-extract-retry", 0, OPTION_TEXT, "no image is extracted" },
        { "kaniko-dir", 0, OPTION_TEXT, "bryo has its store (--root)" },
        { "log-format", 0, OPTION_TEXT, "the progress is plain text" },
        { "log-timestamp", 0, OPTION_MAYBE, "the progress has seconds since the step began" },
        { "skip-push-permission-check", 0, OPTION_MAYBE, "whether a push is allowed shows when it is made" },
        { "skip-unused-stages", 0, OPTION_MAYBE, "stages that the target does not need are never built" },
        { "snapshot-mode", 0, OPTION_TEXT, NO_SNAPSHOTS },
        { "snapshotMode", 0, OPTION_TEXT, NO_SNAPSHOTS },
        { "use-new-run", 0, OPTION_MAYBE, NO_SNAPSHOTS },
        { "verbosity", 'v', OPTION_TEXT, "the progress shows all there is" },
};

static int parse(struct kaniko_flags *f, char *const *argv, bool *ret_help, struct error *err)
{
        const struct option_row rows[] = {
                { "build-arg", 0, OPTION_LIST, &f->build_args, "NAME=VALUE", "Set a build-time variable" },
                { "cache", 0, OPTION_MAYBE, &f->cache, "true|false", "Use a cache in a registry besides the store's own" },
                { "cache-repo", 0, OPTION_TEXT, &f->cache_repo, "REPO", "Where that is, or oci:DIR (default: the destination's repository, /cache)" },
                { "cache-ttl", 0, OPTION_TEXT, &f->cache_ttl, "DURATION", "Execute steps again that were executed longer ago" },
                { "compression", 0, OPTION_TEXT, &f->compression, "TYPE", "How layers are compressed: gzip (default) or zstd" },
                { "compression-level", 0, OPTION_TEXT, &f->level, "N", "0-9 for gzip, 0-22 for zstd" },
                { "context", 'c', OPTION_TEXT, &f->context, "CONTEXT", "dir://PATH, PATH, tar://stdin, git or http(s) URL" },
                { "context-sub-path", 0, OPTION_TEXT, &f->sub_path, "PATH", "A directory of the context to build" },
                { "custom-platform", 0, OPTION_TEXT, &f->platform, "OS/ARCH", "What to build for" },
                { "customPlatform", 0, OPTION_TEXT, &f->platform, "OS/ARCH", "The same" },
                { "destination", 'd', OPTION_LIST, &f->destinations, "NAME", "Name the image and push it; may be repeated" },
                { "digest-file", 0, OPTION_TEXT, &f->digest_file, "FILE", "Write the manifest's digest to a file" },
                { "dockerfile", 'f', OPTION_TEXT, &f->dockerfile, "FILE", "The Dockerfile, in the context or not (default: Dockerfile)" },
                { "image-name-with-digest-file", 0, OPTION_TEXT, &f->name_file, "FILE", "Write NAME@DIGEST to a file" },
                { "image-download-retry", 0, OPTION_TEXT, &f->retries, "N", "Try a request to a registry again so often" },
                { "insecure", 0, OPTION_MAYBE, &f->insecure_push, "true|false", "Registries may be asked by http, or with any certificate" },
                { "insecure-pull", 0, OPTION_MAYBE, &f->insecure_pull, "true|false", "The same" },
                { "insecure-registry", 0, OPTION_LIST, &f->insecure, "HOST", "The same of one registry" },
                { "label", 0, OPTION_LIST, &f->labels, "NAME=VALUE", "Set a label of the image" },
                { "no-push", 0, OPTION_SWITCH, &f->no_push, NULL, "Keep the image in the store" },
                { "no-push-cache", 0, OPTION_MAYBE, &f->no_push_cache, "true|false", "Read that cache, write nothing to it" },
                { "oci-layout-path", 0, OPTION_TEXT, &f->oci_path, "DIR", "Write an OCI image layout" },
                { "platform", 0, OPTION_TEXT, &f->platform, "OS/ARCH", "What to build for" },
                { "push-ignore-immutable-tag-errors", 0, OPTION_MAYBE, &f->keep_tags, "true|false", "A tag that the registry never moves is a warning" },
                { "push-retry", 0, OPTION_TEXT, &f->retries, "N", "The same as --image-download-retry" },
                { "registry-certificate", 0, OPTION_LIST, &f->authorities, "HOST=FILE", "Trust these authorities at a registry, too" },
                { "registry-client-cert", 0, OPTION_LIST, &f->clients, "HOST=CERT,KEY", "Show this certificate to a registry" },
                { "registry-map", 0, OPTION_LIST, &f->maps, "REGISTRY=HOST[/PATH];...", "Ask the second before the first; may be repeated" },
                { "registry-mirror", 0, OPTION_LIST, &f->mirrors, "HOST[/PREFIX]", "Ask this registry before docker.io" },
                { "reproducible", 0, OPTION_SWITCH, &f->reproducible, NULL, "All times are 1970" },
                { "root", 0, OPTION_TEXT, &f->root, "DIR", "The store (default: $BRYO_ROOT or ~/.local/share/bryo)" },
                { "single-snapshot", 0, OPTION_MAYBE, &f->single_snapshot, "true|false", "Make one layer of those that the build adds" },
                { "skip-default-registry-fallback", 0, OPTION_MAYBE, &f->only_mirrors, "true|false", "Of what has a mirror or a map, ask nobody else" },
                { "skip-tls-verify", 0, OPTION_MAYBE, &f->skip_push, "true|false", "The same as --insecure" },
                { "skip-tls-verify-pull", 0, OPTION_MAYBE, &f->skip_pull, "true|false", "The same" },
                { "skip-tls-verify-registry", 0, OPTION_LIST, &f->insecure, "HOST", "The same as --insecure-registry" },
                { "tar-path", 0, OPTION_TEXT, &f->tar_path, "FILE", "Write an archive for docker load" },
                { "tarPath", 0, OPTION_TEXT, &f->tar_path, "FILE", "The same" },
                { "target", 0, OPTION_TEXT, &f->target, "STAGE", "Build this stage and what it needs" },
        };
        const struct option_table table = {
                .usage = "bryo kaniko [OPTIONS]",
                .about = "Builds an image from the command line of kaniko's executor.",
                .rows = rows,
                .count = ARRAY_SIZE(rows),
                .ignored = ignored,
                .ignored_count = ARRAY_SIZE(ignored),
                .warnings = &f->warnings,
        };

        if (options_parse(&table, argv, &f->words, ret_help, err) < 0)
                return -1;
        if (*ret_help)
                options_print_help(&table);
        return 0;
}

static int check(const struct kaniko_flags *f, struct error *err)
{
        if (f->words.count > 0)
                return error_set(err, OPTIONS_EUSAGE, "bryo kaniko takes flags only, not %s: the context is --context", f->words.items[0]);
        if (!f->context)
                return error_set(err, OPTIONS_EUSAGE, "bryo kaniko needs --context");
        if (f->tar_path && f->destinations.count == 0)
                return error_set(err, OPTIONS_EUSAGE, "--tar-path needs --destination: the archive names the image");
        return 0;
}

/* kaniko's spelling of contexts into docker's. Heap text. */
static int translate_context(const struct kaniko_flags *f, char **ret, struct error *err)
{
        static const char *const buckets[] = { "gs://", "s3://", "oss://" };
        const char *text = f->context;

        for (size_t i = 0; i < ARRAY_SIZE(buckets); i++)
                if (strncmp(text, buckets[i], strlen(buckets[i])) == 0)
                        return error_set(err, OPTIONS_EUSAGE, "--context %s: bryo reads no storage buckets; fetch it, and use dir:// or tar://stdin", text);
        if (strcmp(text, "tar://stdin") == 0)
                text = "-";
        else if (strncmp(text, "dir://", 6) == 0)
                text += 6;
        if (strncmp(f->context, "git://", 6) == 0)
                *ret = memory_printf("https://%s%s%s", text + 6, f->sub_path && !strchr(text, '#') ? "#:" : f->sub_path ? ":" : "",
                                     f->sub_path ? f->sub_path : "");
        else
                *ret = f->sub_path ? memory_printf("%s/%s", text, f->sub_path) : memory_strdup(text);
        return 0;
}

/* kaniko looks for the Dockerfile in the context first, and for an absolute path that is not there at last. */
static char *find_dockerfile(const char *context, const char *file)
{
        CLEANUP_FREE char *inside = memory_printf("%s/%s", context, file);

        return access(inside, F_OK) == 0 && (file[0] != '/' || access(file, F_OK) < 0) ? STEAL(inside) : memory_strdup(file);
}

static void add(struct strv *argv, const char *flag, const char *value)
{
        if (value)
                strv_take(argv, memory_printf("--%s=%s", flag, value));
}

static void add_all(struct strv *argv, const char *flag, const struct strv *values)
{
        for (size_t i = 0; i < values->count; i++)
                add(argv, flag, values->items[i]);
}

static bool is_on(const char *value)
{
        return value && strcmp(value, "false") != 0 && strcmp(value, "0") != 0;
}

/* "a=b;c=d": kaniko's maps are mirrors of registries other than Docker Hub. */
static void add_maps(struct strv *argv, const struct strv *maps)
{
        for (size_t i = 0; i < maps->count; i++) {
                CLEANUP_FREE char *list = memory_strdup(maps->items[i]);
                char *rest;

                for (char *one = strtok_r(list, ";", &rest); one; one = strtok_r(NULL, ";", &rest))
                        add(argv, "registry-mirror", one);
        }
}

static void add_registries(struct strv *argv, const struct kaniko_flags *f)
{
        if (!f->no_push && f->destinations.count > 0)
                strv_add(argv, "--push");
        if (is_on(f->insecure_push) || is_on(f->insecure_pull) || is_on(f->skip_push) || is_on(f->skip_pull))
                strv_add(argv, "--tls-verify=false");
        add_all(argv, "insecure-registry", &f->insecure);
        add_maps(argv, &f->maps);
        add_all(argv, "registry-mirror", &f->mirrors);
        add_all(argv, "registry-certificate", &f->authorities);
        add_all(argv, "registry-client-cert", &f->clients);
        if (is_on(f->only_mirrors))
                strv_add(argv, "--skip-default-registry-fallback");
        if (is_on(f->keep_tags))
                strv_add(argv, "--push-ignore-immutable-tag-errors");
        if (f->retries && strcmp(f->retries, "0") != 0)
                add(argv, "retry", f->retries);
}

static void add_outputs(struct strv *argv, const struct kaniko_flags *f)
{
        if (f->tar_path)
                strv_take(argv, memory_printf("--output=type=docker,\"dest=%s\"", f->tar_path));
        if (f->oci_path)
                strv_take(argv, memory_printf("--output=type=oci,tar=false,\"dest=%s\"", f->oci_path));
}

/* As kaniko: off unless asked for, and then beside the first destination. */
static void add_cache(struct strv *argv, const struct kaniko_flags *f)
{
        CLEANUP_FREE char *beside = NULL;
        const char *repo = f->cache_repo;

        add(argv, "cache-ttl", f->cache_ttl);
        if (!is_on(f->cache))
                return;
        if (!repo && f->destinations.count > 0) {
                const char *name = f->destinations.items[0];
                const char *slash = strrchr(name, '/');
                size_t repository = slash ? (size_t)(slash - name) + strcspn(slash, ":@") : strcspn(name, ":@");

                beside = memory_printf("%.*s/cache", (int)repository, name);
                repo = beside;
        }
        if (!repo)
                return;
        if (strncmp(repo, "oci:", 4) == 0) {
                strv_take(argv, memory_printf("--cache-from=type=local,\"src=%s\"", repo + 4));
                if (!is_on(f->no_push_cache))
                        strv_take(argv, memory_printf("--cache-to=type=local,mode=max,\"dest=%s\"", repo + 4));
                return;
        }
        add(argv, "cache-from", repo);
        if (!is_on(f->no_push_cache))
                add(argv, "cache-to", repo);
}

static int translate(const struct kaniko_flags *f, struct strv *argv, struct error *err)
{
        CLEANUP_FREE char *context = NULL;
        CLEANUP_FREE char *file = NULL;

        if (translate_context(f, &context, err) < 0)
                return -1;
        if (f->dockerfile)
                file = find_dockerfile(context, f->dockerfile);
        strv_add(argv, "build");
        add_all(argv, "build-arg", &f->build_args);
        add_all(argv, "label", &f->labels);
        add_all(argv, "tag", &f->destinations);
        add(argv, "file", file);
        add(argv, "target", f->target);
        add(argv, "platform", f->platform);
        add(argv, "root", f->root);
        add(argv, "digest-file", f->digest_file);
        add(argv, "image-name-with-digest-file", f->name_file);
        add(argv, "compression-format", f->compression);
        add(argv, "compression-level", f->level && strcmp(f->level, "-1") == 0 ? NULL : f->level); /* kaniko's default */
        if (is_on(f->single_snapshot))
                strv_add(argv, "--squash");
        add(argv, "timestamp", f->reproducible ? "0" : NULL);
        add_registries(argv, f);
        add_cache(argv, f);
        add_outputs(argv, f);
        strv_add(argv, "--");
        strv_add(argv, context);
        return 0;
}

static int build(const struct kaniko_flags *f, struct error *err)
{
        CLEANUP_STRV struct strv argv = STRV_INIT;

        if (check(f, err) < 0 || translate(f, &argv, err) < 0)
                return -1;
        cmd_notice_warn(&f->warnings);
        return cmd_build(strv_array(&argv), err);
}

int cmd_kaniko(char *const *argv, struct error *err)
{
        struct kaniko_flags f = { .context = NULL };
        bool help = false;
        int result = parse(&f, argv, &help, err);

        if (result == 0 && !help)
                result = build(&f, err);
        strv_free(&f.build_args);
        strv_free(&f.destinations);
        strv_free(&f.insecure);
        strv_free(&f.mirrors);
        strv_free(&f.authorities);
        strv_free(&f.clients);
        strv_free(&f.maps);
        strv_free(&f.labels);
        strv_free(&f.warnings);
        strv_free(&f.words);
        return result;
}
