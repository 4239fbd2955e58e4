#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# timeout: 300
#
# WIRE.1, WIRE.2, WIRE.3, WIRE.4, WIRE.8: a registry that lies: digests that are none, one blob as two things, contents that are not what their digest says, JSON of every
# wrong shape, layers and configs that nobody should obey. Each is refused in one line, and nothing gets a name.
. "$BRYO_SOURCE/tests/e2e/lib.sh"
. "$BRYO_SOURCE/tests/servers/lib.sh"

need python3
mkdir reg
python3 "$BRYO_SOURCE/tests/servers/static-registry" "$PWD/reg" 2> reg.errors &
servers+=($!)

# Writes the cases below reg/, a repository each, and the list: NAME|TEXT that the refusal must have ("" for a pull that works).
cat > cases.py << 'END'
import gzip, hashlib, io, json, os, sys, tarfile

listing = open("cases", "w")
MANIFEST = "application/vnd.oci.image.manifest.v1+json"
INDEX = "application/vnd.oci.image.index.v1+json"
CONFIG = "application/vnd.oci.image.config.v1+json"
LAYER = "application/vnd.oci.image.layer.v1.tar+gzip"
DOCKER = "application/vnd.docker.distribution.manifest.v2+json"


def digest(data):
    return "sha256:" + hashlib.sha256(data).hexdigest()


def save(name, kind, ref, data, **beside):
    path = f"reg/{name}/{kind}/{ref}"
    os.makedirs(os.path.dirname(path), exist_ok=True)
    with open(path, "wb") as out:
        out.write(data)
    for suffix, text in beside.items():
        with open(f"{path}.{suffix}", "w") as out:
            out.write(str(text))


def dump(value):
    return value if isinstance(value, bytes) else json.dumps(value).encode()


def make_tar(text=b"hello\n", name="file"):
    out = io.BytesIO()
    with tarfile.open(fileobj=out, mode="w") as tar:
        info = tarfile.TarInfo(name)
        info.size = len(text)
        tar.addfile(info, io.BytesIO(text))
    return out.getvalue()


def described(data, kind, **more):
    return {"mediaType": kind, "digest": digest(data), "size": len(data), **more}


TAR = make_tar()
BLOB = gzip.compress(TAR, mtime=0)


def config(**more):
    return {"architecture": "amd64", "os": "linux", "config": {}, "rootfs": {"type": "layers", "diff_ids": [digest(TAR)]}, **more}


def manifest(conf, **more):
    return {"schemaVersion": 2, "mediaType": MANIFEST, "config": described(dump(conf), CONFIG), "layers": [described(BLOB, LAYER)], **more}


def case(name, expected, conf=None, man=None, kind=MANIFEST, blobs=(), **beside):
    conf = config() if conf is None else conf
    man = manifest(conf) if man is None else man
    save(name, "manifests", "latest", dump(man), type=kind, **beside)
    for data in (dump(conf), BLOB, *blobs):
        save(name, "blobs", digest(data), data)
    print(f"{name}|{expected}", file=listing)


case("good", "")

# Digests that are none, in a descriptor of each kind.
HEX = "0" * 64
for number, text in enumerate(["sha256:../../x", "sha256:" + HEX[1:], "sha256:" + HEX + "0", "sha256:" + HEX[1:] + "A", "", "md5:" + HEX[:32],
                               "sha256:" + HEX + "\n", "sha256:" + HEX[2:] + "/x", "sha512:" + HEX, None, 7, "latest"]):
    bad = manifest(config())
    bad["config"]["digest"] = text
    case(f"digest-config-{number}", "digest", man=bad)
    bad = manifest(config())
    bad["layers"][0]["digest"] = text
    case(f"digest-layer-{number}", "digest", man=bad)
    case(f"digest-diff-{number}", "", conf=config(rootfs={"type": "layers", "diff_ids": [text]}))
    index = {"schemaVersion": 2, "mediaType": INDEX, "manifests": [{"mediaType": MANIFEST, "digest": text, "size": 7}]}
    case(f"digest-index-{number}", "digest", man=index, kind=INDEX)

# One blob as two things; types that disagree; schema 1; keys twice.
case("both", "manifests", man=manifest(config(), manifests=[]))
case("type-other", "", man=manifest(config()), kind=INDEX)
case("type-none", "", man={**manifest(config()), "mediaType": None}, kind="text/html")
case("schema1", "schema", man={"schemaVersion": 1, "name": "x", "fsLayers": [], "history": []}, kind="application/vnd.docker.distribution.manifest.v1+prettyjws")
case("twice", "", man=dump(manifest(config()))[:-1] + b', "layers": []}')
case("artifact", "no image but an artifact", man={**manifest(config()), "config": described(dump(config()), "application/vnd.example.thing+json")})
case("foreign", "foreign", man={**manifest(config()), "layers": [described(BLOB, "application/vnd.docker.image.rootfs.foreign.diff.tar.gzip", urls=["http://127.0.0.1:1/x"])]})
case("encrypted", "encrypted", man={**manifest(config()), "layers": [described(BLOB, LAYER + "+encrypted")]})
case("unknown-layer", "does not know", man={**manifest(config()), "layers": [described(BLOB, "application/vnd.example.layer")]})
case("many-layers", "layers", man={**manifest(config()), "layers": [described(BLOB, LAYER)] * 2000})
case("platforms", "linux/s390x", kind=INDEX, man={"schemaVersion": 2, "mediaType": INDEX, "manifests": [
    described(b"x", MANIFEST, platform={"os": "linux", "architecture": "s390x"}), described(b"y", MANIFEST, platform={"os": "windows", "architecture": "amd64"})]})
