/* SPDX-License-Identifier: Apache-2.0 */
#ifndef BRYO_SANDBOX_LIMITS_H
#define BRYO_SANDBOX_LIMITS_H

/* The resource limits that a command can be given, by the names that --ulimit and ulimits have for them. Of this library and of
 * the init. */
struct sandbox_limit {
        const char *name;
        int resource; /* RLIMIT_... */
};

#define SANDBOX_LIMITS 15
extern const struct sandbox_limit sandbox_limits[SANDBOX_LIMITS];

#endif
