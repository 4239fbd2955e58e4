#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# timeout: 300
#
# Bearer tokens: how they are asked for, kept and renewed; and what a registry cannot make of a user's credential (WIRE.5).
. "$BRYO_SOURCE/tests/e2e/lib.sh"
. "$BRYO_SOURCE/tests/servers/lib.sh"
. "$BRYO_SOURCE/tests/servers/registry.sh"
. "$BRYO_SOURCE/tests/servers/fault.sh"

registry reg
fault bad "$registry"
head -c 100000 /dev/urandom > blob
digest=$(digest_of blob)
"$client" upload "$registry/a/b" blob > /dev/null 2>&1
type=application/vnd.oci.image.manifest.v1+json
printf '{"schemaVersion":2,"mediaType":"%s","config":{"mediaType":"application/vnd.oci.image.config.v1+json","digest":"%s","size":100000},"layers":[]}' $type "$digest" > manifest
"$client" put "$registry/a/b:one" $type manifest 2> /dev/null
secret=correct-horse-battery
creds=(--delay 1 --creds "alice:$secret")

# auth SETTING...: JSON members of the token server's set-up; forgets what it was asked.
auth() {
        local IFS=,
        printf '{"users": {"alice": "%s"}%s}' "$secret" "${*:+,$*}" > bad/auth.new
        mv bad/auth.new bad/auth
        : > bad/requests
        rm -f bad/forms
}

asked_for() {
        sed 's/^\([A-Z]*\) \(\/token\)\{0,1\}[^ ]* \([^ ]*\).*/\1\2 \3/' bad/requests | paste -sd' '
}

# Nobody: an anonymous token, kept for the second request.
auth '"anonymous": true'
"$client" again 2 0 get "$proxy/a/b:one" x > /dev/null 2>&1
assert_equal "$(asked_for)" "GET 401 GET/token 200 GET 200 GET 200" "the requests of somebody unknown"
assert_matches "$(grep /token bad/requests)" '\?service=test&scope=repository%3Aa%2Fb%3Apull 200'
assert_lacks "$(grep /token bad/requests)" Authorization
client_fails '^error: EACCES: .*`bryo login` may help' --delay 1 upload "$proxy/a/b" manifest
auth
client_fails '^error: EACCES: .*the token server 127.0.0.1 gives no anonymous access \(status 401\)' --delay 1 get "$proxy/a/b:one" x

# A user: GET with Basic; a push asks for more, and what was given for the push serves a pull.
auth
"$client" "${creds[@]}" get "$proxy/a/b:one" x > /dev/null 2>&1
assert_equal "$(asked_for)" "GET 401 GET/token 200 GET 200" "the requests of a user"
assert_contains "$(grep /token bad/requests)" "Authorization=Basic $(printf 'alice:%s' "$secret" | base64)"
assert_contains "$(grep /token bad/requests)" "account=alice"
auth
head -c 1000 /dev/urandom > new
"$client" "${creds[@]}" upload "$proxy/a/b" new > /dev/null 2>&1
assert_equal "$(asked_for)" "HEAD 401 GET/token 200 HEAD 404 POST 202 PUT 201" "the requests of a push"
assert_contains "$(grep /token bad/requests)" 'scope=repository%3Aa%2Fb%3Apull%2Cpush'
auth
assert_contains "$("$client" "${creds[@]}" upload "$proxy/c/d" blob a/b 2> /dev/null)" mounted
assert_contains "$(grep /token bad/requests)" 'scope=repository%3Ac%2Fd%3Apull%2Cpush&scope=repository%3Aa%2Fb%3Apull&'

# Token servers that only know POST, with another name of the field; identity tokens.
for status in 401 404 405; do
        auth '"get": false' "\"get_status\": $status" '"access_token": true'
        "$client" "${creds[@]}" get "$proxy/a/b:one" x > /dev/null 2>&1
        assert_equal "$(asked_for)" "GET 401 GET/token $status POST/token 200 GET 200" "the requests when GET is answered $status"
done
assert_equal "$(cat bad/forms)" '{"client_id": "bryo", "grant_type": "password", "password": "'$secret'", "scope": "repository:a/b:pull", "service": "test", "username": "alice"}' "the form"
auth '"identity": "refresh-me"'
printf '{"auths": {"%s": {"identitytoken": "refresh-me"}}}' "$proxy" > auth.json
"$client" --authfile auth.json get "$proxy/a/b:one" x > /dev/null 2>&1
assert_equal "$(asked_for)" "GET 401 POST/token 200 GET 200" "the requests with an identity token"
assert_contains "$(cat bad/forms)" '"grant_type": "refresh_token"'
assert_contains "$(cat bad/forms)" '"refresh_token": "refresh-me"'

