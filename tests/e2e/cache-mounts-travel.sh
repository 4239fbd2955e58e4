#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
#
# cache-mounts=true: the directories of RUN --mount=type=cache travel with the cache.
. "$BRYO_SOURCE/tests/e2e/lib.sh"

need jq
fresh() {
        export BRYO_ROOT=$PWD/store-$1
        base busybox
}
count() {
        sed -n 's/.*so many: \([0-9][0-9]*\).*/\1/p' <<< "$said" | head -n1
}

fresh one
dockerfile << 'END'
FROM busybox
RUN --mount=type=cache,target=/c,uid=7,mode=0750 --mount=type=cache,id=other,target=/d \
    echo x >> /c/runs; chmod 4711 /c/runs; ln -s runs /c/link; ln /c/runs /c/hard; echo "so many: $(wc -l < /c/runs) $RANDOM"; echo d > /d/d
END
build --cache-to type=local,dest=cache,cache-mounts=true
assert_equal "$(count)" 1
manifest=cache/blobs/sha256/$(jq -r '.manifests[0].digest' cache/index.json | cut -d: -f2)
config=cache/blobs/sha256/$(jq -r '.config.digest' "$manifest" | cut -d: -f2)
assert_equal "$(jq -c '[.mounts[].id] | sort' "$config")" '["/c","other"]'

# without being asked for they stay outside
fresh two
build --no-cache --cache-from type=local,src=cache
assert_equal "$(count)" 1
fresh three
sed -i 's/echo d >/stat -c "%a %u %h" \/c\/runs; readlink \/c\/link; stat -c "%a %u" \/c; cat \/d\/d; echo d >/; s/ln -s/ln -sf/; s/ln \/c/ln -f \/c/' context/Dockerfile
build --cache-from type=local,src=cache,cache-mounts=true
assert_equal "$(count)" 2 "the runs that the cache mount has seen"
assert_contains "$said" "4711 0 2"
assert_contains "$said" " runs"
assert_contains "$said" "750 7"

# what the store has is worth more than what comes from outside
build --no-cache --cache-from type=local,src=cache,cache-mounts=true
assert_equal "$(count)" 3
build --no-cache --cache-to type=local,dest=plain
assert_equal "$(jq -c '.mounts' plain/blobs/sha256/"$(jq -r '.config.digest' plain/blobs/sha256/"$(jq -r '.manifests[0].digest' plain/index.json | cut -d: -f2)" | cut -d: -f2)")" null

# one that cannot be had begins empty
rm -r cache/blobs/sha256
mkdir cache/blobs/sha256
fresh four
build --cache-from type=local,src=cache,cache-mounts=true
assert_equal "$(count)" 1
