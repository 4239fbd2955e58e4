#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# plain
#
# A context directory is read in place (X1.1): what no instruction takes is not even looked at, and nothing is written but what is.
. "$BRYO_SOURCE/tests/e2e/lib.sh"

need strace
base busybox
dockerfile <<< $'FROM busybox\nCOPY small /s'
printf 'x\n' > context/small
head -c 30000000 /dev/zero > context/large
mkdir context/closed
printf 'x\n' > context/closed/f
chmod 0 context/closed
works strace -f -e trace=openat,open,read,copy_file_range,sendfile -o trace "$BRYO" build -t image context
chmod 755 context/closed
assert_lacks "$(cat trace)" '"large"'
assert_lacks "$(cat trace)" '"closed"'
assert_less "$(du -sk "$XDG_DATA_HOME/bryo/data" | cut -f 1)" 1000 "the size of the data files in KiB"
# Also from below, and through a link: the same directory, the same steps.
ln -s context alias
works bryo build --progress=plain alias
assert_contains "$errors" CACHED
