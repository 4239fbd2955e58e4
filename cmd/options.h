/* SPDX-License-Identifier: Apache-2.0 */
#ifndef BRYO_CMD_OPTIONS_H
#define BRYO_CMD_OPTIONS_H

#include <stdbool.h>
#include <stddef.h>

#include "common/error.h"
#include "common/strv.h"

/*
 * Command-line flags as docker spells them: --name VALUE, --name=VALUE,
 * -x VALUE, -xVALUE, clustered short switches (-it), and switches that take
 * =true or =false. A flag is never abbreviated. `--` ends the flags.
 */
/* err->code of a command line that is wrong: main then exits with 2. Not an errno. */
#define OPTIONS_EUSAGE 10001

enum option_kind {
        OPTION_SWITCH, /* bool *target */
        OPTION_TEXT,   /* const char **target; the last one given wins */
        OPTION_LIST,   /* struct strv *target; each one is added */
        OPTION_MAYBE,  /* const char **target; --name alone is "true", --name=VALUE the value; never takes the next word */
};

struct option_row {
        const char *name;  /* long name without dashes */
        char letter;       /* short form, or 0 */
        enum option_kind kind;
        void *target;
        const char *value; /* what the value is called in the help; NULL for a switch */
        const char *help;  /* one line */
};

/* A flag of another builder that this verb knows and does not carry out. */
struct option_foreign {
        const char *name;
        char letter;           /* short form, or 0 */
        enum option_kind kind; /* how its value is written; TEXT and LIST are the same here */
        const char *why;       /* completes "--name is ignored: " or "--name cannot be done: " */
};

struct option_table {
        const char *usage; /* "bryo build [OPTIONS] CONTEXT" */
        const char *about; /* one or more sentences for --help */
        const struct option_row *rows;
        size_t count;
        bool stop_at_word; /* the first word that is no flag ends the flags (bryo run IMAGE CMD...) */
        /* Scripts written for other builders pass these; the help lists them apart. All may be left out. */
        const struct option_foreign *ignored; /* each one given adds a sentence to *warnings, once */
        size_t ignored_count;
        const struct option_foreign *refused; /* an error that says why */
        size_t refused_count;
        struct strv *warnings;
};

/*
 * Reads argv[1...]; words that are no flags go to `ret_words` (borrowed from
 * argv, copied). `ret_help` is set when --help or -h was given (-h only where
 * the table has no such letter); nothing else is then checked. Errors (OPTIONS_EUSAGE) name the
 * flag and suggest `--help`.
 */
int options_parse(const struct option_table *table, char *const *argv, struct strv *ret_words, bool *ret_help,
                  struct error *err);
/* Prints usage and one line for each flag to stdout. */
void options_print_help(const struct option_table *table);

#endif
