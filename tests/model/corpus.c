/* SPDX-License-Identifier: Apache-2.0 */
/* Lists that are kept: what once failed is replayed for ever. */
#include "tests/model/corpus.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>

#include "common/fd.h"

#define TEXT_MAX (1u << 20)

int corpus_load(const char *path, struct op_list *ret, struct error *err)
{
        CLEANUP_BUFFER struct buffer text = BUFFER_INIT;
        char *save = NULL;
        unsigned number = 0;

        if (fd_read_file(AT_FDCWD, path, TEXT_MAX, false, &text, err) < 0)
                return -1;
        buffer_append_char(&text, '\0');
        for (char *line = strtok_r(text.data, "\n", &save); line; line = strtok_r(NULL, "\n", &save)) {
                const char *why;
                struct op op;

                number++;
                if (line[0] == '#')
                        continue;
                if (op_parse(line, &op, &why) < 0)
                        return error_set(err, EINVAL, "%s: \"%s\" (line %u, empty ones not counted): %s", path, line,
                                         number, why);
                op_list_add(ret, &op);
        }
        return 0;
}

void corpus_print(const struct op_list *list)
{
        for (size_t i = 0; i < list->count; i++) {
                CLEANUP_BUFFER struct buffer line = BUFFER_INIT;

                op_format(&list->ops[i], &line);
                printf("%s\n", buffer_text(&line));
        }
}
