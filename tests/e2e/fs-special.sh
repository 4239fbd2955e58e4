#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
#
# FIFOs, sockets, inotify, statfs (tests/fs/special.c); statfs is about the disk that the store is on.
. "$BRYO_SOURCE/tests/e2e/fs-lib.sh"

fs_topic special

# disk FORMAT: of the store; other programs use the same disk, so what is free is compared roughly.
disk() {
        stat -f -c "$1" "$XDG_DATA_HOME/bryo"
}

inside=$(image_run image stat -f -c '%b %S' /)
assert_equal "$(awk '{ print $1 * $2 }' <<< "$inside")" "$(disk '%b %S' | awk '{ print $1 * $2 }')" "the size of the file system"
inside=$(image_run image stat -f -c '%a %S' / | awk '{ printf "%d", $1 * $2 / 1048576 }')
outside=$(disk '%a %S' | awk '{ printf "%d", $1 * $2 / 1048576 }')
difference=$((inside - outside))
assert_less "${difference#-}" 2048 "the difference of the free space, in MiB,"
