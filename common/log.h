/* SPDX-License-Identifier: Apache-2.0 */
#ifndef BRYO_COMMON_LOG_H
#define BRYO_COMMON_LOG_H

/*
 * Where a room says something that is not an error: a fallback taken, a file
 * left out of a layer. The command decides what becomes of it. Rooms get a
 * const pointer in their options; NULL drops the lines (unit tests).
 */
enum log_level { LOG_DEBUG, LOG_INFO, LOG_WARNING };

struct log {
        void (*write)(void *context, enum log_level level, const char *line);
        void *context;
};

/* One line without a newline; may be called from any thread. */
void log_print(const struct log *log, enum log_level level, const char *format, ...) __attribute__((format(printf, 3, 4)));

#endif
