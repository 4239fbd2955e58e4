#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
#
# kill -9 of the builder while programs read, write, map, lock and sync its file system: each ends, none waits for a
# server that is no more.
. "$BRYO_SOURCE/tests/e2e/lib.sh"

base busybox
dockerfile << 'END'
FROM busybox
RUN dd if=/dev/zero of=/big bs=1M count=16 2> /dev/null; echo started; \
    (while :; do dd if=/dev/zero of=/written bs=4351 count=999 conv=fsync; done 2> /dev/null) & \
    (while :; do cat /big /bin/busybox > /dev/null; done) & \
    (while :; do find / -xdev -type f > /dev/null; done) & \
    (while :; do flock /big sync; done) & \
    while :; do mkdir /d; mv /d /e; rmdir /e; done
END
for delay in 0.05 0.11 0.23; do
        background log bryo build --progress=plain -t image context
        await started log
        sleep "$delay"
        kill -KILL "$pid"
        ended
        assert_gone '(dd|cat|find|flock|mkdir|mv|sh|sync) '
        assert_equal "$(ps -o stat=,args= --ppid "$PPID" | grep '^D' || true)" "" "processes that wait for the disk"
done
works bryo image ls
