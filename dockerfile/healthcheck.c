/* SPDX-License-Identifier: Apache-2.0 */
/* HEALTHCHECK NONE, or HEALTHCHECK [flags] CMD command. */
#include "dockerfile/syntax.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "dockerfile/flags.h"
#include "dockerfile/suggest.h"
#include "dockerfile/utf8.h"
#include "dockerfile/value.h"
#include "dockerfile/words.h"

/* Docker's API refuses shorter ones; 0 inherits. */
#define MIN_DURATION 1000000

static int read_duration(struct dockerfile_reader *r, const struct dockerfile_instruction *i, const char *name,
                         int64_t *ret)
{
        const struct dockerfile_flag *f = dockerfile_flag_find(i, name);
        struct error bad = ERROR_INIT;

        if (!f || f->value[0] == '\0')
                return 0;
        if (dockerfile_duration_parse(f->value, ret, &bad) < 0) {
                dockerfile_place_error(r, &f->place, "--%s: %s", name, bad.message);
                error_clear(&bad);
                return -1;
        }
        if (*ret == 0 || *ret >= MIN_DURATION)
                return 0;
        return dockerfile_place_error(r, &f->place, "--%s cannot be less than 1ms", name);
}

static int read_retries(struct dockerfile_reader *r, struct dockerfile_instruction *i)
{
        const struct dockerfile_flag *f = dockerfile_flag_find(i, "retries");
        char *end;
        long value;

        if (!f || f->value[0] == '\0')
                return 0;
        errno = 0;
        value = strtol(f->value, &end, 10);
        if (*end != '\0' || errno != 0 || f->value[0] == ' ' || value < 0 || value > INT32_MAX)
                return dockerfile_place_error(r, &f->place, "--retries is a number from 0 on, not '%s'", f->value);
        i->healthcheck.retries = (int)value;
        return 0;
}

static int read_flags(struct dockerfile_reader *r, struct dockerfile_instruction *i)
{
        struct dockerfile_healthcheck *h = &i->healthcheck;

        if (read_duration(r, i, "interval", &h->interval) < 0 || read_duration(r, i, "timeout", &h->timeout) < 0 ||
            read_duration(r, i, "start-period", &h->start_period) < 0 ||
            read_duration(r, i, "start-interval", &h->start_interval) < 0)
                return -1;
        return read_retries(r, i);
}

static int unknown_type(struct dockerfile_reader *r, const struct dockerfile_place *place, const char *type,
                        size_t size)
{
        static const char *const types[] = {"CMD", "NONE"};
        char word[16] = "";
        const char *near;

        if (size < sizeof(word))
                memcpy(word, type, size);
        near = dockerfile_suggest(word, types, 2);
        return dockerfile_place_error(r, place, "HEALTHCHECK takes NONE or CMD command, not '%.*s'%s%s%s", (int)size,
                                      type, near ? " (did you mean " : "", near ? near : "", near ? "?)" : "");
}

int dockerfile_healthcheck_read(struct dockerfile_reader *r, struct dockerfile_instruction *i,
                                struct dockerfile_range rest)
{
        const char *text = buffer_text(&r->line->text);
        struct dockerfile_range type;
        struct dockerfile_place place;
        size_t size;

        if (!dockerfile_words_next(r->line, &rest, &type))
                return dockerfile_keyword_error(r, i,
                                                "HEALTHCHECK requires at least one argument: NONE or CMD command");
        dockerfile_utf8_trim(text, &rest.start, &rest.end);
        size = type.end - type.start;
        place = dockerfile_line_place(r->line, type.start, type.end);
        if (read_flags(r, i) < 0)
                return -1;
        if (size == 4 && strncasecmp(text + type.start, "NONE", 4) == 0) {
                place = dockerfile_line_place(r->line, rest.start, rest.end);
                if (rest.start < rest.end)
                        return dockerfile_place_error(r, &place, "HEALTHCHECK NONE takes no arguments");
                i->healthcheck = (struct dockerfile_healthcheck){.none = true};
                return 0;
        }
        if (size != 3 || strncasecmp(text + type.start, "CMD", 3) != 0)
                return unknown_type(r, &place, text + type.start, size);
        if (dockerfile_command_read(r, i, rest) < 0)
                return -1;
        if (i->arg_count == 0)
                return dockerfile_place_error(r, &place, "a command is missing behind HEALTHCHECK CMD");
        return 0;
}
