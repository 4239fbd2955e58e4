#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
#
# The name of a file from a URL (C11.3): taken from Content-Disposition or the path, and never more than one name.
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

# lands DISPOSITION NAME: what a server with this header gives ends as /d/NAME.
lands() {
        dockerfile <<< $'FROM busybox\n'"ADD $web/named/path-name?as=$(quoted "$1") /d/"
        build
        assert_equal "$(image_run image find /d -type f)" "/d/$2" "$1"
}

lands 'attachment; filename="given.txt"' given.txt
lands 'attachment; filename=given.txt' given.txt
lands "attachment; filename=x; filename*=UTF-8''na%C3%AFve.txt" naïve.txt
# C11.3: what is no single name does not count.
lands 'attachment; filename="../../x"' path-name
lands 'attachment; filename=".."' path-name
lands 'attachment; filename=""' path-name
lands 'attachment; filename="a/b"' path-name
lands "attachment; filename*=UTF-8''%2e%2e%2fx" path-name
lands "attachment; filename*=UTF-8''%2e%2e" path-name
lands "attachment; filename=\"$(printf 'y%.0s' {1..4000})\"" path-name
lands "attachment; filename*=UTF-8''a%00b" a
lands 'inline' path-name

# From the path, percent signs undone.
dockerfile <<< $'FROM busybox\n'"ADD $web/bare/a%20b.txt /d/"
build
assert_equal "$(image_run image ls /d)" "a b.txt"
dockerfile <<< $'FROM busybox\n'"ADD $web/bare/%2e%2e%2ffiles%2fplain /d/"
build_fails "the URL names no file"
dockerfile <<< $'FROM busybox\n'"ADD $web/hops/0?x=/ /d/0/"
build
assert_equal "$(image_run image ls /d/0)" "0"
dockerfile <<< $'FROM busybox\n'"ADD $web/named/?as=inline /d/"
build_fails "the URL names no file"
