#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# timeout: 300
#
# A network and registries that fail: right bytes or one clear error, and a bounded number of retries (WIRE.3). With
# BRYO_OFFSETS=500 connections are cut at so many places instead of a few.
. "$BRYO_SOURCE/tests/e2e/lib.sh"
. "$BRYO_SOURCE/tests/servers/lib.sh"
. "$BRYO_SOURCE/tests/servers/registry.sh"
. "$BRYO_SOURCE/tests/servers/fault.sh"

registry reg
fault bad "$registry"
size=3000000
head -c $size /dev/urandom > blob
digest=$(digest_of blob)
"$client" upload "$registry/a/b" blob > /dev/null 2>&1
type=application/vnd.oci.image.manifest.v1+json
printf '{"schemaVersion":2,"mediaType":"%s","config":{"mediaType":"application/vnd.oci.image.config.v1+json","digest":"%s","size":3000000},"layers":[]}' $type "$digest" > manifest
"$client" put "$registry/a/b:one" $type manifest 2> /dev/null

# get_blob: from the beginning; it must come whole.
get_blob() {
        rm -f got
        "$client" --delay 1 "$@" blob "$proxy/a/b" "$digest" $size got > progress 2> said || fail "the blob does not come" said "$(cat said)"
        cmp blob got
}

# get_blob_fails TEXT: and nothing but the first bytes of the blob is left.
get_blob_fails() {
        local text=$1
        shift
        rm -f got
        client_fails "$text" --delay 1 --retries 3 "$@" blob "$proxy/a/b" "$digest" $size got
        cmp -n "$(wc -c < got)" blob got || fail "what is left is not the beginning of the blob"
}

requests() {
        grep -c "^$1 " bad/requests || true
}

# --- cuts ---------------------------------------------------------------------------

