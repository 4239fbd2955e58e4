#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
#
# Every flag of other builders that doc/cli.md lists as ignored or refused is, in each of its spellings.
. "$BRYO_SOURCE/tests/e2e/lib.sh"

echo 'FROM scratch' | dockerfile

# rows STATUS: "SHORT LONG VALUE" for each; VALUE is none, maybe or one.
rows() {
        awk -F' \\| ' -v status="$1" '/^\| `-/ && $2 == status {
                short = "none"
                if (match($1, /`-[a-zA-Z]`/))
                        short = substr($1, RSTART + 1, 2)
                match($1, /--[a-z-]+/)
                print short, substr($1, RSTART, RLENGTH), ($1 ~ /\[=VALUE\]/ ? "maybe" : $1 ~ / VALUE`/ ? "one" : "none")
        }' "$BRYO_SOURCE/doc/cli.md"
}

count=0
while read -r short long value; do
        case $value in
        one) set -- "$long=value" "$long value" ;;
        maybe) set -- "$long" "$long=true" ;;
        none) set -- "$long" ;;
        esac
        [ "$short" = none ] || set -- "$@" "$short$([ "$value" != one ] || echo ' value')"
        for words in "$@"; do
                # shellcheck disable=SC2086
                works bryo build -q $words context
                assert_contains "$errors" "warning: $long is ignored: "
        done
        count=$((count + 1))
        [ "$value" = one ] || works bryo build -q "$long=false" context
done < <(rows ignored)
[ "$count" -gt 40 ] || fail "doc/cli.md lists only $count ignored flags"

while read -r _ long value; do
        words=$long
        [ "$value" != one ] || words=$long=value
        assert_fails 2 "$long cannot be done: " bryo build "$words" context
done < <(rows refused)
