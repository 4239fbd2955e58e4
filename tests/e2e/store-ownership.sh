#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
#
# GUARD.13: Everything in the store belongs to the calling user, whatever the owners inside the images are; rm -rf removes it.
. "$BRYO_SOURCE/tests/e2e/lib.sh"

base busybox
dockerfile << 'END'
FROM busybox
RUN mkdir -m 0 /locked && touch /locked/f && chown -R 12345:54321 /locked && mkfifo /p && chown app /home && chmod 000 /etc/group
USER app
RUN mkdir -m 000 /tmp/mine
END
build
assert_equal "$(find "$XDG_DATA_HOME/bryo" ! -user "$(id -u)" -o ! -group "$(id -g)" | head)" "" "the list of files of other owners"
assert_equal "$(find "$XDG_DATA_HOME/bryo" ! -type f ! -type d | head)" "" "the list of special files"
assert_equal "$(image_run -u root image stat -c '%u:%g %a' /locked/f)" "12345:54321 644"

# Whatever the umask: files that it would take from their owner, too.
printf 'FROM mask\nRUN --mount=type=cache,target=/c echo a > /c/a && cp /c/a /a\nCOPY Dockerfile /\n' > context/Dockerfile
works sh -c 'umask 777 && bryo --root masked import "$0" mask && bryo --root masked build -t made context && bryo --root masked run --rm made cat /a &&
        bryo --root masked build --no-cache -t made context && bryo --root masked prune --all' "$(fixture busybox)"
assert_contains "$output" a
assert_equal "$(find masked -type d ! -perm 700 -o -type f ! -perm 600)" "" "the list of what has other modes"

# --root and $BRYO_ROOT name another store.
works bryo image ls --root "$PWD/other"
assert_equal "$(wc -l <<< "$output")" 1 "the lines of the listing of a new store"
assert_contains "$(output_of env BRYO_ROOT="$XDG_DATA_HOME/bryo" XDG_DATA_HOME=/nowhere bryo image ls)" busybox
rm -rf "$XDG_DATA_HOME/bryo"
[ ! -e "$XDG_DATA_HOME/bryo" ] || fail "rm -rf left the store"
