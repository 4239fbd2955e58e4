#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
#
# Comments, continuation lines, the escape directive, byte order marks and line ends of other systems.
. "$BRYO_SOURCE/tests/e2e/lib.sh"

base busybox
printf '\xef\xbb\xbf# comment first\r\nFROM busybox\r\nRUN echo one > /seen\r\n' | dockerfile
build
assert_equal "$(image_run image cat /seen)" one

dockerfile << 'END'
   # indented comment
  FROM busybox
run echo one \
  # a comment inside
    two \

    three > /seen && \   
    echo '# no comment' >> /seen
RUN echo done >> /seen \
END
build
assert_equal "$(image_run image cat /seen)" $'one two three\n# no comment\ndone'

dockerfile << 'END'
# escape=`
FROM busybox
RUN echo 'C:\' && `
    echo two > /seen
END
build
assert_equal "$(image_run image cat /seen)" two

dockerfile << 'END'
# escape=x
FROM busybox
END
build_fails "escape"

# P6.2: nothing is fetched for a syntax line: there is no such tag anywhere.
dockerfile << 'END'
# syntax=docker/dockerfile:0-no-such-tag
FROM busybox
END
build

# P6.3 P6.6: what is written for another frontend is refused as such, not read as a Dockerfile.
printf '# syntax=example.com/other\nstages: [one]\n' | dockerfile
build_fails "Dockerfile:1:10: the syntax 'example.com/other' is not built in"
printf '// syntax=example.com/other\nstage one {}\n' | dockerfile
build_fails "Dockerfile:1:11: the syntax 'example.com/other' is not built in"
# P6.4
printf '# syntax=example.com/other\nFROM busybox\n' | dockerfile
build --build-arg BUILDKIT_SYNTAX=dockerfile.v0
assert_lacks "$errors" BUILDKIT_SYNTAX
build_fails "BUILDKIT_SYNTAX=example.com/more: bryo never runs a foreign frontend" \
        --build-arg BUILDKIT_SYNTAX=example.com/more
