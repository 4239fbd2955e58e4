/* SPDX-License-Identifier: Apache-2.0 */
/* The instructions' rules as tables: a file, and what becomes of it or what it is told. */
#include "tests/unit/dockerfile_rows.h"

/* Names of instructions. */
static void test_names(void)
{
        static const struct row rows[] = {
                {"run a\nUsEr b", "2-2 RUN [a]; 3-3 USER [b]"}, /* P7.1 */
        };
        static const struct row bad[] = {
                {"FROM a\nRNU echo", "Dockerfile:2:1: unknown instruction: RNU (did you mean RUN?)\n   1 | FROM a\n"
                                     "   2 | RNU echo\n     | ^^^"}, /* P7.2 */
                {"FORM a\n",
                 "Dockerfile:1:1: unknown instruction: FORM (did you mean FROM?)\n   1 | FORM a\n     | ^^^^"},
                {"FROM a\n-- a comment\n", "Dockerfile:2:1: unknown instruction: -- (comments start with '#')\n"},
                {"FROM a\n--comment\n", "Dockerfile:2:1: unknown instruction: --comment (comments start with '#')\n"},
                {"FROM a\n// c\n", "Dockerfile:2:1: unknown instruction: // (comments start with '#')\n"},
                {"FROM a\nRUN b &&\n  && c\n",
                 "Dockerfile:3:3: unknown instruction: && (does the line before lack a '\\' at its end?)\n"},
                {"FROM a\nblorb c\n", "Dockerfile:2:1: unknown instruction: blorb (a command of the image needs RUN in front of it)\n"},
                {"FROM a\n\xED\x95\x9C\xEA\xB5\xAD RNU\n",
                 "Dockerfile:2:1: unknown instruction: \xED\x95\x9C\xEA\xB5\xAD (a command of the image needs RUN in front of it)\n   1 | FROM a\n"
                 "   2 | \xED\x95\x9C\xEA\xB5\xAD RNU\n     | ^^"},
                {"FROM a\n\x1B]52;c;AAAA\x07 x\n", "Dockerfile:2:1: unknown instruction: ?]52;c;AAAA? (a command of the image needs RUN in front of it)\n"},
        };

        check_rows(rows, ARRAY_SIZE(rows));
        check_errors(bad, ARRAY_SIZE(bad));
}

/* Flags. */
static void test_flags(void)
{
        static const struct row rows[] = {
                {"COPY --from=b --link a /b", "2-2 COPY --from=b --link=true [a] [/b]"}, /* P8.1 P8.6 */
                {"COPY --link=TRUE --parents=False a /b", "2-2 COPY --link=true --parents=false [a] [/b]"}, /* P8.7 */
                {"COPY --chown=\"a b\" --chmod='7'5\\5 a /b", "2-2 COPY --chown=a b --chmod=755 [a] [/b]"}, /* P8.2 */
                {"COPY --exclude=a --exclude=b . /", "2-2 COPY --exclude=a --exclude=b [.] [/]"},           /* P8.4 */
                {"COPY -- --from /b", "2-2 COPY [--from] [/b]"},                                            /* P8.3 */
                {"COPY --link -- --from /b", "2-2 COPY --link=true [--from] [/b]"},                         /* P8.3 */
                {"COPY a --link /b", "2-2 COPY [a] [--link] [/b]"},                                         /* P8.1 */
                {"COPY --chown= a /b", "2-2 COPY --chown= [a] [/b]"},
                {"COPY \\\n --link \\\n a \\\n b", "2-5 COPY --link=true [a] [b]"},
                {"ADD --checksum=sha256:0 --keep-git-dir --unpack=false a b",
                 "2-2 ADD --checksum=sha256:0 --keep-git-dir=true --unpack=false [a] [b]"},
                {"RUN --mount=target=/a --mount=target=/b --network=none --security=insecure --device=x a --b",
                 "2-2 RUN --mount=target=/a --mount=target=/b --network=none --security=insecure --device=x [a --b]"},
                {"RUN -x --y", "2-2 RUN [-x --y]"},
        };
        static const struct row bad[] = {
                {"# escape=`\nFROM a\nCOPY --chown=a`",
                 "Dockerfile:3:1: COPY requires at least two arguments"}, /* P8.2 */
                {"FROM a\nCOPY --chown=\"a x y", "Dockerfile:2:6: the closing \" is missing in this flag\n"},
                {"FROM a\nCOPY --from=a --from=b x y", "Dockerfile:2:15: --from is given twice\n"}, /* P8.4 */
                {"FROM a\nCOPY --link --link x y", "Dockerfile:2:13: --link is given twice\n"},     /* P8.4 */
                {"FROM a\nCOPY --form=a x y",
                 "Dockerfile:2:6: COPY has no flag --form (did you mean --from?)\n"},                       /* P8.5 */
                {"FROM a\nCOPY --keep-git-dir x y", "Dockerfile:2:6: COPY has no flag --keep-git-dir\n"},   /* P8.5 */
                {"FROM a\nCOPY --link=1 x y", "Dockerfile:2:6: --link is either true or false, not '1'\n"}, /* P8.7 */
                {"FROM a\nCOPY --link=yes x y",
                 "Dockerfile:2:6: --link is either true or false, not 'yes'\n"},       /* P8.7 */
                {"FROM a\nCOPY --link= x y", "Dockerfile:2:6: --link= has no value"},  /* P8.8 */
                {"FROM a\nCOPY --chown x y", "Dockerfile:2:6: --chown needs a value"}, /* P8.9 */
                {"FROM --platform a", "Dockerfile:1:6: --platform needs a value"},     /* P8.9 */
                {"FROM a\nENV --x=y z", "Dockerfile:2:5: ENV takes no flags, --x was given\n"},
                {"FROM a\nCMD --version", "Dockerfile:2:5: CMD takes no flags, --version was given: put options"},
                {"FROM a\nONBUILD --x RUN a", "Dockerfile:2:9: ONBUILD takes no flags, --x was given\n"},
                {"FROM a\nRUN --network=hots a",
                 "Dockerfile:2:5: --network is default, none or host, not 'hots' (did you mean host?)\n"},
                {"FROM a\nRUN --security=x a", "Dockerfile:2:5: --security is sandbox or insecure, not 'x'\n"},
                {"FROM a\nRUN --mount=tpye=bind a",
                 "Dockerfile:2:5: --mount has no option 'tpye' (did you mean type?)\n"},
        };

        CLEANUP_FREE char *backtick = parse("# escape=`\nFROM a\nCOPY --exclude=\"a`\"b\" --exclude=c\\d x /y");

        check_rows(rows, ARRAY_SIZE(rows));
        check_errors(bad, ARRAY_SIZE(bad));
        /* P8.2 */
        CHECK_STR(backtick, "2-2 FROM [a] stage=- platform=-; 3-3 COPY --exclude=a\"b --exclude=c\\d [x] [/y]");
}

