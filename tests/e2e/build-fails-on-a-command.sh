#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
#
# A failing command fails the build: its Dockerfile line, the command and its exit status are said; no image, no tag.
. "$BRYO_SOURCE/tests/e2e/lib.sh"

base busybox
dockerfile << 'END'
FROM busybox AS build
RUN echo first
RUN echo 'cc1: no such file' >&2; exit 42
FROM busybox
COPY --from=build /etc/passwd /copy
END
build_fails "Dockerfile:3"
assert_contains "$errors" "exit 42"
assert_matches "$errors" '(exit|status|code)[^0-9]*42'
assert_contains "$said" "cc1: no such file"
assert_lacks "$(output_of bryo image ls)" image

# The tag of an earlier success stays where it is.
dockerfile << 'END'
FROM busybox
RUN true
END
build
id=$(image_id image)
dockerfile << 'END'
FROM busybox
RUN false
END
build_fails "Dockerfile:2"
assert_equal "$(image_id image)" "$id" "the image behind the tag"

# A line that continues is named by its first line; a signal is named as such; exec form too.
dockerfile << 'END'
FROM busybox

RUN true && \
    true && \
    sh -c 'kill -SEGV $$'; exit $?
END
build_fails "Dockerfile:3"
assert_matches "$errors" '(139|signal 11|SIGSEGV|egmentation)'
dockerfile << 'END'
FROM busybox
RUN ["/bin/sh", "-c", "exit 7"]
END
build_fails "Dockerfile:2"
assert_matches "$errors" '(exit|status|code)[^0-9]*7'
dockerfile << 'END'
FROM busybox
RUN ["/no/such/program", "x"]
END
build_fails "/no/such/program"
assert_contains "$errors" "no such file or directory"

# What a failed step wrote is not there at the next try, and what came before it is cached.
dockerfile << 'END'
FROM busybox
RUN touch /before
RUN test ! -e /trace && touch /trace && false
END
build_fails "Dockerfile:3"
build_fails "Dockerfile:3"
