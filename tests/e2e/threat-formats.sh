#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
#
# GUARD.9: archives that are no tars are files to ADD and no layers; the parsers for them are not even in the program.
. "$BRYO_SOURCE/tests/e2e/lib.sh"
. "$BRYO_SOURCE/tests/e2e/layout.bash"

mkdir -p context formats
echo inside > inside
python3 -I -S - << 'END'
import struct, zipfile, zlib
zipfile.ZipFile("formats/a.zip", "w").write("inside")
open("formats/a.ar", "wb").write(b"!<arch>\n" + b"inside/         0           0     0     644     7         `\ninside\n\n")
open("formats/a.cpio", "wb").write(b"07070100000001000081a400000000000000000000000100000000000000070000000000000000000000000000000000000007000000000000inside\0\0inside\n\0")
open("formats/a.rar", "wb").write(b"Rar!\x1a\x07\x01\x00" + b"\0" * 600)
open("formats/a.7z", "wb").write(b"7z\xbc\xaf\x27\x1c\x00\x04" + b"\0" * 600)
open("formats/a.cab", "wb").write(b"MSCF\0\0\0\0" + b"\0" * 600)
open("formats/a.iso", "wb").write(b"\0" * 32768 + b"\x01CD001\x01\0" + b"\0" * 2040 + b"\xffCD001\x01" + b"\0" * 2041)
open("formats/a.xar", "wb").write(b"xar!" + struct.pack(">HHQQI", 28, 1, 11, 7, 1) + zlib.compress(b"<xar/>\n"))
open("formats/a.mtree", "wb").write(b"#mtree\ninside type=file mode=0644 size=7\n" + b"#\n" * 300)
open("formats/a.warc", "wb").write(b"WARC/1.0\r\nWARC-Type: resource\r\nContent-Length: 7\r\n\r\ninside\n\r\n\r\n")
open("formats/a.lha", "wb").write(b"\x22\0-lh0-" + struct.pack("<II", 7, 7) + b"\0" * 600)
END
[ "$(find formats -type f | wc -l)" -eq 11 ] || fail "not all formats were made"
cp formats/* context/
{ echo 'FROM scratch'; (cd formats && for f in *; do echo "ADD $f /out/"; done); } > context/Dockerfile
works bryo build -o out context
for f in formats/*; do
        cmp "$f" "out/out/${f#formats/}" || fail "ADD unpacked or changed ${f#formats/}"
        case $f in *.iso) continue ;; esac # it begins with the end of a tar: an empty layer with something behind it
        rm -rf layout
        layout layout "$f"
        assert_fails 1 "tar" bryo load -i layout
done
# Nothing in the program could read them.
symbols=$(nm "$BRYO" 2> /dev/null || true)
[ -n "$symbols" ] || skip "the program has no symbols to look at"
for symbol in format_all format_rar format_7zip format_iso9660 format_zip format_cab format_xar format_lha format_mtree format_warc filter_all; do
        ! grep -q "archive_read_support_$symbol\$" <<< "$symbols" || fail "archive_read_support_$symbol is in the program"
done
