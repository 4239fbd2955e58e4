/* SPDX-License-Identifier: Apache-2.0 */
/* Word expansion: every form, quoting, words, and what hostile texts cost. */
#include <time.h>

#include "common/buffer.h"
#include "common/memory.h"
#include "dockerfile/expand.h"
#include "tests/unit/check.h"

/* PWD=/home SHELL=bash NULL= KOREAN=... TWO="a b" P=/a/foo/b/c.txt STAR=x*y? X=xxyy */
static const char *find(void *context, const char *name)
{
        static const char *const values[] = {"PWD",
                                             "/home",
                                             "SHELL",
                                             "bash",
                                             "NULL",
                                             "",
                                             "KOREAN",
                                             "\xED\x95\x9C\xEA\xB5\xAD",
                                             "TWO",
                                             "a b",
                                             "P",
                                             "/a/foo/b/c.txt",
                                             "STAR",
                                             "x*y?",
                                             "X",
                                             "xxyy",
                                             "NEEDLE",
                                             "\\*/",
                                             "GLOBS",
                                             "/foo*/*/*.txt",
                                             "SLASH",
                                             "/?/",
                                             "QUOTED",
                                             "\"q'",
                                             "URL",
                                             "http://x.de",
                                             "GREEK\xCE\xB1",
                                             "alpha",
                                             "BRACKETS",
                                             "[x]y",
                                             "BAD",
                                             "a\xFF.b",
                                             "SPACES",
                                             "  a   b  "};

        (void)context;
        for (size_t k = 0; k < ARRAY_SIZE(values); k += 2)
                if (strcmp(values[k], name) == 0)
                        return values[k + 1];
        return NULL;
}

static const struct dockerfile_scope scope = {.find = find};

/* The expansion, or "error: message". */
static char *expand(const struct dockerfile_scope *s, char escape, enum dockerfile_expansion mode, const char *text)
{
        CLEANUP_ERROR struct error err = ERROR_INIT;
        char *out = NULL;

        if (dockerfile_expand(s, escape, mode, text, &out, &err) < 0)
                return memory_printf("error: %s", err.message);
        return out;
}

struct row {
        const char *text;
        const char *expected;
};

static void check(char escape, enum dockerfile_expansion mode, const struct row *rows, size_t count)
{
        for (size_t k = 0; k < count; k++) {
                CLEANUP_FREE char *is = expand(&scope, escape, mode, rows[k].text);
                bool error = strncmp(rows[k].expected, "error: ", 7) == 0;

                if (error ? strncmp(is, rows[k].expected, strlen(rows[k].expected)) != 0
                          : strcmp(is, rows[k].expected) != 0) {
                        printf("# row %zu: %s\n", k, rows[k].text);
                        CHECK_STR(is, rows[k].expected);
                }
        }
}
#define CHECK_WORDS(rows) check('\\', DOCKERFILE_EXPAND_WORD, rows, ARRAY_SIZE(rows))

