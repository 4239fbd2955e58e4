#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
#
# A set-user-id program of an image raises rights inside of a step only: from outside nobody, not even the user who builds,
# can reach the mount, and the store has no such file.
. "$BRYO_SOURCE/tests/e2e/fs-lib.sh"

base busybox
dockerfile << 'END'
FROM busybox
RUN cp /bin/busybox /program && chmod 6755 /program && sleep 97531
END
background log bryo build --progress=plain -t image context
tries=500
until sleeper=$(test_processes | awk '/ sleep 97531$/ && !/program/ { print $1; exit }') && [ -n "$sleeper" ]; do
        [ $((tries -= 1)) -gt 0 ] || fail "the step did not come to sleep within ten seconds" log "$(cat log)"
        sleep 0.02
done
capture ls -l "/proc/$sleeper/root/program"
[ "$status" -ne 0 ] || fail "the mount of a step can be reached from outside" output "$output"
assert_contains "$errors" "Permission denied"
capture "/proc/$sleeper/root/program" true
[ "$status" -ne 0 ] || fail "a program of a step can be started from outside"
assert_equal "$(find "$XDG_DATA_HOME/bryo" -type f -perm /6111)" "" "the list of the store's executable files"
kill -INT "-$pid"
ended
