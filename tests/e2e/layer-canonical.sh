#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
#
# LAYER.1 LAYER.3 LAYER.4 LAYER.9: the tars of a build full of oddities, block by block: what canonical means, seen from outside.
. "$BRYO_SOURCE/tests/e2e/lib.sh"

need python3
base busybox
mkdir context
long=$(printf 'n%.0s' {1..120})
cat > context/Dockerfile << END
FROM busybox
RUN mkdir -p /deep/a/b /gone /swap /opaque && touch /deep/a/b/kept /gone/x /swap/x /opaque/old && chmod 1777 /deep && chown 7:8 /deep/a
RUN touch /deep/a/b/new "/deep/$(printf 'caf\351')" "/deep/ü" /deep/$long && ln /deep/a/b/new /deep/other && mkfifo /deep/fifo
RUN rm -r /gone && rm -r /opaque && mkdir /opaque && touch /opaque/new && rm -r /swap && touch /swap && ln -s x /link
RUN chmod 0751 /
COPY --chown=3000000:4 Dockerfile /big
END
build
image_layers image layers | tail -n +2 > list
cat > check.py << 'END'
# Reads each tar block by block and says what is against the rules of doc/layer.md; then what the layers hold.
import sys
def text(field):
    return field.split(b"\0")[0]
number = 0
for path in open("list").read().split():
    data = open(path, "rb").read()
    number += 1
    def wrong(what):
        print("layer %d: %s" % (number, what))
    at, records, seen, last = 0, None, {}, None
    while data[at:at + 512] != bytes(512):
        head = data[at:at + 512]
        name, kind, size = text(head[:100]), head[156:157], int(text(head[124:136]) or b"0", 8)
        if head[257:265] != b"ustar\00000":
            wrong("no ustar header: %r" % name)
        if head[265:297] != bytes(32) or head[297:329] != bytes(32):
            wrong("a user or group name: %r" % name)
        body = data[at + 512:at + 512 + size]
        at += 512 + (size + 511) // 512 * 512
        if kind == b"x":
            records, rest = [], body
            while rest:
                length = int(rest[:rest.index(b" ")])
                records.append(rest[rest.index(b" ") + 1:length - 1])
                rest = rest[length:]
            if not records:
                wrong("an empty extended header")
            for r in records:
                key = r.split(b"=")[0]
                if key not in (b"path", b"linkpath", b"size", b"uid", b"gid", b"mtime", b"hdrcharset") and not key.startswith(b"SCHILY.xattr."):
                    wrong("a record %r" % key)
            continue
        if text(head[345:500]):
            name = text(head[345:500]) + b"/" + name
        for r in records or ():
            if r.startswith(b"path="):
                if len(r) <= 105:
                    wrong("a path record that a header could say: %r" % name)
                name = r[5:]
        records = None
        mode, uid, mtime = int(text(head[100:108]), 8), int(text(head[108:116]), 8), int(text(head[136:148]), 8)
        if name != b"./" and (name.startswith(b"./") or name.startswith(b"/")):
            wrong("the name %r" % name)
        if (kind == b"5") != name.endswith(b"/"):
            wrong("%r and its kind %r" % (name, kind))
        plain = name.rstrip(b"/")
        parent = plain.rsplit(b"/", 1)[0] if b"/" in plain else b""
        base = plain.rsplit(b"/", 1)[-1]
        if parent and parent not in seen:
            wrong("%r comes before its directory" % name)
        if base.startswith(b".wh."):
            if (mode, uid, mtime, size) != (0, 0, 0, 0):
                wrong("a whiteout with attributes: %r" % name)
            if plain[:len(plain) - len(base)] + base[4:] in seen:
                wrong("removed and there: %r" % name)
        seen[plain] = (kind, mode, uid)
        rank = (0 if base == b".wh..wh..opq" else 1 if base.startswith(b".wh.") else 2, base)
        if plain != b"." and last is not None and parent == last[0] and rank <= last[1]:
            wrong("out of order: %r" % name)
        last = (parent, rank)
    if data[at:] != bytes(1024):
        wrong("%d bytes at its end" % len(data[at:]))
    print(number, *sorted(n.decode("latin-1") for n in seen))
END
works python3 -I -S check.py
printf '%s\n' "$output" > found
assert_equal "$(grep '^layer' found || true)" "" "what is against the rules"
# LAYER.2: every ancestor is there with its own attributes, LAYER.5 LAYER.6: whiteouts and opaque marks, never beside the name.
assert_contains "$(sed -n 2p found)" " deep deep/a deep/a/b deep/a/b/new deep/caf"
assert_lacks "$(sed -n 2p found)" kept
assert_contains "$(sed -n 3p found)" ".wh.gone"
assert_contains "$(sed -n 3p found)" "opaque/.wh..wh..opq opaque/new"
assert_lacks "$(sed -n 3p found)" ".wh.swap"
# LAYER.4: the root only where its attributes changed.
assert_equal "$(sed -n 4p found)" "4 ."
assert_equal "$(sed -n "1,3p;5p" found | grep -c '^[0-9] \. ' || true)" 0
