#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
#
# --platform with several: what is pinned to $BUILDPLATFORM is executed once, the rest once for each; the index in the store, in
# archives and files, after prune, and what FROM and run take of it. No program of another machine runs.
. "$BRYO_SOURCE/tests/e2e/lib.sh"

need jq skopeo
base busybox
here=linux/$(image_config busybox .Architecture | tr -d '"')
dockerfile << 'END'
FROM --platform=$BUILDPLATFORM busybox AS tools
RUN cat /proc/sys/kernel/random/uuid > /once
FROM --platform=$BUILDPLATFORM busybox AS compiler
ARG TARGETPLATFORM
COPY --from=tools /once /
RUN echo "$TARGETPLATFORM" > /for; cat /proc/sys/kernel/random/uuid > /each
FROM scratch
COPY --from=compiler /for /once /each /
END
platforms=linux/arm64,$here,linux/arm/v7

# file PLATFORM NAME: what the last -o files wrote.
file() {
        cat "files/${1//\//_}/$2"
}

build --platform "$platforms" -o type=local,dest=files --no-cache
for platform in linux/arm64 "$here" linux/arm/v7; do
        assert_equal "$(file "$platform" for)" "$platform"
        assert_equal "$(file "$platform" once)" "$(file "$here" once)" "what runs once"
        assert_contains "$said" "[$platform compiler 3/3] RUN"
done
[ "$(file linux/arm64 each)" != "$(file "$here" each)" ] || fail "two platforms share a step that has TARGETPLATFORM"
once=$(file "$here" once)
build --platform "$platforms" -o type=local,dest=files
assert_equal "$(file linux/arm64 once)" "$once" "what the cache has"
# One cache has the steps of all platforms: another store executes none of them.
build --platform "$platforms" -o type=local,dest=files --cache-to type=local,dest=cache,mode=max
for platform in linux/arm64 "$here" linux/arm/v7; do
        file "$platform" each
done > each
works bryo save -o busybox.tar busybox
works env BRYO_ROOT="$PWD/elsewhere" bryo load -i busybox.tar
works env BRYO_ROOT="$PWD/elsewhere" bryo build --platform "$platforms" -o type=local,dest=files --cache-from type=local,src=cache context
for platform in linux/arm64 "$here" linux/arm/v7; do
        file "$platform" each
done | diff each -
# A tar has the same directories, those of one platform only if they are asked for.
build --platform "$platforms" -o type=tar,dest=files.tar
mkdir unpacked
tar -xf files.tar -C unpacked
diff -r files unpacked
build --platform linux/arm64 -o type=tar,dest=one.tar,platform-split=true -o type=local,dest=one,platform-split=true -o type=tar,dest=plain.tar
assert_equal "$(tar -tf one.tar | sed -n 1p) $(tar -tf plain.tar | sed -n 1p)" "linux_arm64/ ./"
assert_equal "$(ls one)" linux_arm64

# --- the index --------------------------------------------------------------------------
build --platform linux/arm64 --platform "$here,linux/arm64/v8" -t many:1 -t many:2 --iidfile iid --metadata-file metadata --annotation index:x=y
works bryo build --platform "linux/arm64,$here" -t many:1 -o type=oci,dest=many.tar,annotation-index.x=y context
mkdir layout
tar -xf many.tar -C layout
assert_equal "$(jq -r '.manifests | length' layout/index.json)" 1
assert_equal "$(jq -r '.manifests[0].annotations["org.opencontainers.image.ref.name"]' layout/index.json)" 1
index=$(jq -r '.manifests[0].digest' layout/index.json)
assert_equal "$(cat iid)" "$index" "the build's digest and the archive's"
assert_equal "$(jq -r '."containerimage.digest" + " " + ."containerimage.descriptor".mediaType' metadata)" \
        "$index application/vnd.oci.image.index.v1+json"
jq -e 'has("containerimage.config.digest") | not' metadata > /dev/null
assert_equal "$(jq -c '[.annotations.x, (.manifests[].platform | "\(.os)/\(.architecture)")]' "layout/blobs/sha256/${index#sha256:}")" \
        "[\"y\",\"linux/arm64\",\"$here\"]"
for platform in arm64 "${here#linux/}"; do
        works skopeo copy -q --override-arch "$platform" oci-archive:many.tar "dir:judged-$platform"
        tar -xzOf "judged-$platform/$(jq -r '.layers[0].digest' "judged-$platform/manifest.json" | cut -d: -f2)" for > for
        assert_equal "$(cat for)" "linux/$platform" "what skopeo reads"
done

# Saved by its name, it is the same index; a docker archive has the image for this machine.
works bryo save -o saved.tar many:1
mkdir saved
tar -xf saved.tar -C saved
assert_equal "$(jq -r '.manifests[].digest' saved/index.json)" "$index" "the index that is saved"
works bryo save --format docker-archive -o docker.tar many:1
assert_equal "$(tar -xOf docker.tar manifest.json | jq length)" 1

# --- the store: a name is the image for this machine, FROM finds the other, prune keeps both --------------
works bryo prune --all
assert_equal "$(image_config many:2 .Architecture)" "\"${here#linux/}\""
dockerfile <<< $'FROM many:1 AS base\nFROM --platform=$BUILDPLATFORM busybox\nCOPY --from=base /for /'
for platform in linux/arm64 "$here"; do
        works bryo build --platform "$platform" --pull=never -o out context
        assert_equal "$(cat out/for)" "$platform" "the base that was taken"
done
works bryo image rm many:1 many:2
works bryo prune --all
build_fails "many" --platform linux/arm64 --pull=never

# --- standard input, read once for each ---------------------------------------------------
printf 'FROM scratch\nCOPY f /\n' > context/other
echo content > context/f
works bryo build --platform "linux/arm64,$here" -f - -o piped context < <(cat context/other)
works bryo build --platform "linux/arm64,$here" -f - -o redirected context < context/other
works bryo build --platform "linux/arm64,$here" -f other -o archive - < <(tar -C context -cf - other f)
for made in piped redirected archive; do
        assert_equal "$(cat "$made/linux_arm64/f" "$made/${here//\//_}/f")" $'content\ncontent' "the files of $made"
done

# --- what is refused, in one sentence ---------------------------------------------------
dockerfile <<< $'FROM busybox\nRUN true'
assert_fails 2 "--load hands one platform" bryo build --platform "$platforms" --load context
assert_fails 2 "type=docker holds one platform" bryo build --platform "$platforms" -o type=docker,dest=x context
assert_fails 2 "a tar cannot hold" bryo build --platform "$platforms" -o type=tar,dest=x,platform-split=false context
assert_fails 2 "--platform linux/a b" bryo build --platform "linux/amd64,linux/a b" context
assert_fails 1 "linux/s390x: Dockerfile:1:" bryo build --platform "$here,linux/s390x" --pull=never context
# The last stage is for one platform: there is one image, and that is said.
dockerfile <<< $'FROM --platform=$BUILDPLATFORM busybox\nCOPY Dockerfile /'
build --platform "$here,linux/arm64"
assert_contains "$said" "linux/arm64 gave the same image as another platform, and is left out"
