/* SPDX-License-Identifier: Apache-2.0 */
/* Log lines of the rooms on stderr. They name files of images, so that nothing a terminal obeys may pass. */
#include "cmd/notice.h"

#include <stdio.h>
#include <stdlib.h>

#include "cmd/text.h"

bool cmd_notice_is_wanted(enum log_level level)
{
        const char *debug = getenv("BRYO_DEBUG");

        return level != LOG_DEBUG || (debug && debug[0] != '\0');
}

static void write_line(void *context, enum log_level level, const char *line)
{
        CLEANUP_BUFFER struct buffer text = BUFFER_INIT;

        (void)context;
        if (!cmd_notice_is_wanted(level))
                return;
        cmd_text_append_visible(&text, line);
        fprintf(stderr, "%s%s\n", level == LOG_WARNING ? "warning: " : "", buffer_text(&text));
}

const struct log cmd_notice_log = {write_line, NULL};
