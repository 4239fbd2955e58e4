#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
#
# A Node.js service: npm ci in RUNs with a cache mount, a bundle made by a development dependency, and a final image with the
# dependencies of production only; a change of one source file fetches nothing again.
# timeout: 600
# plain
. "$BRYO_SOURCE/tests/e2e/lib.sh"
. "$BRYO_SOURCE/tests/apps/lib.sh"

need jq
base nodejs
app node
works bryo build -t greeter --progress=plain context
answers greeter 'hello from node 1 /some/path'
assert_equal "$(image_run greeter sh -c 'ls node_modules | grep -cx -e express -e esbuild; id -un; stat -c %U dist/server.js')" \
        $'1\ngreeter\ngreeter' "the modules, the user and the bundle's owner"
assert_equal "$(image_config greeter '.Config.Healthcheck.Interval')" 30000000000

sed -i 's/hello from node/good morning from node/' context/src/greeting.js
works bryo build -t greeter --progress=plain context
# npm is the only one that fetches anything.
cached 'npm ci --include=dev'
cached 'npm ci --omit=dev'
answers greeter 'good morning from node 1 /some/path'
