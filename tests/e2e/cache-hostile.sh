#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
#
# WIRE.3, WIRE.10: a cache from outside is checked. What is damaged or forged is a miss with a warning, never an image with wrong
# bytes, and never a failure unless ignore-error=false asks for it.
. "$BRYO_SOURCE/tests/e2e/lib.sh"

need jq
fresh() {
        rm -rf store
        export BRYO_ROOT=$PWD/store
        SOURCE_DATE_EPOCH=1 base busybox
}
hits() {
        grep -c '^#[0-9]* CACHED' <<< "$said" || true
}
# broken: a copy of the cache in `broken`, to be damaged.
broken() {
        rm -rf broken
        cp -r cache broken
        manifest=broken/blobs/sha256/$(jq -r '.manifests[0].digest' broken/index.json | cut -d: -f2)
        config=broken/blobs/sha256/$(jq -r '.config.digest' "$manifest" | cut -d: -f2)
        layer=broken/blobs/sha256/$(jq -r '.layers[0].digest' "$manifest" | cut -d: -f2)
}
# seal: gives the changed config and manifest their new names, so that all digests are right again.
seal() {
        local digest
        digest=$(sha256sum "$config" | cut -d' ' -f1)
        mv "$config" "broken/blobs/sha256/$digest"
        jq -c --arg digest "sha256:$digest" --argjson size "$(stat -c %s "broken/blobs/sha256/$digest")" \
                '.config.digest = $digest | .config.size = $size' "$manifest" > m
        digest=$(sha256sum m | cut -d' ' -f1)
        mv m "broken/blobs/sha256/$digest"
        jq -c --arg digest "sha256:$digest" --argjson size "$(stat -c %s "broken/blobs/sha256/$digest")" \
                '.manifests[0].digest = $digest | .manifests[0].size = $size' broken/index.json > i
        mv i broken/index.json
}
# forge FILTER: changes the list of steps with jq.
forge() {
        broken
        jq -c "$1" "$config" > c
        mv c "$config"
        seal
}
# refuses TEXT: the broken cache is not used, and the image is right all the same; if asked for, the build fails.
refuses() {
        fresh
        build --cache-from type=local,src=broken
        assert_contains "$said" "$1"
        assert_equal "$(image_run image cat /one /two)" $'1\n2'
        assert_equal "$(find store/tmp -mindepth 1)" ""
        fresh
        build_fails "$1" --cache-from type=local,src=broken,ignore-error=false
}

dockerfile << 'END'
FROM busybox
RUN echo 1 > /one
RUN echo 2 > /two
END
fresh
build --cache-to type=local,dest=cache,compression=none
fresh
build --cache-from type=local,src=cache
assert_equal "$(hits)" 2

# --- layers --------------------------------------------------------------------

broken
rm "$layer"
refuses "has no file"
assert_contains "$said" broken
broken
printf x >> "$layer"
refuses "were announced"
broken
printf x | dd of="$layer" bs=1 seek=$((512 + 0)) conv=notrunc 2> /dev/null
refuses "do not have that digest"
fresh
build --cache-from type=local,src=broken
assert_contains "$said" "begins again without that layer"
assert_equal "$(image_run image cat /one)" 1
# the right blob under a wrong diff ID, and of a wrong size
forge '.steps[0].layer.diffId = "sha256:'"$(printf '%064d' 7)"'"'
refuses "does not hold what the cache says"
forge '.steps[0].layer.size = 512'
refuses "does not hold what the cache says"

fresh
# --- documents -------------------------------------------------------------------

broken
printf ' ' >> "$config"
refuses "were announced"
broken
sed -i 's/"title"/"tItle"/' "$config"
refuses "do not have that digest"
for filter in '.steps[0].keys = []' '.steps[0].keys = ["../../x"]' '.steps[0].keys[0] |= ascii_upcase + "G"' \
        '.steps[0].identity = null' '.steps[0].created = [1]' '.steps[0].created = [1, -1]' '.steps[0].made = "x"' \
        '.steps[0].layer.number = 2' '.steps[0].layer.number = -1' '.steps[0].layer.size = -1' \
        '.steps[0].layer.diffId = "sha256:../../../etc/passwd"' '.steps[0].title = 1' '.steps = {}' '.version = 2' \
        '.mounts = [{name: "../x", id: "a", layer: .steps[0].layer}]'; do
        forge "$filter"
        rm -f store/steps/*
        build --cache-from type=local,src=broken,cache-mounts=true
        assert_contains "$said" "is not used"
        assert_equal "$(hits)" 0 "hits after: $filter"
done
jq '.schemaVersion = 1' cache/index.json > broken/index.json
fresh
build --cache-from type=local,src=broken
assert_contains "$said" "--cache-from broken is not used"

# --- history is no key ---------------------------------------------------------------

# an image whose history says that it made the same steps
printf 'FROM busybox\nRUN echo 1 > /one\nRUN echo 2 > /two; echo forged > /forged\n' | dockerfile forged
fresh
build -f context/forged -t forged -o type=oci,tar=false,dest=image
config=image/blobs/sha256/$(jq -r '.manifests[0].digest' image/index.json | cut -d: -f2)
assert_equal "$(jq -r .config.mediaType "$config")" application/vnd.oci.image.config.v1+json
fresh
build --cache-from type=local,src=image
assert_contains "$said" "an image without a cache in it"
assert_equal "$(hits)" 0

# --- titles do not reach the terminal raw ------------------------------------------------

forge '.steps[0].title = "RUN \u001b[2Jx\ny 1"'
fresh
build --cache-from type=local,src=broken
assert_equal "$(hits)" 2
assert_equal "$(grep -c $'\e' store/steps/* | grep -vc ':0$' || true)" 0 "records with an escape sequence"
