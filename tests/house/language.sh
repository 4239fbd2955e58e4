#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
#
# The facts of doc/language/: their numbers run without a gap, each names tests that exist and mention its number, and no
# test mentions a number that is none. Facts that are not built yet are counted.
. "$BRYO_SOURCE/tests/e2e/lib.sh"

# facts TREE: "GROUP.NUMBER<TAB>TESTS<TAB>FILE:LINE" for each row of its tables.
facts() {
        find "$1/doc/language" -name '*.md' | LC_ALL=C sort | xargs -r awk -v tree="$1/" '
                /^\| [A-Z]+[0-9]*\.[0-9]+ \|/ {
                        n = split($0, cells, / \| /)
                        sub(/^\| /, "", cells[1])
                        sub(/ *\|$/, "", cells[n])
                        printf "%s\t%s\t%s:%d\n", cells[1], n == 3 && cells[n] != "" ? cells[n] : "none", substr(FILENAME, length(tree) + 1), FNR
                }'
}

# numbers FACTS: complaints about gaps, repetitions and disorder within a group.
numbers() {
        awk -F'\t' '{
                dot = index($1, ".")
                group = substr($1, 1, dot - 1)
                number = substr($1, dot + 1)
                if (number != ++last[group])
                        printf "%s: %s where %s.%d is due\n", $3, $1, group, last[group]
                last[group] = number
        }' "$1"
}

# unproven TREE FACTS: facts without a test, with one that does not exist, or with one that does not mention them.
unproven() {
        local fact tests place test path
        while IFS=$'\t' read -r fact tests place; do
                [ "$tests" != '(not built yet)' ] || continue
                if ! grep -qE '^(`[^` ]+` ?)+$' <<< "$tests"; then
                        printf '%s: %s names no test\n' "$place" "$fact"
                        continue
                fi
                for test in ${tests//\`/}; do
                        case $test in
                        unit/*) path=tests/$test.c ;;
                        *) path=$test ;;
                        esac
                        if [ ! -e "$1/$path" ]; then
                                printf '%s: %s names %s, which does not exist\n' "$place" "$fact" "$path"
                        elif ! grep -rqE "(^|[^A-Za-z0-9.])${fact/./\\.}([^0-9]|\$)" "$1/$path"; then
                                printf '%s: %s is not mentioned in %s\n' "$place" "$fact" "$path"
                        fi
                done
        done < "$2"
}

# strangers TREE FACTS: numbers of known groups in the comments of tests that are no fact.
strangers() {
        local groups
        groups=$(cut -f1 "$2" | sed 's/\..*//' | LC_ALL=C sort -u | paste -sd'|')
        (cd "$1" && grep -rnoE "(#|/\*|//|^ \*) .*" tests/unit tests/e2e tests/golden --include='*.[ch]' --include='*.sh' \
                --include='*ockerfile' 2> /dev/null || true) |
                grep -E "[^A-Za-z0-9.]($groups)\.[0-9]" | awk -F: -v groups="$groups" '
                NR == FNR { split($0, cells, "\t"); known[cells[1]] = 1; next }
                {
                        rest = $0
                        sub(/^[^:]*:[0-9]*:/, "", rest)
                        while (match(rest, "(^|[^A-Za-z0-9.])(" groups ")\\.[0-9]+")) {
                                fact = substr(rest, RSTART, RLENGTH)
                                rest = substr(rest, RSTART + RLENGTH)
                                sub(/^[^A-Z]/, "", fact)
                                if (!(fact in known))
                                        printf "%s:%s: there is no fact %s\n", $1, $2, fact
                        }
                }' "$2" -
}

complaints() {
        facts "$1" > facts
        numbers facts
        unproven "$1" facts
        strangers "$1" facts
}

# --- it bites -------------------------------------------------------------------

plant_file planted/doc/language/good.md '| fact | what holds | tests |
| --- | --- | --- |
| P1.1 | One. | `unit/dockerfile_good` |
| P1.2 | A \| bar. | `tests/e2e/good.sh` `unit/dockerfile_good` |
| FROM.1 | Later. | (not built yet) |'
plant_file planted/tests/unit/dockerfile_good.c '{ "a", "b" }, /* P1.1, P1.2 */'
plant_file planted/tests/e2e/good.sh '# P1.2: the bar, image 1.10, debian:P7.3'
assert_equal "$(complaints planted)" "" "what is found in good facts"
plant_file planted/doc/language/bad.md '| C1.1 | Gone. | `tests/e2e/gone.sh` |
| C1.3 | A gap; only C1.30 is mentioned. | `tests/e2e/bad.sh` |
| C1.3 | Twice. | `tests/e2e/bad.sh` |
| C2.1 | No test. | |
| C2.2 | Words. | see below |'
plant_file planted/tests/e2e/bad.sh '# C1.30 and C2.1
true # P1.3, P1.2'
assert_equal "$(complaints planted)" 'doc/language/bad.md:2: C1.3 where C1.2 is due
doc/language/bad.md:3: C1.3 where C1.4 is due
doc/language/bad.md:1: C1.1 names tests/e2e/gone.sh, which does not exist
doc/language/bad.md:2: C1.3 is not mentioned in tests/e2e/bad.sh
doc/language/bad.md:3: C1.3 is not mentioned in tests/e2e/bad.sh
doc/language/bad.md:4: C2.1 names no test
doc/language/bad.md:5: C2.2 names no test
tests/e2e/bad.sh:1: there is no fact C1.30
tests/e2e/bad.sh:2: there is no fact P1.3' "what is found in bad facts"

# --- this tree --------------------------------------------------------------------

assert_equal "$(complaints "$BRYO_SOURCE")" "" "the list of complaints about doc/language"
printf '# %d facts, %d not built yet\n' "$(wc -l < facts)" "$(grep -c '(not built yet)' facts || true)"
