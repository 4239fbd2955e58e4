#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
#
# Every bug that tests/mutations plants still has its place in the source, and its test exists.
. "$BRYO_SOURCE/tests/e2e/lib.sh"

works python3 "$BRYO_SOURCE/tests/mutations/run" --list
assert_matches "$output" '^[0-9]+ mutations$'
assert_less 90 "${output%% *}" "mutations"
# A text that is gone is told.
mkdir -p "$TMPDIR/tree/tests"
cp -r "$BRYO_SOURCE/tests/mutations" "$TMPDIR/tree/tests/"
assert_fails 1 "does not exist" python3 "$TMPDIR/tree/tests/mutations/run" --list
