/* SPDX-License-Identifier: Apache-2.0 */
/* .dockerignore and COPY's wildcards. */
#include <time.h>

#include "common/buffer.h"
#include "common/memory.h"
#include "dockerfile/glob.h"
#include "dockerfile/ignore.h"
#include "tests/unit/check.h"

static struct dockerfile_ignore *parse(const char *text)
{
        CLEANUP_ERROR struct error err = ERROR_INIT;
        struct dockerfile_ignore *m = NULL;

        CHECK_OK(dockerfile_ignore_parse(text, strlen(text), ".dockerignore", &m, &err));
        return m;
}

/* One pattern, one path: whether it is left out (moby/patternmatcher's own cases are among them). */
static void test_patterns(void)
{
        static const struct {
                const char *pattern, *path;
                bool expected;
        } rows[] = {
                {"**", "file", true},
                {"**/", "file", true},
                {"**", "dir/file", true},
                {"**/**", "dir/file", true},
                {"dir/**", "dir/file", true}, /* I1.10 */
                {"dir/**", "dir/a/b", true},  /* I1.10 */
                {"dir/**", "dir", false},     /* I1.10 */
                {"dir/**", "dirx/file", false},
                {"**/dir", "dir", true}, /* I1.9 */
                {"**/dir", "dir/file", true},
                {"**/dir", "a/b/dir", true}, /* I1.9 */
                {"**/dir", "a/bdir", false}, /* I1.9 */
                {"**/dir2/*", "dir/dir2/file", true},
                {"**/dir2/**", "dir/dir2/dir3/file", true},
                {"**/dir2/**", "dir/dir2", false},
                {"**file", "file", true},
                {"**file", "dir/dir/file", true},
                {"**file", "dir/xfile", true},
                {"**file*", "dir/xfile", false},
                {"**/file*txt", "dir/dir/file.txt", true},
                {"**/**/*.txt", "file.txt", true},
                {"**/**/*.txt2", "dir/file.txt", false},
                {"a**/*.txt", "a/file.txt", true},
                {"a**/*.txt", "a/dir/dir/file.txt", true},
                {"a**/*.txt", "ab/file.txt", true},
                {"a/*.txt", "a/dir/file.txt", false}, /* I1.8 */
                {"a/*.txt**", "a/file.txt", true},
                {"a**", "a", true},
                {"a**", "ab/c", true},
                {"a**b", "ab", true},
                {"a**b", "ax/b", true},
                {"a**b", "axb", false},
                {"a[b-d]e", "ace", true},
                {"a[b-d]e", "aae", false},
                {"a[^b-d]e", "aze", true},
                {"a[^b]c", "a/c", true}, /* I1.8: a class is not bound to a path component, as in BuildKit */
                {"a[.-0]c", "a/c", true},
                {".*", ".foo", true},
                {".*", "foo", false},
                {"abc.def", "abcZdef", false},
                {"abc?def", "abcZdef", true},
                {"abc?def", "abc/def", false}, /* I1.8 */
                {"a?b",
                 "a\xE2\x98\xBA"
                 "b",
                 true},
                {"a(b)c/def", "a(b)c/def", true},
                {"a.|)$(}+{bc", "a.|)$(}+{bc", true},
                {"a\\\\", "a\\", true},
                {"a\\*b", "a*b", true},
                {"a\\*b", "axb", false},
                {"*", "a", true},
                {"*", ".a", true},
                {"*", "a/b", true},
                {"*/b", "a/b/c", true},
                {"*/b", "a/c", false},
                {"a", "a/b/c", true}, /* I1.11 */
                {"a", "ab", false},
                {"a/b", "a", false},
                {"/a", "a", true},           /* I1.7 */
                {"./a/", "a", true},         /* I1.6 */
                {"a/../b", "b", true},       /* I1.6 */
                {"a//b/./c", "a/b/c", true}, /* I1.6 */
                {"../a", "a", false},
                {"  a  ", "a", true}, /* I1.3 */
                {"a b", "a b", true},
                {"A", "a", false},
                {"/", "a", false},
                {".", "a", false},
                {"]", "]", true},
                {"a\r", "a", true},
        };

        for (size_t k = 0; k < ARRAY_SIZE(rows); k++) {
                CLEANUP_IGNORE struct dockerfile_ignore *m = parse(rows[k].pattern);
                bool is = m && dockerfile_ignore_matches(m, rows[k].path, NULL);

                if (is != rows[k].expected)
                        printf("# row %zu: '%s' '%s'\n", k, rows[k].pattern, rows[k].path);
                CHECK_INT(is, rows[k].expected);
        }
}

