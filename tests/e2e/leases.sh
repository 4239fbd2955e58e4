#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
#
# What a build holds of the store ends with the build, whichever way it ends, and only with it.
. "$BRYO_SOURCE/tests/e2e/lib.sh"

base busybox
for name in a b; do
        printf 'FROM busybox\nRUN echo begun %s; sleep 4355; echo %s > /made\n' "$name" "$name" |
                dockerfile "$name"
done
background log-a bryo build --progress=plain -f context/a -t a context
a=$pid
background log-b bryo build --progress=plain -f context/b -t b context
b=$pid
await 'begun a' log-a
await 'begun b' log-b
background log-prune bryo prune --all
prune=$pid
await "waiting until nothing else uses the store" log-prune
# one crashes: the other one's steps are still held
kill -KILL "$a"
sleep 0.3
kill -0 "$prune" || fail "prune did not wait for the build that lives" log "$(cat log-prune)"
kill -0 "$b" || fail "the other build did not go on"
# shellcheck disable=SC2046
kill $(test_processes | awk '$2 == "sleep" && $3 == 4355 { print $1 }')
pid=$b
ended
assert_equal "$status" 0 "the build beside one that crashed"
pid=$prune
ended
assert_equal "$status" 0 "prune after the last build"
assert_equal "$(image_run b cat /made)" b
assert_equal "$(find "$XDG_DATA_HOME/bryo/tmp" -mindepth 1)" "" "what the dead left"

# crash of the last one: nobody has to wait for anything but the kernel
background log-a bryo build --progress=plain --no-cache -f context/a -t a context
await 'begun a' log-a
kill -KILL "$pid"
ended
works timeout 20 bryo prune --all
assert_lacks "$errors" waiting
