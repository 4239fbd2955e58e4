#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
#
# What a step may make but no layer can hold: it works inside of the step, and the build says so in one sentence.
. "$BRYO_SOURCE/tests/e2e/fs-lib.sh"

base busybox
name=$(head -c 255 /dev/zero | tr '\0' n)
mkdir -p context
# Two trees of 2,560 bytes of path, one put at the bottom of the other.
path=$(printf "/$name%.0s" 1 2 3 4 5 6 7 8 9 10)
printf 'mkdir -p /tmp/a%s /tmp/b%s && mv /tmp/b /tmp/a%s/b\n' "$path" "$path" "$path" > context/deep.sh
dockerfile << 'END'
FROM busybox
COPY deep.sh /deep.sh
RUN . /deep.sh
END
build_fails "the path is longer than 4095 bytes"

# In a stage that is no image both are fine.
dockerfile << 'END'
FROM busybox AS stage
COPY deep.sh /deep.sh
RUN . /deep.sh && touch /.wh.name && ls -a / > /list
RUN grep -q '^\.wh\.name$' /list && test -e /.wh.name && test -d /tmp/a
FROM busybox
COPY --from=stage /list /list
END
build

dockerfile << 'END'
FROM busybox
RUN touch /.wh.name && test -e /.wh.name
END
build_fails 'names that start with ".wh." mean something else in a layer'
