#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
#
# User namespaces forbidden: one sentence that says which setting to change.
. "$BRYO_SOURCE/tests/e2e/lib.sh"

base busybox
printf 'root:1:60000\n' > subids
inside() {
        in_userns sh -c "mount --bind subids /etc/subuid && mount --bind subids /etc/subgid && $1"
}
works inside 'bryo run --rm busybox echo fine'
assert_fails 1 "max_user_namespaces" inside 'echo 0 > /proc/sys/user/max_user_namespaces && bryo run --rm busybox true'
assert_lacks "$errors" "No space left"
