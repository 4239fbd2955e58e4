/* SPDX-License-Identifier: Apache-2.0 */
#include "builder/users.h"

#include "common/memory.h"
#include "tests/unit/check.h"

static const char passwd[] = "root:x:0:0:root:/root:/bin/sh\n"
                             "app:x:1000:1001:App:/home/app:/bin/sh\n"
                             "nohome:x:1002:1002\n"
                             "4294967296:x:0:0::/:/bin/sh\n"
                             "bad:x:-1:0::/:\n"
                             "crlf:x:7:8::/c:\r\n"
                             "last:x:9:9::/last:/bin/sh";
static const char group[] = "root:x:0:\nwheel:x:10:root,app\nappgrp:x:1001:\nvideo:x:44:other,app\nlast:x:9:";
static const struct builder_accounts image = { passwd, group };
static const struct builder_accounts empty = { NULL, NULL };

static const struct {
        const char *spec;
        uint32_t uid, gid;
        size_t groups;
        const char *home;
        const char *error; /* part of the message; NULL: works */
} users[] = {
        { "", 0, 0, 2, "/root", NULL },
        { "root", 0, 0, 2, "/root", NULL },
        { "0", 0, 0, 2, "/root", NULL },
        { "app", 1000, 1001, 3, "/home/app", NULL },
        { "1000", 1000, 1001, 3, "/home/app", NULL },
        { "app:video", 1000, 44, 1, "/home/app", NULL },
        { "app:7", 1000, 7, 1, "/home/app", NULL },
        { "1:", 1, 0, 1, "/", NULL },
        { ":1", 0, 1, 1, "/root", NULL },
        { "4242", 4242, 0, 1, "/", NULL },
        { "00", 0, 0, 2, "/root", NULL },
        { "nohome", 1002, 1002, 1, "/", NULL },
        { "crlf", 7, 8, 1, "/c", NULL },
        { "last", 9, 9, 1, "/last", NULL },
        { "4294967294", 4294967294u, 0, 1, "/", NULL },
        { "4294967295", 0, 0, 0, NULL, "ids are 0 to 4294967294" },
        { "4294967296", 0, 0, 0, NULL, "ids are 0 to 4294967294" },
        { "18446744073709551616", 0, 0, 0, NULL, "ids are 0 to 4294967294" },
        { "-1", 0, 0, 0, NULL, "-1 is not a user or group id" },
        { "+0", 0, 0, 0, NULL, "no user \"+0\"" },
        { "0x0", 0, 0, 0, NULL, "no user \"0x0\"" },
        { "1\n0", 0, 0, 0, NULL, "no user" },
        { "bad", 0, 0, 0, NULL, "no valid id" },
        { "ghost", 0, 0, 0, NULL, "/etc/passwd" },
        { "app:ghosts", 0, 0, 0, NULL, "/etc/group" },
};

static void test_user(void)
{
        for (size_t i = 0; i < ARRAY_SIZE(users); i++) {
                CLEANUP_ERROR struct error err = ERROR_INIT;
                CLEANUP_USER struct builder_user u = BUILDER_USER_INIT;
                int result = builder_user_find(users[i].spec, &image, &u, &err);

                if (users[i].error) {
                        CHECK_INT(result, -1);
                        CHECK_HAS(err.message, users[i].error);
                        continue;
                }
                CHECK_INT(result, 0);
                CHECK_INT(u.uid, users[i].uid);
                CHECK_INT(u.gid, users[i].gid);
                CHECK_INT(u.group_count, users[i].groups);
                CHECK_STR(u.home, users[i].home);
        }
}

static const struct {
        const char *spec;
        const struct builder_accounts *in;
        uint32_t uid, gid;
        const char *error;
} owners[] = {
        { "5", &image, 5, 5, NULL },
        { "5", &empty, 5, 5, NULL },
        { "1000", &image, 1000, 1000, NULL },
        { "5:6", &empty, 5, 6, NULL },
        { "root", &empty, 0, 0, NULL },
        { "root:root", &empty, 0, 0, NULL },
        { "app", &image, 1000, 1001, NULL },
        { "app:wheel", &image, 1000, 10, NULL },
        { ":wheel", &image, 0, 10, NULL },
        { "app", &empty, 0, 0, "does not exist" },
        { "4294967295", &empty, 0, 0, "ids are" },
};

static void test_owner(void)
{
        for (size_t i = 0; i < ARRAY_SIZE(owners); i++) {
                CLEANUP_ERROR struct error err = ERROR_INIT;
                uint32_t uid = 0, gid = 0;
                int result = builder_owner_find(owners[i].spec, owners[i].in, &uid, &gid, &err);

                if (owners[i].error) {
                        CHECK_INT(result, -1);
                        CHECK_HAS(err.message, owners[i].error);
                        continue;
                }
                CHECK_INT(result, 0);
                CHECK_INT(uid, owners[i].uid);
                CHECK_INT(gid, owners[i].gid);
        }
}

int main(void)
{
        CHECK_RUN(test_user);
        CHECK_RUN(test_owner);
        return CHECK_END();
}
