/* SPDX-License-Identifier: Apache-2.0 */
#ifndef BRYO_TESTS_UNIT_UNPRIVILEGED_H
#define BRYO_TESTS_UNIT_UNPRIVILEGED_H

#include <fcntl.h>
#include <grp.h>
#include <pwd.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/types.h>
#include <unistd.h>

#include "tests/unit/check.h"

/* The user that tools/test makes, with entries in /etc/subuid and /etc/subgid. */
#define UNPRIVILEGED_USER "bryotest"

/*
 * For tests that must not be root: first line of main. Started as root, the
 * program executes itself again as the test user (the file is opened before, so
 * that the build directory need not be open to that user); started as anybody
 * else it goes on. Skips the test where there is no such user.
 */
__attribute__((unused)) static void unprivileged_enter(char **argv)
{
        struct passwd *user;
        int self;

        if (geteuid() != 0)
                return;
        user = getpwnam(UNPRIVILEGED_USER);
        if (user == NULL)
                CHECK_SKIP("there is no user " UNPRIVILEGED_USER " to run as");
        self = open("/proc/self/exe", O_RDONLY | O_CLOEXEC);
        if (self < 0 || setgroups(0, NULL) < 0 || setgid(user->pw_gid) < 0 || setuid(user->pw_uid) < 0) {
                perror("# cannot become " UNPRIVILEGED_USER);
                exit(1);
        }
        fexecve(self, argv, environ);
        perror("# cannot execute the test again as " UNPRIVILEGED_USER);
        exit(1);
}

#endif
