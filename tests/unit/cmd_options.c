/* SPDX-License-Identifier: Apache-2.0 */
/* Command-line flags as docker spells them, and the number of words. */
#include "cmd/arguments.h"
#include "common/buffer.h"
#include "common/memory.h"
#include "tests/unit/check.h"

struct seen {
        bool all, quiet;
        const char *file;
        const char *pull;
        struct strv names;
        struct strv words;
        struct strv warnings;
        bool help;
};

static int parse(char *const *argv, bool stop_at_word, struct seen *s, struct error *err)
{
        const struct option_row rows[] = {
                {"all", 'a', OPTION_SWITCH, &s->all, NULL, "All"},
                {"quiet", 'q', OPTION_SWITCH, &s->quiet, NULL, "Quiet"},
                {"file", 'f', OPTION_TEXT, &s->file, "FILE", "File"},
                {"name", 'n', OPTION_LIST, &s->names, "NAME", "Names"},
                {"pull", 0, OPTION_MAYBE, &s->pull, "WHEN", "Pull"},
        };
        static const struct option_foreign ignored[] = {
                {"memory", 'm', OPTION_TEXT, "no memory"},
                {"rm", 0, OPTION_MAYBE, "nothing to remove"},
                {"debug", 'D', OPTION_SWITCH, "nothing to say"},
        };
        static const struct option_foreign refused[] = {
                {"sign", 's', OPTION_TEXT, "no pen"},
                {"push", 0, OPTION_SWITCH, "too heavy"},
        };
        const struct option_table table = {
                .usage = "bryo try [OPTIONS] WORD",
                .about = "Tries.",
                .rows = rows,
                .count = ARRAY_SIZE(rows),
                .stop_at_word = stop_at_word,
                .ignored = ignored,
                .ignored_count = ARRAY_SIZE(ignored),
                .refused = refused,
                .refused_count = ARRAY_SIZE(refused),
                .warnings = &s->warnings,
        };

        *s = (struct seen){.file = NULL};
        return options_parse(&table, argv, &s->words, &s->help, err);
}

static void free_seen(struct seen *s)
{
        strv_free(&s->names);
        strv_free(&s->words);
        strv_free(&s->warnings);
}

/* "aq f=FILE pull=WHEN names=N,N words=W,W help | warnings" */
static char *describe(struct seen *s)
{
        CLEANUP_BUFFER struct buffer text = BUFFER_INIT;

        buffer_printf(&text, "%s%s f=%s%s%s names=", s->all ? "a" : "", s->quiet ? "q" : "", s->file ? s->file : "",
                      s->pull ? " pull=" : "", s->pull ? s->pull : "");
        for (size_t i = 0; i < s->names.count; i++)
                buffer_printf(&text, "%s,", s->names.items[i]);
        buffer_append_string(&text, " words=");
        for (size_t i = 0; i < s->words.count; i++)
                buffer_printf(&text, "%s,", s->words.items[i]);
        buffer_append_string(&text, s->help ? " help" : "");
        for (size_t i = 0; i < s->warnings.count; i++)
                buffer_printf(&text, " | %s", s->warnings.items[i]);
        return buffer_steal(&text);
}

struct row {
        const char *argv[8]; /* behind the verb */
        bool stop_at_word;
        const char *expected; /* what describe says, or a part of the error */
};

static void check_rows(const struct row *rows, size_t count, bool works)
{
        for (size_t i = 0; i < count; i++) {
                CLEANUP_ERROR struct error err = ERROR_INIT;
                CLEANUP_STRV struct strv argv = STRV_INIT;
                CLEANUP_FREE char *said = NULL;
                struct seen s;
                int result;

                strv_add(&argv, "try");
                for (size_t k = 0; rows[i].argv[k]; k++)
                        strv_add(&argv, rows[i].argv[k]);
                result = parse(strv_array(&argv), rows[i].stop_at_word, &s, &err);
                CHECK_INT(result, works ? 0 : -1);
                said = describe(&s);
                if (works)
                        CHECK_STR(said, rows[i].expected);
                else
                        CHECK_HAS(err.message, rows[i].expected);
                free_seen(&s);
        }
}

static void test_accepted(void)
{
        static const struct row rows[] = {
                {{NULL}, false, " f= names= words="},
                {{"--all", "w"}, false, "a f= names= words=w,"},
                {{"--all=false", "--quiet=true"}, false, "q f= names= words="},
                {{"-aq"}, false, "aq f= names= words="},
                {{"-aqfX"}, false, "aq f=X names= words="},
                {{"-f", "X", "-f=Y"}, false, " f=Y names= words="},
                {{"--file", "X"}, false, " f=X names= words="},
                {{"--file="}, false, " f= names= words="},
                {{"--file", "--all"}, false, " f=--all names= words="},
                {{"-n", "1", "--name=2", "-n3"}, false, " f= names=1,2,3, words="},
                {{"w", "-a", "v"}, false, "a f= names= words=w,v,"},
                {{"w", "-a", "v"}, true, " f= names= words=w,-a,v,"},
                {{"-q", "--", "-a"}, false, "q f= names= words=-a,"},
                {{"-"}, false, " f= names= words=-,"},
                {{"--help"}, false, " f= names= words= help"},
                {{"-h"}, false, " f= names= words= help"},
        };

        check_rows(rows, ARRAY_SIZE(rows), true);
}

