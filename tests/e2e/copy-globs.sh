#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
#
# Wildcards of COPY: * and ? and classes, dot files too, never across a slash; what matches nothing.
. "$BRYO_SOURCE/tests/e2e/lib.sh"

base busybox
for name in a1.txt a2.txt b1.txt .dot.txt 'odd[1].txt' sub/a3.txt dir1/x dir2/y; do
        plant_file "context/$name" "$name"
done
dockerfile << 'END'
FROM busybox
COPY *.txt /all/
COPY a?.txt /question/
COPY [ab]1.txt /class/
COPY */a3.txt /below/
COPY dir* /contents/
COPY odd[[]1].txt /escaped/
COPY a1.txt none*.txt /beside/
END
build
# C4.1 C4.2 C4.4 C4.5
assert_equal "$(image_run image sh -c 'cd / && for d in all question class below contents escaped beside; do echo $d: $(ls -A $d); done')" \
        'all: .dot.txt a1.txt a2.txt b1.txt odd[1].txt
question: a1.txt a2.txt
class: a1.txt b1.txt
below: a3.txt
contents: x y
escaped: odd[1].txt
beside: a1.txt'

# A file more that matches is another input.
id=$(image_id image)
plant_file context/a9.txt new
build
[ "$(image_id image)" != "$id" ] || fail "a new file that the wildcard matches did not change the image"
assert_contains "$(image_run image ls /question)" a9.txt
