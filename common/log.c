/* SPDX-License-Identifier: Apache-2.0 */
#include "common/log.h"

#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>

#include "common/memory.h"

void log_print(const struct log *log, enum log_level level, const char *format, ...)
{
        CLEANUP_FREE char *line = NULL;
        va_list ap;

        if (log == NULL || log->write == NULL)
                return;
        va_start(ap, format);
        if (vasprintf(&line, format, ap) < 0)
                abort();
        va_end(ap);
        log->write(log->context, level, line);
}
