#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
#
# The name of a file from a URL (C11.3): the last one of its path, and never more than one name.
. "$BRYO_SOURCE/tests/e2e/lib.sh"
. "$BRYO_SOURCE/tests/servers/lib.sh"

base busybox
serve web
web=http://127.0.0.1:$port
printf 'x\n' > "web/files/a b.txt"
printf 'x\n' > web/files/plain

quoted() {
        python3 -c 'import sys, urllib.parse; print(urllib.parse.quote(sys.argv[1], safe=""))' "$1"
}

# lands DISPOSITION: what a server with this header gives ends as /d/path-name.
lands() {
        dockerfile <<< $'FROM busybox\n'"ADD $web/named/path-name?as=$(quoted "$1") /d/"
        build
        assert_equal "$(image_run image find /d -type f)" /d/path-name "$1"
}

# C11.3: Content-Disposition has no say.
lands 'attachment; filename="given.txt"'
lands 'attachment; filename="../../x"'
lands "attachment; filename*=UTF-8''%2e%2e%2fx"

# From the path, percent signs undone.
dockerfile <<< $'FROM busybox\n'"ADD $web/bare/a%20b.txt /d/"
build
assert_equal "$(image_run image ls /d)" "a b.txt"
# What is no name is BuildKit's __unnamed__; what leads elsewhere stays one name.
dockerfile <<< $'FROM busybox\n'"ADD $web/hops/0?x=/ /d/0/"
build
assert_equal "$(image_run image ls /d/0)" "0"
dockerfile <<< $'FROM busybox\n'"ADD $web/bare/%2e%2e%2ffiles%2fplain $web/named/?as=inline /d/
ADD $web/ /e/"
build
assert_equal "$(image_run image find /d /e -type f | sort)" $'/d/named\n/d/plain\n/e/__unnamed__'
