/* SPDX-License-Identifier: Apache-2.0 */
/* One error out of several. */
#include "cmd/failures.h"

void cmd_failures_add(struct cmd_failures *f, struct error *err)
{
        if (f->code == 0)
                f->code = err->code;
        else
                buffer_append_char(&f->lines, '\n');
        buffer_append_string(&f->lines, err->message);
        error_clear(err);
}

int cmd_failures_end(struct cmd_failures *f, struct error *err)
{
        int result = f->code == 0 ? 0 : error_set(err, f->code, "%s", buffer_text(&f->lines));

        buffer_free(&f->lines);
        return result;
}
