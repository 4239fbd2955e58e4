/* SPDX-License-Identifier: Apache-2.0 */
/* Table-driven command-line flags; the table is the help, too. */
#include "cmd/options.h"

#include <stdio.h>
#include <string.h>

#include "common/memory.h"
#include "dockerfile/suggest.h"

struct parser {
        const struct option_table *table;
        char *const *argv; /* the next word */
        struct strv *words;
        bool *help;
        bool ended; /* after `--` */
};

static const struct option_row *find_long(const struct option_table *t, const char *name, size_t length)
{
        for (size_t i = 0; i < t->count; i++)
                if (strlen(t->rows[i].name) == length && strncmp(t->rows[i].name, name, length) == 0)
                        return &t->rows[i];
        return NULL;
}

static const struct option_row *find_letter(const struct option_table *t, char letter)
{
        for (size_t i = 0; i < t->count; i++)
                if (t->rows[i].letter == letter)
                        return &t->rows[i];
        return NULL;
}

static int set_switch(const struct option_row *row, const char *value, struct error *err)
{
        bool *target = row->target;

        if (value && strcmp(value, "true") != 0 && strcmp(value, "false") != 0)
                return error_set(err, OPTIONS_EUSAGE, "--%s takes true or false, not \"%s\"", row->name, value);
        *target = value == NULL || value[0] == 't';
        return 0;
}

static void set_value(const struct option_row *row, const char *value)
{
        if (row->kind == OPTION_LIST) {
                strv_add(row->target, value);
        } else {
                const char **target = row->target;

                *target = value;
        }
}

/* "bryo image ls" of "bryo image ls [OPTIONS] [NAME]" */
static int verb_length(const struct option_table *t)
{
        size_t length = strcspn(t->usage, "[");

        while (length > 0 && t->usage[length - 1] == ' ')
                length--;
        return (int)length;
}

static const struct option_foreign *find_foreign(const struct option_foreign *rows, size_t count, const char *name,
                                                 size_t length)
{
        for (size_t i = 0; i < count; i++)
                if (strlen(rows[i].name) == length && strncmp(rows[i].name, name, length) == 0)
                        return &rows[i];
        return NULL;
}

static const struct option_foreign *find_foreign_letter(const struct option_foreign *rows, size_t count, char letter)
{
        for (size_t i = 0; i < count; i++)
                if (rows[i].letter == letter)
                        return &rows[i];
        return NULL;
}

/* `value` is what stood behind the name in the same word, or NULL. */
static int skip_ignored(struct parser *p, const struct option_foreign *row, const char *value, struct error *err)
{
        CLEANUP_FREE char *warning = memory_printf("--%s is ignored: %s", row->name, row->why);

        if (!value && (row->kind == OPTION_TEXT || row->kind == OPTION_LIST)) {
                if (*p->argv == NULL)
                        return error_set(err, OPTIONS_EUSAGE, "flag --%s needs a value", row->name);
                p->argv++;
        }
        /* A switch that is turned off asks for nothing. */
        if ((row->kind == OPTION_SWITCH || row->kind == OPTION_MAYBE) && value && strcmp(value, "false") == 0)
                return 0;
        if (!strv_has(p->table->warnings, warning))
                strv_add(p->table->warnings, warning);
        return 0;
}

static int refuse(const struct option_foreign *row, struct error *err)
{
        return error_set(err, OPTIONS_EUSAGE, "--%s cannot be done: %s", row->name, row->why);
}

/* What the word most likely means, or NULL. */
static const char *suggest(const struct option_table *t, const char *name, size_t length)
{
        CLEANUP_FREE char *word = memory_strndup(name, length);
        CLEANUP_STRV struct strv names = STRV_INIT;
        const char *near;

        strv_add(&names, "help");
        for (size_t i = 0; i < t->count; i++)
                strv_add(&names, t->rows[i].name);
        near = dockerfile_suggest(word, (const char *const *)names.items, names.count);
        for (size_t i = 0; near && i < t->count; i++)
                if (strcmp(t->rows[i].name, near) == 0)
                        return t->rows[i].name;
        return near ? "help" : NULL;
}

static int report_unknown(const struct option_table *t, const char *name, size_t length, struct error *err)
{
        const char *near = suggest(t, name, length);

        if (near)
                return error_set(err, OPTIONS_EUSAGE, "unknown flag: --%.*s (did you mean --%s?)", (int)length, name,
                                 near);
        return error_set(err, OPTIONS_EUSAGE, "unknown flag: --%.*s (see %.*s --help)", (int)length, name,
                         verb_length(t), t->usage);
}

static int parse_foreign(struct parser *p, const char *name, size_t length, const char *value, struct error *err)
{
        const struct option_table *t = p->table;
        const struct option_foreign *row = find_foreign(t->ignored, t->ignored_count, name, length);

        if (row)
                return skip_ignored(p, row, value, err);
        row = find_foreign(t->refused, t->refused_count, name, length);
        if (row && value && strcmp(value, "false") == 0)
                return 0;
        if (row)
                return refuse(row, err);
        return report_unknown(t, name, length, err);
}

