#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# alone
#
# Stages that do not need each other run at the same time.
. "$BRYO_SOURCE/tests/e2e/lib.sh"

base busybox
dockerfile << 'END'
FROM busybox AS one
RUN sleep 2; echo 1 > /one
FROM busybox AS two
RUN sleep 2; echo 2 > /two
FROM busybox AS three
RUN sleep 2; echo 3 > /three
FROM busybox
COPY --from=one /one /
COPY --from=two /two /
COPY --from=three /three /
END
start=$(date +%s%N)
build
assert_less "$((($(date +%s%N) - start) / 1000000))" 5000 "milliseconds of three stages of two seconds each"
assert_equal "$(image_run image cat /one /two /three)" $'1\n2\n3'
