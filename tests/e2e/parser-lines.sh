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

# The parser's own syntax line fetches nothing.
dockerfile << 'END'
# syntax=docker/dockerfile:1
FROM busybox
END
build
