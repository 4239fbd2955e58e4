#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# timeout: 120
#
# The store's disk full at many sizes: the build fails and names a path, no tag moves, prune works on the full disk, and with
# more room the build goes on and gives the same image.
. "$BRYO_SOURCE/tests/e2e/lib.sh"

export SOURCE_DATE_EPOCH=1700000000
tar=$(fixture busybox)
printf 'root:1:60000\n' > subids
plant_file context/file text
dockerfile << 'END'
FROM busybox AS one
RUN for i in $(seq 40); do head -c 20000 /dev/zero > /file$i; done; head -c 3000000 /dev/zero | tr '\0' x > /big
FROM busybox
COPY file /file
COPY --from=one /big /file7 /
RUN cat /file7 /file7 > /file8
END
printf 'FROM busybox\nRUN echo old > /old\n' | dockerfile old
export BRYO_ROOT=$PWD/plenty
works bryo import "$tar" busybox
works bryo build -q -t image context
id=$output

cat > script << 'END'
set -eu
mount --bind subids /etc/subuid
mount --bind subids /etc/subgid
export BRYO_ROOT=$PWD/store
mkdir -p store
for size in $SIZES; do
        mount -t tmpfs -o size=16m none store
        bryo import -q "$TAR" busybox > /dev/null 2>&1 || bryo import "$TAR" busybox > /dev/null
        bryo build -q -f context/old -t image context > old-id
        # what is free: SIZE kilobytes
        have=$(df -k --output=used store | tail -n1)
        mount -o remount,size=$((have + size))k store
        status=0
        bryo build -q -t image context > out 2> errors || status=$?
        echo "size $size: status $status"
        if [ $status -ne 0 ]; then
                grep -q "No space left on device" errors || { echo "another error:"; cat errors; exit 1; }
                grep -Eq "store/|/(big|file[0-9]*)|Dockerfile:" errors || { echo "no path in:"; cat errors; exit 1; }
                bryo inspect image | grep -q "$(cat old-id)" || { echo "the tag moved"; exit 1; }
                # to the last byte
                head -c 64M /dev/zero > store/ballast 2> /dev/null || true
                bryo prune > out 2>&1 || { echo "prune failed on a full disk:"; cat out; exit 1; }
                bryo prune --all > out 2>&1 || { echo "prune --all failed on a full disk:"; cat out; exit 1; }
                rm store/ballast
                mount -o remount,size=32m store
                bryo build -q -t image context > out 2> errors || { echo "with more room:"; cat errors; exit 1; }
        fi
        [ "$(cat out)" = "$ID" ] || { echo "another image: $(cat out)"; exit 1; }
        [ -z "$(ls store/tmp)" ] || { echo "left behind:"; ls store/tmp; exit 1; }
        umount store
done
END
TAR=$tar ID=$id SIZES=${FULL_DISK_SIZES:-"4 100 700 1500 2600 3700 3900 4200"} works in_userns bash script
assert_less 5 "$(grep -c 'status 1' <<< "$output")" "the sizes at which the disk was full"
