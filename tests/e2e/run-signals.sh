#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
#
# run: signals reach the command, and its answer is handed back; a dead bryo takes everything along.
. "$BRYO_SOURCE/tests/e2e/lib.sh"

base busybox

for name in TERM INT HUP USR1; do
        background log bryo run --rm busybox sh -c "trap 'echo got $name; exit 9' $name; echo ready; while :; do sleep 0.05; done"
        await ready log
        kill -s "$name" "$pid"
        ended
        assert_equal "$status" 9 "the exit status after SIG$name"
        assert_contains "$(cat log)" "got $name"
done

# Background children of the command do not keep it, zombies are nobody's.
works bryo run --rm busybox sh -c 'sleep 4322 & (sleep 0.1 &) ; sleep 0.3; ps -o pid,stat,args'
assert_lacks "$output" " Z"
assert_gone 'sleep 4322'

# kill -9: nothing stays.
background log bryo run --rm busybox sh -c 'setsid sleep 4323 & echo ready; sleep 4324'
await ready log
kill -KILL "$pid"
ended
assert_gone 'sleep 432[34]'
assert_equal "$(image_run busybox echo usable)" usable
