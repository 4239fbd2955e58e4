/* SPDX-License-Identifier: Apache-2.0 */
#ifndef BRYO_OCI_USER_FILE_H
#define BRYO_OCI_USER_FILE_H

#include <stdbool.h>
#include <stddef.h>

#include "common/buffer.h"
#include "common/error.h"
#include "common/strv.h"

/* The files in which users and administrators say whom they trust: each may be missing, and none is bryo's own. */

/*
 * Appends a file to `ret`; *ret_found is false, with success, when there is none. A regular file of at most `limit`
 * bytes, or /dev/null, which is how one says "nothing" where a file must be named.
 */
int oci_user_file_read(const char *path, size_t limit, bool *ret_found, struct buffer *ret, struct error *err);

/*
 * The paths of the files in a directory whose names end in `suffix`, sorted; none when it does not exist. E2BIG for
 * more than OCI_LIMIT_REGISTRIES_FILES.
 */
int oci_user_file_list(const char *directory, const char *suffix, struct strv *ret, struct error *err);

/* $XDG_CONFIG_HOME/NAME, or else ~/.config/NAME; NULL without either. Heap text. */
char *oci_user_file_config(const char *name);

#endif
