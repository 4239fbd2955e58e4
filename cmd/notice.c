/* SPDX-License-Identifier: Apache-2.0 */
/* Log lines of the rooms on stderr. They name files of images, so that nothing a terminal obeys may pass. */
#include "cmd/notice.h"

#include <stdio.h>

#include "cmd/text.h"

static void write_line(void *context, enum log_level level, const char *line)
{
        CLEANUP_BUFFER struct buffer text = BUFFER_INIT;

        (void)context;
        if (level == LOG_DEBUG)
                return;
        cmd_text_append_visible(&text, line);
        fprintf(stderr, "%s%s\n", level == LOG_WARNING ? "warning: " : "", buffer_text(&text));
}

const struct log cmd_notice_log = {write_line, NULL};