/* Order, "!", parents, comments; the line that decided. */
static void test_lists(void)
{
        static const struct {
                const char *text, *path;
                bool expected;
                unsigned line;
        } rows[] = {
                {"a\n!a/b\n", "a/b", false, 2}, /* I1.13 */
                {"a\n!a/b\n", "a/b/c", false, 2},
                {"a\n!a/b\n", "a/c", true, 1},                            /* I1.13 */
                {"!a\na\n", "a", true, 2},                                /* I1.12 */
                {"**\n!util/web\nutil/web/foo", "util/web/foo", true, 3}, /* I1.12 */
                {"**\n!util/web\nutil/web/foo", "util/web/bar", false, 2},
                {"*\n!x", "x/y", false, 2},
                {"docs/\n!docs/README.md", "docs/README.md", false, 2},
                {"a/**\n!**/x", "a/b/c/x", false, 2},             /* D4.1 */
                {"# c\n\n#d\na", "a", true, 4},                   /* I1.3 */
                {"#a\n", "#a", false, 0},                         /* I1.2 */
                {" #a\n", "#a", true, 1},                         /* I1.2 */
                {"! b \na\n!  a", "a", false, 3},                 /* I1.4 */
                {"\xEF\xBB\xBF# x\n\xEF\xBB\xBF", "a", false, 0}, /* I1.1 */
                {"\xEF\xBB\xBF"
                 "a",
                 "a", true, 1},
                {"a\r\nb\r\n", "b", true, 2},
                {"", "a", false, 0},
                {"*\n**", "", false, 0},
                {"*\n**", ".", false, 0},
                {"!!a\n", "!a", false, 1},
                {"a\n/!a/b\n", "a/b", false, 2}, /* I1.4 */
                {"\\!a\n", "!a", true, 1},
        };

        for (size_t k = 0; k < ARRAY_SIZE(rows); k++) {
                CLEANUP_IGNORE struct dockerfile_ignore *m = parse(rows[k].text);
                unsigned line = 99;
                bool is = dockerfile_ignore_matches(m, rows[k].path, &line);

                if (is != rows[k].expected || line != rows[k].line)
                        printf("# row %zu: '%s' '%s'\n", k, rows[k].text, rows[k].path);
                CHECK_INT(is, rows[k].expected);
                CHECK_INT(line, rows[k].line);
        }
}

