#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
#
# Servers that do not mean well (C11.10): the build ends, says why, and nothing of it is kept.
. "$BRYO_SOURCE/tests/e2e/lib.sh"
. "$BRYO_SOURCE/tests/servers/lib.sh"

base busybox
serve web
web=http://127.0.0.1:$port
printf 'content\n' > web/files/f

fetch_fails() {
        local begin=$SECONDS
        dockerfile <<< $'FROM busybox\n'"ADD $2 /f"
        build_fails "$1"
        assert_less $((SECONDS - begin)) 8 "the time until $2 was given up, in seconds"
}

stored() {
        find "$XDG_DATA_HOME/bryo/data" "$XDG_DATA_HOME/bryo/downloads" "$XDG_DATA_HOME/bryo/tmp" -type f | sort
}

before=$(stored)
fetch_fails "the server answered 404 (not found)" "$web/status/404"
fetch_fails "the server answered 503 (the server failed: try again later)" "$web/status/503"
fetch_fails "it asks who you are" "$web/protected/f"
fetch_fails "the server closed the connection after 4 bytes, before the end" "$web/short/x"

# assert_slow NAME ROUTE VARIABLE TEXT: a build that must give up by itself; they wait side by side.
waiting=()
assert_slow() {
        mkdir -p "$TMPDIR/$1"
        printf 'FROM busybox\nADD %s /f\n' "$web/$2" > "$TMPDIR/$1/Dockerfile"
        (TMPDIR=$TMPDIR/$1 assert_fails 1 "$4" env "$3" bryo build "$TMPDIR/$1") &
        waiting+=($!)
}
assert_slow a stall/a BRYO_HTTP_STALL_SECONDS=1 "it came too slowly, and was given up after 10 bytes"
assert_slow b drip/b BRYO_HTTP_STALL_SECONDS=1 "it came too slowly"
assert_slow c silent/c BRYO_HTTP_STALL_SECONDS=1 "did not answer in time"
assert_slow d stall/d BRYO_HTTP_SECONDS=1 "it came too slowly"
for pid in "${waiting[@]}"; do
        wait "$pid" || fail "a slow server was not given up as it should"
done
BRYO_HTTP_MAX_BYTES=1000000 fetch_fails "larger than the limit of 1000000 bytes" "$web/endless/x"
fetch_fails "127.0.0.1" "http://127.0.0.1:1/nobody"
dockerfile <<< $'FROM busybox\n'"ADD --checksum=sha256:$(printf '%064d' 0) $web/change/x /f"
build_fails "has the checksum sha256:"
assert_equal "$(stored)" "$before" "what the store holds after downloads that failed"
assert_fails 1 "BRYO_HTTP_MAX_BYTES=lots is not a number" env BRYO_HTTP_MAX_BYTES=lots bryo build context

# More than was announced is not taken.
dockerfile <<< $'FROM busybox\n'"ADD $web/long/x /f"
build
assert_equal "$(image_run image cat /f)" four

# A checksum holds although the content changes between requests, and although the ETag stays.
dockerfile <<< $'FROM busybox\n'"ADD $web/change/x /f"
build
image_run image cat /f > one
build
image_run image cat /f > two
if cmp -s one two; then
        fail "the second version was not fetched"
fi

# The process that fetches ends with the build, also when that one is killed, and another stage's failure does not wait for it.
dockerfile <<< $'FROM busybox\n'"ADD $web/stall/x /f"
background log "$BRYO" build context
await "stall" web/requests
kill -KILL "$pid"
ended
assert_gone 'bryo fetch-child'
cat > context/Dockerfile << END
FROM busybox AS slow
ADD $web/silent/y /f
FROM busybox AS broken
RUN sleep 0.3; false
FROM busybox
COPY --from=slow /f /
COPY --from=broken /f /
END
begin=$SECONDS
assert_fails 1 "false" bryo build context
assert_less $((SECONDS - begin)) 10 "the seconds until the build gave up"
