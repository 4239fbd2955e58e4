/* SPDX-License-Identifier: Apache-2.0 */
/* Here-documents: where the parser finds them, their bodies, and what of them a RUN hands to the shell. */
#include "tests/unit/dockerfile_rows.h"

/* Where they are found and what is in them. */
static void test_heredocs(void)
{
        static const struct row rows[] = {
                {"RUN <<EOF\na\n b\nEOF\nUSER x", "2-5 RUN [<<EOF] <<EOF:0{a\n b\n}; 6-6 USER [x]"}, /* P12.1 */
                {"RUN <<E\nE", "2-3 RUN [<<E] <<E:0{}"},
                {"RUN 3<<E\nE", "2-3 RUN [3<<E] <<E:3{}"},                            /* P12.10 */
                {"RUN <<-E\n\ta\n \tb\n\t\tE\n", "2-5 RUN [<<-E] <<E-:0{a\n \tb\n}"}, /* P12.5 */
                {"RUN <<E\n\tE\nE \nE", "2-5 RUN [<<E] <<E:0{\tE\nE \n}"},            /* P12.4 */
                {"RUN <<'E'\n$a\nE", "2-4 RUN [<<'E'] <<E!:0{$a\n}"},                 /* P12.6 */
                {"RUN <<\"E\"\nE", "2-3 RUN [<<\"E\"] <<E!:0{}"},                     /* P12.6 */
                {"RUN <<e'o'\\'f\neo'f", "2-3 RUN [<<e'o'\\'f] <<eo'f!:0{}"},         /* P12.6 */
                {"RUN <<eo\\'f\neo'f", "2-3 RUN [<<eo\\'f] <<eo'f:0{}"},
                {"RUN <<'one two'\na\none two\n", "2-4 RUN [<<'one two'] <<one two!:0{a\n}"},
                {"RUN <<$EOF\n$EOF\n", "2-3 RUN [<<$EOF] <<$EOF:0{}"},
                {"RUN <<  EOF  > foo\nEOF\n", "2-3 RUN [<<  EOF  > foo] <<EOF:0{}"}, /* P12.8 */
                {"RUN cat <<- EOF\n\tEOF\n", "2-3 RUN [cat <<- EOF] <<EOF-:0{}"},    /* P12.8 */
                {"RUN a <<A b 4<<-B\n1\nA\n\t2\nB\n",
                 "2-6 RUN [a <<A b 4<<-B] <<A:0{1\n} <<B-:4{2\n}"},                     /* P12.3 P12.10 */
                {"RUN \"<<E\" '<<E' \\<<E a<<E", "2-2 RUN [\"<<E\" '<<E' \\<<E a<<E]"}, /* P12.9 */
                {"RUN cat <<<\"$x\"", "2-2 RUN [cat <<<\"$x\"]"},                       /* P12.9 */
                {"RUN cat <<< EOF", "2-2 RUN [cat <<< EOF]"},                           /* P12.9 */
                {"RUN echo $((1 << 3)) $((1<<2))", "2-2 RUN [echo $((1 << 3)) $((1<<2))]"},
                {"RUN (( x << 3 )); cat <<E\nE", "2-3 RUN [(( x << 3 )); cat <<E] <<E:0{}"},
                {"RUN echo ${x:-<< E}", "2-2 RUN [echo ${x:-<< E}]"},
                {"RUN it's <<E", "2-2 RUN [it's <<E]"},
                {"RUN <<", "2-2 RUN [<<]"},
                {"RUN <<''", "2-2 RUN [<<'']"},
                {"RUN [\"<<E\"]", "2-2 RUN json [<<E]"}, /* P12.2 */
                {"RUN --mount=target=/a <<E\nE", "2-3 RUN --mount=target=/a [<<E] <<E:0{}"},
                {"RUN a \\\n <<E\nb\nE", "2-5 RUN [a  <<E] <<E:0{b\n}"},
                {"RUN <<E\na \\\n# b\n\nE", "2-6 RUN [<<E] <<E:0{a \\\n# b\n\n}"},
                {"COPY <<a b <<c /d\n1\na\n2\nc",
                 "2-6 COPY [<<a] [b] [<<c] [/d] <<a:0{1\n} <<c:0{2\n}"},                            /* P12.1 P12.3 */
                {"COPY <<X <<Y /d\nY\nX\nX\nY", "2-6 COPY [<<X] [<<Y] [/d] <<X:0{Y\n} <<Y:0{X\n}"}, /* P12.3 */
                {"COPY << 'a b' /d\na b", "2-3 COPY [<< 'a b'] [/d] <<a b!:0{}"},                   /* P12.8 */
                {"ADD <<-E /d\n\tE", "2-3 ADD [<<-E] [/d] <<E-:0{}"},                               /* P12.1 */
                {"USER <<E", "2-2 USER [<<E]"},                                                     /* P12.1 */
                {"ENV a=<<E", "2-2 ENV (a=<<E)"},                                                   /* P12.1 */
                {"ONBUILD RUN <<E\na\nE\nUSER b",
                 "2-4 ONBUILD [RUN <<E] trigger{RUN <<E\na\nE}; 5-5 USER [b]"}, /* P12.1 */
                {"ONBUILD COPY <<-E /d\n\ta\n\tE",
                 "2-4 ONBUILD [COPY <<-E /d] trigger{COPY <<-E /d\n\ta\nE}"}, /* P12.1 */
        };
        static const struct row bad[] = {
                {"FROM a\nRUN <<E\n E\n",
                 "Dockerfile:2:5: unterminated heredoc: 'E' in line 3 has blanks in front of it: take them away\n"}, /* P12.4 P12.7 */
                {"FROM a\nRUN <<A <<B\nA\n",
                 "Dockerfile:2:9: unterminated heredoc: no later line is just 'B'"}, /* P12.7 */
                {"FROM a\nRUN <<E", "Dockerfile:2:5: unterminated heredoc"},         /* P12.7 */
                {"FROM a\nCOPY x <<E\nE", "Dockerfile:2:8: COPY cannot have a heredoc as its destination: that stands last\n"},
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

int main(void)
{
        CHECK_RUN(test_heredocs);
        CHECK_RUN(test_run_text);
        return CHECK_END();
}