/* E1: plain variables. */
static void test_names(void)
{
        static const struct row rows[] = {
                {"", ""},
                {"hello", "hello"},
                {"$PWD", "/home"}, /* E1.1 */
                {"a$PWD.b", "a/home.b"},
                {"a${PWD}b", "a/homeb"}, /* E1.1 */
                {"$PWDx", ""},
                {"$PWD_x.${PWD_x}", "."},        /* an underscore is part of a name */
                {"${NONE}$NONE", ""},            /* E1.1 */
                {"$", "$"},                      /* E1.12 */
                {"a$ b$", "a$ b$"},              /* E1.12 */
                {"$.x", "$.x"},                  /* E1.12 */
                {"$1$12x$@$*$#$?$-$$$!$0", "x"}, /* E1.11 */
                {"${1}${?}${@}", ""},            /* E1.11 */
                {"$KOREAN", "\xED\x95\x9C\xEA\xB5\xAD"},
                {"$GREEK\xCE\xB1", "alpha"},
                {"$PWD\xE2\x80\x94x", "/home\xE2\x80\x94x"},
                {"$BAD", "a\xFF.b"},
                {"${", "error: the closing } is missing"},
                {"${}", "error: bad substitution"},     /* E1.10 */
                {"${:", "error: bad substitution"},     /* E1.10 */
                {"${+x}", "error: bad substitution"},   /* E1.14 */
                {"${%x}", "error: bad substitution"},   /* E1.14 */
                {"${/x/y}", "error: bad substitution"}, /* E1.14 */
                {"${:-x}", "error: bad substitution"},
                {"${{PWD}}", "error: bad substitution"},
                {"${ PWD}", "error: bad substitution"},
                {"${PWD", "error: the closing } is missing behind ${PWD"}, /* E1.10 */
                {"${PWD!x}", "error: unsupported modifier !"},
                {"${PWD=x}", "error: unsupported modifier ="},
                {"${PWD:=x}", "error: unsupported modifier :="},
                {"${PWD:0:3}", "error: unsupported modifier :0"},
                {"${#PWD}", "error: unsupported modifier P"},
                {"${PWD:#/}", "error: unsupported modifier :#"},
                {"${PWD:%e}", "error: unsupported modifier :%"},
        };

        CHECK_WORDS(rows);
}

/* E1: defaults, alternatives, demands. */
static void test_defaults(void)
{
        static const struct row rows[] = {
                {"${NONE-a}${NULL-a}${PWD-a}", "a/home"},           /* E1.2 */
                {"${NONE:-a}${NULL:-a}${PWD:-a}", "aa/home"},       /* E1.2 */
                {"${NONE+a}${NULL+a}${PWD+b}", "ab"},               /* E1.3 */
                {"${NONE:+a}${NULL:+a}${PWD:+b}", "b"},             /* E1.3 */
                {"${NULL?m}${PWD?m}${PWD:?m}", "/home/home"},       /* E1.4 */
                {"${NONE?wrong $PWD}", "error: NONE: wrong /home"}, /* E1.4, E1.8 */
                {"${NONE:?}", "error: NONE: is not allowed to be unset"},
                {"${NULL:?}", "error: NULL: is not allowed to be empty"}, /* E1.4 */
                {"${NONE:-}", ""},
                {"${NONE:-$PWD}", "/home"}, /* E1.8 */
                {"${NONE:-${NONE:-${PWD:+x}}}", "x"},
                {"${NONE:-'a}b'}", "a}b"},
                {"${NONE:-\"a $PWD}\"}", "a /home}"},
                {"${NONE:-a\\}b}", "a}b"},
                {"${NONE:-{a}b}", "{ab}"},
                {"${PWD:+-${PWD}}", "-/home"}, /* E1.8 */
                {"${NONE:-a", "error: the closing } is missing"},
                {"${NONE:-${PWD}", "error: the closing } is missing"},
                /* The word is expanded even when it is not used, as in BuildKit. */
                {"${PWD:-${NONE?gone}}", "error: NONE: gone"},
        };

        CHECK_WORDS(rows);
}

