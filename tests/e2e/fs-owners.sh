#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
#
# Owners and permissions (tests/fs/owners.c). Ids that no subordinate id stands for cannot be given inside a step; those that
# layers and COPY bring are kept, whatever happens to the file.
. "$BRYO_SOURCE/tests/e2e/fs-lib.sh"

fs_topic owners

mkdir -p root/dir
echo text > root/dir/f
echo text > root/g
tar -C root --owner=:4294967294 --group=:4000000000 -cf far.tar dir/f g
tar -C root --owner=:0 --group=:0 --no-recursion -rf far.tar dir
works bryo import far.tar far
dockerfile << 'END'
FROM busybox
COPY --from=far / /far/
COPY --chown=4294967293:70000 Dockerfile /far/chowned
RUN test "$(stat -c %u:%g /far/dir/f)" = 65534:65534 && cat /far/dir/f && test "$(stat -c %u:%g /far/chowned)" = 65534:65534
# Nobody may write to it or take its name away (EOVERFLOW, EACCES); its directory can move.
RUN ! echo x 2> /dev/null >> /far/dir/f && ! rm -f /far/dir/f 2> /dev/null && mv /far/dir /far/moved
END
build
listing=$(for layer in $(image_layers image layers | tail -n +2); do tar --numeric-owner -tvf "$layer"; done)
assert_matches "$listing" ' 4294967294/4000000000 +5 .* far/dir/f'
assert_matches "$listing" ' 4294967294/4000000000 +5 .* far/moved/f'
assert_matches "$listing" ' 4294967293/70000 .* far/chowned'
