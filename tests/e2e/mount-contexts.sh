#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
#
# RUN --mount=type=bind from contexts that are no plain directory: a tar, a named directory, a named image; and the ignore file holds.
. "$BRYO_SOURCE/tests/e2e/lib.sh"

base busybox
plant_file context/dir/file one
plant_file context/secret left-out
plant_file named/inside 'named file'
echo secret > context/.dockerignore
dockerfile << 'END'
FROM busybox
RUN --mount=target=/c ls /c; cat /c/dir/file; echo x > /c/dir/file || true
RUN --mount=target=/c,rw echo two > /c/dir/file; cat /c/dir/file
END
works sh -c 'tar -C context -c . | bryo build --progress=plain -t image -'
assert_contains "$errors" " one"
assert_contains "$errors" "Read-only file system"
assert_contains "$errors" " two"
build
assert_lacks "$said" " secret"

dockerfile << 'END'
FROM busybox
RUN --mount=from=files,target=/n cat /n/inside
RUN --mount=from=IMAGE,source=etc/passwd,target=/p grep -c root /p
END
build --build-context files=named --build-context image=docker-image://busybox
assert_contains "$said" "named file"
