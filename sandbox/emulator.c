/* SPDX-License-Identifier: Apache-2.0 */
/* The builder's side of running programs for other machines: one more rule for the kernel, written by the keeper. */
#include <errno.h>
#include <string.h>

#include "common/buffer.h"
#include "common/memory.h"
#include "sandbox/private.h"

static void append_escaped(const unsigned char *bytes, size_t size, struct buffer *ret)
{
        for (size_t i = 0; i < size; i++)
                buffer_printf(ret, "\\x%02x", bytes[i]);
        buffer_append_char(ret, ':');
}

int sandbox_emulate(struct sandbox *s, const struct sandbox_emulator *e, struct error *err)
{
        struct sandbox_frame frame = SANDBOX_FRAME_INIT;
        struct sandbox_pack pack = SANDBOX_PACK_INIT;
        CLEANUP_BUFFER struct buffer rule = BUFFER_INIT;
        int rc;

        buffer_printf(&rule, ":bryo-%s:M::", e->name);
        append_escaped(e->magic, e->size, &rule);
        append_escaped(e->mask, e->size, &rule);
        sandbox_pack_string(&pack, e->name);
        sandbox_pack_string(&pack, rule.data);
        (void)pthread_mutex_lock(&s->lock);
        rc = sandbox_frame_send(s->socket, SANDBOX_FRAME_EMULATE, &pack, &e->fd, 1);
        if (rc < 0)
                (void)error_set(err, ECHILD, "cannot set an emulator up: the keeper of the sandbox was killed");
        else
                rc = sandbox_receive(s, s->socket, "the keeper of the sandbox", SANDBOX_FRAME_EMULATED, &frame, NULL,
                                     err);
        (void)pthread_mutex_unlock(&s->lock);
        sandbox_pack_clear(&pack);
        sandbox_frame_clear(&frame);
        return rc;
}
