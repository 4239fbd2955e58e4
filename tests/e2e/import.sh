#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
#
# import: a root file system tar becomes an image, whatever wrote it; what is no tar is refused.
. "$BRYO_SOURCE/tests/e2e/lib.sh"

tar=$(fixture busybox)
works bryo import "$tar" plain
assert_equal "$(image_run plain stat -c '%n %U:%G %a' /tmp /root /home/app /bin/busybox)" '/tmp root:root 1777
/root root:root 700
/home/app app:app 755
/bin/busybox root:root 755'
assert_equal "$(image_run plain stat -c %Y /etc/passwd)" 1700000000
for program in gzip xz zstd; do
        "$program" -c < "$tar" > "root-$program"
        works bryo import "root-$program" "from-$program"
        assert_equal "$(image_run "from-$program" cat /etc/passwd)" "$(tar -xOf "$tar" ./etc/passwd)"
done

# The same bytes are the same layer.
need jq
diff_id() {
        image_config "$1" '(.RootFS // .rootfs) | (.Layers // .diff_ids)'
}
assert_equal "$(diff_id from-gzip)" "$(diff_id plain)"
assert_equal "$(diff_id plain)" "[\"sha256:$(sha256sum < "$tar" | cut -d' ' -f1)\"]"

echo 'no tar at all' > text
assert_fails 1 "text" bryo import text nothing
head -c 100000 "$tar" > cut
assert_fails 1 "cut" bryo import cut nothing
assert_fails 1 "absent" bryo import absent nothing
assert_fails 1 "Name" bryo import "$tar" Name
assert_lacks "$(output_of bryo image ls)" nothing
