/* SPDX-License-Identifier: Apache-2.0 */
/* The checks of a Dockerfile: each rule where it warns and beside it where it does not. */
#include "dockerfile/lint.h"

#include <string.h>

#include "common/buffer.h"
#include "common/memory.h"
#include "tests/unit/check.h"

/* "known" has a variable, a shell and a platform; nothing is known of others. */
static bool find_base(void *context, const char *image, struct dockerfile_base *ret)
{
        (void)context;
        if (strcmp(image, "known") != 0)
                return false;
        strv_add(&ret->env, "FROM_BASE=x");
        ret->has_shell = true;
        ret->platform = memory_strdup("linux/arm64");
        return true;
}

static bool is_reference(const char *text)
{
        return text[0] != '\0' && text[strlen(text) - 1] != ':';
}

/* "LINE Rule" of each warning, with "!" at the end when the file asks to fail; or "error: ..." */
static char *lint(const char *text, struct dockerfile_lint_options *options)
{
        CLEANUP_ERROR struct error err = ERROR_INIT;
        CLEANUP_STRV struct strv platform = STRV_INIT;
        const struct strv none = STRV_INIT;
        CLEANUP_BUFFER struct buffer out = BUFFER_INIT;
        struct dockerfile_warnings warnings = {0};
        struct dockerfile *d = NULL;
        int result;

        strv_add(&platform, "TARGETPLATFORM=linux/amd64");
        strv_add(&platform, "BUILDPLATFORM=linux/amd64");
        options->platform = &platform;
        options->build_args = &none;
        options->find_base = find_base;
        options->is_reference = is_reference;
        buffer_append_string(&out, "");
        result = dockerfile_parse(text, strlen(text), "Dockerfile", &d, &err);
        if (result == 0)
                result = dockerfile_lint(d, options, &warnings, NULL, &err);
        for (size_t i = 0; result == 0 && i < warnings.count; i++)
                buffer_printf(&out, "%s%u %s", i ? ", " : "", warnings.items[i].first_line,
                              warnings.items[i].rule->name);
        if (result < 0)
                buffer_printf(&out, "error: %s", err.message);
        else if (warnings.fail)
                buffer_append_string(&out, "!");
        options->platform = options->build_args = NULL;
        dockerfile_warnings_clear(&warnings);
        dockerfile_free(d);
        return buffer_steal(&out);
}

static void test_rules(void)
{
        static const struct {
                const char *text, *expected;
        } rows[] = {
                {"FROM a AS b\nRUN x\n", ""},
                {"FROM a AS B\n", "1 StageNameCasing"},
                {"FROM a as b\n", "1 FromAsCasing"},
                {"from a as b\n", ""},
                {"from a AS b\n", "1 FromAsCasing"},
                {"FROM a\nRUN x \\\n\n  y\n", "4 NoEmptyContinuation"},
                {"FROM a\nRUN x \\\n# comment\n  y\n", ""},
                {"FROM a\nrun x\nRUN y\n", "2 ConsistentInstructionCasing"},
                {"from a\nrun x\n", ""},
                {"FROM a\nRun x\n", "2 ConsistentInstructionCasing"},
                {"FROM a AS s\nFROM a AS s\n", "2 DuplicateStageName"},
                {"FROM a AS s\nFROM a AS t\n", ""},
                {"FROM a AS scratch\n", "1 ReservedStageName"},
                {"FROM a AS context\n", "1 ReservedStageName"},
                {"FROM a\nCMD x\n", "2 JSONArgsRecommended"},
                {"FROM a\nENTRYPOINT x\n", "2 JSONArgsRecommended"},
                {"FROM a\nCMD [\"x\"]\n", ""},
                {"FROM a\nSHELL [\"/b\"]\nCMD x\n", ""},
                {"FROM known\nCMD x\n", "1 InvalidBaseImagePlatform"}, /* its config has a shell */
                {"FROM a\nMAINTAINER x\n", "2 MaintainerDeprecated"},
                {"FROM $NO\n", "1 InvalidDefaultArgInFrom, 1 UndefinedArgInFrom"},
                {"FROM a$NO\n", "1 UndefinedArgInFrom"},
                {"ARG YES=a\nFROM $YES\n", ""},
                {"FROM a\nWORKDIR b\n", "2 WorkdirRelativePath"},
                {"FROM a\nWORKDIR /b\nWORKDIR c\n", ""},
                {"FROM scratch\nCOPY $x /\n", "2 UndefinedVar"},
                {"FROM a\nCOPY $x /\n", ""} /* a may set it */,
                {"FROM scratch\nARG x\nCOPY $x /\n", ""},
                {"FROM scratch\nENV PATH=$PATH:/x\n", ""},
                {"FROM known\nCOPY $FROM_BASE /\n", "1 InvalidBaseImagePlatform"},
                {"FROM a\nCMD [\"a\"]\nCMD [\"b\"]\n", "2 MultipleInstructionsDisallowed"},
                {"FROM a\nCMD [\"a\"]\nFROM a\nCMD [\"b\"]\n", ""},
                {"FROM a\nENV a b\n", "2 LegacyKeyValueFormat"},
                {"FROM a\nLABEL a b\n", "2 LegacyKeyValueFormat"},
                {"FROM --platform=$TARGETPLATFORM a\n", "1 RedundantTargetPlatform"},
                {"FROM --platform=$BUILDPLATFORM a\n", ""},
                {"FROM a\nARG DB_PASSWORD\n", "2 SecretsUsedInArgOrEnv"},
                {"FROM a\nENV API_KEY=x\n", "2 SecretsUsedInArgOrEnv"},
                {"FROM a\nENV PUBLIC_KEY=x\n", ""},
                {"ARG V\nFROM a:$V\n", "2 InvalidDefaultArgInFrom"},
                {"ARG V\nFROM a:${V:-1}\n", ""},
                {"FROM --platform=linux/amd64 a\n", "1 FromPlatformFlagConstDisallowed"},
                {"FROM a\nCOPY ignored/x /\n", "2 CopyIgnoredFile"},
                {"FROM a\nCOPY kept /\n", ""},
                {"FROM a AS s\nFROM a\nCOPY --from=s ignored/x /\n", ""},
                {"FROM a\nEXPOSE 80/TCP\n", "2 ExposeProtoCasing"},
                {"FROM a\nEXPOSE 1:80\n", "2 ExposeInvalidFormat"},
                {"FROM a\nEXPOSE 80/tcp\n", ""},
        };
        CLEANUP_ERROR struct error err = ERROR_INIT;
        CLEANUP_IGNORE struct dockerfile_ignore *ignore = NULL;

        CHECK_OK(dockerfile_ignore_parse("ignored\n", 8, ".dockerignore", &ignore, &err));
        for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
                struct dockerfile_lint_options options = {.ignore = ignore};
                CLEANUP_FREE char *actual = lint(rows[i].text, &options);

                if (strcmp(actual, rows[i].expected) != 0)
                        printf("# %s", rows[i].text);
                CHECK_STR(actual, rows[i].expected);
        }
}

