#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
#
# A store on a file system without locks, as NFS without its lock service: builds work and say what they cannot know; prune
# refuses, and with --idle takes the word of the user, also for what a dead process left.
. "$BRYO_SOURCE/tests/e2e/lib.sh"

store=$XDG_DATA_HOME/bryo
without_locks() {
        with_faults lock 37 "$store/" 0 "$@" # ENOLCK
}

base busybox
dockerfile << 'END'
FROM busybox
RUN head -c 3000000 /dev/urandom > /gone
END
works without_locks bryo build --progress=plain context
assert_contains "$errors" 'do not run bryo prune meanwhile'
assert_contains "$errors" 'only bryo prune --idle removes what a crash leaves there'
mkdir -m 700 "$store/tmp/left"
head -c 2000000 /dev/zero > "$store/tmp/left/data"
before=$(du -sk "$store" | cut -f1)

assert_fails 1 'cannot tell whether others use the store; if none does, run `bryo prune --idle`: cannot lock' without_locks bryo prune --all
assert_equal "$(du -sk "$store" | cut -f1)" "$before" 'the size of the store after a refusal'
assert_equal "$(ls "$store/tmp")" left 'what lies in tmp after a refusal'

works without_locks bryo prune --all --idle
assert_contains "$errors" 'has no locks: nothing else uses it, as --idle says'
assert_less "$(du -sk "$store" | cut -f1)" $((before - 4500)) 'the size of the store'
assert_equal "$(ls "$store/tmp")" '' 'what lies in tmp'
works without_locks bryo build --progress=plain -t image context
assert_lacks "$errors" CACHED

# where there are locks, nobody's word is taken
background log bryo run busybox sh -c 'echo runs; sleep 100'
await runs log
capture timeout 1 bryo prune --idle
assert_equal "$status" 124 'the status of a prune that waits for another bryo'
kill -KILL "$pid"
ended
