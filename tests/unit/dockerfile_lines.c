/* SPDX-License-Identifier: Apache-2.0 */
/* Bytes, lines, comments, continuations and directives: what the parser does before it knows an instruction. */
#include "tests/unit/dockerfile_rows.h"

/* Byte order mark, line ends, limits, empty files. */
static void test_text(void)
{
        static const struct row good[] = {
                {"RUN a\r\nUSER b \r\n", "2-2 RUN [a]; 3-3 USER [b]"},   /* P1.2 */
                {"RUN a \\\r\n b\r\n", "2-3 RUN [a  b]"},                /* P1.2 */
                {"RUN <<E\r\na\r\nE\r\n", "2-4 RUN [<<E] <<E:0{a\r\n}"}, /* P1.3 */
                {"RUN a", "2-2 RUN [a]"},
        };
        static const struct row bad[] = {
                {"", "Dockerfile: the file has no instructions: the first is FROM IMAGE"},                                    /* P1.5 */
                {"# only\n\n", "Dockerfile: the file has no instructions: the first is FROM IMAGE"},                          /* P1.5 */
                {"ARG x\n", "Dockerfile:1:1: no FROM behind this, so there is no stage to build\n"}, /* P1.6 */
                {"ARG x\nRUN a\nFROM b\n",
                 "Dockerfile:2:1: RUN before the first FROM: only ARG may stand there\n"}, /* P1.7 */
        };
        CLEANUP_FREE char *bom = parse("\xEF\xBB\xBF"
                                       "FROM a");
        CLEANUP_FREE char *utf16 = parse_n("\xFF\xFE"
                                           "F\0R\0",
                                           6);
        CLEANUP_FREE char *nul = parse_n("FROM a\nRUN \0x", 13);
        char *longest = memory_zalloc(1, 70000);

        check_rows(good, ARRAY_SIZE(good));
        check_errors(bad, ARRAY_SIZE(bad));
        /* P1.1 */
        CHECK_STR(bom, "1-1 FROM [a] stage=- platform=-");
        /* P1.8 */
        CHECK_STR(utf16, "error: Dockerfile: the file is UTF-16: save it as UTF-8");
        CHECK_STR(nul, "error: Dockerfile:2:5: a NUL byte: this is not a text file\n   1 | FROM a\n   2 | RUN ?x\n"
                       "     |     ^");
        /* P1.4 */
        for (size_t size = 65534; size <= 65536; size++) {
                CLEANUP_FREE char *is = NULL;

                strcpy(longest, "FROM a\nRUN ");
                memset(longest + 11, 'x', size - 4);
                longest[7 + size] = '\0';
                is = parse(longest);
                if (size <= 65535)
                        CHECK(strncmp(is, "1-1 FROM", 8) == 0);
                else
                        CHECK_HAS(is, "Dockerfile:2:1: the line has 65536 bytes, at most 65535 are allowed");
        }
        free(longest);
}

static void test_limits(void)
{
        CLEANUP_BUFFER struct buffer text = BUFFER_INIT;
        CLEANUP_FREE char *many = NULL;
        CLEANUP_FREE char *big = NULL;

        for (unsigned k = 0; k < DOCKERFILE_MAX_INSTRUCTIONS; k++)
                buffer_append_string(&text, "FROM a\n");
        many = parse(buffer_text(&text));
        CHECK(strncmp(many, "1-1 FROM", 8) == 0);
        free(many);
        buffer_append_string(&text, "USER b");
        many = parse(buffer_text(&text));
        CHECK_HAS(many, "error: Dockerfile:65537:1: too many instructions: at most 65536 are allowed\n");
        while (text.size <= DOCKERFILE_MAX_SIZE)
                buffer_append_string(&text, "\n# comment");
        big = parse(buffer_text(&text));
        CHECK_HAS(big, "error: Dockerfile: the file has 4194308 bytes, at most 4194304 are allowed");
}

