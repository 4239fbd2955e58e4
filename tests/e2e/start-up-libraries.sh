#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# plain
#
# Every shared library costs each command start-up time: no more of them than needed.
. "$BRYO_SOURCE/tests/e2e/lib.sh"

# libc alone where the static archives of the others were there to be linked in (see configure.ac).
limit=1
grep -q '^ARCHIVE_LIBS = -l:libarchive.a' "$BRYO_BUILD/Makefile" || limit=12
libraries=$(ldd "$BRYO" | grep -vE 'linux-vdso|ld-linux')
[ "$(wc -l <<< "$libraries")" -le "$limit" ] || fail "bryo needs more than $limit shared libraries" libraries "$libraries"
# The init, which runs where no library of the host is in sight, has none at all.
assert_contains "$(file -L "$BRYO_BUILD/sandbox/bryo-init")" "statically linked"
assert_equal "$(output_of bryo --version | wc -l)" 1
