#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
#
# The seeds' image of three stages: what the stages wrote is printed, and nothing but the copied file is on top of the base.
. "$BRYO_SOURCE/tests/e2e/lib.sh"

base busybox
dockerfile << 'END'
FROM busybox AS build-stage
RUN echo 'Building...' > /build.txt
FROM busybox AS test-stage
COPY --from=build-stage /build.txt /build.txt
RUN echo 'Testing...' >> /build.txt
FROM busybox
COPY --from=test-stage /build.txt /build.txt
CMD cat /build.txt
END
build -t three-stages
assert_equal "$(image_run three-stages)" $'Building...\nTesting...' "what the image prints"

assert_equal "$(layer_names three-stages)" "build.txt" "the entries above the base"
assert_equal "$(image_layers three-stages layers | wc -l)" 2 "the number of layers"

# The upstream stages were never tagged.
assert_equal "$(output_of bryo image ls | awk 'NR > 1 { print $1 }' | sort | tr '\n' ' ')" "busybox three-stages " "the repositories"
