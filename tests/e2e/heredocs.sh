#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
#
# Here-documents of RUN and COPY, and --exclude.
. "$BRYO_SOURCE/tests/e2e/lib.sh"

base busybox
plant_file context/d/keep.txt kept
plant_file context/d/drop.x dropped
dockerfile << 'END'
FROM busybox
ENV NAME=moss
RUN <<EOF
echo one > /run-made
echo "$NAME" >> /run-made
EOF
COPY <<one <<"two" /made/
hello $NAME
one
literal $NAME
two
COPY --chmod=600 <<EOF /secretive
x
EOF
COPY --exclude=*.x d /d
END
build
assert_equal "$(image_run image cat /run-made)" $'one\nmoss'
# C13.1 C13.2
assert_equal "$(image_run image cat /made/one /made/two)" $'hello moss\nliteral $NAME'
assert_equal "$(image_run image stat -c '%a %u:%g' /made/one /secretive)" $'644 0:0\n600 0:0'
assert_equal "$(image_run image ls /d)" keep.txt

# C13.3 beside ordinary sources
dockerfile << 'END'
FROM busybox
COPY d/keep.txt <<made d/drop.x /both/
made here
made
COPY <<EOF /name
as the destination says
EOF
END
build
assert_equal "$(image_run image sh -c 'ls /both; cat /both/made /name')" 'drop.x
keep.txt
made
made here
as the destination says'
# C13.4
printf 'FROM busybox\nCOPY d <<EOF\nx\nEOF\n' | dockerfile
build_fails "Dockerfile:2:8: COPY cannot have a heredoc as its destination"
