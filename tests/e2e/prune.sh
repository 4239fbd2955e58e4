#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
#
# prune gives space back: what no tag and no cache needs, and with --all the cache as well; what is tagged still runs.
. "$BRYO_SOURCE/tests/e2e/lib.sh"

used() {
        du -sk "$XDG_DATA_HOME/bryo" | cut -f 1
}

base busybox
works bryo prune --all
empty=$(used)
dockerfile << 'END'
FROM busybox AS big
RUN dd if=/dev/urandom of=/big bs=1M count=30 && echo small > /small
FROM busybox
COPY --from=big /small /small
END
build
build -t big --target big
full=$(used)
assert_less "$((empty + 29000))" "$full" "kilobytes before, with 29 MB more,"

# Everything is still needed.
works bryo prune
assert_equal "$(image_run image cat /small)" small
assert_equal "$(image_run big stat -c %s /big)" 31457280
assert_less "$((empty + 29000))" "$(used)" "kilobytes before, with 29 MB more,"

# The small file shares its bytes' source with the big one; the big one goes all the same.
works bryo image rm big
works bryo prune --all
assert_less "$(used)" "$((empty + 2000))" "kilobytes after the last prune"
assert_equal "$(image_run image cat /small)" small
works bryo image rm image busybox
works bryo prune --all
assert_less "$(used)" 400 "kilobytes of an empty store"
assert_equal "$(output_of bryo image ls | wc -l)" 1 "the lines of the listing"
