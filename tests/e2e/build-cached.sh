#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
#
# TIMES.4: The second build of the same input runs nothing and gives the same image; the key is the content, not its time.
. "$BRYO_SOURCE/tests/e2e/lib.sh"

base busybox
plant_file context/input one
plant_file context/tree/a/b deep
dockerfile << 'END'
FROM busybox AS one
RUN cat /proc/sys/kernel/random/uuid > /uuid
COPY input /input
COPY tree /tree
RUN cat /input /tree/a/b > /output
FROM busybox
COPY --from=one /uuid /output /
ENV kind=cached
CMD cat /uuid
END
build
id=$(image_id image)
created=$(image_config image '.Created // .created')
uuid=$(image_run image)
sleep 1.1

build
assert_equal "$(image_id image)" "$id" "the image ID of a fully cached rebuild"
assert_equal "$(image_config image '.Created // .created')" "$created"
assert_equal "$(image_run image)" "$uuid" "what a RUN made that must not run again"

# Times are no content; neither is where the context lies.
touch context/input context/tree/a/b context/tree
cp -r context elsewhere
build
assert_equal "$(image_id image)" "$id" "the image ID after touch"
works bryo build -t image elsewhere
assert_equal "$(image_id image)" "$id" "the image ID from a copy of the context"

# Content, mode and names are: what depends on them runs again, what does not stays cached.
echo two > context/input
build
[ "$(image_id image)" != "$id" ] || fail "another content gave the same image"
assert_equal "$(image_run image)" "$uuid" "what does not depend on the input"
assert_equal "$(image_run image cat /output)" $'two\ndeep'
two=$(image_id image)
chmod 0755 context/tree/a/b
build --target one -t mode
assert_equal "$(image_run mode stat -c %a /tree/a/b)" 755
echo one > context/input
chmod 0644 context/tree/a/b
build
assert_equal "$(image_id image)" "$id" "the image ID with the first content again"
[ "$id" != "$two" ]

# --no-cache runs everything.
# K6.1
build --no-cache
[ "$(image_run image)" != "$uuid" ] || fail "--no-cache used the cache"
assert_lacks "$said" CACHED

# K6.3: a hit reads nothing of the base's layer, the only blob of that size
build
find "$XDG_DATA_HOME/bryo/blobs" -type f -size +1000k -exec mv {} base.tar ';'
[ -s base.tar ] || fail "no blob is the base's layer"
build
assert_equal "$(grep -c CACHED <<< "$said")" 5
