#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
#
# TIMES.2: SOURCE_DATE_EPOCH: who sets it, and where it is seen.
. "$BRYO_SOURCE/tests/e2e/lib.sh"

created() {
        image_config "${1:-image}" '.Created // .created'
}

base busybox
plant_file context/new x
plant_file context/old x
touch -d @100 context/old
dockerfile << 'END'
FROM busybox
COPY new old /
RUN touch /made && touch -d @200 /early
ENV A=1
END
# A8.1 A8.2
export SOURCE_DATE_EPOCH=1000000000
build -t environment
assert_equal "$(created environment)" '"2001-09-09T01:46:40Z"'
build --build-arg SOURCE_DATE_EPOCH=1000000001
assert_equal "$(created)" '"2001-09-09T01:46:41Z"'
unset SOURCE_DATE_EPOCH
build -t argument --build-arg SOURCE_DATE_EPOCH=1000000000
assert_equal "$(image_id argument)" "$(image_id environment)"
image_layers image layers > layers.list
jq -r 'select(.history) | .history[-3:][].created' $(grep -lF '"history"' layers/blobs/sha256/*) > history
assert_equal "$(sort -u history)" 2001-09-09T01:46:41Z
assert_equal "$(wc -l < history)" 3
# A8.3
listing='for f in /new /old /made /early /bin/busybox; do stat -c "%n %Y" $f; done'
base_time=$(image_run busybox stat -c %Y /bin/busybox)
build --build-arg SOURCE_DATE_EPOCH=150
assert_equal "$(image_run image sh -c "$listing")" "/new 150
/old 100
/made 150
/early 150
/bin/busybox $base_time"
[ "$base_time" -gt 150 ] || fail "the base's file is too old to show anything"
image_layers busybox base > base.list
image_layers image layers > layers.list
assert_equal "$(basename "$(head -n1 layers.list)")" "$(basename "$(head -n1 base.list)")" "the layer of the base"
for layer in $(tail -n +2 layers.list); do
        assert_equal "$(TZ=UTC tar --full-time -tvf "$layer" | awk '$4 $5 > "1970-01-0100:02:30"')" "" "entries later than the epoch"
done
# A8.4
printf 'FROM busybox\nARG SOURCE_DATE_EPOCH\nRUN echo "$SOURCE_DATE_EPOCH" > /seen\n' | dockerfile
SOURCE_DATE_EPOCH=1000 build
assert_equal "$(image_run image cat /seen)" 1000
build --build-arg SOURCE_DATE_EPOCH=2000
assert_equal "$(image_run image cat /seen)" 2000
