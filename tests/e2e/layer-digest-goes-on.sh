#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
#
# The digest of a layer that begins as one before it did goes on from the last place that is known (builder/tar_states.h), and
# is the digest that all of the bytes have: a store that knows nothing says the same.
. "$BRYO_SOURCE/tests/e2e/lib.sh"

need strace jq
export ASAN_OPTIONS="$ASAN_OPTIONS:detect_leaks=0"
export SOURCE_DATE_EPOCH=1000000000
mkdir -p context/files
for i in {10..29}; do
        { echo "$i"; head -c 1500000 /dev/zero | tr '\0' "${i:0:1}"; } > "context/files/f$i"
done
printf 'FROM scratch\nCOPY files /files\n' | dockerfile

# digest_reads LEAST MOST: a build that reads so many MB of the layer's 30 for its digest.
digest_reads() {
        works strace -f -qq -y -e trace=pread64 -o trace bryo build --progress=plain -t image context
        said=$output$'\n'$errors
        read=$(sed -nE 's,.*pread64\([0-9]+<[^>]*/data/[^>]*>.*= ([0-9]+)$,\1,p' trace | awk '{ sum += $1 } END { print sum + 0 }')
        assert_less "${1}000000" "$read" "bytes read"
        assert_less "$read" "${2}000000" "bytes read"
}

# The image is that of a fresh store.
is_right() {
        works bryo --root fresh build -t image context
        assert_equal "$(image_id image)" "$(bryo --root fresh inspect image | jq -r '.[0].Id')"
        rm -rf fresh
}

digest_reads 29 31
# places are behind 9, 18 and 27 of the 30 MB
printf X | dd of=context/files/f27 bs=1 seek=700000 conv=notrunc status=none
digest_reads 11 13
is_right
chmod 600 context/files/f20
digest_reads 20 22
mv context/files/f21 context/files/f210
rm context/files/f20
mkdir context/files/f20
digest_reads 18 20
is_right
# a damaged object is none
object=$(ls "$XDG_DATA_HOME"/bryo/digests/tar-*)
printf '\377' | dd of="$object" bs=1 seek=100 conv=notrunc status=none
printf X >> context/files/f28
digest_reads 27 30
assert_contains "$said" "are damaged: all of it is read"
is_right
