#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
#
# Without newuidmap: one sentence that says what to install.
. "$BRYO_SOURCE/tests/e2e/lib.sh"

base busybox
mkdir bin
ln -s "$BRYO" bin/bryo
dockerfile << 'END'
FROM busybox
RUN true
END
assert_fails 1 "newuidmap" env PATH="$PWD/bin" bryo build -t image context
assert_contains "$errors" "uidmap"
assert_equal "$(grep -c 'newuidmap' <<< "$errors")" 1 "the number of lines about it"
# What needs no namespace works without it.
dockerfile << 'END'
FROM busybox
COPY Dockerfile /
END
works env PATH="$PWD/bin" bryo build -t image context
