#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
#
# The attributes of --output that say what manifest and layers look like, and the flags that say so for every output.
. "$BRYO_SOURCE/tests/e2e/lib.sh"

need jq skopeo zstd
base busybox plain
dockerfile << 'END'
FROM plain
RUN seq 1 20000 > /numbers
END

# manifest LAYOUT: the manifest of a layout directory with one image.
manifest() {
        cat "$1/blobs/sha256/$(jq -r '.manifests[0].digest | sub("sha256:"; "")' "$1/index.json")"
}

# types LAYOUT: how its layers are compressed, as media types say, and as their bytes say.
types() {
        local digest bytes
        for digest in $(manifest "$1" | jq -r '.layers[] | .mediaType + "=" + .digest'); do
                case $(file -b "$1/blobs/sha256/${digest#*=sha256:}") in
                gzip*) bytes=gzip ;;
                Zstandard*) bytes=zstd ;;
                *tar*) bytes=tar ;;
                *) bytes=unknown ;;
                esac
                printf '%s:%s ' "${digest%%=*}" "$bytes"
        done | sed 's/application.vnd.//g; s/ $//'
}

# layout [OPTION]...: builds to the layout directory `out`.
layout() {
        rm -rf out
        works bryo build "$@" context
}

oci() {
        layout -o "type=oci,tar=false,dest=out${1:+,$1}"
}

oci
assert_equal "$(types out)" "oci.image.layer.v1.tar+gzip:gzip oci.image.layer.v1.tar+gzip:gzip"
manifest out > usual
oci compression=zstd,compression-level=19
assert_equal "$(types out)" "oci.image.layer.v1.tar+zstd:zstd oci.image.layer.v1.tar+zstd:zstd"
oci compression=uncompressed
assert_equal "$(types out)" "oci.image.layer.v1.tar:tar oci.image.layer.v1.tar:tar"
oci oci-mediatypes=false
assert_equal "$(types out)" "docker.image.rootfs.diff.tar.gzip:gzip docker.image.rootfs.diff.tar.gzip:gzip"
assert_equal "$(manifest out | jq -r '.mediaType, .config.mediaType')" \
        "application/vnd.docker.distribution.manifest.v2+json
application/vnd.docker.container.image.v1+json"
assert_equal "$(skopeo inspect --config --raw oci:out | sha256sum)" "$(bryo build -q context | sed 's/sha256:\(.*\)/\1  -/')"
layout -o type=oci,tar=false,dest=out --compression-format zstd --compression-level 1
assert_equal "$(types out)" "oci.image.layer.v1.tar+zstd:zstd oci.image.layer.v1.tar+zstd:zstd"
layout -o type=oci,tar=false,dest=out,compression=gzip --disable-compression --format oci
assert_equal "$(types out)" "oci.image.layer.v1.tar+gzip:gzip oci.image.layer.v1.tar+gzip:gzip"
layout -o type=oci,tar=false,dest=out --disable-compression --format docker
assert_equal "$(types out)" "docker.image.rootfs.diff.tar:tar docker.image.rootfs.diff.tar:tar"
# FORM.4
assert_fails 2 "have no zstd" bryo build -o type=oci,dest=x,compression=zstd,oci-mediatypes=false context
assert_fails 2 "have no zstd" bryo build -o type=oci,dest=x --format docker --compression-format zstd context
assert_fails 2 "gzip, zstd and none, not estargz" bryo build -o type=oci,dest=x,compression=estargz context
assert_fails 2 "levels of gzip are 0 to 9, not 12" bryo build -o type=oci,dest=x,compression-level=12 context
assert_fails 2 "cannot be done" bryo build -o type=local,dest=x,mode=delete context
assert_fails 2 "the index has no platform" bryo build --platform linux/amd64,linux/arm64 --annotation 'index[linux/amd64]:a=b' context

# KEEP.2: a base keeps the layers it came with, until force-compression says otherwise.
works bryo save --compression zstd -o base.tar plain
bryo image rm plain > /dev/null
works bryo load -i base.tar
oci
assert_equal "$(types out)" "oci.image.layer.v1.tar+zstd:zstd oci.image.layer.v1.tar+gzip:gzip"
base=$(tar -xOf base.tar index.json | jq -r '.manifests[0].digest | sub("sha256:"; "")')
assert_equal "$(manifest out | jq -c '.layers[0]')" "$(tar -xOf base.tar "blobs/sha256/$base" | jq -c '.layers[0]')" "the descriptor of the base's layer"
oci force-compression=true
manifest out > forced
cmp usual forced || fail "the same image has another manifest" usual "$(cat usual)" forced "$(cat forced)"
layout -o type=oci,tar=false,dest=out --force-compression --compression-format none
assert_equal "$(types out)" "oci.image.layer.v1.tar:tar oci.image.layer.v1.tar:tar"
assert_fails 1 "layer 1 is compressed with zstd" bryo build -o type=oci,tar=false,dest=docker,oci-mediatypes=false context

