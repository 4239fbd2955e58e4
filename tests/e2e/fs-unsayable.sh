#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
#
# What a step may make but no layer can hold: it works inside of the step, and the build says so in one sentence.
. "$BRYO_SOURCE/tests/e2e/fs-lib.sh"

base busybox
name=$(head -c 255 /dev/zero | tr '\0' n)
mkdir -p context
cat > context/deep.sh << END
for i in 1 2 3 4 5 6 7 8 9 10 11 12 13 14 15 16 17; do mkdir $name && cd $name; done && echo text > f && test "\$(cat f)" = text
END
dockerfile << 'END'
FROM busybox
COPY deep.sh /deep.sh
RUN cd /tmp && . /deep.sh
END
build_fails "the path is longer than 4095 bytes"

# In a stage that is no image both are fine.
dockerfile << 'END'
FROM busybox AS stage
COPY deep.sh /deep.sh
RUN cd /tmp && . /deep.sh && touch /.wh.name && ls -a / > /list
RUN grep -q '^\.wh\.name$' /list && test -e /.wh.name && rm -r /tmp/n*
FROM busybox
COPY --from=stage /list /list
END
build

dockerfile << 'END'
FROM busybox
RUN touch /.wh.name && test -e /.wh.name
END
build_fails 'names that start with ".wh." mean something else in a layer'
