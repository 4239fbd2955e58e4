#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
#
# A simulated power cut: every file of the store that nobody synced comes back as zeros. What an image needs is whole; a step that
# no image needed is a miss.
. "$BRYO_SOURCE/tests/e2e/lib.sh"

need gcc
gcc -shared -fPIC -O1 -o calls.so "$BRYO_SOURCE/tests/fixtures/calls.c"
store=$XDG_DATA_HOME/bryo
base busybox
# power_cut: zeros in the place of what is not in the file `synced`, and another boot.
power_cut() {
        local file
        lost=0
        for file in "$store"/data/* "$store"/indexes/*; do
                if [ ! -e "$file" ] || grep -qxF "$(realpath "$file")" synced; then continue; fi
                truncate -s "$(stat -c %s "$file")" zeros
                cat zeros > "$file"
                rm zeros
                lost=$((lost + 1))
        done
        sed -i 's/^boot .*/boot 00000000-0000-0000-0000-000000000000/' "$store"/steps/*
}
# logged COMMAND...: runs it and notes what it syncs.
logged() {
        works env ASAN_OPTIONS="${ASAN_OPTIONS:-}:verify_asan_link_order=0" LD_PRELOAD="$PWD/calls.so" CALLS_KIND=log CALLS_AT=0 \
                CALLS_COUNT="$PWD/synced" "$@"
        said=$output$'\n'$errors
}
find "$(realpath "$store")/indexes" -type f > synced

dockerfile << 'END'
FROM busybox AS up
RUN head -c 100000 /dev/zero | tr '\0' x > /big; cat /proc/sys/kernel/random/uuid > /id
FROM busybox AS unused
RUN echo nobody takes this > /file; echo tiny > /tiny
FROM busybox
COPY --from=up /id /id
COPY --from=unused /tiny /tiny
RUN cat /proc/sys/kernel/random/uuid > /own
END
logged bryo build --progress=plain -t image context
made=$(image_run image cat /id /tiny /own)
power_cut
assert_less 1 "$lost" "the files that were lost"
assert_equal "$(image_run image cat /id /tiny /own)" "$made" "the image after a power cut"

# the stages' own steps are executed again, and whole
logged bryo build --progress=plain -t up --target up context
assert_lacks "$said" CACHED
assert_equal "$(image_run up sh -c 'tr -d x < /big | wc -c')" 0 "bytes of the file that are not what was written"
id=$(image_run up cat /id)

# what belongs to an image is believed in any boot
power_cut
logged bryo build --progress=plain -t up --target up context
assert_contains "$said" CACHED
assert_equal "$(image_run up cat /id)" "$id"
assert_equal "$(image_run image cat /id /tiny /own)" "$made"

# a step that changed nothing has nothing to lose, also where no image needed it
dockerfile << 'END'
FROM busybox
RUN cat /proc/sys/kernel/random/uuid
RUN false
END
build_fails 'exit status 1: RUN false'
power_cut
build_fails 'exit status 1: RUN false'
assert_contains "$said" CACHED
