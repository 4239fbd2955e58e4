#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
#
# A context tar that wants to read or write outside itself (X1.2): entries of any name end inside the tree, and links are resolved in it.
. "$BRYO_SOURCE/tests/e2e/lib.sh"
. "$BRYO_SOURCE/tests/servers/lib.sh"

base busybox
canary=canary-$$-$RANDOM
mkdir host
printf 'FROM busybox\nRUN echo %s\n' "$canary" > host/f
serve web

# tar_of NAME TYPE [TARGET]: a tar with a Dockerfile, a file `plain`, and this member.
tar_of() {
        python3 - "$@" << 'END'
import io, sys, tarfile
name, kind, target = sys.argv[1].replace("\\0", "\0"), sys.argv[2], sys.argv[3] if len(sys.argv) > 3 else ""
with tarfile.open("t.tar", "w", format=tarfile.PAX_FORMAT) as tar:
    def add(name, data=b"", kind=tarfile.REGTYPE, target=""):
        member = tarfile.TarInfo(name)
        member.size, member.type, member.linkname = len(data), kind, target
        tar.addfile(member, io.BytesIO(data))
    if name != "Dockerfile":
        add("Dockerfile", b"FROM busybox\nCOPY . /c/\n")
    add("plain", b"plain\n")
    if kind == "through":
        add("link", kind=tarfile.SYMTYPE, target=target)
        add(name, b"escaped\n")
    else:
        add(name, b"escaped\n" if kind == "file" else b"", {"file": tarfile.REGTYPE, "symlink": tarfile.SYMTYPE, "hardlink": tarfile.LNKTYPE}[kind], target)
        if name == "Dockerfile":
            add("junk", b"x" * 2048)
END
}

# assert_inside WHAT: the build ended with an error or an image, nothing appeared beside the tar, and no byte of the host is anywhere.
assert_inside() {
        assert_equal "$(cat victim; ls -A ..)" "$around" "$1: what lies around"
        assert_lacks "$output$errors" "$canary"
        if [ "$status" -eq 0 ] && bryo save -o - image 2> /dev/null | grep -aq "$canary"; then
                fail "$1: a file of the host is in the image"
        fi
        [ "$status" -le 1 ] || fail "$1: exit status $status" errors "$errors"
}

printf 'untouched\n' > victim
around=$(cat victim; ls -A ..)
for name in ../x /x a/../../x //x ./.././x 'a/..' '..\x' "$(printf 'y%.0s' {1..5000})" '../../../../../../../../tmp/bryo-escape' 'x\0y'; do
        tar_of "$name" file
        capture bryo build -t image - < t.tar
        assert_inside "$name"
done
[ ! -e /tmp/bryo-escape ] || fail "an entry was written outside"
tar_of link/victim through "$PWD"
capture bryo build -t image - < t.tar
assert_inside "through a link"
tar_of hard hardlink "$PWD/host/f"
capture bryo build -t image - < t.tar
assert_inside "hard link"
assert_equal "$status" 1

# A Dockerfile that is a link to the host is refused; the same over HTTP.
tar_of Dockerfile symlink "$PWD/host/f"
capture bryo build -t image - < t.tar
assert_inside "Dockerfile as a link"
assert_equal "$status" 1
assert_contains "$errors" "Dockerfile is a link that leads to nothing in the context"
cp t.tar web/files/t.tar
capture bryo build -t image "http://127.0.0.1:$port/file/t.tar"
assert_inside "Dockerfile as a link over HTTP"
assert_equal "$status" 1
assert_contains "$errors" "Dockerfile is a link that leads to nothing in the context"
