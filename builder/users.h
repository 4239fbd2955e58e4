/* SPDX-License-Identifier: Apache-2.0 */
#ifndef BRYO_BUILDER_USERS_H
#define BRYO_BUILDER_USERS_H

#include <stddef.h>
#include <stdint.h>

#include "common/error.h"

/*
 * Who USER and --chown mean, from the text of the image's own /etc/passwd and
 * /etc/group (passwd(5), group(5)). Nothing of the host is asked: its names mean
 * other people, and its NSS modules must not run for an image's sake.
 */

/* The two files of an image; a missing file is NULL text. Borrowed. */
struct builder_accounts {
        const char *passwd;
        const char *group;
};

struct builder_user {
        uint32_t uid;
        uint32_t gid;
        uint32_t *groups; /* supplementary; owned */
        size_t group_count;
        char *home; /* owned; "/" when the image does not say */
};

#define BUILDER_USER_INIT { 0, 0, NULL, 0, NULL }

/*
 * Reads `user[:group]` as USER does: decimal digits are ids, everything else is
 * a name that must be in the files; "" is root. An id without a group takes the
 * group of its passwd line, else 0. Supplementary groups are the primary one and
 * those that list the user, the former alone when a group is named. 4294967295 is refused (it means "no
 * change" to chown(2) and setuid(2)), as is any number that does not fit.
 */
int builder_user_find(const char *spec, const struct builder_accounts *in, struct builder_user *ret, struct error *err);
void builder_user_free(struct builder_user *user);

/*
 * Reads `user[:group]` as --chown does: an id without a group is also the group;
 * a name without one takes its primary group; "root" is 0 even without a passwd
 * file. Any other unknown name fails, naming the file that was searched.
 */
int builder_owner_find(const char *spec, const struct builder_accounts *in, uint32_t *ret_uid, uint32_t *ret_gid,
                       struct error *err);

#define CLEANUP_USER __attribute__((cleanup(builder_user_free)))

#endif
