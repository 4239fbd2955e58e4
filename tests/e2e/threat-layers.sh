#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
#
# GUARD.1: layers that want out: whatever they say happens inside the image, also when its files are written to a directory
# of the host. The cases are those of containerd's TestBreakouts and their kin.
. "$BRYO_SOURCE/tests/e2e/lib.sh"
. "$BRYO_SOURCE/tests/e2e/layout.bash"
. "$BRYO_SOURCE/tests/e2e/host-tree.bash"
. "$BRYO_SOURCE/tests/e2e/layer-cases.bash"

# --- GUARD.1: breaking out ---------------------------------------------------------
one "a link up, and a file through it" "localetc/ localetc/unbroken=broken" <<< $'link localetc ../etc\nfile localetc/unbroken broken'
one "an absolute link, and a file through it" "localetc/ localetc/new=x !etc/new" <<< $'link localetc /etc\nfile localetc/new x'
one "a link out, and a file through it" "out/victim=x" <<< "link out $CANARY"$'\nfile out/victim x'
one "a link out, and a directory through it" "out/dir/" <<< "link out $CANARY"$'\ndir out/dir 0777'
one "a link to .., and a file through it" "x=x up->.." <<< $'link up ..\nfile up/../x x'
one "a name with .." "x=x" <<< 'file ../x x'
one "a name with many .." "x=x" <<< 'file dir/../../../x x'
one "an absolute name" "x=x" <<< 'file /x x'
one "a hard link to a name with .." "x=unbroken" <<< 'hard x ../etc/unbroken'
one "a hard link to an absolute name" "x=unbroken" <<< 'hard x /etc/unbroken'
one "a hard link out" "refused: hard link" <<< "hard x $CANARY/secret"
one "a hard link through a link out" "refused: hard link" <<< "link out $CANARY"$'\nhard x out/secret'
one "a hard link to a link out, and a file over it" "x=y out->$CANARY/victim" <<< "link out $CANARY/victim"$'\nhard x out\nfile x y'
one "a file over a link out" "out=x" <<< "link out $CANARY/victim"$'\nfile out x'
one "a directory over a link out" "out/ out/y=x" <<< "link out $CANARY"$'\ndir out\nfile out/y x'
one "a link over a directory" "dir->$CANARY" <<< "link dir $CANARY"
one "a whiteout through a link out" "out/" <<< "link out $CANARY"$'\ngone out/victim'
one "an opaque mark through a link out" "out/" <<< "link out $CANARY"$'\nopaque out'
one "a FIFO through a link out" "out/" <<< "link out $CANARY"$'\nfifo out/pipe'
one "a member below a file" "dir/in/" <<< 'dir dir/in/below'
two "a link in one layer, a file through it in the next" "out/victim=x" "link out $CANARY" <<< 'file out/victim x'
two "a link in one layer, a whiteout through it in the next" "out/" "link out $CANARY" <<< 'gone out/victim'
two "a link in one layer, a hard link through it in the next" "refused: hard link" "link out $CANARY" <<< 'hard x out/secret'
two "a whiteout of a link" "!out" "link out $CANARY" <<< 'gone out'
two "an opaque directory over a link" "out/ !out/victim" "link out $CANARY" <<< $'dir out\nopaque out'
two "a directory where a link was, then a file" "out/x=x" "link out $CANARY" <<< $'dir out\nfile out/x x'

[ "$number" -gt 20 ] || fail "only $number cases"
