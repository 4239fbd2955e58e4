#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
#
# doc/cli.md and the man page against what `bryo build --help` lists: the same flags, in the same table, each with a
# test that uses it.
. "$BRYO_SOURCE/tests/e2e/lib.sh"

# in_doc STATUS: the long names of the rows with that status.
in_doc() {
        awk -F' \\| ' -v status="$1" '/^\| `-/ && $2 == status { print $1 }' "$BRYO_SOURCE/doc/cli.md" |
                grep -oE -- '--[a-z][a-z-]*' | LC_ALL=C sort
}

works_in_help() {
        bryo build --help | sed -nE 's/^  (-.,|   ) (--[a-z-]+).*/\2/p' | LC_ALL=C sort
}

foreign_in_help() {
        bryo build --help | awk -v title="$1" '$0 == title { on = 1; next } /^$/ { on = 0 } on { print $1 }' | LC_ALL=C sort
}

[ "$(works_in_help | wc -l)" -gt 30 ] || fail "the help lists hardly any flag" help "$(bryo build --help)"
assert_equal "$(in_doc works)" "$(works_in_help)" "the flags that work"
assert_equal "$(in_doc ignored)" "$(foreign_in_help 'Flags of other builders, ignored with a warning:')" "the ignored flags"
assert_equal "$(in_doc refused)" "$(foreign_in_help 'Flags of other builders that cannot be done:')" "the refused flags"

# Each flag that works names a test that uses it, and stands in the man page.
while IFS=$'\t' read -r flag test; do
        [ -e "$BRYO_SOURCE/$test" ] || fail "doc/cli.md: $flag names the test $test, which does not exist"
        grep -qE -- "$flag\b" "$BRYO_SOURCE/$test" || fail "doc/cli.md: $test does not use $flag"
        grep -qF -- "${flag//-/\\-}" "$BRYO_SOURCE/doc/bryo-build.1" || fail "bryo-build.1 lacks $flag"
done < <(awk -F' \\| ' '/^\| `-/ && $2 == "works" { match($1, /--[a-z-]*/); flag = substr($1, RSTART, RLENGTH); gsub(/[`| ]/, "", $4); print flag "\t" $4 }' \
        "$BRYO_SOURCE/doc/cli.md")