static void test_errors(void)
{
        static const struct {
                const char *text, *expected;
        } rows[] = {
                {"a\n!\n", ".dockerignore:2: a '!' without a pattern"},       /* I1.5 */
                {"!  ", ".dockerignore:1: a '!' without a pattern"},          /* I1.5 */
                {"!/", ".dockerignore:1: a '!' without a pattern"},           /* I1.5 */
                {"/!", ".dockerignore:1: a '!' without a pattern"},           /* I1.5 */
                {"a\n! /b/../ ", ".dockerignore:2: a '!' without a pattern"}, /* I1.5 */
                {"[", ".dockerignore:1: bad pattern '[': "},
                {"x\n[^", ".dockerignore:2: bad pattern '[^': "},
                {"[]a]", ".dockerignore:1: bad pattern"},
                {"[-]", ".dockerignore:1: bad pattern"},
                {"[x-]", ".dockerignore:1: bad pattern"},
                {"[a-b-c]", ".dockerignore:1: bad pattern"},
                {"a[bc", ".dockerignore:1: bad pattern"},
                {"a[\\", ".dockerignore:1: bad pattern"},
                {"a\\", ".dockerignore:1: bad pattern"},
        };
        static const char *const list[] = {"a", "["};
        CLEANUP_ERROR struct error err = ERROR_INIT;
        struct dockerfile_ignore *m = NULL;

        for (size_t k = 0; k < ARRAY_SIZE(rows); k++) {
                CLEANUP_ERROR struct error bad = ERROR_INIT;

                CHECK_INT(dockerfile_ignore_parse(rows[k].text, strlen(rows[k].text), ".dockerignore", &m, &bad), -1);
                CHECK_HAS(bad.message, rows[k].expected);
        }
        CHECK_INT(dockerfile_ignore_parse("a\0b", 3, ".dockerignore", &m, &err), -1);
        CHECK_HAS(err.message, ".dockerignore:1: a NUL byte");
        error_clear(&err);
        CHECK_INT(dockerfile_ignore_new(list, 2, &m, &err), -1);
        CHECK_HAS(err.message, "bad pattern '['");
}

/* Which directories a walk may skip. */
static void test_prune(void)
{
        static const struct {
                const char *text, *dir;
                bool expected;
        } rows[] = {
                {"a", "a", false}, /* I1.14 */
                {"a", "a/b", false},
                {"a", "b", true},
                {"a\n!a/b", "a", true}, /* I1.14 */
                {"a\n!a/b", "a/b", true},
                {"a\n!a/b", "a/c", false}, /* I1.14 */
                {"!a/b\na", "a", false},
                {"a\n!b", "a", false},
                {"a\n!**/x", "a/c", true}, /* D4.1 */
                {"*\n!a/*/c", "a", true},
                {"*\n!a/*/c", "a/b", true},
                {"*\n!a/*/c", "b", false},
                {"*\n!a/*/c", "a/b/d", false},
                {"*\n!abc", "ab", false},
                {"", "a", true},
                {"*\n!src/**\nsrc/tmp", "src/tmp", false},
                {"*\n!x?/y", "xz", true},
        };

        for (size_t k = 0; k < ARRAY_SIZE(rows); k++) {
                CLEANUP_IGNORE struct dockerfile_ignore *m = parse(rows[k].text);
                bool is = dockerfile_ignore_may_contain(m, rows[k].dir);

                if (is != rows[k].expected)
                        printf("# row %zu: '%s' '%s'\n", k, rows[k].text, rows[k].dir);
                CHECK_INT(is, rows[k].expected);
        }
}

/* Pruning never loses a file: over many small trees and lists, whatever is kept lies only in directories that may
 * contain. */
static void test_prune_is_safe(void)
{
        static const char *const patterns[] = {"a",      "!a/b", "*",  "!**/c",  "b/**",
                                               "!b/a/*", "*/b",  "!?", "**/a/c", "!a"};
        static const char *const names[] = {"a", "b", "c"};
        size_t checked = 0;

        for (size_t i = 0; i < 1000; i++) {
                CLEANUP_FREE char *text =
                        memory_printf("%s\n%s\n%s\n", patterns[i % 10], patterns[i / 10 % 10], patterns[i / 100]);
                CLEANUP_IGNORE struct dockerfile_ignore *m = parse(text);

                for (size_t p = 0; p < 27; p++) {
                        CLEANUP_FREE char *path =
                                memory_printf("%s/%s/%s", names[p % 3], names[p / 3 % 3], names[p / 9]);
                        char dir[4] = {path[0], '\0', path[2], '\0'};

                        if (dockerfile_ignore_matches(m, path, NULL))
                                continue;
                        checked++;
                        CHECK(dockerfile_ignore_may_contain(m, dir));
                        dir[1] = '/';
                        CHECK(dockerfile_ignore_may_contain(m, dir));
                }
        }
        CHECK(checked > 1000);
}

