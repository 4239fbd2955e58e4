#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
#
# Several platforms to a registry: images first, each under its digest, then the index under the tags; what others and bryo
# itself pull of it.
. "$BRYO_SOURCE/tests/e2e/lib.sh"
. "$BRYO_SOURCE/tests/servers/lib.sh"
. "$BRYO_SOURCE/tests/servers/registry.sh"

need jq skopeo
export CONTAINERS_REGISTRIES_CONF=/dev/null
registry site
base busybox
here=$(image_config busybox .Architecture | tr -d '"')
other=s390x
dockerfile << 'END'
FROM --platform=$BUILDPLATFORM busybox AS maker
ARG TARGETARCH
RUN echo "$TARGETARCH" > /for
FROM scratch
COPY --from=maker /for /
END
works bryo build --platform "linux/$here,linux/$other" -t "$registry/app:1" -t "$registry/team/app:2" --push --metadata-file metadata context
# Manifests in their order, for each repository: two by digest, then the tag.
registry_asked site | awk '$1 == "PUT" && $2 ~ /manifests/ { print $2 }' | sed 's,sha256:.*,DIGEST,' > puts
assert_equal "$(grep /app/ puts | grep -v team)" $'/v2/app/manifests/DIGEST\n/v2/app/manifests/DIGEST\n/v2/app/manifests/1'
assert_equal "$(grep team puts)" $'/v2/team/app/manifests/DIGEST\n/v2/team/app/manifests/DIGEST\n/v2/team/app/manifests/2'
digest=$(jq -r '."containerimage.digest"' metadata)
works skopeo inspect --tls-verify=false --raw "docker://$registry/app:1"
assert_equal "sha256:$(printf '%s' "$output" | sha256sum | cut -d' ' -f1)" "$digest" "the digest of what the registry has"
assert_equal "$(jq -r '.manifests[].platform.architecture' <<< "$output")" "$here"$'\n'"$other"
for platform in "$here" "$other"; do
        works skopeo copy -q --src-tls-verify=false --override-arch "$platform" "docker://$registry/team/app:2" "dir:judged-$platform"
        tar -xzOf "judged-$platform/$(jq -r '.layers[0].digest' "judged-$platform/manifest.json" | cut -d: -f2)" for > for
        assert_equal "$(cat for)" "$platform" "what skopeo pulls"
done

# Pushed again, nothing is sent but the manifests.
registry_asked site > /dev/null
works bryo build --platform "linux/$here,linux/$other" -t "$registry/app:1" --push context
registry_asked site > again
assert_lacks "$(cat again)" /uploads/

# bryo push of a name that is an index takes all of it, the same again.
works bryo push "$registry/app:1" "$registry/other:3"
assert_contains "$output" "digest: $digest"
works skopeo inspect --tls-verify=false --raw "docker://$registry/other:3"
assert_equal "sha256:$(printf '%s' "$output" | sha256sum | cut -d' ' -f1)" "$digest" "the digest of what was pushed by name"

# Another store: FROM takes the one for the platform out of the registry's index.
export BRYO_ROOT=$PWD/elsewhere
base busybox
printf 'FROM %s/app:1 AS base\nFROM --platform=$BUILDPLATFORM busybox\nCOPY --from=base /for /\n' "$registry" | dockerfile
works bryo build --pull=missing --platform "linux/$here,linux/$other" -o out context
assert_equal "$(cat "out/linux_$here/for" "out/linux_$other/for")" "$here"$'\n'"$other"

# By digest alone: no tag, here or there.
printf 'FROM scratch\nCOPY Dockerfile /\n' | dockerfile
works bryo build --platform "linux/$here,linux/$other" -o "type=image,name=$registry/untagged,push-by-digest=true,push=true" context
assert_lacks "$(registry_asked site)" /v2/untagged/manifests/latest
assert_fails 1 "" skopeo inspect --tls-verify=false --raw "docker://$registry/untagged:latest"
