#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
#
# RUN --mount=type=tmpfs: empty, bounded, and gone afterwards.
. "$BRYO_SOURCE/tests/e2e/lib.sh"

base busybox
dockerfile << 'END'
FROM busybox
RUN mkdir /t && echo hidden > /t/below
# TMPFS.1
RUN --mount=type=tmpfs,target=/t ls /t | wc -l; stat -c %a /t; echo x > /t/x; cp /bin/busybox /t/echo && /t/echo runs
RUN ls /t
# TMPFS.2
RUN --mount=type=tmpfs,target=/t,size=64k dd if=/dev/zero of=/t/x bs=1k count=100 2>&1 | head -n1
END
build
assert_matches "$said" ' 0'$'\n''.* 1777'$'\n''.* runs'
assert_matches "$said" ' below'$'\n'
assert_contains "$said" "No space left on device"
assert_lacks "$(layer_names image)" t/x
