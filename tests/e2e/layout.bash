# SPDX-License-Identifier: Apache-2.0
# shellcheck shell=bash
#
# Images made by hand, of layers that no honest tool would write. Source it behind lib.sh.

need python3

# layer FILE < LINES: a tar with one member for each line:
#
#     dir PATH [MODE]             file PATH TEXT [MODE]       link PATH TARGET (a symlink)
#     hard PATH TARGET [TEXT]     char PATH MAJOR MINOR       fifo PATH
#     gone PATH (a whiteout)      opaque PATH                 mtime SECONDS (of all that follow)
#
# PATH is written as it is; "" is an empty name.
layer() {
        python3 -I -S -c '
import io, os, shlex, sys, tarfile
out = tarfile.open(sys.argv[1], "w", format=tarfile.PAX_FORMAT)
mtime = 1000
for line in sys.stdin:
    words = shlex.split(line)
    if not words:
        continue
    what, path, rest = words[0], words[1], words[2:]
    if what == "mtime":
        mtime = int(path)
        continue
    data = b""
    if what in ("gone", "opaque"):
        directory, name = os.path.split(path)
        path = os.path.join(directory, ".wh." + name) if what == "gone" else os.path.join(path, ".wh..wh..opq")
        what, rest = "file", [""]
    e = tarfile.TarInfo(path)
    e.mtime = mtime
    e.mode = 0o644
    if what == "dir":
        e.type, e.mode = tarfile.DIRTYPE, int(rest[0], 8) if rest else 0o755
    elif what == "file":
        data = rest[0].encode()
        e.mode = int(rest[1], 8) if len(rest) > 1 else 0o644
    elif what == "link":
        e.type, e.linkname = tarfile.SYMTYPE, rest[0]
    elif what == "hard":
        e.type, e.linkname = tarfile.LNKTYPE, rest[0]
        data = rest[1].encode() if len(rest) > 1 else b""
    elif what == "char":
        e.type, e.devmajor, e.devminor = tarfile.CHRTYPE, int(rest[0]), int(rest[1])
    elif what == "fifo":
        e.type = tarfile.FIFOTYPE
    e.size = len(data)
    out.addfile(e, io.BytesIO(data))
out.close()' "$1"
}

# layout DIRECTORY [NAME=]FILE...: an OCI layout with one image of these layers, called NAME (hand:1 without it). A layer is
# packed as its file name ends: .gz, .zst, or not; its media type says the same unless $layer_type does.
layout() {
        python3 -I -S -c '
import hashlib, json, os, subprocess, sys
root, layers = sys.argv[1], sys.argv[2:]
name = os.environ.get("layout_name", "docker.io/library/hand:1")
os.makedirs(root + "/blobs/sha256", exist_ok=True)
def put(data):
    digest = hashlib.sha256(data).hexdigest()
    open(root + "/blobs/sha256/" + digest, "wb").write(data)
    return "sha256:" + digest, len(data)
descriptors, diffs = [], []
for path in layers:
    data = open(path, "rb").read()
    tool = {".gz": "gzip", ".zst": "zstd"}.get(os.path.splitext(path)[1])
    plain = subprocess.run([tool, "-dcq"], input=data, stdout=subprocess.PIPE, check=True).stdout if tool else data
    suffix = {"gzip": "+gzip", "zstd": "+zstd", None: ""}[tool]
    digest, size = put(data)
    kind = os.environ.get("layer_type", "application/vnd.oci.image.layer.v1.tar" + suffix)
    descriptors.append(dict(mediaType=kind, digest=digest, size=size, **json.loads(os.environ.get("layer_more", "{}"))))
    diffs.append("sha256:" + hashlib.sha256(plain).hexdigest())
architecture = {"x86_64": "amd64", "aarch64": "arm64"}.get(os.uname().machine, os.uname().machine)
config = dict(architecture=architecture, os="linux", config=dict(Cmd=["/bin/sh"], Env=["PATH=/bin"]), rootfs=dict(type="layers", diff_ids=diffs))
digest, size = put(json.dumps(config).encode())
manifest = dict(schemaVersion=2, mediaType="application/vnd.oci.image.manifest.v1+json",
                config=dict(mediaType="application/vnd.oci.image.config.v1+json", digest=digest, size=size), layers=descriptors)
digest, size = put(json.dumps(manifest).encode())
index = dict(schemaVersion=2, manifests=[dict(mediaType=manifest["mediaType"], digest=digest, size=size,
             annotations={"io.containerd.image.name": name})])
json.dump(index, open(root + "/index.json", "w"))
json.dump(dict(imageLayoutVersion="1.0.0"), open(root + "/oci-layout", "w"))' "$@"
}