/* Blanks, comments, continuations. */
static void test_lines(void)
{
        static const struct row rows[] = {
                {"  RUN a\n\t# comment\n \t\n", "2-2 RUN [a]"}, /* P2.1 */
                {"\xC2\xA0RUN a\xC2\xA0", "2-2 RUN [a]"},
                {"RUN a # b", "2-2 RUN [a # b]"},                         /* P2.2 */
                {"USER #a", "2-2 USER [#a]"},                             /* P2.2 */
                {"RUN a \\\n b", "2-3 RUN [a  b]"},                       /* P3.1 P3.5 */
                {"RUN a \\ \t\n b", "2-3 RUN [a  b]"},                    /* P3.2 */
                {"RUN a\\\nb", "2-3 RUN [ab]"},                           /* P3.5 */
                {"RUN a \\\\\nUSER b", "2-2 RUN [a \\\\]; 3-3 USER [b]"}, /* P3.3 */
                {"RUN a\n\\\nUSER b", "2-2 RUN [a]; 3-4 USER [b]"},       /* P3.4 */
                {"RUN a \\\n\\\n b", "2-4 RUN [a  b]"},
                {"RUN a \\\n# c\n   # d\n b", "2-5 RUN [a  b]"},                /* P4.1 */
                {"RUN a \\\n\n  \n b\nUSER c", "2-5 RUN [a  b]; 6-6 USER [c]"}, /* P4.2 */
                {"RUN a \\", "2-2 RUN [a]"},                                    /* P4.3 */
                {"RUN a \\\n", "2-2 RUN [a]"},                                  /* P4.3 */
                {"RUN a \\\n# end\n", "2-3 RUN [a]"},                           /* P4.3 */
                {"\\\n", ""},
                {"R\\\nUN a", "2-3 RUN [a]"}, /* P3.1 */
        };
        CLEANUP_DOCKERFILE struct dockerfile *d = NULL;
        struct error err = ERROR_INIT;
        static const char text[] = "FROM a\nRUN a \\\n\n b\nRUN c \\\n# d\n e";

        check_rows(rows, ARRAY_SIZE(rows));
        CHECK_OK(dockerfile_parse(text, strlen(text), "Dockerfile", &d, &err));
        /* P4.2 */
        CHECK(d && d->instructions[1].empty_continuation);
        CHECK(d && !d->instructions[2].empty_continuation);
        CHECK_STR(d ? d->instructions[1].original : NULL, "RUN a  b");
}

/* Directives. */
static void test_directives(void)
{
        static const struct {
                const char *text;
                char escape;
                const char *syntax;
                const char *check;
        } rows[] = {
                {"# escape=`\nFROM a", '`', NULL, NULL},    /* P5.6 */
                {"#escape = \\\nFROM a", '\\', NULL, NULL}, /* P5.3 P5.6 */
                {" # ESCAPE=`\nFROM a", '`', NULL, NULL},   /* P5.2 */
                {"# syntax=docker/dockerfile:1\n# Check = skip=all;error=true \n# escape=`\nFROM a", '`',
                 "docker/dockerfile:1", "skip=all;error=true"},        /* P5.1 */
                {"\xEF\xBB\xBF# syntax=X\r\nFROM a", '\\', "X", NULL}, /* P5.2 */
                {"\n# escape=`\nFROM a", '\\', NULL, NULL},            /* P5.1 */
                {"# hello\n# escape=`\nFROM a", '\\', NULL, NULL},     /* P5.1 */
                {"# other=1\n# escape=`\nFROM a", '\\', NULL, NULL},   /* P5.1 */
                {"FROM a\n# escape=`\n", '\\', NULL, NULL},            /* P5.1 */
                {"# syntax=\n# escape=`\nFROM a", '\\', NULL, NULL},
                {"# syntax=a\n# hello\n# syntax=b\nFROM a", '\\', "a", NULL}, /* P5.1 */
                {"# syntax=a \\\n# escape=`\nFROM a", '`', "a \\", NULL},     /* P5.5 */
        };
        static const struct row bad[] = {
                {"# escape=`\n# escape=`\nFROM a", "Dockerfile:2:3: the escape directive is given twice\n"}, /* P5.4 */
                {"# Syntax=a\n#sYntax=b\nFROM a",
                 "Dockerfile:2:2: the sYntax directive is given twice\n"}, /* P5.2 P5.4 */
                {"# check=a\n# check=a\nFROM a", "Dockerfile:2:3: the check directive is given twice\n"}, /* P5.4 */
                {"# escape=ab\nFROM a",
                 "Dockerfile:1:10: the escape character is either \\ or `, not 'ab'\n"},                      /* P5.6 */
                {"# escape=x\nFROM a", "Dockerfile:1:10: the escape character is either \\ or `, not 'x'\n"}, /* P5.6 */
        };
        CLEANUP_FREE char *backtick = parse("# escape=`\nFROM a\nRUN a `\nb \\\nCOPY c:\\ d `");

        for (size_t k = 0; k < ARRAY_SIZE(rows); k++) {
                CLEANUP_DOCKERFILE struct dockerfile *d = NULL;
                struct error err = ERROR_INIT;

                CHECK_OK(dockerfile_parse(rows[k].text, strlen(rows[k].text), "Dockerfile", &d, &err));
                if (!d) {
                        error_clear(&err);
                        continue;
                }
                CHECK_INT(d->escape, rows[k].escape);
                CHECK_STR(d->syntax.value, rows[k].syntax);
                CHECK_STR(d->check.value, rows[k].check);
        }
        check_errors(bad, ARRAY_SIZE(bad));
        CHECK_STR(backtick, "2-2 FROM [a] stage=- platform=-; 3-4 RUN [a b \\]; 5-5 COPY [c:\\] [d]");
}

