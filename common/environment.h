/* SPDX-License-Identifier: Apache-2.0 */
#ifndef BRYO_COMMON_ENVIRONMENT_H
#define BRYO_COMMON_ENVIRONMENT_H

/* The value of an environment variable; NULL when it is not set, or empty, which is how people unset one for a command. */
const char *environment_find(const char *name);

#endif
