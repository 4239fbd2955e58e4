#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
#
# Only the stages that the target needs are built.
. "$BRYO_SOURCE/tests/e2e/lib.sh"

base busybox
dockerfile << 'END'
FROM busybox AS needed
RUN echo needed > /needed
FROM no-such-image AS absent
RUN true
FROM busybox AS broken
RUN echo 'this must never run'; false
FROM needed AS child
RUN cat /needed
FROM busybox
COPY --from=child /needed /needed
END
build
# FROM.8
assert_lacks "$said" "this must never run"
assert_equal "$(image_run image cat /needed)" needed
build_fails "Dockerfile:6" --target broken
assert_contains "$said" "this must never run"
