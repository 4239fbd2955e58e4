#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
#
# HTTP/2 over TLS, by nghttpx in front of a registry: pushes, those that begin while a layer is compressed too, and pulls whose blobs come
# side by side on few connections. What arrives is what was sent.
. "$BRYO_SOURCE/tests/e2e/lib.sh"
. "$BRYO_SOURCE/tests/servers/lib.sh"
. "$BRYO_SOURCE/tests/servers/registry.sh"

need nghttpx curl

test_authority
mkdir certs
cp ca.pem certs/ca.crt
registry reg plain REGISTRY_HTTP_RELATIVEURLS=true
# nghttpx takes no port 0
front=$(python3 -c 'import socket; s = socket.socket(); s.bind(("127.0.0.1", 0)); print(s.getsockname()[1])')
nghttpx --conf=/dev/null --frontend="127.0.0.1,$front" --backend="127.0.0.1,${registry#*:}" --workers=1 --accesslog-file="$PWD/asked" \
        --accesslog-format='$remote_port $alpn $method $path $status' --errorlog-file="$PWD/front.log" server.key server.pem &
servers+=($!)
tries=500
until curl -fs --cacert ca.pem "https://localhost:$front/v2/" > /dev/null; do
        [ $((tries -= 1)) -gt 0 ] || fail "nghttpx does not start" log "$(cat front.log)"
        sleep 0.02
done

mkdir context
{
        echo FROM scratch
        for n in 1 2 3 4 5 6; do
                head -c $((n * n * 200000)) /dev/urandom > "context/$n"
                echo "COPY $n /"
        done
} > context/Dockerfile
build
works bryo export -o sent.tar image
: > asked
works bryo push --cert-dir certs image "localhost:$front/a/b:1"
assert_equal "$(cut -d' ' -f2 asked | sort -u)" h2 "the protocols of the push"
assert_matches "$(cat asked)" " h2 PATCH /v2/a/b/blobs/uploads/"

export BRYO_ROOT=$PWD/other
: > asked
works bryo pull --cert-dir certs "localhost:$front/a/b:1"
assert_equal "$(cut -d' ' -f2 asked | sort -u)" h2 "the protocols of the pull"
assert_equal "$(grep -c ' GET /v2/a/b/blobs/.* 200$' asked)" 7 "the blobs that were fetched"
assert_less "$(cut -d' ' -f1 asked | sort -u | wc -l)" 3 "the connections of the pull"
works bryo export -o got.tar "localhost:$front/a/b:1"
cmp sent.tar got.tar || fail "the files are not those that were pushed"
