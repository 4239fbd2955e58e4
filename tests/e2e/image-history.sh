#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
#
# inspect and history: OCI config, history and diff IDs that are the digests of the layer tars.
. "$BRYO_SOURCE/tests/e2e/lib.sh"

need jq
base busybox
before=$(date -u +%Y-%m-%dT%H:%M)
dockerfile << 'END'
FROM busybox
ENV a=b
RUN echo x > /x
COPY file /file
WORKDIR /w
CMD ["cat", "/x"]
END
plant_file context/file content
build
mapfile -t layers < <(image_layers image layers)
diff_ids=$(image_config image '(.RootFS // .rootfs) | (.Layers // .diff_ids)')
# CONFIG.1 TIMES.5
assert_equal "$(for layer in "${layers[@]}"; do sha256sum < "$layer" | cut -d' ' -f1; done | sed 's/^/sha256:/' | jq -R . | jq -sc .)" \
        "$diff_ids" "the diff IDs"

config=layers/blobs/sha256/$(jq -r '.config.digest | sub("sha256:"; "")' "layers/blobs/sha256/$(jq -r '.manifests[0].digest | sub("sha256:"; "")' layers/index.json)")
assert_equal "sha256:$(sha256sum < "$config" | cut -d' ' -f1)" "$(image_id image)" "the image ID, which is the config's digest"
assert_equal "$(jq -r '.architecture + " " + .os' "$config")" "$(dpkg --print-architecture 2> /dev/null || echo amd64) linux"
assert_equal "$(jq -c '.rootfs.diff_ids' "$config")" "$diff_ids"
assert_equal "$(jq '[.history[] | select(.empty_layer | not)] | length' "$config")" "${#layers[@]}" "the history entries with layers"
[[ ! $(jq -r .created "$config") < $before ]] || fail "created lies in the past: $(jq -r .created "$config")"

works bryo history image
for word in 'echo x > /x' 'COPY' 'WORKDIR /w' 'CMD' 'ENV a=b'; do
        assert_contains "$output" "$word"
done
assert_fails 1 "absent" bryo history absent
assert_fails 1 "absent" bryo inspect absent