# A token that ends is asked for anew; one that the registry does not take any more is, too, once.
auth '"life": 1'
"$client" "${creds[@]}" again 2 1100 get "$proxy/a/b:one" x > /dev/null 2>&1
assert_equal "$(asked_for)" "GET 401 GET/token 200 GET 200 GET/token 200 GET 200" "the requests with tokens that live for a second"
auth
rules bad 'PUT /blobs/uploads/ status 401 WWW-Authenticate=Bearer+realm="http://'"127.0.0.1:${proxy#*:}"'/token",service="test",error="invalid_token" x1'
head -c 1000 /dev/urandom > new
"$client" "${creds[@]}" upload "$proxy/a/b" new > /dev/null 2> said || fail "a token that ends in the middle" said "$(cat said)"
assert_equal "$(asked_for)" "HEAD 401 GET/token 200 HEAD 404 POST 202 PUT 401 GET/token 200 PUT 201" "the requests when a token ends in mid-upload"
rules bad
# tokens that are never enough: no loop
auth '"narrow": true'
client_fails '^error: EACCES: ' "${creds[@]}" upload "$proxy/a/b" manifest
assert_less "$(wc -l < bad/requests)" 12 "the requests with tokens that are never enough"
# a wrong password
auth
client_fails '^error: EACCES: .*the token server 127.0.0.1 does not accept the credential \(status 401\)' --delay 1 --creds alice:wrong get "$proxy/a/b:one" x
# what a token server answers
rules bad '* ^/token status 503 x1'
"$client" "${creds[@]}" get "$proxy/a/b:one" x > /dev/null 2>&1
for body in '{}' '{"token":1}' '{"token":"a b"}' '[]' '{"token":""}' 'x'; do
        printf '%s' "$body" > answer
        rules bad "* ^/token body $PWD/answer"
        client_fails '^error: E(PROTO|INVAL): .*the answer of the token server' "${creds[@]}" get "$proxy/a/b:one" x
done
rules bad
# what the registry asks for besides is asked for
auth '"scope": "repository:other/name:pull"' '"anonymous": true'
"$client" again 2 0 get "$proxy/a/b:one" x > /dev/null 2>&1
assert_contains "$(grep /token bad/requests)" 'scope=repository%3Aother%2Fname%3Apull'
assert_equal "$(grep -c /token bad/requests)" 1 "the tokens for it"
auth
"$client" login "$proxy" alice "$secret" 2> /dev/null
client_fails '^error: EACCES: ' login "$proxy" alice wrong
! grep -q "$secret" bad/forms || fail "a form was sent"

# a token server that sends us on: nobody else gets anything
serve other
other=127.0.0.1:$port
rules bad "* ^/token redirect 307 http://$other/token"
auth
client_fails '^error: EPERM: .*the token server 127.0.0.1 redirects: refused' "${creds[@]}" get "$proxy/a/b:one" x
auth '"get": false'
client_fails '^error: EPERM: .*the token server 127.0.0.1 redirects: refused' "${creds[@]}" get "$proxy/a/b:one" x
assert_equal "$(cat other/requests)" "" "what the other server was asked"
rules bad

# --- realms that are chosen to get the credential (WIRE.5) -----------------------------------------

# The registry is outside: every name leads to the proxy on loopback, as to a proxy of the network. No packet leaves.
serve thief
thief=127.0.0.1:$port
outside=registry.example.org
mkdir -p conf
printf '[[registry]]\nlocation = "%s"\ninsecure = true\n' $outside > conf/registries.conf
export CONTAINERS_REGISTRIES_CONF=$PWD/conf/registries.conf

# refused REALM TEXT [PROGRAM...]: the registry asks for a token of that server; nothing of the credential is seen anywhere.
refused() {
        : > thief/requests
        auth "\"realm\": \"$1\""
        local host=$proxy
        [ "${3:-}" != outside ] || host=$outside
        if [ "$host" = $outside ]; then
                http_proxy=http://127.0.0.1:${proxy#*:} https_proxy=http://127.0.0.1:1 no_proxy=127.0.0.1,localhost \
                        client_fails "$2" "${creds[@]}" get "$host/a/b:one" x
        else
                client_fails "$2" "${creds[@]}" get "$host/a/b:one" x
        fi
        assert_lacks "$(cat thief/requests bad/requests)" Authorization=Basic
        assert_lacks "$(cat thief/requests)" "$secret"
}

refused "http://alice@$thief/token" 'token server with a user in its URL: refused'
refused "http://tokens.example.org/token" 'which is not https: refused'
refused "ftp://$thief/token" 'which is not https: refused'
refused "//$thief/token" 'token server that is none'
refused "" 'token server that is none'
refused "http://$thief/token" 'an address of this machine or its link: refused' outside
refused "https://$thief/token" 'an address of this machine or its link: refused' outside
refused "https://169.254.169.254/token" 'an address of this machine or its link: refused' outside
refused "https://[::1]/token" 'an address of this machine or its link: refused' outside
refused "https://2130706433/token" 'an address of this machine or its link: refused' outside
refused "https://localhost/token" 'an address of this machine or its link: refused' outside

# A name that leads here is known as one only when it is connected to.
name=$(getent hosts "$(hostname)" | grep -E '^(127\.|::1)' > /dev/null && hostname || true)
if [ -n "$name" ]; then
        export http_proxy=http://127.0.0.1:${proxy#*:} https_proxy=http://127.0.0.1:1 no_proxy=127.0.0.1,localhost,$name
        : > thief/requests
        auth "\"realm\": \"https://$name:${thief#*:}/token\""
        client_fails "$name is an address of this machine or its link: refused" "${creds[@]}" get "$outside/a/b:one" x
        assert_equal "$(cat thief/requests)" "" "what a token server by a local name was asked"
fi