/* The exec form. */
static void test_json(void)
{
        static const struct row rows[] = {
                {"RUN [\"a\", \"b c\"]", "2-2 RUN json [a] [b c]"}, /* P9.1 P9.4 */
                {"RUN  [ \"a\\u0041\\n\\\"\" ] ", "2-2 RUN json [aA\n\"]"},
                {"RUN ['a', 'b']", "2-2 RUN [['a', 'b']]"}, /* P9.2 */
                {"RUN [ -f x ] && y", "2-2 RUN [[ -f x ] && y]"},
                {"RUN [\"a\"] b", "2-2 RUN [[\"a\"] b]"}, /* P9.2 */
                {"RUN [\"a\",]", "2-2 RUN [[\"a\",]]"},   /* P9.2 */
                {"RUN [1, x", "2-2 RUN [[1, x]"},
                {"RUN [\"a\tb\"]", "2-2 RUN [[\"a\tb\"]]"},
                {"CMD []", "2-2 CMD json"},               /* P9.4 */
                {"ENTRYPOINT []", "2-2 ENTRYPOINT json"}, /* P9.4 */
                {"CMD a  b", "2-2 CMD [a  b]"},
                {"COPY [\"a b\", \"/c\"]", "2-2 COPY json [a b] [/c]"},          /* P9.4 */
                {"ADD [\"a\", \"<<E\", \"/c\"]", "2-2 ADD json [a] [<<E] [/c]"}, /* P9.4 */
                {"COPY ['a', '/c']", "2-2 COPY [['a',] ['/c']]"},
                {"VOLUME [\"/a b\"]", "2-2 VOLUME json [/a b]"},                      /* P9.4 */
                {"SHELL [\"/bin/bash\", \"-c\"]", "2-2 SHELL json [/bin/bash] [-c]"}, /* P9.4 */
                {"RUN [\"a\", \\\n \"b\"]", "2-3 RUN json [a] [b]"},
        };
        static const struct row bad[] = {
                {"FROM a\nRUN [\"a\", 1]",
                 "Dockerfile:2:5: RUN in JSON form takes an array of strings only: put each word into \"quotes\"\n"},                       /* P9.3 */
                {"FROM a\nCMD [[]]", "Dockerfile:2:5: CMD in JSON form takes an array of strings only: put each word into \"quotes\"\n"},   /* P9.3 */
                {"FROM a\nCMD [null]", "Dockerfile:2:5: CMD in JSON form takes an array of strings only: put each word into \"quotes\"\n"}, /* P9.3 */
                {"FROM a\nCMD [{\"a\": \"b\"}]",
                 "Dockerfile:2:5: CMD in JSON form takes an array of strings only: put each word into \"quotes\"\n"},                       /* P9.3 */
                {"FROM a\nCMD [true]", "Dockerfile:2:5: CMD in JSON form takes an array of strings only: put each word into \"quotes\"\n"}, /* P9.3 */
                {"FROM a\nCMD [1e999]", "Dockerfile:2:5: CMD in JSON form takes an array of strings only: put each word into \"quotes\"\n"},
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

/* Words, and the instructions that have none. */
static void test_words(void)
{
        static const struct row rows[] = {
                {"COPY a\t\v\f b \r c", "2-2 COPY [a] [b] [c]"},        /* P10.1 */
                {"COPY 'a b' c", "2-2 COPY ['a] [b'] [c]"},             /* P10.1 */
                {"USER a b", "2-2 USER [a b]"},                         /* P10.2 */
                {"WORKDIR /a  b ", "2-2 WORKDIR [/a  b]"},              /* P10.2 */
                {"MAINTAINER Me <me@x>", "2-2 MAINTAINER [Me <me@x>]"}, /* P10.2 */
                {"STOPSIGNAL $sig", "2-2 STOPSIGNAL [$sig]"},           /* P10.2 */
                {"STOPSIGNAL sigterm", "2-2 STOPSIGNAL [sigterm]"},
                {"EXPOSE 80 443/tcp $p", "2-2 EXPOSE [80] [443/tcp] [$p]"},
                {"VOLUME /a /b", "2-2 VOLUME [/a] [/b]"},
        };
        static const struct row bad[] = {
                {"FROM a\nUSER", "Dockerfile:2:1: USER requires exactly one argument\n"}, /* P10.3 */
                {"FROM a\nWORKDIR \n", "Dockerfile:2:1: WORKDIR requires exactly one argument\n"},
                {"FROM a\nMAINTAINER", "Dockerfile:2:1: MAINTAINER requires exactly one argument\n"},
                {"FROM a\nSTOPSIGNAL", "Dockerfile:2:1: STOPSIGNAL requires exactly one argument\n"},
                {"FROM a\nSTOPSIGNAL SIGTRM", "Dockerfile:2:12: 'SIGTRM' is not a signal (did you mean SIGTERM?)\n"},
                {"FROM a\nEXPOSE", "Dockerfile:2:1: EXPOSE requires at least one argument\n"}, /* P10.3 */
                {"FROM a\nVOLUME", "Dockerfile:2:1: VOLUME requires at least one argument\n"},
                {"FROM a\nRUN", "Dockerfile:2:1: RUN requires a command\n"}, /* P10.3 */
                {"FROM a\nCMD", "Dockerfile:2:1: CMD requires an argument"}, /* P10.3 */
                {"FROM a\nENTRYPOINT", "Dockerfile:2:1: ENTRYPOINT requires an argument"},
                {"FROM a\nCOPY a", "Dockerfile:2:1: COPY requires at least two arguments"}, /* P10.3 */
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
                {"FROM", "Dockerfile:1:1: FROM requires an image"}, /* P10.3 */
                {"FROM a b",
                 "Dockerfile:1:8: FROM takes one image: 'b' is too much (did you mean a AS b?)\n"}, /* P10.3 */
                {"FROM a AS", "Dockerfile:1:8: the stage's name is missing behind AS: FROM a AS name"},
                {"FROM a IS b", "Dockerfile:1:8: FROM takes one image: 'IS' is too much (did you mean a AS b?)"},
                {"FROM a AS b c", "Dockerfile:1:13: a stage has one name: 'c' behind it is too much"},
                {"FROM a AS 1b", "Dockerfile:1:11: invalid stage name '1b'"},
                {"FROM a AS b/c", "Dockerfile:1:11: invalid stage name 'b/c'"},
                {"FROM a AS \xC3\xA9", "Dockerfile:1:11: invalid stage name"},
        };

        check_rows(rows, ARRAY_SIZE(rows));
        check_errors(bad, ARRAY_SIZE(bad));
}

/* Names and values. */
static void test_pairs(void)
{
        static const struct row rows[] = {
                {"ENV a=b c='d e' f=\"g h\" i=j\\ k",
                 "2-2 ENV (a=b) (c='d e') (f=\"g h\") (i=j\\ k)"},  /* P11.1 P11.5 */
                {"ENV a b  c = d ", "2-2 ENV (a=b  c = d) legacy"}, /* P11.2 */
                {"ENV a b=c", "2-2 ENV (a=b=c) legacy"},            /* P11.2 */
                {"ENV a= b==c", "2-2 ENV (a=) (b==c)"},
                {"ENV a=b \\\n c=d", "2-3 ENV (a=b) (c=d)"},
                {"LABEL \"a b\"=c $x=y", "2-2 LABEL (\"a b\"=c) ($x=y)"},     /* P11.1 */
                {"LABEL a b", "2-2 LABEL (a=b) legacy"},                      /* P11.2 */
                {"ARG a b=1 c= d='x y'", "2-2 ARG (a) (b=1) (c=) (d='x y')"}, /* P11.3 */
                {"ENV a=b\\", "2-2 ENV (a=b)"},
                {"ENV a='b c", "2-2 ENV (a='b c)"},
                {"ENV a='b\\' c=d", "2-2 ENV (a='b\\') (c=d)"},
        };
        static const struct row bad[] = {
                {"FROM a\nENV a=b c", "Dockerfile:2:9: 'c' has no '=': ENV takes name=value"}, /* P11.1 */
                {"FROM a\nENV a", "Dockerfile:2:1: ENV must have two arguments"},
                {"FROM a\nENV", "Dockerfile:2:1: ENV requires at least one argument\n"},
                {"FROM a\nENV =b", "Dockerfile:2:5: ENV names cannot be blank\n"},          /* P11.4 */
                {"FROM a\nLABEL a=b =c", "Dockerfile:2:11: LABEL names cannot be blank\n"}, /* P11.4 */
                {"ARG =b\nFROM a", "Dockerfile:1:5: ARG names cannot be blank\n"},          /* P11.4 */
                {"ARG\nFROM a", "Dockerfile:1:1: ARG requires at least one argument\n"},
        };

        check_rows(rows, ARRAY_SIZE(rows));
        check_errors(bad, ARRAY_SIZE(bad));
}

/* Comment blocks. */
static void test_comments(void)
{
        static const char text[] = "# syntax=docker/dockerfile:1\n"
                                   "# v the version\n"
                                   "ARG v=1\n"
                                   "# build is parted from the instruction\n"
                                   "#\n"
                                   "# build makes it\n"
                                   "\n"
                                   "# check=skip=JSONArgsRecommended, Other ;error=true\n"
                                   "FROM a AS build\n"
                                   "RUN b\n";
        CLEANUP_DOCKERFILE struct dockerfile *d = NULL;
        struct error err = ERROR_INIT;
        const char *found;
        size_t size = 0;

        CHECK_OK(dockerfile_parse(text, strlen(text), "Dockerfile", &d, &err));
        CHECK_INT(d->first_from, 1);
        /* P13.1 */
        found = dockerfile_instruction_describe(&d->instructions[0], "v", &size);
        CHECK(found && size == 11 && strncmp(found, "the version", 11) == 0);
        CHECK_STR(d->instructions[0].comment, "v the version\n");
        /* P13.3 */
        CHECK_STR(d->instructions[1].comment, "build makes it\ncheck=skip=JSONArgsRecommended, Other ;error=true\n");
        found = dockerfile_instruction_describe(&d->instructions[1], "build", &size);
        CHECK(found && size == 8 && strncmp(found, "makes it", 8) == 0);
        CHECK(!dockerfile_instruction_describe(&d->instructions[1], "buil", &size));
        CHECK_STR(d->instructions[2].comment, NULL);
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
                 "none=0 60000000000/1500000000/0/1000000 x3"}, /* P9.4 */
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
        CHECK_STR(err.message,
                  "Dockerfile:4:2: no such thing\n   2 | COPY --link \\\n   3 |    bb \\\n   4 |  cc dd\n     |  ^^");
        dockerfile_excerpt(d, 5, 9, &lines);
        CHECK_STR(buffer_text(&lines), "   5 | RUN [\"x\", \"y\"]\n   6 | ENV k=v l=\"w\"\n");
        is = parse(wide);
        CHECK_HAS(is, "000...\n   3 | RNU x\n     | ^^^");
        CHECK(strlen(is) < 300);
}

int main(void)
{
        CHECK_RUN(test_names);
        CHECK_RUN(test_flags);
        CHECK_RUN(test_json);
        CHECK_RUN(test_deep_json);
        CHECK_RUN(test_words);
        CHECK_RUN(test_from);
        CHECK_RUN(test_pairs);
        CHECK_RUN(test_comments);
        CHECK_RUN(test_copy);
        CHECK_RUN(test_healthcheck);
        CHECK_RUN(test_onbuild);
        CHECK_RUN(test_places);
        return CHECK_END();
}
