#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
#
# A command that cannot be executed is reported with its cause.
. "$BRYO_SOURCE/tests/e2e/lib.sh"

base busybox
plant_file context/no-interpreter '#!/no/such/interpreter'
plant_file context/garbage 'not a program'
plant_file context/not-executable '#!/bin/sh'
chmod 0755 context/no-interpreter context/garbage

# refused COMMAND CAUSE...: RUN of this exec form fails and says these things.
refused() {
        local words=("${@:2}") word
        printf 'FROM busybox\nCOPY no-interpreter garbage not-executable /\nRUN %s\n' "$1" | dockerfile
        build_fails "Dockerfile:3"
        for word in "${words[@]}"; do
                assert_contains "$errors" "$word"
        done
}

refused '["/no-interpreter"]' /no-interpreter /no/such/interpreter
refused '["/garbage"]' /garbage 'exec format error'
refused '["/not-executable"]' /not-executable 'permission denied'
refused '["/etc"]' /etc 'permission denied'
refused '["nowhere-in-path"]' nowhere-in-path PATH

printf 'FROM busybox\nSHELL ["/missing/shell", "-c"]\nRUN true\n' | dockerfile
build_fails /missing/shell
printf 'FROM busybox\nRUN ["/bin/true"]\nRUN ["true"]\n' | dockerfile
build
