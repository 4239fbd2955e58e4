/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A fuzz target for everything this room reads: the same bytes are taken as a
 * Dockerfile, which is also linted, a trigger, an ignore file, a word and a mount. Nothing may
 * crash, leak or hang, and a failure always has a message.
 */
#include <assert.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "common/buffer.h"
#include "common/memory.h"
#include "dockerfile/expand.h"
#include "dockerfile/glob.h"
#include "dockerfile/ignore.h"
#include "dockerfile/lint.h"
#include "dockerfile/mount.h"
#include "dockerfile/parser.h"
#include "dockerfile/value.h"
#include "tests/fuzz/replay.h"

static const char *find(void *context, const char *name)
{
        (void)context;
        return name[0] >= 'a' ? "some value/with.dots" : name[0] == 'N' ? "" : NULL;
}

static const struct dockerfile_scope scope = {.find = find};

/* A function that failed has said why, one that did not is silent. */
static void check(int result, struct error *err)
{
        assert((result < 0) == error_is_set(err));
        assert(result == 0 || result == -1);
        error_clear(err);
}

static void try_word(const char *text)
{
        struct error err = ERROR_INIT;
        CLEANUP_STRV struct strv words = STRV_INIT;
        char *out = NULL;

        check(dockerfile_expand(&scope, '\\', DOCKERFILE_EXPAND_WORD, text, &out, &err), &err);
        assert(!out || strlen(out) <= DOCKERFILE_MAX_EXPANSION);
        free(out);
        out = NULL;
        check(dockerfile_expand(&scope, '`', DOCKERFILE_EXPAND_HEREDOC, text, &out, &err), &err);
        free(out);
        check(dockerfile_expand_words(&scope, '\\', text, &words, &err), &err);
}

static void try_values(const char *text)
{
        struct error err = ERROR_INIT;
        struct dockerfile_mount mount;
        struct dockerfile_owner owner = {0};
        struct dockerfile_mode mode;
        struct dockerfile_ports ports;
        int64_t duration;
        int result;

        for (int pass = 0; pass < 2; pass++) {
                result = dockerfile_mount_parse(text, pass ? &scope : NULL, '\\', &mount, &err);
                if (result == 0)
                        dockerfile_mount_clear(&mount);
                check(result, &err);
        }
        check(dockerfile_owner_parse(text, &owner, &err), &err);
        dockerfile_owner_clear(&owner);
        result = dockerfile_mode_parse(text, &mode, &err);
        assert(result < 0 || dockerfile_mode_apply(&mode, 0644, true) <= 07777);
        check(result, &err);
        check(dockerfile_ports_parse(text, &ports, &err), &err);
        check(dockerfile_signal_parse(text, &result, &err), &err);
        check(dockerfile_duration_parse(text, &duration, &err), &err);
}

/* The mounts of a file that was parsed, with the variables that hold there. */
static void try_mounts(const struct dockerfile_run *run)
{
        struct error err = ERROR_INIT;

        for (size_t k = 0; k < run->mount_count; k++) {
                struct dockerfile_mount mount;
                int result = dockerfile_mount_parse(run->mounts[k]->value, &scope, '\\', &mount, &err);

                if (result == 0)
                        dockerfile_mount_clear(&mount);
                check(result, &err);
        }
}

/* What an image's config keeps of ONBUILD is read again in the child, always with '\' as escape. */
static void try_trigger(const char *text)
{
        struct error err = ERROR_INIT;
        struct dockerfile *d = NULL;

        check(dockerfile_trigger_parse(text, strlen(text), "ONBUILD", &d, &err), &err);
        dockerfile_free(d);
}

static bool is_reference(const char *text)
{
        return text[0] >= 'a' && text[0] <= 'z';
}

static bool find_base(void *context, const char *image, struct dockerfile_base *ret)
{
        (void)context;
        if (image[0] != 'b')
                return false;
        strv_add(&ret->env, "PATH=/bin");
        ret->platform = memory_strdup("linux/arm64");
        return true;
}

