# SPDX-License-Identifier: Apache-2.0
# shellcheck shell=bash
#
# Servers of a test, on free ports of loopback. Sourced after tests/e2e/lib.sh; everything started here ends with the test.

need python3
servers=()
unset http_proxy https_proxy all_proxy no_proxy HTTP_PROXY HTTPS_PROXY ALL_PROXY NO_PROXY SSL_CERT_FILE SSL_CERT_DIR CURL_CA_BUNDLE

end_servers() {
        local pid
        for pid in "${servers[@]}"; do
                kill "$pid" 2> /dev/null || true
                wait "$pid" 2> /dev/null || true
        done
}
trap 'end_servers; [ ! -e "$TMPDIR/.failed" ] || exit 1' EXIT

# serve NAME [CERTIFICATE KEY]: starts tests/servers/http on the directory NAME; its port is left in $port. What it was asked
# is in NAME/requests, what it serves in NAME/files and NAME/git.
serve() {
        local name=$1 tries=500
        shift
        mkdir -p "$name/files" "$name/git"
        : > "$name/requests"
        python3 "$BRYO_SOURCE/tests/servers/http" "$PWD/$name" "$@" 2> "$name/errors" &
        servers+=($!)
        until [ -e "$name/port" ]; do
                [ $((tries -= 1)) -gt 0 ] || fail "the server does not start" errors "$(cat "$name/errors")"
                sleep 0.02
        done
        # shellcheck disable=SC2034
        port=$(cat "$name/port")
}

# asked NAME: the requests so far; forgets them.
asked() {
        cat "$1/requests"
        : > "$1/requests"
}

# test_authority: ca.pem, and a certificate for localhost and 127.0.0.1 signed by it: server.pem, server.key.
test_authority() {
        need openssl
        openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -days 2 -subj "/CN=test authority" \
                -keyout ca.key -out ca.pem 2> /dev/null
        openssl req -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -subj "/CN=localhost" -keyout server.key -out server.csr 2> /dev/null
        printf 'subjectAltName=DNS:localhost,IP:127.0.0.1\n' > server.ext
        openssl x509 -req -in server.csr -CA ca.pem -CAkey ca.key -CAcreateserial -days 2 -extfile server.ext -out server.pem 2> /dev/null
}
