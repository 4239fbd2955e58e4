/* SPDX-License-Identifier: Apache-2.0 */
#include "builder/plan.h"

#include <errno.h>

#include "common/buffer.h"
#include "common/memory.h"
#include "tests/unit/check.h"

static const struct strv no_args = STRV_INIT;

/* The image "parent" has a trigger that reads stage x, "broken" one that is no instruction, "gone" is not there. */
static int find_triggers(void *context, const char *image, const struct oci_platform *platform, struct strv *ret,
                         struct error *err)
{
        (void)context, (void)platform;
        if (strcmp(image, "parent") == 0)
                strv_add(ret, "COPY --from=x /f /f");
        else if (strcmp(image, "broken") == 0)
                strv_add(ret, "RNU x");
        else if (strcmp(image, "gone") == 0)
                return error_set(err, ENOENT, "there is no image gone");
        return 0;
}

/* Parses and plans; the plan's stages as text: "0:base! 1:x<0 ..." (! needed, <N stands on stage N, s scratch). */
static char *plan_text(const char *text, const char *target, const struct strv *args, struct error *err)
{
        CLEANUP_DOCKERFILE struct dockerfile *file = NULL;
        CLEANUP_PLAN struct builder_plan plan = BUILDER_PLAN_INIT;
        CLEANUP_BUFFER struct buffer out = BUFFER_INIT;
        const struct builder_plan_options options = { .build_args = args, .target = target, .find_triggers = find_triggers };

        if (dockerfile_parse(text, strlen(text), "Dockerfile", &file, err) < 0 ||
            builder_plan_make(file, &options, &plan, err) < 0)
                return NULL;
        for (size_t i = 0; i < plan.count; i++) {
                const struct builder_stage_plan *s = &plan.stages[i];

                buffer_printf(&out, "%s%zu:%s%s", i ? " " : "", i, s->image ? s->image : "-", s->needed ? "!" : "");
                if (s->base != BUILDER_NO_STAGE)
                        buffer_printf(&out, "<%zu", s->base);
                if (s->scratch)
                        buffer_append_char(&out, 's');
        }
        return buffer_steal(&out);
}

static const struct {
        const char *text, *target, *expected, *error;
} cases[] = {
        { "FROM a\n", NULL, "0:a!", NULL },
        { "FROM scratch\n", NULL, "0:scratch!s", NULL },
        { "FROM a AS x\nFROM b\n", NULL, "0:a 1:b!", NULL },
        { "FROM a AS x\nFROM x\n", NULL, "0:a! 1:x!<0", NULL },
        { "FROM a AS x\nFROM X\n", NULL, "0:a! 1:X!<0", NULL },
        { "FROM a AS x\nFROM b AS x\nFROM x\n", NULL, "0:a 1:b! 2:x!<1", NULL },
        { "FROM a AS x\nFROM b\nCOPY --from=x /f /f\n", NULL, "0:a! 1:b!", NULL },
        { "FROM a\nFROM b\nCOPY --from=0 /f /f\n", NULL, "0:a! 1:b!", NULL },
        { "FROM a AS x\nFROM b\nCOPY --from=X /f /f\n", NULL, "0:a! 1:b!", NULL },
        { "FROM a AS x\nFROM b AS y\nFROM c\n", "y", "0:a 1:b! 2:-", NULL },
        { "FROM a AS x\nFROM b AS y\nFROM c\n", "0", "0:a! 1:- 2:-", NULL },
        { "FROM 0\n", NULL, "0:0!", NULL },
        { "ARG V=1\nARG W=b$V\nFROM $W\n", NULL, "0:b1!", NULL },
        { "FROM a\nCOPY --from=other/image /f /f\n", NULL, "0:a!", NULL },
        { "ARG V\nFROM $V\n", NULL, NULL, "Dockerfile:2:6: the base image $V is empty" },
        { "FROM a AS x\n", "y", NULL, "no stage \"y\": its stages are x" },
        { "FROM a AS build\n", "biuld", NULL, "did you mean \"build\"?" },
        /* triggers: of an image, of a stage, of neither its base's base nor a stage that nobody needs */
        { "FROM a AS x\nFROM parent\n", NULL, "0:a! 1:parent!", NULL },
        { "FROM a AS x\nFROM parent AS y\nFROM y\n", NULL, "0:a! 1:parent! 2:y!<1", NULL },
        { "FROM a AS x\nFROM b AS y\nONBUILD COPY --from=x /f /f\nFROM y\n", NULL, "0:a! 1:b! 2:y!<1", NULL },
        { "FROM a AS x\nFROM b AS y\nONBUILD COPY --from=x /f /f\n", NULL, "0:a 1:b!", NULL },
        { "FROM broken AS x\nFROM a\n", NULL, "0:broken 1:a!", NULL },
        { "FROM parent\n", NULL, "0:parent!", NULL },
        { "FROM parent\nFROM a AS x\nFROM scratch\nCOPY --from=0 / /\n", NULL, NULL, "ONBUILD of parent:1:6: stage \"x\" begins later" },
        { "FROM broken\n", NULL, NULL, "ONBUILD of broken:1:1: unknown instruction: RNU (did you mean RUN?)" },
        { "FROM gone\n", NULL, NULL, "Dockerfile:1:6: there is no image gone" },
        { "FROM a\nCOPY --from=3 /f /f\n", NULL, NULL, "there is no stage 3" },
        { "FROM a\nCOPY --from=0 /f /f\n", NULL, NULL, "cannot copy from itself" },
        { "FROM a\nCOPY --from=later /f /f\nFROM b AS later\nFROM a\nCOPY --from=0 /f /f\n", NULL, NULL, "begins later, in line 3" },
};

static void test_plan(void)
{
        for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
                CLEANUP_ERROR struct error err = ERROR_INIT;
                CLEANUP_FREE char *text = plan_text(cases[i].text, cases[i].target, &no_args, &err);

                if (cases[i].error)
                        CHECK_HAS(err.message, cases[i].error);
                else
                        CHECK_STR(text, cases[i].expected);
        }
}

static void test_build_arg_wins(void)
{
        CLEANUP_ERROR struct error err = ERROR_INIT;
        CLEANUP_STRV struct strv args = STRV_INIT;
        CLEANUP_FREE char *text = NULL;

        strv_add(&args, "V=2");
        text = plan_text("ARG V=1\nFROM b$V\n", NULL, &args, &err);
        CHECK_STR(text, "0:b2!");
}

static void test_unused_arguments(void)
{
        static const char text[] = "ARG A\nFROM a\nARG B\n";
        CLEANUP_ERROR struct error err = ERROR_INIT;
        CLEANUP_DOCKERFILE struct dockerfile *file = NULL;
        CLEANUP_PLAN struct builder_plan plan = BUILDER_PLAN_INIT;
        CLEANUP_STRV struct strv args = STRV_INIT;

        strv_add(&args, "A=1");
        strv_add(&args, "B=1");
        strv_add(&args, "C=1");
        CHECK_OK(dockerfile_parse(text, strlen(text), "Dockerfile", &file, &err));
        CHECK_OK(builder_plan_make(file, &(struct builder_plan_options){ .build_args = &args }, &plan, &err));
        CHECK_INT(plan.unused.count, 1);
        CHECK_STR(plan.unused.items[0], "C");
}

int main(void)
{
        CHECK_RUN(test_plan);
        CHECK_RUN(test_build_arg_wins);
        CHECK_RUN(test_unused_arguments);
        return CHECK_END();
}
