/* SPDX-License-Identifier: Apache-2.0 */
/* Joining physical lines into logical ones at the escape character, remembering every byte's place. */
#include "dockerfile/line.h"

#include <stdlib.h>

#include "common/memory.h"
#include "dockerfile/utf8.h"

/* Bytes from `offset` of the joined text on stand at line:column and behind. */
struct dockerfile_segment {
        size_t offset;
        unsigned line;
        unsigned column;
};

static size_t skip_space(const char *text, size_t size)
{
        size_t start = 0;
        size_t end = size;

        dockerfile_utf8_trim(text, &start, &end);
        return start;
}

bool dockerfile_line_is_comment(const char *text, size_t size)
{
        size_t start = skip_space(text, size);

        return start < size && text[start] == '#';
}

bool dockerfile_line_is_blank(const char *text, size_t size)
{
        return skip_space(text, size) == size;
}

/*
 * True if the line goes on: it ends in the escape character, blanks behind it
 * allowed, unless that is doubled. *size becomes what is in front of it.
 */
static bool cut_continuation(const char *text, size_t *size, char escape)
{
        size_t end = *size;

        while (end > 0 && (text[end - 1] == ' ' || text[end - 1] == '\t'))
                end--;
        if (end == 0 || text[end - 1] != escape || (end > 1 && text[end - 2] == escape))
                return false;
        *size = end - 1;
        return true;
}

static void add_segment(struct dockerfile_line *l, unsigned line, size_t column, const char *text, size_t size)
{
        memory_grow(&l->segments, &l->segment_cap, l->segment_count + 1, sizeof(*l->segments));
        l->segments[l->segment_count++] = (struct dockerfile_segment){l->text.size, line, (unsigned)column};
        buffer_append(&l->text, text, size);
}

void dockerfile_line_read(struct dockerfile_line *l, const struct dockerfile_source *s, unsigned line, char escape)
{
        size_t size;
        const char *text = dockerfile_source_line(s, line, &size);
        size_t start = skip_space(text, size);
        bool goes_on;

        l->first_line = line;
        size -= start;
        goes_on = cut_continuation(text + start, &size, escape);
        add_segment(l, line, start + 1, text + start, size);
        while (goes_on && line < s->line_count) {
                text = dockerfile_source_line(s, ++line, &size);
                if (dockerfile_line_is_comment(text, size))
                        continue;
                if (dockerfile_line_is_blank(text, size)) {
                        l->empty_continuation = true;
                        continue;
                }
                goes_on = cut_continuation(text, &size, escape);
                add_segment(l, line, 1, text, size);
        }
        l->last_line = line;
}

void dockerfile_line_free(struct dockerfile_line *l)
{
        buffer_free(&l->text);
        free(l->segments);
        *l = (struct dockerfile_line){.text = BUFFER_INIT};
}

struct dockerfile_place dockerfile_line_place(const struct dockerfile_line *l, size_t start, size_t end)
{
        size_t low = 0;
        size_t high = l->segment_count;
        const struct dockerfile_segment *found;
        size_t limit;

        /* The last segment that begins at or before `start`; of empty ones the last. */
        while (high - low > 1) {
                size_t middle = low + (high - low) / 2;

                if (l->segments[middle].offset <= start)
                        low = middle;
                else
                        high = middle;
        }
        found = &l->segments[low];
        limit = high < l->segment_count ? l->segments[high].offset : l->text.size;
        if (end > limit)
                end = limit;
        return (struct dockerfile_place){.line = found->line,
                                         .column = found->column + (unsigned)(start - found->offset),
                                         .width = end > start ? (unsigned)(end - start) : 1};
}
