#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
#
# GUARD.2 GUARD.3 GUARD.4 GUARD.5: roots that are no directories, attributes through links, links between layers, whiteouts that say two things.
. "$BRYO_SOURCE/tests/e2e/lib.sh"
. "$BRYO_SOURCE/tests/e2e/layout.bash"
. "$BRYO_SOURCE/tests/e2e/host-tree.bash"
. "$BRYO_SOURCE/tests/e2e/layer-cases.bash"

# --- GUARD.2: the root itself --------------------------------------------------------
for path in . / ./ ''; do
        one "the root as a link ($path)" "refused: " <<< "link '$path' $CANARY"
        one "the root as a file ($path)" "refused: " <<< "file '$path' x"
        one "the root as a hard link ($path)" "refused: " <<< "hard '$path' etc/unbroken"
        one "the root as a device ($path)" "refused: " <<< "char '$path' 1 3"
done
two "the root as a link, and a file after it" "refused: " "link . $CANARY" <<< 'file etc/x x'
one "the root as a directory" "x=x" <<< $'dir ./ 0750\nfile x x'

# --- GUARD.3: attributes through links --------------------------------------------------
one "a hard link with bytes onto a link" "refused: " <<< "link out $CANARY/victim"$'\nhard out etc/unbroken evil'
one "a directory, then a link of its name, mode and old time" "d->$CANARY/setuid" <<< $'mtime 1\ndir d 4777\n'"link d $CANARY/setuid"

# --- GUARD.4: a link in one layer, every kind of member through it in the next ---------------
for member in 'file etc/x x' 'dir etc/x 0777' 'fifo etc/x' 'char etc/x 1 3' 'gone etc/x' 'hard etc/x dir/in'; do
        rm -rf layout
        layer layers/middle.tar <<< "link etc $CANARY"
        layer layers/top.tar <<< "$member"
        layout layout layers/base.tar layers/middle.tar layers/top.tar
        works bryo load -q -i layout
        rm -rf out
        works bryo build -q -o out context
        canary_check
        [ -d out/etc ] && [ ! -L out/etc ] || fail "$member: /etc is no directory of the image"
done

# --- GUARD.5: whiteouts that say nothing, or two things ---------------------------------------
for name in .wh. .wh.. .wh...; do
        one "a whiteout called $name" "refused: " <<< "file dir/$name ''"
done
one "an opaque mark that is a directory" "refused: " <<< 'dir dir/.wh..wh..opq'
one "an opaque mark that is a link" "refused: " <<< 'link dir/.wh..wh..opq x'
one "a whiteout that is a directory" "refused: " <<< 'dir dir/.wh.in'
one "a name below a whiteout" "refused: " <<< 'file dir/.wh.x/y z'
one "a file of aufs" "dir/in=in !dir/.wh..wh.aufs" <<< "file dir/.wh..wh.aufs ''"
one "a whiteout, then the file" "dir/in=new" <<< $'gone dir/in\nfile dir/in new'
one "the file, then its whiteout" "dir/in=new" <<< $'file dir/in new\ngone dir/in'
one "a whiteout of a directory that is there, too" "dir/new=x !dir/in" <<< $'gone dir\ndir dir\nfile dir/new x'
one "an opaque mark behind the children" "dir/new=x !dir/in" <<< $'dir dir\nfile dir/new x\nopaque dir'
one "a whiteout of nothing" "dir/in=in" <<< 'gone dir/absent'
one "a device 0:0 is no whiteout" "dir/" <<< 'char dir/in 0 0'
printf 'FROM hand:1\nRUN ["/bin/true"]\n' > context/Dockerfile
printf 'FROM busybox\nRUN touch /.wh.foo\n' | dockerfile
build_fails ".wh."

[ "$number" -gt 30 ] || fail "only $number cases"
