/* SPDX-License-Identifier: Apache-2.0 */
#ifndef BRYO_SANDBOX_HINT_H
#define BRYO_SANDBOX_HINT_H

#include <stdbool.h>
#include <stdint.h>

#include "common/error.h"

/* What a missing permission is called and who can give it: each is one sentence. All return -1 with the error set. */

/* unshare(CLONE_NEWUSER) failed with `code`; the reason is looked up in `sysctl_dir` (/proc/sys). */
int sandbox_hint_user_namespace(const char *sysctl_dir, int code, struct error *err);
/* True if AppArmor lets user namespaces be made but gives them no capabilities: what a refused mount in one then means.
 */
bool sandbox_hint_is_apparmor(const char *sysctl_dir);
int sandbox_hint_apparmor(struct error *err);
/* The device could not be opened, from outside the sandbox or by its init. */
int sandbox_hint_fuse(const char *device, int code, struct error *err);
/* `program` (newuidmap, newgidmap) is not installed. */
int sandbox_hint_no_helper(const char *program, struct error *err);
/* A helper failed (the error is set): adds what is wrong with the program file, if that is what is wrong. */
int sandbox_hint_helper(const char *path, struct error *err);
/* No line for the user in `file`. `start`: first id of a free range of 65536, 0 if unknown. */
int sandbox_hint_no_subordinate(const char *file, const char *user, uint32_t start, bool group, struct error *err);

#endif
