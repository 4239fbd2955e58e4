#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
#
# The files of a context that nobody hashed yet are hashed by several threads, a batch at a time: the key is the one that a
# single thread makes, a file that cannot be read is told by name, and what --exclude leaves out is not read.
. "$BRYO_SOURCE/tests/e2e/lib.sh"

need taskset strace
export ASAN_OPTIONS="$ASAN_OPTIONS:detect_leaks=0"
mkdir -p context/many context/few
for i in $(seq 600); do
        printf 'number %s\n' "$i" > "context/many/$i"
done
head -c 200000 /dev/urandom > context/few/one
head -c 200000 /dev/urandom > context/few/two
printf 'FROM scratch\nCOPY . /ctx\n' | dockerfile
build
id=$(grep -oE 'sha256:[0-9a-f]{64}' <<< "$said" | tail -n 1)
# as far as the key goes it is the same build, on one CPU and with all
for cpus in 0 "0-$(($(nproc) - 1))"; do
        rm -f "$XDG_DATA_HOME"/bryo/digests/*
        works taskset -c "$cpus" bryo build --progress=plain -t image context
        assert_contains "$output$errors" CACHED
        assert_contains "$output$errors" "$id"
done

rm -f "$XDG_DATA_HOME"/bryo/digests/*
chmod 000 context/many/555
assert_fails 1 "cannot read context/many/555: Permission denied" bryo build context
chmod 644 context/many/555

# Cold, each small file is opened once: the copy takes the bytes that the key read, and they are right.
cp -a context cold
works strace -f -qq -e trace=openat -o trace bryo build --root "$PWD/store" -t image -f context/Dockerfile cold
assert_equal "$(grep -oE '"[0-9]+", O_RDONLY' trace | sort | uniq -d | wc -l)" 0 "files that were read twice"
assert_equal "$(grep -cE '"[0-9]+", O_RDONLY' trace)" 600 "files that were read"
tar -xOf "$(BRYO_ROOT=$PWD/store image_layers image layers)" ctx/few/one ctx/many/555 > out
cat cold/few/one cold/many/555 | cmp - out
printf 'FROM scratch\nCOPY --exclude=many . /ctx\n' | dockerfile
works strace -f -qq -e trace=openat -o trace bryo build context
assert_equal "$(grep -cE '"[0-9]+", O_RDONLY' trace || true)" 0 "excluded files that were read"

# A deep and wide tree holds few descriptors, however many directories lie beside each other.
deep=context/deep
for level in 1 2 3 4 5; do
        mkdir -p "$deep/"{a,b,c,d,e,f}{1,2,3,4,5,6,7,8,9}
        echo "$level" > "$deep/f9/file"
        deep=$deep/a1
done
printf 'FROM scratch\nCOPY deep /deep\n' | dockerfile
works bash -c 'ulimit -n 200; exec bryo build -t image context'
