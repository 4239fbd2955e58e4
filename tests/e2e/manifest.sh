#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
#
# manifest create, add, annotate, inspect, push, rm: images that were pushed each for one platform become one for all, also from
# other repositories; bryo and skopeo choose from it.
. "$BRYO_SOURCE/tests/e2e/lib.sh"
. "$BRYO_SOURCE/tests/servers/lib.sh"
. "$BRYO_SOURCE/tests/servers/registry.sh"

need skopeo jq
unset BRYO_PULL
registry reg
mkdir tree
for platform in linux/amd64 linux/arm64 linux/arm/v7; do
        name=${platform//\//-}
        echo "$platform" > tree/platform
        tar -C tree -cf "$name.tar" .
        works bryo --root made import --platform "$platform" "$name.tar" "$name"
done
# As CI jobs do it: two by tag, one by digest only, and one of them in another repository.
works bryo --root made push -q linux-amd64 "$registry/app:amd64"
works bryo --root made push -q linux-arm64 "$registry/jobs/arm:latest"
printf 'FROM linux-arm-v7\n' > Dockerfile
works bryo --root made build -q --pull=never -o "type=image,name=$registry/app,push-by-digest=true,push=true" --metadata-file meta.json .
arm=$registry/app@$(jq -r '."containerimage.digest"' meta.json)

assert_fails 1 "" bryo manifest exists "$registry/app:1"
assert_equal "$errors" ""
works bryo manifest create "$registry/app:1" "$registry/app:amd64"
works bryo manifest exists "$registry/app:1"
assert_fails 1 "--amend" bryo manifest create "$registry/app:1"
works bryo manifest add "$registry/app:1" "docker://$registry/jobs/arm"
works bryo manifest create --amend "$registry/app:1" "$arm"
works bryo manifest annotate --annotation org.example.a=b --variant v6 "$registry/app:1" "$arm"
works bryo manifest inspect "$registry/app:1"
assert_equal "$(jq -c '[.manifests[] | .platform | [.os, .architecture, .variant]]' <<< "$output")" '[["linux","amd64",null],["linux","arm64",null],["linux","arm","v6"]]'
assert_equal "$(jq -c '.manifests[2].annotations' <<< "$output")" '{"org.example.a":"b"}'
works bryo prune --all
works bryo manifest push "$registry/app:1"
digest=$output
assert_equal "sha256:$(skopeo inspect --tls-verify=false --raw "docker://$registry/app:1" | sha256sum | cut -d' ' -f1)" "$digest"

# Everything it names is in its repository now.
for entry in $(skopeo inspect --tls-verify=false --raw "docker://$registry/app:1" | jq -r '.manifests[].digest'); do
        works skopeo inspect --tls-verify=false "docker://$registry/app@$entry"
done
for arch in amd64 arm64; do
        works skopeo --insecure-policy copy -q --src-tls-verify=false --override-arch "$arch" "docker://$registry/app:1" "dir:$arch"
        works bryo --root "$arch.store" pull --platform "linux/$arch" "$registry/app:1"
        assert_equal "$(bryo --root "$arch.store" inspect "$registry/app:1" | jq -r '.[0].Architecture')" "$arch"
done
works bryo inspect --remote "$registry/app:1"
assert_equal "$(jq -r '.[0].Digest' <<< "$output")" "$digest"

# An index as an entry is its images; elsewhere; and gone.
works bryo manifest create "$registry/all:1" "$registry/app:1"
assert_equal "$(bryo manifest inspect "$registry/all:1" | jq '.manifests | length')" 3
works bryo manifest push --purge "$registry/all:1" "docker://$registry/all:2"
assert_equal "$(skopeo inspect --tls-verify=false --raw "docker://$registry/all:2" | jq '.manifests | length')" 3
assert_fails 1 "there is no manifest list" bryo manifest push "$registry/all:1"
works bryo manifest rm "$registry/app:1"
assert_fails 1 "there is no manifest list" bryo manifest rm "$registry/app:1"
works bryo manifest create empty
assert_fails 1 "is empty" bryo manifest push empty "$registry/empty"
assert_fails 1 "must be pushed before" bryo manifest add empty "$registry/absent:1"
assert_fails 1 "has no" bryo manifest annotate --arch arm empty "$registry/app:1"
# What only the registry has is shown as well.
works bryo manifest inspect "$registry/app:1"
assert_equal "$(jq '.manifests | length' <<< "$output")" 3
