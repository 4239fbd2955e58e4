#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
#
# --output: the files in a directory or a tar, the image as OCI and docker archive, nothing at all; several at once.
. "$BRYO_SOURCE/tests/e2e/lib.sh"

need jq skopeo
base busybox
mkdir -p context/tree/deep
plant_file context/tree/file text
plant_file context/tree/deep/gone below
chmod 0751 context/tree/deep
dockerfile << 'END'
FROM busybox AS made
COPY tree /tree
RUN ln /tree/file /tree/second && ln -s /etc/passwd /tree/link && mkfifo /tree/pipe && \
    chmod 4755 /tree/file && chown 7:8 /tree/deep && touch -d '2001-02-03 04:05:06' /tree/deep
FROM scratch
COPY --from=made /tree /
END

# A directory: everything is the caller's, no link is followed, what is there is replaced or stays.
plant_file canary outside
mkdir -p out/deep
ln -s ../canary out/file
plant_file out/own mine
works bryo build -o out context
assert_equal "$(cat canary)" outside "what a link in the destination pointed to"
assert_equal "$(stat -c '%a %h %U %F' out/file)" "755 2 $(id -un) regular file"
assert_equal "$(stat -c %i out/file)" "$(stat -c %i out/second)" "the inode of the hard link"
assert_equal "$(readlink out/link)" /etc/passwd
assert_equal "$(stat -c '%F' out/pipe)" fifo
assert_equal "$(stat -c '%a %Y' out/deep)" "751 $(date -d '2001-02-03 04:05:06 UTC' +%s)"
assert_equal "$(cat out/deep/gone out/own)" "below"$'\n'"mine"
# Once more over itself, and as type=local.
works bryo build --output type=local,dest=out context
assert_equal "$(cat out/deep/gone)" below
# A directory is never removed for a file.
rm out/file && mkdir out/file
assert_fails 1 "out/file" bryo build -o out context

# A tar keeps the owners; "-" is standard output.
works bryo build -o type=tar,dest=files.tar context
tar --numeric-owner -tvf files.tar > listing
grep -q '^drwxr-x--x 7/8 .* deep/$' listing || fail "the tar has other owners" listing "$(cat listing)"
grep -q 'second link to file$' listing || fail "the tar has no hard link" listing "$(cat listing)"
bryo build -q -o - context > piped.tar 2> errors || fail "no tar on standard output" errors "$(cat errors)"
cmp files.tar piped.tar
assert_matches "$(cat errors)" '^sha256:[0-9a-f]{64}$'

# Archives: what skopeo reads is what was built, under its names.
works bryo build -t one -o type=oci,dest=image.oci,name=two:2 -o type=docker,dest=image.docker --iidfile id context
assert_equal "$(image_id two:2)" "$(cat id)" "the image that name= names"
assert_equal "$(skopeo inspect --config --raw oci-archive:image.oci:latest | sha256sum | cut -d' ' -f1)" "$(sed s/sha256:// id)"
assert_equal "$(skopeo inspect --config --raw docker-archive:image.docker:one:latest | sha256sum | cut -d' ' -f1)" "$(sed s/sha256:// id)"
assert_equal "$(tar -xOf image.docker manifest.json | jq -c '.[0].RepoTags')" '["one:latest","two:2"]'
works bryo build -o type=oci,tar=false,dest=layout context
assert_equal "$(jq -r .imageLayoutVersion layout/oci-layout)" 1.0.0
works bryo build -o type=cacheonly context
works bryo build -o type=image,name=three context
assert_equal "$(image_id three)" "$(cat id)"

# Wrong ones.
assert_fails 2 "dest=DIR" bryo build -o type=local context
assert_fails 2 "type=zip" bryo build -o type=zip,dest=x context
assert_fails 2 "colour" bryo build -o type=tar,dest=x,colour=red context
works bryo build -o type=oci,dest=other.oci,unpack=true context
assert_contains "$errors" "unpack=true is ignored"
