#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
#
# Each header compiles alone, with the compiler and the flags of this build.
. "$BRYO_SOURCE/tests/e2e/lib.sh"

makefile=$BRYO_BUILD/Makefile
[ -e "$makefile" ] || fail "there is no $makefile"

# make_variable NAME: its value in the build's Makefile; values there refer to nothing for these names.
make_variable() {
        sed -n "s/^$1 = //p" "$makefile"
}

read -r -a compiler <<< "$(make_variable CC)"
read -r -a flags <<< "-std=gnu11 $(make_variable WARN_CFLAGS) $(make_variable FUSE_CFLAGS) $(make_variable CAP_CFLAGS) \
        $(make_variable ARCHIVE_CFLAGS) $(make_variable YAJL_CFLAGS) $(make_variable CRYPTO_CFLAGS)"

# broken TREE: the headers that do not compile alone, each with the compiler's words.
broken() {
        local header said
        while read -r header; do
                printf '#include "%s"\n' "$header" > alone.c
                said=$("${compiler[@]}" "${flags[@]}" -I"$1" -I"$BRYO_BUILD" -include "$BRYO_BUILD/config.h" -fsyntax-only alone.c 2>&1) ||
                        printf '%s: %s\n' "$header" "$said"
        done < <(cd "$1" && find common dockerfile overlay sandbox oci builder cmd tests/unit -name '*.h' 2> /dev/null | LC_ALL=C sort)
}

plant_file planted/common/good.h '#include <stddef.h>
size_t good(void);'
plant_file planted/oci/needy.h 'size_t needy(void);'
assert_matches "$(broken planted)" '^oci/needy\.h: .*size_t'
assert_lacks "$(broken planted)" 'good.h'

assert_equal "$(broken "$BRYO_SOURCE")" "" "the list of headers that do not compile alone"
