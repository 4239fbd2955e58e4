#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
#
# Ctrl-C: the build ends soon, with 130, without a process, a mount, an image or a tag; the store is usable.
. "$BRYO_SOURCE/tests/e2e/lib.sh"

base busybox
dockerfile << 'END'
FROM busybox AS one
RUN echo before > /before
RUN setsid sleep 4341 & echo started-one; sleep 4342
FROM busybox AS two
RUN echo started-two; trap '' INT TERM HUP; sleep 4343
FROM busybox
COPY --from=one /before /
COPY --from=two /etc/passwd /
END

for name in INT TERM HUP; do
        background log bryo build --progress=plain -t image context
        await started-one log
        await started-two log
        start=$(date +%s%N)
        kill -s "$name" "-$pid"
        ended
        assert_less "$((($(date +%s%N) - start) / 1000000))" 2000 "milliseconds until it ended"
        assert_equal "$status" "$((128 + $(kill -l "$name")))" "the exit status after SIG$name"
        assert_gone 'sleep 434'
        assert_lacks "$(output_of bryo image ls)" image
done

# A parent that dies without a word (a CI job's shell, killed) takes the build along; not where it was started to outlive it.
background log sh -c 'bryo build --progress=plain -t image context & echo "child $!"; wait'
await started-one log
await started-two log
start=$(date +%s%N)
kill -KILL "$pid"
ended
assert_gone 'bryo build'
assert_gone 'sleep 434'
assert_less "$((($(date +%s%N) - start) / 1000000))" 2000 "milliseconds until it ended"
assert_contains "$(cat log)" 'the process that started this one has ended'

for keep in nohup setsid; do
        dockerfile << END
FROM busybox
RUN echo by $keep started; sleep 0.5; echo outlived it
END
        background log sh -c "$keep bryo build --progress=plain -t $keep context & wait"
        await 'started$' log
        kill -KILL "$pid"
        ended
        await 'outlived it$' log
        assert_gone 'bryo build'
        assert_equal "$(image_run "$keep" echo kept)" kept
done

# What was done before counts: it is not run again.
dockerfile << 'END'
FROM busybox AS one
RUN echo before > /before
END
build
assert_equal "$(image_run image cat /before)" before
