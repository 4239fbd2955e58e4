/* SPDX-License-Identifier: Apache-2.0 */
/* `bryo build --check` and `--call`: what there is to say about a Dockerfile without building it, as docker buildx says
 * it. */
#include "cmd/check.h"

#include <stdio.h>
#include <string.h>

#include "cmd/check_json.h"
#include "cmd/text.h"
#include "cmd/options.h"
#include "common/memory.h"
#include "dockerfile/source.h"

int cmd_call_parse(const char *text, enum cmd_call *ret, bool *ret_json, struct error *err)
{
        static const struct {
                const char *name;
                enum cmd_call call;
        } calls[] = {
                {"build", CMD_CALL_BUILD},     {"check", CMD_CALL_CHECK},     {"lint", CMD_CALL_CHECK},
                {"outline", CMD_CALL_OUTLINE}, {"targets", CMD_CALL_TARGETS},
        };
        size_t size = strcspn(text, ",");
        bool found = false;

        *ret_json = false;
        for (size_t k = 0; k < ARRAY_SIZE(calls); k++)
                if (strlen(calls[k].name) == size && strncmp(text, calls[k].name, size) == 0) {
                        *ret = calls[k].call;
                        found = true;
                }
        if (!found)
                return error_set(err, OPTIONS_EUSAGE, "--call=%s: there are check, outline, targets and build", text);
        if (strcmp(text + size, ",format=json") == 0)
                *ret_json = true;
        else if (text[size] && strcmp(text + size, ",format=text") != 0)
                return error_set(err, OPTIONS_EUSAGE, "--call=%s: only ,format=json or ,format=text may follow", text);
        return 0;
}

/* What a Dockerfile or the command line says, on one line and obeyed by no terminal. Heap text; "" for NULL. */
static char *visible(const char *text)
{
        CLEANUP_BUFFER struct buffer shown = BUFFER_INIT;

        cmd_text_append_visible(&shown, text ? text : "");
        return memory_strdup(buffer_text(&shown));
}

/* The lines of a warning with some around them, as BuildKit shows them. */
static void print_lines(const struct dockerfile *d, const struct dockerfile_warning *w)
{
        CLEANUP_FREE char *name = visible(d->name);
        /* BuildKit counts what is behind the last line end as a line. */
        unsigned lines = d->source->line_count + (d->source->size > 0 && d->source->text[d->source->size - 1] == '\n');
        unsigned first = w->first_line;
        unsigned last = w->last_line < lines ? w->last_line : lines;

        for (int shown = 0, pad = first == last ? 4 : 2; shown < pad; shown++) {
                shown += first > 1;
                first -= first > 1;
                shown += last < lines;
                last += last < lines;
        }
        printf("%s:%u\n--------------------\n", name, w->first_line);
        for (unsigned line = first; line <= last; line++) {
                CLEANUP_BUFFER struct buffer shown_text = BUFFER_INIT;
                size_t size = 0;
                const char *text = line <= d->source->line_count ? dockerfile_source_line(d->source, line, &size) : "";

                cmd_text_append_output(&shown_text, text, size);
                printf(" %3u | %s %s\n", line, line >= w->first_line && line <= w->last_line ? ">>>" : "   ",
                       buffer_text(&shown_text));
        }
        printf("--------------------\n");
}

static void print_verdict(const struct builder_check_result *r)
{
        if (r->warnings.count == 0)
                printf("Check complete, no warnings found.\n");
        else if (r->warnings.count == 1)
                printf("Check complete, 1 warning has been found!\n");
        else
                printf("Check complete, %zu warnings have been found!\n", r->warnings.count);
}

static void print_warnings(const struct builder_check_result *r)
{
        for (size_t k = 0; k < r->warnings.count; k++) {
                const struct dockerfile_warning *w = &r->warnings.items[k];
                CLEANUP_BUFFER struct buffer detail = BUFFER_INIT;

                printf("\nWARNING: %s", w->rule->name);
                if (w->rule->page)
                        printf(" - https://docs.docker.com/go/dockerfile/rule/%s/", w->rule->page);
                cmd_text_append_message(&detail, w->detail);
                printf("\n%s\n", buffer_text(&detail));
                print_lines(r->file, w);
        }
}

static int columns(const char *text)
{
        CLEANUP_FREE char *shown = visible(text);

        return (int)cmd_text_width(shown);
}

/* A cell of a table, padded to `width` columns; printf counts bytes. */
static void print_cell(const char *text, int width)
{
        CLEANUP_FREE char *shown = visible(text);
        int used = (int)cmd_text_width(shown);

        printf("%s%*s", shown, used < width ? width - used : 0, "");
}

static int widest(const struct dockerfile_outline_list *list, bool value, int least)
{
        for (size_t k = 0; k < list->count; k++) {
                int size = columns(value ? list->items[k].value : list->items[k].name);

                if (size > least)
                        least = size;
        }
        return least;
}

static void print_required(const char *title, const struct dockerfile_outline_list *list)
{
        int width = widest(list, false, (int)strlen(title));

        if (list->count == 0)
                return;
        printf("%-*s   REQUIRED\n", width, title);
        for (size_t k = 0; k < list->count; k++) {
                print_cell(list->items[k].name, width);
                printf("   %s\n", list->items[k].required ? "true" : "");
        }
        printf("\n");
}

