#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
#
# KEEP.5
# push: a layer that is compressed is sent while it is compressed. Whatever goes wrong on the way, the registry has the same bytes
# in the end as when it is sent from the kept blob, and what the registry has already is not sent to the end.
. "$BRYO_SOURCE/tests/e2e/lib.sh"
. "$BRYO_SOURCE/tests/servers/lib.sh"
. "$BRYO_SOURCE/tests/servers/registry.sh"
. "$BRYO_SOURCE/tests/servers/fault.sh"

need jq curl
registry reg
fault bad "$registry"
mkdir context

# new_image: an image with one large layer that nothing knows yet.
new_image() {
        head -c 5000000 /dev/urandom > context/noise
        dockerfile <<< $'FROM scratch\nCOPY noise /'
        build
}

# asked: what became of the uploads, in the order in which they ended; the large blob's, since the config is one PUT of its own.
asked() {
        grep -v "^HEAD .*/manifests/\|^PUT .*/manifests/\|^GET /v2/ " bad/requests | cut -d' ' -f1,3 | LC_ALL=C sort | uniq -c | sed 's/^ *//' | paste -sd' '
}

# arrived NAME: the registry's blob is what its manifest and the config's diff ID say.
arrived() {
        local digest
        digest=$(curl -fsS -H 'Accept: application/vnd.oci.image.manifest.v1+json' "http://$registry/v2/$1/manifests/1" | jq -r '.layers[0].digest')
        curl -fsS "http://$registry/v2/$1/blobs/$digest" > layer
        assert_equal "$(digest_of layer)" "$digest" "the digest of the layer"
        gzip -dc layer | tar -xO noise | cmp - context/noise
}

# pushes NAME RULE...
pushes() {
        local name=$1
        shift
        rules bad "$@"
        works bryo push image "$proxy/$name:1"
        arrived "$name"
}

# As it is meant to be: one PATCH without a length, then the PUT that names the digest. Whether the registry has it, is asked when much is still to be sent then.
new_image
pushes a
assert_matches "$(asked)" "^[12] HEAD 404 1 PATCH 202 2 POST 202 2 PUT 201$"
assert_matches "$(grep ^PATCH bad/requests)" " 202 Transfer-Encoding=chunked "
# The kept blob of another push is sent whole: it is the same.
works bryo push image "$proxy/b:1"
arrived b

# Cut in the middle; a registry without PATCH.
new_image
pushes c 'PATCH /blobs/uploads/ cutup 2000000 x1'
new_image
pushes f 'PATCH /blobs/uploads/ status 405'
assert_equal "$(grep -c '^PATCH' bad/requests)" 1 "the attempts that are answered 405"

# What takes longer is for `make soak`.
if [ -n "${EVERY_FAULT:-}" ]; then
        # By a registry that keeps what came before a cut.
        touch bad/resumable
        new_image
        pushes d 'PATCH /blobs/uploads/ cutup 2000000 x1'
        assert_matches "$(grep ^PATCH bad/requests | tail -n 1)" " 202 Content-Range=2000000-"
        rm bad/resumable
        # The answer is lost; no upload may begin, once; it is too much at once.
        new_image
        pushes e 'PATCH /blobs/uploads/ lose x1'
        new_image
        pushes g 'POST /blobs/uploads/ status 403 x1'
        new_image
        pushes h 'PATCH /blobs/uploads/ status 413 x1'
fi

# Nobody may push: one error, which is that of the upload.
new_image
rules bad '* /blobs/uploads/ status 403'
assert_fails 1 "does not give access to blob" bryo push image "$proxy/i:1"

# Another store makes the same blob, and the way is slow: it is not sent to its end.
new_image
pushes j
export BRYO_ROOT=$PWD/other
build
begun=$(date +%s)
rules bad 'PATCH /blobs/uploads/ wait 30'
works bryo push image "$proxy/j:2"
assert_less "$(($(date +%s) - begun))" 20 "the seconds of the push"
assert_equal "$(grep -c '^HEAD .*/blobs/.* 200' bad/requests)" 1 "the blobs that are there"
