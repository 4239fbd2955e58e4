#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
#
# FORM.1 FORM.2 FORM.3: one manifest, whoever asks for it first; what it says of itself; the names in archives.
. "$BRYO_SOURCE/tests/e2e/lib.sh"

need jq
base busybox
printf 'FROM busybox\nRUN echo x > /x\n' | dockerfile
works bryo build -t app -t registry.example:5000/team/app:v2 --metadata-file meta --digest-file digest -o type=oci,dest=built.tar context
works bryo save -o saved.tar app registry.example:5000/team/app:v2
works bryo save --format oci-dir -o saved app
works bryo --root "$PWD/other" load -i saved.tar
works bryo --root "$PWD/other" save -o again.tar app
works bryo save --format docker-archive --compression gzip -o docker.tar app
digest=$(cat digest)
assert_matches "$digest" '^sha256:[0-9a-f]{64}$'
assert_equal "$(jq -r '."containerimage.digest"' meta)" "$digest" "--metadata-file"
for archive in built saved again docker; do
        assert_equal "$(tar -xOf $archive.tar index.json | jq -r '.manifests[].digest' | sort -u)" "$digest" "$archive.tar"
done
assert_equal "$(jq -r '.manifests[0].digest' saved/index.json)" "$digest" "the directory"

# FORM.2: media types everywhere, OCI's; a manifest and no index for one platform.
index=$(tar -xOf saved.tar index.json)
manifest=$(tar -xOf saved.tar "blobs/sha256/${digest#sha256:}")
assert_equal "$(jq -r .mediaType <<< "$index")" application/vnd.oci.image.index.v1+json
assert_equal "$(jq -r '.manifests[].mediaType' <<< "$index" | sort -u)" application/vnd.oci.image.manifest.v1+json
assert_equal "$(jq -r '.mediaType, .config.mediaType, .layers[].mediaType' <<< "$manifest" | sort -u)" \
        "application/vnd.oci.image.config.v1+json
application/vnd.oci.image.layer.v1.tar+gzip
application/vnd.oci.image.manifest.v1+json"
# FORM.3: the full name, and the tag.
assert_equal "$(jq -c '[.manifests[].annotations | [."io.containerd.image.name", ."org.opencontainers.image.ref.name"]]' <<< "$index")" \
        '[["docker.io/library/app:latest","latest"],["registry.example:5000/team/app:v2","v2"]]'

# KEEP.3: what was compressed is kept, and goes with the image. The second time no layer is read.
store=$XDG_DATA_HOME/bryo
[ "$(find "$store/compressed" -type f | wc -l)" -eq 2 ] || fail "not two records" records "$(ls "$store/compressed")"
cp -r "$store" "$PWD/copy"
find copy/data -type f -exec truncate -s 0 {} +
works bryo --root "$PWD/copy" save -o kept.tar app registry.example:5000/team/app:v2
cmp saved.tar kept.tar || fail "the kept blobs are others"
works bryo prune --all
[ "$(find "$store/compressed" -type f | wc -l)" -eq 2 ] || fail "prune took the compressed layers of an image that is there"
works bryo image rm app registry.example:5000/team/app:v2 busybox
works bryo prune --all
assert_equal "$(find "$store/compressed" "$store/blobs" -type f)" "" "what is left of the compressed layers"
