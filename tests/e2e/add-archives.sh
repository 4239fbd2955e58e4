#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
#
# ADD of local files: archives are unpacked with their owners, by content and not by name; other files are copied.
. "$BRYO_SOURCE/tests/e2e/lib.sh"

need xz zstd bzip2
base busybox
mkdir -p tree/dir context
echo inside > tree/dir/file
chmod 0640 tree/dir/file
ln -s file tree/dir/link
tar -C tree --owner=12 --group=34 -cf context/plain.tar dir
gzip -k < context/plain.tar > context/a.tar.gz
xz -k < context/plain.tar > context/a.tar.xz
bzip2 -k < context/plain.tar > context/a.tar.bz2
zstd -q < context/plain.tar > context/a.tar.zst
cp context/a.tar.gz context/misnamed.bin
echo text | gzip > context/no-archive.gz
echo 'not a tar' > context/fake.tar
dockerfile << 'END'
FROM busybox
ADD plain.tar /plain
ADD a.tar.gz /gz/
ADD a.tar.xz /xz
ADD a.tar.bz2 /bz2
ADD a.tar.zst /zst
ADD misnamed.bin /misnamed
ADD --chown=app:staff plain.tar /owned
ADD no-archive.gz fake.tar /copied/
COPY plain.tar /copied/
END
build
# C10.1 C10.2 C10.3
for place in plain gz xz bz2 zst misnamed; do
        assert_equal "$(image_run image stat -c '%u:%g %a' /$place/dir/file)" "12:34 640" "the file below /$place"
        assert_equal "$(image_run image cat /$place/dir/link)" inside "the file below /$place"
done
# D6.4
assert_equal "$(image_run image stat -c '%U:%G' /owned/dir/file)" app:staff
# C10.5
assert_equal "$(image_run image ls /copied)" $'fake.tar\nno-archive.gz\nplain.tar'

# C10.4 C10.6 C7.5 D6.4: kept whole; what is there is overwritten as tar does; --chmod does not reach into an archive
mkdir -p tree2/dir/link tree2/existing
echo other > tree2/dir/file
chmod 0600 tree2/dir/file
tar -C tree2 --owner=1 --group=1 -cf context/second.tar .
dockerfile << 'END'
FROM busybox
ADD plain.tar /t
RUN echo kept > /t/dir/kept && mkdir -p /t/existing && echo in > /t/existing/in && chmod 0700 /t/existing
ADD --chmod=777 second.tar /t
ADD --unpack=false plain.tar a.tar.zst /whole/
ADD --unpack=true a.tar.xz /forced
ADD --link a.tar.gz /linked/
ADD --exclude=*.gz a.tar.gz a.tar.xz /some/
END
build
assert_equal "$(image_run image sh -c 'cd /t && cat dir/file dir/kept existing/in; stat -c "%n %a %u" dir/file existing dir/link; ls /whole /forced /some; cat /linked/dir/file')" \
        'other
kept
in
dir/file 600 1
existing 755 1
dir/link 755 1
/forced:
dir

/some:
dir

/whole:
a.tar.zst
plain.tar
inside'

# A link that an archive brings along and then follows leads nowhere outside the image.
mkdir evil
ln -s /etc evil/link
tar -C evil -cf context/evil.tar link
plant_file evil2/link/planted x
tar -C evil2 -rf context/evil.tar link/planted
dockerfile << 'END'
FROM busybox
ADD evil.tar /target
END
capture bryo build -t image context
[ "$status" -eq 0 ] || assert_equal "$status" 1
[ ! -e /etc/planted ] || fail "the archive wrote to the host"
# Broken and cut archives.
head -c 200000 /dev/urandom > tree/dir/random
tar -C tree -czf whole.tar.gz dir
head -c 100000 whole.tar.gz > context/cut.tar.gz
dockerfile << 'END'
FROM busybox
ADD cut.tar.gz /x
END
build_fails "cut.tar.gz"
assert_contains "$errors" "Dockerfile:2"
