#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# timeout: 300
#
# kill -9 of the builder at any moment: no process and no mount stays, the store is usable, and nothing half is in it.
. "$BRYO_SOURCE/tests/e2e/lib.sh"

base busybox
dockerfile << 'END'
FROM busybox AS one
RUN dd if=/dev/urandom of=/big bs=64k count=100 2> /dev/null; sha256sum /big > /sum
RUN setsid sleep 4351 & for i in $(seq 200); do echo $i > /file$i; done
FROM busybox
COPY --from=one / /copy
COPY Dockerfile /
RUN cd /copy && echo "$(sed 's,/big,big,' sum)" | sha256sum -c
END

seed=${BRYO_SEED:-$(($(date +%s) % 32768))}
RANDOM=$seed
echo "# fifty kills, BRYO_SEED=$seed"
for _ in $(seq 50); do
        delay=0.$(printf %03d $((RANDOM % 300)))
        background log bryo build --progress=plain -t image context
        sleep "$delay"
        kill -KILL "$pid" 2> /dev/null || true
        ended
        assert_gone 'sleep 4351'
        works bryo image ls
        assert_equal "$(image_run busybox echo usable)" usable
done
build
assert_equal "$(image_run image sh -c 'ls /copy | grep -c ^file')" 200
assert_equal "$(image_run image sh -c 'cd /copy && sed s,/big,big, sum | sha256sum -c')" "big: OK"
works bryo prune --all
works bryo image rm image busybox
works bryo prune --all
assert_less "$(du -sk "$XDG_DATA_HOME/bryo" | cut -f 1)" 400 "kilobytes of an empty store: what the killed ones left is gone too"
