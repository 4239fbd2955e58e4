#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# timeout: 300
#
# Uploads through a network that fails: the blob is in the registry as it was sent, or there is one clear error and the
# number of retries is bounded. With BRYO_OFFSETS=500 connections are cut at so many places instead of a few.
. "$BRYO_SOURCE/tests/e2e/lib.sh"
. "$BRYO_SOURCE/tests/servers/lib.sh"
. "$BRYO_SOURCE/tests/servers/registry.sh"
. "$BRYO_SOURCE/tests/servers/fault.sh"

registry reg
fault bad "$registry"
size=3000000
head -c $size /dev/urandom > blob

# Each upload is of other bytes to a repository of its own, or the registry would have them already.
count=0
upload() {
        count=$((count + 1))
        printf '%08d' "$count" | dd of=blob conv=notrunc status=none
        digest=$(digest_of blob)
        "$client" --delay 1 "$@" upload "$proxy/a/b$count" blob > result 2> said
}

uploads() {
        upload "$@" || fail "the blob is not sent" said "$(cat said)" requests "$(cat bad/requests)"
        assert_equal "$(cat result)" "uploaded $digest $size" "the result"
        curl -fsS "http://$registry/v2/a/b$count/blobs/$digest" | cmp - blob
}

upload_fails() {
        local text=$1
        shift
        ! upload --retries 2 "$@" || fail "the upload was to fail" said "$(cat said)"
        assert_equal "$(grep -c '^error: ' said)" 1 "the number of errors"
        assert_matches "$(grep '^error: ' said)" "$text"
        assert_equal "$(curl -sS -o /dev/null -w '%{http_code}' "http://$registry/v2/a/b$count/blobs/$digest")" 404 "what the registry says about the blob"
}

asked_for() {
        cut -d' ' -f1,3 bad/requests | paste -sd' '
}

rules bad
uploads
assert_equal "$(asked_for)" "HEAD 404 POST 202 PUT 201" "the requests of an upload"

# --- cuts --------------------------------------------------------------------------------

offsets=("0" 1 65536 $((size / 2)) $((size - 1)) $size)
for ((i = ${#offsets[@]}; i < ${BRYO_OFFSETS:-6}; i++)); do
        offsets+=($((size * i / BRYO_OFFSETS)))
done
for offset in "${offsets[@]}"; do
        rules bad "PUT /blobs/uploads/ cutup $offset x1"
        uploads
        assert_less "$(wc -l < bad/requests)" 9 "the requests for an upload that was cut at $offset"
done
rules bad 'PATCH /blobs/uploads/ cutup 300000 x1' 'PUT /blobs/uploads/ cutup 1000000 x1'
uploads
rules bad '* /blobs/uploads/.*_state cutup 1000'
upload_fails '^error: ECONNRESET: cannot upload the blob '
assert_less "$(wc -l < bad/requests)" 24 "the requests for an upload that is always cut"
# the answer is lost: the blob is there
rules bad 'PUT /blobs/uploads/ lose x1'
uploads
rules bad 'POST /blobs/uploads/ lose x1'
uploads

# A registry that keeps what came before a cut: it is not sent again.
touch bad/resumable
for offset in 2 1000000 $((size - 1)); do
        rules bad "PUT /blobs/uploads/ cutup $offset x1"
        uploads
        assert_matches "$(grep '^PATCH ' bad/requests)" " 202 Content-Range=$offset-2999999 Content-Length=$((size - offset)) "
        assert_equal "$(asked_for)" "HEAD 404 POST 202 PUT cut GET 204 PATCH 202 PUT 201" "the requests of an upload that goes on"
done
rules bad 'PUT /blobs/uploads/ cutup 1000000 x1' 'PATCH /blobs/uploads/ cutup 500000 x2'
uploads
assert_matches "$(grep '^PATCH ' bad/requests | tail -n 1)" " 202 Content-Range=2000000-2999999 "
rules bad 'PUT /blobs/uploads/ cutup 1000000 x1' 'PATCH /blobs/uploads/ status 416 x1'
uploads
rm bad/resumable

# --- statuses ------------------------------------------------------------------------------

rules bad "PUT /blobs/uploads/ status 429 x1" "POST /blobs/uploads/ status 503 x2" "HEAD /blobs/ status 500 x1"
uploads
rules bad "PUT /blobs/uploads/ status 503"
upload_fails '^error: EAGAIN: cannot upload the blob .* answered 503 \("FAULT: as told"\)'
for status in 400 403; do
        rules bad "PUT /blobs/uploads/ status $status"
        upload_fails '^error: '
        assert_equal "$(grep -c ^PUT bad/requests)" 1 "the attempts that are answered $status"
done
# 404: the upload is lost; 416: the registry counts otherwise; 405 to the question of how far it is
rules bad 'PUT /blobs/uploads/ status 404 x1'
uploads
rules bad 'PUT /blobs/uploads/ status 416 x1'
uploads
rules bad 'PUT /blobs/uploads/ cutup 1000000 x1' 'PATCH /blobs/uploads/ status 416 x1'
uploads
rules bad 'PUT /blobs/uploads/ cutup 1000000 x1' 'GET /blobs/uploads/ status 405'
uploads
rules bad 'PUT /blobs/uploads/ status 416'
upload_fails '^error: EPROTO: .* answered 416'
# too large at once: in pieces
rules bad 'PUT /blobs/uploads/ status 413 x1'
uploads
assert_equal "$(grep '^PATCH ' bad/requests | grep -c ' 202 Content-Range=')" 2 "the pieces of 2 MiB at most"
rules bad '* /blobs/uploads/.*_state status 413'
upload_fails '^error: EPROTO: .* answered 413'
# HEAD that is not allowed is no reason not to push
rules bad 'HEAD /blobs/ status 405'
uploads

# --- the file changes ------------------------------------------------------------------------

# The registry's digest decides; what is sent is never taken for what was meant.
rules bad
"$client" upload "$proxy/a/b" blob > /dev/null 2>&1
rules bad 'PUT /blobs/uploads/ status 400 x1'
upload_fails '^error: EPROTO: .*answered 400'
