#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
#
# COPY --from: a stage by name and number, an image; hard links, modes and times are kept; nothing is copied twice on disk.
. "$BRYO_SOURCE/tests/e2e/lib.sh"

base busybox
dockerfile << 'END'
FROM busybox AS upstream
RUN mkdir -p /tree/sub && echo one > /tree/a && ln /tree/a /tree/sub/hard && ln -s a /tree/soft && mkfifo /tree/pipe \
 && touch -d @1600000000 /tree/a /tree/sub && dd if=/dev/urandom of=/tree/big bs=1M count=20 && chmod 0700 /tree/sub
FROM busybox
COPY --from=upstream /tree /tree
FROM busybox
COPY --from=0 /tree/a /number
COPY --from=UPSTREAM /tree/a /name
COPY --from=1 /tree /tree
COPY --from=busybox /etc/group /image
END
build
assert_equal "$(image_run image cat /number /name /tree/soft /tree/sub/hard)" $'one\none\none\none'
assert_equal "$(image_run image stat -c '%F %h %a %Y' /tree/a)" "regular file 2 644 1600000000"
assert_equal "$(image_run image sh -c 'stat -c %i /tree/a; stat -c %i /tree/sub/hard' | sort -u | wc -l)" 1 "the number of inodes"
assert_equal "$(image_run image stat -c '%F %a' /tree/pipe)" "fifo 644"
assert_equal "$(image_run image sh -c 'head -n 1 /image')" "root:x:0:"

# The random 20 MiB stand in the store once, though three stages have them.
size=$(du -sk "$XDG_DATA_HOME/bryo" | cut -f 1)
assert_less "$size" 45000 "kilobytes of the store"
dockerfile << 'END'
FROM image
COPY --from=image /tree /again
END
build -t again --no-cache
assert_less "$(du -sk "$XDG_DATA_HOME/bryo" | cut -f 1)" "$((size + 25000))" "kilobytes of the store after another copy"
