# SPDX-License-Identifier: Apache-2.0
# shellcheck shell=bash
#
# What the tests of real applications share.

need curl python3

# app NAME: a copy of the application as context `context`.
app() {
        cp -r "$BRYO_SOURCE/tests/apps/$1" context
}

free_port() {
        python3 -c 'import socket; s = socket.socket(); s.bind(("127.0.0.1", 0)); print(s.getsockname()[1])'
}

# start_proxy: an HTTP proxy that writes the host of every tunnel it opens to the file `tunnels`; $proxy is its address.
start_proxy() {
        local port
        port=$(free_port)
        proxy=http://127.0.0.1:$port
        : > tunnels
        python3 "$BRYO_SOURCE/tests/apps/proxy.py" "$port" tunnels > proxy.log 2>&1 &
        proxy_pid=$!
        trap 'kill "$proxy_pid" 2> /dev/null || true; [ ! -e "$TMPDIR/.failed" ] || exit 1' EXIT
        await ready proxy.log
}

# answers IMAGE TEXT: the image's service, started as its config says, answers a request with the text.
answers() {
        local port tries=300 answer
        port=$(free_port)
        background service.log bryo run --rm -e PORT="$port" "$1"
        until answer=$(curl -s --noproxy '*' --max-time 5 "http://127.0.0.1:$port/some/path"); do
                [ $((tries -= 1)) -gt 0 ] && kill -0 "$pid" 2> /dev/null || fail "$1 does not answer" log "$(cat service.log)"
                sleep 0.1
        done
        assert_contains "$answer" "$2"
        stop_service
}

# stop_service: as `docker stop` does it: asks, then ends it. Node.js as first process of its namespace needs the second.
stop_service() {
        local tries=20
        kill "$pid"
        while kill -0 "$pid" 2> /dev/null && [ $((tries -= 1)) -gt 0 ]; do
                sleep 0.1
        done
        kill -KILL "$pid" 2> /dev/null || true
        ended
}

# cached TITLE: the step whose title contains it was found in the cache.
cached() {
        local number
        number=$(grep -F -- "$1" <<< "$errors" | grep -oE '^#[0-9]+ \[' | head -n 1 | tr -d ' [')
        [ -n "$number" ] || fail "no step is called: $1" errors "$errors"
        grep -qx "$number CACHED" <<< "$errors" || fail "the step was executed: $1" errors "$errors"
}
