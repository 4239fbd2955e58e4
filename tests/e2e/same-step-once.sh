#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# timeout: 60
#
# Builds and stages that come to the same step at once execute it once; when the one that does it dies or fails, another
# does it.
. "$BRYO_SOURCE/tests/e2e/lib.sh"

base busybox
# start LOG IMAGE [OPTION]...: a build in the background, $pid.
start() {
        background "$1" bryo build --progress=plain -t "$2" "${@:3}" context
}
# Commands with $wait go on when the test says `go_on`.
wait='echo begun; sleep 4354; true' # not the last command: that would become process 1, which no SIGTERM ends
waiting() {
        test_processes | awk '$2 == "sleep" && $3 == 4354 { print $1 }'
}
# go_on: the commands do, and those that begin later too, until the build $pid has ended; $status as of `ended`.
go_on() {
        while kill -0 "$pid" 2> /dev/null; do
                # shellcheck disable=SC2046
                kill $(waiting) 2> /dev/null || true
                sleep 0.05
        done
        ended
}

# --- two builds ---------------------------------------------------------------

dockerfile << END
FROM busybox
RUN cat /proc/sys/kernel/random/uuid > /id; $wait
COPY Dockerfile /
END
start first one
first=$pid
await begun first
start second two
await 'waiting for another build, which executes the same step: RUN cat' second
go_on
assert_equal "$status" 0 "the status of the build that waited"
assert_contains "$(cat second)" CACHED
pid=$first
go_on
assert_equal "$status" 0 "the status of the build that did it"
assert_equal "$(image_run two cat /id)" "$(image_run one cat /id)" "what the step made"

# --- two stages of one build ---------------------------------------------------

dockerfile << 'END'
FROM busybox AS a
RUN cat /proc/sys/kernel/random/uuid > /stage-id; sleep 0.3
FROM busybox AS b
RUN cat /proc/sys/kernel/random/uuid > /stage-id; sleep 0.3
FROM busybox
COPY --from=a /stage-id /a
COPY --from=b /stage-id /b
END
build --jobs 2
assert_equal "$(image_run image cmp /a /b && echo same)" same

# --- the one that does it is killed ---------------------------------------------

dockerfile << END
FROM busybox
RUN $wait; echo made > /made
END
start first one
first=$pid
await begun first
start second two
second=$pid
await 'waiting for another build' second
kill -KILL "$first"
await begun second
pid=$second
go_on
assert_equal "$status" 0 "the status of the build that took over"
assert_equal "$(image_run two cat /made)" made
assert_equal "$(find "$XDG_DATA_HOME/bryo/tmp" -name 'step.*')" "" "locks that stayed"

# --- and fails --------------------------------------------------------------------

dockerfile << END
FROM busybox
RUN $wait; echo fails now; exit 3
END
start first one
first=$pid
await begun first
start second two
await 'waiting for another build' second
go_on
assert_equal "$status" 1 "the status of the second build"
assert_contains "$(cat second)" "fails now"
assert_contains "$(cat second)" "Dockerfile:2"
pid=$first
go_on
assert_equal "$status" 1 "the status of the first build"

# --- without a cache both do it -----------------------------------------------------

dockerfile << END
FROM busybox
RUN cat /proc/sys/kernel/random/uuid > /own-id; $wait
END
start first one --no-cache
first=$pid
await begun first
start second two --no-cache
await begun second
go_on
pid=$first
go_on
[ "$(image_run one cat /own-id)" != "$(image_run two cat /own-id)" ] || fail "--no-cache used another build's step"

# --- what a killed build leaves is removed by the next command -----------------------

: > "$XDG_DATA_HOME/bryo/tmp/step.0123"
works bryo image ls
[ ! -e "$XDG_DATA_HOME/bryo/tmp/step.0123" ] || fail "the lock of a dead process stayed"