offsets=("0" 1 16383 16384 65536 $((size / 2)) $((size - 1)))
for ((i = ${#offsets[@]}; i < ${BRYO_OFFSETS:-7}; i++)); do
        offsets+=($((size * i / BRYO_OFFSETS)))
done
for offset in "${offsets[@]}"; do
        rules bad "GET /blobs/ cut $offset x1"
        get_blob
        assert_equal "$(requests GET)" 2 "the requests after a cut at $offset"
        [ "$offset" = 0 ] || assert_contains "$(tail -n 1 bad/requests)" " 206 Range=bytes=$offset-"
done

# Several cuts, and one after which the next call goes on.
rules bad 'GET /blobs/ cut 1000000 x2'
get_blob
rules bad 'GET /blobs/ cut 700 x9'
get_blob_fails '^error: ECONNRESET: .*closed the connection early'
assert_equal "$(requests GET)" 4 "the requests for a blob that always ends early: one, and three more"
assert_equal "$(wc -c < got)" 2800 "the bytes of four of them"
rules bad
"$client" blob "$proxy/a/b" "$digest" $size got > /dev/null 2>&1
cmp blob got
assert_contains "$(cat bad/requests)" "206 Range=bytes=2800-"

# A server that ignores Range: its bytes are skipped, or come where they belong.
rules bad 'GET /blobs/ cut 1500000 x1' 'GET /blobs/ norange'
get_blob
# One that sends a later part than was asked for, or does not say which: from the beginning, or not at all.
rules bad 'GET /blobs/ cut 1500000 x1' 'GET /blobs/ range bytes+1600000-2999999/3000000'
get_blob
rules bad 'GET /blobs/ cut 1500000 x1' 'GET /blobs/ range nonsense'
get_blob_fails '^error: EPROTO: .*sends a part and does not say which'
# 416 where something is missing: from the beginning, once.
rules bad 'GET /blobs/ cut 1000 x1' 'GET /blobs/ status 416 x1'
get_blob
assert_equal "$(requests GET)" 3 "the requests with a 416"

# --- lies (WIRE.3) -----------------------------------------------------------------------

for i in 0 $((size / 2)) $((size - 1)); do
        rules bad "GET /blobs/ flip $i"
        get_blob_fails "^error: EBADMSG: the blob $digest of a/b from localhost:[0-9]*: its bytes have the digest sha256:"
        assert_equal "$(wc -c < got)" 0 "the size of a file with wrong bytes"
        assert_equal "$(requests GET)" 1 "requests: wrong bytes are no reason to ask again"
done
rules bad 'GET /blobs/ tail x'
get_blob_fails '^error: EBADMSG: .* would send 3000001 bytes, and 3000000 are to come'
rules bad 'GET /blobs/ length 5'
get_blob_fails '^error: EBADMSG: .* would send 3000005 bytes'
rules bad 'GET /blobs/ length -5 x1'
get_blob
rules bad 'GET /blobs/ length -5'
get_blob_fails '^error: ECONNRESET: '
# wrong bytes after a cut: what was right before is of no use then
rules bad 'GET /blobs/ cut 1500000 x1' 'GET /blobs/ flip 7'
get_blob_fails '^error: EBADMSG: '
# manifests
for i in 0 100 "$(($(wc -c < manifest) - 1))"; do
        rules bad "GET /manifests/ flip $i"
        client_fails '^error: EBADMSG: the bytes of the manifest' get "$proxy/a/b:one" x
        client_fails '^error: EBADMSG: the bytes of the manifest .* is not what the reference says' get "$proxy/a/b@$(digest_of manifest)" x
done
rules bad 'GET /manifests/ tail x'
client_fails '^error: EBADMSG: ' get "$proxy/a/b:one" x
rules bad '* /manifests/ header Docker-Content-Digest=sha256:ABC'
"$client" get "$proxy/a/b:one" x > /dev/null 2>&1 # the first of two counts
head -c 5000000 /dev/zero > large
"$client" upload "$registry/a/b" large > /dev/null 2>&1
rules bad "GET /manifests/ redirect 307 http://$registry/v2/a/b/blobs/$(digest_of large)"
client_fails '^error: EFBIG: .*larger than the limit of 4194304 bytes' get "$proxy/a/b:one" x

# --- statuses ----------------------------------------------------------------------------

for status in 408 429 503; do
        rules bad "GET /blobs/ status $status x2"
        get_blob
        assert_equal "$(requests GET)" 3 "the requests with two answers $status"
        assert_equal "$(grep -c "^info: .*it answered $status; trying again in 0.0 s" said)" 2 "the lines about them"
        rules bad "GET /blobs/ status $status"
        get_blob_fails "^error: EAGAIN: blob $digest of a/b: localhost:[0-9]* answered $status \(\"FAULT: as told\"\)"
        assert_equal "$(requests GET)" 4 "the requests with answers $status and nothing else"
done
rules bad "GET /manifests/ status 500 x1"
"$client" --delay 1 get "$proxy/a/b:one" x > /dev/null 2>&1
for status in 400 403 501; do
        rules bad "GET /blobs/ status $status"
        get_blob_fails "^error: "
        assert_equal "$(requests GET)" 1 "the requests with $status"
done
# Retry-After, in seconds and as a date
rules bad 'GET /blobs/ status 429 Retry-After=1 x1'
begin=$(date +%s%N)
get_blob
assert_less 999 $((($(date +%s%N) - begin) / 1000000)) "the milliseconds with Retry-After: 1"
rules bad "GET /blobs/ status 503 Retry-After=$(LC_ALL=C date -u -d '1 hour ago' '+%a,+%d+%b+%Y+%H:%M:%S+GMT') x1"
get_blob
# HEAD that is not allowed, or says too little
for rule in 'HEAD /manifests/ status 405' 'HEAD /manifests/ status 200'; do
        rules bad "$rule"
        assert_contains "$("$client" head "$proxy/a/b:one" 2> /dev/null)" "$type $(digest_of manifest) $(wc -c < manifest) "
        assert_equal "$(requests GET)" 1 "the requests instead of HEAD"
done
rules bad 'HEAD /manifests/ status 200 Docker-Content-Digest=sha256:../../x'
client_fails '^error: EINVAL: ' head "$proxy/a/b:one"

# Slowness is given up.
rules bad 'GET /blobs/ wait 30'
rm -f got
begin=$SECONDS
client_fails '^error: ETIMEDOUT: .*did not answer in time' --delay 1 --retries 1 --stall 1 blob "$proxy/a/b" "$digest" $size got
assert_less $((SECONDS - begin)) 10 "the seconds until a silent server was given up"
