#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
#
# Builds and stages that come to the same step at once execute it once; when the one that does it dies or fails, another
# does it.
. "$BRYO_SOURCE/tests/e2e/lib.sh"

base busybox

# --- two builds ---------------------------------------------------------------

dockerfile << 'END'
FROM busybox
RUN cat /proc/sys/kernel/random/uuid > /id; echo begun; sleep 1
COPY Dockerfile /
END
background first bryo build --progress=plain -t one context
first=$pid
await begun first
build -t two
pid=$first
ended
assert_equal "$status" 0 "the status of the first build"
assert_contains "$said" "waiting for another build, which executes the same step: RUN cat"
assert_contains "$said" CACHED
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

dockerfile << 'END'
FROM busybox
RUN echo begun; sleep 1; echo made > /made
END
background first bryo build --progress=plain -t one context
first=$pid
await begun first
background second bryo build --progress=plain -t two context
second=$pid
await 'waiting for another build' second
kill -KILL "$first"
pid=$second
ended
assert_equal "$status" 0 "the status of the build that took over"
assert_equal "$(image_run two cat /made)" made
assert_equal "$(find "$XDG_DATA_HOME/bryo/tmp" -name 'step.*')" "" "locks that stayed"

# --- and fails --------------------------------------------------------------------

dockerfile << 'END'
FROM busybox
RUN echo begun; sleep 0.5; echo fails now; exit 3
END
background first bryo build --progress=plain -t one context
await begun first
background second bryo build --progress=plain -t two context
await 'waiting for another build' second
ended
assert_equal "$status" 1 "the status of the second build"
assert_contains "$(cat second)" "fails now"
assert_contains "$(cat second)" "Dockerfile:2"

# --- without a cache both do it -----------------------------------------------------

dockerfile << 'END'
FROM busybox
RUN cat /proc/sys/kernel/random/uuid > /own-id; echo begun; sleep 0.3
END
background first bryo build --progress=plain --no-cache -t one context
first=$pid
await begun first
build --no-cache -t two
assert_lacks "$said" waiting
pid=$first
ended
[ "$(image_run one cat /own-id)" != "$(image_run two cat /own-id)" ] || fail "--no-cache used another build's step"

# --- what a killed build leaves is removed by the next command -----------------------

background first bryo build --progress=plain --no-cache --build-arg X=1 -t one context
await begun first
: > "$XDG_DATA_HOME/bryo/tmp/step.0123"
works bryo image ls
[ ! -e "$XDG_DATA_HOME/bryo/tmp/step.0123" ] || fail "the lock of a dead process stayed"
ended
