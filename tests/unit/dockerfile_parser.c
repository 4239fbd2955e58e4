/* SPDX-License-Identifier: Apache-2.0 */
/* The parser's rules as tables: a file, and what becomes of it or what it is told. */
#include "common/buffer.h"
#include "common/memory.h"
#include "dockerfile/parser.h"
#include "tests/unit/check.h"

static void dump_pairs(const struct dockerfile_pairs *pairs, struct buffer *b)
{
        for (size_t k = 0; k < pairs->count; k++)
                buffer_printf(b, " (%s%s%s)", pairs->items[k].key.text, pairs->items[k].has_value ? "=" : "",
                              pairs->items[k].value.text);
        buffer_append_string(b, pairs->legacy ? " legacy" : "");
}

static void dump_details(const struct dockerfile_instruction *i, struct buffer *b)
{
        const struct dockerfile_healthcheck *h = &i->healthcheck;

        if (i->kind == DOCKERFILE_ENV || i->kind == DOCKERFILE_LABEL || i->kind == DOCKERFILE_ARG)
                dump_pairs(&i->pairs, b);
        else if (i->kind == DOCKERFILE_FROM)
                buffer_printf(b, " stage=%s platform=%s", i->from.stage ? i->from.stage : "-",
                              i->from.platform ? i->from.platform : "-");
        else if (i->kind == DOCKERFILE_HEALTHCHECK)
                buffer_printf(b, " none=%d %lld/%lld/%lld/%lld x%d", h->none, (long long)h->interval,
                              (long long)h->timeout, (long long)h->start_period, (long long)h->start_interval,
                              h->retries);
        else if (i->kind == DOCKERFILE_ONBUILD)
                buffer_printf(b, " trigger{%s}", i->onbuild.expression);
}

/* "LINES KIND --flag=value (json) [arg]... <<heredoc{body}; " for each instruction. */
static char *dump(const struct dockerfile *d)
{
        struct buffer b = BUFFER_INIT;

        for (size_t n = 0; n < d->instruction_count; n++) {
                const struct dockerfile_instruction *i = &d->instructions[n];

                buffer_printf(&b, "%s%u-%u %s", n ? "; " : "", i->first_line, i->last_line,
                              dockerfile_kind_name(i->kind));
                for (size_t k = 0; k < i->flag_count; k++)
                        buffer_printf(&b, " --%s=%s", i->flags[k].name, i->flags[k].value);
                buffer_append_string(&b, i->is_json ? " json" : "");
                for (size_t k = 0; k < i->arg_count; k++)
                        buffer_printf(&b, " [%s]", i->args[k].text);
                for (size_t k = 0; k < i->heredoc_count; k++)
                        buffer_printf(&b, " <<%s%s%s:%u{%s}", i->heredocs[k].name, i->heredocs[k].expand ? "" : "!",
                                      i->heredocs[k].strip_tabs ? "-" : "", i->heredocs[k].fd, i->heredocs[k].body);
                dump_details(i, &b);
        }
        return buffer_steal(&b);
}

/* Parses; the dump, or "error: message". */
static char *parse_n(const char *text, size_t size)
{
        CLEANUP_DOCKERFILE struct dockerfile *d = NULL;
        CLEANUP_ERROR struct error err = ERROR_INIT;

        if (dockerfile_parse(text, size, "Dockerfile", &d, &err) < 0)
                return memory_printf("error: %s", err.message);
        return dump(d);
}

static char *parse(const char *text)
{
        return parse_n(text, strlen(text));
}

struct row {
        const char *text;
        const char *expected;
};

/* Every text stands behind "FROM a\n"; the expectation behind what that gives. */
static void check_rows(const struct row *rows, size_t count)
{
        for (size_t k = 0; k < count; k++) {
                CLEANUP_FREE char *text = memory_printf("FROM a\n%s", rows[k].text);
                CLEANUP_FREE char *is = parse(text);
                CLEANUP_FREE char *expected =
                        rows[k].expected[0] ? memory_printf("1-1 FROM [a] stage=- platform=-; %s", rows[k].expected)
                                            : memory_strdup("1-1 FROM [a] stage=- platform=-");

                if (strcmp(is, expected) != 0)
                        printf("# row %zu: %s\n", k, rows[k].text);
                CHECK_STR(is, expected);
        }
}

static void check_errors(const struct row *rows, size_t count)
{
        for (size_t k = 0; k < count; k++) {
                CLEANUP_FREE char *is = parse(rows[k].text);
                CLEANUP_FREE char *expected = memory_printf("error: %s", rows[k].expected);

                if (strncmp(is, expected, strlen(expected)) != 0) {
                        printf("# row %zu: %s\n", k, rows[k].text);
                        CHECK_STR(is, expected);
                }
        }
}

