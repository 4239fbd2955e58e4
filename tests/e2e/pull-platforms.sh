#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
#
# An image for several platforms: pull, FROM --platform and inspect --remote take the right one; the tag stays where it was.
. "$BRYO_SOURCE/tests/e2e/lib.sh"
. "$BRYO_SOURCE/tests/servers/lib.sh"
. "$BRYO_SOURCE/tests/servers/registry.sh"

need skopeo jq curl
unset BRYO_PULL
registry reg
host=$(uname -m | sed 's/x86_64/amd64/; s/aarch64/arm64/')

# An index of three, the host's own in the middle, and an attestation.
mkdir tree
for platform in linux/arm/v7 "linux/$host" linux/s390x; do
        name=${platform//\//-}
        echo "$platform" > tree/platform
        tar -C tree --sort=name --mtime=@0 -cf "$name.tar" .
        works bryo --root made import --platform "$platform" "$name.tar" "$name"
        works bryo --root made push -q "$name" "$registry/multi:$name"
        skopeo inspect --tls-verify=false --raw "docker://$registry/multi:$name" > "$name.manifest"
        jq -n --arg digest "sha256:$(sha256sum < "$name.manifest" | cut -d' ' -f1)" --argjson size "$(stat -c %s "$name.manifest")" --arg platform "$platform" \
                '{mediaType: "application/vnd.oci.image.manifest.v1+json", digest: $digest, size: $size,
                  platform: ($platform | split("/") | {os: .[0], architecture: .[1]} + (if .[2] then {variant: .[2]} else {} end))}'
done > entries
jq -s '{schemaVersion: 2, mediaType: "application/vnd.oci.image.index.v1+json", manifests: ([.[0] + {platform: {os: "unknown", architecture: "unknown"}}] + .)}' entries > index
works curl -sf -X PUT -H 'Content-Type: application/vnd.oci.image.index.v1+json' --data-binary @index "http://$registry/v2/multi/manifests/latest"
digest=sha256:$(sha256sum < index | cut -d' ' -f1)

# architecture NAME: of an image of the store.
architecture() {
        bryo inspect "$1" | jq -r '.[0].Architecture'
}
works bryo pull "$registry/multi"
assert_contains "$output" "Digest: $digest"
assert_equal "$(architecture "$registry/multi")" "$host"
assert_equal "$(architecture "$registry/multi@$digest")" "$host"

# Another one for a stage: found by its index afterwards, and the tag is where it was.
dockerfile << END
FROM --platform=linux/s390x $registry/multi AS far
FROM $registry/multi
COPY --from=far /platform /far
END
build
assert_equal "$(architecture "$registry/multi")" "$host"
build --pull=never
works bryo save --format oci-dir -o layout image
assert_equal "$(tar -xzOf "layout/blobs/sha256/$(jq -r '.layers[-1].digest' "layout/blobs/sha256/$(jq -r '.manifests[0].digest[7:]' layout/index.json)" | cut -c8-)" far)" linux/s390x

# A user who asks for a platform gets it under the name; FROM without one takes this machine's all the same.
works bryo pull --platform linux/arm/v7 "$registry/multi"
assert_equal "$(architecture "$registry/multi")" arm
build
assert_equal "$(architecture image)" "$host"
assert_fails 1 "linux/riscv64" bryo pull --platform linux/riscv64 "$registry/multi"
assert_fails 2 "--platform" bryo pull --platform nonsense/of/some/kind "$registry/multi"

# What the registry says, without a pull.
works bryo --root empty inspect --remote "$registry/multi"
assert_equal "$(jq -c '.[0] | [.Digest, .Architecture, (.Manifests | length)]' <<< "$output")" "[\"$digest\",\"$host\",4]"
works bryo --root empty inspect --remote --platform linux/s390x "$registry/multi"
assert_equal "$(jq -r '.[0].Architecture' <<< "$output")" s390x
assert_equal "$(ls empty/images)" ""
bryo inspect --raw "$registry/multi" | cmp - index || fail "--raw is not what the registry has"
works bryo inspect --remote "$registry/multi:linux-s390x"
assert_equal "$(jq -c '.[0] | [.Layers[0].MediaType, has("Manifests")]' <<< "$output")" '["application/vnd.oci.image.layer.v1.tar+gzip",false]'
assert_fails 1 "has no manifest" bryo inspect --remote "$registry/absent"

# Pushed and saved again: with all images here the index goes, without what is said about them; with one missing, that image alone.
head=$(jq -r --arg arch "$host" '.manifests[] | select(.platform.architecture == $arch) | .digest' index)
works bryo --root some pull "$registry/multi"
works bryo --root some push --digestfile pushed "$registry/multi" "$registry/alone:1"
assert_contains "$errors" "$registry/alone:1 is an index of 3 images, of which 2 are not here: one image goes alone, without the index"
assert_equal "$(cat pushed)" "$head"
for platform in linux/arm/v7 linux/s390x "linux/$host"; do
        works bryo --root some pull -q --platform $platform "$registry/multi"
done
works bryo --root some push --digestfile pushed "$registry/multi" "$registry/whole:1"
assert_contains "$errors" "$registry/whole:1: the index goes without its 1 attestation, which is not here"
skopeo inspect --tls-verify=false --raw "docker://$registry/whole:1" > whole
assert_equal "sha256:$(sha256sum < whole | cut -d' ' -f1)" "$(cat pushed)"
assert_equal "$(jq -c '[.manifests[].digest]' whole)" "$(jq -c '[.manifests[1:][].digest]' index)" "the images of the index"
works bryo --root some save -o whole.tar "$registry/multi"
assert_contains "$errors" "the index goes without its 1 attestation, which is not here"
assert_equal "$(tar -xOf whole.tar index.json | jq -r '.manifests[0].digest')" "$(cat pushed)" "the index that is saved"

# One image and attestations, as BuildKit pushes by default: the image.
jq -c '.manifests = [.manifests[0], (.manifests[] | select(.platform.architecture == $arch))]' --arg arch "$host" index > attested
works curl -sf -X PUT -H 'Content-Type: application/vnd.oci.image.index.v1+json' --data-binary @attested "http://$registry/v2/multi/manifests/attested"
works bryo --root only pull "$registry/multi:attested"
works bryo --root only push --digestfile pushed "$registry/multi:attested" "$registry/alone:2"
assert_contains "$errors" "the image goes without the index and its 1 attestation, which is not here"
assert_equal "$(cat pushed)" "$head"

# What an alias means is said once.
printf '[aliases]\n"short" = "%s/multi"\n' "$registry" > registries.conf
works env CONTAINERS_REGISTRIES_CONF="$PWD/registries.conf" bryo pull short
assert_equal "$(grep -c 'by an alias' <<< "$errors")" 1 "how often the alias is told"
