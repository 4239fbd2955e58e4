#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
#
# build --push and the outputs that push: names, digests, compression, insecure registries.
. "$BRYO_SOURCE/tests/e2e/lib.sh"
. "$BRYO_SOURCE/tests/servers/lib.sh"
. "$BRYO_SOURCE/tests/servers/registry.sh"

need skopeo jq
registry reg
base busybox
dockerfile << 'END'
FROM busybox
RUN echo a > /a
END
# raw NAME: the manifest as the registry has it; digest_of NAME.
raw() {
        skopeo inspect --tls-verify=false --raw "docker://$registry/$1"
}
digest_of() {
        printf 'sha256:%s' "$(raw "$1" | sha256sum | cut -d' ' -f1)"
}

build --push -t "$registry/app:1" -t "$registry/app:2" -t "$registry/other" --metadata-file meta.json --image-name-with-digest-file names
assert_contains "$errors" "push $registry/app:1"
for name in app:1 app:2 other; do
        assert_equal "$(raw "$name" | jq -r .config.digest)" "$(jq -r '."containerimage.config.digest"' meta.json)" "the config of $name"
        assert_equal "$(digest_of "$name")" "$(jq -r '."containerimage.digest"' meta.json)" "the digest of $name"
done
assert_equal "$(sort -u names)" "$registry/app@$(digest_of app:1)
$registry/other@$(digest_of app:1)"

# As outputs, beside others; the names of an output are its own.
build -t local -o type=registry,name="$registry/out" -o type=oci,dest=out.tar -o "type=image,\"name=$registry/x:1,$registry/y:1\",push=true,compression=zstd"
assert_equal "$(raw out | jq -r '.layers[-1].mediaType')" application/vnd.oci.image.layer.v1.tar+gzip
assert_equal "$(raw x:1 | jq -r '.layers[-1].mediaType')" application/vnd.oci.image.layer.v1.tar+zstd
assert_equal "$(digest_of x:1)" "$(digest_of y:1)"
tar -tf out.tar > /dev/null
assert_contains "$(bryo images)" "$registry/y"

# By digest: no tag, here or there.
build -o "type=image,name=$registry/digest,push-by-digest=true,name-canonical=true,push=true" --metadata-file meta.json
digest=$(jq -r '."containerimage.digest"' meta.json)
assert_equal "$(raw "digest@$digest" | jq -r .config.digest)" "$(jq -r '."containerimage.config.digest"' meta.json)"
assert_fails 1 "" skopeo list-tags --tls-verify=false "docker://$registry/digest"
assert_lacks "$(bryo images)" "$registry/digest"

# Annotations go along, and Docker's media types.
build --push -t "$registry/annotated" --annotation org.example.a=b
assert_equal "$(raw annotated | jq -c .annotations)" '{"org.example.a":"b"}'
build -o "type=registry,name=$registry/docker,oci-mediatypes=false"
assert_equal "$(raw docker | jq -r .mediaType)" application/vnd.docker.distribution.manifest.v2+json

# kaniko pushes what it builds, unless told otherwise.
works bryo kaniko --context "dir://$PWD/context" --destination "$registry/kaniko:1" --insecure --skip-tls-verify --push-retry 2 --compression zstd --digest-file kaniko
assert_equal "$(digest_of kaniko:1)" "$(cat kaniko)"
assert_equal "$(raw kaniko:1 | jq -r '.layers[-1].mediaType')" application/vnd.oci.image.layer.v1.tar+zstd
works bryo kaniko --context "dir://$PWD/context" --destination "$registry/kaniko:2" --no-push
assert_fails 1 "" skopeo inspect --tls-verify=false "docker://$registry/kaniko:2"

# What cannot be, is said before anything is built.
assert_fails 2 "an image without a name cannot be pushed" bryo build --push context
assert_fails 2 "only type=image can be pushed" bryo build -t x -o type=local,dest=d,push=true context
assert_fails 2 "push=perhaps" bryo build -t x -o type=image,push=perhaps context

# A push that fails leaves the image here.
end_servers
servers=()
capture bryo build -t "$registry/gone:1" --push --retry 1 --retry-delay 1ms context
assert_equal "$status" 1
assert_contains "$errors" "cannot push to $registry/gone:1"
assert_contains "$(bryo images)" "$registry/gone"
