#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
#
# A pull that is cut or killed leaves no image and no blob, and the next one goes on where it was; a beginning that is not the
# layer's is thrown away. A large layer passes through little memory.
. "$BRYO_SOURCE/tests/e2e/lib.sh"
. "$BRYO_SOURCE/tests/servers/lib.sh"

need jq python3
base busybox
dockerfile << 'END'
FROM busybox
RUN head -c 3000000 /dev/urandom > /big
END
build
works bryo save --format oci-dir -o layout image
mkdir -p reg/app/manifests reg/app/blobs
digest=$(jq -r '.manifests[0].digest' layout/index.json)
cp "layout/blobs/sha256/${digest#*:}" reg/app/manifests/latest
jq -r .mediaType reg/app/manifests/latest > reg/app/manifests/latest.type
for file in layout/blobs/sha256/*; do
        cp "$file" "reg/app/blobs/sha256:${file##*/}"
done
big=$(jq -r '.layers[-1].digest' reg/app/manifests/latest)
python3 "$BRYO_SOURCE/tests/servers/static-registry" "$PWD/reg" 2> reg.errors &
servers+=($!)
until [ -e reg/port ]; do
        sleep 0.02
done
registry=localhost:$(cat reg/port)
store=$XDG_DATA_HOME/other
export BRYO_ROOT=$store

# Cut after a million bytes: one error, no image, the part stays, and only the rest is asked for again.
echo 1000000 > "reg/app/blobs/$big.cut"
assert_fails 1 "cannot pull $registry/app:latest: layer 2, $big" bryo pull --retry 1 --retry-delay 1ms "$registry/app"
assert_equal "$(ls "$store/images" "$store/refs" | grep -v : || true)" "" "what a cut pull left"
assert_equal "$(stat -c %s "$store/partial/${big#*:}")" 1000000 "the part that came"
[ ! -e "$store/blobs/sha256/${big#*:}" ] || fail "a part has a final name"
rm "reg/app/blobs/$big.cut"
: > reg/requests
works bryo pull "$registry/app"
assert_equal "$(grep -c "blobs/$big" reg/requests)" 1
assert_equal "$(grep -c blobs/ reg/requests)" 1 "the blobs that were asked for again"
assert_equal "$(bryo inspect "$registry/app" | jq -r '.[0].Id')" "$(BRYO_ROOT='' image_id image)"
assert_equal "$(ls "$store/partial")" ""

# A part that is not the beginning of the layer (a power cut may leave zeros, or what was on the disk before): nothing, noise, a
# packed thing that is no tar, and a tar that is damaged.
printf 'no tar' | gzip > junk.gz
for junk in /dev/zero /dev/urandom junk.gz /bin/ls; do
        rm -rf "$store"
        works bryo images
        head -c 500000 "$junk" > "$store/partial/${big#*:}"
        works bryo pull "$registry/app"
        assert_equal "$(sha256sum < "$store/blobs/sha256/${big#*:}" | cut -d' ' -f1)" "${big#*:}" "the blob after a part of $junk"
done

# Prune gives the space of parts back.
head -c 500000 /dev/zero > "$store/partial/${big#*:}"
works bryo prune
assert_equal "$(ls "$store/partial")" ""

# 200 MiB that are packed into little, and 60 MiB that are not, with less memory than either.
python3 - << 'END'
import gzip, hashlib, io, json, os, tarfile
def layer(name, chunks):
    out, tar = io.BytesIO(), hashlib.sha256()
    class Tee:
        def __init__(self): self.packed = gzip.GzipFile(fileobj=out, mode="wb", compresslevel=1, mtime=0)
        def write(self, data): tar.update(data); return self.packed.write(data)
    tee = Tee()
    with tarfile.open(fileobj=tee, mode="w|") as archive:
        for number, chunk in enumerate(chunks):
            info = tarfile.TarInfo(f"{name}{number}"); info.size = len(chunk)
            archive.addfile(info, io.BytesIO(chunk))
    tee.packed.close()
    return out.getvalue(), "sha256:" + tar.hexdigest()
zeros = bytes(20 << 20)
noise = os.urandom(10 << 20)
layers = [layer("z", [zeros] * 10), layer("n", [noise] * 6)]
os.makedirs("reg/large/manifests"); os.makedirs("reg/large/blobs")
def put(data):
    digest = "sha256:" + hashlib.sha256(data).hexdigest()
    open("reg/large/blobs/" + digest, "wb").write(data)
    return {"digest": digest, "size": len(data)}
config = json.dumps({"architecture": "amd64", "os": "linux", "config": {}, "rootfs": {"type": "layers", "diff_ids": [d for _, d in layers]}}).encode()
open("reg/large/manifests/latest", "w").write(json.dumps({"schemaVersion": 2, "mediaType": "application/vnd.oci.image.manifest.v1+json",
    "config": {"mediaType": "application/vnd.oci.image.config.v1+json", **put(config)},
    "layers": [{"mediaType": "application/vnd.oci.image.layer.v1.tar+gzip", **put(data)} for data, _ in layers]}))
open("reg/large/manifests/latest.type", "w").write("application/vnd.oci.image.manifest.v1+json")
END
cat > peak.py << 'END'
# Runs the command; prints the largest resident size, in KiB, of it and its children.
import resource, subprocess, sys
status = subprocess.run(sys.argv[1:]).returncode
print(resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss, file=sys.stderr)
sys.exit(status)
END
works python3 peak.py bryo pull -q "$registry/large"
if [ -z "$BRYO_SANITIZED" ]; then
        assert_less "$(tail -1 <<< "$errors")" 65536 "KiB that were needed at once"
fi
