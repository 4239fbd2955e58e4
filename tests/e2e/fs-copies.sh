#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
#
# copy_file_range (tests/fs/copies.c): right, and without moving bytes.
. "$BRYO_SOURCE/tests/e2e/fs-lib.sh"

fs_topic copies

# Each of both users copies 4 MiB of random bytes into 19 MiB of copies: the store may grow by metadata only. The stage has no
# name in any image, so that its layers are not written as tars.
store_size() {
        du -s --block-size=1 "$XDG_DATA_HOME/bryo" | cut -f1
}

{
        printf 'FROM below AS copies\n'
        runs live copies
        runs sealed copies
        printf 'RUN echo done > /done\nFROM scratch\nCOPY --from=copies /done /done\n'
} | dockerfile
before=$(store_size)
build --no-cache
assert_less $(($(store_size) - before)) $((4 << 20)) "the growth of the store in bytes"
