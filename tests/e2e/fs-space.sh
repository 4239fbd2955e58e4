#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
#
# What a step writes and removes again is given back while it runs, and none of it is there afterwards.
# BRYO_SPACE says how many MiB; make soak writes 10 GiB (tests/soak/space.sh).
. "$BRYO_SOURCE/tests/e2e/lib.sh"

mib=${BRYO_SPACE:-256}
base busybox
dockerfile << END
FROM busybox
RUN dd if=/dev/zero of=/big bs=1M count=$mib conv=fsync 2> /dev/null; echo WRIT''TEN; sleep 1; rm /big; echo REMO''VED; sleep 1; echo kept > /kept
END

used() {
        du -sk "$XDG_DATA_HOME/bryo" 2> /dev/null | cut -f 1
}

before=$(used)
background log bryo build --progress=plain -t image context
await WRITTEN log
sleep 0.2
assert_less $((before + mib * 1000)) "$(used)" "the store with the file in it, kilobytes less some"
await REMOVED log
sleep 0.5
assert_less $(($(used) - before)) 3000 "kilobytes that the file still holds while the step goes on"
ended
assert_equal "$status" 0 "$(cat log)"
assert_less $(($(used) - before)) 200 "kilobytes that the step left"
assert_equal "$(image_run image cat /kept)" kept
