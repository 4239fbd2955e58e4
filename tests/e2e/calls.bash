# SPDX-License-Identifier: Apache-2.0
# shellcheck shell=bash
#
# What store-faults and store-kills share: a build of which every single call at the store goes wrong once, on a copy of one
# store with the base in it. Sourced after lib.sh.

need gcc
export SOURCE_DATE_EPOCH=1700000000
gcc -shared -fPIC -O1 -o calls.so "$BRYO_SOURCE/tests/fixtures/calls.c"
export BRYO_ROOT=$PWD/fresh
base busybox
plant_file context/file text
dockerfile << 'END'
FROM busybox AS one
COPY file /file
RUN --mount=type=cache,target=/c echo x > /c/x; head -c 100000 /dev/zero > /zeros
FROM busybox
COPY --from=one /file /zeros /
END

# with_call KIND AT KILL COMMAND...: runs it with the AT-th call of the kind going wrong.
with_call() {
        local kill=()
        [ -z "$3" ] || kill=(CALLS_KILL="$3")
        env ASAN_OPTIONS="${ASAN_OPTIONS:-}:verify_asan_link_order=0" LD_PRELOAD="$PWD/calls.so" CALLS_KIND="$1" CALLS_AT="$2" \
                CALLS_ROOT="$BRYO_ROOT" CALLS_COUNT="$PWD/count" "${kill[@]}" "${@:4}"
}
# copy: a new store like the one that was prepared.
copy() {
        rm -rf store
        cp -a "$1" store
        export BRYO_ROOT=$PWD/store
}
# count KIND COMMAND...: how many calls of a kind it makes.
count() {
        : > count
        with_call "$1" 0 '' "${@:2}" > /dev/null 2>&1 || fail "the command fails without any fault: ${*:2}"
        wc -c < count
}
# assert_whole: every object under a final name is what its name says, and nothing is left of anybody.
assert_whole() {
        assert_equal "$(cd store/blobs/sha256 && find . -type f -exec sha256sum {} + | awk '$2 != "./" $1')" "" \
                "blobs that are not what their names say after $*"
        works bryo image ls
        assert_equal "$(find store/tmp -mindepth 1)" "" "scratch after $* and one more command"
}
