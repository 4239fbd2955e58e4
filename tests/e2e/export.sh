#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
#
# export: the files of an image as one tar, which import makes the same image of; image prune; the filters of image ls.
. "$BRYO_SOURCE/tests/e2e/lib.sh"

need jq
base busybox
dockerfile << 'END'
FROM busybox
RUN mkdir -p /d && echo x > /d/x && ln /d/x /d/y && chown 7:8 /d && chmod 4755 /d/x && rm /bin/zcat && mkfifo /pipe
END
build
works bryo export -o files.tar image
tar --numeric-owner -tvf files.tar > listing
grep -q '^drwxr-xr-x 7/8 .* d/$' listing || fail "the owner is lost" listing "$(cat listing)"
grep -q '^-rwsr-xr-x 0/0 .* d/x$' listing || fail "the mode is lost" listing "$(cat listing)"
grep -q ' d/y link to d/x$' listing || fail "the link is lost" listing "$(cat listing)"
! grep -q ' bin/zcat' listing || fail "what was removed is there"
bryo export image > piped.tar
cmp files.tar piped.tar
bryo container export image | cmp - files.tar
works bryo import files.tar again
works bryo export -o again.tar again
cmp files.tar again.tar || fail "import and export changed something"
assert_fails 1 "no such image" bryo export -o x.tar absent
[ ! -e x.tar ] || fail "a failed export left its file"
assert_fails 2 "IMAGE" bryo export

# image ls --filter
build -t nameless
dockerfile <<< $'FROM busybox\nRUN echo other > /other'
build -t nameless
build -t other/name:1
works bryo build -q context
assert_equal "$(bryo image ls --filter reference=other/* --format json | jq -r .Repository)" other/name
assert_equal "$(bryo images -f 'reference=*:latest' --format json | jq -r .Repository | sort | tr '\n' ' ')" "again busybox image nameless "
assert_equal "$(bryo images -f dangling=false -q | wc -l)" 5
assert_fails 2 "the filters are" bryo image ls --filter label=x

# image prune: what has no name goes, the cache stays; --all takes everything, if it is meant.
works bryo image rm -f image
works bryo image prune -f
assert_contains "$output" "Total reclaimed space"
assert_equal "$(bryo images -f dangling=true -q)" ""
build -t nameless
assert_contains "$said" CACHED
assert_fails 2 "add --force" bryo image prune --all
assert_equal "$(bryo images -q | wc -l)" 4
works bryo image prune -af
assert_contains "$output" "untagged: other/name:1"
assert_equal "$(bryo images -q)" ""
