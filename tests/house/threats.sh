#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
#
# Every row of doc/threats.md names tests that exist and guards that tests/mutations takes out, whose test is one of the row's; none of
# A1 to A13 and B1 to B10 is missing, and no entry is without a row.
. "$BRYO_SOURCE/tests/e2e/lib.sh"

page=$BRYO_SOURCE/doc/threats.md
list=$BRYO_SOURCE/tests/mutations/threats.txt
all=
assert_equal "$(sed -nE 's/^\| ([AB][0-9]+) \|.*/\1/p' "$page" | tr '\n' ' ')" "$(printf '%s ' A{1..13} B{1..10})" 'the rows'
while read -r row; do
        tests=$(grep -oE '`tests/(e2e|unit)/[^`]+`' <<< "$row" | tr -d '`')
        [ -n "$tests" ] || fail 'a row has no test' row "$row"
        for test in $tests; do
                [ -e "$BRYO_SOURCE/$test" ] || fail "$test does not exist" row "$row"
        done
        guards=$(grep -oE '`threat-[a-z0-9-]+`' <<< "$row" | tr -d '`')
        [ -n "$guards" ] || fail 'a row has no guard that is taken out' row "$row"
        for guard in $guards; do
                test=$(sed -nE "/^\\[$guard\\] /,/^\$/s/^test: ([^ ]+).*/\\1/p" "$list")
                [ -n "$test" ] || fail "$guard is not in tests/mutations" row "$row"
                grep -qF "$test" <<< "$tests" || fail "$guard is noticed by $test, which the row does not name" row "$row"
        done
        all+=$guards$'\n'
done < <(grep -E '^\| [AB][0-9]+ \|' "$page")
assert_equal "$(sort <<< "${all%$'\n'}")" "$(sed -nE 's/^\[(threat-[^]]+)\].*/\1/p' "$list" | sort)" "the guards of the page and of tests/mutations"