/* E1: # % / with patterns. */
static void test_patterns(void)
{
        static const struct row rows[] = {
                {"${X#x}", "xyy"},
                {"${X#}", "xxyy"},
                {"${X##}", "xxyy"},
                {"${X#*}", "xxyy"},
                {"${X##*}", ""},
                {"${X#*x}", "xyy"}, /* E1.5 */
                {"${X##*x}", "yy"}, /* E1.5 */
                {"${X#*x*y}", "y"},
                {"${X##*x*y}", ""}, /* E1.9 */
                {"${X#y}", "xxyy"},
                {"${X%y}", "xxy"},
                {"${X%%y}", "xxy"},
                {"${X%y*}", "xxy"}, /* E1.6 */
                {"${X%%y*}", "xx"}, /* E1.6 */
                {"${X%x*y}", "x"},
                {"${X%%x*y}", ""},
                {"${X%}", "xxyy"},
                {"${X%%$NULL}", "xxyy"},
                {"${X#??}", "yy"}, /* E1.9 */
                {"${X#$NULL}", "xxyy"},
                {"${NONE#x}${NONE%%x}", ""},
                {"${P##*/}", "c.txt"},
                {"${P%/*}", "/a/foo/b"},
                {"${P##*/*b}", "/c.txt"},
                {"${P%%b*/*}", "/a/foo/"},
                /* In double quotes a pattern's escape is doubled, as in BuildKit: this is x, a backslash, anything. */
                {"${STAR#\"x\\*\"}", "x*y?"},
                {"${P%%.*}", "/a/foo/b/c"},
                {"${STAR%\\?}", "x*y"},
                {"${STAR#x\\*}", "y?"}, /* E1.9 */
                {"${KOREAN#?}", "\xEA\xB5\xAD"},
                {"${KOREAN%?}", "\xED\x95\x9C"},
                {"${BAD#a?}", ".b"},
                {"${BAD%??b}", "a"},
                {"${X#[x]}", "xxyy"},     /* E1.9 */
                {"${BRACKETS#[x]}", "y"}, /* E1.9 */
                {"${X#x.}", "xxyy"},      /* E1.9 */
                {"${X#\\x}", "error: the pattern '\\x' has a '\\' in front of something other"},
                {"${X/x/z}", "zxyy"},        /* E1.7 */
                {"${X/x/$PWD}", "/homexyy"}, /* E1.8 */
                {"${X//x/z}", "zzyy"},       /* E1.7 */
                {"${X//?/z}", "zzzz"},
                {"${X/x*y/z}", "z"},
                {"${X//x/}", "yy"},
                {"${X/x/}", "xyy"},
                {"${X///}", "xxyy"},
                {"${X/$NULL/ww}", "wwxxyy"},
                {"${X//*/r}", "r"},
                {"${GLOBS/$NEEDLE/.} ${GLOBS//$NEEDLE/.}", "/foo.*/*.txt /foo..*.txt"},
                {"${P/$SLASH//} ${P//$SLASH//}", "/foo/b/c.txt /foo/c.txt"}, /* E1.8 */
                {"${URL/http:\\/\\//https://}", "https://x.de"},
                {"${PWD//\\//\\/}", "\\/home"},
                {"${X//x/$0}", "yy"},
                {"${X//x/\\$1}", "\\$1\\$1yy"},
                {"${X//ww}", "error: the / between pattern and replacement is missing"},
                {"${X//}", "error: the / between pattern and replacement is missing"},
                {"${X/a/b", "error: the closing } is missing"},
                {"${NONE/a/b}", ""},
                {"${NULL#}${NULL%%$NULL}${NULL/$NULL/x}", "x"},
                {"${NULL//*/x}", "x"},
        };

        CHECK_WORDS(rows);
}

/* E2: quotes and escapes. */
static void test_quotes(void)
{
        static const struct row rows[] = {
                {"'$PWD'", "$PWD"},                             /* E2.1 */
                {"'a\\b'", "a\\b"},                             /* E2.1 */
                {"\"$PWD\"", "/home"},                          /* E2.2 */
                {"\"a\\\"b\\$PWD\\\\c\\d\"", "a\"b$PWD\\c\\d"}, /* E2.2 */
                {"\"it's\"", "it's"},
                {"'say \"x\"'", "say \"x\""},
                {"a'b'\"c\"d", "abcd"},       /* E2.3 */
                {"\\$PWD", "$PWD"},           /* E2.4 */
                {"a\\b\\\\c\\'d", "ab\\c'd"}, /* E2.4 */
                {"a\\", "a"},
                {"\"a\\", "error: the closing \" is missing"},
                {"'abc", "error: the closing ' is missing behind 'abc"}, /* E2.3 */
                {"\"abc", "error: the closing \" is missing"},             /* E2.3 */
                {"\"${NONE:-'a'}\"", "a"},
                {"$QUOTED", "\"q'"},
                {"  a  b  ", "  a  b  "},
                {"\"\"''", ""},
        };
        static const struct row backtick[] = {
                {"c:\\dir\\$PWD", "c:\\dir\\/home"},
                {"`$PWD", "$PWD"}, /* E2.4 */
                {"\"a`\"b\\n\"", "a\"b\\n"},
        };

        CHECK_WORDS(rows);
        check('`', DOCKERFILE_EXPAND_WORD, backtick, ARRAY_SIZE(backtick));
}

