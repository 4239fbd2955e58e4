#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
#
# The promises of doc/images.md and doc/registry.md: numbered without a gap, each with tests that exist and mention it.
. "$BRYO_SOURCE/tests/e2e/lib.sh"

# complaints TREE PAGE: one a line.
complaints() {
        awk -F' \\| ' '/^\| [A-Z]+\.[0-9]+ \|/ { sub(/^\| /, "", $1); sub(/ *\|$/, "", $3); print $1 "\t" $3 }' "$1/doc/$2" |
                while IFS=$'\t' read -r fact tests; do
                        group=${fact%.*}
                        if [ "$group" != "${last:-}" ]; then
                                last=$group
                                number=0
                        fi
                        number=$((number + 1))
                        [ "$fact" = "$group.$number" ] || printf '%s where %s.%d is due\n' "$fact" "$group" "$number"
                        number=${fact##*.}
                        grep -qE '^(`[^` ]+` ?)+$' <<< "$tests" || printf '%s names no test\n' "$fact"
                        for test in ${tests//\`/}; do
                                case $test in
                                unit/*) path=tests/$test.c ;;
                                *) path=$test ;;
                                esac
                                if [ ! -e "$1/$path" ]; then
                                        printf '%s names %s, which does not exist\n' "$fact" "$path"
                                elif ! grep -qE "(^|[^A-Z])${fact/./\\.}([^0-9]|\$)" "$1/$path"; then
                                        printf '%s is not mentioned in %s\n' "$fact" "$path"
                                fi
                        done
                done
}

# It bites.
plant_file planted/doc/images.md '| A.1 | One. | `unit/good` `tests/e2e/bad.sh` |
| A.3 | Gap. | `tests/e2e/gone.sh` |
| B.1 | None. | |'
plant_file planted/tests/unit/good.c '/* A.1 */'
plant_file planted/tests/e2e/bad.sh '# A.11'
assert_equal "$(complaints planted images.md)" 'A.1 is not mentioned in tests/e2e/bad.sh
A.3 where A.2 is due
A.3 names tests/e2e/gone.sh, which does not exist
B.1 names no test' "what is found in bad rows"

for page in images.md registry.md; do
        assert_equal "$(complaints "$BRYO_SOURCE" $page)" "" "the list of complaints about doc/$page"
        [ "$(grep -cE '^\| [A-Z]+\.[0-9]+ \|' "$BRYO_SOURCE/doc/$page")" -gt 10 ] || fail "hardly any rows in doc/$page"
done
