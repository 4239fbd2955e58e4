#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
#
# COPY onto what is there already: directories keep or take attributes, files and links are replaced or followed.
. "$BRYO_SOURCE/tests/e2e/lib.sh"

base busybox
mkdir -p context/src/sub context/src/links
printf new > context/src/sub/file
printf new > context/src/links/f
printf new > context/src/links/g
chmod 0750 context/src/sub
touch -d @1500000000 context/src/sub
touch -d @1400000000 context/src
dockerfile << 'END'
FROM busybox
RUN mkdir -p /dst/sub && chmod 0711 /dst && chown 5:6 /dst && chmod 0700 /dst/sub && chown 7:8 /dst/sub \
 && mkdir -p /dst/links && echo old > /dst/links/real && ln -s real /dst/links/f && echo old > /dst/links/g \
 && mkdir /real && ln -s /real /via && touch /real/target && ln -s /real/target /to-file && ln -s gone /to-nothing
COPY src /dst
COPY src/sub/file /to-file
COPY src/sub/file /to-nothing
COPY src/sub /via
COPY --chmod=777 src/sub/file /fresh/parents/file
COPY --chmod=a-w,u+s src/sub/file /symbolic
COPY --chmod=640 src/links /modes
END
ln -s f context/src/links/l
build
# C3.1 C3.2
assert_equal "$(image_run image stat -c '%n %a %u:%g %Y' /dst /dst/sub)" '/dst 711 5:6 1400000000
/dst/sub 750 0:0 1500000000'
# C3.3 a link below the destination is replaced
assert_equal "$(image_run image sh -c 'cat /dst/links/f /dst/links/g /dst/links/real; stat -c %F /dst/links/f')" 'newnewold
regular file'
# D7.1 C1.4 the instruction's own destination is followed, also to what is not there yet
assert_equal "$(image_run image sh -c 'cat /real/target /gone; readlink /to-file; readlink /to-nothing; ls /real')" 'newnew/real/target
gone
file
target'
# C2.6 C7.1 C7.2 C7.3 C7.4
assert_equal "$(image_run image stat -c '%n %a' /fresh /fresh/parents /fresh/parents/file /symbolic /modes /modes/f)" '/fresh 777
/fresh/parents 777
/fresh/parents/file 777
/symbolic 4444
/modes 640
/modes/f 640'
mapfile -t layers < <(image_layers image layers)
assert_matches "$(tar -tvf "${layers[-1]}")" 'lrwxrwxrwx .*modes/l -> f'

# C3.4
printf 'FROM busybox\nRUN mkdir -p /d/file\nCOPY src/sub /d\n' | dockerfile
build_fails 'Dockerfile:3:14: cannot replace the directory /d/file by a file'
printf 'FROM busybox\nRUN mkdir /d && touch /d/sub\nCOPY src /d\n' | dockerfile
build_fails 'Dockerfile:3:10: cannot replace /d/sub by a directory'
# D7.2 a directory of the source where the destination has a link to a directory
printf 'FROM busybox\nRUN mkdir -p /d /elsewhere && ln -s /elsewhere /d/sub\nCOPY src /d\n' | dockerfile
build_fails 'Dockerfile:3:10: cannot replace /d/sub by a directory'
