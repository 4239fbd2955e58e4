/* SPDX-License-Identifier: Apache-2.0 */
/* Log lines of the rooms on stderr. They name files of images, so that nothing a terminal obeys may pass. */
#include "cmd/notice.h"

#include <stdio.h>

#include "cmd/text.h"
#include "common/environment.h"

bool cmd_notice_is_wanted(enum log_level level)
{
        return level != LOG_DEBUG || environment_find("BRYO_DEBUG");
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

void cmd_notice_warn(const struct strv *warnings)
{
        for (size_t i = 0; i < warnings->count; i++)
                fprintf(stderr, "warning: %s\n", warnings->items[i]);
}

const struct log cmd_notice_log = {write_line, NULL};
