#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
#
# What is wrong with the words of an instruction is told before the first command is executed, however far down it stands.
. "$BRYO_SOURCE/tests/e2e/lib.sh"

base busybox

# early LINE TEXT: fails at line 4 with this text, and executes nothing.
early() {
        printf 'FROM busybox\nARG NOTHING\nRUN echo $((6 * 7))\n%s\n' "$1" | dockerfile
        build_fails "Dockerfile:4:"
        assert_contains "$errors" "$2"
        assert_lacks "$errors" ' 42'
}
early 'EXPOSE 80/tpc' "'tpc' is no protocol"
early 'STOPSIGNAL SIGFOO' "'SIGFOO' is not a signal"
# shellcheck disable=SC2016
early 'ENV A=${NOTHING:?missing}' 'NOTHING: missing'
# shellcheck disable=SC2016
early 'USER ${NOTHING' 'the closing } is missing'

# A stage that is not built has nothing to say, and what a base's triggers set counts.
printf 'FROM busybox AS unused\nEXPOSE 80/tpc\nFROM busybox\nRUN echo fine\n' | dockerfile
build
printf 'FROM busybox\nONBUILD ENV NOTHING=something\n' | dockerfile
build -t triggers
# shellcheck disable=SC2016
printf 'FROM triggers\nENV A=${NOTHING:?missing}\n' | dockerfile
build
assert_equal "$(image_config image '.Config.Env | map(select(startswith("A=")))')" '["A=something"]'
