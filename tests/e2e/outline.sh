#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
#
# --call=outline and --call=targets over several stages, as BuildKit answers for the same files
# (frontend/dockerfile/dockerfile_outline_test.go, dockerfile_targets_test.go).
. "$BRYO_SOURCE/tests/e2e/lib.sh"

need jq
# ask CALL FILTER [OPTION]...: that part of the answer.
ask() {
        local call=$1 filter=$2
        shift 2
        works bryo build --call="$call,format=json" "$@" context
        output=$(jq -c "$filter" <<< "$output")
}

# L0.13
dockerfile << 'END'
ARG inherited=box
ARG inherited2=box2
ARG unused=abc${inherited2}
# sfx is a suffix
ARG sfx="usy${inherited}"

FROM b${sfx} AS first
# this is not assigned to anything
ARG FOO=123
# BAR is a number
ARG BAR=456
RUN true

FROM alpine${unused} AS second
ARG BAZ
RUN true

FROM scratch AS third
ARG ABC=a

# target defines build target
FROM third AS target
COPY --from=first /etc/passwd /

FROM second
END
ask outline '[.name, .description, (.args[] | [.name, .value, .description, .location.ranges[0].start.line])]' --build-arg BAR=678 --target target
assert_equal "$output" '["target","defines build target",["inherited","box",null,1],["sfx","usybox","is a suffix",5],["FOO","123",null,9],["BAR","678","is a number",11],["ABC","a",null,19]]'

dockerfile << 'END'

FROM busybox AS first
RUN --mount=type=secret,target=/etc/passwd,required=true --mount=type=ssh true

FROM alpine AS second
RUN --mount=type=secret,id=unused --mount=type=ssh,id=ssh2 true

FROM scratch AS third
ARG BAR
RUN --mount=type=secret,id=second${BAR} true

FROM third AS target
COPY --from=first /foo /
RUN --mount=type=ssh,id=ssh3,required true

FROM second
END
ask outline '[.secrets, .ssh | .[] | [.name, .required, .location.ranges[0].start.line]]' --build-arg BAR=678 --target target
assert_equal "$output" '[["passwd",true,3],["second678",null,10],["default",null,3],["ssh3",true,14]]'

# L0.14
dockerfile << 'END'

# build defines stage for compiling the binary
FROM alpine AS build
RUN true

FROM busybox as second
RUN false

FROM alpine
RUN false

# binary returns the compiled binary
FROM second AS binary
END
ask targets '[.targets[] | [.name, .base, .description, .default, .location.ranges[0].start.line]]'
assert_equal "$output" '[["build","alpine","defines stage for compiling the binary",null,3],["second","busybox",null,null,6],[null,"alpine",null,null,9],["binary","second","returns the compiled binary",true,13]]'
assert_equal "$errors" ''
assert_equal "$(ls -A "$XDG_DATA_HOME/bryo/images" 2> /dev/null)" ''
