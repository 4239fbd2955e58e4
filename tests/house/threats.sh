#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
#
# Every row of doc/threats.md names tests that exist, and none of A1 to A13 and B1 to B10 is missing.
. "$BRYO_SOURCE/tests/e2e/lib.sh"

page=$BRYO_SOURCE/doc/threats.md
assert_equal "$(sed -nE 's/^\| ([AB][0-9]+) \|.*/\1/p' "$page" | tr '\n' ' ')" "$(printf '%s ' A{1..13} B{1..10})" 'the rows'
while read -r row; do
        tests=$(grep -oE '`tests/(e2e|unit)/[^`]+`' <<< "$row" | tr -d '`')
        [ -n "$tests" ] || fail 'a row has no test' row "$row"
        for test in $tests; do
                [ -e "$BRYO_SOURCE/$test" ] || fail "$test does not exist" row "$row"
        done
done < <(grep -E '^\| [AB][0-9]+ \|' "$page")