/* Go's own table for path.Match, and some. */
static void test_glob(void)
{
        static const struct {
                const char *pattern, *path;
                int expected; /* -1: bad pattern */
        } rows[] = {
                {"abc", "abc", 1},
                {"*", "abc", 1},
                {"*", ".abc", 1},
                {"*c", "abc", 1},
                {"a*", "a", 1},
                {"a*", "ab/c", 0},
                {"a*/b", "abc/b", 1},
                {"a*/b", "a/c/b", 0},
                {"a*b*c*d*e*/f", "axbxcxdxe/f", 1},
                {"a*b*c*d*e*/f", "axbxcxdxexxx/f", 1},
                {"a*b*c*d*e*/f", "axbxcxdxe/xxx/f", 0},
                {"a*b*c*d*e*/f", "axbxcxdxexxx/fff", 0},
                {"a*b?c*x", "abxbbxdbxebxczzx", 1},
                {"a*b?c*x", "abxbbxdbxebxczzy", 0},
                {"ab[c]", "abc", 1},
                {"ab[b-d]", "abc", 1},
                {"ab[e-g]", "abc", 0},
                {"ab[^c]", "abc", 0},
                {"ab[^e-g]", "abc", 1},
                {"a\\*b", "a*b", 1},
                {"a\\*b", "ab", 0},
                {"a?b",
                 "a\xE2\x98\xBA"
                 "b",
                 1},
                {"a[^a]b",
                 "a\xE2\x98\xBA"
                 "b",
                 1},
                {"a???b",
                 "a\xE2\x98\xBA"
                 "b",
                 0},
                {"[a-\xCE\xB6]*", "\xCE\xB1", 1},
                {"*[a-\xCE\xB6]", "A", 0},
                {"a?b", "a/b", 0},
                {"a*b", "a/b", 0},
                {"**", "a/b", 0},
                {"a/**", "a/b/c", 0},
                {"[\\]a]", "]", 1},
                {"[\\-]", "-", 1},
                {"[x\\-]", "x", 1},
                {"[x\\-]", "z", 0},
                {"[\\-x]", "a", 0},
                {"[]a]", "]", -1},
                {"[-]", "-", -1},
                {"[x-]", "x", -1},
                {"[-x]", "x", -1},
                {"\\", "a", -1},
                {"[a-b-c]", "a", -1},
                {"[", "a", -1},
                {"[^", "a", -1},
                {"[^bc", "a", -1},
                {"a[", "ab", -1},
                {"*x", "xxx", 1},
                {"", "", 1},
                {"", "a", 0},
        };

        for (size_t k = 0; k < ARRAY_SIZE(rows); k++) {
                CLEANUP_ERROR struct error err = ERROR_INIT;
                struct dockerfile_glob *g = NULL;
                int is = dockerfile_glob_parse(rows[k].pattern, &g, &err) < 0
                                 ? -1
                                 : dockerfile_glob_matches(g, rows[k].path);

                if (is != rows[k].expected)
                        printf("# row %zu: '%s' '%s'\n", k, rows[k].pattern, rows[k].path);
                CHECK_INT(is, rows[k].expected);
                dockerfile_glob_free(g);
        }
}

