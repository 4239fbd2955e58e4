#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
#
# --cache-to and --cache-from type=registry: what another machine executed is found, and only the layers that are needed are
# fetched; what the registry has is not sent again.
. "$BRYO_SOURCE/tests/e2e/lib.sh"
. "$BRYO_SOURCE/tests/servers/lib.sh"
. "$BRYO_SOURCE/tests/servers/registry.sh"

need jq curl
fresh() {
        export BRYO_ROOT=$PWD/store-$1
        SOURCE_DATE_EPOCH=1 base busybox
}
hits() {
        grep -c '^#[0-9]* CACHED' <<< "$said" || true
}
registry site
dockerfile << 'END'
FROM busybox AS build
RUN dd if=/dev/urandom of=/big bs=64k count=50 2> /dev/null; cat /proc/sys/kernel/random/uuid > /id
FROM busybox
RUN --mount=type=cache,target=/c echo x >> /c/runs
COPY --from=build /id /id
RUN cat /id /id > /twice
END
fresh one
build --cache-to "type=registry,ref=$registry/team/cache:main,mode=max,cache-mounts=true"
id=$(image_id image)
assert_lacks "$said" "--cache-to $registry"

fresh two
registry_asked site > /dev/null
build --cache-from "type=registry,ref=$registry/team/cache:main"
assert_equal "$(hits)" 4 "the steps that were found"
assert_equal "$(image_id image)" "$id"
registry_asked site > asked
assert_equal "$(grep -c '^GET /v2/team/cache/blobs/' asked)" 3 "fetched: the list of steps and two layers, not the big one"

# The image's layers lie at the registry, in another repository: they are mounted, and their bytes neither packed nor sent. So it
# is when the packed blobs are here no more.
works bryo push -q image "$registry/team/app:1"
registry_asked site > asked
assert_equal "$(lines_with '^POST .*mount=.* 201$' asked | wc -l)" 2 "the layers that were mounted"
assert_equal "$(lines_with '^PUT /v2/team/app/blobs/' asked | wc -l)" 3 "blobs that were sent: the base's layer, the empty one and the config"
for blob in $(curl -sf "http://$registry/v2/team/app/manifests/1" -H 'Accept: application/vnd.oci.image.manifest.v1+json' | jq -r '.layers[].digest'); do
        rm "$BRYO_ROOT/blobs/sha256/${blob#sha256:}"
done
registry_asked site > /dev/null
works bryo push -q image "$registry/team/other:1"
registry_asked site > asked
assert_equal "$(lines_with '^POST .*mount=.* 201$' asked | wc -l)" 4 "the layers that were mounted without their blobs"
assert_equal "$(lines_with '^GET .*/blobs/' asked)" "" "the blobs that were fetched to be pushed"
works bryo system check

# nothing is sent again
build --cache-from "type=registry,ref=$registry/team/cache:main" --cache-to "type=registry,ref=$registry/team/cache:main,mode=max"
registry_asked site > asked
assert_equal "$(lines_with '^(POST|PATCH) ' asked | wc -l)" "$(lines_with '^PUT /v2/team/cache/blobs' asked | wc -l)"
assert_less "$(lines_with '^PUT /v2/team/cache/blobs' asked | wc -l)" 2 "blobs that were sent: the list of steps at most"

# the big layer comes when something is executed on it, and the cache mount too
fresh three
sed -i 's/^FROM busybox$/RUN sha256sum \/big > \/sum\n&/; s/echo x/wc -l \/c\/runs; echo y/' context/Dockerfile
echo 'COPY --from=build /sum /' >> context/Dockerfile
fresh one
build --cache-to "type=registry,ref=$registry/team/cache:main,mode=max,cache-mounts=true"
fresh four
sed -i 's/echo y/echo z/' context/Dockerfile
build --cache-from "type=registry,ref=$registry/team/cache:main,cache-mounts=true"
assert_contains "$said" "2 /c/runs"
assert_contains "$(image_run image cat /sum)" /big

# a bare repository, as for buildah
build --cache-to "$registry/bare"
fresh five
build --cache-from "$registry/bare" --cache-from "$registry/nothing/there"
assert_less 3 "$(hits)" "the steps that were found"

# kaniko's flags
works bryo kaniko -c context --no-push -d "$registry/team/app:1" --cache=true
assert_contains "$(registry_asked site)" "PUT /v2/team/app/cache/manifests/bryo-cache 201"
works bryo kaniko -c context --no-push -d "$registry/team/app:1" --cache --cache-repo="$registry/kaniko" --no-push-cache --cache-ttl=0
registry_asked site > asked
assert_contains "$(cat asked)" "GET /v2/kaniko/manifests/bryo-cache 404"
assert_lacks "$(cat asked)" PUT
works bryo kaniko -c context --no-push -d app --cache --cache-repo=oci:kaniko-cache
[ -e kaniko-cache/index.json ] || fail "oci:DIR was not written"

# what cannot be reached is a warning, or an error if that was asked for
fresh six
build --cache-from "type=registry,ref=$registry/nothing/there"
assert_contains "$said" "is not used"
end_servers
fresh seven
build --cache-from "type=registry,ref=$registry/team/cache:main" --cache-to "type=registry,ref=$registry/team/cache:main"
assert_contains "$said" "--cache-from $registry/team/cache:main is not used"
assert_contains "$said" "--cache-to $registry/team/cache:main: "
fresh eight
build_fails "--cache-from" --cache-from "type=registry,ref=$registry/team/cache:main,ignore-error=false"
