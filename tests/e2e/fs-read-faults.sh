#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
#
# Bytes of a layer cannot be read, or are gone: the program gets EIO, the step fails whatever the program makes of it, the
# build names the file and what it lies in; with the bytes back everything is as before.
. "$BRYO_SOURCE/tests/e2e/lib.sh"

base busybox
mkdir -p context
head -c 1000000 /dev/urandom > context/file
dockerfile << 'END'
FROM busybox
COPY file /file
END
build
dockerfile << 'END'
FROM busybox
COPY file /file
RUN cat /file > /dev/null || echo "cat gave $?"
END
data=$(find "$XDG_DATA_HOME/bryo/data" -type f -size +900k)
assert_equal "$(printf '%s\n' "$data" | wc -l)" 1 "the number of large data files"

# refused REASON COMMAND...: the build fails for this reason, and says where.
refused() {
        assert_fails 1 "$1" "${@:2}" bryo build --progress=plain -t image context
        assert_contains "$errors" "cannot read /file"
        assert_contains "$errors" "data/${data##*/}"
        assert_contains "$errors" "Dockerfile:3"
        assert_contains "$output$errors" "cat: "
        assert_contains "$output$errors" "cat gave 1"
}

refused "Input/output error" with_faults read 5 "/bryo/data/" 0
cp "$data" saved
chmod u+w "$data"
truncate -s 500000 "$data"
refused "is damaged: it has 500000 bytes" env
cp saved "$data"
build
assert_equal "$(image_run image sha256sum /file)" "$(sha256sum < context/file | cut -d ' ' -f 1)  /file"

# data that is gone is noticed before it is needed: the step is made again
rm "$data"
sed -i 's,/dev/null,/dev/zero,' context/Dockerfile
build
assert_contains "$said" "its data is gone"
assert_lacks "$said" "cat gave 1"
