#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
#
# TAKEN.1 TAKEN.5: load takes what others write: layers in gzip, zstd or not at all, labelled right or wrong, estargz and zstd:chunked,
# foreign layers, archives of docker old and new, packed archives, pipes.
. "$BRYO_SOURCE/tests/e2e/lib.sh"
. "$BRYO_SOURCE/tests/e2e/layout.bash"

need jq skopeo zstd
mkdir -p layers
printf '%s\n' 'dir bin' 'file bin/one one' 'link bin/sh one' | layer layers/one.tar
printf '%s\n' 'dir bin' 'file bin/two two' 'gone bin/one' | layer layers/two.tar
gzip -nk layers/one.tar layers/two.tar
zstd -q -k layers/one.tar layers/two.tar

# loads WHAT: the file or directory is loaded, and the image has both layers.
loads() {
        local id
        works bryo load -i "$@"
        id=$(bryo image ls -q --no-trunc | head -n 1)
        rm -rf out
        printf 'FROM %s\n' "$id" | dockerfile
        works bryo build -q -o out context
        assert_equal "$(cat out/bin/two)" two
        [ ! -e out/bin/one ] || fail "$1: the whiteout was not seen"
        assert_equal "$(readlink out/bin/sh)" one
        bryo image rm -f "$id" > /dev/null
        bryo prune > /dev/null
}

# One layer so, the other otherwise.
for first in one.tar one.tar.gz one.tar.zst; do
        for second in two.tar two.tar.gz two.tar.zst; do
                rm -rf layout
                layout layout "layers/$first" "layers/$second"
                loads layout
        done
done
# KEEP.1: its manifest and descriptors go out as they came, right or wrong, byte for byte.
layer_type=application/vnd.oci.image.layer.v1.tar layout labelled layers/one.tar.gz layers/two.tar.zst
layer_type=application/vnd.docker.image.rootfs.diff.tar.gzip layout docker layers/one.tar layers/two.tar.gz
layer_type=application/vnd.oci.image.layer.nondistributable.v1.tar+gzip layer_more='{"urls":["https://example.org/l"],"annotations":{"a":"b"}}' \
        layout foreign layers/one.tar.gz layers/two.tar.gz
for layout in labelled docker foreign; do
        works bryo load -i "$layout"
        works bryo save -o "$layout.tar" hand:1
        digest=$(jq -r '.manifests[0].digest | sub("sha256:"; "")' "$layout/index.json")
        tar -xOf "$layout.tar" "blobs/sha256/$digest" | cmp - "$layout/blobs/sha256/$digest"
        for blob in $(jq -r '.layers[].digest | sub("sha256:"; "")' "$layout/blobs/sha256/$digest"); do
                tar -xOf "$layout.tar" "blobs/sha256/$blob" | cmp - "$layout/blobs/sha256/$blob"
        done
        bryo image rm -f hand:1 > /dev/null
        loads "$layout"
done
# KEEP.2: and so do the descriptors of the base in an image that is built on it, urls and annotations included.
works bryo load -i foreign
printf 'FROM hand:1\nCOPY Dockerfile /\n' | dockerfile
works bryo build -o type=oci,tar=false,dest=built context
built=$(jq -r '.manifests[0].digest | sub("sha256:"; "")' built/index.json)
base=$(jq -r '.manifests[0].digest | sub("sha256:"; "")' foreign/index.json)
assert_equal "$(jq -c '.layers[:2]' "built/blobs/sha256/$built")" "$(jq -c '.layers' "foreign/blobs/sha256/$base")"
for blob in $(jq -r '.layers[].digest | sub("sha256:"; "")' "foreign/blobs/sha256/$base"); do
        cmp "built/blobs/sha256/$blob" "foreign/blobs/sha256/$blob"
done

# estargz: gzip members with a table of contents behind the tar's own members; zstd:chunked: frames, some of which are skipped.
python3 -I -S - << 'END'
import gzip, struct, subprocess
tar = open("layers/two.tar", "rb").read()
end = tar.rstrip(b"\0")
cut = len(end) + (-len(end)) % 512
parts = [tar[:512], tar[512:1024], tar[1024:cut], tar[cut:]]
members = b"".join(gzip.compress(p, mtime=0) for p in parts)
footer = b"\x1f\x8b\x08\x04\0\0\0\0\0\xff\x1a\0SG\x16\0" + b"%016xSTARGZ" % 0 + b"\x01\0\0\xff\xff" + b"\0" * 8
open("layers/estargz.gz", "wb").write(members + footer)
frames = b"".join(subprocess.run(["zstd", "-cq"], input=p, stdout=subprocess.PIPE, check=True).stdout for p in parts)
skippable = struct.pack("<II", 0x184D2A50, 40) + b"\0" * 40
open("layers/chunked.zst", "wb").write(skippable + frames + skippable)
END
for second in estargz.gz chunked.zst; do
        rm -rf layout
        layout layout layers/one.tar.gz "layers/$second"
        loads layout
done

# Archives: of an image tool, packed, through a pipe; docker's old form with a directory for each layer, one of them a link.
rm -rf layout
layout layout layers/one.tar.gz layers/two.tar.gz
tar -C layout -cf oci.tar .
gzip -k oci.tar
zstd -q oci.tar
loads oci.tar
loads oci.tar.gz
loads oci.tar.zst
works bash -c 'bryo load < <(cat oci.tar.gz)'
assert_contains "$output" hand:1
works skopeo --insecure-policy copy oci:layout docker-archive:skopeo.tar:hand:1
loads skopeo.tar
mkdir -p old/{a,b,c}
cp layers/one.tar old/a/layer.tar
cp layers/two.tar old/b/layer.tar
ln -s ../b/layer.tar old/c/layer.tar
config=$(jq -r '.config.digest | sub("sha256:"; "")' "layout/blobs/sha256/$(jq -r '.manifests[0].digest | sub("sha256:"; "")' layout/index.json)")
cp "layout/blobs/sha256/$config" "old/$config.json"
printf '[{"Config":"%s.json","RepoTags":["hand:1"],"Layers":["a/layer.tar","c/layer.tar"]}]' "$config" > old/manifest.json
tar -C old -cf old.tar a b c "$config.json" manifest.json
loads old.tar
for target in ../c/layer.tar "$PWD/layers/two.tar" ../../../layers/two.tar layer.tar; do
        ln -sf "$target" old/c/layer.tar
        tar -C old -cf old.tar a b c "$config.json" manifest.json
        assert_fails 1 'no file "c/layer.tar"' bryo load -i old.tar
done

# WIRE.10: several images in one archive, each under its names and no other.
printf 'FROM hand:1\nENV n=2\n' | dockerfile
works bryo load -i layout
build -t other:2
for format in oci-archive docker-archive; do
        works bryo save --format "$format" -o two.tar hand:1 other:2
        works bryo --root "$PWD/second-$format" load -i two.tar
        assert_equal "$(bryo --root "$PWD/second-$format" image ls --format json | jq -r '.Repository + ":" + .Tag + " " + .ID' | sort)" \
                "$(bryo image ls --format json | jq -r 'select(.Repository == "hand" or .Repository == "other") | .Repository + ":" + .Tag + " " + .ID' | sort)"
done
