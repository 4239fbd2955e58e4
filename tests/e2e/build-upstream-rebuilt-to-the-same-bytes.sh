#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
#
# COPY --from is keyed by what is copied: an upstream stage that was rebuilt to the same bytes still hits below it.
. "$BRYO_SOURCE/tests/e2e/lib.sh"

base busybox
make_dockerfile() {
        dockerfile << END
FROM busybox AS upstream
RUN echo $1 > /ignored && echo same > /copied
FROM busybox
COPY --from=upstream /copied /copied
RUN cat /proc/sys/kernel/random/uuid > /uuid
END
}
make_dockerfile one
build
uuid=$(image_run image cat /uuid)
make_dockerfile two
build
assert_equal "$(image_run image cat /uuid)" "$uuid" "what must not run again"
