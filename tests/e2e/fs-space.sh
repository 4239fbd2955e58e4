#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
#
# What a step writes and removes again is given back while it runs, and none of it is there afterwards.
# BRYO_SPACE says how many MiB; make soak writes 10 GiB (tests/soak/space.sh).
. "$BRYO_SOURCE/tests/e2e/lib.sh"

mib=${BRYO_SPACE:-256}
pause=${BRYO_SPACE_PAUSE:-2}
base busybox
dockerfile << END
FROM busybox
RUN dd if=/dev/zero of=/big bs=1M count=$mib conv=fsync 2> /dev/null; echo WRIT''TEN; sleep 1; rm /big; echo REMO''VED; sleep $pause; echo kept > /kept; echo EN''DED
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
# a disk takes a moment for it
until [ $(($(used) - before)) -lt 3000 ] || grep -q ENDED log; do
        sleep 0.05
done
assert_lacks "$(cat log)" ENDED
ended
assert_equal "$status" 0 "$(cat log)"
assert_less $(($(used) - before)) 200 "kilobytes that the step left"
assert_equal "$(image_run image cat /kept)" kept