static void test_settings(void)
{
        static const struct {
                const char *check; /* of the command line */
                const char *text, *expected;
        } rows[] = {
                {NULL, "# check=skip=StageNameCasing\nFROM a AS B\nMAINTAINER x\n", "3 MaintainerDeprecated"},
                {NULL, "# check=skip=all\nFROM a AS B\nMAINTAINER x\n", ""},
                {NULL, "# check=skip=StageNameCasing, MaintainerDeprecated\nFROM a AS B\nMAINTAINER x\n", ""},
                {NULL, "# check=error=true\nFROM a AS B\n", "2 StageNameCasing!"},
                {NULL, "# check=skip=StageNameCasing;error=true\nFROM a AS B\n", "!"},
                {NULL, "# check=error=false\nFROM a AS B\n", "2 StageNameCasing"},
                {"skip=all", "# check=error=true\nFROM a AS B\n", ""},
                {"error=true", "FROM a AS B\n", "1 StageNameCasing!"},
                {NULL, "# check=never=1\nFROM a\n", "error: "},
                {NULL, "# check=skip\nFROM a\n", "error: "},
                {NULL, "FROM a\n# check=skip=MaintainerDeprecated\nMAINTAINER x\n", ""},
                {NULL, "FROM a\n# check=skip=UndefinedVar\nMAINTAINER x\n", "3 MaintainerDeprecated"},
        };

        for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
                struct dockerfile_lint_options options = {.check = rows[i].check};
                CLEANUP_FREE char *actual = lint(rows[i].text, &options);

                if (strcmp(rows[i].expected, "error: ") == 0) {
                        CHECK_HAS(actual, "error: ");
                        continue;
                }
                if (strcmp(actual, rows[i].expected) != 0)
                        printf("# %s", rows[i].text);
                CHECK_STR(actual, rows[i].expected);
        }
}

/* Only what the target needs is looked at by the rules that follow variables. */
static void test_target(void)
{
        static const char text[] =
                "FROM scratch AS one\nCOPY $x /\nFROM scratch AS two\nCOPY $y /\nFROM one AS three\nCOPY $z /\n";
        struct dockerfile_lint_options options = {.target = "three"};
        CLEANUP_FREE char *three = lint(text, &options);
        CLEANUP_FREE char *two = NULL;
        CLEANUP_FREE char *all = NULL;

        CHECK_STR(three, "2 UndefinedVar, 6 UndefinedVar");
        options.target = "two";
        two = lint(text, &options);
        CHECK_STR(two, "4 UndefinedVar");
        options.target = NULL;
        all = lint(text, &options);
        CHECK_STR(all, "2 UndefinedVar, 4 UndefinedVar, 6 UndefinedVar");
}

static void test_names_of_rules(void)
{
        static const char text[] = "FROM a AS B\nMAINTAINER x\nMAINTAINER y\n";
        const struct strv none = STRV_INIT;
        struct dockerfile_lint_options options = {.platform = &none, .build_args = &none};
        CLEANUP_ERROR struct error err = ERROR_INIT;
        CLEANUP_FREE char *rules = NULL;
        struct dockerfile_warnings warnings = {0};
        struct dockerfile *d = NULL;

        CHECK_OK(dockerfile_parse(text, strlen(text), "Dockerfile", &d, &err));
        CHECK_OK(dockerfile_lint(d, &options, &warnings, NULL, &err));
        rules = dockerfile_warnings_rules(&warnings);
        CHECK_STR(rules, "StageNameCasing, MaintainerDeprecated");
        dockerfile_warnings_clear(&warnings);
        dockerfile_free(d);
}

int main(void)
{
        CHECK_RUN(test_rules);
        CHECK_RUN(test_settings);
        CHECK_RUN(test_target);
        CHECK_RUN(test_names_of_rules);
        return CHECK_END();
}
