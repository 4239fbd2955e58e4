#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
#
# --target: an earlier stage after a full build is fully cached although it was never tagged; by name in any case, by number.
. "$BRYO_SOURCE/tests/e2e/lib.sh"

base busybox
dockerfile << 'END'
FROM busybox AS first
RUN cat /proc/sys/kernel/random/uuid > /uuid
CMD echo first
FROM busybox AS Second
COPY --from=first /uuid /uuid
CMD echo second
FROM busybox
COPY --from=second /uuid /uuid
CMD echo third
END
build
uuid=$(image_run image cat /uuid)
build -t first --target first
assert_equal "$(image_run first)" first
assert_equal "$(image_run first cat /uuid)" "$uuid" "what must come from the cache"
build -t second --target SECOND
assert_equal "$(image_run second)" second
build -t number --target 0
assert_equal "$(image_id number)" "$(image_id first)"
