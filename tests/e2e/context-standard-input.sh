#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
#
# The context on standard input (X1.2): a Dockerfile, or a tar, plain or packed, from a pipe or a file.
. "$BRYO_SOURCE/tests/e2e/lib.sh"

base busybox

# from_stdin [OPTION]...: builds what standard input holds.
from_stdin() {
        works bryo build --progress=plain -t image "$@" -
        said=$output$'\n'$errors
}

from_stdin <<< $'FROM busybox\nRUN echo there > /f'
assert_equal "$(image_run image cat /f)" there
printf 'FROM busybox\nCOPY x /x\n' > text
assert_fails 1 '"x" not found: it is not in the context on standard input' bryo build - < text

mkdir -p files/sub
printf 'FROM busybox\nCOPY . /c/\nCOPY --from=0 /c/sub /d\n' > files/Dockerfile
sed -i 's/^COPY --from.*//' files/Dockerfile
printf 'one\n' > files/sub/one
ln files/sub/one files/sub/two
ln -s sub/one files/link
chmod 640 files/sub/one
printf 'sub\n' > files/.dockerignore
tar -C files --owner=1234 --group=1234 -cf context.tar .
expected='.dockerignore 644 0:0
Dockerfile 644 0:0
link 777 0:0
sub 755 0:0
sub/one 640 0:0
sub/two 640 0:0'
ids=
for pack in cat gzip bzip2 xz zstd; do
        $pack < context.tar > packed
        from_stdin < packed
        assert_equal "$(image_run image sh -c "cd /c && find . -mindepth 1 | sort | sed 's,^./,,' | xargs stat -c '%n %a %u:%g'")" "$expected" "$pack"
        # X1.13: the ignore file is one of the files, it says nothing about a tar
        assert_equal "$(image_run image sh -c 'cat /c/link; stat -c %h /c/sub/one')" $'one\n2' "$pack"
        ids+="$(image_id image)"$'\n'
done
assert_equal "$(sort -u <<< "${ids%$'\n'}" | wc -l)" 1 "the number of images from one tar in five packings"
assert_contains "$said" CACHED
cat packed | from_stdin
assert_contains "$said" CACHED
# Nothing of a tar stays in the store unless a step took it.
before=$(find "$XDG_DATA_HOME/bryo/data" -type f | wc -l)
from_stdin < context.tar
assert_equal "$(find "$XDG_DATA_HOME/bryo/data" -type f | wc -l)" "$before" "the number of data files"

# X1.12: -f names a file of the tar; ADD unpacks an archive in it; the directory context of the same files shares the steps.
printf 'FROM busybox\nADD inner.tgz /e/\n' > files/other
tar -C files -czf files/inner.tgz sub
tar -C files -cf context.tar .
from_stdin -f other < context.tar
assert_equal "$(image_run image cat /e/sub/two)" one
works bryo build --progress=plain -f files/other files
assert_contains "$errors" CACHED

# The image outlives the tar and a prune, and can be saved.
works bryo prune
assert_equal "$(image_run image cat /e/sub/one)" one
from_stdin < context.tar
works bryo save -o saved.tar image

assert_fails 1 "the context on standard input is empty" bryo build - < /dev/null
assert_fails 1 "context and Dockerfile cannot both be read from standard input" bryo build -f - - < text
assert_fails 1 "is a Dockerfile, and -f names another one: leave one of them out" bryo build -f Dockerfile - < text
tar -C files -cf none.tar sub
assert_fails 1 "there is no Dockerfile in the context on standard input" bryo build - < none.tar
head -c 700 context.tar > cut.tar
assert_fails 1 "cannot read the context on standard input" bryo build - < cut.tar
