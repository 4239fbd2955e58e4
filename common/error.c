/* SPDX-License-Identifier: Apache-2.0 */
#include "common/error.h"

#include <assert.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "common/memory.h"

__attribute__((format(printf, 1, 0))) static char *format_text(const char *format, va_list ap)
{
        char *text = NULL;

        if (vasprintf(&text, format, ap) < 0)
                return memory_strdup("(out of memory while formatting an error)");
        return text;
}

int error_set(struct error *err, int code, const char *format, ...)
{
        va_list ap;

        assert(err->message == NULL);
        assert(code != 0);
        va_start(ap, format);
        err->message = format_text(format, ap);
        va_end(ap);
        err->code = code;
        return -1;
}

int error_errno(struct error *err, int code, const char *format, ...)
{
        CLEANUP_FREE char *text = NULL;
        va_list ap;

        va_start(ap, format);
        text = format_text(format, ap);
        va_end(ap);
        return error_set(err, code, "%s: %s", text, strerror(code));
}

int error_wrap(struct error *err, const char *format, ...)
{
        CLEANUP_FREE char *text = NULL;
        CLEANUP_FREE char *inner = NULL;
        va_list ap;

        assert(err->message != NULL);
        va_start(ap, format);
        text = format_text(format, ap);
        va_end(ap);
        inner = STEAL(err->message);
        err->message = memory_printf("%s: %s", text, inner);
        return -1;
}

int error_move(struct error *to, struct error *from)
{
        assert(from->message != NULL);
        if (to->message == NULL) {
                *to = *from;
                *from = (struct error)ERROR_INIT;
        } else {
                error_clear(from);
        }
        return -1;
}

int error_is_set(const struct error *err)
{
        return err->message != NULL;
}

void error_clear(struct error *err)
{
        free(err->message);
        *err = (struct error)ERROR_INIT;
}
