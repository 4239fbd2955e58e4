#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
#
# Links of an image that would lead to the host if they were resolved there (CVE-2014-9356, CVE-2019-18466, CVE-2026-55686):
# COPY, ADD, WORKDIR and the look-up of names stay in the image's tree; honest archives with such links work (moby 53257).
. "$BRYO_SOURCE/tests/e2e/lib.sh"
. "$BRYO_SOURCE/tests/e2e/host-tree.bash"

need strace
# LeakSanitizer does not work below strace.
export ASAN_OPTIONS="${ASAN_OPTIONS:-}:detect_leaks=0"
base busybox
canary_plant
plant_file context/f content
mkdir -p tree/d
echo x > tree/d/g
tar -C tree -cf context/t.tar d
up=../../../../../../../../../../../..
dockerfile << END
FROM busybox AS s
RUN ln -s $up$CANARY /l && ln -s ../../.. /a && ln -s $CANARY /w && mkdir -p /real && ln -s $CANARY/secret /file
FROM s
COPY f /l/f
COPY f /l/deep/er/f
COPY f /a/by-dots
COPY f /file
ADD t.tar /l/
ADD t.tar /w/sub
WORKDIR /w/new
COPY f here
WORKDIR /w/../x
RUN test "\$(cat $CANARY/f)" = content && test -e /by-dots && test "\$(cat $CANARY/secret)" = content \\
 && test -e $CANARY/d/g && test -e $CANARY/sub/d/g && test -e $CANARY/new/here && test -d /x
END
builds_or_refuses
[ "$status" -eq 0 ] || fail "the build fails" errors "$errors"
# ... nor as a source: there is nothing there in the stage
for source in /l/secret /w /a/..$CANARY/secret /file; do
        printf 'FROM busybox AS s\nRUN ln -s %s%s /l && ln -s %s /w && ln -s ../../.. /a && ln -s %s/secret /file\nFROM busybox\nCOPY --from=s %s /y\n' \
                "$up" "$CANARY" "$CANARY" "$CANARY" "$source" | dockerfile
        refuses "not found"
done
# not even looked at
capture strace -f -qq -e trace=%file -o trace bryo build -t image context
assert_lacks "$(grep -v execve trace | grep -F "\"$CANARY" || true)" canary
# from the context
ln -s "$CANARY/secret" context/secret
ln -s "$CANARY" context/out
for source in secret out out/secret; do
        printf 'FROM busybox\nCOPY %s /y\n' "$source" | dockerfile
        refuses "not found"
done
printf 'FROM busybox\nCOPY . /all\n' | dockerfile
builds_or_refuses
assert_equal "$(image_run image readlink /all/secret)" "$CANARY/secret"

# Replacing: what a link points at is not what goes; "..", and a name that ends in it, is no sibling of anything
dockerfile << END
FROM busybox
RUN mkdir -p /p/dir /p/victim && echo keep > /p/victim/file && ln -s victim /p/dir/link && ln -s /p/victim /link
COPY f /p/dir/
COPY d /p/
COPY f /p/dir/../seen
COPY f /p/dir/..
END
mkdir -p context/d/dir
echo replaced > context/d/dir/link
builds_or_refuses
assert_equal "$(image_run image sh -c 'cat /p/victim/file /p/dir/link /p/seen /p/f; readlink /link')" 'keep
replaced
content
content
/p/victim'

# Honest archives: absolute links, hard links through them, implied parents, absolute hard link targets
python3 - << 'END'
import io, tarfile
def add(t, name, kind=tarfile.REGTYPE, link="", data=b""):
    e = tarfile.TarInfo(name)
    e.type, e.linkname, e.size, e.mode = kind, link, len(data), 0o755
    t.addfile(e, io.BytesIO(data))
with tarfile.open("context/honest.tar", "w") as t:
    add(t, "run", tarfile.DIRTYPE)
    add(t, "var", tarfile.DIRTYPE)
    add(t, "var/run", tarfile.SYMTYPE, "/run")
    add(t, "var/run/pid", data=b"1\n")
    add(t, "hard", tarfile.LNKTYPE, "var/run/pid")
    add(t, "absolute", tarfile.LNKTYPE, "/run/pid")
    add(t, "implied/parent/file", data=b"2\n")
END
printf 'FROM busybox\nADD honest.tar /\n' | dockerfile
builds_or_refuses
[ "$status" -eq 0 ] || fail "an honest archive is refused" errors "$errors"
assert_equal "$(image_run image sh -c 'cat /run/pid /hard /implied/parent/file; stat -c %h /absolute; readlink /var/run')" $'1\n1\n2\n3\n/run'

# Account files that are none: a FIFO, a device, a directory, a link to the host's, one that is too large
for make in 'mkfifo /etc/passwd' 'ln -s /dev/zero /etc/passwd' 'mkdir /etc/passwd' "ln -s $CANARY/secret /etc/passwd" \
        'dd if=/dev/zero of=/etc/passwd bs=1M count=0 seek=11'; do
        printf 'FROM busybox\nRUN rm /etc/passwd && %s\nCOPY --chown=someone f /\n' "$make" | dockerfile
        refuses "someone"
        printf 'FROM busybox\nRUN rm /etc/passwd && %s\nUSER someone\nRUN true\n' "$make" | dockerfile
        refuses "Dockerfile:"
done
