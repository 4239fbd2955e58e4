#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
#
# Archives of an image for several platforms: all that are there are loaded, or those that are asked for, and what is missing is told.
. "$BRYO_SOURCE/tests/e2e/lib.sh"

need jq
base busybox
here=linux/$(image_config busybox .Architecture | tr -d '"')
dockerfile << 'END'
FROM --platform=$BUILDPLATFORM busybox AS maker
ARG TARGETARCH
RUN echo "$TARGETARCH" > /for
FROM scratch
COPY --from=maker /for /
END
works bryo build --platform "linux/s390x,$here,linux/arm64" -t many:1 -o type=oci,dest=many.tar context
mkdir layout
tar -xf many.tar -C layout
index=$(jq -r '.manifests[0].digest' layout/index.json)
# manifest PLATFORM: the digest of its entry.
manifest() {
        jq -r --arg arch "${1#linux/}" '.manifests[] | select(.platform.architecture == $arch) | .digest' "layout/blobs/sha256/${index#*:}"
}
# architecture STORE: of what the name means.
architecture() {
        bryo --root "$1" inspect many:1 | jq -r '.[0] | .Os + "/" + .Architecture'
}

# All of them; the name is of this machine's. Saved again it is the same index.
works bryo --root all load -i many.tar
assert_equal "$(grep -c 'Loaded image' <<< "$output")" 3
assert_equal "$(head -n 1 <<< "$output")" "Loaded image: many:1"
assert_equal "$(architecture all)" "$here"
works bryo --root all prune
works bryo --root all save -o again.tar many:1
assert_equal "$(tar -xOf again.tar index.json | jq -r '.manifests[0].digest')" "$index" "the index that was loaded and saved"
printf 'FROM --platform=linux/s390x many:1\n' | dockerfile
works bryo --root all build --pull=never -o files context
assert_equal "$(cat files/for)" s390x

# Some of them.
works bryo --root some load -i many.tar --platform linux/arm64,linux/s390x
assert_equal "$(architecture some)" linux/arm64
assert_contains "$errors" "not asked for, or not in the archive: $here"
assert_equal "$(bryo --root some image ls -q | wc -l)" 2
assert_fails 1 "has no image for linux/riscv64" bryo --root none load -i many.tar --platform linux/riscv64
assert_equal "$(ls none/refs)" ""
assert_fails 2 "--platform" bryo --root none load -i many.tar --platform linux/a/b/c

# An archive that lacks one, as docker writes them when it has only the others, and one that lacks this machine's.
rm "layout/blobs/sha256/$(manifest linux/arm64 | cut -d: -f2)"
works bryo --root lacking load -i layout
assert_contains "$errors" "not in the archive: linux/arm64"
assert_equal "$(grep -c 'Loaded image' <<< "$output")" 2
rm "layout/blobs/sha256/$(manifest "$here" | cut -d: -f2)"
works bryo --root lacking-more load -i layout
assert_equal "$(architecture lacking-more)" linux/s390x
rm "layout/blobs/sha256/$(manifest linux/s390x | cut -d: -f2)"
assert_fails 1 "none of its images" bryo --root nothing load -i layout
