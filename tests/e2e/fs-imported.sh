#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
#
# GUARD.11: What a RUN may not make (trusted attributes, device nodes) is kept when a layer brings it, through every change of what is
# around it; attributes that are commands to other builders are data here.
. "$BRYO_SOURCE/tests/e2e/fs-lib.sh"

need python3
cp "$(fixture busybox)" odd.tar
chmod u+w odd.tar
python3 - << 'PYTHON'
import io, tarfile
with tarfile.open("odd.tar", "a", format=tarfile.PAX_FORMAT) as tar:
    def add(name, kind=tarfile.REGTYPE, data=b"", xattrs={}, mode=0o644, device=(0, 0)):
        entry = tarfile.TarInfo(name)
        entry.type, entry.size, entry.mode = kind, len(data), mode
        entry.devmajor, entry.devminor = device
        entry.pax_headers = {"SCHILY.xattr." + key: value for key, value in xattrs.items()}
        tar.addfile(entry, io.BytesIO(data))
    add("odd", tarfile.DIRTYPE, mode=0o755)
    add("odd/dir", tarfile.DIRTYPE, mode=0o755, xattrs={"trusted.overlay.opaque": "y", "user.overlay.opaque": "y"})
    add("odd/dir/file", data=b"seen", xattrs={"trusted.overlay.whiteout": "y", "trusted.other": "kept", "user.overlay.whiteout": "y",
                                          "user.containers.override_stat": "0:0:0104755", "system.odd": "any name"})
    add("odd/dir/null", tarfile.CHRTYPE, mode=0o666, device=(1, 3))
    add("odd/dir/disk", tarfile.BLKTYPE, mode=0o660, device=(259, 70000))
    # overlayfs' own sign for a whiteout, which in a layer is a device like any other
    add("odd/dir/zero", tarfile.CHRTYPE, mode=0o600, device=(0, 0))
PYTHON
works bryo import odd.tar odd
dockerfile << 'END'
FROM odd
RUN test "$(ls /odd/dir | tr '\n' ' ')" = "disk file null zero " && test "$(cat /odd/dir/file)" = seen
RUN test "$(stat -c '%F %t %T' /odd/dir/null)" = "character special file 1 3" && test "$(stat -c %a /odd/dir/file)" = 644
RUN test "$(stat -c '%F %t %T' /odd/dir/disk)" = "block special file 103 11170"
# No program of a step opens a device that an image brings.
RUN ! cat /odd/dir/null 2> /dev/null
# Kept over rename, chmod, and a write to the file.
RUN mv /odd/dir /odd/moved && chmod 600 /odd/moved/file /odd/moved/null && printf more >> /odd/moved/file && ln /odd/moved/null /odd/moved/link
RUN test "$(stat -c '%h %a' /odd/moved/link)" = "2 600" && test "$(cat /odd/moved/file)" = seenmore
END
build
listing=$(for layer in $(image_layers image layers); do tar --xattrs --xattrs-include='*' -tvvf "$layer"; done)
for name in trusted.overlay.opaque user.overlay.opaque trusted.overlay.whiteout trusted.other user.overlay.whiteout \
        user.containers.override_stat; do
        assert_equal "$(grep -c "x: *[0-9]* $name\$" <<< "$listing")" 2 "how often the layers have $name"
done
assert_matches "$listing" 'crw------- +0/0 +1,3 .* odd/moved/(null|link)'
assert_matches "$listing" 'brw-rw---- +0/0 +259,70000 .* odd/moved/disk'
assert_matches "$listing" 'crw------- +0/0 +0,0 .* odd/moved/zero'
