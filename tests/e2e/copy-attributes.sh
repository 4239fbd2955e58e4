#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
#
# What files bring along: owner, mode, time, hard links and extended attributes; and which of it is part of the step's key.
. "$BRYO_SOURCE/tests/e2e/lib.sh"

need setfattr
base busybox
plant_file context/d/plain x
plant_file context/d/setuid x
plant_file context/d/one x
ln context/d/one context/d/two
chmod 0604 context/d/plain
chmod 6755 context/d/setuid
touch -d @1234567890 context/d/plain
setfattr -n user.color -v green context/d/plain 2> /dev/null || skip "the disk of the test has no user.* attributes"
dockerfile << 'END'
FROM busybox AS up
RUN mkdir /u && touch /u/f && chown 11:12 /u/f && chmod 2640 /u/f && chown 13:14 /u
FROM busybox
COPY d /d
COPY --from=up /u /u
END
build
# C5.1 C5.3 C5.5
assert_equal "$(image_run image stat -c '%n %a %u:%g %Y' /d/plain)" '/d/plain 604 0:0 1234567890'
assert_equal "$(image_run image stat -c '%a %u:%g' /d/setuid)" '6755 0:0'
# C5.2
assert_equal "$(image_run image stat -c '%n %a %u:%g' /u/f)" '/u/f 2640 11:12'
# C5.4
assert_equal "$(image_run image sh -c 'stat -c %i-%h /d/one /d/two | sort -u | wc -l')" 1
assert_equal "$(image_run image stat -c %h /d/one)" 2
# C5.6
mapfile -t layers < <(image_layers image layers)
tar --xattrs --xattrs-include='*' -tvvf "${layers[-2]}" > listing
assert_matches "$(cat listing)" 'user.color'
# C5.7 nothing of the host's labels: no other attribute is in any layer
for layer in "${layers[@]:1}"; do
        assert_equal "$(grep -aoE 'SCHILY\.xattr\.[a-z_.]+' "$layer" | grep -v 'user\.color' | sort -u)" ""
done

# K1.2 K1.3 the time and the owner on the host are no input
id=$(image_id image)
touch context/d/plain
chmod 0755 context/d
build
chmod 0755 context/d
id=$(image_id image)
touch -d @999999999 context/d/plain context/d
build
assert_equal "$(image_id image)" "$id"
if chgrp "$(id -G | tr ' ' '\n' | tail -1)" context/d/plain; then
        build
        assert_equal "$(image_id image)" "$id"
fi
# differs COMMAND...: what it changes is an input: the image becomes another, and the old one again when it is undone.
differs() {
        rm -rf saved
        cp -a context saved
        eval "$1"
        build
        [ "$(image_id image)" != "$id" ] || fail "this is no input: $1"
        rm -rf context
        mv saved context
        build
        assert_equal "$(image_id image)" "$id" "the image after this was undone: $1"
}
# K1.1 K1.4
differs 'printf y > context/d/plain'
differs 'mv context/d/plain context/d/renamed'
differs 'chmod 0600 context/d/plain'
differs 'rm context/d/plain; ln -s one context/d/plain'
differs 'rm context/d/plain; mkdir context/d/plain'
differs 'rm context/d/plain; mkfifo context/d/plain'
differs 'mkdir context/d/empty'
differs 'setfattr -n user.color -v red context/d/plain'
differs 'setfattr -x user.color context/d/plain'
differs 'ln -s nowhere context/d/link'

# C5.8 a socket is left out, and told
dockerfile <<< $'FROM busybox\nCOPY sockets /s'
mkdir context/sockets
python3 -c 'import socket; socket.socket(socket.AF_UNIX).bind("context/sockets/one")'
build
assert_equal "$(image_run image ls -A /s)" ''
assert_contains "$errors" 'sockets/one is a socket: left out'
