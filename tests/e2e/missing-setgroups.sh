#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
#
# In a user namespace that denies setgroups(2) no command gets its groups: the error says which kind of namespace would do.
. "$BRYO_SOURCE/tests/e2e/lib.sh"

base busybox
printf 'FROM busybox\nRUN true\n' > Dockerfile
assert_fails 1 "denies setgroups(2)" unshare -r bryo build .
assert_contains "$errors" "unshare -r --map-auto"
