#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
#
# A Java service: Maven in RUNs with a cache mount, a jar and its dependency on a headless runtime that apt installed with a cache mount;
# a change of one source file fetches nothing again.
# timeout: 900
# plain
. "$BRYO_SOURCE/tests/e2e/lib.sh"
. "$BRYO_SOURCE/tests/apps/lib.sh"

need jq
base maven
base debian
app java
works bryo build -t greeter --progress=plain context
answers greeter '{"hello from java":1}'
assert_equal "$(image_run --entrypoint id greeter -un)" nobody

# The second build is told not to fetch anything, and needs nothing.
sed -i 's/hello from java/good morning from java/' context/src/main/java/com/example/Greeting.java
sed -i 's/-ntp package/-ntp --offline package/' context/Dockerfile
works bryo build -t greeter --progress=plain context
cached 'dependency:go-offline'
cached 'runtime 2/2'
answers greeter '{"good morning from java":1}'
