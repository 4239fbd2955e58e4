#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
#
# --cache-to type=inline: the image itself carries the list of its steps, and its layers are the cache.
. "$BRYO_SOURCE/tests/e2e/lib.sh"

need jq
fresh() {
        export BRYO_ROOT=$PWD/store-$1
        SOURCE_DATE_EPOCH=1 base busybox
}
hits() {
        grep -c '^#[0-9]* CACHED' <<< "$said" || true
}

fresh one
dockerfile << 'END'
FROM busybox AS first
RUN cat /proc/sys/kernel/random/uuid > /id
ENV A=b
FROM first
RUN true
RUN cat /id /id > /twice
END
build --cache-to type=inline -o type=oci,tar=false,dest=image
id=$(image_run image cat /id)
fresh two
build --cache-from type=local,src=image
assert_equal "$(hits)" 3 "the steps that were found in the image"
assert_equal "$(image_run image cat /id)" "$id"
assert_equal "$(image_config image '.["bryo.cache.v1"]')" null "an image that nobody asked to carry its cache"

# the list is about one image, not about what is built on it
BRYO_ROOT=$PWD/store-one
echo 'FROM image' | dockerfile child
build -f context/child -t child -o type=oci,tar=false,dest=child
assert_equal "$(grep -rl bryo.cache.v1 child/blobs | wc -l)" 0

assert_fails 2 "mode=max" bryo build --cache-to type=inline,mode=max context
assert_fails 2 "type=inline" bryo build --cache-from type=inline context
