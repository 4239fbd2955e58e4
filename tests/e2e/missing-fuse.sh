#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
#
# /dev/fuse absent or closed: one sentence that says what to do.
. "$BRYO_SOURCE/tests/e2e/lib.sh"

base busybox
printf 'root:1:60000\n' > subids

# inside SCRIPT: in a namespace whose root has subordinate ids; there bryo works, unless the script breaks something.
inside() {
        in_userns sh -c "mount --bind subids /etc/subuid && mount --bind subids /etc/subgid && $1"
}
works inside 'bryo run --rm busybox echo fine'
assert_equal "$output" fine

# A file of the host's root stands in for a closed device.
assert_fails 1 "/dev/fuse" inside 'mount --bind /etc/shadow /dev/fuse && bryo run --rm busybox true'
assert_contains "$errors" "Permission denied"
assert_fails 1 "/dev/fuse" inside 'mount -t tmpfs none /dev && : > /dev/null && bryo run --rm busybox true'
assert_matches "$errors" '(modprobe|--device)'
