#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# timeout: 1800
#
# Small input with unbounded output, at full size (GUARD.6): each layer or document is refused by a sentence that names a limit, within
# four minutes (seconds on a machine of its own), with less than 256 MiB of memory, and leaves nothing in the store.
. "$BRYO_SOURCE/tests/e2e/lib.sh"

need python3 du
cat > cases.py << 'END'
import gzip, hashlib, io, json, os, sys, tarfile, zlib

MANIFEST = "application/vnd.oci.image.manifest.v1+json"
CONFIG = "application/vnd.oci.image.config.v1+json"
LAYER = "application/vnd.oci.image.layer.v1.tar+gzip"
listing = open("cases", "w")


def describe(top, kind, data):
    digest = hashlib.sha256(data).hexdigest()
    with open(f"{top}/blobs/sha256/{digest}", "wb") as out:
        out.write(data)
    return {"mediaType": kind, "digest": "sha256:" + digest, "size": len(data)}


def case(name, expected, layer=b"", manifest=None, config=None):
    os.makedirs(f"{name}/blobs/sha256")
    config = config or json.dumps({"architecture": "amd64", "os": "linux", "config": {}, "rootfs": {"type": "layers", "diff_ids": ["sha256:" + "0" * 64]}}).encode()
    parts = {"config": describe(name, CONFIG, config), "layers": [describe(name, LAYER, layer)]}
    manifest = manifest(parts) if manifest else json.dumps({"schemaVersion": 2, "mediaType": MANIFEST, **parts}).encode()
    with open(f"{name}/index.json", "w") as out:
        json.dump({"schemaVersion": 2, "manifests": [describe(name, MANIFEST, manifest)]}, out)
    with open(f"{name}/oci-layout", "w") as out:
        out.write('{"imageLayoutVersion":"1.0.0"}')
    print(f"{name}|{expected}", file=listing)


def packed(chunks):
    made, out = zlib.compressobj(9, zlib.DEFLATED, 31), []
    for chunk in chunks:
        out.append(made.compress(chunk))
    return b"".join(out) + made.flush()


def header(name, size=0, kind=tarfile.REGTYPE, extra=b""):
    info = tarfile.TarInfo(name)
    info.size, info.type = size, kind
    return info.tobuf(tarfile.GNU_FORMAT) + extra + bytes(-len(extra) % 512)


def pax(records):
    lines = []
    for key, value in records:
        line = b" %s=%s\n" % (key, value)
        size = len(line) + len(str(len(line)))
        size = len(line) + len(str(size))
        lines.append(str(size).encode() + line)
    text = b"".join(lines)
    return header("pax", len(text), tarfile.XHDTYPE, text)


zeros = bytes(1 << 20)
# gzip's members may follow each other: 16 MiB in 16 KiB, as often as one likes.
member = packed([zeros] * 16)
case("ten-gigabytes", "unpack to more than the limit", packed([header("f", 10 << 30)]) + member * 640)
case("behind-the-end", "unpack to more than the limit", packed([header("f"), bytes(1024)]) + member * 640)
case("one-size", "size", packed([header("f", 1 << 62)]))
many = header("same/name/for/all") * 2048
case("ten-million-entries", "more than the limit of", packed([many]) * 4883)
case("pax-of-4-gib", "extended header is larger than the limit", packed([header("pax", (1 << 32) - 1, tarfile.XHDTYPE)] + [zeros] * 512))
case("million-xattrs", "limit", packed([pax((b"SCHILY.xattr.user.%d" % i, b"v") for i in range(1000000)), header("f")]))
case("many-xattrs", "limit", packed([pax((b"SCHILY.xattr.user.%d" % i, b"v") for i in range(20000)), header("f")]))
regions = b"1000000\n" + b"".join(b"%d\n1\n" % (i * 2) for i in range(1000000))
case("sparse-regions", "limit", packed([pax([(b"GNU.sparse.major", b"1"), (b"GNU.sparse.minor", b"0"), (b"GNU.sparse.name", b"s"), (b"GNU.sparse.realsize", b"2000000")]),
                                        header("s", len(regions), tarfile.REGTYPE, regions)]))
case("large-manifest", "limit", manifest=lambda parts: json.dumps({"schemaVersion": 2, "mediaType": MANIFEST, **parts, "annotations": {"x": "y" * (100 << 20)}}).encode())
case("large-config", "limit", config=b'{"architecture":"' + b"x" * (100 << 20) + b'"}')
case("many-layers", "limit", manifest=lambda parts: json.dumps({"schemaVersion": 2, "mediaType": MANIFEST, "config": parts["config"], "layers": parts["layers"] * 2000}).encode())
case("deep-manifest", "nests deeper than 64 levels", manifest=lambda parts: b'{"schemaVersion":2,"x":' + b"[" * 1000000 + b"]" * 1000000 + b"}")
case("million-values", "more than 200000 JSON values", config=b'{"architecture":"a","os":"linux","x":[' + b"0," * 1000000 + b"0]}")
END
works python3 cases.py
cat > bounded.py << 'END'
# Runs the command for four minutes at most; prints its seconds and the largest resident size, in KiB, of it and its children.
import resource, subprocess, sys, time
begin = time.monotonic()
status = subprocess.run(sys.argv[1:], timeout=240).returncode
print(int(time.monotonic() - begin), resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss, file=sys.stderr)
sys.exit(status)
END
while IFS='|' read -r name expected; do
        capture python3 bounded.py bryo --root store load -i "$name"
        read -r seconds kib <<< "$(tail -n 1 <<< "$errors")"
        assert_equal "$status" 1 "the status for $name"
        assert_contains "$(grep '^bryo: ' <<< "$errors")" "$expected"
        [ -n "$BRYO_SANITIZED" ] || assert_less "$kib" 262144 "KiB for $name"
        works bryo --root store prune --all
        assert_less "$(du -sk store | cut -f1)" 1024 "KiB that $name left"
        echo "$name: $seconds s, $kib KiB"
        rm -r "$name"
done < cases
