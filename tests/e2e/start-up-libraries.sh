#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# plain
#
# Every shared library costs each command start-up time: no more of them than needed.
. "$BRYO_SOURCE/tests/e2e/lib.sh"

limit=3
libraries=$(ldd "$BRYO" | grep -vE 'linux-vdso|ld-linux')
[ "$(wc -l <<< "$libraries")" -le "$limit" ] || fail "bryo needs more than $limit shared libraries" libraries "$libraries"
# The init runs in the sandbox's place without any library of the host.
assert_equal "$(output_of bryo --version | wc -l)" 1