/* The frontend image. */
static void test_syntax(void)
{
        static const struct {
                const char *text;
                const char *override;
                const char *expected; /* NULL: accepted */
        } rows[] = {
                {"# syntax=docker/dockerfile\nFROM a", NULL, NULL},                     /* P6.1 */
                {"# syntax=docker/dockerfile:1.7-labs\nFROM a", NULL, NULL},            /* P6.1 */
                {"# syntax=docker/dockerfile-upstream:master\nFROM a", NULL, NULL},     /* P6.1 */
                {"# syntax=docker/dockerfile-labs\nFROM a", NULL, NULL},                /* P6.1 */
                {"# syntax=docker.io/docker/dockerfile@sha256:00\nFROM a", NULL, NULL}, /* P6.1 */
                {"# syntax=docker/dockerfile:1 some words\nFROM a", NULL, NULL},
                {"# nothing\nFROM a", NULL, NULL},
                {"FROM a", NULL, NULL},
                {"#!/usr/bin/env bryo\n# syntax=docker/dockerfile:1\nFROM a", NULL, NULL},
                {"# syntax=x/y\nFROM a", NULL, "Dockerfile:1:10: the syntax 'x/y' is not built in: "}, /* P6.3 */
                {"# syntax=docker/dockerfilex\n", NULL,
                 "Dockerfile:1:10: the syntax 'docker/dockerfilex' is not"}, /* P6.3 */
                {"\xEF\xBB\xBF# syntax=x/y\n", NULL, "Dockerfile:1:10: the syntax 'x/y' is not built in: "},
                {"# escape=`\n# syntax=x y\n", NULL, "Dockerfile:2:10: the syntax 'x' is not built in: "},   /* P6.3 */
                {"# syntax=x/y\nFROM a", "dockerfile.v0", NULL},                                             /* P6.4 */
                {"# syntax=x/y\nFROM a", "docker/dockerfile:1", NULL},                                       /* P6.4 */
                {"# syntax=docker/dockerfile\nFROM a", "x/y", "BUILDKIT_SYNTAX=x/y: bryo never runs"},       /* P6.4 */
                {"#!/bin/x\n# syntax=x/y\n", NULL, "Dockerfile:2:10: the syntax 'x/y' is not built in: "},   /* P6.5 */
                {"// syntax = x/y:1 z\nfoo", NULL, "Dockerfile:1:13: the syntax 'x/y:1' is not built in: "}, /* P6.6 */
                {"#!/bin/x\n//syntax=x/y\n", NULL, "Dockerfile:2:10: the syntax 'x/y' is not built in: "},   /* P6.6 */
                {"// syntax=docker/dockerfile:1\n", NULL, NULL},                                             /* P6.6 */
                {"// hello\n//syntax=x/y\n", NULL, NULL},
                {"\n{ \"a\": {\"syntax\": \"no\"}, \"syntax\": \"x/y\" }", NULL,
                 "Dockerfile:2:1: the syntax 'x/y' is"}, /* P6.7 */
                {"{ \"syntax\": 1 }", NULL, NULL},       /* P6.7 */
                {"{ \"syntax\": \"x\" ", NULL, NULL},    /* P6.7 */
        };

        for (size_t k = 0; k < ARRAY_SIZE(rows); k++) {
                CLEANUP_ERROR struct error err = ERROR_INIT;
                int result = dockerfile_syntax_check(rows[k].text, strlen(rows[k].text), "Dockerfile", rows[k].override,
                                                     &err);

                CHECK_INT(result, rows[k].expected ? -1 : 0);
                if (rows[k].expected)
                        CHECK_HAS(err.message, rows[k].expected);
        }
}

int main(void)
{
        CHECK_RUN(test_text);
        CHECK_RUN(test_limits);
        CHECK_RUN(test_lines);
        CHECK_RUN(test_directives);
        CHECK_RUN(test_syntax);
        return CHECK_END();
}
