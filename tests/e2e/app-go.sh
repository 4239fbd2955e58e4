#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
#
# A Go service with a module dependency: fetched in a RUN with a cache mount, a static binary in an image of its own; a
# change of one source file fetches nothing again.
# timeout: 600
# plain
. "$BRYO_SOURCE/tests/e2e/lib.sh"
. "$BRYO_SOURCE/tests/apps/lib.sh"
. "$BRYO_SOURCE/tests/e2e/golden.bash"

need jq
base golang
app go
start_proxy
works bryo build -t greeter --build-arg https_proxy="$proxy" --progress=plain context
assert_contains "$(cat tunnels)" proxy.golang.org
assert_lacks "$(output_of bryo history --no-trunc greeter)" 127.0.0.1
answers greeter 'hello from go 1 '
assert_equal "$(image_config greeter '.RootFS.Layers | length')" 1 "the layers of the final image"
assert_equal "$(image_config greeter .Config.User)" '"65534:65534"'

# Another greeting: compiled again, with the module and the compiler's results of the first time.
: > tunnels
sed -i 's/hello from go/good morning from go/' context/greeting.go
works bryo build -t greeter --build-arg https_proxy="$proxy" --progress=plain context
cached 'go mod download'
assert_equal "$(cat tunnels)" "" "what the second build fetched"
answers greeter 'good morning from go 1 '

# A dependency step that is executed again finds its modules in the cache mount.
works bryo build --no-cache -t greeter --build-arg https_proxy="$proxy" --progress=plain context
assert_equal "$(cat tunnels)" "" "what a build without the step cache fetched"

# Without go.mod: the line, the compiler's own words, and how to look inside.
golden go 1 4 # the base, and what each of the three builds made
