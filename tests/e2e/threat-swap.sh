#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
#
# Directories, files and links of the context that are swapped while they are copied (CVE-2018-15664, CVE-2026-41568):
# the copy is of what was there, or the build fails; no byte of the host gets in.
. "$BRYO_SOURCE/tests/e2e/lib.sh"
. "$BRYO_SOURCE/tests/e2e/host-tree.bash"

need gcc
canary_plant
cat > swap.c << 'END'
#define _GNU_SOURCE
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
/* Exchanges the pairs of names given until it is killed; says how often at a time. */
int main(int argc, char **argv)
{
        for (unsigned long n = 0;; n++)
                for (int i = 1; i + 1 < argc; i += 2)
                        if (renameat2(AT_FDCWD, argv[i], AT_FDCWD, argv[i + 1], RENAME_EXCHANGE) < 0) {
                                perror("renameat2");
                                return 1;
                        } else if (n == 200 && i == 1) {
                                puts("swapping");
                                fflush(stdout);
                        }
}
END
gcc -O2 -o swap swap.c
mkdir -p context/tree/dir other
for i in $(seq 120); do
        mkdir "context/tree/d$i"
        for k in 1 2 3; do
                echo inside > "context/tree/d$i/$k"
        done
done
for name in inner secret 1; do
        echo inside > "context/tree/dir/$name"
done
echo inside > context/tree/file
ln -s "$CANARY/secret" other/link-to-file
ln -s "$CANARY" other/link-to-directory
mkfifo other/fifo
mkdir context/hidden
mv other/link-to-directory context/hidden/d
mv other/link-to-file context/hidden/f
mv other/fifo context/hidden/p
echo inside > context/tree/d1/pipe
echo hidden > context/.dockerignore
printf 'FROM scratch\nCOPY tree /tree\n' | dockerfile
background swaps ./swap context/tree/dir context/hidden/d context/tree/file context/hidden/f context/tree/d1/pipe context/hidden/p
swapper=$pid
await swapping swaps
built=0
for round in $(seq 5); do
        builds_or_refuses --no-cache
        [ "$status" -ne 0 ] || built=$((built + 1))
        [ "$status" -eq 0 ] || assert_matches "$errors" 'changed while it was being copied|cannot (look at|open|read|list)|not found|no directory any more'
        printf 'FROM scratch\nCOPY tree/dir tree/file /some/\n' | dockerfile
        builds_or_refuses --no-cache
        printf 'FROM scratch\nCOPY tree /tree\n' | dockerfile
done
kill "$swapper"
wait "$swapper" 2> /dev/null || true
printf '# %s of 5 builds succeeded\n' "$built"
# when it is quiet the build works
builds_or_refuses
[ "$status" -eq 0 ] || fail "the build fails when nobody swaps" errors "$errors"
