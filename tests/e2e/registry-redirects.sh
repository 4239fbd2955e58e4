#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# timeout: 300
#
# Redirects and Locations of registries (WIRE.4): no credential and no token reaches another host, port or scheme; https never
# becomes http; pages of tags stay where they are (WIRE.6).
. "$BRYO_SOURCE/tests/e2e/lib.sh"
. "$BRYO_SOURCE/tests/servers/lib.sh"
. "$BRYO_SOURCE/tests/servers/registry.sh"
. "$BRYO_SOURCE/tests/servers/fault.sh"

registry reg
fault bad "$registry"
fault other "$registry"
elsewhere=$proxy
proxy=localhost:$(cat bad/port)
size=100000
head -c $size /dev/urandom > blob
digest=$(digest_of blob)
"$client" upload "$registry/a/b" blob > /dev/null 2>&1
type=application/vnd.oci.image.manifest.v1+json
printf '{"schemaVersion":2,"mediaType":"%s","config":{"mediaType":"application/vnd.oci.image.config.v1+json","digest":"%s","size":100000},"layers":[]}' $type "$digest" > manifest
"$client" put "$registry/a/b:one" $type manifest 2> /dev/null
printf '{"users": {"alice": "sesame"}}' > bad/auth
creds=(--delay 1 --creds alice:sesame)

# elsewhere_knows_nothing: it was asked, and saw neither credential nor token.
elsewhere_knows_nothing() {
        [ -s other/requests ] || fail "the other server was not asked"
        assert_lacks "$(cat other/requests)" Authorization
        assert_lacks "$(cat other/requests)" sesame
        assert_lacks "$(cat other/requests)" Referer
        assert_lacks "$(cat other/requests)" Cookie
        : > other/requests
        : > bad/requests
}

# 10 cases: reading
for code in 301 302 303 307 308; do
        rules bad "GET /manifests/ redirect $code http://$elsewhere{path}"
        "$client" "${creds[@]}" get "$proxy/a/b:one" x > /dev/null 2>&1
        cmp manifest x
        elsewhere_knows_nothing
        rules bad "GET /blobs/ redirect $code http://$elsewhere{path}"
        rm -f got
        "$client" "${creds[@]}" blob "$proxy/a/b" "$digest" $size got > /dev/null 2>&1
        cmp blob got
        elsewhere_knows_nothing
done
# resumed behind a redirect
rules other 'GET /blobs/ cut 50000 x1'
rm got
"$client" "${creds[@]}" blob "$proxy/a/b" "$digest" $size got > /dev/null 2>&1
cmp blob got
assert_contains "$(cat other/requests)" "206 Range=bytes=50000-"
elsewhere_knows_nothing
# a redirect back does see the token, and only there
rules bad "GET /manifests/one redirect 307 http://$elsewhere/v2/a/b/manifests/back"
rules other "GET /manifests/back redirect 307 http://$proxy/v2/a/b/manifests/$(digest_of manifest)"
"$client" "${creds[@]}" get "$proxy/a/b:one" x > /dev/null 2>&1
cmp manifest x
elsewhere_knows_nothing
# a challenge from elsewhere is not answered
rules other '* . status 401 WWW-Authenticate=Basic+realm="x"'
rules bad "GET /manifests/ redirect 307 http://$elsewhere{path}"
client_fails '^error: EACCES: ' "${creds[@]}" get "$proxy/a/b:one" x
elsewhere_knows_nothing
rules other

# Writing: 307 and 308 are followed with the bytes; what would lose them is refused.
for code in 307 308; do
        rules bad "PUT /blobs/uploads/ redirect $code http://$elsewhere{path}"
        head -c 1000 /dev/urandom > new
        "$client" "${creds[@]}" upload "$proxy/a/b" new > /dev/null 2>&1
        elsewhere_knows_nothing
done
for code in 301 302 303; do
        for what in 'POST /blobs/uploads/' 'PUT /blobs/uploads/' 'PUT /manifests/'; do
                rules bad "$what redirect $code http://$elsewhere{path}"
                head -c 1000 /dev/urandom > new
                if [ "$what" = 'PUT /manifests/' ]; then
                        client_fails "^error: EPERM: .*answers an upload with a redirect \($code\)" "${creds[@]}" put "$proxy/a/b:two" $type manifest
                else
                        client_fails "^error: EPERM: .*answers an upload with a redirect \($code\)" "${creds[@]}" upload "$proxy/a/b" new
                fi
                assert_equal "$(cat other/requests)" "" "what the other server was asked"
        done
