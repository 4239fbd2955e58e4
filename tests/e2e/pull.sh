#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
#
# pull: what skopeo pushed, with OCI's and Docker's media types, in gzip, zstd and none, arrives as the image it was, down
# to the last attribute of its files; nothing is fetched that the store has.
. "$BRYO_SOURCE/tests/e2e/lib.sh"
. "$BRYO_SOURCE/tests/servers/lib.sh"
. "$BRYO_SOURCE/tests/servers/registry.sh"

need skopeo jq
base busybox
dockerfile << 'END'
FROM busybox
RUN mkdir -p /tree/gone /tree/opaque && echo one > /tree/one && touch /tree/opaque/lower && head -c 3000000 /dev/urandom > /tree/big
RUN chown -R app:staff /tree && chmod 2750 /tree && ln /tree/one /tree/hard && ln -s one /tree/soft && mkfifo -m 0600 /tree/pipe \
 && rm -r /tree/gone /tree/opaque && mkdir /tree/opaque && touch /tree/opaque/upper && rm /bin/zcat && touch -d @1234567890 /tree/one
END
build
works bryo save -o image.tar --compression none image
registry reg
made=$XDG_DATA_HOME/bryo

# push NAME [OPTION]...: with skopeo, which packs the layers.
push() {
        local name=$1
        shift
        # with a memory of its own: it would not pack what it knows the registry to have in another packing
        XDG_DATA_HOME=$PWD/skopeo-$name works skopeo --insecure-policy copy -q --dest-tls-verify=false --dest-no-creds "$@" oci-archive:image.tar "docker://$registry/$name"
}
push gzip --dest-compress-format gzip
push zstd --dest-compress-format zstd
push docker --format v2s2
works bryo push -q --compression none --force-compression image "$registry/plain"
for type in gzip:tar[+]gzip zstd:tar[+]zstd docker:diff.tar.gzip plain:layer.v1.tar; do
        assert_matches "$(skopeo inspect --tls-verify=false --raw "docker://$registry/${type%:*}" | jq -r '.layers[0].mediaType')" "${type#*:}\$"
done

# indexes STORE: the names of the image's indexes, which are digests of all that is known of its files.
indexes() {
        jq -r '.layers[].index' "$1/images/$(image_id image | sed 's/^sha256://')"
}
image=$(image_id image)
works bryo --root loaded load -q -i image.tar
expected=$(indexes loaded)
for name in gzip zstd docker plain; do
        digest=$(skopeo inspect --tls-verify=false "docker://$registry/$name" | jq -r .Digest)
        registry_asked reg > /dev/null
        works bryo --root "$name" pull --progress=plain "$registry/$name"
        assert_equal "$output" "Digest: $digest
Status: Downloaded newer image for $registry/$name:latest
$registry/$name:latest"
        assert_contains "$errors" "pull $registry/$name"
        assert_equal "$(bryo --root "$name" inspect "$registry/$name" | jq -r '.[0].Id')" "$image" "the image ID of $name"
        assert_equal "$(indexes "$name")" "$expected" "the files of $name"
        assert_equal "$(grep -c '^GET .*/blobs/' <<< "$(registry_asked reg)")" 4 "the blobs that were fetched for $name"
        assert_equal "$(ls "$name/partial" "$name/tmp" | grep -v : || true)" "" "what is left in $name"
        works bryo --root "$name" run --pull=never "$registry/$name" sh -c 'stat -c "%a %U %h" /tree/one && cat /tree/hard && ! ls /bin/zcat'
done

# Once more: one question. From a repository with other compression: nothing but manifest (the layers are known).
works bryo --root gzip pull "$registry/gzip"
assert_contains "$output" "Status: Image is up to date for $registry/gzip:latest"
assert_equal "$(registry_asked reg | grep -v '^GET /v2/ ' || true)" "HEAD /v2/gzip/manifests/latest 200"
works bryo --root gzip pull "$registry/zstd"
assert_equal "$(registry_asked reg | grep -v '^GET /v2/ ' | sed 's,sha256:[0-9a-f]*,DIGEST,')" "GET /v2/zstd/manifests/latest 200"
works bryo --root gzip pull -q "$registry/plain@$digest" "$registry/docker:latest"
assert_equal "$output" "$registry/plain@$digest
$registry/docker:latest"

# By digest there is no tag; the digest finds it.
digest=$(skopeo inspect --tls-verify=false "docker://$registry/gzip" | jq -r .Digest)
works bryo --root digest pull "$registry/gzip@$digest"
assert_equal "$(bryo --root digest images -q)" "$(bryo --root gzip images -q | head -1)"
assert_equal "$(ls digest/refs)" ""
works bryo --root digest inspect "$registry/gzip@$digest"
assert_equal "$(ls "$made/refs" | wc -l)" 2 "the tags of the store that was not asked"

# Several at a time: the others are pulled, the failure is told.
assert_fails 1 "cannot pull $registry/absent:latest" bryo --root several pull "$registry/absent" "$registry/docker"
assert_contains "$output" "Downloaded newer image for $registry/docker:latest"
for flag in -a --all-tags; do
        assert_fails 2 "--all-tags cannot be done: name the tags that are wanted" bryo pull $flag "$registry/base"
done
