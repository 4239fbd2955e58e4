#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# timeout: 300
#
# What programs expect of a file system, on lower files, new ones and both: links, renames, holes, locks, attributes.
. "$BRYO_SOURCE/tests/e2e/lib.sh"

base busybox
dockerfile << 'END'
FROM busybox AS base
RUN mkdir -p /lower/dir/sub /lower/empty && echo one > /lower/a && ln /lower/a /lower/b && echo deep > /lower/dir/sub/f \
 && dd if=/dev/zero of=/lower/large bs=64k count=64 2> /dev/null && for i in $(seq 1500); do echo $i > /lower/dir/n$i; done
FROM base
# Hard links survive the copy-up of one name.
RUN echo more >> /lower/b && test "$(cat /lower/a)" = "$(printf 'one\nmore')" && test "$(stat -c %h /lower/a)" = 2 \
 && test "$(stat -c %i /lower/a)" = "$(stat -c %i /lower/b)"
# A directory of the lower layers is renamed as a whole, over an empty one as well.
RUN mv /lower/dir /lower/moved && test "$(cat /lower/moved/sub/f)" = deep && test ! -e /lower/dir \
 && test "$(ls /lower/moved | wc -l)" = 1501 && mv -T /lower/moved /lower/empty && test "$(ls /lower/empty | wc -l)" = 1501
# A removed and remade directory is empty.
RUN rm -r /lower/empty && mkdir /lower/empty && test -z "$(ls -A /lower/empty)" && touch /lower/empty/new
# An open file outlives its name.
RUN exec 5<> /lower/large && rm /lower/large && echo tail >&5 && test "$(head -c 4 /proc/self/fd/5)" = tail && test ! -e /lower/large
# Holes, truncation in both directions, data behind it.
RUN truncate -s 1M /sparse && echo end >> /sparse && test "$(stat -c %s /sparse)" = 1048580 && test "$(stat -c %b /sparse)" -lt 100 \
 && truncate -s 10 /sparse && truncate -s 20 /sparse && test "$(od -An -tx1 /sparse | tr -d ' \n0')" = ""
# Special files, modes, owners, times.
RUN mkfifo /pipe && ln -s nowhere /dangling && chmod 7777 /sparse && test "$(stat -c %a /sparse)" = 7777 && chown 5:6 /sparse \
 && test "$(stat -c %a:%u:%g /sparse)" = 777:5:6 -o "$(stat -c %a:%u:%g /sparse)" = 1777:5:6 && touch -d @1000000000 /sparse && test "$(stat -c %Y /sparse)" = 1000000000
# A name of 255 bytes but not of 256.
RUN touch /$(head -c 255 /dev/zero | tr '\0' n) && ! touch /$(head -c 256 /dev/zero | tr '\0' n) 2> /dev/null
# rm of a tree while it is listed; many files in one directory.
RUN mkdir /many && cd /many && for i in $(seq 3000); do : > $i; done && test $(ls | wc -l) = 3000 && rm -r /many && test ! -e /many
# In the group-id directory new files get its group; the sticky one protects.
RUN mkdir /shared && chgrp 50 /shared && chmod 2777 /shared && touch /shared/f && test "$(stat -c %g /shared/f)" = 50 \
 && mkdir /shared/d && test "$(stat -c %a:%g /shared/d)" = 2755:50
USER app
RUN ! rm /etc/passwd 2> /dev/null && ! touch /root/x 2> /dev/null && touch /tmp/mine && test "$(stat -c %U /tmp/mine)" = app
USER guest
RUN ! rm -f /tmp/mine 2> /dev/null && test -e /tmp/mine
USER root
RUN ! mknod /device c 1 3 2> /dev/null
END
build

# What the layers carry is what was seen live.
assert_equal "$(image_run image stat -c '%h' /lower/a)" 2
assert_equal "$(image_run image cat /lower/a /lower/b)" $'one\nmore\none\nmore'
assert_equal "$(image_run image ls -A /lower /lower/empty)" $'/lower:\na\nb\nempty\n\n/lower/empty:\nnew'
assert_equal "$(image_run image stat -c '%a %u:%g %Y %s' /sparse | cut -d' ' -f2-)" '5:6 1000000000 20'
