#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# timeout: 900
#
# go-containerregistry, the second implementation after docker-registry, containers/image and umoci: its crane judges what bryo pushes, and
# bryo and crane speak to its registry. (A soak test, because building crane takes minutes once.)
. "$BRYO_SOURCE/tests/e2e/lib.sh"
. "$BRYO_SOURCE/tests/servers/lib.sh"
. "$BRYO_SOURCE/tests/servers/registry.sh"

need jq
crane=$(fixture crane) || skip "crane cannot be built here: Go, or its module proxy, is missing"

# crane_registry: crane's own, in memory; its address is left in $registry.
crane_registry() {
        local tries=500
        "$crane" registry serve --address 127.0.0.1:0 > crane.log 2>&1 &
        servers+=($!)
        until registry=$(sed -n 's/.*serving on port \([0-9]*\).*/localhost:\1/p' crane.log) && [ -n "$registry" ]; do
                [ $((tries -= 1)) -gt 0 ] || fail "crane's registry does not start" log "$(cat crane.log)"
                sleep 0.02
        done
}

# contents TAR: what is in it, to the last attribute; crane and bryo put the entries in orders of their own.
contents() {
        python3 - "$1" << 'END'
import hashlib, sys, tarfile
with tarfile.open(sys.argv[1]) as tar:
    for m in sorted(tar.getmembers(), key=lambda m: m.name.strip("./")):
        body = hashlib.sha256(tar.extractfile(m).read()).hexdigest() if m.isreg() else ""
        pax = sorted((k, v) for k, v in m.pax_headers.items() if k.startswith("SCHILY.xattr."))
        print(m.name.strip("./"), m.type, oct(m.mode), m.uid, m.gid, int(m.mtime), m.linkname.strip("./"), m.size, m.devmajor, m.devminor, body, pax)
END
}

# No directory is replaced here: crane's export takes no notice of opaque markers
# (go-containerregistry's issue 1897).
base busybox
mkdir context
head -c 6000000 /dev/urandom > context/noise
dockerfile << 'END'
FROM busybox
RUN mkdir -p /d/e && echo x > /d/x && ln /d/x /d/y && ln -s x /d/z && chown 7:8 /d && chmod 4755 /d/x && mkfifo /pipe
COPY noise /d/e/noise
RUN rm /bin/zcat && rm /d/e/noise && echo new > /d/e/new && rm /d/z && mkdir /d/z
ENV A=b
END
build
works bryo export -o image.tar image

# judge NAME [OPTION]...: crane finds the image whole, with the manifest and the files that bryo has.
judge() {
        works "$crane" validate --insecure --remote "$@"
        assert_equal "$("$crane" manifest --insecure "$1" | jq -r .config.digest)" "$(image_id image)" "the config that crane sees"
        assert_equal "$("$crane" manifest --insecure "$1" | sha256sum | cut -d' ' -f1)" "$("$crane" digest --insecure "$1" | cut -d: -f2)"
        works "$crane" export --insecure "$1" crane.tar
        contents crane.tar > crane.list
        contents image.tar > bryo.list
        diff bryo.list crane.list || fail "crane unpacks other files"
}

registry docker
docker=$registry
crane_registry
for server in "$docker" "$registry"; do
        works bryo push image "$server/of/bryo:gzip"
        judge "$server/of/bryo:gzip"
        # validate takes every layer for gzip; export does not
        for how in zstd none; do
                works bryo push --compression "$how" image "$server/of/bryo:$how"
                judge "$server/of/bryo:$how" --fast
        done
        # unchanged, and to another repository
        works bryo push image "$server/of/bryo:gzip"
        works bryo push image "$server/other/bryo:1"
        judge "$server/other/bryo:1"

        # What crane makes: bryo reads it as it is, and its descriptors come out again.
        echo added > added
        tar -cf added.tar added
        works "$crane" append --insecure -b "$server/of/bryo:gzip" -f added.tar -t "$server/of/crane:1"
        works "$crane" mutate --insecure --env C=d "$server/of/crane:1" -t "$server/of/crane:2"
        works bryo pull "$server/of/crane:2"
        assert_equal "$(image_config "$server/of/crane:2" '.Config.Env | map(select(. == "C=d")) | length')" 1 "what crane changed"
        works bryo export -o crane.tar "$server/of/crane:2"
        assert_equal "$(tar -xOf crane.tar added)" added
        works bryo push "$server/of/crane:2" "$server/back/crane:2"
        assert_equal "$("$crane" digest --insecure "$server/back/crane:2")" "$("$crane" digest --insecure "$server/of/crane:2")" "the manifest that came back"
        works "$crane" validate --insecure --remote "$server/back/crane:2"
        works bryo rmi -f "$server/of/crane:2"
done

# From one registry to the other, by crane and by a bryo that did not build it: the same digest.
export BRYO_ROOT=$PWD/other
works "$crane" copy --insecure "$docker/of/bryo:zstd" "$registry/copied/bryo:1"
works bryo pull "$registry/copied/bryo:1"
works bryo push "$registry/copied/bryo:1" "$docker/copied/bryo:1"
assert_equal "$("$crane" digest --insecure "$docker/copied/bryo:1")" "$("$crane" digest --insecure "$docker/of/bryo:zstd")"