case("counts", "layers", man={**manifest(config()), "layers": [described(BLOB, LAYER)] * 2})
case("diff-id", "the image's config says", conf=config(rootfs={"type": "layers", "diff_ids": [digest(b"other")]}))

# Contents that are not what their digest says.
child = dump(manifest(config()))
case("child", "digest", kind=INDEX, man={"schemaVersion": 2, "mediaType": INDEX, "manifests": [described(child, MANIFEST)]})
save("child", "manifests", digest(child), child + b" ", type=MANIFEST)
case("child-type", "says that it is", kind=INDEX, man={"schemaVersion": 2, "mediaType": INDEX, "manifests": [described(child, MANIFEST)]})
save("child-type", "manifests", digest(child), child, type=DOCKER)
case("loop", "", kind=INDEX, man={"schemaVersion": 2, "mediaType": INDEX, "manifests": [described(child, INDEX)]})
save("loop", "manifests", digest(child), child, type=MANIFEST)
case("header", "", digest="sha256:" + HEX)
for name, wrong in [("last", lambda b: b[:-1] + bytes([b[-1] ^ 1])), ("longer", lambda b: b + b"x"), ("shorter", lambda b: b[:-1]), ("empty", lambda b: b"")]:
    case(f"layer-{name}", "", )
    save(f"layer-{name}", "blobs", digest(BLOB), wrong(BLOB))
    case(f"config-{name}", "", )
    save(f"config-{name}", "blobs", digest(dump(config())), wrong(dump(config())))
for name, size in [("negative", -1), ("huge", 2 ** 63), ("more", len(BLOB) + 1), ("less", len(BLOB) - 1), ("float", 1.5), ("text", "9")]:
    bad = manifest(config())
    bad["layers"][0]["size"] = size
    case(f"size-{name}", "", man=bad)

# JSON of every wrong shape: each member of each document with each wrong value.
WRONG = [("null", b"null"), ("number", b"-1"), ("big", b"9223372036854775808"), ("float", b"1e400"), ("text", b'"x"'), ("list", b"[[]]"), ("object", b'{"a":{}}'),
         ("utf8", b'"\xff"'), ("nul", b'"a\\u0000b"'), ("deep", b"[" * 5000 + b"]" * 5000)]
HARMLESS = {("config", "architecture"), ("config", "os"), ("config", "config"), ("manifest", "mediaType")}
for what, good in [("manifest", manifest(config())), ("config", config())]:
    for key in good:
        for label, value in WRONG:
            text = b"{" + b",".join(json.dumps(k).encode() + b":" + (value if k == key else json.dumps(v).encode()) for k, v in good.items()) + b"}"
            name = f"{what}-{key.lower()}-{label}"
            expected = "MAYBE" if (what, key) in HARMLESS or label == "null" else ""
            if what == "manifest":
                case(name, expected, man=text)
            else:
                case(name, expected, conf=text, man=manifest(text))
for name, text in [("none", b""), ("open", b"{"), ("text", b"<html>"), ("list", b"[]"), ("large", b" " * (5 << 20) + b"{}")]:
    case(f"document-{name}", "", man=text)
END
sed -i 's/^case("good", "")/case("good", "WORKS")/' cases.py
python3 cases.py
tries=500
until [ -e reg/port ]; do
        [ $((tries -= 1)) -gt 0 ] || fail "the registry does not start" errors "$(cat reg.errors)"
        sleep 0.02
done
registry=localhost:$(cat reg/port)

# All of them in one go, the good one in the middle: a line for each refusal.
cut -d'|' -f1 cases | sed "s,^,$registry/," > names
assert_equal "$(sort names | uniq -d)" ""
[ "$(wc -l < cases)" -ge 160 ] || fail "only $(wc -l < cases) cases"
capture xargs -a names timeout "$((BRYO_SANITIZED ? 240 : 60))" bryo pull -q --retry 1 --retry-delay 1ms
assert_equal "$status" 123 "the status of xargs for a command that failed"
assert_contains "$output" "$registry/good:latest"
printf '%s\n' "$errors" | sed 's/^bryo: //' > said
while IFS='|' read -r name expected; do
        line=$(grep -F "cannot pull $registry/$name:latest: " said || true)
        case $expected in
        WORKS | MAYBE) [ "$expected" = MAYBE ] || [ -z "$line" ] || fail "$name was refused" said "$line" ;;
        *) [[ $line == *"$expected"* && $line != *$'\n'* ]] || fail "$name was not refused with \"$expected\"" said "$line" ;;
        esac
done < cases

# What the store has: images that were not refused, and only bytes that are what their names say.
store=$XDG_DATA_HOME/bryo
for file in "$store"/blobs/sha256/*; do
        echo "${file##*/}  $file"
done | sha256sum --quiet -c - || fail "wrong bytes under a final name"
assert_equal "$(find "$store/refs" -type f | wc -l)" "$(wc -l <<< "$output")" "the tags"
# What came whole and is wrong does not come again: a layer that is not what the config says, and one that is not what the manifest says.
for name in diff-id layer-last; do
        assert_equal "$(grep "^GET /v2/$name/blobs/" reg/requests | sort | uniq -d)" "" "the blobs of $name that were asked for twice"
done
! grep -q 127.0.0.1:1 reg/requests || fail "a URL of a layer was asked"
printf '# %s cases\n' "$(wc -l < cases)"
