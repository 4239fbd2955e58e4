#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
#
# TIMES.1: nanoseconds inside a step, seconds behind it: the tree of the next step, of the cached build, and of the image loaded
# elsewhere have one time.
. "$BRYO_SOURCE/tests/e2e/lib.sh"

base busybox
dockerfile << 'END'
FROM busybox
RUN for i in 1 2 3 4 5; do touch /f$i; sleep 0.013; done; stat -c %y /f1 /f2 /f3 /f4 /f5 > /inside
RUN stat -c %y /f1 /f2 /f3 /f4 /f5 > /next
END
build
inside=$(image_run image cat /inside)
next=$(image_run image cat /next)
assert_matches "$inside" '\.[0-9]*[1-9][0-9]* '
assert_equal "$(sed 's/\.[0-9]*/.000000000/' <<< "$inside")" "$next" "the times that the next step saw"
assert_equal "$(image_run image stat -c %y /f1 /f2 /f3 /f4 /f5)" "$next"
build
assert_equal "$(image_run image stat -c %y /f1 /f2 /f3 /f4 /f5)" "$next"
works bryo save -o image.tar image
export BRYO_ROOT=$PWD/other
works bryo load -i image.tar
assert_equal "$(image_run image stat -c %y /f1 /f2 /f3 /f4 /f5)" "$next"
