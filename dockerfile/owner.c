/* SPDX-License-Identifier: Apache-2.0 */
/* Owners of --chown: user[:group], each a name or a number. */
#include "dockerfile/value.h"

#include <ctype.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "common/memory.h"

/* A number for *id, or a name for *name. 2^32-1 means "no change" to chown(2) and is refused. */
static int read_id(const char *what, const char *text, char **name, uint32_t *id, struct error *err)
{
        uint64_t value = 0;
        const char *c;

        for (c = text; isdigit((unsigned char)*c) && value < UINT32_MAX; c++)
                value = value * 10 + (uint64_t)(*c - '0');
        if (text[strspn(text, "0123456789")] != '\0') {
                *name = memory_strdup(text);
                return 0;
        }
        if (*c != '\0' || value >= UINT32_MAX)
                return error_set(err, EINVAL, "the %s id %s is too large: ids go up to 4294967294", what, text);
        *id = (uint32_t)value;
        return 0;
}

int dockerfile_owner_parse(const char *text, struct dockerfile_owner *ret, struct error *err)
{
        const char *colon = strchr(text, ':');
        CLEANUP_FREE char *user = memory_strndup(text, colon ? (size_t)(colon - text) : strlen(text));
        struct dockerfile_owner o = {.has_gid = colon != NULL};

        if (user[0] == '\0' || (colon && colon[1] == '\0'))
                return error_set(err, EINVAL, "'%s' is not user or user:group", text);
        if (read_id("user", user, &o.user, &o.uid, err) < 0)
                return -1;
        if (colon && read_id("group", colon + 1, &o.group, &o.gid, err) < 0) {
                dockerfile_owner_clear(&o);
                return -1;
        }
        /* Docker's rule for a number alone: the group has the same one. */
        if (!colon && !o.user) {
                o.gid = o.uid;
                o.has_gid = true;
        }
        *ret = o;
        return 0;
}

void dockerfile_owner_clear(struct dockerfile_owner *o)
{
        free(o->user);
        free(o->group);
        *o = (struct dockerfile_owner){0};
}