static void try_lint(const struct dockerfile *d)
{
        CLEANUP_STRV struct strv build_args = STRV_INIT;
        CLEANUP_STRV struct strv platform = STRV_INIT;

        strv_add(&platform, "TARGETPLATFORM=linux/amd64");
        strv_add(&build_args, "a=${b:?no}");
        for (int all = 0; all < 2; all++) {
                const struct dockerfile_lint_options options = {.build_args = &build_args,
                                                                .platform = &platform,
                                                                .target = all ? NULL : "0",
                                                                .find_base = find_base,
                                                                .is_reference = is_reference};
                struct dockerfile_warnings warnings = {0};
                struct dockerfile_outline outline = {0};
                struct error err = ERROR_INIT;

                check(dockerfile_lint(d, &options, &warnings, &outline, &err), &err);
                for (size_t k = 0; k < warnings.count; k++) {
                        assert(warnings.items[k].first_line <= warnings.items[k].last_line);
                        assert(k == 0 || warnings.items[k - 1].first_line <= warnings.items[k].first_line);
                }
                dockerfile_warnings_clear(&warnings);
                dockerfile_outline_clear(&outline);
        }
}

static void try_file(const char *text, size_t size)
{
        struct error err = ERROR_INIT;
        struct dockerfile *d = NULL;

        check(dockerfile_trigger_parse(text, size, "trigger", &d, &err), &err);
        dockerfile_free(d);
        d = NULL;
        check(dockerfile_parse(text, size, "Dockerfile", &d, &err), &err);
        if (d)
                try_lint(d);
        for (size_t k = 0; d && k < d->instruction_count; k++) {
                const struct dockerfile_instruction *i = &d->instructions[k];
                CLEANUP_BUFFER struct buffer out = BUFFER_INIT;

                assert(i->first_line <= i->last_line && i->place.line >= i->first_line);
                if (i->kind == DOCKERFILE_RUN)
                        dockerfile_run_text(i, &out);
                if (i->kind == DOCKERFILE_RUN)
                        try_mounts(&i->run);
                if (i->kind == DOCKERFILE_ONBUILD)
                        try_trigger(i->onbuild.expression);
                for (size_t n = 0; n < i->heredoc_count; n++)
                        try_word(i->heredocs[n].body);
                for (size_t n = 0; n < i->arg_count; n++) {
                        try_word(i->args[n].text);
                        check(dockerfile_error(d, &i->args[n].place, &err, "%s", i->args[n].text), &err);
                }
                dockerfile_excerpt(d, i->first_line, i->last_line, &out);
        }
        dockerfile_free(d);
        check(dockerfile_syntax_check(text, size, "Dockerfile", NULL, &err), &err);
}

/* --exclude takes what a line of the ignore file is. */
static void try_exclude(const char *text)
{
        struct error err = ERROR_INIT;
        struct dockerfile_ignore *m = NULL;
        struct dockerfile_glob *g = NULL;

        check(dockerfile_ignore_new(&text, 1, &m, &err), &err);
        if (m)
                dockerfile_ignore_matches(m, "a/b", NULL);
        dockerfile_ignore_free(m);
        check(dockerfile_glob_parse(text, &g, &err), &err);
        if (g)
                dockerfile_glob_matches(g, "a/b");
        dockerfile_glob_free(g);
}

static void try_patterns(const char *text, size_t size)
{
        static const char *const paths[] = {"a", "a/b/c", "some/deep/path/file.txt", "\xFF/\xE2\x98"};
        struct error err = ERROR_INIT;
        struct dockerfile_ignore *m = NULL;
        struct dockerfile_glob *g = NULL;

        check(dockerfile_ignore_parse(text, size, ".dockerignore", &m, &err), &err);
        check(dockerfile_glob_parse_deep(text, &g, &err), &err);
        for (size_t k = 0; k < ARRAY_SIZE(paths); k++) {
                if (m) {
                        bool kept = !dockerfile_ignore_matches(m, paths[k], NULL);
                        char *slash;
                        CLEANUP_FREE char *dir = memory_strdup(paths[k]);

                        /* What is kept must be reachable. */
                        while ((slash = strrchr(dir, '/')) != NULL) {
                                *slash = '\0';
                                assert(!kept || dockerfile_ignore_may_contain(m, dir));
                        }
                }
                if (g && dockerfile_glob_matches(g, paths[k]))
                        assert(!strchr(paths[k], '/') || dockerfile_glob_may_contain(g, ""));
        }
        dockerfile_ignore_free(m);
        dockerfile_glob_free(g);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
        CLEANUP_FREE char *text = memory_strndup((const char *)data, size);

        try_file((const char *)data, size);
        try_patterns(text, strlen(text));
        try_exclude(text);
        try_word(text);
        try_values(text);
        return 0;
}

REPLAY_MAIN("dockerfile_parse")
