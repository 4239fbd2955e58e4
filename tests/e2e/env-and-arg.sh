#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
#
# ENV, ARG and where their values reach.
. "$BRYO_SOURCE/tests/e2e/lib.sh"

base busybox
dockerfile << 'END'
ARG VERSION=busybox
ARG GLOBAL=from-global
FROM $VERSION AS one
ARG GLOBAL
ARG LOCAL=default
ARG EMPTY
ENV A=1 B="two words" C=three\ words
# E5.1: OLD is 1
ENV A=changed OLD=$A
ENV legacy form of a value
RUN echo "$GLOBAL|$LOCAL|${EMPTY-unset}|$A|$B|$C|$OLD|$legacy" > /one
ENV LOCAL=env-wins
RUN echo "$LOCAL" >> /one
FROM busybox AS two
RUN echo "${GLOBAL-unset}|${LOCAL-unset}|${A-unset}" > /two
FROM one AS three
RUN echo "$LOCAL|$A|${GLOBAL-unset}" > /three
ENV P=/usr/local/lib/x.tar.gz Q=${A:+yes} R=${NONE:-no} S=\$literal T='$single'
ENV U=${P##*/} V=${P%%.*}
FROM busybox
COPY --from=one /one /
COPY --from=two /two /
COPY --from=three /three /
END
build
assert_equal "$(image_run image cat /one /two /three)" "from-global|default|unset|changed|two words|three words|1|form of a value
env-wins
unset|unset|unset
env-wins|changed|from-global"
build -t three --target three
assert_equal "$(image_run three sh -c 'echo "$P $Q $R $S $T $U $V"')" \
        "/usr/local/lib/x.tar.gz yes no \$literal \$single x.tar.gz /usr/local/lib/x"
# ARGs are no part of the image.
assert_equal "$(image_run three sh -c 'echo ${GLOBAL-gone}')" gone

build -t one --target one --build-arg GLOBAL=given --build-arg LOCAL=given
assert_contains "$(image_run one cat /one)" "given|given|unset|changed"
export EMPTY='from the environment'
build -t one --target one --build-arg EMPTY
assert_contains "$(image_run one cat /one)" "from-global|default|from the environment|changed"

# An undeclared build argument is no error; an unused one does not change the image.
build -t one --target one
id=$(image_id one)
build -t one --target one --build-arg NOBODY=asks
assert_equal "$(image_id one)" "$id"

# The default PATH, HOME by user.
dockerfile << 'END'
FROM busybox
USER app
RUN echo "$HOME $PATH" > /tmp/seen
END
build
assert_equal "$(image_run image cat /tmp/seen)" "/home/app /usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"
