#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
#
# The options of RUN --mount: how they are written, expanded and refused.
. "$BRYO_SOURCE/tests/e2e/lib.sh"

base busybox
plant_file 'context/a,b' comma
plant_file context/f f
dockerfile << 'END'
FROM busybox
ARG WHERE=/place
# MOUNT.1: commas in quotes (which the flag itself would take away, hence the backslashes); MOUNT.3; MOUNT.7, E3.7: expansion
RUN --mount=type=bind,\"src=a,b\",dst=${WHERE}/one --mount=source=f,destination=$WHERE/two cat /place/one /place/two
# MOUNT.6: in the order of their targets, whatever the order written
RUN --mount=type=tmpfs,target=/o/in/side --mount=target=/o,rw ls -d /o/f /o/in/side
# ALIEN.1, D3.1
RUN --mount=target=/z,z,bind-propagation=rslave --mount=type=tmpfs,target=/zz,Z ls /z/f
END
build
assert_contains "$said" " comma"
assert_contains "$said" " f"
assert_contains "$said" " /o/in/side"
assert_contains "$said" " /z/f"
assert_contains "$said" "the option z means nothing here and is ignored"

# refused OPTIONS TEXT
refused() {
        printf 'FROM busybox\nRUN --mount=%s true\n' "$1" | dockerfile
        build_fails "$2"
}
refused required,type=secret,id=x 'write type= in front of it' # MOUNT.2
refused type=tmpfs,target=/ "the target cannot be '/'" # MOUNT.5
refused type=tmpfs,target=/a/.. "the target cannot be" # MOUNT.5
refused type=cache,tagret=/x 'did you mean target?' # MOUNT.8
refused type=tmpfs,target=/x,tmpcopyup "'tmpcopyup' of other builders is not supported" # ALIEN.2
refused target=/x,U "'U' of other builders is not supported" # ALIEN.2
refused from=000000000000,target=/x 'the image 000000000000' # FROM.7: an index is the name of an image (zeros, lest it begins an ID)
refused type=tmpfs,target=/sys/x 'which the sandbox provides'
