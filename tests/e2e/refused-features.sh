#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
#
# What is not built yet is refused with its line and its name, never skipped.
. "$BRYO_SOURCE/tests/e2e/lib.sh"

base busybox
plant_file context/f x

# refused LINE WORD: the build refuses this line, naming the thing and the line.
refused() {
        printf 'FROM busybox\n%b\n' "$1" | dockerfile
        build_fails "Dockerfile:2"
        assert_contains "$errors" "$2"
        assert_lacks "$said" "it ran"
}

refused 'RUN --device=vendor.com/gpu echo it ra""n' '--device is refused' # RUN.17
refused 'RUN --security=insecure echo it ra""n' '--security=insecure is refused' # RUN.15
refused 'ADD --checksum=sha256:00 f /' '--checksum'