/* Values that may be left out, and flags of other builders that are skipped with a warning. */
static void test_foreign(void)
{
        static const struct row rows[] = {
                {{"--pull", "w"}, false, " f= pull=true names= words=w,"},
                {{"--pull=never", "w"}, false, " f= pull=never names= words=w,"},
                {{"--memory", "1g", "w"}, false, " f= names= words=w, | --memory is ignored: no memory"},
                {{"--memory=1g", "-m", "2g", "-m3g", "w"}, false, " f= names= words=w, | --memory is ignored: no memory"},
                {{"-am", "2g", "w"}, false, "a f= names= words=w, | --memory is ignored: no memory"},
                {{"--rm", "w"}, false, " f= names= words=w, | --rm is ignored: nothing to remove"},
                {{"--rm=false", "w"}, false, " f= names= words=w,"},
                {{"-Dq", "w"}, false, "q f= names= words=w, | --debug is ignored: nothing to say"},
                {{"--push=false", "w"}, false, " f= names= words=w,"},
        };
        static const struct row wrong[] = {
                {{"--push"}, false, "--push cannot be done: too heavy"},
                {{"--sign", "x"}, false, "--sign cannot be done: no pen"},
                {{"-s", "x"}, false, "--sign cannot be done: no pen"},
                {{"--memory"}, false, "--memory needs a value"},
        };

        check_rows(rows, ARRAY_SIZE(rows), true);
        check_rows(wrong, ARRAY_SIZE(wrong), false);
}

static void test_refused(void)
{
        static const struct row rows[] = {
                {{"--al"}, false, "--al"}, /* no abbreviations */
                {{"--bogus=1"}, false, "--bogus"}, {{"-x"}, false, "-x"}, {{"-ax"}, false, "-x"},
                {{"--file"}, false, "--file"},     {{"-f"}, false, "-f"}, {{"--all=perhaps"}, false, "perhaps"},
        };

        check_rows(rows, ARRAY_SIZE(rows), false);
}

/* How many words a verb that takes `min` to `max` accepts. */
static void test_words(void)
{
        static const struct {
                size_t words, min, max;
                const char *error; /* NULL: accepted */
        } rows[] = {
                {0, 0, 0, NULL},
                {1, 1, CMD_ARGUMENTS_MANY, NULL},
                {3, 1, CMD_ARGUMENTS_MANY, NULL},
                {0, 1, CMD_ARGUMENTS_MANY, "usage: bryo try"},
                {1, 2, 2, "too few"},
                {3, 2, 2, "\"c\" is one word too many"},
        };
        static const char *const all[] = {"try", "a", "b", "c"};

        for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
                const struct option_table table = {.usage = "bryo try [OPTIONS] WORD"};
                CLEANUP_ERROR struct error err = ERROR_INIT;
                CLEANUP_STRV struct strv words = STRV_INIT;
                CLEANUP_STRV struct strv argv = STRV_INIT;
                bool done;
                int result;

                for (size_t k = 0; k <= rows[i].words; k++)
                        strv_add(&argv, all[k]);
                result = cmd_arguments_parse(&table, strv_array(&argv), rows[i].min, rows[i].max, &words, &done, &err);
                CHECK_INT(result, rows[i].error ? -1 : 0);
                if (rows[i].error) {
                        CHECK_HAS(err.message, rows[i].error);
                        CHECK_INT(err.code, OPTIONS_EUSAGE);
                }
        }
}

static void test_format(void)
{
        CLEANUP_ERROR struct error err = ERROR_INIT;
        bool json;

        CHECK_OK(cmd_arguments_parse_format(NULL, &json, &err));
        CHECK_INT(json, false);
        CHECK_OK(cmd_arguments_parse_format("table", &json, &err));
        CHECK_INT(json, false);
        CHECK_OK(cmd_arguments_parse_format("json", &json, &err));
        CHECK_INT(json, true);
        CHECK_INT(cmd_arguments_parse_format("{{.ID}}", &json, &err), -1);
        CHECK_HAS(err.message, "{{.ID}}");
}

int main(void)
{
        CHECK_RUN(test_accepted);
        CHECK_RUN(test_foreign);
        CHECK_RUN(test_refused);
        CHECK_RUN(test_words);
        CHECK_RUN(test_format);
        return CHECK_END();
}