static void test_glob_helpers(void)
{
        CLEANUP_ERROR struct error err = ERROR_INIT;
        CLEANUP_FREE char *plain = dockerfile_glob_unescape("a\\*b\\\\c\\");
        struct dockerfile_glob *g = NULL;

        CHECK(dockerfile_glob_is("a*"));
        CHECK(dockerfile_glob_is("a?"));
        CHECK(dockerfile_glob_is("[a]"));
        CHECK(!dockerfile_glob_is("a\\*b\\"));
        CHECK(!dockerfile_glob_is("a/b.c"));
        CHECK_STR(plain, "a*b\\c\\");
        CHECK_OK(dockerfile_glob_parse("src/*/x.c", &g, &err));
        CHECK(dockerfile_glob_may_contain(g, ""));
        CHECK(dockerfile_glob_may_contain(g, "src"));
        CHECK(dockerfile_glob_may_contain(g, "src/a"));
        CHECK(!dockerfile_glob_may_contain(g, "src/a/b"));
        CHECK(!dockerfile_glob_may_contain(g, "srcs"));
        dockerfile_glob_free(g);
        CHECK_OK(dockerfile_glob_parse("src/", &g, &err));
        CHECK(!dockerfile_glob_may_contain(g, "src"));
        dockerfile_glob_free(g);
        CHECK_OK(dockerfile_glob_parse_deep("src/**/x.c", &g, &err));
        CHECK(dockerfile_glob_matches(g, "src/a/b/x.c"));
        CHECK(dockerfile_glob_matches(g, "src/x.c"));
        CHECK(!dockerfile_glob_matches(g, "src/ax.c"));
        CHECK(dockerfile_glob_may_contain(g, "src/a/b/c"));
        dockerfile_glob_free(g);
}

static double seconds_for(const char *text, const char *path, bool *matches)
{
        clock_t before = clock();
        CLEANUP_IGNORE struct dockerfile_ignore *m = parse(text);

        *matches = m && dockerfile_ignore_matches(m, path, NULL);
        if (m)
                dockerfile_ignore_may_contain(m, path);
        return (double)(clock() - before) / CLOCKS_PER_SEC;
}

/* I1.15, G2: patterns that make a backtracking matcher hang. */
static void test_hostile(void)
{
        CLEANUP_BUFFER struct buffer path = BUFFER_INIT;
        CLEANUP_BUFFER struct buffer dirs = BUFFER_INIT;
        CLEANUP_BUFFER struct buffer mixed = BUFFER_INIT;
        CLEANUP_BUFFER struct buffer stars = BUFFER_INIT;
        CLEANUP_ERROR struct error err = ERROR_INIT;
        struct dockerfile_ignore *m = NULL;
        double worst = 0;
        bool matches;

        for (int k = 0; k < 2000; k++)
                buffer_append_string(&path, "a/");
        buffer_append_string(&path, "a");
        for (int k = 0; k < 1000; k++) {
                buffer_append_string(&dirs, "**/");
                buffer_append_string(&mixed, "**/a/");
                buffer_append_string(&stars, "*a");
        }
        buffer_append_string(&dirs, "b");
        buffer_append_string(&mixed, "b");
        const char *const texts[] = {buffer_text(&dirs), buffer_text(&mixed), buffer_text(&stars)};
        for (size_t k = 0; k < ARRAY_SIZE(texts); k++) {
                double took = seconds_for(texts[k], buffer_text(&path), &matches);

                CHECK(!matches);
                worst = took > worst ? took : worst;
        }
        dirs.data[dirs.size - 1] = 'a';
        seconds_for(buffer_text(&dirs), buffer_text(&path), &matches);
        CHECK(matches);
        printf("# slowest hostile pattern: %.3f s\n", worst);
#ifndef BRYO_SANITIZED
        CHECK(worst < 1);
#endif
        buffer_clear(&dirs);
        for (int k = 0; k < 5000; k++)
                buffer_append_string(&dirs, "**/");
        buffer_append_string(&dirs, "a");
        seconds_for(buffer_text(&dirs), buffer_text(&path), &matches);
        CHECK(matches);
        for (int k = 0; k < 5000; k++)
                buffer_append_string(&stars, "?");
        CHECK_INT(dockerfile_ignore_parse(buffer_text(&stars), stars.size, "x", &m, &err), -1);
        CHECK_HAS(err.message, "it is too long");
}

int main(void)
{
        CHECK_RUN(test_patterns);
        CHECK_RUN(test_lists);
        CHECK_RUN(test_errors);
        CHECK_RUN(test_prune);
        CHECK_RUN(test_prune_is_safe);
        CHECK_RUN(test_glob);
        CHECK_RUN(test_glob_helpers);
        CHECK_RUN(test_hostile);
        return CHECK_END();
}