# docker archives: plain layers unless asked.
works bryo build -t app -o type=docker,dest=app.tar context
tar -xOf app.tar "$(tar -xOf app.tar manifest.json | jq -r '.[0].Layers[1]')" | tar -t | grep -qx numbers || fail "the layer is no plain tar"
works bryo build -t app -o type=docker,dest=packed.tar,compression=gzip,force-compression=true context
tar -xOf packed.tar "$(tar -xOf packed.tar manifest.json | jq -r '.[0].Layers[1]')" | gunzip | tar -t | grep -qx numbers || fail "the layer is not packed"
works skopeo --insecure-policy copy docker-archive:packed.tar:app:latest oci:peer:x

# Annotations.
layout --annotation a.b=c --annotation manifest,manifest-descriptor:both=x=y --annotation "manifest[linux/s390x]:other=1" \
        --annotation "manifest-descriptor[linux/$(bryo inspect plain | jq -r '.[0].Architecture // .[0].architecture')]:here=1" \
        -o 'type=oci,tar=false,dest=out,annotation.org.example.k=1,annotation-manifest-descriptor.d=2,annotation[linux/s390x].not=1'
assert_equal "$(manifest out | jq -c .annotations)" '{"a.b":"c","both":"x=y","org.example.k":"1"}'
assert_equal "$(jq -c '.manifests[0].annotations' out/index.json)" '{"both":"x=y","d":"2","here":"1"}'
assert_contains "$errors" "the annotation other for linux/s390x is left out: the image is for linux/"
assert_fails 2 "the annotation a is for linux/s390x, which is not built" bryo build --platform linux/amd64,linux/arm64 --annotation 'manifest[linux/s390x]:a=b' context
assert_fails 2 "has no index" bryo build --annotation index:a=b context
assert_fails 2 "no kind of annotation" bryo build --annotation manifests:a=b context
assert_fails 2 "write [TYPE:]KEY=VALUE" bryo build --annotation a context
assert_fails 2 "needs a key" bryo build --annotation =a context
assert_fails 2 "an annotation of the index" bryo build -o type=oci,dest=x,annotation-index.a=b context
assert_fails 1 "Docker's media types cannot say annotations" bryo build --annotation a=b --format docker -o type=oci,tar=false,dest=docker context

# The metadata say what the first output has.
layout -t app --metadata-file meta --annotation a=b -o type=oci,tar=false,dest=out,compression=zstd -o type=docker,dest=app.tar
assert_equal "$(jq -r '."containerimage.digest"' meta)" "$(jq -r '.manifests[0].digest' out/index.json)"
assert_equal "$(jq -r '."containerimage.descriptor".digest' meta)" "$(jq -r '.manifests[0].digest' out/index.json)"
assert_equal "$(jq -r '."containerimage.descriptor".platform.os, ."image.name", ."containerimage.config.digest"' meta)" \
        "linux
docker.io/library/app:latest
$(image_id app)"

# TIMES.3: of an output, and of files that keep theirs.
listing='stat -c "%n %Y" /numbers'
works bryo build -t app -o type=image,source-date-epoch=1000 context
assert_equal "$(image_run app sh -c "$listing")" "/numbers 1000"
works bryo build -t app --timestamp 1000 -o type=image,rewrite-timestamp=false context
kept=$(image_run app stat -c %Y /numbers)
[ "$kept" -gt 1000000000 ] || fail "the file's time was changed: $kept"
assert_equal "$(image_config app '.Created // .created')" '"1970-01-01T00:16:40Z"'
works bryo build -t app --timestamp 1000 --rewrite-timestamp=false context
assert_equal "$(image_run app stat -c %Y /numbers)" "$kept"
assert_fails 2 "there is one image, with one time" bryo build -o type=image,source-date-epoch=1 -o type=oci,dest=x,source-date-epoch=2 context

# kaniko's words for it.
rm -rf out
works bryo kaniko --context "dir://$PWD/context" --destination app --no-push --oci-layout-path out --compression zstd --compression-level -1 --single-snapshot
assert_equal "$(types out | tr ' ' '\n' | tail -n 1)" "oci.image.layer.v1.tar+zstd:zstd"
