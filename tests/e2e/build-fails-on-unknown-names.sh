#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
#
# Unknown stages, images, instructions, flags and files: each is named, with its line.
. "$BRYO_SOURCE/tests/e2e/lib.sh"

base busybox

dockerfile << 'END'
FROM busybox AS builder
RUN true
FROM busybox
COPY --from=bulider /etc/passwd /x
END
build_fails "Dockerfile:4"
assert_contains "$errors" "bulider"

dockerfile << 'END'
FROM busybox
COPY --from=3 /etc/passwd /x
END
build_fails "Dockerfile:2"

dockerfile << 'END'
FROM busybox
RUNN true
END
build_fails "Dockerfile:2"
assert_contains "$errors" "RUNN"
assert_contains "$errors" "RUN"

dockerfile << 'END'
FROM no-such-image:1.0
END
build_fails "no-such-image"
assert_contains "$errors" "Dockerfile:1"

dockerfile << 'END'
FROM busybox
COPY absent.txt /
END
# C4.6
build_fails "absent.txt"
assert_contains "$errors" "Dockerfile:2"

dockerfile << 'END'
FROM busybox
COPY --form=0 a /
END
build_fails "Dockerfile:2"
assert_contains "$errors" "--form"

dockerfile << 'END'
FROM busybox AS one
RUN true
END
build_fails "two" --target two

dockerfile << 'END'
RUN true
END
build_fails "Dockerfile:1"
dockerfile < /dev/null
build_fails "Dockerfile"

rm context/Dockerfile
build_fails "Dockerfile"
assert_fails 1 "no-such-context" bryo build -t image no-such-context
assert_fails 1 "no-such-file" bryo build -t image -f no-such-file context
