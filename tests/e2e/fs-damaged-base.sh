#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
#
# A base image whose layer, or whose index, was damaged in the store: a build on it fails and names the file.
. "$BRYO_SOURCE/tests/e2e/lib.sh"

base busybox
store=$XDG_DATA_HOME/bryo
dockerfile << 'END'
FROM busybox
RUN echo hello > /hello
END
layer=$(find "$store/blobs/sha256" -type f -size +500k)
index=$(find "$store/indexes" -type f)
assert_equal "$(printf '%s\n' "$layer" "$index" | wc -l)" 2 "the number of layers and indexes"

# damaged FILE TEXT: the build fails with the text, for as long as the file is as it is.
damaged() {
        assert_fails 1 "$2" bryo build --progress=plain -t image context
        assert_contains "$errors" "${1##*/}"
}

cp "$layer" saved
chmod u+w "$layer" "$index"
truncate -s 4096 "$layer"
damaged "$layer" "is damaged: it has 4096 bytes"
cp saved "$layer"

cp "$index" saved
truncate -s 4096 "$index"
damaged "$index" "is damaged"
# a name of the root directory with a slash in it; strings come last
cp saved "$index"
printf 'tm/' > patch
offset=$(grep -abo 'tmp' saved | head -n 1 | cut -d : -f 1)
dd if=patch of="$index" bs=1 seek="$offset" conv=notrunc 2> /dev/null
dockerfile << 'END'
FROM busybox
RUN ls / > /hello
END
damaged "$index" "is damaged"
cp saved "$index"
works with_faults read 5 /bryo/nowhere 0 bryo image ls
assert_fails 1 "Input/output error" with_faults read 5 /bryo/indexes/ 0 bryo build --progress=plain -t image context
assert_contains "$errors" "${index##*/}"
build
