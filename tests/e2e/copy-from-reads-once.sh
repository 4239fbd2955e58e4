#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
#
# The key of COPY --from is made of the content. The bytes of a base's layer and of what a RUN wrote are read for it once:
# another COPY of them, to elsewhere, and one of a stage in which something else changed, reads none.
. "$BRYO_SOURCE/tests/e2e/lib.sh"

need strace
export ASAN_OPTIONS="$ASAN_OPTIONS:detect_leaks=0"
base busybox
dockerfile << 'END'
FROM busybox
RUN mkdir /from-layer && for i in 1 2 3 4 5 6 7 8; do head -c 300000 /dev/urandom > /from-layer/$i; done
END
build -t below
works bryo save -o below.tar below
works bryo image rm below
works bryo prune --all
works bryo load -i below.tar

# build_from DESTINATION WORD: a build that copies both to /DESTINATION, through a stage that needs no diff ID; the last command
# of its first stage runs again for another WORD, and not below strace (newuidmap is setuid). $read: bytes read of bodies
build_from() {
        {
                printf 'FROM below AS a\nRUN cp -r /from-layer /from-run\nRUN echo %s > /other\n' "$2"
                printf 'FROM scratch AS b\nCOPY --from=a /from-layer /%s/\nCOPY --from=a /from-run /%s/run/\n' "$1" "$1"
                printf 'FROM scratch\nCOPY --from=b /%s/1 /one\n' "$1"
        } > Dockerfile
        works bryo build --target a .
        works strace -f -qq -y -e trace=pread64 -o trace bryo build --progress=plain -t image .
        said=$output$'\n'$errors
        read=$(sed -nE 's,.*pread64\([0-9]+<[^>]*/(data|blobs)/[^>]*>.*= ([0-9]+)$,\2,p' trace | awk '{ sum += $1 } END { print sum + 0 }')
}

build_from one first
assert_less 2400000 "$read" "bytes read the first time"
# elsewhere: only the 300,000 bytes of the image's own layer, for its diff ID
build_from two first
assert_matches "$said" "COPY --from=a /from-layer /two/
#[0-9]+ DONE"
assert_less "$read" 400000 "bytes read for another COPY"
# the stage is another one, what is copied is the same
build_from two again
assert_matches "$said" "COPY --from=a /from-run /two/run/
#[0-9]+ CACHED"
assert_less "$read" 400000 "bytes read for a stage of which something else changed"