/* E6: bodies of heredocs. */
static void test_heredoc(void)
{
        static const struct row rows[] = {
                {"\"foo\"\n'$PWD' it's\n", "\"foo\"\n'/home' it's\n"}, /* E6.1 */
                {"a\\nb\\\\c\\$PWD\n", "anb\\c$PWD\n"},                /* E6.2 */
                {"`$PWD`", "`/home`"},
                {"${NONE:-\"x\"}", "\"x\""},
        };

        check('\\', DOCKERFILE_EXPAND_HEREDOC, rows, ARRAY_SIZE(rows));
        check('`', DOCKERFILE_EXPAND_HEREDOC, rows, ARRAY_SIZE(rows));
}

/* E3.3, EXPOSE: expansion, then words. */
static void test_split(void)
{
        static const struct row rows[] = {
                {"80 443", "80|443"},      {"$TWO", "a|b"},
                {"x$TWO.y", "xa|b.y"},     {"\"$TWO\" c", "a b|c"},
                {"$SPACES", "a|b"},        {"'' \"\" $NULL a", "a"},
                {"a\\ b", "a b"},          {"${NONE:-x y}", "x|y"},
                {"80${NONE:-81}", "8081"}, /* E3.11 */
                {"'a 'b", "a b"},          {"", ""},
        };
        CLEANUP_ERROR struct error err = ERROR_INIT;
        CLEANUP_STRV struct strv kept = STRV_INIT;

        for (size_t k = 0; k < ARRAY_SIZE(rows); k++) {
                CLEANUP_STRV struct strv words = STRV_INIT;
                CLEANUP_BUFFER struct buffer is = BUFFER_INIT;

                CHECK_OK(dockerfile_expand_words(&scope, '\\', rows[k].text, &words, &err));
                for (size_t n = 0; n < words.count; n++)
                        buffer_printf(&is, "%s%s", n ? "|" : "", words.items[n]);
                CHECK_STR(buffer_text(&is), rows[k].expected);
        }
        strv_add(&kept, "old");
        CHECK_INT(dockerfile_expand_words(&scope, '\\', "a b ${", &kept, &err), -1);
        CHECK_INT(kept.count, 1);
}

static void note(void *context, const char *name)
{
        buffer_printf(context, "%s ", name);
}

/* Names that are undefined are told, also those with a default. */
static void test_undefined(void)
{
        CLEANUP_BUFFER struct buffer names = BUFFER_INIT;
        const struct dockerfile_scope noting = {.find = find, .undefined = note, .context = &names};
        CLEANUP_FREE char *is =
                expand(&noting, '\\', DOCKERFILE_EXPAND_WORD, "$A $PWD ${B:-${C}} ${NULL:-x} '$D' \\$E ${F/a/b} $");

        CHECK_STR(is, " /home  x $D $E  $");
        CHECK_STR(buffer_text(&names), "A C B F ");
}

struct hostile {
        char *value;
        const char *small;
};

static const char *find_hostile(void *context, const char *name)
{
        struct hostile *h = context;

        return strcmp(name, "V") == 0 ? h->value : strcmp(name, "S") == 0 ? h->small : NULL;
}

static void repeat(struct buffer *b, const char *piece, size_t count)
{
        while (count-- > 0)
                buffer_append_string(b, piece);
}

