/* SPDX-License-Identifier: Apache-2.0 */
/* Directives: "# name=value" above everything else in a file (escape, syntax, check). */
#include "dockerfile/directive.h"

#include <ctype.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "common/memory.h"
#include "dockerfile/source.h"
#include "dockerfile/utf8.h"

bool dockerfile_setting_split(const char *text, size_t start, size_t end, struct dockerfile_setting *ret)
{
        dockerfile_utf8_trim(text, &start, &end);
        ret->name = start;
        if (start == end || !isalpha((unsigned char)text[start]))
                return false;
        while (start < end && isalnum((unsigned char)text[start]))
                start++;
        ret->name_end = start;
        dockerfile_utf8_trim(text, &start, &end);
        if (start == end || text[start] != '=')
                return false;
        start++;
        dockerfile_utf8_trim(text, &start, &end);
        ret->value = start;
        ret->value_end = end;
        return end > start;
}

bool dockerfile_setting_is(const char *text, const struct dockerfile_setting *s, const char *name)
{
        return s->name_end - s->name == strlen(name) && strncasecmp(text + s->name, name, strlen(name)) == 0;
}

static int set_escape(struct dockerfile *d, const char *value, const struct dockerfile_place *place, struct error *err)
{
        if (strcmp(value, "\\") != 0 && strcmp(value, "`") != 0)
                return dockerfile_error(d, place, err, "the escape character is either \\ or `, not '%s'", value);
        d->escape = value[0];
        return 0;
}

/* Where the directive of that name is kept, or NULL for a comment that only looks like one. */
static struct dockerfile_directive *find_directive(struct dockerfile *d, const char *text,
                                                   const struct dockerfile_setting *s)
{
        if (dockerfile_setting_is(text, s, "escape"))
                return &d->escape_directive;
        if (dockerfile_setting_is(text, s, "syntax"))
                return &d->syntax;
        return dockerfile_setting_is(text, s, "check") ? &d->check : NULL;
}

int dockerfile_directive_read(struct dockerfile *d, unsigned line, bool *mode, struct error *err)
{
        size_t size;
        const char *text = dockerfile_source_line(d->source, line, &size);
        size_t hash = (size_t)((const char *)memchr(text, '#', size) - text);
        struct dockerfile_directive *target = NULL;
        struct dockerfile_place place;
        struct dockerfile_setting s;

        if (dockerfile_setting_split(text, hash + 1, size, &s))
                target = find_directive(d, text, &s);
        *mode = target != NULL;
        if (!target)
                return 0;
        place = (struct dockerfile_place){line, (unsigned)s.name + 1, (unsigned)(s.name_end - s.name)};
        if (target->value)
                return dockerfile_error(d, &place, err, "the %.*s directive is given twice", (int)place.width,
                                        text + s.name);
        target->value = memory_strndup(text + s.value, s.value_end - s.value);
        target->place = (struct dockerfile_place){line, (unsigned)s.value + 1, (unsigned)(s.value_end - s.value)};
        return target == &d->escape_directive ? set_escape(d, target->value, &target->place, err) : 0;
}
