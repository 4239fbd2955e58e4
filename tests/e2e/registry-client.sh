#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
#
# The registry client against a real registry: what it asks for, in how many requests, and that bytes come back as they went.
. "$BRYO_SOURCE/tests/e2e/lib.sh"
. "$BRYO_SOURCE/tests/servers/lib.sh"
. "$BRYO_SOURCE/tests/servers/registry.sh"
. "$BRYO_SOURCE/tests/servers/fault.sh"

registry reg
head -c 3000000 /dev/urandom > blob
digest=$(digest_of blob)

# A push: HEAD, POST, PUT; then HEAD alone; then a mount.
assert_equal "$("$client" upload "$registry/a/b" blob 2> /dev/null)" "uploaded $digest 3000000" "the first push"
assert_equal "$(registry_asked reg | cut -d' ' -f1,3)" $'HEAD 404\nPOST 202\nPUT 201' "its requests"
assert_equal "$("$client" upload "$registry/a/b" blob 2> /dev/null)" "there $digest 3000000" "the second push"
assert_equal "$(registry_asked reg | cut -d' ' -f1,3)" "HEAD 200" "its requests"
assert_equal "$("$client" upload "$registry/c/d" blob c/d a/b 2> /dev/null)" "mounted $digest 3000000" "the push to another repository"
assert_equal "$(registry_asked reg | cut -d' ' -f1,3)" $'HEAD 404\nPOST 201' "its requests"
head -c 1000 /dev/urandom > small
assert_equal "$("$client" upload "$registry/c/d" small not/there 2> /dev/null)" "uploaded $(digest_of small) 1000" "a mount that cannot be"
assert_equal "$(registry_asked reg | cut -d' ' -f1,3)" $'HEAD 404\nPOST 202\nPUT 201' "the upload that the mount began is used"
: > empty
assert_equal "$("$client" upload "$registry/c/d" empty 2> /dev/null)" "uploaded $(digest_of empty) 0" "an empty blob"
registry_asked reg > /dev/null

# A pull, one that goes on, one of a file that is complete, one of a file that is too long.
"$client" blob "$registry/c/d" "$digest" 3000000 got > /dev/null 2>&1
cmp blob got
truncate -s 1234567 got
"$client" blob "$registry/c/d" "$digest" 3000000 got > /dev/null 2>&1
cmp blob got
assert_equal "$(registry_asked reg | cut -d' ' -f1,3)" $'GET 200\nGET 206' "a file that is there in part is gone on with"
"$client" blob "$registry/c/d" "$digest" 3000000 got > /dev/null 2>&1
assert_equal "$(registry_asked reg)" "" "the requests for a file that is complete"
printf more >> got
"$client" blob "$registry/c/d" "$digest" 3000000 got > /dev/null 2>&1
cmp blob got
"$client" blob "$registry/c/d" "$(digest_of empty)" 0 nothing > /dev/null 2>&1
cmp empty nothing

# What is there already must be the blob's beginning: if it is not, nothing of it stays, and the next call brings it.
truncate -s 0 got && truncate -s 5000 got
client_fails "^error: EBADMSG: the blob $digest of c/d from localhost:[0-9]*: its bytes have the digest sha256:" blob "$registry/c/d" "$digest" 3000000 got
assert_equal "$(wc -c < got)" 0 "the size of a file with wrong bytes"
client_fails '^error: ENOENT: localhost:[0-9]* has no blob sha256:0{64} of c/d \("BLOB_UNKNOWN: ' blob "$registry/c/d" "sha256:$(printf '%064d' 0)" 10 none

# Manifests.
printf '{"schemaVersion":2,"mediaType":"application/vnd.oci.image.manifest.v1+json","config":{"mediaType":"application/vnd.oci.image.config.v1+json","digest":"%s","size":3000000},"layers":[]}' "$digest" > manifest
type=application/vnd.oci.image.manifest.v1+json
name=$(digest_of manifest)
registry_asked reg > /dev/null
"$client" put "$registry/c/d:one" $type manifest 2> /dev/null
"$client" put "$registry/c/d@$name" $type manifest 2> /dev/null
for what in "c/d:one" "c/d@$name" "c/d:one@$name"; do
        assert_equal "$("$client" get "$registry/$what" got.json 2> /dev/null)" "$type $name $(wc -c < manifest) $registry" "get $what"
        cmp manifest got.json
        assert_equal "$("$client" head "$registry/$what" 2> /dev/null)" "$type $name $(wc -c < manifest) $registry" "head $what"
done
assert_equal "$(registry_asked reg | cut -d' ' -f1,3 | sort | uniq -c | sed 's/^ *//')" $'3 GET 200\n3 HEAD 200\n2 PUT 201' "the requests of manifests"
"$client" put "$registry/c/d:two" $type manifest 2> /dev/null
assert_equal "$("$client" tags "$registry/c/d" 2> /dev/null)" $'one\ntwo' "the tags"
client_fails '^error: ENOENT: localhost:[0-9]* has no manifest none of c/d' head "$registry/c/d:none"
client_fails '^error: ENOENT: localhost:[0-9]* has no manifest none of c/d \("MANIFEST_UNKNOWN: manifest unknown"\)' get "$registry/c/d:none" x
client_fails '^error: EBADMSG: .* is not what the reference says' put "$registry/c/d@sha256:$(printf '%064d' 0)" $type manifest

# Nobody listens: one attempt, one sentence.
client_fails '^error: ECONNREFUSED: .*cannot connect to localhost port 1\b' get localhost:1/a/b x
# What no registry has to do with is not even asked.
client_fails '^error: EINVAL: ' get "$registry/c/d@sha256:../../x" x

# Many blobs at the same time: at most four of them are on the way.
list=()
for i in 1 2 3 4 5 6 7 8 9 10; do
        head -c $((i * 200000)) /dev/urandom > "many.$i"
        "$client" upload "$registry/many" "many.$i" > /dev/null 2>&1
        list+=("$(digest_of "many.$i")" $((i * 200000)) "got.$i")
done
fault slow "$registry"
rules slow 'GET /blobs/ wait 0.2'
begin=$(date +%s%N)
"$client" blobs "$proxy/many" "${list[@]}" 2> /dev/null
took=$((($(date +%s%N) - begin) / 1000000))
for i in 1 2 3 4 5 6 7 8 9 10; do
        cmp "many.$i" "got.$i"
done
assert_less 599 "$took" "milliseconds for ten blobs that wait 200 ms each, four at a time"
assert_less "$(grep -o 'port=[0-9]*' slow/requests | sort -u | wc -l)" 8 "connections for ten blobs"
