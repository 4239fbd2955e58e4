#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
#
# LAYER.12: More layers than docker can run: said, with the way out.
. "$BRYO_SOURCE/tests/e2e/lib.sh"

mkdir context
{ echo 'FROM scratch'; for i in $(seq 128); do echo "COPY Dockerfile /$i"; done; } > context/Dockerfile
build
assert_contains "$said" "the image has 128 layers; docker runs images of at most 127: --squash"
build --squash
assert_lacks "$said" "--squash makes one"
sed -i '$ d' context/Dockerfile
build
assert_lacks "$said" "--squash makes one"
