#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
#
# push: skopeo, podman and umoci read what bryo pushed; pulled layers go out as they came; nothing is sent twice.
. "$BRYO_SOURCE/tests/e2e/lib.sh"
. "$BRYO_SOURCE/tests/servers/lib.sh"
. "$BRYO_SOURCE/tests/servers/registry.sh"

need skopeo umoci jq
base busybox
works bryo save -o base.tar busybox
registry second
second=$registry
registry first
first=$registry
works skopeo --insecure-policy copy -q --dest-tls-verify=false --format v2s2 oci-archive:base.tar "docker://$first/base:1"
works bryo rmi busybox
works bryo prune --all

# raw NAME: the manifest as the registry has it.
raw() {
        skopeo inspect --tls-verify=false --raw "docker://$1"
}
# sent NAME: what the registry NAME was sent: uploads, mounts, manifests.
sent() {
        registry_asked "$1" | sed -nE 's,^PUT /v2/(.*)/blobs/uploads/.*,upload \1,p; s,^POST /v2/(.*)/blobs/uploads/\?mount=.*from=(.*) 201,mount \1 from \2,p; s,^PUT /v2/(.*) 201,put \1,p' | LC_ALL=C sort
}

dockerfile << END
FROM $first/base:1
RUN echo a > /a && head -c 1000000 /dev/urandom > /b
ENV X=1
END
BRYO_PULL=missing build
image=$(image_id image)

# To another registry: the base's descriptor is the one it came with, byte for byte.
works bryo push --digestfile digest image "$second/app:1"
assert_matches "$output" "^1: digest: sha256:[0-9a-f]{64} size: [0-9]+$"
assert_equal "$(raw "$second/app:1" | jq -c '.layers[0] | [.digest, .size]')" "$(raw "$first/base:1" | jq -c '.layers[0] | [.digest, .size]')"
assert_equal "$(raw "$second/app:1" | jq -r '.config.digest')" "$image"
assert_equal "sha256:$(raw "$second/app:1" | sha256sum | cut -d' ' -f1)" "$(cat digest)"
assert_equal "$(sent second)" "put app/manifests/1
upload app
upload app
upload app"

# Unchanged: one question, also under the digest's own name. Another tag: its manifest only.
works bryo push image "$second/app:1"
assert_equal "$(registry_asked second | grep -v '^GET /v2/ ' || true)" "HEAD /v2/app/manifests/1 200"
# On loopback nobody asks a registry without TLS for TLS, which begins with reading all authorities: these cannot be read.
works env SSL_CERT_FILE="$PWD/absent" bryo push image "$second/app:1"
registry_asked second > /dev/null
works bryo push image "$second/app:2"
assert_equal "$(sent second)" "put app/manifests/2"
# Another repository of that registry: mounted.
works bryo push image "$second/copy/app"
assert_equal "$(sent second)" "mount copy/app from app
mount copy/app from app
put copy/app/manifests/latest
upload copy/app"
# The registry of the base: its layer is mounted from there.
registry_asked first > /dev/null
works bryo push image "docker://$first/app"
assert_equal "$(sent first)" "mount app from base
put app/manifests/latest
upload app
upload app"

# What others make of it.
works skopeo --insecure-policy copy -q --src-tls-verify=false "docker://$second/app:1" oci:layout:app
works in_userns umoci unpack --image layout:app bundle
assert_equal "$(in_userns cat bundle/rootfs/a)" a
in_userns rm -rf bundle
works bryo --root other pull --quiet "$second/app:1"
assert_equal "$(bryo --root other inspect "$second/app:1" | jq -r '.[0].Id')" "$image"

# A pulled image goes out with its manifest as it is; with its other names; without any it needs one.
works bryo tag "$first/base:1" "$second/base:1"
works bryo push -q "$second/base:1"
assert_equal "$output" "$second/base:1"
assert_equal "$(raw "$second/base:1")" "$(raw "$first/base:1")"
works bryo tag "$first/base:1" "$second/base:2"
works bryo push --all-tags "$second/base"
assert_equal "$(skopeo list-tags --tls-verify=false "docker://$second/base" | jq -c '.Tags | sort')" '["1","2"]'
works bryo prune
assert_fails 2 "is no name to push to" bryo push "$(bryo images -q | head -1)"
assert_fails 1 "no such image" bryo push "$first/absent"
assert_fails 2 "a push names a tag" bryo push image "$first/app@$(cat digest)"

# zstd, also of what is kept in gzip; Docker's media types.
works bryo push --compression zstd --force-compression image "$second/zstd"
assert_equal "$(raw "$second/zstd" | jq -r '.layers[].mediaType' | sort -u)" application/vnd.oci.image.layer.v1.tar+zstd
works bryo push --format docker image "$second/docker"
assert_equal "$(raw "$second/docker" | jq -r '.mediaType, .layers[1].mediaType')" "application/vnd.docker.distribution.manifest.v2+json
application/vnd.docker.image.rootfs.diff.tar.gzip"
works bryo push --compression none image "$second/plain"
assert_equal "$(raw "$second/plain" | jq -r '.layers[1].mediaType')" application/vnd.oci.image.layer.v1.tar
for name in zstd docker plain; do
        works skopeo --insecure-policy copy -q --src-tls-verify=false "docker://$second/$name" "oci:layout:$name"
        works bryo --root "$name" pull -q "$second/$name"
        assert_equal "$(bryo --root "$name" inspect "$second/$name" | jq -r '.[0].Id')" "$image" "the image ID of $name"
done
