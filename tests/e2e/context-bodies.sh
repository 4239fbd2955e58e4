#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
#
# Of a context of which one file changed, that one is read and written; the others share the bytes that the store has. What
# another stage gives is neither read nor written.
. "$BRYO_SOURCE/tests/e2e/lib.sh"

need strace
export ASAN_OPTIONS="$ASAN_OPTIONS:detect_leaks=0"
mkdir -p context/dir
for i in $(seq 100); do
        head -c 40000 /dev/urandom > "context/dir/f$i"
done
printf 'FROM scratch AS up\nCOPY dir /dir\nFROM scratch\nCOPY --from=up /dir /copied\n' | dockerfile
sleep 0.1
# content IMAGE: the digests of all files of its layers
content() {
        local layer
        for layer in $(image_layers image layers); do
                mkdir -p "out/${layer##*/}"
                tar -C "out/${layer##*/}" -xf "$layer"
        done
        (cd out && find . -type f -exec sha256sum {} + | sed 's,\(  \).*/,\1,' | sort)
        rm -rf out
}
expected() {
        (cd context/dir && sha256sum f* | sort)
}
# opened: the files of the context that a build opens; $written: bytes that are written to data files.
opened() {
        works strace -f -qq -e trace=open,openat,pwrite64,copy_file_range,write -o trace bryo build --progress=plain -t image "$@" context
        said=$output$'\n'$errors
        opened=$(lines_with '^[0-9]+ +open(at)?\(.*"f[0-9]+", O_RDONLY' trace | sed -E 's/.*"(f[0-9]+)".*/\1/' | sort -u | tr '\n' ' ')
}
data() {
        du -sk "$XDG_DATA_HOME/bryo/data" | cut -f 1
}
works bryo build -t image context
assert_equal "$(content)" "$(expected)"
size=$(data)
assert_less "$size" 5000 "kilobytes of data for 4000 KB in two stages"

printf 'changed\n' > context/dir/f7
sleep 0.1
opened
assert_equal "$opened" 'f7 '
assert_less "$(data)" $((size + 100)) "kilobytes of data after one file changed"
assert_equal "$(content)" "$(expected)"
# Also with another owner, mode, destination, and for a file that has the bytes of another one.
cp context/dir/f1 context/dir/f101
printf 'FROM scratch AS up\nCOPY --chown=3:4 --chmod=600 dir /elsewhere\nFROM scratch\nCOPY --from=up /elsewhere /copied\n' | dockerfile
sleep 0.1
opened
assert_equal "$opened" 'f101 '
assert_less "$(data)" $((size + 100)) "kilobytes of data of another image"
assert_equal "$(content)" "$(expected)"
assert_matches "$(tar --numeric-owner -tvf "$(image_layers image layers)" | grep 'f101$')" '^-rw------- 3/4 +40000'

# What a COPY replaces again is not given to others: its bytes are gone.
mkdir context/over
head -c 50000 /dev/urandom > context/over/f2
head -c 60000 /dev/urandom > context/f2
printf 'FROM scratch\nCOPY f2 over /one/\n' | dockerfile
works bryo build -t image context
printf 'FROM scratch\nCOPY f2 /two\nCOPY over /three\n' | dockerfile
works bryo build -t image context
for layer in $(image_layers image layers); do
        tar -tf "$layer" | grep -q two && assert_equal "$(tar -xOf "$layer" two | sha256sum)" "$(sha256sum < context/f2)"
        tar -tf "$layer" | grep -q three/f2 && assert_equal "$(tar -xOf "$layer" three/f2 | sha256sum)" "$(sha256sum < context/over/f2)"
done

# After a prune, and with a damaged table, everything is read and right again.
works bryo image rm image
works bryo prune --all
printf 'FROM scratch\nCOPY dir /dir\n' | dockerfile
works bryo build -t image context
assert_equal "$(content)" "$(expected)"
printf 'xx' | dd of="$XDG_DATA_HOME/bryo/digests/bodies" bs=1 seek=200 conv=notrunc status=none
printf 'FROM scratch\nCOPY dir /dir2\n' | dockerfile
works bryo build -t image context
assert_equal "$(content)" "$(expected)"
# a table of another boot is not believed: what was not synced may be zeros
printf 'another boot' | dd of="$XDG_DATA_HOME/bryo/digests/bodies" bs=1 seek=16 conv=notrunc status=none
printf 'FROM scratch\nCOPY dir /dir3\n' | dockerfile
opened
assert_equal "$(wc -w <<< "$opened")" 101
# a source that is gone is not used
for file in "$XDG_DATA_HOME"/bryo/data/*; do
        rm "$file"
done
rm -rf "$XDG_DATA_HOME"/bryo/steps/*
printf 'FROM scratch\nCOPY dir /dir4\n' | dockerfile
works bryo build -t image context
assert_equal "$(content)" "$(expected)"
