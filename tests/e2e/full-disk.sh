#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
#
# A full disk: the step fails and says so, nothing of it is kept, space can be freed, and the build then works.
. "$BRYO_SOURCE/tests/e2e/lib.sh"

tar=$(fixture busybox)
export BRYO_ROOT=$PWD/store
mkdir store
printf 'root:1:60000\n' > subids
dockerfile << 'END'
FROM busybox
RUN dd if=/dev/zero of=/ballast bs=64k count=80 2> /dev/null
RUN dd if=/dev/urandom of=/big bs=64k count=400; echo "dd said $?"
RUN rm /big
END
cat > script << END
set -e
mount --bind subids /etc/subuid
mount --bind subids /etc/subgid
mount -t tmpfs -o size=16m none store
bryo import "$tar" busybox
if bryo build --progress=plain -t image context > log 2>&1; then echo "it was built"; cat log; exit 1; fi
cat log
bryo image ls
bryo run --rm busybox echo runs
bryo prune --all
sed -i 's/count=400/count=4/' context/Dockerfile
bryo build --progress=plain -t image context 2>&1
bryo run --rm image ls /ballast
END
works in_userns sh script
assert_contains "$output" "No space left on device"
assert_contains "$output" "Dockerfile:3"
assert_contains "$output" "runs"
assert_contains "$output" "/ballast"
