#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
#
# COPY --link: a layer of its own, whatever the stage holds; and the flags that it does not go with.
. "$BRYO_SOURCE/tests/e2e/lib.sh"

base busybox
plant_file context/f one
plant_file context/dir/g two
# C8.1 laid over the stage: a link in the way is replaced, not followed
dockerfile << 'END'
FROM busybox
RUN mkdir /real && ln -s real /dest && chmod 1777 /real && touch /real/old && mkdir -m 1777 /sticky
COPY --link f /dest/f
COPY --link dir /dir/
RUN test -d /dest -a ! -L /dest && test ! -e /real/f && test -e /real/old && echo more >> /dest/f
END
build
assert_equal "$(image_run image sh -c 'cat /dest/f /dir/g; stat -c "%a %u:%g" /dest / /sticky')" 'one
more
two
755 0:0
755 0:0
1777 0:0'
mapfile -t layers < <(image_layers image layers)
assert_equal "$(tar -tf "${layers[-3]}")" 'dest/
dest/f'

# C8.2 its key does not know the stage: another parent, and it is a hit with the same layer
dockerfile << 'END'
FROM busybox
RUN echo something else > /else
COPY --link f /dest/f
END
build
assert_matches "$said" '#([0-9]+) [^#]*COPY --link f /dest/f
#[0-9]+ CACHED'
mapfile -t second < <(image_layers image second)
assert_equal "$(basename "${second[-1]}")" "$(basename "${layers[-3]}")" "the digest of the layer"
# ... and what comes behind it does know both
dockerfile << 'END'
FROM busybox
RUN echo a third > /else
COPY --link f /dest/f
RUN cat /else /dest/f > /both
END
build
assert_equal "$(image_run image cat /both)" $'a third\none'
# The same from a stage; without --link it is a miss.
dockerfile << 'END'
FROM busybox AS up
COPY f /f
FROM busybox
RUN echo fourth > /else
COPY --link --from=up /f /dest/f
END
build
assert_equal "$(image_run image cat /dest/f)" one

# C8.3
printf 'FROM busybox\nCOPY --link --chown=app f /\n' | dockerfile
build_fails "Dockerfile:2:13: --chown=app: --link copies without the image's /etc/passwd"
assert_contains "$errors" "use numbers, or drop --link"
printf 'FROM busybox\nCOPY --link --chown=7:8 dir /x/y/\nCOPY --link --chown=root f /x/\n' | dockerfile
build
assert_equal "$(image_run image stat -c '%n %u:%g' /x /x/y /x/y/g /x/f)" $'/x 0:0\n/x/y 7:8\n/x/y/g 7:8\n/x/f 0:0'
# C8.4
dockerfile << 'END'
FROM busybox
RUN mkdir /real && ln -s real /dest
COPY --link --chmod=600 f /dest/f
END
build
assert_equal "$(image_run image stat -c %a /real/f)" 600