/* E1.13, G2: no text is slow, no result is large. */
static void test_hostile(void)
{
        static const struct {
                const char *value; /* of $V, repeated to 512 KiB */
                const char *before, *piece, *behind;
                size_t count;
                const char *expected; /* NULL: anything */
        } rows[] = {
                {"a", "", "$V", "", 64, "error: the expanded text has more than 1048576 bytes"},
                {"a", "", "${V#x", "}", 3, NULL},
                {"a", "", "${a:-", "", 100000, "error: ${...} is nested more than 200 deep"},
                {"a", "", "${V%%", "", 100000, "error: ${...} is nested more than 200 deep"},
                {"a", "${V##", "*a", "b}", 2000, NULL},
                {"a", "${V%%b", "a*", "}", 2000, NULL},
                {"a", "${V//", "a*", "b/c}", 2000, "error: the pattern"},
                {"a", "${V//a/", "$V", "}", 1, "error: the expanded text has more"},
                {"a", "${V/", "a", "b/x}", 100000, "error: the pattern"},
                {"ab", "${V#*", "$V", "}", 1, NULL},
                {"a", "", "${V#?}${V+}${V:+}", "", 100000, "error: the "},
                {"a", "", "${V:+}", "", 1000000, "error: the values used have more than"},
                {"a", "", "$S", "", 1000000, NULL},
                {"a", "\"", "$S", "\"", 1000000, NULL},
                {"a", "", "'", "", 100001, NULL},
        };
        clock_t worst = 0;

        for (size_t k = 0; k < ARRAY_SIZE(rows); k++) {
                CLEANUP_BUFFER struct buffer value = BUFFER_INIT;
                CLEANUP_BUFFER struct buffer text = BUFFER_INIT;
                CLEANUP_FREE char *is = NULL;
                struct hostile h = {.small = ""};
                const struct dockerfile_scope s = {.find = find_hostile, .context = &h};
                clock_t before;

                repeat(&value, rows[k].value, (512 << 10) / strlen(rows[k].value));
                h.value = value.data;
                buffer_append_string(&text, rows[k].before);
                repeat(&text, rows[k].piece, rows[k].count);
                buffer_append_string(&text, rows[k].behind);
                before = clock();
                is = expand(&s, '\\', DOCKERFILE_EXPAND_WORD, buffer_text(&text));
                before = clock() - before;
                if (before > worst)
                        worst = before;
                if (rows[k].expected && strncmp(is, rows[k].expected, strlen(rows[k].expected)) != 0) {
                        is[strlen(is) > 200 ? 200 : strlen(is)] = '\0';
                        printf("# hostile row %zu\n", k);
                        CHECK_STR(is, rows[k].expected);
                }
        }
        printf("# slowest hostile expansion: %.3f s\n", (double)worst / CLOCKS_PER_SEC);
#ifndef BRYO_SANITIZED
        CHECK(worst < CLOCKS_PER_SEC);
#endif
}

/* E1.13, G2: ARG B=$A$A, ARG C=$B$B, ... ends in an error at 1 MiB. */
static void test_doubling(void)
{
        CLEANUP_FREE char *value = memory_strdup("x");
        unsigned rounds = 0;

        for (; rounds < 40; rounds++) {
                struct hostile h = {.value = value};
                const struct dockerfile_scope s = {.find = find_hostile, .context = &h};
                char *next = expand(&s, '\\', DOCKERFILE_EXPAND_WORD, "$V$V");

                free(value);
                value = next;
                if (strncmp(value, "error: ", 7) == 0)
                        break;
        }
        CHECK_INT(rounds, 20);
        CHECK_HAS(value, "more than 1048576 bytes");
}

int main(void)
{
        CHECK_RUN(test_names);
        CHECK_RUN(test_defaults);
        CHECK_RUN(test_patterns);
        CHECK_RUN(test_quotes);
        CHECK_RUN(test_heredoc);
        CHECK_RUN(test_split);
        CHECK_RUN(test_undefined);
        CHECK_RUN(test_hostile);
        CHECK_RUN(test_doubling);
        return CHECK_END();
}