/* P1: byte order mark, line ends, limits, empty files. */
static void test_text(void)
{
        static const struct row good[] = {
                {"RUN a\r\nUSER b \r\n", "2-2 RUN [a]; 3-3 USER [b]"},
                {"RUN <<E\r\na\r\nE\r\n", "2-4 RUN [<<E] <<E:0{a\r\n}"},
                {"RUN a", "2-2 RUN [a]"},
        };
        static const struct row bad[] = {
                {"", "Dockerfile: the file has no instructions"},
                {"# only\n\n", "Dockerfile: the file has no instructions"},
                {"ARG x\n", "Dockerfile:1:1: no FROM behind this, so there is no stage to build\n"},
                {"ARG x\nRUN a\nFROM b\n", "Dockerfile:2:1: RUN before the first FROM: only ARG may stand there\n"},
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
        CHECK_STR(bom, "1-1 FROM [a] stage=- platform=-");
        CHECK_STR(utf16, "error: Dockerfile: the file is UTF-16: save it as UTF-8");
        CHECK_STR(nul, "error: Dockerfile:2:5: a NUL byte: this is not a text file\n   1 | FROM a\n   2 | RUN ?x\n"
                       "     |     ^");
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

/* P2 to P4: blanks, comments, continuations. */
static void test_lines(void)
{
        static const struct row rows[] = {
                {"  RUN a\n\t# comment\n \t\n", "2-2 RUN [a]"},
                {"\xC2\xA0RUN a\xC2\xA0", "2-2 RUN [a]"},
                {"RUN a # b", "2-2 RUN [a # b]"},
                {"USER #a", "2-2 USER [#a]"},
                {"RUN a \\\n b", "2-3 RUN [a  b]"},
                {"RUN a \\ \t\n b", "2-3 RUN [a  b]"},
                {"RUN a\\\nb", "2-3 RUN [ab]"},
                {"RUN a \\\\\nUSER b", "2-2 RUN [a \\\\]; 3-3 USER [b]"},
                {"RUN a\n\\\nUSER b", "2-2 RUN [a]; 3-4 USER [b]"},
                {"RUN a \\\n\\\n b", "2-4 RUN [a  b]"},
                {"RUN a \\\n# c\n   # d\n b", "2-5 RUN [a  b]"},
                {"RUN a \\\n\n  \n b\nUSER c", "2-5 RUN [a  b]; 6-6 USER [c]"},
                {"RUN a \\", "2-2 RUN [a]"},
                {"RUN a \\\n", "2-2 RUN [a]"},
                {"RUN a \\\n# end\n", "2-3 RUN [a]"},
                {"\\\n", ""},
                {"R\\\nUN a", "2-3 RUN [a]"},
        };
        CLEANUP_DOCKERFILE struct dockerfile *d = NULL;
        struct error err = ERROR_INIT;
        static const char text[] = "FROM a\nRUN a \\\n\n b\nRUN c \\\n# d\n e";

        check_rows(rows, ARRAY_SIZE(rows));
        CHECK_OK(dockerfile_parse(text, strlen(text), "Dockerfile", &d, &err));
        CHECK(d && d->instructions[1].empty_continuation);
        CHECK(d && !d->instructions[2].empty_continuation);
        CHECK_STR(d ? d->instructions[1].original : NULL, "RUN a  b");
}

/* P5: directives. */
static void test_directives(void)
{
        static const struct {
                const char *text;
                char escape;
                const char *syntax;
                const char *check;
        } rows[] = {
                {"# escape=`\nFROM a", '`', NULL, NULL},
                {"#escape = \\\nFROM a", '\\', NULL, NULL},
                {" # ESCAPE=`\nFROM a", '`', NULL, NULL},
                {"# syntax=docker/dockerfile:1\n# Check = skip=all;error=true \n# escape=`\nFROM a", '`',
                 "docker/dockerfile:1", "skip=all;error=true"},
                {"\xEF\xBB\xBF# syntax=X\r\nFROM a", '\\', "X", NULL},
                {"\n# escape=`\nFROM a", '\\', NULL, NULL},
                {"# hello\n# escape=`\nFROM a", '\\', NULL, NULL},
                {"# other=1\n# escape=`\nFROM a", '\\', NULL, NULL},
                {"FROM a\n# escape=`\n", '\\', NULL, NULL},
                {"# syntax=\n# escape=`\nFROM a", '\\', NULL, NULL},
                {"# syntax=a\n# hello\n# syntax=b\nFROM a", '\\', "a", NULL},
        };
        static const struct row bad[] = {
                {"# escape=`\n# escape=`\nFROM a", "Dockerfile:2:3: the escape directive is given twice\n"},
                {"# Syntax=a\n#sYntax=b\nFROM a", "Dockerfile:2:2: the sYntax directive is given twice\n"},
                {"# check=a\n# check=a\nFROM a", "Dockerfile:2:3: the check directive is given twice\n"},
                {"# escape=ab\nFROM a", "Dockerfile:1:10: the escape character is either \\ or `, not 'ab'\n"},
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

/* P6: the frontend image. */
static void test_syntax(void)
{
        static const struct {
                const char *line;
                const char *override;
                const char *expected; /* NULL: accepted */
        } rows[] = {
                {"# syntax=docker/dockerfile", NULL, NULL},
                {"# syntax=docker/dockerfile:1.7-labs", NULL, NULL},
                {"# syntax=docker/dockerfile-upstream:master", NULL, NULL},
                {"# syntax=docker.io/docker/dockerfile@sha256:00", NULL, NULL},
                {"# syntax=docker/dockerfile:1 some words", NULL, NULL},
                {"# nothing", NULL, NULL},
                {"#!/usr/bin/env bryo\n# syntax=docker/dockerfile:1", NULL, NULL},
                {"# syntax=evil/x", NULL, "Dockerfile:1:10: the syntax 'evil/x' is not built in"},
                {"# syntax=docker/dockerfilex", NULL, "the syntax 'docker/dockerfilex' is not built in"},
                {"#!/bin/x\n# syntax=evil/x", NULL, "Dockerfile: the syntax 'evil/x' is not built in"},
                {"# syntax=evil/x", "dockerfile.v0", NULL},
                {"# syntax=evil/x", "docker/dockerfile:1", NULL},
                {"# syntax=docker/dockerfile", "evil/y", "BUILDKIT_SYNTAX=evil/y"},
        };
        static const struct row detected[] = {
                {"FROM a", NULL},
                {"// syntax = x/y:1 z\nfoo", "x/y:1"},
                {"//syntax=x/y\n", "x/y"},
                {"// hello\n//syntax=x/y\n", NULL},
                {"#!/bin/sh\n#syntax=x/y\n", "x/y"},
                {"{ \"a\": {\"syntax\": \"no\"}, \"syntax\": \"x/y\" }", "x/y"},
                {"{ \"syntax\": 1 }", NULL},
                {"{ \"syntax\": \"x\" ", NULL},
                {"# escape=`\n# syntax=x\n", "x"},
        };

        for (size_t k = 0; k < ARRAY_SIZE(rows); k++) {
                CLEANUP_FREE char *text = memory_printf("%s\nFROM a\n", rows[k].line);
                CLEANUP_DOCKERFILE struct dockerfile *d = NULL;
                CLEANUP_ERROR struct error err = ERROR_INIT;

                CHECK_OK(dockerfile_parse(text, strlen(text), "Dockerfile", &d, &err));
                if (!d)
                        continue;
                CHECK_INT(dockerfile_syntax_check(d, rows[k].override, &err), rows[k].expected ? -1 : 0);
                if (rows[k].expected)
                        CHECK_HAS(err.message, rows[k].expected);
        }
        for (size_t k = 0; k < ARRAY_SIZE(detected); k++) {
                CLEANUP_FREE char *is = dockerfile_syntax_detect(detected[k].text, strlen(detected[k].text));

                CHECK_STR(is, detected[k].expected);
        }
}

/* P7: names of instructions. */
static void test_names(void)
{
        static const struct row rows[] = {
                {"run a\nUsEr b", "2-2 RUN [a]; 3-3 USER [b]"},
        };
        static const struct row bad[] = {
                {"FROM a\nRNU echo", "Dockerfile:2:1: unknown instruction: RNU (did you mean RUN?)\n   1 | FROM a\n"
                                     "   2 | RNU echo\n     | ^^^"},
                {"FORM a\n",
                 "Dockerfile:1:1: unknown instruction: FORM (did you mean FROM?)\n   1 | FORM a\n     | ^^^^"},
                {"FROM a\n-- a comment\n", "Dockerfile:2:1: unknown instruction: -- (comments start with '#')\n"},
                {"FROM a\n--comment\n", "Dockerfile:2:1: unknown instruction: --comment (comments start with '#')\n"},
                {"FROM a\n// c\n", "Dockerfile:2:1: unknown instruction: // (comments start with '#')\n"},
                {"FROM a\nRUN b &&\n  && c\n",
                 "Dockerfile:3:3: unknown instruction: && (does the line before lack a '\\' at its end?)\n"},
                {"FROM a\nblorb c\n", "Dockerfile:2:1: unknown instruction: blorb\n"},
                {"FROM a\n\xED\x95\x9C\xEA\xB5\xAD RNU\n",
                 "Dockerfile:2:1: unknown instruction: \xED\x95\x9C\xEA\xB5\xAD\n   1 | FROM a\n"
                 "   2 | \xED\x95\x9C\xEA\xB5\xAD RNU\n     | ^^"},
                {"FROM a\n\x1B]52;c;AAAA\x07 x\n", "Dockerfile:2:1: unknown instruction: ?]52;c;AAAA?\n"},
        };

        check_rows(rows, ARRAY_SIZE(rows));
        check_errors(bad, ARRAY_SIZE(bad));
}

/* P8: flags. */
static void test_flags(void)
{
        static const struct row rows[] = {
                {"COPY --from=b --link a /b", "2-2 COPY --from=b --link=true [a] [/b]"},
                {"COPY --link=TRUE --parents=False a /b", "2-2 COPY --link=true --parents=false [a] [/b]"},
                {"COPY --chown=\"a b\" --chmod='7'5\\5 a /b", "2-2 COPY --chown=a b --chmod=755 [a] [/b]"},
                {"COPY --exclude=a --exclude=b . /", "2-2 COPY --exclude=a --exclude=b [.] [/]"},
                {"COPY -- --from /b", "2-2 COPY [--from] [/b]"},
                {"COPY a --link /b", "2-2 COPY [a] [--link] [/b]"},
                {"COPY --chown= a /b", "2-2 COPY --chown= [a] [/b]"},
                {"COPY \\\n --link \\\n a \\\n b", "2-5 COPY --link=true [a] [b]"},
                {"ADD --checksum=sha256:0 --keep-git-dir --unpack=false a b",
                 "2-2 ADD --checksum=sha256:0 --keep-git-dir=true --unpack=false [a] [b]"},
                {"RUN --mount=target=/a --mount=target=/b --network=none --security=insecure --device=x a --b",
                 "2-2 RUN --mount=target=/a --mount=target=/b --network=none --security=insecure --device=x [a --b]"},
                {"RUN -x --y", "2-2 RUN [-x --y]"},
        };
        static const struct row bad[] = {
                {"# escape=`\nFROM a\nCOPY --chown=a`", "Dockerfile:3:1: COPY requires at least two arguments"},
                {"FROM a\nCOPY --chown=\"a x y", "Dockerfile:2:6: the closing \" is missing in this flag\n"},
                {"FROM a\nCOPY --from=a --from=b x y", "Dockerfile:2:15: --from is given twice\n"},
                {"FROM a\nCOPY --link --link x y", "Dockerfile:2:13: --link is given twice\n"},
                {"FROM a\nCOPY --form=a x y", "Dockerfile:2:6: COPY has no flag --form (did you mean --from?)\n"},
                {"FROM a\nCOPY --keep-git-dir x y", "Dockerfile:2:6: COPY has no flag --keep-git-dir\n"},
                {"FROM a\nCOPY --link=1 x y", "Dockerfile:2:6: --link is either true or false, not '1'\n"},
                {"FROM a\nCOPY --link= x y", "Dockerfile:2:6: --link= has no value"},
                {"FROM a\nCOPY --chown x y", "Dockerfile:2:6: --chown needs a value"},
                {"FROM --platform a", "Dockerfile:1:6: --platform needs a value"},
                {"FROM a\nENV --x=y z", "Dockerfile:2:5: ENV takes no flags, --x was given\n"},
                {"FROM a\nCMD --version", "Dockerfile:2:5: CMD takes no flags, --version was given: put options"},
                {"FROM a\nONBUILD --x RUN a", "Dockerfile:2:9: ONBUILD takes no flags, --x was given\n"},
                {"FROM a\nRUN --network=hots a",
                 "Dockerfile:2:5: --network is default, none or host, not 'hots' (did you mean host?)\n"},
                {"FROM a\nRUN --security=x a", "Dockerfile:2:5: --security is sandbox or insecure, not 'x'\n"},
                {"FROM a\nRUN --mount=tpye=bind a",
                 "Dockerfile:2:5: --mount has no option 'tpye' (did you mean type?)\n"},
        };

        check_rows(rows, ARRAY_SIZE(rows));
        check_errors(bad, ARRAY_SIZE(bad));
}

/* P9: the exec form. */
static void test_json(void)
{
        static const struct row rows[] = {
                {"RUN [\"a\", \"b c\"]", "2-2 RUN json [a] [b c]"},
                {"RUN  [ \"a\\u0041\\n\\\"\" ] ", "2-2 RUN json [aA\n\"]"},
                {"RUN ['a', 'b']", "2-2 RUN [['a', 'b']]"},
                {"RUN [ -f x ] && y", "2-2 RUN [[ -f x ] && y]"},
                {"RUN [\"a\"] b", "2-2 RUN [[\"a\"] b]"},
                {"RUN [\"a\",]", "2-2 RUN [[\"a\",]]"},
                {"RUN [1, x", "2-2 RUN [[1, x]"},
                {"RUN [\"a\tb\"]", "2-2 RUN [[\"a\tb\"]]"},
                {"CMD []", "2-2 CMD json"},
                {"ENTRYPOINT []", "2-2 ENTRYPOINT json"},
                {"CMD a  b", "2-2 CMD [a  b]"},
                {"COPY [\"a b\", \"/c\"]", "2-2 COPY json [a b] [/c]"},
                {"ADD [\"a\", \"<<E\", \"/c\"]", "2-2 ADD json [a] [<<E] [/c]"},
                {"COPY ['a', '/c']", "2-2 COPY [['a',] ['/c']]"},
                {"VOLUME [\"/a b\"]", "2-2 VOLUME json [/a b]"},
                {"SHELL [\"/bin/bash\", \"-c\"]", "2-2 SHELL json [/bin/bash] [-c]"},
                {"RUN [\"a\", \\\n \"b\"]", "2-3 RUN json [a] [b]"},
        };
        static const struct row bad[] = {
                {"FROM a\nRUN [\"a\", 1]", "Dockerfile:2:5: RUN in JSON form takes an array of strings only\n"},
                {"FROM a\nCMD [[]]", "Dockerfile:2:5: CMD in JSON form takes an array of strings only\n"},
                {"FROM a\nCMD [null]", "Dockerfile:2:5: CMD in JSON form takes an array of strings only\n"},
                {"FROM a\nCMD [{\"a\": \"b\"}]", "Dockerfile:2:5: CMD in JSON form takes an array of strings only\n"},
                {"FROM a\nCMD [true]", "Dockerfile:2:5: CMD in JSON form takes an array of strings only\n"},
                {"FROM a\nCMD [1e999]", "Dockerfile:2:5: CMD in JSON form takes an array of strings only\n"},
                {"FROM a\nCMD [\"a\\u0000b\"]", "Dockerfile:2:5: CMD: an argument cannot contain a NUL character\n"},
                {"FROM a\nSHELL /bin/sh -c", "Dockerfile:2:7: SHELL takes a JSON array only"},
                {"FROM a\nSHELL []", "Dockerfile:2:1: SHELL requires at least one argument\n"},
                {"FROM a\nVOLUME []", "Dockerfile:2:1: VOLUME requires at least one argument\n"},
                {"FROM a\nVOLUME [\" \"]", "Dockerfile:2:9: a VOLUME cannot be an empty path\n"},
                {"FROM a\nRUN []", "Dockerfile:2:1: RUN requires a command\n"},
                {"FROM a\nCOPY [\"a\"]", "Dockerfile:2:1: COPY requires at least two arguments"},
        };

        check_rows(rows, ARRAY_SIZE(rows));
        check_errors(bad, ARRAY_SIZE(bad));
}

/* Nesting as deep as Go's decoder takes it is JSON (and refused, not being strings); deeper is not. */
static void test_deep_json(void)
{
        for (size_t depth = 9999; depth <= 10001; depth += 2) {
                CLEANUP_BUFFER struct buffer text = BUFFER_INIT;
                CLEANUP_FREE char *is = NULL;

                buffer_append_string(&text, "FROM a\nRUN ");
                for (size_t k = 0; k < depth; k++)
                        buffer_append_char(&text, '[');
                for (size_t k = 0; k < depth; k++)
                        buffer_append_char(&text, ']');
                is = parse(buffer_text(&text));
                CHECK_INT(strncmp(is, "error: Dockerfile:2:5: RUN in JSON form", 39) == 0, depth == 9999);
        }
}

/* P10: words, and the instructions that have none. */
static void test_words(void)
{
        static const struct row rows[] = {
                {"COPY a\t\v\f b  c", "2-2 COPY [a] [b] [c]"},
                {"COPY 'a b' c", "2-2 COPY ['a] [b'] [c]"},
                {"USER a b", "2-2 USER [a b]"},
                {"WORKDIR /a  b ", "2-2 WORKDIR [/a  b]"},
                {"MAINTAINER Me <me@x>", "2-2 MAINTAINER [Me <me@x>]"},
                {"STOPSIGNAL $sig", "2-2 STOPSIGNAL [$sig]"},
                {"STOPSIGNAL sigterm", "2-2 STOPSIGNAL [sigterm]"},
                {"EXPOSE 80 443/tcp $p", "2-2 EXPOSE [80] [443/tcp] [$p]"},
                {"VOLUME /a /b", "2-2 VOLUME [/a] [/b]"},
        };
        static const struct row bad[] = {
                {"FROM a\nUSER", "Dockerfile:2:1: USER requires exactly one argument\n"},
                {"FROM a\nWORKDIR \n", "Dockerfile:2:1: WORKDIR requires exactly one argument\n"},
                {"FROM a\nMAINTAINER", "Dockerfile:2:1: MAINTAINER requires exactly one argument\n"},
                {"FROM a\nSTOPSIGNAL", "Dockerfile:2:1: STOPSIGNAL requires exactly one argument\n"},
                {"FROM a\nSTOPSIGNAL SIGTRM", "Dockerfile:2:12: 'SIGTRM' is not a signal (did you mean SIGTERM?)\n"},
                {"FROM a\nEXPOSE", "Dockerfile:2:1: EXPOSE requires at least one argument\n"},
                {"FROM a\nVOLUME", "Dockerfile:2:1: VOLUME requires at least one argument\n"},
                {"FROM a\nRUN", "Dockerfile:2:1: RUN requires a command\n"},
                {"FROM a\nCMD", "Dockerfile:2:1: CMD requires an argument"},
                {"FROM a\nENTRYPOINT", "Dockerfile:2:1: ENTRYPOINT requires an argument"},
                {"FROM a\nCOPY a", "Dockerfile:2:1: COPY requires at least two arguments"},
                {"FROM a\nADD", "Dockerfile:2:1: ADD requires at least two arguments"},
        };

        check_rows(rows, ARRAY_SIZE(rows));
        check_errors(bad, ARRAY_SIZE(bad));
}

/* FROM. */
static void test_from(void)
{
        static const struct row rows[] = {
                {"FROM b AS Build-1.x_y", "2-2 FROM [b] [AS] [Build-1.x_y] stage=build-1.x_y platform=-"},
                {"from b as c", "2-2 FROM [b] [as] [c] stage=c platform=-"},
                {"FROM --platform=$BUILDPLATFORM b",
                 "2-2 FROM --platform=$BUILDPLATFORM [b] stage=- platform=$BUILDPLATFORM"},
                {"FROM DIAMOL/BASE", "2-2 FROM [DIAMOL/BASE] stage=- platform=-"},
        };
        static const struct row bad[] = {
                {"FROM", "Dockerfile:1:1: FROM requires an image"},
                {"FROM a b", "Dockerfile:1:8: FROM takes either an image or 'image AS name', 'b' is too much\n"},
                {"FROM a AS", "Dockerfile:1:8: FROM takes either"},
                {"FROM a IS b", "Dockerfile:1:8: FROM takes either"},
                {"FROM a AS b c", "Dockerfile:1:8: FROM takes either"},
                {"FROM a AS 1b", "Dockerfile:1:11: invalid stage name '1b'"},
                {"FROM a AS b/c", "Dockerfile:1:11: invalid stage name 'b/c'"},
                {"FROM a AS \xC3\xA9", "Dockerfile:1:11: invalid stage name"},
        };

        check_rows(rows, ARRAY_SIZE(rows));
        check_errors(bad, ARRAY_SIZE(bad));
}

/* P11: names and values. */
static void test_pairs(void)
{
        static const struct row rows[] = {
                {"ENV a=b c='d e' f=\"g h\" i=j\\ k", "2-2 ENV (a=b) (c='d e') (f=\"g h\") (i=j\\ k)"},
                {"ENV a b  c = d ", "2-2 ENV (a=b  c = d) legacy"},
                {"ENV a b=c", "2-2 ENV (a=b=c) legacy"},
                {"ENV a= b==c", "2-2 ENV (a=) (b==c)"},
                {"ENV a=b \\\n c=d", "2-3 ENV (a=b) (c=d)"},
                {"LABEL \"a b\"=c $x=y", "2-2 LABEL (\"a b\"=c) ($x=y)"},
                {"LABEL a b", "2-2 LABEL (a=b) legacy"},
                {"ARG a b=1 c= d='x y'", "2-2 ARG (a) (b=1) (c=) (d='x y')"},
                {"ENV a=b\\", "2-2 ENV (a=b)"},
                {"ENV a='b c", "2-2 ENV (a='b c)"},
                {"ENV a='b\\' c=d", "2-2 ENV (a='b\\') (c=d)"},
        };
        static const struct row bad[] = {
                {"FROM a\nENV a=b c", "Dockerfile:2:9: 'c' has no '=': ENV takes name=value"},
                {"FROM a\nENV a", "Dockerfile:2:1: ENV must have two arguments"},
                {"FROM a\nENV", "Dockerfile:2:1: ENV requires at least one argument\n"},
                {"FROM a\nENV =b", "Dockerfile:2:5: ENV names cannot be blank\n"},
                {"FROM a\nLABEL a=b =c", "Dockerfile:2:11: LABEL names cannot be blank\n"},
                {"ARG =b\nFROM a", "Dockerfile:1:5: ARG names cannot be blank\n"},
                {"ARG\nFROM a", "Dockerfile:1:1: ARG requires at least one argument\n"},
        };

        check_rows(rows, ARRAY_SIZE(rows));
        check_errors(bad, ARRAY_SIZE(bad));
}

/* P12: heredocs. */
static void test_heredocs(void)
{
        static const struct row rows[] = {
                {"RUN <<EOF\na\n b\nEOF\nUSER x", "2-5 RUN [<<EOF] <<EOF:0{a\n b\n}; 6-6 USER [x]"},
                {"RUN <<E\nE", "2-3 RUN [<<E] <<E:0{}"},
                {"RUN 3<<E\nE", "2-3 RUN [3<<E] <<E:3{}"},
                {"RUN <<-E\n\ta\n \tb\n\t\tE\n", "2-5 RUN [<<-E] <<E-:0{a\n \tb\n}"},
                {"RUN <<E\n\tE\nE \nE", "2-5 RUN [<<E] <<E:0{\tE\nE \n}"},
                {"RUN <<'E'\n$a\nE", "2-4 RUN [<<'E'] <<E!:0{$a\n}"},
                {"RUN <<\"E\"\nE", "2-3 RUN [<<\"E\"] <<E!:0{}"},
                {"RUN <<e'o'\\'f\neo'f", "2-3 RUN [<<e'o'\\'f] <<eo'f!:0{}"},
                {"RUN <<eo\\'f\neo'f", "2-3 RUN [<<eo\\'f] <<eo'f:0{}"},
                {"RUN <<'one two'\na\none two\n", "2-4 RUN [<<'one two'] <<one two!:0{a\n}"},
                {"RUN <<$EOF\n$EOF\n", "2-3 RUN [<<$EOF] <<$EOF:0{}"},
                {"RUN <<  EOF  > foo\nEOF\n", "2-3 RUN [<<  EOF  > foo] <<EOF:0{}"},
                {"RUN cat <<- EOF\n\tEOF\n", "2-3 RUN [cat <<- EOF] <<EOF-:0{}"},
                {"RUN a <<A b 4<<-B\n1\nA\n\t2\nB\n", "2-6 RUN [a <<A b 4<<-B] <<A:0{1\n} <<B-:4{2\n}"},
                {"RUN \"<<E\" '<<E' \\<<E a<<E", "2-2 RUN [\"<<E\" '<<E' \\<<E a<<E]"},
                {"RUN cat <<<\"$x\"", "2-2 RUN [cat <<<\"$x\"]"},
                {"RUN cat <<< EOF", "2-2 RUN [cat <<< EOF]"},
                {"RUN echo $((1 << 3)) $((1<<2))", "2-2 RUN [echo $((1 << 3)) $((1<<2))]"},
                {"RUN (( x << 3 )); cat <<E\nE", "2-3 RUN [(( x << 3 )); cat <<E] <<E:0{}"},
                {"RUN echo ${x:-<< E}", "2-2 RUN [echo ${x:-<< E}]"},
                {"RUN it's <<E", "2-2 RUN [it's <<E]"},
                {"RUN <<", "2-2 RUN [<<]"},
                {"RUN <<''", "2-2 RUN [<<'']"},
                {"RUN [\"<<E\"]", "2-2 RUN json [<<E]"},
                {"RUN --mount=target=/a <<E\nE", "2-3 RUN --mount=target=/a [<<E] <<E:0{}"},
                {"RUN a \\\n <<E\nb\nE", "2-5 RUN [a  <<E] <<E:0{b\n}"},
                {"RUN <<E\na \\\n# b\n\nE", "2-6 RUN [<<E] <<E:0{a \\\n# b\n\n}"},
                {"COPY <<a b <<c /d\n1\na\n2\nc", "2-6 COPY [<<a] [b] [<<c] [/d] <<a:0{1\n} <<c:0{2\n}"},
                {"COPY <<X <<Y /d\nY\nX\nX\nY", "2-6 COPY [<<X] [<<Y] [/d] <<X:0{Y\n} <<Y:0{X\n}"},
                {"COPY << 'a b' /d\na b", "2-3 COPY [<< 'a b'] [/d] <<a b!:0{}"},
                {"ADD <<-E /d\n\tE", "2-3 ADD [<<-E] [/d] <<E-:0{}"},
                {"USER <<E", "2-2 USER [<<E]"},
                {"ENV a=<<E", "2-2 ENV (a=<<E)"},
                {"ONBUILD RUN <<E\na\nE\nUSER b", "2-4 ONBUILD [RUN <<E] trigger{RUN <<E\na\nE}; 5-5 USER [b]"},
                {"ONBUILD COPY <<-E /d\n\ta\n\tE", "2-4 ONBUILD [COPY <<-E /d] trigger{COPY <<-E /d\n\ta\nE}"},
        };
        static const struct row bad[] = {
                {"FROM a\nRUN <<E\n E\n",
                 "Dockerfile:2:5: unterminated heredoc: 'E' in line 3 has blanks in front of it\n"},
                {"FROM a\nRUN <<A <<B\nA\n", "Dockerfile:2:9: unterminated heredoc: no later line is just 'B'"},
                {"FROM a\nRUN <<E", "Dockerfile:2:5: unterminated heredoc"},
                {"FROM a\nCOPY x <<E\nE", "Dockerfile:2:8: COPY cannot have a heredoc as its destination\n"},
                {"FROM a\nCOPY <<../x /d\n../x", "Dockerfile:2:6: the heredoc's name '../x' cannot be a file name\n"},
                {"FROM a\nADD <<.. /d\n..", "Dockerfile:2:5: the heredoc's name '..' cannot be a file name\n"},
                {"FROM a\nRUN <<a/b\n#!/bin/sh\na/b",
                 "Dockerfile:2:5: the heredoc's name 'a/b' cannot be the file name"},
        };

        check_rows(rows, ARRAY_SIZE(rows));
        check_errors(bad, ARRAY_SIZE(bad));
}

/* What a RUN hands to the shell. */
static void test_run_text(void)
{
        static const struct {
                const char *text;
                enum dockerfile_run_shape shape;
                const char *expected;
        } rows[] = {
                {"RUN a b", DOCKERFILE_RUN_SHELL, "a b"},
                {"RUN [\"a\"]", DOCKERFILE_RUN_JSON, ""},
                {"RUN <<E\na\nE", DOCKERFILE_RUN_SHELL, "a\n"},
                {"RUN <<-E\n\ta\nE", DOCKERFILE_RUN_SHELL, "a\n"},
                {"RUN <<E\n#!/bin/x\na\nE", DOCKERFILE_RUN_SCRIPT, "#!/bin/x\na\n"},
                {"RUN x <<E\n#!a\nE", DOCKERFILE_RUN_SHELL, "x <<E\n#!a\nE"},
                {"RUN <<-A <<B\n\t1\n\tA\n2\nB", DOCKERFILE_RUN_SHELL, "<<-A <<B\n\t1\nA\n2\nB"},
        };

        for (size_t k = 0; k < ARRAY_SIZE(rows); k++) {
                CLEANUP_FREE char *text = memory_printf("FROM a\n%s", rows[k].text);
                CLEANUP_DOCKERFILE struct dockerfile *d = NULL;
                CLEANUP_BUFFER struct buffer out = BUFFER_INIT;
                struct error err = ERROR_INIT;

                CHECK_OK(dockerfile_parse(text, strlen(text), "Dockerfile", &d, &err));
                CHECK_INT(dockerfile_run_text(&d->instructions[1], &out), rows[k].shape);
                CHECK_STR(buffer_text(&out), rows[k].expected);
        }
}

/* P13: comment blocks. */
static void test_comments(void)
{
        static const char text[] = "# syntax=docker/dockerfile:1\n"
                                   "# v the version\n"
                                   "ARG v=1\n"
                                   "# away\n"
                                   "\n"
                                   "# build makes it\n"
                                   "#\n"
                                   "# check=skip=JSONArgsRecommended, Other ;error=true\n"
                                   "FROM a AS build\n"
                                   "RUN b\n";
        CLEANUP_DOCKERFILE struct dockerfile *d = NULL;
        struct error err = ERROR_INIT;
        const char *found;
        size_t size = 0;

        CHECK_OK(dockerfile_parse(text, strlen(text), "Dockerfile", &d, &err));
        CHECK_INT(d->first_from, 1);
        found = dockerfile_instruction_describe(&d->instructions[0], "v", &size);
        CHECK(found && size == 11 && strncmp(found, "the version", 11) == 0);
        CHECK_STR(d->instructions[1].comment, "build makes it\n\ncheck=skip=JSONArgsRecommended, Other ;error=true\n");
        found = dockerfile_instruction_describe(&d->instructions[1], "build", &size);
        CHECK(found && size == 8 && strncmp(found, "makes it", 8) == 0);
        CHECK(!dockerfile_instruction_describe(&d->instructions[1], "buil", &size));
        CHECK_INT(d->instructions[1].muted.count, 2);
        CHECK(strv_has(&d->instructions[1].muted, "JSONArgsRecommended"));
        CHECK(strv_has(&d->instructions[1].muted, "Other"));
        CHECK_STR(d->instructions[2].comment, NULL);
        CHECK_INT(d->instructions[2].muted.count, 0);
}

static void test_copy(void)
{
        static const char text[] =
                "FROM a\nCOPY --from=B --chown=1:2 --chmod=755 --link --parents --exclude=x --exclude=y "
                "a <<f /d\nbody\nf\nADD --unpack=false u v\n";
        CLEANUP_DOCKERFILE struct dockerfile *d = NULL;
        struct error err = ERROR_INIT;
        const struct dockerfile_copy *c;
        static const struct row bad[] = {
                {"FROM a\nCOPY --from=$x a b",
                 "Dockerfile:2:6: --from does not expand variables: define a stage with 'FROM $x AS name'"},
                {"FROM a\nCOPY --from= a b", "Dockerfile:2:6: --from= names no stage or image\n"},
                {"FROM a\nRUN --mount=from=$x,target=/a b", "Dockerfile:2:5: --mount: from does not expand variables"},
        };

        CHECK_OK(dockerfile_parse(text, strlen(text), "Dockerfile", &d, &err));
        c = &d->instructions[1].copy;
        CHECK_STR(c->from->value, "B");
        CHECK_STR(c->chown->value, "1:2");
        CHECK_STR(c->chmod->value, "755");
        CHECK(c->link && c->parents && !c->unpack_flag);
        CHECK_INT(c->exclude_count, 2);
        CHECK_STR(c->excludes[1]->value, "y");
        CHECK_INT(c->source_count, 2);
        CHECK_STR(c->sources[0].path->text, "a");
        CHECK(!c->sources[0].heredoc);
        CHECK_STR(c->sources[1].heredoc->body, "body\n");
        CHECK_STR(c->dest->text, "/d");
        c = &d->instructions[2].copy;
        CHECK(c->unpack_flag && !c->unpack && !c->link && !c->from);
        check_errors(bad, ARRAY_SIZE(bad));
}

static void test_healthcheck(void)
{
        static const struct row rows[] = {
                {"HEALTHCHECK none", "2-2 HEALTHCHECK none=1 0/0/0/0 x0"},
                {"HEALTHCHECK --retries=3 --interval=1s NONE",
                 "2-2 HEALTHCHECK --retries=3 --interval=1s none=1 0/0/0/0 x0"},
                {"HEALTHCHECK CMD a b", "2-2 HEALTHCHECK [a b] none=0 0/0/0/0 x0"},
                {"HEALTHCHECK --interval=1m --timeout=1.5s --start-period=0 --start-interval=1ms --retries=3 cmd "
                 "[\"a\"]",
                 "2-2 HEALTHCHECK --interval=1m --timeout=1.5s --start-period=0 --start-interval=1ms --retries=3 json "
                 "[a] "
                 "none=0 60000000000/1500000000/0/1000000 x3"},
        };
        static const struct row bad[] = {
                {"FROM a\nHEALTHCHECK", "Dockerfile:2:1: HEALTHCHECK requires at least one argument"},
                {"FROM a\nHEALTHCHECK NONE x", "Dockerfile:2:18: HEALTHCHECK NONE takes no arguments\n"},
                {"FROM a\nHEALTHCHECK CMD", "Dockerfile:2:13: a command is missing behind HEALTHCHECK CMD\n"},
                {"FROM a\nHEALTHCHECK curl x", "Dockerfile:2:13: HEALTHCHECK takes NONE or CMD command, not 'curl'\n"},
                {"FROM a\nHEALTHCHECK CDM x",
                 "Dockerfile:2:13: HEALTHCHECK takes NONE or CMD command, not 'CDM' (did you mean CMD?)\n"},
                {"FROM a\nHEALTHCHECK --interval=1us CMD x", "Dockerfile:2:13: --interval cannot be less than 1ms\n"},
                {"FROM a\nHEALTHCHECK --interval=30 CMD x",
                 "Dockerfile:2:13: --interval: the duration '30' has no unit: write 30s\n"},
                {"FROM a\nHEALTHCHECK --retries=-1 CMD x",
                 "Dockerfile:2:13: --retries is a number from 0 on, not '-1'\n"},
                {"FROM a\nHEALTHCHECK --retries=2x CMD x",
                 "Dockerfile:2:13: --retries is a number from 0 on, not '2x'\n"},
        };

        check_rows(rows, ARRAY_SIZE(rows));
        check_errors(bad, ARRAY_SIZE(bad));
}

static void test_onbuild(void)
{
        static const struct row rows[] = {
                {"ONBUILD  run  a \\\n b", "2-3 ONBUILD [run  a  b] trigger{run  a  b}"},
                {"ONBUILD RUN a \\", "2-2 ONBUILD [RUN a] trigger{RUN a }"},
                {"ONBUILD COPY --from=x a b", "2-2 ONBUILD [COPY --from=x a b] trigger{COPY --from=x a b}"},
        };
        static const struct row bad[] = {
                {"FROM a\nONBUILD", "Dockerfile:2:1: ONBUILD requires exactly one argument\n"},
                {"FROM a\nONBUILD ONBUILD RUN a", "Dockerfile:2:9: ONBUILD is not allowed as an ONBUILD trigger\n"},
                {"FROM a\nONBUILD from b", "Dockerfile:2:9: from is not allowed as an ONBUILD trigger\n"},
                {"FROM a\nONBUILD MAINTAINER b", "Dockerfile:2:9: MAINTAINER is not allowed as an ONBUILD trigger\n"},
                {"FROM a\nONBUILD RNU b", "Dockerfile:2:9: unknown instruction: RNU (did you mean RUN?)\n"},
                {"FROM a\nONBUILD COPY b", "Dockerfile:2:9: COPY requires at least two arguments"},
        };
        static const struct row triggers[] = {
                {"RUN <<E\na\nE", NULL},
                {"COPY . /x", NULL},
                {"RUN a\nRUN b", "t: a trigger is one instruction, this text has 2"},
                {"", "t: a trigger is one instruction, this text has 0"},
                {"FROM b", "t:1:1: FROM is not allowed as an ONBUILD trigger"},
                {"ONBUILD RUN b", "t:1:1: ONBUILD is not allowed as an ONBUILD trigger"},
        };

        check_rows(rows, ARRAY_SIZE(rows));
        check_errors(bad, ARRAY_SIZE(bad));
        for (size_t k = 0; k < ARRAY_SIZE(triggers); k++) {
                CLEANUP_DOCKERFILE struct dockerfile *d = NULL;
                CLEANUP_ERROR struct error err = ERROR_INIT;
                int result = dockerfile_trigger_parse(triggers[k].text, strlen(triggers[k].text), "t", &d, &err);

                CHECK_INT(result, triggers[k].expected ? -1 : 0);
                if (triggers[k].expected)
                        CHECK_HAS(err.message, triggers[k].expected);
        }
}

/* Places of words, also behind continuations and in JSON; excerpts. */
static void test_places(void)
{
        static const char text[] = "FROM a\nCOPY --link \\\n   bb \\\n\tcc dd\nRUN [\"x\", \"y\"]\nENV k=v l=\"w\"\n";
        static const struct dockerfile_place expected[] = {{2, 6, 6}, {3, 4, 2},  {4, 2, 2}, {4, 5, 2},
                                                           {5, 6, 3}, {5, 11, 3}, {6, 5, 1}, {6, 11, 3}};
        CLEANUP_DOCKERFILE struct dockerfile *d = NULL;
        CLEANUP_ERROR struct error err = ERROR_INIT;
        CLEANUP_BUFFER struct buffer lines = BUFFER_INIT;
        CLEANUP_FREE char *wide = memory_printf("FROM a\nRUN %0300d\nRNU x", 0);
        CLEANUP_FREE char *is = NULL;

        CHECK_OK(dockerfile_parse(text, strlen(text), "Dockerfile", &d, &err));
        const struct dockerfile_place actual[] = {
                d->instructions[1].flags[0].place,
                d->instructions[1].args[0].place,
                d->instructions[1].args[1].place,
                d->instructions[1].args[2].place,
                d->instructions[2].args[0].place,
                d->instructions[2].args[1].place,
                d->instructions[3].pairs.items[0].key.place,
                d->instructions[3].pairs.items[1].value.place,
        };
        for (size_t k = 0; k < ARRAY_SIZE(expected); k++) {
                CHECK_INT(actual[k].line, expected[k].line);
                CHECK_INT(actual[k].column, expected[k].column);
                CHECK_INT(actual[k].width, expected[k].width);
        }
        CHECK_INT(dockerfile_error(d, &d->instructions[1].args[1].place, &err, "no such %s", "thing"), -1);
        CHECK_STR(err.message, "Dockerfile:4:2: no such thing\n   2 | COPY --link \\\n   3 |    bb \\\n   4 |  cc dd\n     |  ^^");
        dockerfile_excerpt(d, 5, 9, &lines);
        CHECK_STR(buffer_text(&lines), "   5 | RUN [\"x\", \"y\"]\n   6 | ENV k=v l=\"w\"\n");
        is = parse(wide);
        CHECK_HAS(is, "000...\n   3 | RNU x\n     | ^^^");
        CHECK(strlen(is) < 300);
}

int main(void)
{
        CHECK_RUN(test_text);
        CHECK_RUN(test_limits);
        CHECK_RUN(test_lines);
        CHECK_RUN(test_directives);
        CHECK_RUN(test_syntax);
        CHECK_RUN(test_names);
        CHECK_RUN(test_flags);
        CHECK_RUN(test_json);
        CHECK_RUN(test_deep_json);
        CHECK_RUN(test_words);
        CHECK_RUN(test_from);
        CHECK_RUN(test_pairs);
        CHECK_RUN(test_heredocs);
        CHECK_RUN(test_run_text);
        CHECK_RUN(test_comments);
        CHECK_RUN(test_copy);
        CHECK_RUN(test_healthcheck);
        CHECK_RUN(test_onbuild);
        CHECK_RUN(test_places);
        return CHECK_END();
}
