#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
#
# Nobody's identity goes where it does not belong (WIRE.7): no netrc, no cookies, no Referer, no connection shared by two users; and no
# secret in a log, an argument, an environment or a core file.
. "$BRYO_SOURCE/tests/e2e/lib.sh"
. "$BRYO_SOURCE/tests/servers/lib.sh"
. "$BRYO_SOURCE/tests/servers/registry.sh"
. "$BRYO_SOURCE/tests/servers/fault.sh"

registry reg
fault front "$registry"
type=application/vnd.oci.image.manifest.v1+json
printf '{"schemaVersion":2,"mediaType":"%s","config":{"mediaType":"application/vnd.oci.image.config.v1+json","digest":"sha256:%064d","size":1},"layers":[]}' $type 0 > manifest
head -c 1 /dev/zero > one
sed -i "s/sha256:0*/$(digest_of one)/" manifest
for repository in alice/x bob/x; do
        "$client" upload "$registry/$repository" one > /dev/null 2>&1
        "$client" put "$registry/$repository:one" $type manifest 2> /dev/null
done

# What the home directory says to curl is nothing to us.
printf 'machine localhost login netrc-user password netrc-secret\n' > "$HOME/.netrc"
chmod 600 "$HOME/.netrc"
printf 'user = "curlrc:secret"\nheader = "X-Curlrc: yes"\n' > "$HOME/.curlrc"
rules front '* . header Set-Cookie=track=me'
"$client" again 2 0 get "$proxy/alice/x:one" x > /dev/null 2>&1
assert_equal "$(grep -c ' 200 ' front/requests)" 2 "the answers"
assert_lacks "$(cat front/requests)" Authorization
assert_lacks "$(cat front/requests)" Cookie
assert_lacks "$(cat front/requests)" Referer
assert_equal "$(grep -o 'port=[0-9]*' front/requests | sort -u | wc -l)" 1 "the connections of two requests of nobody"

# Two users of one host: each with connections of their own; each with two requests on one.
printf '{"users": {"alice": "alice-secret", "bob": "bob-secret"}}' > front/auth
auth() {
        printf '%s' "$1" | base64
}
printf '{"auths": {"%s/alice": {"auth": "%s"}, "%s/bob": {"auth": "%s"}}}' "$proxy" "$(auth alice:alice-secret)" \
        "$proxy" "$(auth bob:bob-secret)" > auth.json
rules front
"$client" --authfile auth.json both again 2 0 get "$proxy/alice/x:one" x then again 2 0 get "$proxy/bob/x:one" x > said 2>&1
ports() {
        grep "$1" front/requests | grep -o 'port=[0-9]*' | sort -u
}
assert_equal "$(ports /alice/ | wc -l)" 1 "the connections of the one user"
assert_equal "$(ports /bob/ | wc -l)" 1 "the connections of the other"
[ "$(ports /alice/)" != "$(ports /bob/)" ] || fail "two users shared a connection" requests "$(cat front/requests)"
assert_equal "$(grep -c 'Authorization=Basic' front/requests)" 2 "the times that a password was sent"
assert_lacks "$(cat said)" -secret
tokens=$(grep -o 'Authorization=Bearer [^ ]*' front/requests | cut -d' ' -f2 | sort -u)
assert_equal "$(wc -l <<< "$tokens")" 2 "the tokens of two users"
for token in $tokens; do
        assert_lacks "$(cat said)" "$token"
done

# While a request waits: what others can see of the process that holds the secret.
rules front 'GET /manifests/ wait 1'
"$client" --authfile auth.json --creds zoe:zoe-secret get "$proxy/alice/x:one" x > /dev/null 2>&1 &
waiting=$!
tries=200
until child=$(pgrep -P $waiting -f registry-child); do
        [ $((tries -= 1)) -gt 0 ] || fail "there is no registry child"
        sleep 0.02
done
assert_equal "$(tr '\0' ' ' < "/proc/$child/cmdline")" "bryo registry-child " "its arguments"
! cat "/proc/$child/environ" > environ 2> /dev/null || assert_lacks "$(tr '\0' ' ' < environ)" secret
if ! grep -q '^#define BRYO_SANITIZED' "$BRYO_BUILD/config.h"; then # the leak checker must be able to look
        ! cat "/proc/$child/mem" > /dev/null 2>&1 || fail "its memory can be read"
        assert_equal "$(stat -c %U "/proc/$child/environ")" root "the owner of what cannot be dumped"
fi
wait $waiting || true