static void print_name(const struct dockerfile_outline *o)
{
        CLEANUP_FREE char *name = visible(o->name);
        CLEANUP_FREE char *description = visible(o->description);

        printf("%-*s %s\n", o->description ? (int)strlen("DESCRIPTION:") : 0, "TARGET:", name);
        if (o->description)
                printf("DESCRIPTION: %s\n", description);
        printf("\n");
}

static void print_outline(const struct dockerfile_outline *o)
{
        int names = widest(&o->args, false, (int)strlen("BUILD ARG"));
        int values = widest(&o->args, true, (int)strlen("VALUE"));

        if (o->name)
                print_name(o);
        if (o->args.count > 0)
                printf("%-*s   %-*s   DESCRIPTION\n", names, "BUILD ARG", values, "VALUE");
        for (size_t k = 0; k < o->args.count; k++) {
                print_cell(o->args.items[k].name, names);
                printf("   ");
                print_cell(o->args.items[k].value, values);
                printf("   ");
                print_cell(o->args.items[k].description, 0);
                printf("\n");
        }
        if (o->args.count > 0)
                printf("\n");
        print_required("SECRET", &o->secrets);
        print_required("SSH", &o->ssh);
}

static char *target_name(const struct dockerfile_instruction *from, bool is_last)
{
        const char *name = from->from.stage ? from->from.stage : "";

        return memory_printf("%s%s%s", name, name[0] && is_last ? " " : "", is_last ? "(default)" : "");
}

static void print_target(const struct dockerfile_instruction *from, bool is_last, int width)
{
        size_t size = 0;
        const char *described = from->from.stage ? dockerfile_instruction_describe(from, from->from.stage, &size) : NULL;
        CLEANUP_FREE char *description = described ? memory_strndup(described, size) : NULL;
        CLEANUP_FREE char *name = target_name(from, is_last);

        print_cell(name, width);
        printf(" ");
        print_cell(description, 0);
        printf("\n");
}

static void print_targets(const struct dockerfile *d)
{
        const struct dockerfile_instruction *last = NULL;
        int width = (int)strlen("TARGET");

        for (size_t k = d->first_from; k < d->instruction_count; k++)
                if (d->instructions[k].kind == DOCKERFILE_FROM)
                        last = &d->instructions[k];
        for (size_t k = d->first_from; k < d->instruction_count; k++) {
                CLEANUP_FREE char *name = NULL;

                if (d->instructions[k].kind != DOCKERFILE_FROM)
                        continue;
                name = target_name(&d->instructions[k], &d->instructions[k] == last);
                if (columns(name) > width)
                        width = columns(name);
        }
        printf("%-*s DESCRIPTION\n", width, "TARGET");
        for (size_t k = d->first_from; k < d->instruction_count; k++)
                if (d->instructions[k].kind == DOCKERFILE_FROM)
                        print_target(&d->instructions[k], &d->instructions[k] == last, width);
}

int cmd_call_run(const struct builder_build_options *options, enum cmd_call call, bool json, bool *ret_warned,
                 struct error *err)
{
        struct builder_check_result r;
        int result = builder_check(options, call == CMD_CALL_TARGETS, &r, err);

        *ret_warned = call == CMD_CALL_CHECK && r.warnings.count > 0;
        if (result == 0 && call == CMD_CALL_CHECK && !json)
                print_verdict(&r);
        /* of a file that cannot be parsed, or words that cannot be expanded, what was seen before comes before the error */
        if (call == CMD_CALL_CHECK && r.file && json)
                cmd_check_json_print(&r, call, result < 0 ? err->message : NULL);
        else if (call == CMD_CALL_CHECK)
                print_warnings(&r);
        else if (result == 0 && json)
                cmd_check_json_print(&r, call, NULL);
        else if (result == 0 && call == CMD_CALL_OUTLINE)
                print_outline(&r.outline);
        else if (result == 0)
                print_targets(r.file);
        builder_check_clear(&r);
        return result;
}

void cmd_check_summarise(const struct dockerfile_warnings *warnings, FILE *out)
{
        if (warnings->count == 0)
                return;
        fprintf(out, "\n%zu warning%s found (--check shows %s in the file):\n", warnings->count,
                warnings->count == 1 ? "" : "s", warnings->count == 1 ? "it" : "them");
        for (size_t k = 0; k < warnings->count; k++) {
                CLEANUP_BUFFER struct buffer detail = BUFFER_INIT;

                cmd_text_append_output(&detail, warnings->items[k].detail, strlen(warnings->items[k].detail));
                fprintf(out, " - %s: %s (line %u)\n", warnings->items[k].rule->name, buffer_text(&detail),
                        warnings->items[k].first_line);
        }
}

void cmd_check_tell(const struct dockerfile_warnings *warnings, const struct log *log)
{
        for (size_t k = 0; k < warnings->count; k++)
                log_print(log, LOG_WARNING, "%s: %s (line %u)", warnings->items[k].rule->name, warnings->items[k].detail,
                          warnings->items[k].first_line);
}