done
# The Location of an upload
rules bad "POST /blobs/uploads/ location http://$elsewhere/v2/a/b/blobs/uploads/1234?x=y"
touch other/resumable
head -c 1000 /dev/urandom > new
client_fails '^error: ' --retries 1 "${creds[@]}" upload "$proxy/a/b" new # no such upload there
elsewhere_knows_nothing
for location in "http://alice:x@$elsewhere/x" 'file:///etc/passwd' 'gopher://x/' 'http://' 'http://x+y/' ''; do
        rules bad "POST /blobs/uploads/ location ${location:-+}"
        client_fails '^error: E(PERM|PROTO|INVAL): ' "${creds[@]}" upload "$proxy/a/b" new
        assert_equal "$(cat other/requests)" "" "what the other server was asked for the Location $location"
done
# relative ones, and loops
rules bad 'GET /manifests/one redirect 307 two'
"$client" put "$registry/a/b:two" $type manifest 2> /dev/null
"$client" "${creds[@]}" get "$proxy/a/b:one" x > /dev/null 2>&1
rules bad 'GET /manifests/ redirect 307 {path}'
client_fails '^error: ELOOP: .*more than 10 redirects' "${creds[@]}" get "$proxy/a/b:one" x
for to in 'file:///etc/passwd' "http://alice@$elsewhere/" 'ftp://x/'; do
        rules bad "GET /manifests/ redirect 302 $to"
        client_fails '^error: E(PERM|PROTO): ' "${creds[@]}" get "$proxy/a/b:one" x
done
assert_equal "$(cat other/requests)" "" "what the other server was asked"

# --- https ---------------------------------------------------------------------------------

test_authority
mkdir certs
cp ca.pem certs/ca.crt
fault secure "$registry" server.pem server.key
printf '{"users": {"alice": "sesame"}, "realm": "https://%s/token"}' "$proxy" > secure/auth
secure=$proxy
"$client" --cert-dir certs "${creds[@]}" get "$secure/a/b:one" x > /dev/null 2>&1
cmp manifest x
client_fails '^error: EACCES: .*the certificate of localhost is not trusted' "${creds[@]}" get "$secure/a/b:one" x
: > secure/requests
client_fails '^error: EACCES: .*the certificate of localhost is not trusted' "${creds[@]}" --tls on get "$secure/a/b:one" x
assert_equal "$(cat secure/requests)" "" "requests to a registry whose certificate is not trusted"
"$client" --tls off "${creds[@]}" get "$secure/a/b:one" x > /dev/null 2>&1
rules secure "GET /manifests/ redirect 307 http://$elsewhere{path}"
client_fails '^error: EPERM: .*redirects from https to http://' --cert-dir certs "${creds[@]}" get "$secure/a/b:one" x
rules secure "POST /blobs/uploads/ location http://$elsewhere/v2/a/b/blobs/uploads/1234"
client_fails '^error: EPERM: .*redirects from https to http://' --cert-dir certs "${creds[@]}" upload "$secure/a/b" new
rules secure "* ^/token redirect 307 http://$elsewhere/token"
client_fails '^error: EPERM: .*redirects: refused' --cert-dir certs "${creds[@]}" get "$secure/a/b:one" x
printf '{"users": {"alice": "sesame"}, "realm": "http://%s/token"}' "$elsewhere" > secure/auth
rules secure
client_fails '^error: EPERM: .*which is not https: refused' --cert-dir certs "${creds[@]}" get "$secure/a/b:one" x
assert_equal "$(cat other/requests)" "" "what the other server was asked"
# https down is not http
client_fails '^error: E(PROTONOSUPPORT|CONNREFUSED): ' --tls on "${creds[@]}" get "$registry/a/b:one" x
registry_asked reg > /dev/null
client_fails '^error: ' --tls on "${creds[@]}" get "$registry/a/b:one" x
assert_equal "$(registry_asked reg)" "" "requests by http to a registry that must be asked by https"

# --- pages of tags (WIRE.6) ------------------------------------------------------------------------

rm bad/auth
proxy=localhost:$(cat bad/port)
rules bad "GET /tags/list header Link=<http://$elsewhere/v2/a/b/tags/list?n=1>;rel=\"next\""
client_fails "^error: EPERM: .* sends us to localhost for the next page of its tags: refused" tags "$proxy/a/b"
assert_equal "$(cat other/requests)" "" "what the other server was asked"
for i in 3 4 5; do
        "$client" put "$registry/a/b:$i" $type manifest 2> /dev/null
done
rules bad 'GET /tags/list$ header Link=</v2/a/b/tags/list?n=2>;rel="next"'
assert_equal "$("$client" tags "$proxy/a/b" 2> /dev/null | sort -u | paste -sd' ')" "3 4 5 one two" "the tags of all pages"
rules bad 'GET /tags/list header Link=</v2/a/b/tags/list>;rel="next"'
client_fails '^error: E2BIG: .* has more than 1000 pages of tags' tags "$proxy/a/b"
assert_equal "$(grep -c . bad/requests)" 1000 "the pages that were asked for"
