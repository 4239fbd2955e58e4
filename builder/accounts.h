/* SPDX-License-Identifier: Apache-2.0 */
#ifndef BRYO_BUILDER_ACCOUNTS_H
#define BRYO_BUILDER_ACCOUNTS_H

#include "builder/users.h"
#include "common/buffer.h"
#include "overlay/tree.h"

/* /etc/passwd and /etc/group as the tree has them; links are resolved inside it, only regular files of at most 10 MiB are read. */
struct builder_account_files {
        struct buffer passwd;
        struct buffer group;
        bool has_passwd;
        bool has_group;
};

#define BUILDER_ACCOUNT_FILES_INIT { .passwd = BUFFER_INIT }

int builder_accounts_load(struct overlay_tree *tree, struct builder_account_files *ret, struct error *err);
/* The view that users.h takes; valid as long as `files`. */
struct builder_accounts builder_accounts_view(const struct builder_account_files *files);
void builder_accounts_free(struct builder_account_files *files);
#define CLEANUP_ACCOUNTS __attribute__((cleanup(builder_accounts_free)))

#endif