static int parse_long(struct parser *p, const char *word, struct error *err)
{
        const char *name = word + 2;
        const char *equals = strchr(name, '=');
        size_t length = equals ? (size_t)(equals - name) : strlen(name);
        const struct option_row *row = find_long(p->table, name, length);

        if (!row && length == 4 && strncmp(name, "help", 4) == 0) {
                *p->help = true;
                return 0;
        }
        if (!row)
                return parse_foreign(p, name, length, equals ? equals + 1 : NULL, err);
        if (row->kind == OPTION_SWITCH)
                return set_switch(row, equals ? equals + 1 : NULL, err);
        if (row->kind == OPTION_MAYBE) {
                set_value(row, equals ? equals + 1 : "true");
                return 0;
        }
        if (!equals && *p->argv == NULL)
                return error_set(err, OPTIONS_EUSAGE, "flag --%s needs a value: --%s %s", row->name, row->name,
                                 row->value);
        set_value(row, equals ? equals + 1 : *p->argv++);
        return 0;
}

/* One letter that the table's own rows do not have; *ret_end is set when it took the rest of the word. */
static int parse_foreign_letter(struct parser *p, const char *letters, bool *ret_end, struct error *err)
{
        const struct option_table *t = p->table;
        const struct option_foreign *row = find_foreign_letter(t->ignored, t->ignored_count, *letters);

        *ret_end = row && (row->kind == OPTION_TEXT || row->kind == OPTION_LIST);
        if (row)
                return skip_ignored(p, row, *ret_end && letters[1] ? letters + 1 : NULL, err);
        row = find_foreign_letter(t->refused, t->refused_count, *letters);
        if (row)
                return refuse(row, err);
        return error_set(err, OPTIONS_EUSAGE, "unknown flag: -%c (see %.*s --help)", *letters, verb_length(t),
                         t->usage);
}

static int parse_letters(struct parser *p, const char *letters, struct error *err)
{
        for (; *letters; letters++) {
                const struct option_row *row = find_letter(p->table, *letters);

                if (!row && *letters == 'h') {
                        *p->help = true;
                        return 0;
                }
                if (!row) {
                        bool end;

                        if (parse_foreign_letter(p, letters, &end, err) < 0)
                                return -1;
                        if (end)
                                return 0;
                        continue;
                }
                if (row->kind == OPTION_SWITCH) {
                        if (letters[1] == '=')
                                return set_switch(row, letters + 2, err);
                        *(bool *)row->target = true;
                        continue;
                }
                if (letters[1] == '\0' && *p->argv == NULL)
                        return error_set(err, OPTIONS_EUSAGE, "flag -%c needs a value: -%c %s", *letters, *letters,
                                         row->value);
                letters++;
                set_value(row, *letters == '\0' ? *p->argv++ : *letters == '=' ? letters + 1 : letters);
                return 0;
        }
        return 0;
}

int options_parse(const struct option_table *table, char *const *argv, struct strv *ret_words, bool *ret_help,
                  struct error *err)
{
        struct parser p = {table, argv + 1, ret_words, ret_help, false};

        *ret_help = false;
        while (*p.argv && !*p.help) {
                const char *word = *p.argv++;
                int result = 0;

                if (p.ended || word[0] != '-' || word[1] == '\0') {
                        strv_add(ret_words, word);
                        p.ended = p.ended || table->stop_at_word;
                } else if (strcmp(word, "--") == 0) {
                        p.ended = true;
                } else if (word[1] == '-') {
                        result = parse_long(&p, word, err);
                } else {
                        result = parse_letters(&p, word + 1, err);
                }
                if (result < 0)
                        return -1;
        }
        return 0;
}

static void print_foreign(const char *title, const struct option_foreign *rows, size_t count)
{
        if (count > 0)
                printf("\n%s\n", title);
        for (size_t i = 0; i < count; i++)
                printf("  --%-24s %s\n", rows[i].name, rows[i].why);
}

void options_print_help(const struct option_table *table)
{
        printf("Usage: %s\n\n%s\n", table->usage, table->about);
        if (table->count > 0)
                printf("\nOptions:\n");
        for (size_t i = 0; i < table->count; i++) {
                const struct option_row *row = &table->rows[i];
                CLEANUP_FREE char *left =
                        row->letter
                                ? memory_printf("-%c, --%s %s", row->letter, row->name, row->value ? row->value : "")
                                : memory_printf("    --%s %s", row->name, row->value ? row->value : "");

                printf("  %-30s %s\n", left, row->help);
        }
        print_foreign("Flags of other builders, ignored with a warning:", table->ignored, table->ignored_count);
        print_foreign("Flags of other builders that cannot be done:", table->refused, table->refused_count);
}
