#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
#
# A file of the context that did not change is not read again: counted by the files that are opened.
. "$BRYO_SOURCE/tests/e2e/lib.sh"

need strace
export ASAN_OPTIONS="$ASAN_OPTIONS:detect_leaks=0"
mkdir -p context/dir context/ignored
for i in $(seq 300); do
        printf 'file %s\n' "$i" > "context/dir/f$i"
done
touch context/ignored/x{1..200}
printf 'ignored/*\n*.tmp\n' > context/.dockerignore
printf 'FROM scratch\nCOPY dir /dir\nCOPY . /all\n' | dockerfile

# rebuild: builds, and leaves in $opened the files of the context that were opened, in $asked those that were stat-ed.
rebuild() {
        works strace -f -qq -e trace=open,openat,stat,lstat,newfstatat,statx,readlink,listxattr,llistxattr -o trace \
                bryo build --progress=plain -t image context
        said=$output$'\n'$errors
        opened=$(lines_with '^[0-9]+ +open(at)?\(.*"f[0-9]+", O_RDONLY' trace | sed -E 's/.*"(f[0-9]+)".*/\1/' | sort -u)
        asked=$(lines_with '"(f|x)[0-9]+"' trace | sed -E 's/.*"([fx][0-9]+)".*/\1/' | sort -u)
}

# Files are remembered once they are older than a tick of the clock.
sleep 0.1
works bryo build -t image context
rebuild
assert_equal "$opened" "" "the files that a build opens when nothing changed"
assert_contains "$said" CACHED
assert_contains "$asked" f300
# What the ignore file leaves out costs the reading of its directory.
assert_lacks "$asked" x
# Changed, touched, replaced by a rename, with its time set back: each is read, and no other.
sleep 0.1
printf 'changed\n' > context/dir/f1
touch context/dir/f2
printf 'FILE 3\n' > context/new && touch -r context/dir/f3 context/new && mv context/new context/dir/f3
printf 'FILE 4\n' > context/keep && touch -r context/dir/f4 context/keep && cat context/keep > context/dir/f4 &&
        touch -r context/keep context/dir/f4 && rm context/keep
sleep 0.1
id=$(image_id image)
works bryo build -t image context
[ "$(image_id image)" != "$id" ] || fail "a changed file was not seen"
rebuild
assert_equal "$opened" "" "the files that are opened after that"
touch context/dir/f7
sleep 0.1
rebuild
assert_equal "$opened" f7 "the files that are opened after one was touched"

# What the store remembers is damaged: everything is read again, and the result is the same.
for file in "$XDG_DATA_HOME"/bryo/digests/*; do
        printf 'xx' | dd of="$file" bs=1 seek=300 conv=notrunc status=none
done
id=$(image_id image)
rebuild
assert_equal "$(wc -l <<< "$opened")" 300 "the number of files that are opened"
assert_equal "$(image_id image)" "$id"
# A file that changes again within the tick in which it was hashed is seen: five times in a row.
printf 'FROM scratch\nCOPY racy /\n' | dockerfile
for i in $(seq 5); do
        printf '%04d' "$i" > context/racy
        works bryo build -t image context
        printf '%04d' "$((i + 5000))" > context/racy
        works bryo build -t image context
        for layer in $(image_layers image layers); do
                assert_equal "$(tar -xOf "$layer" racy)" "$((i + 5000))"
        done
done
works bryo prune --all
assert_equal "$(ls "$XDG_DATA_HOME/bryo/digests")" ""
