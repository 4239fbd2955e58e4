#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
#
# load: an OCI archive and an OCI directory made by a peer, with config and compressed layers; hostile ones are refused.
. "$BRYO_SOURCE/tests/e2e/lib.sh"

need skopeo umoci jq
umoci_do() {
        works in_userns umoci "$@"
}

# An image of two layers by umoci.
umoci_do init --layout peer
umoci_do new --image peer:img
mkdir first second
tar -xf "$(fixture busybox)" -C first
umoci_do insert --image peer:img first /
echo second > second/file
umoci_do insert --image peer:img second /second
umoci_do config --image peer:img --config.cmd=/bin/cat --config.cmd=/second/file --config.env=PEER=umoci --config.workingdir=/second
works skopeo --insecure-policy copy oci:peer:img oci-archive:peer.tar:named:v2

works bryo load -i peer.tar
assert_contains "$output$errors" named
assert_equal "$(image_run named:v2)" second
assert_equal "$(image_run named:v2 sh -c 'echo $PEER; pwd')" $'umoci\n/second'

# As a base, and out again with the same digests.
dockerfile << 'END'
FROM named:v2
RUN echo third > /third
CMD cat /third file
END
build
assert_equal "$(image_run image)" $'third\nsecond'
works bryo save -o again.tar named:v2
assert_equal "$(skopeo inspect --config oci-archive:again.tar:v2 | jq -cS .)" "$(skopeo inspect --config oci:peer:img | jq -cS .)"
works bryo load -i peer
assert_equal "$(skopeo inspect --raw oci:peer:img | jq -r .config.digest)" "$(image_id named:v2)" "the image ID, which is the config's digest"

# A blob that is not what its name says.
cp -r peer bad
blob=$(find bad/blobs -type f -size +100k | head -n 1)
printf 'X' | dd of="$blob" bs=1 seek=5000 conv=notrunc status=none
assert_fails 1 "$(basename "$blob" | cut -c 1-12)" bryo load -i bad
rm "$blob"
assert_fails 1 "$(basename "$blob" | cut -c 1-12)" bryo load -i bad
assert_fails 1 "absent" bryo load -i absent
echo text > text
assert_fails 1 "text" bryo load -i text
