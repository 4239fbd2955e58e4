#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
#
# Two processes and one cache: shared does not wait and loses nothing, locked waits, private takes another directory.
. "$BRYO_SOURCE/tests/e2e/lib.sh"

base busybox
port=$((20000 + RANDOM))
# file NAME MODE COMMAND
file() {
        mkdir -p "$1"
        printf 'FROM busybox\nRUN --mount=type=cache,id=c,target=/c,sharing=%s %s\n' "$2" "$3" > "$1/Dockerfile"
}
# What the first command waits with, and how the test lets it go on: commands share the host's network.
hold="echo began; nc -l -p $port > /dev/null"
release() {
        local tries=200
        until (: < "/dev/tcp/127.0.0.1/$port") 2> /dev/null; do
                [ $((tries -= 1)) -gt 0 ] || fail "the first command does not listen" log "$(cat one.log)"
                sleep 0.05
        done
}
first() {
        background one.log bryo build --progress=plain one
        await '^#[0-9]* [0-9.]* began' one.log
}
first_ended() {
        ended
        [ "$status" -eq 0 ] || fail "the first build failed" log "$(cat one.log)"
}

# CACHE.6: while one is running, another begins with the last finished state, ends first, and both leave what they made.
file one shared "mkdir -p /c/d; echo 1 > /c/d/one; $hold; echo one > /c/both; ls /c/d"
file two shared 'mkdir -p /c/d; echo 2 > /c/d/two; echo two > /c/both; echo sees $(ls /c/d)'
first
works bryo build --progress=plain two
assert_matches "$errors" 'sees two'$'\n'
release
first_ended
file three shared 'echo has $(ls /c/d) $(cat /c/both)'
works bryo build --progress=plain three
assert_contains "$errors" "has one two one"

# CACHE.8
file one locked "$hold; echo 1 > /c/locked"
file two locked 'cat /c/locked; rm /c/locked'
first
first_pid=$pid
background two.log bryo build --progress=plain two
await "waiting for the cache mount c" two.log
release
ended
[ "$status" -eq 0 ] || fail "the second build failed" log "$(cat two.log)"
pid=$first_pid
first_ended

# CACHE.7: the second of the moment has its own, and the next one alone has the first one's again.
file one private "echo mine > /c/private; $hold"
file two private 'echo finds $(ls /c); echo other > /c/other'
first
works bryo build --progress=plain two
assert_matches "$errors" 'finds'$'\n'
release
first_ended
file three private 'echo has $(cat /c/private /c/other 2>&1)'
works bryo build --progress=plain three
assert_contains "$errors" "has mine cat: can't open '/c/other'"

# A build that is killed holds no lock and leaves the state from before.
file one locked "echo killed > /c/killed; $hold"
first
kill -KILL "$pid"
ended
file three locked 'echo after $(ls /c)'
works bryo build --progress=plain three
assert_matches "$errors" 'after both d private'$'\n'

# Stages of one build that run side by side share one directory, as it changes.
dockerfile << 'END'
FROM busybox AS a
RUN --mount=type=cache,target=/live touch /live/a; i=0; until [ -e /live/b ] || [ $i -gt 400 ]; do sleep 0.05; i=$((i+1)); done; [ -e /live/b ]
FROM busybox AS b
RUN --mount=type=cache,target=/live touch /live/b; i=0; until [ -e /live/a ] || [ $i -gt 400 ]; do sleep 0.05; i=$((i+1)); done; [ -e /live/a ]
FROM busybox
COPY --from=a /etc/passwd /a
COPY --from=b /etc/passwd /b
END
build
